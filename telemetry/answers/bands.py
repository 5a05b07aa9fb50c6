"""Bands: lowest, mean and highest value of a measure at every tick, over all rows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.series import in_range, usual_step
from telemetry.answers.values import floats, whole
from telemetry.answers.where import along_ticks
from telemetry.concepts import Band, Measure, RunId, TickRange
from telemetry.families.vocabulary import MeasureSpec, TableSpec
from telemetry.queries import BandQuery
from telemetry.reader import Reader

PARTS = 64
"""A run is read in so many stretches of ticks: as often is a cancel heard and progress told."""
Row = tuple[Any, ...]


def band(reader: Reader, query: BandQuery) -> Band:
    """Minimum, mean and maximum of each tick's values (NULL left out), in the measure's unit."""
    spec = spec_of(reader, query.measure)
    measure, constant, notes = judged(reader, spec, query.run_id)
    if not measure.recorded:
        return _of(measure, [], 1, constant, notes)
    if measure.rebuilt:
        rows = _grouped(rebuilt_rows(reader, spec, query.run_id, query.ticks))
        return _of(measure, rows, 1, constant, notes)
    table, _ = place_of(reader, spec)
    rows = _read(reader, query, spec, table, guarded=False)
    if any(isinstance(row[4], str | bytes) for row in rows):  # which sort behind all numbers
        said = f"Values of {spec.name} that are no numbers are left out."
        rows, notes = _read(reader, query, spec, table, guarded=True), (*notes, said)
    placed = [row for row in rows if whole(row[0]) is not None]
    if len(placed) < len(rows):
        notes = (*notes, f"Rows of {spec.table} that name no whole tick are left out.")
    return _of(measure, placed, divisor(reader, spec, query.run_id), constant, notes)


def _read(
    reader: Reader, query: BandQuery, spec: MeasureSpec, table: TableSpec, *, guarded: bool
) -> list[Row]:
    """(tick, count, mean, lowest, highest) by tick."""
    tick, run = (reader.column(spec.table, name) for name in (spec.tick, str(table.run)))
    statement = by_tick(reader, spec, guarded=guarded).where(run == query.run_id).group_by(tick)
    rows = by_stretches(reader, statement, table, tick, query.run_id, query.ticks)
    return sorted(rows, key=lambda row: (whole(row[0]) is None, whole(row[0])))


def by_stretches(
    reader: Reader,
    statement: sa.Select[Any],
    table: TableSpec,
    tick: sa.ColumnElement[Any],
    run_id: RunId,
    ticks: TickRange | None,
) -> list[Row]:
    """The rows of a statement that groups by tick; along an index of ticks by several readers."""
    span = ticks or _ends(reader, table, tick, run_id)
    parts = in_stretches(reader, statement, table, tick, span, whole=ticks is None)
    if not parts or span is None:
        return reader.rows(statement.where(*(in_range(tick, ticks) or along_ticks(reader, table))))
    return [row for rows in _shared(reader, parts, span) for row in rows]


def _ends(
    reader: Reader, table: TableSpec, tick: sa.ColumnElement[Any], run_id: RunId
) -> TickRange | None:
    """The first and last tick of the run in this table, where an index tells them."""
    if not along_ticks(reader, table):
        return None
    own = sa.select(tick).where(reader.column(table.name, str(table.run)) == run_id).limit(1)
    ends = (own.order_by(order).scalar_subquery() for order in (tick, tick.desc()))
    first, last = reader.one(sa.select(*ends)) or (None, None)
    whole_ones = isinstance(first, int) and isinstance(last, int)
    return TickRange(first, last) if whole_ones else None


def in_stretches(
    reader: Reader,
    statement: sa.Select[Any],
    table: TableSpec,
    tick: sa.ColumnElement[Any],
    span: TickRange | None,
    *,
    whole: bool,
    parts: int | None = None,
) -> list[sa.Select[Any]]:
    """The statement for each stretch of ticks, along an index of them; none where it is not worth
    it. `whole`: `span` is all of the run, so that its ends need no condition."""
    along, many = along_ticks(reader, table), parts or PARTS
    if not along or span is None or span.last - span.first < many:
        return []
    edges = np.linspace(span.first, span.last + 1, many + 1).astype(np.int64).tolist()
    found = []
    for i, (start, end) in enumerate(pairwise(edges)):
        # Without the ends that nobody asked for: the table may reach further than others do.
        first = [tick >= start] if i or not whole else along
        last = [tick < end] if i < many - 1 or not whole else []
        found.append(statement.where(*first, *last))
    return found


def by_tick(reader: Reader, spec: MeasureSpec, *, guarded: bool = False) -> sa.Select[Any]:
    """(tick, count, mean, lowest, highest), to be limited to runs and grouped by tick."""
    tick, value = reader.column(spec.table, spec.tick), number_of(reader, spec, guarded=guarded)
    low, high = sa.func.min(value), sa.func.max(value)
    found = sa.select(tick, sa.func.count(value), sa.func.avg(value), low, high)
    return found.select_from(reader.layout.selectable(spec.table))


def number_of(reader: Reader, spec: MeasureSpec, *, guarded: bool) -> sa.ColumnElement[Any]:
    """A measure's values as they are added up, NaN as NULL; `guarded`: texts as NULL as well."""
    table, column = place_of(reader, spec)
    value = reader.layout.number(table, column)
    if guarded:
        return sa.case((sa.func.typeof(value).in_(("integer", "real")), value))
    if reader.connection.dialect.name != "sqlite" and column.kind == "real":
        number: sa.ColumnElement[Any] = sa.cast(value, sa.Double())
        return sa.case((number != sa.cast(sa.literal("NaN"), sa.Double()), number))
    return value


def _shared(reader: Reader, parts: list[sa.Select[Any]], span: TickRange) -> list[list[Row]]:
    """The rows of each statement, read by as many connections as see the same state."""
    ticks = span.last - span.first + 1

    def report(done: int) -> None:
        reader.token.report(done * ticks // PARTS, ticks, "ticks")

    return reader.rows_of_all(parts, report)


def _grouped(rows: list[Row]) -> list[Row]:
    """What the statement would give, for rows (agent, tick, value) that were worked out."""
    if not rows:
        return []
    values, _ = floats([row[2] for row in rows])
    ticks, place = np.unique(np.array([row[1] for row in rows], np.int64), return_inverse=True)
    found: list[Row] = []
    for i, tick in enumerate(ticks.tolist()):
        here = values[place == i]
        here = here[~np.isnan(here)]
        some = (here.mean(), here.min(), here.max()) if here.size else (None, None, None)
        found.append((tick, here.size, *some))
    return found


def _of(
    measure: Measure,
    rows: list[Row],
    scale: int,
    constant: float | None,
    notes: tuple[str, ...],
) -> Band:
    at, counts, means, lows, highs = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    tick = np.array([whole(t) for t in at], np.int64)
    low, mean, high = (floats(list(values), scale)[0] for values in (lows, means, highs))
    count = np.array(counts, np.int64)
    return Band(measure, tick, low, mean, high, count, usual_step([tick]), constant, notes)
