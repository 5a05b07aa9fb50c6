"""SimCash: payments between banks and the experiments that tune them, in DuckDB, six shapes."""

from __future__ import annotations

from typing import Any

SIGNS = (
    "experiments.experiment_name",
    "simulation_runs.simulation_id",
    "simulations.simulation_id",
    "game_sessions.game_id",
    "experiment_config.experiment_id",
)
__all__ = ["FAMILIES"]


def __getattr__(name: str) -> Any:
    """The declaration is loaded when somebody asks for it: it costs a program that starts."""
    if name != "FAMILIES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from telemetry.families.simcash import castro, game
    from telemetry.families.simcash.vocabulary import EXPERIMENT, UNIFIED

    return (EXPERIMENT, UNIFIED, game.FAMILY, castro.FAMILY)
