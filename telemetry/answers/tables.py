"""Pages and streams of a table's rows: exactly what was asked, in a stable order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from telemetry.answers.values import decimal_cell, scaled
from telemetry.answers.where import column_scale, conditions
from telemetry.concepts import Cell, Column, PageKey, TablePage
from telemetry.families.vocabulary import ColumnSpec, TableSpec
from telemetry.queries import ColumnsQuery, CountQuery, Sort, TableQuery
from telemetry.reader import Layout, Reader


@dataclass(frozen=True)
class _Plan:
    """A table query made into a statement: columns first, then sort value, then row key."""

    table: TableSpec
    specs: tuple[ColumnSpec, ...]
    columns: tuple[Column, ...]
    scales: tuple[int, ...]
    decimals: tuple[bool, ...]
    sort: sa.ColumnElement[Any] | None
    keys: tuple[sa.ColumnElement[Any], ...]
    descending: bool
    statement: sa.Select[Any]
    explicit: bool
    """Whether the order says where NULL goes; SQLite puts it first by itself."""

    def row(self, raw: tuple[Any, ...]) -> tuple[Cell, ...]:
        cells = zip(raw, self.scales, self.decimals, strict=False)
        return tuple(decimal_cell(v) if d else scaled(v, s) for v, s, d in cells)

    def order(self) -> list[sa.ColumnElement[Any]]:
        columns = [c for c in (self.sort, *self.keys) if c is not None]
        if self.explicit and self.descending:
            return [c.desc().nulls_last() for c in columns]
        if self.explicit:
            return [c.asc().nulls_first() for c in columns]
        return [c.desc() if self.descending else c.asc() for c in columns]


def page(reader: Reader, query: TableQuery) -> TablePage:
    """At most `limit` rows after `after` (or from `offset`); none of a table that is lacking."""
    spec = reader.layout.table_spec(query.table)
    described = reader.layout.describe(spec)
    columns = stream_columns(reader.layout, query)
    if not described.recorded:
        return TablePage(described, columns, (), (), None, (absent(spec),))
    plan = _plan(reader, query)
    statement = plan.statement.order_by(*plan.order()).limit(query.limit + 1)
    if query.after is not None:
        statement = statement.where(_after(plan, query.after))
    elif query.offset:
        statement = statement.offset(query.offset)
    raw = reader.rows(statement)
    more = len(raw) > query.limit
    raw = raw[: query.limit]
    width = len(plan.columns)
    keys = tuple(_key(r[-len(plan.table.key) :]) for r in raw)
    following = PageKey(tuple(raw[-1][width:])) if more and raw else None
    return TablePage(
        described, plan.columns, tuple(plan.row(r[:width]) for r in raw), keys, following
    )


def stream(reader: Reader, query: TableQuery) -> Iterator[tuple[tuple[Cell, ...], ...]]:
    """All matching rows in order, a chunk at a time, in constant memory; `limit` is ignored."""
    spec = reader.layout.table_spec(query.table)
    if not reader.layout.there(spec.name):
        return
    plan = _plan(reader, query)
    width = len(plan.columns)
    embedded = reader.connection.dialect.name == "sqlite"  # whose values are cells already
    plain = embedded and all(s == 1 for s in plan.scales)
    done = 0
    for chunk in reader.chunks(plan.statement.order_by(*plan.order())):
        yield tuple(r[:width] if plain else plan.row(r[:width]) for r in chunk)
        done += len(chunk)
        reader.token.report(done)


def stream_columns(layout: Layout, query: TableQuery) -> tuple[Column, ...]:
    """The columns of the query's answer, in order."""
    spec = layout.table_spec(query.table)
    return tuple(layout.describe_column(spec, c) for c in _chosen(layout, spec, query))


def count(reader: Reader, query: CountQuery) -> int:
    """How many rows match."""
    spec = reader.layout.table_spec(query.table)
    if not reader.layout.there(spec.name):
        return 0
    statement = (
        sa.select(sa.func.count())
        .select_from(reader.layout.selectable(spec.name))
        .where(*conditions(reader, spec, query.run_id, query.where))
    )
    return int(reader.scalar(statement))


