"""Fans: the quantiles of a measure over the population, tick by tick."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.runs import run_ticks
from telemetry.answers.series import in_range, usual_step
from telemetry.answers.tracks import tracks, whole_columns
from telemetry.answers.values import floats, whole
from telemetry.answers.where import along_ticks
from telemetry.concepts import Fan, Floats, Ints, TickRange
from telemetry.queries import FanQuery, LensQuery
from telemetry.reader import Reader

QUANTILES = {
    "min": 0.0,
    "q05": 0.05,
    "q25": 0.25,
    "median": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "max": 1.0,
}


def fan(reader: Reader, query: FanQuery) -> Fan:
    """Exact quantiles over the agents of each tick read (linear interpolation, NULL left out)."""
    spec = spec_of(reader, query.measure)
    measure, constant, notes = judged(reader, spec, query.run_id)
    if not measure.recorded:
        nothing = np.empty(0)
        return Fan(
            measure,
            np.empty(0, np.int64),
            dict.fromkeys(QUANTILES, nothing),
            np.empty(0, np.int64),
            1,
            constant,
            notes,
        )
    if measure.rebuilt:
        rows = rebuilt_rows(reader, spec, query.run_id, query.ticks)
        values, _ = floats([row[2] for row in rows])
        at, quantiles, count = quantiles_of(np.array([row[1] for row in rows], np.int64), values)
        return Fan(measure, at, quantiles, count, usual_step([at]), constant, notes)
    table, column = place_of(reader, spec)
    tick = reader.column(spec.table, spec.tick)
    statement = (
        sa.select(
            sa.literal(0).label("agent"),  # nobody asks whose value it is
            tick.label("tick"),
            reader.layout.element(table, column).label("value"),
        )
        .select_from(reader.layout.selectable(spec.table))
        .where(reader.column(spec.table, str(table.run)) == query.run_id)
    )
    chosen = chosen_ticks(reader, query)
    if chosen is None:
        statement = statement.where(*(in_range(tick, query.ticks) or along_ticks(reader, table)))
    else:  # alone: with a range beside it, an index is read from end to end
        some, span = chosen
        statement = statement.where(tick.in_(some))
        notes = (
            *notes,
            f"Quantiles at {len(some)} evenly spaced ticks of {span}; "
            "the ticks between them were not read.",
        )
    found = tracks(reader, statement, spec, column, divisor(reader, spec, query.run_id))
    at, quantiles, count = quantiles_of(*whole_columns(found))
    return Fan(measure, at, quantiles, count, usual_step([at]), constant, (*notes, *found.notes))


def chosen_ticks(reader: Reader, query: FanQuery | LensQuery) -> tuple[list[int], TickRange] | None:
    """Recorded ticks at even distances, and those from which they are chosen; the last is among
    them. None where all are to be read."""
    span = query.ticks or run_ticks(reader, query.run_id)
    if query.max_ticks is None or span is None or span.last - span.first < query.max_ticks:
        return None
    stride = -(-(span.last - span.first) // max(1, query.max_ticks - 1))
    spec = spec_of(reader, query.measure)
    table = reader.layout.table_spec(spec.table)
    tick = reader.column(spec.table, spec.tick)
    of_run = reader.column(spec.table, str(table.run)) == query.run_id
    inside = sa.and_(of_run, tick.between(span.first, span.last))
    upwards = sa.and_(of_run, tick <= span.last)
    if reader.connection.dialect.name == "duckdb":  # which has no index to hop along
        rows = reader.rows(sa.select(tick).where(inside).distinct().order_by(tick))
    else:
        rows = reader.rows(_tick_hops(tick, upwards, inside, span.first, stride))
    chosen: list[int] = []
    ticks = [at for at in (whole(r[0]) for r in rows) if at is not None]
    for at in ticks:
        if not chosen or at >= chosen[-1] + stride:
            chosen.append(at)
    last = whole(rows[-1][-1]) if rows else None
    return (chosen if last is None or last in chosen else [*chosen, last]), span


def _tick_hops(
    tick: sa.ColumnElement[Any],
    upwards: sa.ColumnElement[bool],
    inside: sa.ColumnElement[bool],
    first: int,
    stride: int,
) -> sa.Select[Any]:
    """The first tick and always the next that is at least `stride` further, along the index; in
    each row also the last tick.

    Each step has one lower bound alone: of two, an index may serve the one that says less.
    """
    start = sa.select(sa.func.min(tick).label("at")).where(upwards, tick >= first)
    hops = start.cte("hops", recursive=True)
    further = sa.select(sa.func.min(tick)).where(upwards, tick >= hops.c.at + stride)
    hops = hops.union_all(sa.select(further.scalar_subquery()).where(hops.c.at.is_not(None)))
    last = sa.select(sa.func.max(tick)).where(inside).scalar_subquery()
    return sa.select(hops.c.at, last)


def quantiles_of(ticks: Ints, values: Floats) -> tuple[Ints, dict[str, Floats], Ints]:
    """The ticks, each quantile of the values at them, and how many values there are."""
    at = np.unique(ticks)
    real = ~np.isnan(values)
    ticks, values = ticks[real], values[real]
    order = np.lexsort((values, ticks))
    ticks, values = ticks[order], values[order]
    first = np.searchsorted(ticks, at, side="left")
    count = np.searchsorted(ticks, at, side="right") - first
    found = {}
    for name, q in QUANTILES.items():
        rank = q * np.maximum(count - 1, 0)  # within the tick: the same wherever it stands
        low = first + np.floor(rank).astype(np.int64)
        share = rank - np.floor(rank)
        result = np.full(len(at), np.nan)
        some = count > 0
        high = np.minimum(low + 1, first + count - 1)
        below, above = values[low[some]], values[high[some]]
        with np.errstate(invalid="ignore", over="ignore"):
            mixed = below * (1 - share[some]) + above * share[some]
        result[some] = np.where(share[some] == 0, below, np.where(below == above, below, mixed))
        found[name] = result
    return at, found, count.astype(np.int64)
