"""The six shapes of SimCash databases, told apart by their columns."""

from __future__ import annotations

from telemetry.engines import Shape

UNIFIED = "unified"
SIMULATIONS = "simulations only"
EXPERIMENT = "experiment, newer"
LEGACY = "experiment, legacy"
GAME = "game audit"
CASTRO = "two-bank experiment"


def unified(shape: Shape) -> str | None:
    """Runs with events, and in the unified form experiments above them."""
    if shape.has("experiments", "experiment_id", "experiment_name"):
        return UNIFIED
    if shape.has("simulation_runs", "simulation_id", "rng_seed"):
        return SIMULATIONS
    apart = shape.has("simulations", "simulation_id", "rng_seed")
    return SIMULATIONS if apart and shape.has("simulation_events", "simulation_id") else None


def experiment(shape: Shape) -> str | None:
    """Experiments under `run_id`; the newer form has simulations and evaluations as well."""
    if not shape.has("experiments", "run_id", "experiment_name", "config"):
        return None
    if shape.has("experiments", "experiment_id"):  # migrated: `run_id` is its second name
        return None
    if not shape.has("experiment_iterations", "run_id", "costs_per_agent"):
        return None
    newer = shape.has("simulations", "experiment_run_id") or shape.has("policy_evaluations")
    return EXPERIMENT if newer else LEGACY


def game(shape: Shape) -> str | None:
    """`game_sessions` with what the agents proposed in `policy_iterations`."""
    played = shape.has("game_sessions", "game_id", "master_seed")
    return GAME if played and shape.has("policy_iterations", "game_id", "new_policy_json") else None


def castro(shape: Shape) -> str | None:
    """`experiment_config` with runs of two banks, whose costs stand in the run row."""
    configured = shape.has("experiment_config", "experiment_id", "experiment_name")
    return CASTRO if configured and shape.has("simulation_runs", "run_id", "bank_a_cost") else None
