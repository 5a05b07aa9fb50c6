"""What failed, counted by its reason: of families whose attempts have no gates in an order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import sqlalchemy as sa

from telemetry.answers import agents
from telemetry.answers.where import conditions
from telemetry.concepts import AgentId, Funnel, RunId
from telemetry.errors import NothingFoundError
from telemetry.families.vocabulary import ColumnSpec, TableSpec
from telemetry.queries import AgentsQuery, FunnelQuery, Where
from telemetry.reader import Reader

UNTOLD = "not recorded"
_BY = ("result", "kind", "agent", "buyer")
"""Roles of the columns that split the counts: how it ended, and whose it was."""
_WHO = ("agent", "buyer")


def funnel(reader: Reader, query: FunnelQuery) -> Funnel:
    """Attempts by result and agent, and by the reason for which they failed, the commonest first.

    NothingFoundError where the family records no attempts, or no reasons of them.
    """
    table = next((t for t in reader.family.tables if t.role == "attempts"), None)
    reason = None if table is None else _column(reader, table, "reason")
    if table is None or reason is None or not reader.layout.there(table.name):
        raise NothingFoundError(f"{reader.family.label} sources {FunnelQuery.LACKING}.")
    by = [c for role in _BY if (c := _column(reader, table, role)) is not None]
    if any(c.role == "agent" for c in by):
        by = [c for c in by if c.role != "buyer"]
    elements = [reader.layout.element(table, c).label(f"c{i}") for i, c in enumerate((*by, reason))]
    counted = (
        sa.select(*elements, sa.func.count())
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, Where(ticks=query.ticks)))
        .group_by(*(sa.text(str(i + 1)) for i in range(len(elements))))
    )
    good = {w.text for c in by for w in c.words if w.sense == "success"}
    names = _names(reader, query.run_id) if any(c.role in _WHO for c in by) else {}
    counts: dict[tuple[str, ...], Counter[str]] = {}
    reasons: Counter[str] = Counter()
    for *group, why, n in reader.rows(counted):
        told = tuple(_said(value, c, names) for value, c in zip(group, by, strict=True))
        ended = next((str(value) for value in group if str(value) in good), UNTOLD)
        gate = ended if why in (None, "") else str(why)
        counts.setdefault(told, Counter())[gate] += int(n)
        reasons[gate] += int(n)
    ordered = sorted(counts, key=lambda group: (-counts[group].total(), group))
    gates = tuple((why, why) for why, _ in sorted(reasons.items(), key=lambda r: (-r[1], r[0])))
    return Funnel(
        tuple("agent" if c.role == "agent" else c.label for c in by),
        gates,
        {group: counts[group] for group in ordered},
        table.label.lower(),
        what="reason",
    )


def _column(reader: Reader, table: TableSpec, role: str) -> ColumnSpec | None:
    found = next((c for c in table.columns if c.role == role), None)
    recorded = found is not None and reader.layout.recorded(table, found)
    return found if recorded else None


def _names(reader: Reader, run_id: RunId) -> dict[AgentId, str]:
    answer: Any = reader.family.answers.get(AgentsQuery, agents.agents)
    return {agent.agent_id: agent.label for agent in answer(reader, AgentsQuery(run_id))}


def _said(value: Any, column: ColumnSpec, names: dict[AgentId, str]) -> str:
    if value is None:
        return UNTOLD
    return names.get(value, str(value)) if column.role in _WHO else str(value)
