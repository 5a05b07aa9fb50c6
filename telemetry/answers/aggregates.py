"""Facets, summaries, histograms and points: what exactly the filtered rows amount to."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers import paging
from telemetry.answers.runs import run_ticks
from telemetry.answers.values import decimal_cell, floats, scaled
from telemetry.answers.where import column_scale, conditions
from telemetry.concepts import Cell, Column, Facets, Histogram, Points, Summary
from telemetry.errors import RequestError
from telemetry.families.vocabulary import AggregateSpec, ColumnSpec, SummarySpec, TableSpec
from telemetry.queries import FacetQuery, HistogramQuery, PointsQuery, SummaryQuery
from telemetry.reader import Reader
from telemetry.text import per_unit

NOT_RECORDED = "not recorded"


def facets(reader: Reader, query: FacetQuery) -> Facets:
    """Each value of the column with its row count; NULL is a value of its own."""
    table = reader.layout.table_spec(query.table)
    column = reader.layout.column_spec(table, query.column)
    described = reader.layout.describe_column(table, column)
    if not reader.layout.there(table.name):
        return Facets(described, (), 0, 0)
    value = reader.layout.element(table, column).label("value")
    counted = (
        sa.select(value, sa.func.count().label("n"))
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
        .group_by(sa.text("1"))
    )
    if not described.recorded:
        total = sa.select(sa.func.count()).select_from(
            counted.with_only_columns(sa.literal(1)).group_by(None).subquery()
        )
        n = int(reader.scalar(total))
        return Facets(described, ((None, n),) if n else (), n, 1 if n else 0)
    rows = reader.rows(counted)
    if column.decimal_text:
        rows = _merged(rows)
    scale = column_scale(reader, column)
    rows.sort(key=lambda r: (-r[1], r[0] is None, str(r[0])))
    values = tuple((scaled(v, scale), int(n)) for v, n in rows)
    return Facets(described, values[: query.limit], sum(n for _, n in values), len(values))


def _merged(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Counts of equal numbers together, however many zeros each was written with."""
    counts: dict[Cell, int] = {}
    for value, n in rows:
        number = decimal_cell(value)
        counts[number] = counts.get(number, 0) + n
    return list(counts.items())


def summary(reader: Reader, query: SummaryQuery) -> Summary:
    """The table's declared aggregates, by its group and over all filtered rows."""
    table = reader.layout.table_spec(query.table)
    declared = table.summary
    if declared is None:
        raise RequestError(f"{table.name} has no summary.")
    columns = summary_columns(reader, table, declared)
    if not reader.layout.there(table.name):
        return Summary(columns, (), (None, *(None for _ in declared.aggregates)))
    group, elements = aggregated(reader, table, declared)
    base = (
        sa.select(*elements)
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
    )
    total = reader.one(base)
    grouped = (
        sa.select(group.label("value"), *elements)
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
        .group_by(sa.text("1"))
    )
    return in_units(reader, table, declared, columns, reader.rows(grouped), total or ())


def aggregated(
    reader: Reader, table: TableSpec, declared: SummarySpec
) -> tuple[sa.ColumnElement[Any], list[sa.ColumnElement[Any]]]:
    """What groups the table's rows, and what each group of them comes to."""
    group = reader.layout.element(table, reader.layout.column_spec(table, declared.group))
    return group, [_aggregate(reader, table, a) for a in declared.aggregates]


def in_units(
    reader: Reader,
    table: TableSpec,
    declared: SummarySpec,
    columns: tuple[Column, ...],
    groups: list[tuple[Any, ...]],
    total: tuple[Any, ...],
) -> Summary:
    """The groups, the largest first, and what all rows come to, divided as columns are."""
    scales = [1, *(_aggregate_scale(reader, table, a) for a in declared.aggregates)]

    def cells(row: tuple[Any, ...]) -> tuple[Cell, ...]:
        return tuple(scaled(v, s) for v, s in zip(row, scales, strict=True))

    rows = sorted(groups, key=lambda r: (-int(r[1] or 0), str(r[0])))
    return Summary(columns, tuple(cells(r) for r in rows), cells((None, *total)))


