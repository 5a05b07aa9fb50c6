"""A small honest ring of debtors, with or without dealers who buy and sell their debts.

`simulate` runs a `Scenario` in one of two regimes and records it through the Bilancio recorder;
`catalogue` makes a sweep of pairs of it. Everything follows from the scenario's seed; trades and
settlements create no cash.
"""

from telemetry.samples.dealer_ring.scenario import Scenario
from telemetry.samples.dealer_ring.simulation import Economy, simulate

__all__ = ["Economy", "Scenario", "simulate"]