def columns(reader: Reader, query: ColumnsQuery) -> tuple[Column, ...]:
    """The table's columns; an optional one counts as recorded where some row of the run uses it."""
    from dataclasses import replace

    spec = reader.layout.table_spec(query.table)
    found = []
    for column in reader.layout.specs(spec):
        described = reader.layout.describe_column(spec, column)
        if column.optional and described.recorded:
            described = replace(described, recorded=used(reader, spec, column, query.run_id))
        found.append(described)
    return tuple(found)


def used(reader: Reader, table: TableSpec, column: ColumnSpec, run_id: Any) -> bool:
    """Whether some row of the run holds something else than NULL or the column's default."""
    element = reader.layout.element(table, column)
    inner = sa.select(sa.literal(1)).select_from(reader.layout.selectable(table.name))
    if table.run is not None:
        inner = inner.where(reader.column(table.name, table.run) == run_id)
    if table.only is not None:
        inner = inner.where(table.only(reader))
    inner = inner.where(element.is_not(None))
    if column.default is not None:
        inner = inner.where(reader.layout.number(table, column) != column.default)
    return reader.one(inner.limit(1)) is not None


def absent(table: TableSpec) -> str:
    """The sentence for a table that the source does not have."""
    hint = f" {table.how_to_record}" if table.how_to_record else ""
    return f"{table.label} are not recorded in this database.{hint}"


def _chosen(layout: Layout, spec: TableSpec, query: TableQuery) -> tuple[ColumnSpec, ...]:
    if query.columns is None:
        return layout.specs(spec)
    return tuple(layout.column_spec(spec, name) for name in query.columns)


def _plan(reader: Reader, query: TableQuery) -> _Plan:
    table = reader.layout.table_spec(query.table)
    specs = _chosen(reader.layout, table, query)
    sort = query.sort or (Sort(table.sort) if table.sort else None)
    element = None
    if sort is not None and (sort.column,) != table.key:
        column = reader.layout.column_spec(table, sort.column)
        if reader.layout.recorded(table, column):
            element = reader.layout.number(table, column)
    keys = tuple(reader.column(table.name, k) for k in (*_order(reader, table), *table.key))
    extra = [e for e in (element, *keys) if e is not None]
    selected = [reader.layout.element(table, c) for c in specs]
    statement = (
        sa.select(*(e.label(f"c{i}") for i, e in enumerate((*selected, *extra))))
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
    )
    return _Plan(
        table,
        specs,
        tuple(reader.layout.describe_column(table, c) for c in specs),
        tuple(column_scale(reader, c) for c in specs),
        tuple(c.decimal_text for c in specs),
        element,
        keys,
        sort is not None and sort.descending,
        statement,
        explicit=reader.connection.dialect.name != "sqlite",
    )


def _order(reader: Reader, table: TableSpec) -> tuple[str, ...]:
    """The columns that break ties of the sort before the key, where they are recorded."""
    return tuple(name for name in table.order if reader.has(table.name, name))


def _after(plan: _Plan, key: PageKey) -> sa.ColumnElement[bool]:
    """Rows after `key` in the plan's order. NULL sorts before every value."""
    values = key.values
    beyond_key = _beyond(plan.keys, values[-len(plan.keys) :], plan.descending)
    if plan.sort is None:
        return beyond_key
    sort, value = plan.sort, values[0]
    if value is None:
        tie = sa.and_(sort.is_(None), beyond_key)
        return tie if plan.descending else sa.or_(tie, sort.is_not(None))
    tie = sa.and_(sort == value, beyond_key)
    if plan.descending:
        return sa.or_(sort < value, sort.is_(None), tie)
    return sa.and_(sort >= value, sa.or_(sort > value, beyond_key))


def _beyond(
    keys: tuple[sa.ColumnElement[Any], ...], values: tuple[Cell, ...], descending: bool
) -> sa.ColumnElement[bool]:
    found: sa.ColumnElement[bool] = sa.false()
    for key, value in zip(reversed(keys), reversed(values), strict=True):
        if value is None:
            further = sa.false() if descending else key.is_not(None)
            found = sa.or_(further, sa.and_(key.is_(None), found))
            continue
        further = key < value if descending else key > value
        if descending and key is not keys[-1]:
            further = sa.or_(further, key.is_(None))
        found = sa.or_(further, sa.and_(key == value, found))
    return found


def _key(values: tuple[Any, ...]) -> int | str:
    if len(values) == 1 and isinstance(values[0], int | str):
        return values[0]
    return "\x1f".join(str(v) for v in values)