def histogram(reader: Reader, query: HistogramQuery) -> Histogram:
    """Rows per bin of equal width; bins cover the asked ticks, else the whole run."""
    table = reader.layout.table_spec(query.table)
    ticks = query.where.ticks or run_ticks(reader, query.run_id)
    if table.tick is None or ticks is None or not reader.layout.there(table.name):
        return Histogram(np.empty(0, dtype=np.int64), 1, {})
    width = max(1, -(-(ticks.last - ticks.first + 1) // max(1, query.bins)))
    start = np.arange(ticks.first, ticks.last + 1, width, dtype=np.int64)
    tick = reader.column(table.name, table.tick)
    group: sa.ColumnElement[Any] = sa.literal("")
    if query.by is not None:
        group = reader.layout.element(table, reader.layout.column_spec(table, query.by))
    slot = sa.cast((tick - ticks.first), sa.Integer) // width
    statement = (
        sa.select(slot.label("slot"), group.label("value"), sa.func.count())
        .select_from(reader.layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
        .where(tick.between(ticks.first, ticks.last))
        .group_by(sa.text("1"), sa.text("2"))
    )
    counts: dict[str, Any] = {}
    for index, value, n in reader.rows(statement):
        name = NOT_RECORDED if value is None else str(value)
        counts.setdefault(name, np.zeros(len(start), dtype=np.int64))[int(index)] += n
    return Histogram(start, width, dict(sorted(counts.items())))


def points(reader: Reader, query: PointsQuery) -> Points:
    """Rows as points in row order; more than `limit` are thinned evenly, which the notes say."""
    table = reader.layout.table_spec(query.table)
    if not reader.layout.there(table.name):
        nothing = np.empty(0, dtype=np.float64)
        return Points(nothing, nothing, (), (), 0)
    x, y = (reader.layout.column_spec(table, n) for n in (query.x, query.y))
    by = reader.layout.column_spec(table, query.by) if query.by else None
    group = sa.null() if by is None else reader.layout.element(table, by)
    named = table.key if reader.has(table.name, *table.key) else table.order
    keys = [reader.column(table.name, n) for n in named if reader.has(table.name, n)]
    wanted = conditions(reader, table, query.run_id, query.where)
    source = reader.layout.selectable(table.name)
    total = int(reader.scalar(sa.select(sa.func.count()).select_from(source).where(*wanted)))
    every = -(-total // query.limit) if query.limit else 1
    order = ([reader.column(table.name, table.tick)] if table.tick else []) + keys
    numbered = sa.func.row_number().over(order_by=order).label("n")
    inner = (
        sa.select(
            reader.layout.element(table, x).label("x"),
            reader.layout.element(table, y).label("y"),
            group.label("g"),
            *(key.label(f"k{i}") for i, key in enumerate(keys)),
            *((numbered,) if every > 1 else ()),
        )
        .select_from(source)
        .where(*wanted)
    )
    if every > 1:
        sub = inner.subquery()
        rows = reader.rows(
            sa.select(*(c for c in sub.c if c.name != "n")).where(sub.c.n % every == 1)
        )
    else:
        rows = reader.rows(inner.order_by(*order))
    xs, _ = floats((_plain(r[0], x) for r in rows), _drawn_scale(reader, x))
    ys, _ = floats((_plain(r[1], y) for r in rows), _drawn_scale(reader, y))
    notes = () if every <= 1 else (f"{len(rows)} of {total} points drawn: every {every}th row.",)
    names = tuple(NOT_RECORDED if r[2] is None else str(r[2]) for r in rows)
    return Points(xs, ys, names, tuple(paging.row_key(tuple(r[3:])) for r in rows), total, notes)


def _plain(value: Any, column: ColumnSpec) -> Any:
    return decimal_cell(value) if column.decimal_text else value


def _drawn_scale(reader: Reader, column: ColumnSpec) -> int:
    """What stored values are divided by to be drawn: cents are drawn as money."""
    return column_scale(reader, column) * per_unit(column.unit)


def summary_columns(reader: Reader, table: TableSpec, declared: SummarySpec) -> tuple[Column, ...]:
    group = reader.layout.column_spec(table, declared.group)
    found = [reader.layout.describe_column(table, group)]
    for aggregate in declared.aggregates:
        source = _source(reader, table, aggregate)
        found.append(
            Column(
                aggregate.name,
                aggregate.label,
                "int" if aggregate.function == "count" else "real",
                unit=None if source is None or aggregate.function == "count" else source.unit,
                recorded=source is None or reader.layout.recorded(table, source),
                derived=True,
            )
        )
    return tuple(found)


def _source(reader: Reader, table: TableSpec, aggregate: AggregateSpec) -> ColumnSpec | None:
    if aggregate.column is None:
        return None
    return reader.layout.column_spec(table, aggregate.column)


def _aggregate(reader: Reader, table: TableSpec, spec: AggregateSpec) -> sa.ColumnElement[Any]:
    source = _source(reader, table, spec)
    if source is None:
        return sa.func.count()
    if not reader.layout.recorded(table, source):
        return sa.null()
    element = reader.layout.number(table, source)
    match spec.function:
        case "count":
            return sa.func.count(element)
        case "sum":
            return sa.func.sum(element)
        case "avg":
            return sa.func.avg(element)
        case "min":
            return sa.func.min(element)
        case "max":
            return sa.func.max(element)


def _aggregate_scale(reader: Reader, table: TableSpec, spec: AggregateSpec) -> int:
    source = _source(reader, table, spec)
    return 1 if source is None else column_scale(reader, source)
