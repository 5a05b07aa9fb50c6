"""Series: a measure of each agent over ticks, exact for what was asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.at_once import at_once
from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.tracks import Tracks, lines, tracks
from telemetry.answers.values import floats
from telemetry.answers.where import along_ticks, one_of
from telemetry.concepts import Ints, Line, Series, TickRange
from telemetry.families.vocabulary import MeasureSpec
from telemetry.queries import SeriesQuery
from telemetry.reader import Reader


def series(reader: Reader, query: SeriesQuery) -> Series:
    """One line per agent, ticks ascending. Not recorded in this run: no lines, and the reason."""
    spec = spec_of(reader, query.measure)
    quickly = at_once(reader, spec, query)
    if quickly is not None:
        measure, line = quickly
        return Series(measure, (line,), usual_step([line.tick]))
    measure, constant, notes = judged(reader, spec, query.run_id)
    if not measure.recorded:
        return Series(measure, (), 1, constant, notes)
    if measure.rebuilt:
        rows = rebuilt_rows(reader, spec, query.run_id, query.ticks, query.agents)
        drawn = _rebuilt_lines(rows)
        return Series(measure, drawn, usual_step([line.tick for line in drawn]), constant, notes)
    _, column = place_of(reader, spec)
    only = _only(reader, spec, query)
    statement = rows_of(reader, spec, query, named=only is None)
    scale = divisor(reader, spec, query.run_id)
    found = tracks(reader, statement, spec, column, scale, marked=spec.mark is not None, of=only)
    notes, drawn = (*notes, *found.notes), lines(found)
    return Series(measure, drawn, usual_step([line.tick for line in drawn]), constant, notes)


def rows_of(
    reader: Reader, spec: MeasureSpec, query: SeriesQuery, *, named: bool = True
) -> sa.Select[Any]:
    """Agent (where `named`), tick and value (and the mark, where there is one) of what is
    recorded."""
    table, column = place_of(reader, spec)
    agent, tick = reader.column(spec.table, spec.agent), reader.column(spec.table, spec.tick)
    selected = [*([agent] if named else []), tick, reader.layout.element(table, column)]
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
    return statement.where(*ordered).order_by(*([] if ordered else [agent]), tick)


def _only(reader: Reader, spec: MeasureSpec, query: SeriesQuery) -> int | None:
    """The number of the one agent that is asked for, which its rows need not tell again."""
    table = reader.layout.table_spec(spec.table)
    known = reader.layout.column_spec(table, spec.agent)
    numbered = reader.layout.describe_column(table, known).kind == "int"
    if query.agents is None or len(query.agents) != 1 or not numbered:
        return None
    (agent,) = query.agents
    return agent if isinstance(agent, int) and abs(agent) < 2**63 else None


def _rebuilt_lines(rows: list[tuple[Any, ...]]) -> tuple[Line, ...]:
    """Lines of rows (agent, tick, value), in the order in which their agents first occur."""
    agent = np.empty(len(rows), object)
    agent[:] = [row[0] for row in rows]
    value, _ = floats([row[2] for row in rows])
    tick = np.array([row[1] for row in rows], np.int64)
    return lines(Tracks([agent], [tick], [value], None), list(dict.fromkeys(agent.tolist())))


def usual_step(ticks: list[Ints]) -> int:
    """The usual distance between recorded ticks: the most frequent one, 1 where there is none."""
    seen: Counter[int] = Counter()
    for own in ticks:
        gaps, counts = np.unique(np.diff(own), return_counts=True)
        seen.update(dict(zip(gaps.tolist(), counts.tolist(), strict=True)))
    positive = [gap for gap in seen if gap > 0]
    return min(positive, key=lambda gap: (-seen[gap], gap)) if positive else 1


def in_range(tick: sa.ColumnElement[Any], ticks: TickRange | None) -> list[sa.ColumnElement[bool]]:
    """The condition that `tick` lies in `ticks`; none where all ticks are asked."""
    return [] if ticks is None else [tick.between(ticks.first, ticks.last)]
