"""Payment audit rules about costs: parts and totals, by event, tick and day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where
from telemetry.families.simcash.audit_words import (
    ACCRUAL,
    DAYS,
    EVENTS,
    PARTS,
    STATES,
    kind,
    money,
    of_run,
    stepped,
    whole_of,
    whose,
)


def parts(audit: Auditing) -> Judged:
    """Each accrual's total against its parts."""
    lacks = audit.lacking(EVENTS, "event_type", "details")
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        total = whole_of(audit, "$.costs.total")
        each = [sa.func.coalesce(whole_of(audit, f"$.costs.{p}_cost"), 0) for p in PARTS]
        summed = sum(each[1:], each[0])
        return sa.select(
            ask.column(EVENTS, "event_id").label("key"),
            ask.column(EVENTS, "tick").label("tick"),
            ask.column(EVENTS, "agent_id").label("agent"),
            total.label("total"),
            summed.label("summed"),
            fault_where(total < summed).label("fault"),
        ).where(of_run(audit, EVENTS, window), kind(audit, ACCRUAL))

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"{whose(row)} was charged {money(row['total'])}, "
            f"less than the {money(row['summed'])} of its parts."
        )

    return audit.rows(EVENTS, build, tell)


def deltas(audit: Auditing) -> Judged:
    """Each state's cost deltas against the accruals of the tick."""
    names = [f"{p}_cost_delta" for p in PARTS]
    lacks = audit.lacking(STATES, *names) or audit.lacking(EVENTS, "event_type", "details")
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        at, who = (ask.column(EVENTS, n) for n in ("tick", "agent_id"))
        sums = [sa.func.sum(whole_of(audit, f"$.costs.{p}_cost")).label(p) for p in PARTS]
        charged = (
            sa.select(at.label("tick"), who.label("agent"), *sums)
            .where(of_run(audit, EVENTS, window), kind(audit, ACCRUAL))
            .group_by(at, who)
            .subquery("charged")
        )
        tick, agent = (ask.column(STATES, n) for n in ("tick", "agent_id"))
        states = {p: ask.column(STATES, n) for p, n in zip(PARTS, names, strict=True)}
        broken = sa.or_(*(states[p] != sa.func.coalesce(charged.c[p], 0) for p in PARTS))
        return (
            sa.select(
                tick.label("tick"),
                agent.label("agent"),
                *(states[p].label(f"delta_{p}") for p in PARTS),
                *(charged.c[p].label(f"charged_{p}") for p in PARTS),
                fault_where(broken).label("fault"),
            )
            .select_from(
                agent.table.join(charged, sa.and_(charged.c.tick == tick, charged.c.agent == agent))
            )
            .where(of_run(audit, STATES, window))
        )

    def tell(row: Mapping[str, Any]) -> str:
        wrong = (
            f"{p.replace('_', ' ')} by {money(row[f'delta_{p}'])} "
            f"(charged: {money(row[f'charged_{p}'] or 0)})"
            for p in PARTS
            if row[f"delta_{p}"] != (row[f"charged_{p}"] or 0)
        )
        return f"Costs of {whose(row)} changed in {', '.join(wrong)}."

    return audit.rows(STATES, build, tell)


def accumulate(audit: Auditing) -> Judged:
    """Costs so far within a day, step by step."""
    pairs = [(f"{p}_cost", f"{p}_cost_delta") for p in PARTS]
    names = [name for pair in pairs for name in pair]
    lacks = audit.lacking(STATES, *names)
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        rows = stepped(audit, window, *names)
        broken = sa.or_(
            *(rows.c[cost] - rows.c[f"before_{cost}"] != rows.c[delta] for cost, delta in pairs)
        )
        same = rows.c.before_day == rows.c.day
        judged = sa.case((same, fault_where(broken)), else_=sa.null())
        return sa.select(rows, judged.label("fault"))

    def tell(row: Mapping[str, Any]) -> str:
        wrong = (
            f"{cost.removesuffix('_cost').replace('_', ' ')} went from "
            f"{money(row[f'before_{cost}'])} to {money(row[cost])}, its delta is "
            f"{money(row[delta])}"
            for cost, delta in pairs
            if row[cost] - row[f"before_{cost}"] != row[delta]
        )
        return f"Costs of {whose(row)}: {'; '.join(wrong)}."

    return audit.rows(STATES, build, tell)


def day_parts(audit: Auditing) -> Judged:
    """Each day's total against its parts."""
    names = [f"{p if p != 'penalty' else 'deadline_penalty'}_cost" for p in PARTS]
    lacks = audit.lacking(DAYS, "total_cost", *names)
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker

    def build(window: TickRange | None) -> sa.Select[Any]:
        total = ask.column(DAYS, "total_cost")
        each = [ask.column(DAYS, n) for n in names]
        summed = sum(each[1:], each[0])
        return sa.select(
            ask.column(DAYS, "agent_id").label("agent"),
            ask.column(DAYS, "day").label("day"),
            total.label("total"),
            summed.label("summed"),
            fault_where(total < summed).label("fault"),
        ).where(ask.column(DAYS, "simulation_id") == audit.run_id)

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"{row['agent']} on day {row['day']} cost {money(row['total'])}, "
            f"less than the {money(row['summed'])} of its parts."
        )

    return audit.rows(DAYS, build, tell)
