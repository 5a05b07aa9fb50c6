"""VMT audit rules over rows as such: stocks, states, complete snapshots, the run row."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Fault, TickRange
from telemetry.families.auditing import Auditing, Judged, fault_where, within
from telemetry.families.vmt.audit_flows import judged
from telemetry.families.vmt.audit_words import number, scale_of

_PAIRS_OF = {
    "barter_only": {"A<->B"},
    "money_only": {"A<->M", "B<->M"},
    "mixed": {"A<->B", "A<->M", "B<->M"},
    "mixed_liquidity_gated": {"A<->B", "A<->M", "B<->M"},
}
SNAPSHOTS = "agent_snapshots"


def no_negative_stock(audit: Auditing) -> Judged:
    """Each snapshot's stocks."""
    lacks = audit.lacking(SNAPSHOTS, "inventory_A", "inventory_B")
    if lacks:
        return Judged(unjudged=lacks)
    goods = ("A", "B", "M") if audit.asker.has(SNAPSHOTS, "inventory_M") else ("A", "B")

    def build(window: TickRange | None) -> sa.Select[Any]:
        at = {n: audit.asker.column(SNAPSHOTS, n) for n in ("id", "tick", "agent_id", "run_id")}
        stocks = {g: audit.asker.column(SNAPSHOTS, f"inventory_{g}") for g in goods}
        broken = sa.or_(*(sa.func.coalesce(s, 0) < 0 for s in stocks.values()))
        return sa.select(
            at["id"].label("key"),
            at["tick"].label("tick"),
            at["agent_id"].label("agent"),
            fault_where(broken).label("fault"),
            *(s.label(g) for g, s in stocks.items()),
        ).where(at["run_id"] == audit.run_id, within(at["tick"], window))

    def tell(row: Mapping[str, Any]) -> str:
        held = (f"{number(row[g], scale_of(audit, g))} {g}" for g in goods if (row[g] or 0) < 0)
        return f"Agent {row['agent']} holds {' and '.join(held)} at tick {row['tick']}."

    return judged(audit, "no-negative-stock", build, tell)


def one_state_per_tick(audit: Auditing) -> Judged:
    """Ticks of the run without a state, and with more than one."""
    lacks = audit.lacking("tick_states", "tick")
    if lacks or audit.ticks is None:
        return Judged(unjudged=lacks or "not recorded: no tick")
    tick = audit.asker.column("tick_states", "tick")
    rows = audit.asker.rows(
        sa.select(tick, sa.func.count())
        .where(audit.asker.column("tick_states", "run_id") == audit.run_id)
        .group_by(tick)
        .order_by(tick)
    )
    begin, end = audit.ticks.first, audit.ticks.last
    found = {t: int(n) for t, n in rows if isinstance(t, int) and begin <= t <= end}
    twice = [t for t, n in found.items() if n > 1]
    missing = (t for t in range(begin, end + 1) if t not in found)
    some = [*islice(missing, audit.first), *twice[: audit.first]]
    first = tuple(Fault(_states(t, found.get(t, 0)), t) for t in sorted(some)[: audit.first])
    due = end - begin + 1
    return Judged(due, due - len(found) + len(twice), first)


def _states(tick: int, rows: int) -> str:
    return f"Tick {tick} has {rows or 'no'} rows in tick_states instead of one."


def snapshots_complete(audit: Auditing) -> Judged:
    """Agents that lack a snapshot between their first and last one, or have one twice."""
    lacks = audit.lacking(SNAPSHOTS, "tick", "agent_id")
    if lacks:
        return Judged(unjudged=lacks)
    ask = audit.asker
    run, tick, agent = (ask.column(SNAPSHOTS, n) for n in ("run_id", "tick", "agent_id"))
    of_run = run == audit.run_id
    taken, counts = _presence(audit)
    checked = faults = 0
    first: list[Fault] = []
    for who, begin, end, rows, distinct in counts:
        due = end - begin + 1
        checked += due
        faults += (due - distinct) + (rows - distinct)
        if (distinct < due or rows > distinct) and len(first) < audit.first:
            own = ask.rows(sa.select(tick).where(of_run, agent == who).order_by(tick))
            first += _gaps(who, taken[begin : end + 1], [t for (t,) in own])
    return Judged(checked, faults, tuple(sorted(first, key=_when)[: audit.first]))


