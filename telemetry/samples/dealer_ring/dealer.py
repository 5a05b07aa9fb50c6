"""The dealers: one for each bucket, with little room, and an outside dealer who never runs out."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from telemetry.samples.dealer_ring.ring import Ticket

FOUR_PLACES = Decimal("0.0001")


@dataclass
class Outside:
    """The outside dealer: takes and gives at its own prices, which bound all others."""

    mid: Decimal
    spread: Decimal
    cash: Decimal = Decimal(0)
    holds: list[Ticket] = field(default_factory=list)

    @property
    def bid(self) -> Decimal:
        return self.mid - self.spread / 2

    @property
    def ask(self) -> Decimal:
        return self.mid + self.spread / 2


@dataclass
class Dealer:
    """The dealer of one bucket: the more it holds, the less it pays and asks.

    Its prices move in even steps between those of the outside dealer, and its bid is always
    below its ask.
    """

    bucket: str
    capacity: int
    cash: Decimal
    outside: Outside
    holds: list[Ticket] = field(default_factory=list)

    def bid(self) -> Decimal:
        """What it pays per unit of face for the next ticket."""
        return self._price(len(self.holds) + 1)

    def ask(self) -> Decimal:
        """What it asks per unit of face for one that it holds; one step above its bid."""
        return self._price(len(self.holds) - 1)

    def mid(self) -> Decimal:
        return (self.bid() + self.ask()) / 2

    def _price(self, held: int) -> Decimal:
        """From the outside ask, of a dealer without a ticket, down to the outside bid."""
        share = Decimal(min(max(held, 0), self.capacity + 1)) / (self.capacity + 1)
        return (self.outside.ask - self.outside.spread * share).quantize(FOUR_PLACES)
