"""Negotiations that failed narrowly, and at which gate how many attempts failed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Funnel, NearMiss, NearMisses, TickRange
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.auditing import within
from telemetry.families.vmt import derived
from telemetry.families.vmt.audit_words import number, signed
from telemetry.families.vmt.circumstances import ALIASES
from telemetry.queries import FunnelQuery, NearMissesQuery

ATTEMPTS = "trade_attempts"
ROWS = 250_000
"""Attempts that one statement groups, so that a withdrawn question ends soon."""
_MARGIN = 5
"""Where a negotiation's row has its margin."""
_LARGEST = sys.float_info.max
GATES = (
    ("block", "block not feasible after rounding"),
    ("utility", "a side does not gain"),
    ("other", "another reason"),
    ("traded", "traded"),
)
_NOTE = (
    "Gates before these (mode and regime, reach, quotes) are in no attempt: agents who fail there "
    "try nothing."
)


def near_misses(asker: Asker, query: NearMissesQuery) -> NearMisses:
    """Negotiations without a success, by the utility that the worse side of the best try missed.

    Negotiations in which no try was feasible come to no utility and are counted alone.
    """
    _required(asker)
    total = ranked = 0
    nearest: list[tuple[Any, ...]] = []
    for rows in _read(asker, query, lambda window: _nearest(asker, query, window)):
        total, ranked = total + rows[0][0], ranked + rows[0][1]
        judged = [row[2:] for row in rows if row[2 + _MARGIN] is not None]
        nearest = sorted([*nearest, *judged], key=_order)[: query.limit]
    notes = []
    if total > ranked:
        lost = total - ranked
        notes.append(f"In {lost} of {total} negotiations that failed no block was feasible.")
    if ranked > len(nearest):
        notes.append(f"The nearest {len(nearest)} of {ranked} are shown.")
    return NearMisses(tuple(_miss(asker, query, row) for row in nearest), total, tuple(notes))


def _order(row: tuple[Any, ...]) -> tuple[float, float, str]:
    """The least missed first, then by tick and by who."""
    return (-row[_MARGIN], row[0] if isinstance(row[0], int) else 0, str(row[1:3]))


def _failed(asker: Asker, query: NearMissesQuery, window: TickRange | None) -> sa.Select[Any]:
    """Each negotiation without a success: who, what, its closest try's margin, and its tries."""
    at = {n: asker.column(ATTEMPTS, n) for n in _NAMES}
    gains = [at[f"{s}_U_final"] - at[f"{s}_U_init"] for s in ("buyer", "seller")]
    worse = sa.case((gains[0] < gains[1], gains[0]), else_=gains[1])
    judged = sa.case((at["result_reason"].like("%utility%"), worse), else_=sa.null())
    sides: list[Any] = [at[n] for n in ("tick", "buyer_id", "seller_id", "direction")]
    sides.append(at_pair(asker).label("pair"))
    traded = sa.func.sum(sa.case((at["result"] == "success", 1), else_=0))
    columns: list[Any] = [*sides, sa.func.max(judged).label("margin"), sa.func.count()]
    own = (asker.column(ATTEMPTS, "run_id") == query.run_id, within(at["tick"], window))
    return sa.select(*columns).where(*own).group_by(*sides).having(traded == 0)


def _nearest(asker: Asker, query: NearMissesQuery, window: TickRange | None) -> sa.Select[Any]:
    """How many negotiations failed, how many of them have a margin, and the nearest of these,
    with all that are as near as the last of them at its tick or before; NULLs where there is none.
    """
    failed = _failed(asker, query, window).cte("failed").prefix_with("MATERIALIZED")
    tick, margin = failed.c[0], failed.c.margin
    judged = margin.between(-_LARGEST, _LARGEST)
    order = (margin.desc(), tick)
    last = max(query.limit - 1, 0)
    cut = sa.select(margin.label("margin"), tick.label("tick")).where(judged).order_by(*order)
    least = cut.limit(1).offset(last).subquery("least")
    near = sa.or_(
        least.c.margin.is_(None),
        margin > least.c.margin,
        sa.and_(margin == least.c.margin, tick <= least.c.tick),
    )
    rows = (
        sa.select(*failed.c)
        .select_from(failed.outerjoin(least, sa.true()))
        .where(judged, near)
        .subquery("nearest")
    )
    ranked = sa.func.count(sa.case((judged, 1)))
    counts = sa.select(sa.func.count().label("total"), ranked.label("ranked")).select_from(failed)
    every = counts.subquery("counts")
    return sa.select(*every.c, *rows.c).select_from(every.outerjoin(rows, sa.true()))


