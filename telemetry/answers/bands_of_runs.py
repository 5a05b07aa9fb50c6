"""Bands of many runs, by a statement for dozens of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from telemetry.answers.bands import Row, band, by_tick
from telemetry.answers.measures import declared, divisors, place_of, spec_of
from telemetry.answers.series import usual_step
from telemetry.answers.values import floats
from telemetry.concepts import Band, Bands, Floats, RunId
from telemetry.families.vocabulary import MeasureSpec, TableSpec
from telemetry.queries import BandQuery, BandsQuery
from telemetry.reader import Reader

AT_ONCE, KEPT = 50, 500
"""Runs that one statement reads, by several connections; so many runs' rows are kept meanwhile."""


def bands(reader: Reader, query: BandsQuery) -> Bands:
    """A band a run. Runs whose rows alone do not tell it all are looked at one by one."""
    spec = spec_of(reader, query.measure)
    known = _known(reader, spec, query.run_ids) if _together(reader, spec) else {}
    found = []
    for run_id in query.run_ids:
        own = known.get(str(run_id))
        found.append(band(reader, BandQuery(run_id, query.measure)) if own is None else own)
        reader.token.check()
    return _end_to_end(found)


def _together(reader: Reader, spec: MeasureSpec) -> bool:
    """Whether rows are evidence that a run records the measure, as `judged` looks for it."""
    table, column = place_of(reader, spec)
    measure = declared(reader.layout, spec)
    if not measure.recorded or measure.rebuilt or table.run is None or table.only is not None:
        return False
    return column.name in (spec.evidence or (column.name,))


def _known(reader: Reader, spec: MeasureSpec, run_ids: Sequence[RunId]) -> dict[str, Band]:
    """The bands of those runs that have numbers at whole ticks, by the texts of their ids."""
    table, _ = place_of(reader, spec)
    found: dict[str, Band] = {}
    for first in range(0, len(run_ids), KEPT):
        some = run_ids[first : first + KEPT]
        parts = [some[i : i + AT_ONCE] for i in range(0, len(some), AT_ONCE)]

        def report(done: int, before: int = first) -> None:
            many = min(before + done * AT_ONCE, len(run_ids))
            reader.token.report(many, len(run_ids), "runs")

        rows = reader.rows_of_all([_statement(reader, spec, table, part) for part in parts], report)
        for part, own in zip(parts, rows, strict=True):
            found.update(_bands(reader, spec, part, own))
    return found


def _statement(
    reader: Reader, spec: MeasureSpec, table: TableSpec, some: Sequence[RunId]
) -> sa.Select[Any]:
    """(tick, count, mean, lowest, highest, run)."""
    run, tick = (reader.column(table.name, name) for name in (str(table.run), spec.tick))
    own = [run.in_(some), *reader.along_ticks(table.name)]
    return by_tick(reader, spec).add_columns(run).where(*own).group_by(run, tick)


def _bands(
    reader: Reader, spec: MeasureSpec, some: Sequence[RunId], rows: list[Row]
) -> dict[str, Band]:
    """The bands of some runs; none where one of the rows has to be looked at."""
    if not rows:
        return {}
    measure, (_, column) = declared(reader.layout, spec), place_of(reader, spec)
    at, counts, *numbers, ids = zip(*rows, strict=True)
    if set(map(type, at)) != {int} or not -(2**63) <= min(at) <= max(at) < 2**63:
        return {}
    if not {str, bytes}.isdisjoint(map(type, numbers[-1])):  # which sort behind all numbers
        return {}
    tick, count = np.array(at, np.int64), np.array(counts, np.int64)
    mean, low, high = (floats(values)[0] for values in numbers)
    there = count > 0
    if np.isnan(high[there]).any():  # as NaN does
        return {}
    if column.default is not None:
        there &= (low != column.default) | (high != column.default)
    scales = divisors(reader, spec, some)
    places = {str(run_id): i for i, run_id in enumerate(some)}
    run = np.array([places[str(run_id)] for run_id in ids])
    order = np.lexsort((tick, run))
    edges = np.searchsorted(run[order], np.arange(len(some) + 1)).tolist()
    found = {}
    for run_id, (start, end) in zip(some, pairwise(edges), strict=True):
        own, scale = order[start:end], scales[str(run_id)]
        if there[own].any():
            lowest, means, highest = (_divided(each[own], scale) for each in (low, mean, high))
            step = usual_step([tick[own]])
            found[str(run_id)] = Band(measure, tick[own], lowest, means, highest, count[own], step)
    return found


def _divided(values: Floats, scale: int) -> Floats:
    return values if scale == 1 else values / scale


def _end_to_end(each: Sequence[Band]) -> Bands:
    measures = tuple(dict.fromkeys({id(band.measure): band.measure for band in each}.values()))
    kinds = [measures.index(band.measure) for band in each]
    return Bands(
        measures,
        np.array(kinds, np.int64),
        np.cumsum([0, *(len(band.tick) for band in each)]).astype(np.int64),
        _joined([band.tick for band in each]),
        _joined([band.low for band in each]),
        _joined([band.mean for band in each]),
        _joined([band.high for band in each]),
        _joined([band.count for band in each]),
        np.array([band.step for band in each], np.int64),
        tuple(band.constant for band in each),
        tuple(band.notes for band in each),
    )


def _joined(each: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return np.concatenate(each) if each else np.empty(0)
