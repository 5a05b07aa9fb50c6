"""Scenes: agents, resources and trades on the grid at one tick."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import divisor, run_constant
from telemetry.answers.values import agent_of, floats, whole
from telemetry.answers.where import column_scale
from telemetry.concepts import AgentMark, ResourceMark, RunId, Scene, TradeMark
from telemetry.errors import RequestError
from telemetry.families.vocabulary import TableSpec
from telemetry.queries import SceneQuery
from telemetry.reader import Reader


def scene(reader: Reader, query: SceneQuery) -> Scene:
    """What lay where at `tick`; resources come from their latest snapshot at or before it."""
    notes: list[str] = []
    agents = _agents(reader, query, notes)
    resources, resource_tick = _resources(reader, query, notes)
    trades = _trades(reader, query)
    width, height = _grid(reader, query.run_id)
    xs = [*(a.x for a in agents), *(r.x for r in resources)]
    ys = [*(a.y for a in agents), *(r.y for r in resources)]
    if width is None or height is None:
        notes.append(
            "The grid's size is not recorded; the largest coordinates at this tick bound it."
        )
    found = Scene(
        tick=query.tick,
        width=int(max(xs, default=0)) + 1 if width is None else width,
        height=int(max(ys, default=0)) + 1 if height is None else height,
        agents=agents,
        resources=resources,
        resource_tick=resource_tick,
        trades=trades,
        notes=tuple(notes),
    )
    _ = found.together, found.places  # worked out here, so that whoever draws finds them
    return found


def _role(reader: Reader, role: str) -> TableSpec | None:
    found = next((t for t in reader.family.tables if t.role == role), None)
    return found if found is not None and reader.layout.there(found.name) else None


def _at(reader: Reader, table: TableSpec, run_id: RunId, tick: Any, *roles: str) -> list[Any]:
    """Rows of the tick with the columns that play `roles`, NULL for those that are absent."""
    elements: list[sa.ColumnElement[Any]] = []
    for role in roles:
        spec = next((c for c in table.columns if c.role == role), None)
        elements.append(sa.null() if spec is None else reader.layout.element(table, spec))
    keys = [reader.column(table.name, k) for k in table.key if reader.has(table.name, k)]
    statement = (
        sa.select(*(e.label(f"c{i}") for i, e in enumerate(elements)))
        .select_from(reader.layout.selectable(table.name))
        .where(
            reader.column(table.name, str(table.run)) == run_id,
            reader.column(table.name, str(table.tick)) == tick,
        )
        .order_by(*keys[:1])
    )
    return reader.rows(statement)


def _agents(reader: Reader, query: SceneQuery, notes: list[str]) -> tuple[AgentMark, ...]:
    table = _role(reader, "states")
    if table is None:
        notes.append("Agents' states are not recorded in this database.")
        return ()
    roles = ("agent", "x", "y", "target_x", "target_y")
    rows = _at(reader, table, query.run_id, query.tick, *roles)
    values = _values(reader, query, notes)
    found = []
    for agent, x, y, target_x, target_y in rows:
        if agent is None or not _numbers(x, y):
            continue
        aims = _numbers(target_x, target_y)
        found.append(
            AgentMark(
                agent_id=agent_of(agent),
                x=float(x),
                y=float(y),
                target_x=float(target_x) if aims else None,
                target_y=float(target_y) if aims else None,
                value=values.get(agent, np.nan),
            )
        )
    return tuple(found)


def _values(reader: Reader, query: SceneQuery, notes: list[str]) -> dict[Any, float]:
    if query.measure is None:
        return {}
    spec = reader.family.measure(query.measure)
    if spec is None:
        raise RequestError(f"There is no measure {query.measure!r} in this family.")
    table = reader.layout.table_spec(spec.table)
    column = reader.layout.column_spec(table, spec.column)
    if not reader.layout.recorded(table, column):
        notes.append(f"{spec.label} is not recorded in this database.")
        return {}
    agent = reader.column(spec.table, spec.agent)
    rows = reader.rows(
        sa.select(agent, reader.layout.element(table, column).label("value"))
        .select_from(reader.layout.selectable(spec.table))
        .where(
            reader.column(spec.table, str(table.run)) == query.run_id,
            reader.column(spec.table, spec.tick) == query.tick,
        )
    )
    values, _ = floats((r[1] for r in rows), divisor(reader, spec, query.run_id))
    found = {row[0]: float(v) for row, v in zip(rows, values, strict=True)}
    if found and np.isnan(values).all():
        constant = run_constant(reader, spec, query.run_id)
        if constant is None:
            notes.append(f"{spec.label} is not recorded at tick {query.tick}.")
        else:
            notes.append(
                f"{spec.label} is not recorded; the configuration fixes it at {constant:g}."
            )
    return found


def _resources(
    reader: Reader, query: SceneQuery, notes: list[str]
) -> tuple[tuple[ResourceMark, ...], int | None]:
    table = _role(reader, "resources")
    if table is None:
        notes.append("Resources are not recorded in this database.")
        return (), None
    tick = reader.column(table.name, str(table.tick))
    latest = reader.scalar(
        sa.select(tick)
        .where(reader.column(table.name, str(table.run)) == query.run_id, tick <= query.tick)
        .order_by(tick.desc())
        .limit(1)
    )
    resource_tick = whole(latest)
    if resource_tick is None:
        return (), None
    amount = next((c for c in table.columns if c.role == "amount"), None)
    scale = 1 if amount is None else column_scale(reader, amount)
    rows = _at(reader, table, query.run_id, latest, "x", "y", "kind", "amount")
    marks = tuple(
        ResourceMark(float(x), float(y), "" if kind is None else str(kind), float(n) / scale)
        for x, y, kind, n in rows
        if _numbers(x, y, n)
    )
    return marks, resource_tick


def _trades(reader: Reader, query: SceneQuery) -> tuple[TradeMark, ...]:
    table = _role(reader, "trades")
    if table is None:
        return ()
    rows = _at(reader, table, query.run_id, query.tick, "key", "buyer", "seller", "x", "y", "pair")
    return tuple(
        TradeMark(
            key,
            agent_of(buyer),
            agent_of(seller),
            float(x) if _numbers(x) else None,
            float(y) if _numbers(y) else None,
            "" if pair is None else str(pair),
        )
        for key, buyer, seller, x, y, pair in rows
        if buyer is not None and seller is not None
    )


def _grid(reader: Reader, run_id: RunId) -> tuple[int | None, int | None]:
    spec = reader.family.runs
    if spec.grid is None:
        return None, None
    row = reader.one(
        sa.select(*(reader.column(spec.table, g).label(g) for g in spec.grid))
        .select_from(reader.layout.selectable(spec.table))
        .where(reader.column(spec.table, spec.id) == run_id)
    ) or (None, None)
    width, height = (v if isinstance(v, int) and 0 < v < 1_000_000 else None for v in row)
    return width, height


def _numbers(*values: Any) -> bool:
    return all(isinstance(v, int | float) and np.isfinite(v) for v in values)
