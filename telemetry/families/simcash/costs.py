"""Costs per tick and agent: from accruals, else from the accumulators that begin anew daily."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.simcash.runs import run_rows
from telemetry.families.simcash.sql import Element, day_of, decoded, up_to, whole_at
from telemetry.families.vocabulary import ColumnSpec, Stored

C = ColumnSpec
KINDS = ("liquidity", "delay", "collateral", "penalty", "split_friction")
_EVENTS, _STATES, _DAYS = "simulation_events", "tick_agent_states", "daily_agent_metrics"
_ACCRUAL = "CostAccrual"
NEEDS = ("simulation_events.details", "simulation_events.agent_id")
_BIG = sa.BigInteger()


def spans(stored: Stored) -> sa.Select[Any]:
    """First and last tick of every run that recorded ticks."""
    found = [
        sa.select(
            stored.column(name, "simulation_id").label("simulation_id"),
            stored.column(name, "tick").label("tick"),
        )
        for name in (_EVENTS, _STATES)
        if stored.has(name, "simulation_id", "tick")
    ]
    every = sa.union_all(*found).subquery("recorded")
    return sa.select(
        every.c.simulation_id,
        sa.func.min(every.c.tick).label("first"),
        sa.func.max(every.c.tick).label("last"),
    ).group_by(every.c.simulation_id)


def every_tick(stored: Stored) -> sa.Select[Any]:
    """Each tick from a run's first to its last, also those at which nothing happened."""
    span = spans(stored).subquery("span")
    tick = span.c.first + up_to(span.c.last - span.c.first)
    return sa.select(span.c.simulation_id, sa.type_coerce(tick, _BIG).label("tick"))


def select(stored: Stored) -> sa.Select[Any]:
    """One row per run, tick and agent; a tick without an accrual cost nothing.

    What an accrual says nowhere is not known of its tick, nor of what is added up from there on.
    """
    known = [_accruals(stored), _nothing_yet(stored)]
    if stored.has(_STATES):
        known.append(_from_states(stored))
    every = sa.union_all(*known).subquery("every")
    told = sa.func.count() == sa.func.count(every.c.cost)
    whole, *parts = (
        sa.cast(sa.case((told, sa.func.sum(every.c[name]))), _BIG).label(name)
        for name in ("cost", *KINDS)
    )
    key = (every.c.simulation_id, every.c.tick, every.c.agent_id)
    summed = sa.select(*key, whole, *parts).group_by(*key).subquery("summed")
    runs = run_rows(stored).subquery("planned")
    columns: list[Any] = [*summed.c]
    known_parts = sum((summed.c[kind] for kind in KINDS[1:]), start=summed.c[KINDS[0]])
    other = (summed.c.cost - known_parts).label("other")
    columns.append(other)
    along: dict[str, Any] = {
        "partition_by": (summed.c.simulation_id, summed.c.agent_id),
        "order_by": summed.c.tick,
    }
    unbroken = sa.func.count().over(**along) == sa.func.count(summed.c.cost).over(**along)
    for name, value in (*((k, summed.c[k]) for k in ("cost", *KINDS)), ("other", other.element)):
        running = sa.case((unbroken, sa.func.sum(value).over(**along)))
        columns.append(sa.cast(running, _BIG).label(f"{name}_so_far"))
    place: sa.FromClause = summed
    if "ticks_per_day" in runs.c:
        place = place.outerjoin(runs, runs.c.simulation_id == summed.c.simulation_id)
        columns.append(day_of(summed.c.tick, runs.c.ticks_per_day).label("day"))
    return sa.select(*columns).select_from(place)


def _row(run: Element, tick: Element, agent: Element, cost: Element, **parts: Element) -> Any:
    return sa.select(
        run.label("simulation_id"),
        tick.label("tick"),
        agent.label("agent_id"),
        cost.label("cost"),
        *(parts[kind].label(kind) for kind in KINDS),
    )


