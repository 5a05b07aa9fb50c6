"""Which rows a question is about: run, ticks, agents and filters as one SQL condition."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import AgentId, RunId
from telemetry.errors import RequestError
from telemetry.families.vocabulary import ColumnSpec, TableSpec
from telemetry.filters import to_sql
from telemetry.queries import Where
from telemetry.reader import Reader
from telemetry.text import per_unit

_WHOLE = re.compile(r"-?[0-9]{1,18}")


def conditions(
    reader: Reader, table: TableSpec, run_id: RunId, where: Where
) -> list[sa.ColumnElement[bool]]:
    """The conditions for `where` in `table`; RequestError where it has no ticks or agents."""
    found: list[sa.ColumnElement[bool]] = []
    if table.run is not None:
        found.append(reader.column(table.name, table.run) == run_id)
    if table.only is not None:
        found.append(table.only(reader))
    if where.ticks is not None:
        found.append(_tick_column(reader, table).between(where.ticks.first, where.ticks.last))
    if where.agents is not None:
        found.append(_taking_part(reader, table, where.agents))
    if where.ticks is None and where.agents is None:
        found.extend(along_ticks(reader, table, *(item.column for item in where.filters)))
    for item in where.filters:
        spec = reader.layout.column_spec(table, item.column)
        element = reader.layout.number(table, spec)
        kind = reader.layout.describe_column(table, spec).kind
        scale = column_scale(reader, spec) * per_unit(spec.unit)
        found.append(to_sql(item.expr, element, kind, scale))
    return found


def at_most(reader: Reader, table: TableSpec, run_id: RunId, rows: int) -> bool:
    """Whether `table` has no more rows of the run; an index of runs tells it soon."""
    own = reader.column(table.name, str(table.run)) == run_id
    some = sa.select(sa.literal(1)).select_from(reader.layout.selectable(table.name)).where(own)
    return reader.one(some.offset(rows).limit(1)) is None


def along_ticks(reader: Reader, table: TableSpec, *filtered: str) -> list[sa.ColumnElement[bool]]:
    """`Reader.along_ticks`, unless one of the `filtered` columns has an index that is better."""
    shape, stored = reader.layout.shape, reader.layout.stored(table.name)
    indices = [index for index in shape.indices.get(stored, ()) if len(index) > 1]
    second = {index[1] for index in indices if index[0] == table.run}
    return [] if second.intersection(filtered) else reader.along_ticks(table.name)


def _taking_part(
    reader: Reader, table: TableSpec, agents: tuple[AgentId, ...]
) -> sa.ColumnElement[bool]:
    if table.taking_part is not None:
        return table.taking_part(reader, agents)
    if not table.agents:
        raise RequestError(f"{table.name} names no agents, so it cannot be limited to some.")
    return sa.or_(*(one_of(reader, table, name, agents) for name in table.agents))


def one_of(
    reader: Reader, table: TableSpec, name: str, agents: tuple[AgentId, ...]
) -> sa.ColumnElement[bool]:
    """Column `name` is one of `agents`; 7 is "7" where agents are called by text, and back."""
    column = reader.layout.column_spec(table, name)
    if reader.layout.describe_column(table, column).kind == "text":
        return reader.column(table.name, name).in_([str(a) for a in agents])
    numbers = [int(a) for a in agents if not isinstance(a, str) or _WHOLE.fullmatch(a)]
    texts = [a for a in agents if isinstance(a, str) and not _WHOLE.fullmatch(a)]
    stored = reader.column(table.name, name)
    if texts and reader.connection.dialect.name == "sqlite":  # which stores text in any column
        return sa.or_(stored.in_(numbers), sa.type_coerce(stored, sa.Text).in_(texts))
    return stored.in_(numbers)


def column_scale(reader: Reader, column: ColumnSpec) -> int:
    """What stored integers of `column` are divided by in this source."""
    return 1 if column.scale is None else reader.scale(column.scale)


def _tick_column(reader: Reader, table: TableSpec) -> sa.ColumnElement[Any]:
    if table.tick is None:
        raise RequestError(f"{table.name} has no ticks, so it cannot be limited to some.")
    return reader.column(table.name, table.tick)
