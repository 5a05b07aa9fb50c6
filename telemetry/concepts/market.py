"""An order book at a tick, and who stands where."""

from __future__ import annotations

from decimal import Decimal

from telemetry.concepts.values import AgentId
from telemetry.frozen import Frozen


class Level(Frozen):
    """One price of an order book: the quantity open there and how many orders it comes from."""

    price: Decimal
    quantity: Decimal
    orders: int


class Standing(Frozen):
    """One agent's place on the leaderboard; `pnl` is against its initial holdings at `mid`."""

    rank: int
    agent_id: AgentId
    name: str
    status: str
    cash: Decimal
    asset: Decimal
    equity: Decimal
    pnl: Decimal
    pnl_pct: Decimal


class TickPrice(Frozen):
    """The prices of a tick's trades: the last one as they happened, the lowest, the highest."""

    tick: int
    last: Decimal
    low: Decimal
    high: Decimal
    trades: int


class OrderBook(Frozen):
    """Bids and asks after `tick`, best first, rebuilt from events.

    `mid` and `spread` are None where a side is empty; `last_price` is the last trade's.
    """

    tick: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    mid: Decimal | None
    spread: Decimal | None
    last_price: Decimal | None
    standings: tuple[Standing, ...]
    notes: tuple[str, ...] = ()
