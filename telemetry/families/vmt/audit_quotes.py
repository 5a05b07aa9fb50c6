"""The VMT audit rule that a price lies within the quotes of both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, Judged, within
from telemetry.families.vmt.audit_trades import (
    A_M,
    ATTEMPTS,
    B_M,
    BARTER,
    TRADES,
    Element,
    block_and_payment,
    no_successes,
    selected,
    successes,
    who,
    worked_out_once,
)
from telemetry.families.vmt.audit_words import EPSILON, number


def price_within_quotes(audit: Auditing) -> Judged:
    """Quotes of the successful attempt, else of the snapshots one tick before."""
    if no_successes(audit):
        return _within_snapshots(audit)
    ask = audit.asker
    price, asked, bid = (ask.column(ATTEMPTS, n) for n in ("price", "seller_ask", "buyer_bid"))
    slack = EPSILON * sa.func.abs(price)
    broken = sa.or_(price < asked - slack, price > bid + slack)
    values = {"price": price, "asked": asked, "bid": bid}
    return audit.rows(
        ATTEMPTS, selected(audit, ATTEMPTS, broken, values, successes(audit)), _tell_quotes
    )


def _tell_quotes(row: Mapping[str, Any]) -> str:
    asked, bid, price = (number(row[n]) for n in ("asked", "bid", "price"))
    return f"{who(row)} dealt at {price}; the seller asked {asked}, the buyer bid {bid}."


def _within_snapshots(audit: Auditing) -> Judged:
    lacks = audit.lacking(TRADES, "price", "dA", "dB") or audit.lacking("agent_snapshots", "tick")
    if lacks:
        return Judged(unjudged=lacks)
    pair, block, _ = block_and_payment(audit)
    ask = audit.asker
    price = ask.column(TRADES, "price")
    asked = _quote(audit, pair, "ask", "seller_id")
    bid = _quote(audit, pair, "bid", "buyer_id")

    def broken(rows: sa.FromClause) -> Element:
        slack = 0.5 / sa.cast(sa.func.nullif(rows.c.block, 0), sa.REAL)
        slack += EPSILON * sa.func.abs(rows.c.price)
        off = sa.or_(rows.c.price < rows.c.asked - slack, rows.c.price > rows.c.bid + slack)
        both = sa.and_(rows.c.asked.is_not(None), rows.c.bid.is_not(None))
        return sa.case((both, off), else_=sa.null())

    def alone(window: TickRange | None) -> Element:
        return ask.column(TRADES, "id").in_(_first_of_both(audit, window))

    values = {"price": price, "asked": asked, "bid": bid, "block": block}
    found = audit.rows(TRADES, worked_out_once(audit, values, broken, alone), _tell_quotes)
    if not found.checked:
        return Judged(unjudged="not recorded: quotes of both sides one tick before a trade")
    return found


def _quote(audit: Auditing, pair: Element, side: str, who: str) -> Element:
    """The quote of one side in the snapshot one tick before the trade."""
    ask = audit.asker
    own = {n: ask.column(TRADES, n) for n in ("run_id", "tick", who)}
    names = {BARTER: f"{side}_A_in_B", A_M: f"{side}_A_in_M", B_M: f"{side}_B_in_M"}
    quote = sa.case(*((pair == n, ask.column("agent_snapshots", c)) for n, c in names.items()))
    return (
        sa.select(quote)
        .where(
            ask.column("agent_snapshots", "run_id") == audit.run_id,
            ask.column("agent_snapshots", "agent_id") == own[who],
            ask.column("agent_snapshots", "tick") == own["tick"] - 1,
        )
        .limit(1)
        .correlate(own["run_id"].table)
        .scalar_subquery()
    )


def _first_of_both(audit: Auditing, window: TickRange | None) -> sa.Select[Any]:
    """Trades before which neither side had traded in the tick: later ones had other quotes."""
    ask = audit.asker
    run, tick, key = (ask.column(TRADES, n) for n in ("run_id", "tick", "id"))
    sides = sa.union_all(
        *(
            sa.select(
                key.label("id"), tick.label("tick"), ask.column(TRADES, side).label("agent")
            ).where(run == audit.run_id, within(tick, window))
            for side in ("buyer_id", "seller_id")
        )
    ).subquery("sides")
    place = sa.func.row_number().over(
        partition_by=(sides.c.tick, sides.c.agent), order_by=sides.c.id
    )
    placed = sa.select(sides.c.id, place.label("place")).subquery("placed")
    return sa.select(placed.c.id).group_by(placed.c.id).having(sa.func.max(placed.c.place) == 1)