def _presence(audit: Auditing) -> tuple[list[int], list[tuple[Any, int, int, int, int]]]:
    """The snapshot ticks; and by agent the places of its first and last one among them, its
    snapshots, and their ticks."""
    from telemetry.families.vmt.audit_pass import passed

    known = passed(audit)
    if known is not None:
        spans = sorted(known.spans.items())
        return known.taken, [(who, *span, span[-1]) for who, span in spans]
    run, tick, agent = (audit.asker.column(SNAPSHOTS, n) for n in ("run_id", "tick", "agent_id"))
    own = run == audit.run_id
    when = sa.select(tick).where(own).distinct().order_by(tick)
    taken = [t for (t,) in audit.asker.rows(when)]
    place = {t: n for n, t in enumerate(taken)}
    ends = sa.func.min(tick), sa.func.max(tick)
    counts = audit.asker.rows(
        sa.select(agent, *ends, sa.func.count(), sa.func.count(sa.distinct(tick)))
        .where(own)
        .group_by(agent)
        .order_by(agent)
    )
    return taken, [(who, place[begin], place[end], *n) for who, begin, end, *n in counts]


def _when(fault: Fault) -> int:
    return -1 if fault.tick is None else fault.tick


def _gaps(agent: Any, due: list[int], own: list[int]) -> list[Fault]:
    seen = set(own)
    missing = [
        Fault(f"Agent {agent} has no snapshot at tick {t}.", t, (agent,))
        for t in due
        if t not in seen
    ]
    twice = [
        Fault(f"Agent {agent} has more than one snapshot at tick {t}.", t, (agent,))
        for t, before in zip(own[1:], own, strict=False)
        if t == before
    ]
    return missing + twice


def run_row_agrees(audit: Auditing) -> Judged:
    """The run row's regime, ticks and agents against what the rows say."""
    told = [t for t in (_regime(audit), _ticks(audit), _agents(audit)) if t is not None]
    if not told:
        return Judged(unjudged="not recorded: no regime, ticks or agents in the run row to compare")
    faults = tuple(Fault(sentence) for sentence in told if sentence)
    return Judged(len(told), len(faults), faults[: audit.first])


def _regime(audit: Auditing) -> str | None:
    """None: not comparable; "": agrees."""
    stored = audit.fields.get("exchange_regime")
    if not isinstance(stored, str) or audit.lacking("tick_states", "exchange_regime"):
        return None
    regime = audit.asker.column("tick_states", "exchange_regime")
    own = audit.asker.column("tick_states", "run_id") == audit.run_id
    seen = {str(r) for (r,) in audit.asker.rows(sa.select(regime).where(own).distinct())}
    allowed: set[str] = set().union(*(_PAIRS_OF.get(r, {r}) for r in seen))
    if seen == {stored} or (len(seen) > 1 and allowed <= _PAIRS_OF.get(stored, set())):
        return ""
    return f"The run row says regime {stored}, tick_states say {', '.join(sorted(seen))}."


def _ticks(audit: Auditing) -> str | None:
    total = audit.fields.get("total_ticks")
    if not isinstance(total, int) or audit.ticks is None:
        return None
    seen = audit.ticks.last - audit.ticks.first + 1
    return "" if seen == total else f"The run row counts {total} ticks, its rows cover {seen}."


def _agents(audit: Auditing) -> str | None:
    named = audit.fields.get("num_agents")
    if not isinstance(named, int) or audit.lacking(SNAPSHOTS, "agent_id"):
        return None
    agent = audit.asker.column(SNAPSHOTS, "agent_id")
    own = audit.asker.column(SNAPSHOTS, "run_id") == audit.run_id
    ((seen,),) = audit.asker.rows(sa.select(sa.func.count(sa.distinct(agent))).where(own))
    return "" if seen == named else f"The run row counts {named} agents, snapshots name {seen}."
