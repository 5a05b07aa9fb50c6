"""What the payment audit rules share: rows of events and states for `Auditing.rows`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, within
from telemetry.families.simcash.sql import Element, decoded, text_at, whole_at
from telemetry.text import money_text

EVENTS, STATES = "simulation_events", "tick_agent_states"
DAYS, TRANSACTIONS = "daily_agent_metrics", "transactions"
SETTLEMENTS = ("RtgsImmediateSettlement", "Queue2LiquidityRelease", "RtgsQueue2Settle")
NETTING = ("LsmBilateralOffset", "LsmCycleSettlement", "EntryDispositionOffset")
RETURN, ACCRUAL = "LiquidityReturn", "CostAccrual"
PARTS = ("liquidity", "delay", "collateral", "penalty", "split_friction")


def money(cents: Any) -> str:
    """Cents as money, with a proper minus."""
    return "nothing" if cents is None else money_text(int(cents)).replace("-", "−")


def of_run(audit: Auditing, table: str, window: TickRange | None) -> Element:
    """The run's rows of a table in these ticks."""
    own = audit.asker.column(table, "simulation_id") == audit.run_id
    return sa.and_(own, within(audit.asker.column(table, "tick"), window))


def whole_of(audit: Auditing, path: str) -> Element:
    """A whole number of an event's details."""
    return whole_at(decoded(audit.asker.column(EVENTS, "details")), path)


def text_of(audit: Auditing, path: str) -> Element:
    """A text of an event's details."""
    return text_at(decoded(audit.asker.column(EVENTS, "details")), path)


def kind(audit: Auditing, *names: str) -> Element:
    """Whether an event is of one of these types."""
    return audit.asker.column(EVENTS, "event_type").in_(names)


def stepped(audit: Auditing, window: TickRange | None, *names: str) -> sa.Subquery:
    """Each state with `before_<name>` of the agent's state one tick earlier, NULL where none is."""
    ask = audit.asker
    tick, day, agent = (ask.column(STATES, n) for n in ("tick", "day", "agent_id"))
    wide = None if window is None else TickRange(window.first - 1, window.last)
    over: dict[str, Any] = {"partition_by": agent, "order_by": tick}
    earlier = sa.func.lag(tick).over(**over) == tick - 1
    columns = [ask.column(STATES, n).label(n) for n in names]
    before = [
        sa.case((earlier, sa.func.lag(ask.column(STATES, n)).over(**over))).label(f"before_{n}")
        for n in (*names, "day")
    ]
    rows = (
        sa.select(tick.label("tick"), day.label("day"), agent.label("agent"), *columns, *before)
        .where(of_run(audit, STATES, wide))
        .subquery("stepped")
    )
    return sa.select(rows).where(within(rows.c.tick, window)).subquery("states")


def whose(row: Mapping[str, Any]) -> str:
    """An agent at a tick, as a sentence begins."""
    return f"{row['agent']} at tick {row['tick']}"
