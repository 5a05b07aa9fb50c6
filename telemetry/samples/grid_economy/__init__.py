"""A small honest grid economy: agents forage two goods and trade them, with or without money.

`simulate` runs a `Scenario` and records it through the VMT recorder. Everything follows from the
scenario's seed; goods and money are conserved by every trade, and both sides strictly gain.
"""

from telemetry.samples.grid_economy.scenario import Scenario
from telemetry.samples.grid_economy.simulation import Economy, simulate

__all__ = ["Economy", "Scenario", "simulate"]
