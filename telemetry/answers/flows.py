"""Flows: who gave how much of a good to whom, and who passed on what he had taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import own_divisor
from telemetry.answers.offered import good_of
from telemetry.answers.passing_columns import moved
from telemetry.answers.values import agent_of, floats, scaled
from telemetry.answers.where import column_scale, conditions
from telemetry.concepts import (
    AgentId,
    FlowLeg,
    Flows,
    Good,
    Intermediaries,
    Passing,
    RunId,
    TickRange,
)
from telemetry.engines.lines import ByValuesError
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.vocabulary import FlowSpec, TableSpec
from telemetry.filters import Filter
from telemetry.queries import FlowsQuery, IntermediariesQuery, Where
from telemetry.reader import Reader
from telemetry.text import per_unit


def _asked(reader: Reader, name: str) -> tuple[FlowSpec, Good]:
    """The good of that name; NothingFoundError where the family has none, or it is not recorded."""
    spec = next((s for s in reader.family.flows if s.name == name), None)
    if spec is None:
        known = ", ".join(s.name for s in reader.family.flows)
        if not known:
            raise NothingFoundError(f"{reader.family.label} sources {FlowsQuery.LACKING}.")
        raise RequestError(f"There is no good {name!r}; what changes hands here is {known}.")
    good = good_of(reader.layout, spec)
    if not good.recorded:
        raise NothingFoundError(good.reason)
    return spec, good


def flows(reader: Reader, query: FlowsQuery) -> Flows:
    """Amounts and rows by giver and taker, added up in the database."""
    spec, good = _asked(reader, query.good)
    edges: list[tuple[AgentId, AgentId, Any, int, int]] = []
    nobody = 0
    for i, leg in enumerate(spec.legs):
        reader.token.check()
        scale = _scale(reader, spec, leg, query.run_id)
        for giver, taker, count, amount in reader.rows(_edges(reader, spec, leg, query)):
            if giver is None or taker is None:
                nobody += int(count)
                continue
            quantity = None if amount is None else scaled(amount, scale)
            edges.append((agent_of(giver), agent_of(taker), quantity, int(count), i))
    everybody: set[AgentId] = {a for edge in edges for a in edge[:2]}
    agents = sorted(everybody, key=_order)
    place = {agent: i for i, agent in enumerate(agents)}
    notes = (f"{nobody} rows of {spec.table} name no giver or no taker.",) if nobody else ()
    columns = [np.array(c, np.int64) for c in (
        [place[e[0]] for e in edges], [place[e[1]] for e in edges], [e[3] for e in edges],
        [e[4] for e in edges])]  # fmt: skip
    return Flows(
        good, query.ticks, tuple(agents), columns[0], columns[1], tuple(e[2] for e in edges),
        columns[2], columns[3], notes,
    )  # fmt: skip


def _order(agent: AgentId) -> tuple[bool, int, str]:
    """Numbers ascending, then others by their texts."""
    return (False, agent, "") if isinstance(agent, int) else (True, 0, agent)


def _scale(reader: Reader, spec: FlowSpec, leg: FlowLeg, run_id: RunId) -> int:
    """What amounts are divided by: the source's scale, cents, and the run's own divisor."""
    table = reader.layout.table_spec(spec.table)
    column = reader.layout.column_spec(table, leg.amount)
    scale = column_scale(reader, column) * per_unit(column.unit)
    return scale * own_divisor(reader, spec.divisor, run_id)


def _parts(
    reader: Reader, spec: FlowSpec, leg: FlowLeg, run_id: RunId, ticks: TickRange | None
) -> tuple[TableSpec, list[Any], list[sa.ColumnElement[bool]]]:
    """The table, (giver, taker, amount, tick) of a leg, and the conditions that its rows fulfil."""
    table = reader.layout.table_spec(spec.table)
    filters = tuple(Filter.parse(name, expression) for name, expression in leg.only)
    own_tick = spec.tick is None or spec.tick == table.tick
    where = conditions(reader, table, run_id, Where(filters, ticks if own_tick else None))
    elements = [
        reader.layout.element(table, reader.layout.column_spec(table, leg.giver)),
        reader.layout.element(table, reader.layout.column_spec(table, leg.taker)),
        reader.layout.number(table, reader.layout.column_spec(table, leg.amount)),
        reader.column(table.name, spec.tick or str(table.tick)),
    ]
    if not own_tick and ticks is not None:
        where.append(elements[3].between(ticks.first, ticks.last))
    return table, elements, where


def _edges(reader: Reader, spec: FlowSpec, leg: FlowLeg, query: FlowsQuery) -> sa.Select[Any]:
    table, (giver, taker, amount, _), where = _parts(reader, spec, leg, query.run_id, query.ticks)
    return (
        sa.select(giver.label("giver"), taker.label("taker"), sa.func.count(),
                  sa.func.sum(amount))
        .select_from(reader.layout.selectable(table.name))
        .where(*where)
        .group_by(sa.text("1"), sa.text("2"))
    )  # fmt: skip


def edges_statement(reader: Reader, query: FlowsQuery) -> tuple[sa.Select[Any], dict[str, int]]:
    """All legs as one statement, the largest amounts first, and what amounts are divided by."""
    spec, good = _asked(reader, query.good)
    scales = [_scale(reader, spec, leg, query.run_id) for leg in spec.legs]
    alike = len(set(scales)) == 1
    parts = [_edges(reader, spec, leg, query).subquery(f"leg_{i + 1}")
             for i, leg in enumerate(spec.legs)]  # fmt: skip
    found = sa.union_all(*(
        sa.select(
            part.c[0].label("giver"), part.c[1].label("taker"),
            (part.c[3] if alike else part.c[3] / float(scale)).label("quantity"),
            part.c[2].label("rows"),
        ).where(part.c[0].is_not(None), part.c[1].is_not(None))
        for part, scale in zip(parts, scales, strict=True)
    )).subquery("edges")  # fmt: skip
    select = sa.select(
        sa.literal(good.name).label("good"), found.c.giver, found.c.taker, found.c.quantity,
        sa.literal(good.unit).label("unit"), found.c.rows,
    ).order_by(sa.func.coalesce(found.c.quantity, 0).desc(), found.c.rows.desc())  # fmt: skip
    return select, {"quantity": scales[0]} if alike and scales[0] != 1 else {}


def intermediaries(reader: Reader, query: IntermediariesQuery) -> Intermediaries:
    """What each agent took, gave and passed on, in the order of ticks and then of rows.

    What agents give to themselves is left out.
    """
    spec, good = _asked(reader, query.good)
    scale = {_scale(reader, spec, leg, query.run_id) for leg in spec.legs}
    by = max(scale, default=1)
    found = []
    for agent, taken, given, lowest, rows in _held(reader, spec, query):
        if agent is None:
            continue
        amounts, _ = floats([taken, given, lowest], by)
        taken, given, lowest = amounts.tolist()
        passed = given + min(0.0, lowest)
        found.append(Passing(agent_of(agent), taken, given, max(0.0, passed), int(rows)))
    found.sort(key=lambda p: (-p.passed, -p.given, str(p.agent_id)))
    return Intermediaries(good, query.ticks, tuple(found))


def _held(reader: Reader, spec: FlowSpec, query: IntermediariesQuery) -> Iterable[tuple[Any, ...]]:
    """(agent, taken, given, least held, rows) of each agent."""
    table = reader.layout.table_spec(spec.table)

    def legs(ticks: TickRange | None) -> list[sa.Select[Any]]:
        return [_rows(reader, spec, leg, query.run_id, ticks) for leg in spec.legs]

    try:
        if spec.tick not in (None, table.tick):
            raise ByValuesError
        return moved(reader, table, query.run_id, query.ticks, legs)
    except ByValuesError:
        halves = (half for leg in legs(query.ticks) for half in _halves(leg))
    moves = sa.union_all(*halves).subquery("moves")
    order = [c for c in moves.c if c.name not in ("agent", "amount")]
    running = sa.func.sum(moves.c.amount).over(
        partition_by=moves.c.agent, order_by=order, rows=(None, 0)
    )
    told = sa.select(moves.c.agent, moves.c.amount, running.label("held")).subquery("told")
    statement = sa.select(
        told.c.agent,
        sa.func.sum(sa.case((told.c.amount > 0, told.c.amount), else_=0)),
        sa.func.sum(sa.case((told.c.amount < 0, -told.c.amount), else_=0)),
        sa.func.min(told.c.held),
        sa.func.count(),
    ).group_by(told.c.agent)
    return reader.rows(statement)


def _rows(
    reader: Reader, spec: FlowSpec, leg: FlowLeg, run_id: RunId, ticks: TickRange | None
) -> sa.Select[Any]:
    """Giver, taker, amount and tick of each row, and its key."""
    table, (giver, taker, amount, tick), where = _parts(reader, spec, leg, run_id, ticks)
    own = (*table.order, *table.key)
    keys = [reader.column(table.name, n) for n in own if reader.has(table.name, n)]
    return (
        sa.select(giver, taker, amount, tick, *keys)
        .select_from(reader.layout.selectable(table.name))
        .where(*where, giver != taker, amount.is_not(None))
    )


def _halves(leg: sa.Select[Any]) -> Iterator[sa.Select[Any]]:
    """Every row twice: what came to its taker, and what went from its giver."""
    giver, taker, amount, tick, *keys = leg.selected_columns
    named = [tick.label("tick"), *(key.label(f"k{i}") for i, key in enumerate(keys))]
    for agent, signed in ((taker, amount), (giver, -amount)):
        yield leg.with_only_columns(agent.label("agent"), signed.label("amount"), *named)
