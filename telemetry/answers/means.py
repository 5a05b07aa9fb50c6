"""Means: the mean of a column by the values of others, exactly of the filtered rows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.values import decimal_cell, scaled
from telemetry.answers.where import column_scale, conditions
from telemetry.concepts import Cell, Means
from telemetry.errors import RequestError
from telemetry.families.vocabulary import ColumnSpec, TableSpec
from telemetry.queries import MeansQuery, Where
from telemetry.reader import Reader
from telemetry.text import per_unit

NUMBERS = ("int", "real", "flag")
MOST = 5_000
"""So many combinations at most: more are no overview, but a mistake in choosing columns."""
_Sums = tuple[float, float, float, float]


def means(reader: Reader, query: MeansQuery) -> Means:
    """Means over the rows with a value.

    RequestError for a column that holds no numbers, and for more than MOST combinations.
    """
    layout = reader.layout
    table = layout.table_spec(query.table)
    value = layout.column_spec(table, query.value)
    if value.kind not in NUMBERS:
        raise RequestError(
            f"{table.name}.{value.name} holds no numbers, so it has no mean; choose another column."
        )
    by = tuple(layout.column_spec(table, name) for name in query.by)
    weight = _weight(reader, table, value)
    sums: dict[tuple[Cell, ...], _Sums] = {}
    if layout.there(table.name) and layout.recorded(table, value):
        for row in _rows(reader, table, query, value, by, weight):
            key = tuple(_key(reader, c, v) for c, v in zip(by, row, strict=False))
            added = tuple(float(v or 0) for v in row[len(by) :])
            known = sums.get(key, (0.0, 0.0, 0.0, 0.0))
            sums[key] = tuple(a + b for a, b in zip(known, added, strict=True))  # type: ignore[assignment]
    keys = sorted(sums, key=lambda key: tuple(_order(cell) for cell in key))
    scale = column_scale(reader, value) * per_unit(value.unit)
    found = [_mean(sums[key], weight is not None) for key in keys]
    return Means(
        layout.describe_column(table, value),
        tuple(layout.describe_column(table, c) for c in by),
        tuple(keys),
        np.array([mean for mean, _ in found], dtype=np.float64) / scale,
        np.array([int(sums[key][0]) for key in keys], dtype=np.int64),
        np.array([error for _, error in found], dtype=np.float64) / scale,
        None if weight is None else layout.describe_column(table, weight),
        _doubts(reader, query, value, [mean for mean, _ in found]),
    )


def _doubts(
    reader: Reader, query: MeansQuery, value: ColumnSpec, found: Sequence[float]
) -> tuple[str, ...]:
    """Why means that are all 0 say nothing, where the family's other table contradicts them."""
    told, layout = [mean for mean in found if not math.isnan(mean)], reader.layout
    doubt = value.doubt
    if doubt is None or not told or any(told) or not layout.there(doubt.table):
        return ()
    other = layout.table_spec(doubt.table)
    shared = {c.name for c in other.columns if c.role in ("experiment", "parameter")}
    kept = tuple(item for item in query.where.filters if item.column in shared)
    number = layout.number(other, layout.column_spec(other, doubt.column))
    statement = (
        sa.select(sa.func.count())
        .select_from(layout.selectable(other.name))
        .where(*conditions(reader, other, query.run_id, Where(kept)), number > 0)
    )
    n = int(reader.rows(statement)[0][0])
    return (doubt.sentence.format(n=n),) if n else ()


def _weight(reader: Reader, table: TableSpec, value: ColumnSpec) -> ColumnSpec | None:
    if value.weight is None:
        return None
    spec = reader.layout.column_spec(table, value.weight)
    return spec if reader.layout.recorded(table, spec) else None


def _rows(
    reader: Reader,
    table: TableSpec,
    query: MeansQuery,
    value: ColumnSpec,
    by: Sequence[ColumnSpec],
    weight: ColumnSpec | None,
) -> list[tuple[Any, ...]]:
    """The keys, rows counted, Σ w·v, Σ w and Σ v², for each combination as it is written."""
    layout = reader.layout
    number = sa.cast(layout.number(table, value), sa.Double)
    factor: sa.ColumnElement[Any] = sa.literal(1.0)
    if weight is not None:
        factor = sa.cast(layout.number(table, weight), sa.Double)
    keys = [layout.element(table, c).label(f"k{i}") for i, c in enumerate(by)]
    inner = (
        sa.select(*keys, number.label("v"), factor.label("w"))
        .select_from(layout.selectable(table.name))
        .where(*conditions(reader, table, query.run_id, query.where))
        .subquery()
    )
    own = [inner.c[f"k{i}"] for i in range(len(by))]
    there = sa.and_(inner.c.v.is_not(None), inner.c.w > 0)
    v, w = (sa.case((there, c)) for c in (inner.c.v, inner.c.w))
    rows = reader.rows(
        sa.select(*own, sa.func.count(v), sa.func.sum(v * w), sa.func.sum(w), sa.func.sum(v * v))
        .group_by(*own)
        .limit(MOST + 1)
    )
    if len(rows) > MOST:
        names = " and ".join(c.label or c.name for c in by)
        raise RequestError(f"There are more than {MOST} values of {names}; choose other columns.")
    return rows


def _mean(sums: _Sums, weighted: bool) -> tuple[float, float]:
    """The mean and its standard error."""
    n, total, weight, squares = sums
    if not weight:
        return math.nan, math.nan
    mean = total / weight
    if n < 2 or weighted:
        return mean, math.nan
    variance = max(0.0, squares - n * mean * mean) / (n - 1)
    return mean, math.sqrt(variance / n)


def _key(reader: Reader, column: ColumnSpec, value: Any) -> Cell:
    """The same number however it is written: 0.5 and 0.50 are one key."""
    if column.decimal_text:
        return decimal_cell(value)
    return scaled(value, column_scale(reader, column))


def _order(cell: Cell) -> tuple[int, float, str]:
    if cell is None:
        return 2, 0.0, ""
    if isinstance(cell, str | bytes):
        return 1, 0.0, str(cell)
    return 0, float(cell), ""
