"""Agents: who has a state in a run, and from when to when."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.answers.values import agent_of, whole
from telemetry.concepts import Agent, AgentId, RunId
from telemetry.families.vocabulary import TableSpec
from telemetry.queries import AgentsQuery
from telemetry.reader import Reader

Element = sa.ColumnElement[Any]
A_STEP = 40.0
"""What an engine that plans by costs expects of four looks along an index, or more."""


def agents(reader: Reader, query: AgentsQuery) -> tuple[Agent, ...]:
    """Every agent that has a state in the run, with the first and last tick of its states."""
    table = _states(reader)
    if table is None:
        return ()
    if _hopping(reader, table, query.run_id):
        statement = _looked_up(reader, table, query.run_id)
    else:
        statement = _grouped(reader, table, query.run_id)
    found = [
        Agent(
            agent_id=agent_of(own),
            label=str(agent_of(own)),
            kind=None if kind is None else str(kind),
            first_tick=whole(first),
            last_tick=whole(last),
        )
        for own, kind, first, last in reader.rows(statement)
    ]
    return tuple(sorted(found, key=lambda agent: _rank(agent.agent_id)))


def agents_seen(reader: Reader, run_id: RunId) -> int | None:
    """How many agents have a state in the run; None where no states are recorded."""
    table = _states(reader)
    if table is None:
        return None
    if _hopping(reader, table, run_id):
        ids = _hops(reader, table, run_id)
        return len(reader.rows(sa.select(ids.c.id).where(ids.c.id.is_not(None))))
    own, of_run = _own(reader, table, run_id)
    return int(reader.scalar(sa.select(sa.func.count(own.distinct())).where(of_run)))


def _states(reader: Reader) -> TableSpec | None:
    table = next((t for t in reader.family.tables if t.role == "states"), None)
    return table if table is not None and reader.has(table.name, table.agents[0]) else None


def _own(reader: Reader, table: TableSpec, run_id: RunId) -> tuple[Element, sa.ColumnElement[bool]]:
    return (
        reader.column(table.name, table.agents[0]),
        reader.column(table.name, str(table.run)) == run_id,
    )


def _indexed(reader: Reader, table: TableSpec) -> bool:
    """Whether the database has an index that leads from run to agent."""
    wanted = (str(table.run), table.agents[0])
    indices = reader.layout.shape.indices.get(reader.layout.stored(table.name), ())
    return any(index[:2] == wanted for index in indices)


def _hopping(reader: Reader, table: TableSpec, run_id: RunId) -> bool:
    """Whether agents are sooner found one after the other than from all rows."""
    if _indexed(reader, table):
        return True
    own, of_run = _own(reader, table, run_id)
    smallest = sa.select(sa.func.min(own)).where(of_run)
    first, rows = (reader.engine_expects(s) for s in (smallest, _grouped(reader, table, run_id)))
    return first is not None and rows is not None and (first.cost + A_STEP) * rows.rows < rows.cost


def _hops(reader: Reader, table: TableSpec, run_id: RunId) -> sa.CTE:
    """Distinct agents by hopping along the index; its last row is NULL."""
    source = reader.layout.selectable(table.name)
    own, of_run = _own(reader, table, run_id)
    first = sa.select(sa.func.min(own).label("id")).select_from(source).where(of_run)
    hop = first.cte("hop", recursive=True)
    following = sa.select(sa.func.min(own)).select_from(source).where(of_run, own > hop.c.id)
    return hop.union_all(sa.select(following.scalar_subquery()).where(hop.c.id.is_not(None)))


def _looked_up(reader: Reader, table: TableSpec, run_id: RunId) -> sa.Select[Any]:
    """Agent, kind, first and last tick: each a step along the index."""
    ids = _hops(reader, table, run_id)
    own, of_run = _own(reader, table, run_id)
    tick = reader.column(table.name, str(table.tick))
    source = reader.layout.selectable(table.name)

    def one(element: Element, *order: Element) -> Element:
        rows = sa.select(element).select_from(source).where(of_run, own == ids.c.id)
        return rows.order_by(*order).limit(1).correlate(ids).scalar_subquery()

    return sa.select(
        ids.c.id,
        one(_kind(reader, table)).label("kind"),
        one(tick, tick).label("first"),
        one(tick, tick.desc()).label("last"),
    ).where(ids.c.id.is_not(None))


def _grouped(reader: Reader, table: TableSpec, run_id: RunId) -> sa.Select[Any]:
    own, of_run = _own(reader, table, run_id)
    tick = reader.column(table.name, str(table.tick))
    kind = sa.func.max(_kind(reader, table))
    return (
        sa.select(own.label("id"), kind, sa.func.min(tick), sa.func.max(tick))
        .select_from(reader.layout.selectable(table.name))
        .where(of_run, own.is_not(None))
        .group_by(own)
    )


def _kind(reader: Reader, table: TableSpec) -> Element:
    spec = next((c for c in table.columns if c.role == "agent_kind"), None)
    return sa.null() if spec is None else reader.layout.element(table, spec)


def _rank(agent: AgentId) -> tuple[int, Any]:
    """Numbers before texts, as databases order them."""
    return (1, agent) if isinstance(agent, str) else (0, agent)
