"""An agent of the grid economy: where it is, what it holds, and the prices it would deal at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from telemetry.samples.grid_economy.goods import Utility

Cell = tuple[int, int]


class Quote(NamedTuple):
    """Reservation prices of one good in another (units of payment per unit of good).

    ``sells`` and ``buys`` say whether the agent holds anything to give; ``worth`` is the utility
    of one unit of the payment, which makes gains of different pairs comparable.
    """

    ask: float
    bid: float
    sells: bool
    buys: bool
    worth: float


@dataclass
class Agent:
    """One agent; ``partner`` is the id of whom it is paired with, which may be 0."""

    id: int
    x: int
    y: int
    a: int
    b: int
    m: int
    utility: Utility
    lambda_money: float
    money_scale: int
    partner: int | None = None
    target: Cell | None = None
    claimed: Cell | None = None
    perceived: tuple[float | None, float | None] = (None, None)
    lambda_changed: bool = False
    quotes: dict[str, Quote] = field(default_factory=dict)
    resting: dict[int, int] = field(default_factory=dict)

    def total_utility(self, a: int, b: int, m: int) -> float:
        """U = u(A, B) + λ·M, with M in units; stocks below 0 count as 0."""
        goods = self.utility.value(max(a, 0), max(b, 0))
        return goods + self.lambda_money * max(m, 0) / self.money_scale

    def stock_of(self, good: str) -> int:
        """What it holds of A, B or M."""
        return {"A": self.a, "B": self.b, "M": self.m}[good]

    def distance_to(self, x: int, y: int) -> int:
        """Steps to a cell: agents walk along rows and columns."""
        return abs(self.x - x) + abs(self.y - y)

    def requote(self, spread: float, *, money: bool) -> None:
        """Work out the quotes anew from the marginal utilities of what it holds now."""
        margin_a, margin_b = self.utility.margins(self.a, self.b)
        self.quotes = {
            "A<->B": _quote(margin_a / margin_b, spread, self.a, self.b, margin_b, cap=None)
        }
        if money:
            worth = self.lambda_money / self.money_scale
            for pair, margin, stock in (("A<->M", margin_a, self.a), ("B<->M", margin_b, self.b)):
                # Nobody bids more money than it holds: this is what ties prices to money.
                quote = _quote(margin / worth, spread, stock, self.m, worth, cap=self.m)
                self.quotes[pair] = quote


def _quote(
    price: float, spread: float, stock: int, purse: int, worth: float, cap: int | None
) -> Quote:
    bid = price * (1 - spread)
    if cap is not None:
        bid = min(bid, float(cap))
    return Quote(price * (1 + spread), bid, stock > 0, purse > 0, worth)
