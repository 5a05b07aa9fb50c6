"""VMT audit rules over trades: conservation, gains, prices, and whether they were allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where, within
from telemetry.families.vmt import derived
from telemetry.families.vmt.audit_words import (
    EPSILON,
    any_row,
    number,
    scale_of,
    signed,
)

Element = sa.ColumnElement[Any]
TRADES, ATTEMPTS = "trades", "trade_attempts"
BARTER, A_M, B_M = "A<->B", "A<->M", "B<->M"
_ALIASES = {BARTER: "B<->A", A_M: "M<->A", B_M: "M<->B"}


def selected(
    audit: Auditing, table: str, broken: Element, values: Mapping[str, Element], *only: Element
) -> Callable[[TickRange | None], sa.Select[Any]]:
    """Trades or attempts with what a rule looks at, for `Auditing.rows`."""

    def build(window: TickRange | None) -> sa.Select[Any]:
        at = {n: audit.asker.column(table, n) for n in ("id", "tick", "buyer_id", "seller_id")}
        return sa.select(
            at["id"].label("key"),
            at["tick"].label("tick"),
            at["buyer_id"].label("agent"),
            at["seller_id"].label("other"),
            fault_where(broken).label("fault"),
            *(element.label(name) for name, element in values.items()),
        ).where(
            audit.asker.column(table, "run_id") == audit.run_id, within(at["tick"], window), *only
        )

    return build


def worked_out_once(
    audit: Auditing,
    values: Mapping[str, Element],
    broken: Callable[[sa.FromClause], Element],
    *only: Callable[[TickRange | None], Element],
) -> Callable[[TickRange | None], sa.Select[Any]]:
    """As `selected` of trades; `broken` is of the values by name, each looked up once a row."""

    def build(window: TickRange | None) -> sa.Select[Any]:
        rows = selected(audit, TRADES, sa.null(), values)(window)
        rows = rows.where(*(condition(window) for condition in only))
        held = rows.cte("held").prefix_with("MATERIALIZED")
        kept = [column for column in held.c if column.name != "fault"]
        return sa.select(*kept, fault_where(broken(held)).label("fault"))

    return build


def who(row: Mapping[str, Any]) -> str:
    return f"Buyer {row['agent']} and seller {row['other']} at tick {row['tick']}"


def moved(audit: Auditing) -> tuple[Element, Element, Element]:
    """dA, dB and dM of trades, dM 0 where it is not recorded."""
    a, b, m = (audit.asker.column(TRADES, n) for n in ("dA", "dB", "dM"))
    return a, b, sa.func.coalesce(m, 0)


def successes(audit: Auditing) -> Element:
    return audit.asker.column(ATTEMPTS, "result") == "success"


def no_successes(audit: Auditing) -> str:
    """Why successful attempts cannot be judged; "" where there are some."""
    lacks = audit.lacking(ATTEMPTS, "result", "buyer_A_init", "seller_A_final")
    if lacks:
        return lacks
    return "" if any_row(audit, ATTEMPTS, successes(audit)) else "no attempt succeeded in this run"


def conserves(audit: Auditing) -> Judged:
    """Stocks before and after of each successful attempt."""
    lacks = no_successes(audit)
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker
    money = ask.has(ATTEMPTS, "dM_attempted", "buyer_M_init", "seller_M_final")
    goods = ("A", "B", "M") if money else ("A", "B")
    values: dict[str, Element] = {}
    broken = []
    for good in goods:
        buyer, seller = (
            ask.column(ATTEMPTS, f"{side}_{good}_final")
            - ask.column(ATTEMPTS, f"{side}_{good}_init")
            for side in ("buyer", "seller")
        )
        values |= {f"buyer_{good}": buyer, f"seller_{good}": seller}
        broken.append(buyer + seller != 0)
        block = ask.column(ATTEMPTS, "dB_calculated" if good == "B" else f"d{good}_attempted")
        broken.append(sa.func.abs(buyer) != sa.func.coalesce(block, 0))

    def tell(row: Mapping[str, Any]) -> str:
        parts = (
            f"{good}: buyer {signed(row[f'buyer_{good}'], scale_of(audit, good))}, "
            f"seller {signed(row[f'seller_{good}'], scale_of(audit, good))}"
            for good in goods
        )
        return f"{who(row)} changed {'; '.join(parts)}."

    return audit.rows(
        ATTEMPTS, selected(audit, ATTEMPTS, sa.or_(*broken), values, successes(audit)), tell
    )


def both_gain(audit: Auditing) -> Judged:
    """Surpluses of trades, else the gains of successful attempts."""
    lacks = audit.lacking(TRADES, "buyer_surplus", "seller_surplus")
    ask = audit.asker
    if not lacks:
        sides = [ask.column(TRADES, f"{side}_surplus") for side in ("buyer", "seller")]
        if not any_row(audit, TRADES, sa.and_(*(s.is_not(None) for s in sides))):
            lacks = "not recorded: trades.buyer_surplus is null throughout"
    table = TRADES
    only: tuple[Element, ...] = ()
    if lacks:
        if no_successes(audit):
            return Judged(unjudged=lacks)
        table, only = ATTEMPTS, (successes(audit),)
        sides = [
            ask.column(ATTEMPTS, f"{s}_U_final") - ask.column(ATTEMPTS, f"{s}_U_init")
            for s in ("buyer", "seller")
        ]
    broken = sa.or_(*(side <= 0 for side in sides))

    def tell(row: Mapping[str, Any]) -> str:
        gains = f"{signed(row['buyer_gain'])} and {signed(row['seller_gain'])}"
        return f"{who(row)} gained {gains} utility."

    values = {"buyer_gain": sides[0], "seller_gain": sides[1]}
    return audit.rows(table, selected(audit, table, broken, values, *only), tell)


def block_and_payment(audit: Auditing) -> tuple[Element, Element, Element]:
    """Pair type, block and payment of each trade, told by what changed hands."""
    a, b, m = moved(audit)
    pair = derived.pair_type(TRADES, "dA", "dB", "dM")(audit.asker)
    pair = sa.case({n: n for n in _ALIASES} | {v: k for k, v in _ALIASES.items()}, value=pair)
    block = sa.case((pair == B_M, b), else_=a)
    return pair, block, sa.case((pair == BARTER, b), else_=m)


def price_definition(audit: Auditing) -> Judged:
    """|price · block − payment| ≤ ½ stored unit."""
    lacks = audit.lacking(TRADES, "price", "dA", "dB")
    if lacks:
        return Judged(unjudged=lacks)
    pair, block, paid = block_and_payment(audit)
    price = audit.asker.column(TRADES, "price")
    off = sa.func.abs(price * block - paid) > 0.5 + EPSILON * sa.func.abs(paid)
    broken = sa.case((block > 0, off), else_=sa.null())

    def tell(row: Mapping[str, Any]) -> str:
        paying = "B" if row["pair"] == BARTER else "M"
        of = "B" if row["pair"] == B_M else "A"
        block, paid = row["block"] / scale_of(audit, of), row["paid"] / scale_of(audit, paying)
        return (
            f"{who(row)} moved {number(block)} {of} for {number(paid)} {paying}, "
            f"{number(paid / block)} a unit, but price is {number(row['price'])}."
        )

    values = {"pair": pair, "block": block, "paid": paid, "price": price}
    return audit.rows(TRADES, selected(audit, TRADES, broken, values), tell)


def pair_type_told(audit: Auditing) -> Judged:
    """exchange_pair_type against the amounts."""
    lacks = audit.lacking(TRADES, "exchange_pair_type", "dA", "dB")
    if lacks:
        return Judged(unjudged=lacks)
    pair = block_and_payment(audit)[0]
    stored = audit.asker.column(TRADES, "exchange_pair_type")
    named = sa.case({v: k for k, v in _ALIASES.items()}, value=stored, else_=stored)

    def tell(row: Mapping[str, Any]) -> str:
        return f"{who(row)} traded {row['pair']}, but exchange_pair_type is {row['stored']}."

    values = {"pair": pair, "stored": stored}
    return audit.rows(TRADES, selected(audit, TRADES, named != pair, values), tell)


def mode_allows(audit: Auditing) -> Judged:
    """No trade while the mode is forage."""
    lacks = audit.lacking(TRADES, "tick")
    if lacks:
        return Judged(unjudged=lacks)
    known = [("tick_states", "current_mode"), ("mode_changes", "new_mode")]
    if all(audit.lacking(*name) for name in known):
        return Judged(unjudged="not recorded: the mode (tick_states, mode_changes)")
    mode = derived.mode_at_tick(TRADES)(audit.asker)

    def tell(row: Mapping[str, Any]) -> str:
        return f"{who(row)} traded while the mode was {row['mode']}."

    build = worked_out_once(audit, {"mode": mode}, lambda rows: rows.c.mode == "forage")
    return audit.rows(TRADES, build, tell)


def pair_active(audit: Auditing) -> Judged:
    """What changed hands is among the active pairs of the tick."""
    lacks = audit.lacking("tick_states", "active_pairs") or audit.lacking(TRADES, "dA", "dB")
    if lacks:
        return Judged(unjudged=lacks)
    pair = block_and_payment(audit)[0]
    active = derived.state_at_tick(audit.asker, TRADES, "active_pairs")
    if active is None:
        return Judged(unjudged="not recorded: tick_states.active_pairs")

    def broken(rows: sa.FromClause) -> Element:
        named = sa.or_(
            *(
                sa.and_(
                    rows.c.pair == name,
                    sa.or_(*(rows.c.active.like(f'%"{n}"%') for n in (name, other))),
                )
                for name, other in _ALIASES.items()
            )
        )
        unknown = sa.or_(rows.c.active.is_(None), rows.c.pair.is_(None))
        return sa.case((unknown, sa.null()), else_=sa.not_(named))

    def tell(row: Mapping[str, Any]) -> str:
        return f"{who(row)} traded {row['pair']} while active_pairs were {row['active']}."

    values = {"pair": pair, "active": active}
    return audit.rows(TRADES, worked_out_once(audit, values, broken), tell)
