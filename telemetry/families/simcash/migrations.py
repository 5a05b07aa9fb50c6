"""The versions of the SimCash schema: simulations, the experiments above them, and what is kept.

The experiment databases of before named an experiment `run_id`; rebuilt, they keep that name as
a second one of `experiment_id`, so that older programs go on reading them.
"""

from __future__ import annotations

from telemetry.families.simcash.models.unified import Base
from telemetry.migrations.vocabulary import Growing, SchemaSpec, Step

_EXPERIMENTS = ("experiments", "experiment_iterations", "experiment_events")
_LINKS = ("experiment_id", "iteration", "sample_index", "run_purpose")
_SAME_NAME = {"run_id": "experiment_id"}
_RUNS_OF_EXPERIMENTS = """
INSERT INTO simulation_runs (simulation_id, config_name, config_hash, description, start_time,
    end_time, ticks_per_day, num_days, rng_seed, status, total_transactions, total_settlements,
    total_cost, duration_seconds, experiment_id, iteration)
SELECT simulation_id, coalesce(config_name, config_file), '', description, started_at, ended_at,
    ticks_per_day, num_days, rng_seed, status, total_arrivals, total_settlements,
    total_cost_cents, duration_seconds, experiment_run_id, experiment_iteration
FROM simulations
WHERE simulation_id NOT IN (SELECT simulation_id FROM simulation_runs)
    AND coalesce(config_name, config_file) IS NOT NULL AND started_at IS NOT NULL
    AND ticks_per_day IS NOT NULL AND num_days IS NOT NULL AND rng_seed IS NOT NULL
    AND status IS NOT NULL AND total_arrivals IS NOT NULL
"""


def _simulations(growing: Growing) -> None:
    tables = (t for t in Base.metadata.tables if t not in _EXPERIMENTS)
    growing.add_tables(*tables)
    growing.add_columns("simulation_runs", "total_settlements", "total_cost", "duration_seconds")
    growing.add_columns("simulations", "config_hash", "completed_at")
    if growing.has("simulations", "ended_at"):
        growing.connection.exec_driver_sql(
            "UPDATE simulations SET completed_at = ended_at WHERE completed_at IS NULL"
        )


def _experiments(growing: Growing) -> None:
    growing.add_columns("simulation_runs", *_LINKS)
    if growing.has("experiments", "run_id") and not growing.has("experiments", "experiment_id"):
        _renamed(growing)
    growing.add_tables(*_EXPERIMENTS)
    if growing.has("simulations", "experiment_run_id", "config_name", "ended_at"):
        growing.fill("simulation_runs", _RUNS_OF_EXPERIMENTS)


def _renamed(growing: Growing) -> None:
    """Experiments of before: text times become times, the seed comes out of the configuration."""
    plain = (
        "experiment_name",
        "experiment_type",
        "num_iterations",
        "converged",
        "convergence_reason",
    )
    growing.rebuild(
        "experiments",
        {
            "experiment_id": "run_id",
            **{name: name for name in plain},
            "config": "CAST(config AS VARCHAR)",
            "scenario_path": "config->>'$.scenario_path'",
            "master_seed": "TRY_CAST(config->>'$.master_seed' AS BIGINT)",
            "created_at": "CAST(created_at AS TIMESTAMP)",
            "completed_at": "CAST(completed_at AS TIMESTAMP)",
        },
        _SAME_NAME,
    )
    told = ("costs_per_agent", "accepted_changes", "policies")
    growing.rebuild(
        "experiment_iterations",
        {
            "experiment_id": "run_id",
            "iteration": "iteration",
            **{name: f"CAST({name} AS VARCHAR)" for name in told},
            "timestamp": '"timestamp"',
        },
        _SAME_NAME,
    )
    growing.rebuild(
        "experiment_events",
        {
            "id": "id",
            "experiment_id": "run_id",
            "iteration": "iteration",
            "event_type": "event_type",
            "event_data": "CAST(event_data AS VARCHAR)",
            "timestamp": '"timestamp"',
        },
        _SAME_NAME,
    )


def _levels(growing: Growing) -> None:
    growing.add_columns("simulation_runs", "persistence_level")
    growing.add_columns("experiment_iterations", "bootstrap_simulation_ids")


SCHEMA = SchemaSpec(
    family="simcash",
    declared=lambda: Base.metadata,
    steps=(
        Step(1, "simulations", _simulations),
        Step(2, "experiments", _experiments),
        Step(3, "persistence levels", _levels),
    ),
    engines=("duckdb", "sqlite", "postgresql"),
    run_column="simulation_id",
)
