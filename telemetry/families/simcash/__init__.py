"""SimCash: payments between banks and the experiments that tune them, in DuckDB, six shapes."""

from telemetry.families.simcash import castro, game
from telemetry.families.simcash.vocabulary import EXPERIMENT, UNIFIED

FAMILIES = (EXPERIMENT, UNIFIED, game.FAMILY, castro.FAMILY)

__all__ = ["FAMILIES"]