def _read(
    asker: Asker,
    query: NearMissesQuery | FunnelQuery,
    build: Callable[[TickRange | None], sa.Select[Any]],
) -> list[list[tuple[Any, ...]]]:
    """The rows of a statement for some ticks, for all that are asked for, with progress."""
    statements = [build(window) for window in _windows(asker, query)]

    def report(done: int) -> None:
        asker.token.report(100 * done // len(statements), 100, "per cent")

    return asker.rows_of_all(statements, report)


def _windows(asker: Asker, query: NearMissesQuery | FunnelQuery) -> Iterator[TickRange | None]:
    """The ticks asked for in parts of about `ROWS` attempts."""
    tick, run = asker.column(ATTEMPTS, "tick"), asker.column(ATTEMPTS, "run_id")
    own = (run == query.run_id, within(tick, query.ticks))
    orders = (tick, tick.desc())
    ends = [asker.rows(sa.select(tick).where(*own).order_by(o).limit(1)) for o in orders]
    if not all(ends):
        return
    first, last = (rows[0][0] for rows in ends)
    if not isinstance(first, int) or not isinstance(last, int):  # then nothing says where to cut
        yield query.ticks
        return
    ((size,),) = asker.rows(sa.select(sa.func.count()).where(*own))
    wide = max(1, (last - first + 1) * ROWS // max(size, 1))
    for start in range(first, last + 1, wide):
        yield TickRange(start, min(start + wide - 1, last))


_NAMES = (
    "tick", "buyer_id", "seller_id", "direction", "result", "result_reason", "buyer_U_init",
    "buyer_U_final", "seller_U_init", "seller_U_final",
)  # fmt: skip


def _miss(asker: Asker, query: NearMissesQuery, row: tuple[Any, ...]) -> NearMiss:
    tick, buyer, seller, direction, kind, margin, tries = row
    at = {n: asker.column(ATTEMPTS, n) for n in (*_NAMES, "id", "price", "run_id")}
    gains = [at[f"{s}_U_final"] - at[f"{s}_U_init"] for s in ("buyer", "seller")]
    worse = sa.case((gains[0] < gains[1], gains[0]), else_=gains[1])
    block, paid = derived.block_sold(asker), derived.payment(asker)
    found = asker.rows(
        sa.select(at["id"], *gains, at["price"], block, paid)
        .where(
            at["run_id"] == query.run_id,
            at["tick"] == tick,
            at["buyer_id"] == buyer,
            at["seller_id"] == seller,
            at["direction"] == direction,
            at_pair(asker) == kind,
            at["result_reason"].like("%utility%"),
            worse == margin,
        )
        .order_by(at["id"])
        .limit(1)
    )
    if not found:  # stored text compares as no number does
        key, bought, sold, price, size, amount = (None,) * 6
    else:
        key, bought, sold, price, size, amount = found[0]
    goods = asker.scale("goods")
    units = [1 if good == "M" else goods for good in (kind[0], kind[-1])]
    sentence = (
        f"{number(size, units[0])} {kind[0]} for {number(amount, units[1])} {kind[-1]} at "
        f"{number(price)}: buyer ΔU {signed(bought)}, seller ΔU {signed(sold)}."
    )
    return NearMiss(
        tick, (buyer, seller), kind, "utility", float(margin), "utility", tries, sentence, key
    )


def at_pair(asker: Asker) -> sa.ColumnElement[Any]:
    """The pair type of an attempt: as stored, A<->B where it is not recorded."""
    if not asker.has(ATTEMPTS, "exchange_pair_type"):
        return sa.literal("A<->B")
    stored = asker.column(ATTEMPTS, "exchange_pair_type")
    named = sa.case(ALIASES, value=stored, else_=stored)
    return sa.func.coalesce(named, "A<->B")


def _required(asker: Asker) -> None:
    if not asker.has(ATTEMPTS, "result", "result_reason", "buyer_U_init", "seller_U_final"):
        raise NothingFoundError(
            "Trade attempts are not recorded in this database; record them at log level debug."
        )


def funnel(asker: Asker, query: FunnelQuery) -> Funnel:
    """Attempts by pair type, mode and regime, and the gate at which they failed."""
    _required(asker)
    counts: dict[tuple[str, ...], dict[str, int]] = {}
    states = _states(asker, query)
    for tick, pair, reason, result, number_of in _grouped(asker, query):
        group = (pair, *states.get(tick, ("not recorded", "not recorded")))
        gate = _gate(reason, result)
        of = counts.setdefault(group, {})
        of[gate] = of.get(gate, 0) + number_of
    gates = tuple(g for g in GATES if g[0] != "other" or any("other" in c for c in counts.values()))
    by_size = sorted(counts, key=lambda group: (-sum(counts[group].values()), group))
    ordered = {group: counts[group] for group in by_size}
    return Funnel(("pair", "mode", "regime"), gates, ordered, "attempts", (_NOTE,))


def _gate(reason: Any, result: Any) -> str:
    if result == "success":
        return "traded"
    text = str(reason)
    if "insufficient" in text or "nonpositive" in text:
        return "block"
    return "utility" if "utility" in text else "other"


def _grouped(asker: Asker, query: FunnelQuery) -> Iterator[tuple[Any, ...]]:
    tick, reason, result = (asker.column(ATTEMPTS, n) for n in ("tick", "result_reason", "result"))
    pair = at_pair(asker).label("pair")
    columns: list[Any] = [tick, pair, reason, result, sa.func.count()]

    def grouped(window: TickRange | None) -> sa.Select[Any]:
        own = (asker.column(ATTEMPTS, "run_id") == query.run_id, within(tick, window))
        return sa.select(*columns).where(*own).group_by(tick, pair, reason, result)

    for rows in _read(asker, query, grouped):
        yield from rows


def _states(asker: Asker, query: FunnelQuery) -> dict[int, tuple[str, str]]:
    """Mode and regime of each tick that has attempts."""
    tick, run = (asker.column(ATTEMPTS, n) for n in ("tick", "run_id"))
    ticks = (
        sa.select(tick.label("tick"))
        .where(run == query.run_id, within(tick, query.ticks))
        .distinct()
        .subquery("tried")
    )
    mode = _of_tick(asker, query, ticks, "current_mode")
    regime = _of_tick(asker, query, ticks, "exchange_regime")
    rows = asker.rows(sa.select(ticks.c.tick, mode, regime))
    if not any(m for _, m, _ in rows):
        changes = _modes(asker, query, [t for t, _, _ in rows])
        rows = [(t, changes.get(t), r) for t, _, r in rows]
    none = "not recorded"
    return {t: (str(m or none), str(r or none)) for t, m, r in rows}


def _of_tick(
    asker: Asker, query: FunnelQuery, ticks: sa.Subquery, name: str
) -> sa.ColumnElement[Any]:
    if not asker.has("tick_states", "run_id", "tick", name):
        return sa.null()
    return (
        sa.select(asker.column("tick_states", name))
        .where(
            asker.column("tick_states", "run_id") == query.run_id,
            asker.column("tick_states", "tick") == ticks.c.tick,
        )
        .limit(1)
        .correlate(ticks)
        .scalar_subquery()
    )


def _modes(asker: Asker, query: FunnelQuery, ticks: list[int]) -> dict[int, str]:
    """The mode of each tick from mode_changes: the last new one, before the first the old one."""
    if not asker.has("mode_changes", "run_id", "tick", "old_mode", "new_mode"):
        return {}
    names = ("tick", "old_mode", "new_mode")
    at, old, new = (asker.column("mode_changes", n) for n in names)
    own = asker.column("mode_changes", "run_id") == query.run_id
    changes = asker.rows(sa.select(at, old, new).where(own).order_by(at))
    if not changes:
        return {}
    found, place, mode = {}, 0, str(changes[0][1])
    for tick in sorted(ticks):
        while place < len(changes) and changes[place][0] <= tick:
            mode, place = str(changes[place][2]), place + 1
        found[tick] = mode
    return found
