"""The ground of the grid economy: cells that bear A or B, are harvested, and grow again."""

from __future__ import annotations

import random

from telemetry.samples.grid_economy.agent import Cell
from telemetry.samples.grid_economy.scenario import Scenario


class Field:
    """Cells with a resource; a harvested cell rests for some ticks and then grows to its maximum.

    Cells are kept in reading order, so that nothing depends on hashing.
    """

    def __init__(self, scenario: Scenario, rng: random.Random) -> None:
        self._scenario = scenario
        self.kinds: dict[Cell, str] = {}
        self.amounts: dict[Cell, int] = {}
        self._rests_until: dict[Cell, int] = {}
        for y in range(scenario.height):
            for x in range(scenario.width):
                if rng.random() < scenario.resource_density:
                    # A grows in the west and B in the east, mostly: a reason to trade.
                    west = 1 - (x + 0.5) / scenario.width
                    self.kinds[x, y] = "A" if rng.random() < 0.2 + 0.6 * west else "B"
                    self.amounts[x, y] = rng.randint(1, scenario.resource_max)

    def harvest(self, cell: Cell, tick: int) -> str | None:
        """Take one unit; which good it was, or None where nothing is ripe."""
        if self.amounts.get(cell, 0) == 0:
            return None
        self.amounts[cell] -= 1
        self._rests_until[cell] = tick + self._scenario.resource_cooldown
        return self.kinds[cell]

    def regrow(self, tick: int) -> None:
        """Let every cell grow that has rested long enough."""
        for cell, amount in self.amounts.items():
            if amount < self._scenario.resource_max and tick >= self._rests_until.get(cell, 0):
                grown = amount + self._scenario.resource_growth
                self.amounts[cell] = min(grown, self._scenario.resource_max)

    def ripe(self) -> list[tuple[Cell, str, int]]:
        """Cells that hold something now: where, what, how much."""
        return [(cell, self.kinds[cell], n) for cell, n in self.amounts.items() if n]
