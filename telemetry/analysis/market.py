"""A market as rows: the levels of its book, the standings of its agents, its prices by tick."""

from __future__ import annotations

from collections.abc import Sequence

from telemetry.concepts import Cell, Column, OrderBook, Standing, TickPrice

Rows = tuple[tuple[Cell, ...], ...]

BOOK = (
    Column("side", "side", "text", facet=True),
    Column("level", "level", "int", help="1 is the best price of its side."),
    Column("price", "price", "real", role="price"),
    Column("quantity", "quantity", "real", role="quantity"),
    Column("orders", "orders", "int", help="Open orders at this price."),
)
STANDINGS = (
    Column("rank", "#", "int"),
    Column("agent", "agent", "text", help="The agent's name, its id where it has none."),
    Column("status", "status", "text"),
    Column("pnl", "PnL", "real", help="Equity less the initial holdings at the same mid."),
    Column("pnl_pct", "PnL %", "real"),
    Column("equity", "equity", "real", help="Cash and asset, the asset at the mid price."),
    Column("cash", "cash", "real"),
    Column("asset", "asset", "real"),
    Column("agent_id", "agent id", "text"),
)
PRICES = (
    Column("tick", "tick", "int", role="tick"),
    Column("last_price", "last price", "real", help="Of the last trade in the tick."),
    Column("lowest_price", "lowest price", "real"),
    Column("highest_price", "highest price", "real"),
    Column("trades", "trades", "int"),
)


def book_rows(book: OrderBook) -> Rows:
    """Asks, then bids, each side's best price first."""
    sides = (("ask", book.asks), ("bid", book.bids))
    return tuple(
        (side, place, level.price, level.quantity, level.orders)
        for side, levels in sides
        for place, level in enumerate(levels, 1)
    )


def standing_rows(standings: Sequence[Standing]) -> Rows:
    """A row for each standing, in the order of the ranks."""
    return tuple(
        (s.rank, s.name or str(s.agent_id), s.status, s.pnl, s.pnl_pct, s.equity, s.cash, s.asset,
         str(s.agent_id))
        for s in standings
    )  # fmt: skip


def price_rows(prices: Sequence[TickPrice]) -> Rows:
    """A row for each tick with trades."""
    return tuple((p.tick, p.last, p.low, p.high, p.trades) for p in prices)
