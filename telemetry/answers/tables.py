"""Pages and streams of a table's rows: exactly what was asked, in a stable order."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import sqlalchemy as sa

from telemetry.answers import paging
from telemetry.answers.values import decimal_cell, scaled
from telemetry.answers.where import along_ticks, column_scale, conditions
from telemetry.concepts import Cell, Column, TablePage
from telemetry.errors import RequestError
from telemetry.families.vocabulary import ColumnSpec, TableSpec
from telemetry.frozen import Frozen, replace
from telemetry.layout import Layout
from telemetry.queries import ColumnsQuery, CountQuery, Sort, TableQuery, Where
from telemetry.reader import Reader

ROW = "rowid"
SAMPLE = 1_000
"""Rows looked at first to see which optional columns a run uses."""


class Plan(Frozen):
    """A table query made into a statement: columns first, then sort value, then row key."""

    table: TableSpec
    specs: tuple[ColumnSpec, ...]
    columns: tuple[Column, ...]
    scales: tuple[int, ...]
    decimals: tuple[bool, ...]
    order: paging.Order
    statement: sa.Select[Any]

    def row(self, raw: tuple[Any, ...]) -> tuple[Cell, ...]:
        cells = zip(raw, self.scales, self.decimals, strict=False)
        return tuple(decimal_cell(v) if d else scaled(v, s) for v, s, d in cells)


def page(reader: Reader, query: TableQuery) -> TablePage:
    """At most `limit` rows after `after` (or from `offset`); none of a table that is lacking."""
    spec = reader.layout.table_spec(query.table)
    described = reader.layout.describe(spec)
    columns = stream_columns(reader.layout, query)
    if not described.recorded:
        return TablePage(described, columns, (), (), None, (absent(spec),))
    if query.limit < 0 or query.offset < 0:
        raise RequestError("A page begins at row 0 or later and has 0 rows or more.")
    plan = planned(reader, query)
    raw = paging.read(
        reader,
        plan.statement,
        plan.order,
        query.limit + 1,
        offset=query.offset,
        after=query.after,
        row=_row(reader, plan),
        places=_by_places(reader, plan, query),
    )
    return as_page(reader, query, plan, raw)


def as_page(reader: Reader, query: TableQuery, plan: Plan, raw: list[paging.Row]) -> TablePage:
    """Rows of a plan, one more than the page holds where there are more, as the page."""
    spec = plan.table
    described = reader.layout.describe(spec)
    more = 0 < query.limit < len(raw)
    raw = raw[: query.limit]
    width = len(plan.columns)
    places = [r[width:] for r in raw]
    if plan.order.keyed:
        keys = tuple(paging.row_key(p[-len(spec.key) :]) for p in places)
    else:
        first = paging.passed(query.after, query.offset)
        keys = tuple(range(first, first + len(raw)))
    following = paging.end(plan.order, places, query.offset, query.after) if more else None
    return TablePage(
        described,
        plan.columns,
        tuple(plan.row(r[:width]) for r in raw),
        keys,
        following,
    )


def stream(reader: Reader, query: TableQuery) -> Generator[tuple[tuple[Cell, ...], ...]]:
    """All matching rows in order, a chunk at a time, in constant memory; `limit` is ignored."""
    spec = reader.layout.table_spec(query.table)
    if not reader.layout.there(spec.name):
        return
    plan = planned(reader, query)
    width = len(plan.columns)
    embedded = reader.connection.dialect.name == "sqlite"  # whose values are cells already
    plain = embedded and all(s == 1 for s in plan.scales)
    done = 0
    ordered = plan.statement.order_by(*plan.order.clauses())
    if width:  # the values that pages go on from are of no use here
        ordered = ordered.with_only_columns(*list(plan.statement.selected_columns)[:width])
    for chunk in reader.chunks(ordered):
        yield tuple(chunk) if plain and width else tuple(plan.row(r[:width]) for r in chunk)
        done += len(chunk)
        reader.token.report(done)


def whole(reader: Reader, query: TableQuery) -> tuple[sa.Select[Any], dict[str, int]]:
    """All matching rows in their order as one statement, its columns under their own names, and
    what the stored values of some of them are divided by."""
    plan = planned(reader, query)
    chosen = list(plan.statement.selected_columns)[: len(plan.columns)]
    named = [e.element.label(c.name) for e, c in zip(chosen, plan.columns, strict=True)]
    divided = {c.name: s for c, s in zip(plan.columns, plan.scales, strict=True) if s != 1}
    ordered = plan.statement.order_by(*plan.order.clauses())
    return ordered.with_only_columns(*named), divided


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
    """The table's columns; an optional one counts as recorded where some row of the run uses it.

    A derived column is used where all the columns of its table that it needs are.
    """
    spec = reader.layout.table_spec(query.table)
    specs = reader.layout.specs(spec)
    stored = [c for c in specs if c.optional and not c.derive and reader.layout.recorded(spec, c)]
    in_use = _in_use(reader, spec, stored, query.run_id)
    optional = {c.name for c in stored}
    found = []
    for column in specs:
        described = reader.layout.describe_column(spec, column)
        if column.optional and described.recorded:
            needed = [n for n in column.needs if n in optional] if column.derive else [column.name]
            described = replace(described, recorded=in_use.issuperset(needed))
        found.append(described)
    return tuple(found)


def _in_use(
    reader: Reader, table: TableSpec, columns: list[ColumnSpec], run_id: Any
) -> frozenset[str]:
    """Those of `columns` that some row of the run uses: a look at the first rows, then one pass."""
    left, found = list(columns), set[str]()
    for limit in (SAMPLE, None):
        if not left:
            break
        names = [f"c{i}" for i in range(len(left))]
        flags = (_use(reader, table, c).label(n) for c, n in zip(left, names, strict=True))
        rows = sa.select(*flags).select_from(reader.layout.selectable(table.name))
        rows = rows.where(*conditions(reader, table, run_id, Where()))
        seen = (rows.limit(limit) if limit else rows).subquery()
        row = reader.one(sa.select(*(sa.func.max(seen.c[n]) for n in names)))
        used_now = {c.name for c, flag in zip(left, row or (), strict=False) if flag}
        found |= used_now
        left = [c for c in left if c.name not in used_now]
    return frozenset(found)


def _use(reader: Reader, table: TableSpec, column: ColumnSpec) -> sa.ColumnElement[int]:
    """1 where the row holds something else than NULL or the column's default, else 0."""
    used_here: sa.ColumnElement[bool] = reader.layout.element(table, column).is_not(None)
    if column.default is not None:
        other = reader.layout.number(table, column) != column.default
        used_here = sa.and_(used_here, other)
    return sa.case((used_here, 1), else_=0)


