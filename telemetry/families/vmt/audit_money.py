"""VMT audit rules about λ: its bounds, its log, and which estimate binds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where, within
from telemetry.families.vmt.audit_flows import judged, with_step_before
from telemetry.families.vmt.audit_words import EPSILON, any_row, number, params, real

SNAPSHOTS, UPDATES = "agent_snapshots", "lambda_updates"


def _no_lambda(audit: Auditing) -> str:
    lacks = audit.lacking(SNAPSHOTS, "lambda_money")
    if lacks:
        return lacks
    there = audit.asker.column(SNAPSHOTS, "lambda_money").is_not(None)
    return "" if any_row(audit, SNAPSHOTS, there) else "not recorded: lambda_money is null"


def lambda_bounds(audit: Auditing) -> Judged:
    """λ of each snapshot against the configured bounds."""
    lacks = _no_lambda(audit)
    bounds = params(audit).get("lambda_bounds")
    bounds = bounds if isinstance(bounds, dict) else {}
    low, high = real(bounds.get("lambda_min")), real(bounds.get("lambda_max"))
    if not lacks and (low is None or high is None):
        lacks = "not recorded: lambda_bounds in config_json"
    if lacks or low is None or high is None:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        names = ("id", "tick", "agent_id", "lambda_money", "run_id")
        key, tick, agent, value, run = (audit.asker.column(SNAPSHOTS, n) for n in names)
        broken = sa.or_(value < low * (1 - EPSILON), value > high * (1 + EPSILON))
        return sa.select(
            key.label("key"), tick.label("tick"), agent.label("agent"), value.label("value"),
            fault_where(broken).label("fault"),
        ).where(run == audit.run_id, within(tick, window))  # fmt: skip

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"λ of agent {row['agent']} is {number(row['value'])} at tick {row['tick']}, "
            f"outside {number(low)} to {number(high)}."
        )

    return judged(audit, "lambda-bounds", build, tell)


def lambda_logged(audit: Auditing) -> Judged:
    """Changes of λ between snapshots against lambda_updates."""
    mode = str(audit.fields.get("money_mode") or params(audit).get("money_mode") or "unknown")
    lacks = _no_lambda(audit)
    if not lacks and mode != "kkt_lambda":
        lacks = f"money_mode is {mode}: updates are logged for kkt_lambda alone"
    lacks = lacks or audit.lacking(UPDATES, "lambda_new")
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        rows = _changes(audit, window)
        logged = _last_update(audit, rows)
        slack = EPSILON * sa.func.abs(rows.c.value)
        broken = sa.or_(logged.is_(None), sa.func.abs(logged - rows.c.value) > slack)
        return sa.select(rows, logged.label("logged"), fault_where(broken).label("fault"))

    def tell(row: Mapping[str, Any]) -> str:
        logged = "logs nothing" if row["logged"] is None else f"ends at {number(row['logged'])}"
        return (
            f"λ of agent {row['agent']} went from {number(row['before'])} at tick {row['since']} "
            f"to {number(row['value'])} at tick {row['tick']}; lambda_updates {logged}."
        )

    return audit.rows(SNAPSHOTS, build, tell)


def _changes(audit: Auditing, window: TickRange | None) -> sa.Subquery:
    """Snapshots whose λ differs from the agent's snapshot before."""
    names = ("id", "tick", "agent_id", "lambda_money", "run_id")
    key, tick, agent, value, run = (audit.asker.column(SNAPSHOTS, n) for n in names)
    wide = with_step_before(audit, window)
    over: dict[str, Any] = {"partition_by": agent, "order_by": tick}
    rows = (
        sa.select(
            key.label("key"), tick.label("tick"), agent.label("agent"), value.label("value"),
            sa.func.lag(tick).over(**over).label("since"),
            sa.func.lag(value).over(**over).label("before"),
        )
        .where(run == audit.run_id, within(tick, wide))
        .subquery("values_of_lambda")
    )  # fmt: skip
    apart = sa.func.abs(rows.c.value - rows.c.before)
    steps = (rows.c.tick - rows.c.since) * 2 * EPSILON
    return sa.select(rows).where(apart > steps, within(rows.c.tick, window)).subquery("changed")


def _last_update(audit: Auditing, rows: sa.Subquery) -> sa.ColumnElement[Any]:
    names = ("run_id", "agent_id", "tick", "lambda_new", "id")
    run, agent, tick, new, key = (audit.asker.column(UPDATES, n) for n in names)
    return (
        sa.select(new)
        .where(
            run == audit.run_id,
            agent == rows.c.agent,
            tick > rows.c.since,
            tick <= rows.c.tick,
        )
        .order_by(tick.desc(), key.desc())
        .limit(1)
        .correlate(rows)
        .scalar_subquery()
    )


def lambda_estimate(audit: Auditing) -> Judged:
    """λ̂ = min(λ̂_A, λ̂_B) in each update."""
    lacks = audit.lacking(UPDATES, "lambda_hat", "lambda_hat_A", "lambda_hat_B")
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        names = ("id", "tick", "agent_id", "lambda_hat", "lambda_hat_A", "lambda_hat_B", "run_id")
        key, tick, agent, hat, a, b, run = (audit.asker.column(UPDATES, n) for n in names)
        least = sa.case((a < b, a), else_=b)
        broken = sa.func.abs(hat - least) > EPSILON * sa.func.abs(least)
        return sa.select(
            key.label("key"), tick.label("tick"), agent.label("agent"),
            hat.label("hat"), a.label("a"), b.label("b"), fault_where(broken).label("fault"),
        ).where(run == audit.run_id, within(tick, window))  # fmt: skip

    def tell(row: Mapping[str, Any]) -> str:
        hat, a, b = (number(row[n]) for n in ("hat", "a", "b"))
        return (
            f"λ̂ of agent {row['agent']} at tick {row['tick']} is {hat}, "
            f"but its estimates are {a} from A and {b} from B."
        )

    return audit.rows(UPDATES, build, tell)
