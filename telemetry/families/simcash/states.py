"""What agents held, owed and queued at each tick, and at the end of each day."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.simcash.costs import every_tick
from telemetry.families.simcash.runs import run_rows
from telemetry.families.simcash.sql import Element, day_of
from telemetry.families.vocabulary import Columns, ColumnSpec, Stored

C = ColumnSpec
_STATES, _QUEUES, _DAYS = "tick_agent_states", "tick_queue_snapshots", "daily_agent_metrics"
_EVENTS = "simulation_events"
_CAP, _LIMIT = "unsecured_cap", "credit_limit"
"""What an agent may owe without collateral, and what older schemas call it."""
_BIG = sa.BigInteger()


def cents(name: str, label: str, *, visible: bool = True, **more: Any) -> ColumnSpec:
    return C(name, label, "int", unit="cents", visible=visible, **more)


def run_column() -> ColumnSpec:
    return C("simulation_id", "run", role="run", visible=False)


def credit_used(columns: Columns) -> Element:
    """How far the balance lies below zero."""
    balance = columns.column(_STATES, "balance")
    return sa.case((balance < 0, -balance), (balance.is_not(None), 0))


STATES = (
    run_column(),
    C("tick", "tick", "int", role="tick"),
    C("day", "day", "int", role="day"),
    C("agent_id", "agent", role="agent", facet=True),
    cents("balance", "balance", role="balance"),
    cents("balance_change", "balance change"),
    cents("credit_used", "credit used", role="credit", derive=credit_used, needs=("balance",)),
    cents(_CAP, "unsecured cap", formerly=_LIMIT),
    cents("posted_collateral", "posted collateral", role="collateral"),
    *(
        cents(f"{kind}_cost", f"{kind.replace('_', ' ')} cost today", visible=False)
        for kind in ("liquidity", "delay", "collateral", "penalty", "split_friction")
    ),
    *(
        cents(
            f"{kind}_cost_delta",
            f"{kind.replace('_', ' ')} cost change",
            visible=False,
            help="As stored: negative where the day's accumulator began anew.",
        )
        for kind in ("liquidity", "delay", "collateral", "penalty", "split_friction")
    ),
)


def queue_sizes(stored: Stored) -> sa.Select[Any]:
    """Queued transactions per state row; none queued counts 0 where states were recorded."""
    names = ("simulation_id", "tick", "agent_id")
    state = [stored.column(_STATES, n) for n in names]
    queue = [stored.column(_QUEUES, n) for n in names]
    first = stored.column(_QUEUES, "queue_type") == "queue1"
    value: Element = sa.null()
    place: sa.FromClause = stored.table(_QUEUES)
    if stored.has("transactions", "simulation_id", "tx_id", "amount"):
        value = stored.column("transactions", "amount")
        place = place.outerjoin(
            stored.table("transactions"),
            sa.and_(
                stored.column("transactions", "simulation_id") == queue[0],
                stored.column("transactions", "tx_id") == stored.column(_QUEUES, "tx_id"),
            ),
        )
    counted = (
        sa.select(
            *(q.label(n) for n, q in zip(names, queue, strict=True)),
            sa.func.count().filter(first).label("queue1"),
            sa.func.count().filter(sa.not_(first)).label("queue2"),
            sa.cast(sa.func.sum(value), _BIG).label("queued_value"),
        )
        .select_from(place)
        .group_by(*queue)
        .subquery("counted")
    )
    same = sa.and_(*(s == counted.c[n] for n, s in zip(names, state, strict=True)))
    sizes = (
        sa.func.coalesce(counted.c[n], 0).label(n) for n in ("queue1", "queue2", "queued_value")
    )
    return sa.select(
        *(s.label(n) for n, s in zip(names, state, strict=True)),
        stored.column(_STATES, "day").label("day"),
        *sizes,
    ).select_from(stored.table(_STATES).outerjoin(counted, same))


QUEUE_SIZES = (
    run_column(),
    C("tick", "tick", "int", role="tick"),
    C("day", "day", "int", role="day"),
    C("agent_id", "agent", role="agent", facet=True),
    C("queue1", "queue 1", "int", unit="transactions", help="The agent's own queue."),
    C("queue2", "queue 2", "int", unit="transactions", help="The settlement system's queue."),
    cents("queued_value", "queued value", help="Amounts of the queued transactions."),
)


def days(stored: Stored) -> sa.Select[Any]:
    """Daily metrics as stored, at the last tick of their day."""
    table = stored.table(_DAYS)
    columns: list[Any] = [c for c in table.c if c.name != "rowid"]
    if _CAP not in table.c:
        columns = [c.label(_CAP) if c.name == _LIMIT else c for c in columns]
    runs = run_rows(stored).subquery("planned")
    if "ticks_per_day" not in runs.c:
        return sa.select(*columns)
    last = (stored.column(_DAYS, "day") + 1) * runs.c.ticks_per_day - 1
    place = table.outerjoin(runs, runs.c.simulation_id == stored.column(_DAYS, "simulation_id"))
    return sa.select(*columns, sa.cast(last, _BIG).label("tick")).select_from(place)


_DAY_CENTS = [
    "opening_balance",
    "closing_balance",
    "min_balance",
    "max_balance",
    "unsecured_cap",
    "peak_overdraft",
    "opening_posted_collateral",
    "closing_posted_collateral",
    "peak_posted_collateral",
    "collateral_capacity",
]
_DAY_COUNTS = [
    "num_arrivals",
    "num_sent",
    "num_received",
    "num_settled",
    "num_dropped",
    "queue1_peak_size",
    "queue1_eod_size",
    "num_collateral_posts",
    "num_collateral_withdrawals",
]
_DAY_COSTS = [
    "liquidity_cost",
    "delay_cost",
    "collateral_cost",
    "split_friction_cost",
    "deadline_penalty_cost",
    "total_cost",
]
DAYS = (
    run_column(),
    C("day", "day", "int", role="day"),
    C("tick", "tick", "int", role="tick", help="The last tick of the day."),
    C("agent_id", "agent", role="agent", facet=True),
    *(cents(n, n.replace("_", " ")) for n in _DAY_CENTS),
    *(C(n, n.removeprefix("num_").replace("_", " "), "int") for n in _DAY_COUNTS),
    *(cents(n, n.replace("_", " ")) for n in _DAY_COSTS),
)


def ticks(stored: Stored) -> sa.Select[Any]:
    """Each tick of each run with its day, the run's status and the number of events."""
    every = every_tick(stored).subquery("every")
    runs = run_rows(stored).subquery("planned")
    columns: list[Any] = [every.c.simulation_id, every.c.tick]
    place: sa.FromClause = every.outerjoin(runs, runs.c.simulation_id == every.c.simulation_id)
    if "ticks_per_day" in runs.c:
        columns.append(day_of(every.c.tick, runs.c.ticks_per_day).label("day"))
    if "status" in runs.c:
        columns.append(runs.c.status)
    if stored.has(_EVENTS, "simulation_id", "tick", "event_type"):
        key = [stored.column(_EVENTS, n) for n in ("simulation_id", "tick")]
        kind = stored.column(_EVENTS, "event_type")
        counted = (
            sa.select(
                key[0].label("owner"),
                key[1].label("at"),
                sa.func.count().label("events"),
                *(sa.func.count().filter(kind.in_(m)).label(n) for n, m in _COUNTED.items()),
            )
            .group_by(*key)
            .subquery("counted")
        )
        place = place.outerjoin(
            counted, sa.and_(counted.c.owner == every.c.simulation_id, counted.c.at == every.c.tick)
        )
        names = ("events", *_COUNTED)
        columns += [sa.func.coalesce(counted.c[n], 0).label(n) for n in names]
    return sa.select(*columns).select_from(place)


_COUNTED = {
    "arrivals": ("Arrival",),
    "settled": ("RtgsImmediateSettlement", "Queue2LiquidityRelease", "RtgsQueue2Settle"),
    "netted": ("LsmBilateralOffset", "LsmCycleSettlement", "EntryDispositionOffset"),
    "queued": ("QueuedRtgs",),
    "overdue": ("TransactionWentOverdue",),
}
TICKS = (
    run_column(),
    C("tick", "tick", "int", role="tick"),
    C("day", "day", "int", role="day", facet=True),
    C("status", "run status", role="status", facet=True),
    C("events", "events", "int", help="Rows of simulation_events."),
    C("arrivals", "arrivals", "int"),
    C("settled", "settled", "int", help="Settlements from hand or from queue 2."),
    C("netted", "netted", "int", help="Settlements by offsetting."),
    C("queued", "queued", "int", help="Transactions put into queue 2."),
    C("overdue", "went overdue", "int"),
)
TICK_NEEDS = ("simulation_events.tick|tick_agent_states.tick",)
QUEUE_NEEDS = ("tick_agent_states.tick", "tick_queue_snapshots.queue_type")
DAY_NEEDS = ("daily_agent_metrics.day",)
