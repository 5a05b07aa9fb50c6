"""VMT audit rules between snapshots: what stocks changed by, against trades and foraging."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where, within
from telemetry.families.vmt.audit_trades import TRADES, moved
from telemetry.families.vmt.audit_words import (
    forage_rate,
    has_money,
    number,
    params,
    real,
    scale_of,
    signed,
)

SNAPSHOTS = "agent_snapshots"


def goods_explained(audit: Auditing) -> Judged:
    """ΔA and ΔB less trades: never negative, at most what can be foraged."""
    lacks = _lacks(audit)
    if lacks:
        return Judged(unjudged=lacks)
    rate = real(params(audit).get("forage_rate"))
    most = forage_rate(audit)

    def build(window: TickRange | None) -> sa.Select[Any]:
        rows = changes(audit, window)
        a, b = rows.c.change_A - rows.c.traded_A, rows.c.change_B - rows.c.traded_B
        broken = sa.or_(a < 0, b < 0)
        if most is not None:
            broken = sa.or_(broken, a + b > most * (rows.c.tick - rows.c.since))
        return sa.select(*rows.c, fault_where(broken).label("fault"))

    def tell(row: Mapping[str, Any]) -> str:
        parts = []
        for good in ("A", "B"):
            change, traded = row[f"change_{good}"], row[f"traded_{good}"]
            left, scale = change - traded, scale_of(audit, good)
            if left:
                parts.append(
                    f"{good} by {signed(change, scale)}, of which trades explain "
                    f"{signed(traded, scale)}"
                )
        limit = "" if rate is None else f"; at most {number(rate)} a tick can be foraged"
        return f"{_whose(row)} changed {' and '.join(parts)}{limit}."

    return judged(audit, "goods-explained", build, tell)


def money_explained(audit: Auditing) -> Judged:
    """ΔM less trades is 0."""
    lacks = _lacks(audit)
    if not lacks and not audit.asker.has(SNAPSHOTS, "inventory_M"):
        lacks = f"not recorded: {SNAPSHOTS}.inventory_M"
    if not lacks and not has_money(audit):
        lacks = "not recorded: inventory_M is 0 in every snapshot"
    if not lacks and not audit.asker.has(TRADES, "dM"):
        lacks = "not recorded: trades.dM"
    if not lacks and params(audit).get("earn_money_enabled") is True:
        lacks = "agents earn money in this run, and what they earn is not recorded"
    if lacks:
        return Judged(unjudged=lacks)

    def build(window: TickRange | None) -> sa.Select[Any]:
        rows = changes(audit, window)
        return sa.select(*rows.c, fault_where(rows.c.change_M != rows.c.traded_M).label("fault"))

    def tell(row: Mapping[str, Any]) -> str:
        return (
            f"{_whose(row)} changed M by {signed(row['change_M'])}, "
            f"of which trades explain {signed(row['traded_M'])}."
        )

    return judged(audit, "money-explained", build, tell)


def judged(
    audit: Auditing,
    rule: str,
    build: Callable[[TickRange | None], sa.Select[Any]],
    tell: Callable[[Mapping[str, Any]], str],
) -> Judged:
    """Snapshots as the one pass over them counted, or else as `build` selects them."""
    from telemetry.families.vmt.audit_pass import passed

    found = passed(audit)
    if found is None:
        return audit.rows(SNAPSHOTS, build, tell)
    return audit.told(SNAPSHOTS, build, tell, found.rules[rule])


def _lacks(audit: Auditing) -> str:
    lacks = audit.lacking(SNAPSHOTS, "tick", "inventory_A", "inventory_B")
    if not lacks and not audit.asker.has(TRADES, "tick", "dA", "dB"):
        lacks = f"not recorded: {TRADES}"
    return lacks


def _whose(row: Mapping[str, Any]) -> str:
    return f"Agent {row['agent']} from tick {row['since']} to {row['tick']}"


def changes(audit: Auditing, window: TickRange | None) -> sa.Subquery:
    """Each agent's change of stocks between consecutive snapshot ticks, beside its trades' sum.

    An agent that skipped a snapshot of the run has no row for that step.
    """
    steps = _steps(audit, window)
    net = _net_by_step(audit, window)
    nothing = sa.literal(None)
    # Put together and grouped, not joined: without an index a join would compare each with each.
    both = sa.union_all(
        sa.select(
            steps.c.key, steps.c.tick, steps.c.since, steps.c.agent,
            *(steps.c[f"change_{g}"] for g in "ABM"),
            *(sa.literal(0).label(f"traded_{g}") for g in "ABM"),
        ),
        sa.select(
            nothing.label("key"), net.c.tick, nothing.label("since"), net.c.agent,
            *(nothing.label(f"change_{g}") for g in "ABM"),
            *(net.c[g].label(f"traded_{g}") for g in "ABM"),
        ),
    ).subquery("both")  # fmt: skip
    once = ("key", "since", "change_A", "change_B", "change_M")
    return (
        sa.select(
            both.c.tick,
            both.c.agent,
            *(sa.func.max(both.c[name]).label(name) for name in once),
            *(sa.func.sum(both.c[f"traded_{g}"]).label(f"traded_{g}") for g in "ABM"),
        )
        .group_by(both.c.agent, both.c.tick)
        .having(sa.func.count(both.c.key) > 0)
        .subquery("changes")
    )


def _steps(audit: Auditing, window: TickRange | None) -> sa.Subquery:
    ask = audit.asker
    names = ("id", "tick", "agent_id", "inventory_A", "inventory_B", "inventory_M")
    key, tick, agent, a, b, m = (ask.column(SNAPSHOTS, n) for n in names)
    before = with_step_before(audit, window)
    place = tick if _every_tick(audit) else sa.func.dense_rank().over(order_by=tick)
    rows = (
        sa.select(
            key.label("key"), tick.label("tick"), agent.label("agent"), place.label("place"),
            a.label("A"), b.label("B"), sa.func.coalesce(m, 0).label("M"),
        )
        .where(ask.column(SNAPSHOTS, "run_id") == audit.run_id, within(tick, before))
        .subquery("taken")
    )  # fmt: skip
    lag = {
        name: sa.func.lag(rows.c[name]).over(partition_by=rows.c.agent, order_by=rows.c.tick)
        for name in ("tick", "place", "A", "B", "M")
    }
    steps = sa.select(
        rows.c.key, rows.c.tick, rows.c.agent,
        lag["tick"].label("since"), (rows.c.place - lag["place"]).label("apart"),
        *((rows.c[g] - lag[g]).label(f"change_{g}") for g in "ABM"),
    ).subquery("steps")  # fmt: skip
    return (
        sa.select(steps)
        .where(steps.c.apart == 1, within(steps.c.tick, window))
        .subquery("consecutive")
    )


def _every_tick(audit: Auditing) -> bool:
    """Whether no tick between the first and the last snapshot is without one: then a tick is
    its own place among them, which saves a sort of all rows."""

    def look() -> bool:
        tick = audit.asker.column(SNAPSHOTS, "tick")
        own = audit.asker.column(SNAPSHOTS, "run_id") == audit.run_id
        columns: list[Any] = [sa.func.count(sa.distinct(tick)), sa.func.min(tick)]
        columns.append(sa.func.max(tick))
        ((taken, first, last),) = audit.asker.rows(sa.select(*columns).where(own))
        return bool(taken == last - first + 1)

    from telemetry.families.vmt.audit_pass import passed

    known = passed(audit)
    if known is not None:
        return known.taken[-1] - known.taken[0] + 1 == len(known.taken)
    found: bool = audit.once("snapshots at every tick", look)
    return found


def with_step_before(audit: Auditing, window: TickRange | None) -> TickRange | None:
    """`window` from the snapshot before it, so that its first step is not lost."""
    if window is None:
        return None
    tick = audit.asker.column(SNAPSHOTS, "tick")
    own = audit.asker.column(SNAPSHOTS, "run_id") == audit.run_id
    found = audit.asker.rows(
        sa.select(tick).where(own, tick < window.first).order_by(tick.desc()).limit(1)
    )
    return TickRange(found[0][0] if found else window.first, window.last)


def _net_by_step(audit: Auditing, window: TickRange | None) -> sa.Subquery:
    """What trades brought each agent until the next snapshot tick of the run."""
    ask = audit.asker
    a, b, m = moved(audit)
    tick = ask.column(TRADES, "tick")
    wide = with_step_before(audit, window)
    own = (ask.column(TRADES, "run_id") == audit.run_id, within(tick, wide))
    pays_b = sa.case((m == 0, -b), else_=b)
    buying = sa.select(
        ask.column(TRADES, "buyer_id").label("agent"), tick.label("tick"),
        a.label("A"), pays_b.label("B"), (-m).label("M"),
    ).where(*own)  # fmt: skip
    selling = sa.select(
        ask.column(TRADES, "seller_id").label("agent"), tick.label("tick"),
        (-a).label("A"), (-pays_b).label("B"), m.label("M"),
    ).where(*own)  # fmt: skip
    moves = sa.union_all(buying, selling).subquery("moves")
    when = ask.column(SNAPSHOTS, "tick")
    upto = (
        sa.select(when)
        .where(ask.column(SNAPSHOTS, "run_id") == audit.run_id, when >= moves.c.tick)
        .order_by(when)
        .limit(1)
        .correlate(moves)
        .scalar_subquery()
    )
    return sa.select(moves.c.agent, upto.label("tick"), *(moves.c[g] for g in "ABM")).subquery(
        "net"
    )
