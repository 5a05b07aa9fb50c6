"""The tries of one negotiation, freed from column names: what a ladder of prices shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from telemetry.concepts import Cell, Column, Negotiation, TablePage
from telemetry.frozen import Frozen


class Side(Frozen):
    """One side of a try; None where the source does not record it."""

    before: float | None
    after: float | None
    gain: float | None
    feasible: bool | None


class Try(Frozen):
    """One price and block that was tried. `ask` is the seller's, `bid` the buyer's quote.

    `gap` is bid − ask: where negative, the quotes do not cross. `cells` are the whole row.
    """

    key: int | str
    buyer: Cell
    seller: Cell
    direction: Cell
    pair: Cell
    price: Cell
    block: Cell
    counter: Cell
    ask: float | None
    bid: float | None
    gap: float | None
    shortage: float | None
    buying: Side
    selling: Side
    result: Cell
    success: bool
    reason: Cell
    verdict: str
    cells: tuple[Cell, ...]

    @property
    def kind(self) -> tuple[Cell, ...]:
        """Who bought what from whom: only tries of one kind have comparable prices."""
        return (self.buyer, self.seller, self.direction, self.pair)


def tries(negotiation: Negotiation) -> tuple[Try, ...]:
    """The attempts of `negotiation` in the order they were tried."""
    page = negotiation.attempts
    read = _reader(page)
    results = next((c for c in page.columns if c.role == "result"), None)
    good = () if results is None else results.texts("success")
    verdicts = negotiation.verdicts or ("",) * len(page.rows)
    return tuple(
        _try(read, row, key, verdict, good)
        for row, key, verdict in zip(page.rows, page.keys, verdicts, strict=True)
    )


def sizes_of(found: Sequence[Try]) -> str:
    """Which amount says how large a block was: "block", or "counter" where no `block` moved."""
    moved = any(number(t.block) for t in found)
    return "counter" if not moved and any(number(t.counter) for t in found) else "block"


def span(values: list[float | None]) -> tuple[float, float] | None:
    """The smallest and largest finite number; None where there is none."""
    finite = [v for v in values if v is not None and math.isfinite(v)]
    return (min(finite), max(finite)) if finite else None


def number(cell: Cell) -> float | None:
    """`cell` as a float for drawing, None where it is no number."""
    if cell is None or isinstance(cell, str | bytes):
        return None
    try:
        return float(cell)
    except (ValueError, OverflowError):
        return None


Read = Callable[[tuple[Cell, ...], str], Cell]


def _reader(page: TablePage) -> Read:
    places: dict[str, int] = {}
    for place, column in enumerate(page.columns):
        if column.role is not None and column.recorded:
            places.setdefault(column.role, place)

    def read(row: tuple[Cell, ...], role: str) -> Cell:
        place = places.get(role)
        return None if place is None else row[place]

    return read


def _try(
    read: Read, row: tuple[Cell, ...], key: int | str, verdict: str, good: Sequence[str]
) -> Try:
    def side(name: str) -> Side:
        feasible = read(row, f"feasible_{name}")
        return Side(
            number(read(row, f"{name}_before")),
            number(read(row, f"{name}_after")),
            number(read(row, f"{name}_gain")),
            None if feasible is None else bool(feasible),
        )

    return Try(
        key=key,
        buyer=read(row, "buyer"),
        seller=read(row, "seller"),
        direction=read(row, "direction"),
        pair=read(row, "pair"),
        price=read(row, "price"),
        block=read(row, "block"),
        counter=read(row, "counter"),
        ask=number(read(row, "seller_ask")),
        bid=number(read(row, "buyer_bid")),
        gap=number(read(row, "gap")),
        shortage=number(read(row, "shortage")),
        buying=side("buyer"),
        selling=side("seller"),
        result=read(row, "result"),
        success=read(row, "result") in good,
        reason=read(row, "reason"),
        verdict=verdict,
        cells=row,
    )


def column_of(page: TablePage, role: str) -> Column | None:
    return next((c for c in page.columns if c.role == role and c.recorded), None)


class StateLine(Frozen):
    """A quantity of both agents: the value before and after, per agent."""

    column: Column
    values: tuple[tuple[Cell, Cell], ...]


def state_lines(negotiation: Negotiation) -> tuple[tuple[int | None, ...], tuple[StateLine, ...]]:
    """The tick before (per agent, None where there is none), and a line per numeric column.

    Columns that are not recorded, or NULL for both agents at both ticks, are left out.
    """
    page = negotiation.states
    read = _reader(page)
    before: list[tuple[Cell, ...] | None] = []
    after: list[tuple[Cell, ...] | None] = []
    ticks: list[int | None] = []
    for agent in negotiation.agents:
        rows = [row for row in page.rows if read(row, "agent") == agent]
        at = [row for row in rows if read(row, "tick") == negotiation.tick]
        earlier = [row for row in rows if _tick(read, row) < negotiation.tick]
        last = max(earlier, key=lambda row: _tick(read, row), default=None)
        before.append(last)
        after.append(at[0] if at else None)
        ticks.append(None if last is None else _tick(read, last))
    lines = []
    for place, column in enumerate(page.columns):
        if not column.recorded or not column.visible or column.role in _NO_STATE:
            continue
        if column.kind not in ("int", "real"):
            continue
        values = tuple(
            (None if b is None else b[place], None if a is None else a[place])
            for b, a in zip(before, after, strict=True)
        )
        if any(cell is not None for pair in values for cell in pair):
            lines.append(StateLine(column, values))
    return tuple(ticks), tuple(lines)


_NO_STATE = ("key", "run", "tick", "agent", "target_agent", "target_x", "target_y")


def _tick(read: Read, row: tuple[Cell, ...]) -> int:
    tick = read(row, "tick")
    return tick if isinstance(tick, int) else 0