def _accruals(stored: Stored) -> sa.Select[Any]:
    """What the accrual events say; their total may exceed its parts."""
    run, tick, agent = (stored.column(_EVENTS, n) for n in ("simulation_id", "tick", "agent_id"))
    costs = decoded(stored.column(_EVENTS, "details"))
    parts: dict[str, Element] = {
        kind: sa.func.coalesce(whole_at(costs, f"$.costs.{kind}_cost"), 0) for kind in KINDS
    }
    total = whole_at(costs, "$.costs.total")
    found: sa.Select[Any] = _row(run, tick, agent, total, **parts)
    return found.where(stored.column(_EVENTS, "event_type") == _ACCRUAL, agent.is_not(None))


def _nothing_yet(stored: Stored) -> sa.Select[Any]:
    """A row of zeros for each tick and agent of the runs whose accruals were recorded."""
    ticks = every_tick(stored).subquery("ticks")
    agents = _agents(stored).subquery("agents")
    zero = sa.literal(0, _BIG)
    row: sa.Select[Any] = _row(
        ticks.c.simulation_id, ticks.c.tick, agents.c.agent_id, zero, **dict.fromkeys(KINDS, zero)
    )
    return row.select_from(
        ticks.join(agents, agents.c.simulation_id == ticks.c.simulation_id)
    ).where(ticks.c.simulation_id.in_(_with_accruals(stored)))


def _agents(stored: Stored) -> sa.Select[Any]:
    """Every agent that a run's rows name as their own."""
    found = [
        sa.select(
            stored.column(name, "simulation_id").label("simulation_id"),
            stored.column(name, "agent_id").label("agent_id"),
        ).where(stored.column(name, "agent_id").is_not(None))
        for name in (_EVENTS, _STATES, _DAYS)
        if stored.has(name, "simulation_id", "agent_id")
    ]
    every = sa.union_all(*found).subquery("named")
    return sa.select(every.c.simulation_id, every.c.agent_id).distinct()


def _with_accruals(stored: Stored) -> sa.Select[Any]:
    run = stored.column(_EVENTS, "simulation_id")
    accrual = stored.column(_EVENTS, "event_type") == _ACCRUAL
    return sa.select(run).where(accrual, run.is_not(None)).distinct()


def _from_states(stored: Stored) -> sa.Select[Any]:
    """What the accumulators grew by within a day, for runs without accrual events."""
    names = ("simulation_id", "tick", "agent_id", "day")
    run, tick, agent, day = (stored.column(_STATES, n) for n in names)
    parts: dict[str, Element] = {}
    for kind in KINDS:
        value = stored.column(_STATES, f"{kind}_cost")
        before = sa.func.lag(value, 1, 0).over(partition_by=(run, agent, day), order_by=tick)
        parts[kind] = value - before if stored.has(_STATES, f"{kind}_cost") else sa.literal(0, _BIG)
    cost = sum((parts[kind] for kind in KINDS[1:]), start=parts[KINDS[0]])
    row: sa.Select[Any] = _row(run, tick, agent, cost, **parts)
    return row.where(run.not_in(_with_accruals(stored)))


def _cents(name: str, label: str, role: str | None = None, *, visible: bool = True) -> ColumnSpec:
    return C(name, label, "int", role=role, unit="cents", visible=visible)


COLUMNS = (
    C("simulation_id", "run", role="run", visible=False),
    C("tick", "tick", "int", role="tick"),
    C("day", "day", "int", role="day"),
    C("agent_id", "agent", role="agent", facet=True),
    _cents("cost", "cost", "cost"),
    *(_cents(kind, kind.replace("_", " "), f"cost_{kind}") for kind in KINDS),
    C(
        "other",
        "other",
        "int",
        role="cost_other",
        unit="cents",
        help="What the total has beyond its parts.",
    ),
    _cents("cost_so_far", "cost so far", "cost_so_far"),
    *(_cents(f"{k}_so_far", f"{k.replace('_', ' ')} so far", visible=False) for k in KINDS),
    _cents("other_so_far", "other so far", visible=False),
)
