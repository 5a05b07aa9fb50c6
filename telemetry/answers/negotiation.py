"""Negotiations: all that was recorded of two agents at one tick."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.answers import tables
from telemetry.answers.values import whole
from telemetry.answers.where import one_of
from telemetry.concepts import Negotiation, TablePage, TickRange
from telemetry.errors import RequestError
from telemetry.frozen import replace
from telemetry.queries import NegotiationQuery, Sort, TableQuery, Where
from telemetry.reader import Reader

LARGEST = 1_000_000
"""More rows than two agents can have at one tick."""


def negotiation(reader: Reader, query: NegotiationQuery) -> Negotiation:
    """Attempts and trades between the two, and both sides' states before and at the tick."""
    attempts = _between(reader, query, "attempts")
    trades = _between(reader, query, "trades")
    states = _states(reader, query)
    explain = reader.layout.table_spec(attempts.table.name).explain
    names = [c.name for c in attempts.columns]
    verdicts = (
        tuple(explain(dict(zip(names, row, strict=True))) for row in attempts.rows)
        if explain is not None
        else ()
    )
    return Negotiation(query.tick, query.agents, attempts, trades, states, verdicts, attempts.notes)


def _between(reader: Reader, query: NegotiationQuery, role: str) -> TablePage:
    spec = next((t for t in reader.family.tables if t.role == role), None)
    if spec is None or len(spec.agents) < 2:
        raise RequestError(f"This family records no {role} between two agents.")
    where = Where((), TickRange(query.tick, query.tick), query.agents)
    sort = Sort(spec.key[0])
    page = tables.page(
        reader, TableQuery(query.run_id, spec.name, where=where, sort=sort, limit=LARGEST)
    )
    names = [column.name for column in page.columns]
    sides = [names.index(name) for name in spec.agents[:2]]
    both = [i for i, row in enumerate(page.rows) if all(row[s] in query.agents for s in sides)]
    return replace(
        page,
        rows=tuple(page.rows[i] for i in both),
        keys=tuple(page.keys[i] for i in both),
        next=None,
    )


def _states(reader: Reader, query: NegotiationQuery) -> TablePage:
    spec = next(t for t in reader.family.tables if t.role == "states")
    first = query.tick
    if reader.layout.there(spec.name):
        tick = reader.column(spec.name, str(spec.tick))
        earlier = reader.scalar(
            sa.select(tick)
            .where(
                reader.column(spec.name, str(spec.run)) == query.run_id,
                tick < query.tick,
                one_of(reader, spec, spec.agents[0], query.agents),
            )
            .order_by(tick.desc())
            .limit(1)
        )
        first = query.tick if whole(earlier) is None else int(earlier)
    where = Where((), TickRange(first, query.tick), query.agents)
    return tables.page(reader, TableQuery(query.run_id, spec.name, where=where, limit=1_000))
