"""A small honest market: bots trade one asset in a continuous order book, fees and decay included.

`simulate` runs a `Scenario` and records it through the MoltMarket recorder. Everything follows
from the scenario's seed; trades create neither cash nor asset, and only fees and decay take cash.
"""

from telemetry.samples.order_book.scenario import Scenario
from telemetry.samples.order_book.simulation import Market, simulate

__all__ = ["Market", "Scenario", "simulate"]
