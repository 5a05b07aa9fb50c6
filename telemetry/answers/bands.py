"""Bands: lowest, mean and highest value of a measure at every tick, over all rows."""

from __future__ import annotations

from operator import itemgetter
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.passes import by_stretches
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.series import usual_step
from telemetry.answers.values import floats, whole
from telemetry.concepts import Band, Measure
from telemetry.families.vocabulary import MeasureSpec, TableSpec
from telemetry.queries import BandQuery
from telemetry.reader import Reader

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
    if any(no_number(row[4]) for row in rows):
        if any(isinstance(row[4], str | bytes) for row in rows):  # NaN is as good as NULL
            notes = (*notes, f"Values of {spec.name} that are no numbers are left out.")
        rows = _read(reader, query, spec, table, guarded=True)
    placed = _in_order(rows)
    if len(placed) < len(rows):
        notes = (*notes, f"Rows of {spec.table} that name no whole tick are left out.")
    return _of(measure, placed, divisor(reader, spec, query.run_id), constant, notes)


def _read(
    reader: Reader, query: BandQuery, spec: MeasureSpec, table: TableSpec, *, guarded: bool
) -> list[Row]:
    """(tick, count, mean, lowest, highest), a row a tick."""
    tick, run = (reader.column(spec.table, name) for name in (spec.tick, str(table.run)))
    statement = by_tick(reader, spec, guarded=guarded).where(run == query.run_id).group_by(tick)
    return by_stretches(reader, statement, table, tick, query.run_id, query.ticks)


def _in_order(rows: list[Row]) -> list[Row]:
    """The rows that name a whole tick, by that."""
    if {int}.issuperset(map(type, map(itemgetter(0), rows))):
        placed = [row for row in rows if -(2**63) <= row[0] < 2**63]
    else:
        told = ((whole(tick), *rest) for tick, *rest in rows)
        placed = [row for row in told if row[0] is not None]
    return sorted(placed, key=itemgetter(0))


def by_tick(reader: Reader, spec: MeasureSpec, *, guarded: bool = False) -> sa.Select[Any]:
    """(tick, count, mean, lowest, highest), to be limited to runs and grouped by tick."""
    tick, value = reader.column(spec.table, spec.tick), number_of(reader, spec, guarded=guarded)
    low, high = sa.func.min(value), sa.func.max(value)
    found = sa.select(tick, sa.func.count(value), sa.func.avg(value), low, high)
    return found.select_from(reader.layout.selectable(spec.table))


def number_of(reader: Reader, spec: MeasureSpec, *, guarded: bool) -> sa.ColumnElement[Any]:
    """A measure's values as they are added up; `guarded`: NULL for what is no number.

    Texts and NaN sort behind all numbers, so that the highest value tells whether there are any
    (`no_number`); to ask it of each value takes as long as to add them up.
    """
    table, column = place_of(reader, spec)
    value = reader.layout.number(table, column)
    if reader.connection.dialect.name == "sqlite":
        is_number: Any = sa.func.typeof(value).in_(("integer", "real"))
    elif column.kind == "real":
        value = sa.cast(value, sa.Double())
        is_number = value != sa.cast(sa.literal("NaN"), sa.Double())
    else:
        return value
    return sa.case((is_number, value)) if guarded else value


def no_number(highest: Any) -> bool:
    """Whether the highest of some values is a text or NaN."""
    return isinstance(highest, str | bytes) or bool(highest != highest)


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
    tick = np.array(at, np.int64)
    low, mean, high = (floats(list(values), scale)[0] for values in (lows, means, highs))
    count = np.array(counts, np.int64)
    return Band(measure, tick, low, mean, high, count, usual_step([tick]), constant, notes)
