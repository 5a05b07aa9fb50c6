"""Series: a measure of each agent over ticks, exact for what was asked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.rebuilt import rebuilt_rows
from telemetry.answers.values import agent_of, decimal_cell, floats, whole
from telemetry.answers.where import along_ticks, one_of
from telemetry.concepts import AgentId, Ints, Line, Series, TickRange
from telemetry.families.vocabulary import MeasureSpec
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
        lines, _ = _lines(rows, 1, marked=False)
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
    rows = reader.rows(statement)
    if ordered:
        rows = _by_agent(rows)
    if not all(isinstance(r[0], int | str) and isinstance(r[1], int) for r in rows):
        rows, said = placed(rows, spec)
        notes = (*notes, *said)
    if column.decimal_text:
        rows = [(r[0], r[1], decimal_cell(r[2]), *r[3:]) for r in rows]
    lines, odd = _lines(rows, divisor(reader, spec, query.run_id), marked=spec.mark is not None)
    if odd:
        notes = (*notes, f"{odd} values of {spec.name} are no numbers and are left out.")
    return Series(measure, lines, usual_step([line.tick for line in lines]), constant, notes)


def placed(
    rows: list[tuple[Any, ...]], spec: MeasureSpec
) -> tuple[list[tuple[Any, ...]], tuple[str, ...]]:
    """The rows that have an agent and a whole tick, and how many have not."""
    found = [
        (agent_of(agent), whole(tick), *values)
        for agent, tick, *values in rows
        if agent is not None and whole(tick) is not None
    ]
    left = len(rows) - len(found)
    said = f"{left} rows of {spec.table} name no agent or no whole tick and are left out."
    return found, (said,) if left else ()


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


def _by_agent(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in the order of ticks as those of one agent after the other."""
    try:
        agents = np.array([r[0] for r in rows], np.int64)
    except (TypeError, ValueError, OverflowError):
        return sorted(rows, key=lambda r: (isinstance(r[0], str), str(r[0])))
    return [rows[i] for i in np.argsort(agents, kind="stable").tolist()]


def _lines(
    rows: list[tuple[Any, ...]], scale: int, *, marked: bool
) -> tuple[tuple[Line, ...], int]:
    if not rows:
        return (), 0
    agents, at, stored, *marks = zip(*rows, strict=True)
    values, odd = floats(stored, scale)
    ticks = np.array(at, np.int64)
    starts = [0, *(i for i in range(1, len(rows)) if agents[i] != agents[i - 1]), len(rows)]
    found = []
    for start, end in pairwise(starts):
        part = slice(start, end)
        mark = tuple("" if m is None else str(m) for m in marks[0][part]) if marked else None
        agent: AgentId = agents[start]
        found.append(Line(agent, ticks[part], values[part], mark))
    return tuple(found), odd


def in_range(tick: sa.ColumnElement[Any], ticks: TickRange | None) -> list[sa.ColumnElement[bool]]:
    """The condition that `tick` lies in `ticks`; none where all ticks are asked."""
    return [] if ticks is None else [tick.between(ticks.first, ticks.last)]
