"""Payment audit rules about balances: by tick, between agents, and by day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where
from telemetry.families.simcash.audit_words import (
    DAYS,
    EVENTS,
    NETTING,
    RETURN,
    SETTLEMENTS,
    STATES,
    kind,
    money,
    of_run,
    stepped,
    text_of,
    whole_of,
    whose,
)


def steps(audit: Auditing) -> Judged:
    """Each balance against the one before."""
    lacks = audit.lacking(STATES, "balance", "balance_change")
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        rows = stepped(audit, window, "balance", "balance_change")
        broken = rows.c.balance - rows.c.before_balance != rows.c.balance_change
        return sa.select(rows, fault_where(broken).label("fault"))

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"{whose(row)} holds {money(row['balance'])} after {money(row['before_balance'])}, "
            f"but balance_change is {money(row['balance_change'])}."
        )

    return audit.rows(STATES, build, tell)


def _first_tick(audit: Auditing) -> Any:
    tick = audit.asker.column(STATES, "tick")
    own = audit.asker.column(STATES, "simulation_id") == audit.run_id
    return audit.asker.rows(sa.select(sa.func.min(tick)).where(own))[0][0]


def _events_lack(audit: Auditing) -> str:
    return audit.lacking(STATES, "balance_change") or audit.lacking(EVENTS, "event_type", "details")


def conserved(audit: Auditing) -> Judged:
    """The sum of all changes of a tick."""
    lacks = _events_lack(audit)
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker
    first = _first_tick(audit)

    def build(window: TickRange | None) -> sa.Select[Any]:
        tick, change = (ask.column(STATES, n) for n in ("tick", "balance_change"))
        changes = (
            sa.select(tick.label("tick"), sa.func.sum(change).label("change"))
            .where(of_run(audit, STATES, window), tick > first)
            .group_by(tick)
            .subquery("changes")
        )
        at = ask.column(EVENTS, "tick")
        returned = (
            sa.select(at.label("tick"), sa.func.sum(whole_of(audit, "$.amount")).label("returned"))
            .where(of_run(audit, EVENTS, window), kind(audit, RETURN))
            .group_by(at)
            .subquery("returns")
        )
        gone = sa.func.coalesce(returned.c.returned, 0)
        return sa.select(
            changes.c.tick,
            changes.c.change,
            gone.label("returned"),
            fault_where(changes.c.change + gone != 0).label("fault"),
        ).select_from(changes.outerjoin(returned, returned.c.tick == changes.c.tick))

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"All balances together changed by {money(row['change'])} at tick {row['tick']}, "
            f"while {money(row['returned'])} was returned."
        )

    return audit.rows(STATES, build, tell)


def explained(audit: Auditing) -> Judged:
    """Each change against the settlements of the agent."""
    lacks = _events_lack(audit)
    if lacks:
        return Judged(unjudged=lacks)
    first = _first_tick(audit)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        own = of_run(audit, EVENTS, window)
        tick, change, agent = (
            ask.column(STATES, n) for n in ("tick", "balance_change", "agent_id")
        )
        netted = sa.select(ask.column(EVENTS, "tick")).where(own, kind(audit, *NETTING))
        moves = _moves(audit, own)
        return (
            sa.select(
                tick.label("tick"),
                agent.label("agent"),
                change.label("change"),
                moves.c.amount,
                fault_where(change != sa.func.coalesce(moves.c.amount, 0)).label("fault"),
            )
            .select_from(
                agent.table.outerjoin(moves, sa.and_(moves.c.tick == tick, moves.c.agent == agent))
            )
            .where(of_run(audit, STATES, window), tick > first, tick.not_in(netted))
        )

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"The balance of {whose(row)} changed by {money(row['change'])}, "
            f"its settlements come to {money(row['amount'])}."
        )

    return audit.rows(STATES, build, tell)


def _moves(audit: Auditing, own: Any) -> sa.Subquery:
    """What settlements and returns brought each agent at each tick."""
    tick = audit.asker.column(EVENTS, "tick")
    amount = whole_of(audit, "$.amount")
    settled = kind(audit, *SETTLEMENTS)
    parts = (
        (text_of(audit, "$.sender"), -amount, settled),
        (text_of(audit, "$.receiver"), amount, settled),
        (audit.asker.column(EVENTS, "agent_id"), -amount, kind(audit, RETURN)),
    )
    every = sa.union_all(
        *(
            sa.select(tick.label("tick"), who.label("agent"), moved.label("amount")).where(own, of)
            for who, moved, of in parts
        )
    ).subquery("every")
    total = sa.func.sum(every.c.amount).label("amount")
    return (
        sa.select(every.c.tick, every.c.agent, total)
        .group_by(every.c.tick, every.c.agent)
        .subquery("moves")
    )


def days(audit: Auditing) -> Judged:
    """Closing balances against the last state, openings against the closing before."""
    lacks = audit.lacking(DAYS, "opening_balance", "closing_balance")
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        names = ("agent_id", "day", "opening_balance", "closing_balance")
        agent, day, opening, closing = (audit.asker.column(DAYS, n) for n in names)
        over: dict[str, Any] = {"partition_by": agent, "order_by": day}
        next_to = sa.func.lag(day).over(**over) == day - 1
        rows = (
            sa.select(
                agent.label("agent"), day.label("day"), opening.label("opening"),
                closing.label("closing"),
                sa.case((next_to, sa.func.lag(closing).over(**over))).label("ended"),
            )
            .where(audit.asker.column(DAYS, "simulation_id") == audit.run_id)
            .subquery("rows_of_days")
        )  # fmt: skip
        last = _last_of_day(audit)
        judged = sa.or_(rows.c.ended.is_not(None), last.c.balance.is_not(None))
        broken = sa.or_(
            sa.func.coalesce(rows.c.ended != rows.c.opening, sa.false()),
            sa.func.coalesce(last.c.balance != rows.c.closing, sa.false()),
        )
        return sa.select(
            rows, last.c.tick, last.c.balance,
            sa.case((judged, fault_where(broken)), else_=sa.null()).label("fault"),
        ).select_from(
            rows.outerjoin(last, sa.and_(last.c.agent == rows.c.agent, last.c.day == rows.c.day))
        )  # fmt: skip

    def tell(row: Mapping[str, Any]) -> str:
        parts = []
        if row["ended"] is not None and row["ended"] != row["opening"]:
            parts.append(
                f"opens with {money(row['opening'])} after a close of {money(row['ended'])}"
            )
        if row["balance"] is not None and row["balance"] != row["closing"]:
            parts.append(
                f"closes with {money(row['closing'])}, its last tick has {money(row['balance'])}"
            )
        return f"{row['agent']} on day {row['day']} {' and '.join(parts)}."

    return audit.rows(DAYS, build, tell)


def _last_of_day(audit: Auditing) -> sa.Subquery:
    names = ("agent_id", "day", "tick", "balance")
    agent, day, tick, balance = (audit.asker.column(STATES, n) for n in names)
    place = sa.func.row_number().over(partition_by=(agent, day), order_by=tick.desc())
    rows = (
        sa.select(
            agent.label("agent"), day.label("day"), tick.label("tick"),
            balance.label("balance"), place.label("place"),
        )
        .where(audit.asker.column(STATES, "simulation_id") == audit.run_id)
        .subquery("placed")
    )  # fmt: skip
    return sa.select(rows).where(rows.c.place == 1).subquery("last_states")


def extremes(audit: Auditing) -> Judged:
    """Opening and closing balances within the day's extremes."""
    lacks = audit.lacking(DAYS, "min_balance", "max_balance", "closing_balance")
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        names = ("agent_id", "day", "opening_balance", "closing_balance", "min_balance")
        agent, day, opening, closing, least = (audit.asker.column(DAYS, n) for n in names)
        most = audit.asker.column(DAYS, "max_balance")
        broken = sa.or_(opening < least, opening > most, closing < least, closing > most)
        return sa.select(
            agent.label("agent"), day.label("day"), opening.label("opening"),
            closing.label("closing"), least.label("least"), most.label("most"),
            fault_where(broken).label("fault"),
        ).where(audit.asker.column(DAYS, "simulation_id") == audit.run_id)  # fmt: skip

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"{row['agent']} on day {row['day']} opens with {money(row['opening'])} and closes "
            f"with {money(row['closing'])}, but its extremes are {money(row['least'])} and "
            f"{money(row['most'])}."
        )

    return audit.rows(DAYS, build, tell)
