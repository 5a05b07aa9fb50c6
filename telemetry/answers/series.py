"""Series: a measure of each agent over ticks, exact for what was asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.tracks import Tracks, by_agent, stretches, tracks
from telemetry.answers.values import floats
from telemetry.answers.where import along_ticks, one_of
from telemetry.concepts import Ints, Line, Series, TickRange
from telemetry.queries import SeriesQuery
from telemetry.reader import Reader


def series(reader: Reader, query: SeriesQuery) -> Series:
    """One line per agent, ticks ascending. Not recorded in this run: no lines, and the reason."""
    spec = spec_of(reader, query.measure)
    measure, constant, notes = judged(reader, spec, query.run_id)
    if not measure.recorded:
        return Series(measure, (), 1, constant, notes)
    if measure.rebuilt:
        rows = rebuilt_rows(reader, spec, query.run_id, query.ticks, query.agents)
        lines = _rebuilt_lines(rows)
        return Series(measure, lines, usual_step([line.tick for line in lines]), constant, notes)
    table, column = place_of(reader, spec)
    agent, tick = reader.column(spec.table, spec.agent), reader.column(spec.table, spec.tick)
    value = reader.layout.element(table, column)
    selected = [agent, tick, value]
    if spec.mark is not None:
        selected.append(reader.layout.element(table, reader.layout.column_spec(table, spec.mark)))
    statement = (
        sa.select(*(e.label(f"c{i}") for i, e in enumerate(selected)))
        .select_from(reader.layout.selectable(spec.table))
        .where(
            reader.column(spec.table, str(table.run)) == query.run_id, *in_range(tick, query.ticks)
        )
    )
    ordered = along_ticks(reader, table) if query.agents is None else []
    if query.agents is not None:
        statement = statement.where(one_of(reader, table, spec.agent, query.agents))
    statement = statement.where(*ordered).order_by(*([] if ordered else [agent]), tick)
    scale = divisor(reader, spec, query.run_id)
    found = tracks(reader, statement, spec, column, scale, marked=spec.mark is not None)
    lines = _lines(found, mixed=bool(ordered))
    steps = usual_step([line.tick for line in lines])
    return Series(measure, lines, steps, constant, (*notes, *found.notes))


def _lines(found: Tracks, *, mixed: bool) -> tuple[Line, ...]:
    """A line for each agent; where rows are `mixed`, each agent's stand apart from one another."""
    agent, tick, value, mark = found.agent, found.tick, found.value, found.mark
    if mixed:
        order = by_agent(agent)
        agent, tick, value = agent[order], tick[order], value[order]
        mark = None if mark is None else [mark[i] for i in order.tolist()]
    return tuple(
        Line(own, tick[part], value[part], None if mark is None else tuple(mark[part]))
        for own, part in stretches(agent)
    )


def _rebuilt_lines(rows: list[tuple[Any, ...]]) -> tuple[Line, ...]:
    """Rows (agent, tick, value) of one agent after the other."""
    agent = np.empty(len(rows), object)
    agent[:] = [row[0] for row in rows]
    value, _ = floats([row[2] for row in rows])
    tick = np.array([row[1] for row in rows], np.int64)
    return _lines(Tracks(agent, tick, value, None, ()), mixed=False)


def usual_step(ticks: list[Ints]) -> int:
    """The usual distance between recorded ticks: the most frequent one, 1 where there is none."""
    gaps = [np.diff(t) for t in ticks if len(t) > 1]
    if not gaps:
        return 1
    values, counts = np.unique(np.concatenate(gaps), return_counts=True)
    positive = values > 0
    if not positive.any():
        return 1
    return int(values[positive][np.argmax(counts[positive])])


def in_range(tick: sa.ColumnElement[Any], ticks: TickRange | None) -> list[sa.ColumnElement[bool]]:
    """The condition that `tick` lies in `ticks`; none where all ticks are asked."""
    return [] if ticks is None else [tick.between(ticks.first, ticks.last)]