def used(reader: Reader, table: TableSpec, column: ColumnSpec, run_id: Any) -> bool:
    """Whether some row of the run holds something else than NULL or the column's default."""
    element = reader.layout.element(table, column)
    inner = sa.select(sa.literal(1)).select_from(reader.layout.selectable(table.name))
    if table.run is not None:
        inner = inner.where(reader.column(table.name, table.run) == run_id)
    if table.only is not None:
        inner = inner.where(table.only(reader))
    inner = inner.where(element.is_not(None), *along_ticks(reader, table))
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


def planned(reader: Reader, query: TableQuery) -> Plan:
    table = reader.layout.table_spec(query.table)
    specs = _chosen(reader.layout, table, query)
    order = _order(reader, table, query.sort or (Sort(table.sort) if table.sort else None))
    selected = [reader.layout.element(table, c) for c in specs]
    statement = (
        sa.select(*(e.label(f"c{i}") for i, e in enumerate((*selected, *order.columns))))
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
    )
    return Plan(
        table,
        specs,
        tuple(reader.layout.describe_column(table, c) for c in specs),
        tuple(column_scale(reader, c) for c in specs),
        tuple(c.decimal_text for c in specs),
        order,
        statement,
    )


def _row(reader: Reader, plan: Plan) -> sa.ColumnElement[Any] | None:
    """DuckDB's number of a row where columns are worked out: it would for all rows, then sort."""
    layout = reader.layout
    stored = layout.stored(plan.table.name)
    if reader.connection.dialect.name != "duckdb" or not any(c.derive for c in plan.specs):
        return None
    declared = layout.family.table(stored)
    made = declared is not None and declared.select is not None
    return None if made or not layout.shape.has(stored, ROW) else layout.base.table(stored).c[ROW]


def _by_places(reader: Reader, plan: Plan, query: TableQuery) -> bool:
    """Whether PostgreSQL had better find a page's rows by their keys: it works columns out for all
    rows that come before, and has no more than one process for a sort where it does."""
    if reader.connection.dialect.name != "postgresql" or len(plan.table.key) != 1:
        return False
    worked_out = any(c.derive for c in plan.specs)
    return plan.order.keyed and worked_out and (query.sort is not None or query.offset > 0)


def _stored(reader: Reader, table: TableSpec) -> tuple[str, ...]:
    """All stored columns: what makes an order of rows that have no key."""
    specs = reader.layout.specs(table)
    return tuple(c.name for c in specs if c.derive is None and reader.has(table.name, c.name))


def _order(reader: Reader, table: TableSpec, sort: Sort | None) -> paging.Order:
    """The sort column where it is recorded, then what breaks its ties, the key last."""
    places: list[tuple[sa.ColumnElement[Any], bool]] = []
    if sort is not None and (sort.column,) != table.key:
        column = reader.layout.column_spec(table, sort.column)
        if reader.layout.recorded(table, column):
            made = column.derive is not None or column.decimal_text
            told = made or reader.null_is_told(table.name, column.name)
            places.append((reader.layout.number(table, column), told))
    keyed = reader.has(table.name, *table.key)
    last = table.key if keyed else _stored(reader, table)
    before = (name for name in table.order if reader.has(table.name, name))
    for name in dict.fromkeys((*before, *last)):
        told = reader.null_is_told(table.name, name)
        places.append((reader.column(table.name, name), told))
    columns, explicit = zip(*places, strict=True) if places else ((), ())
    return paging.Order(columns, sort is not None and sort.descending, keyed, explicit)
