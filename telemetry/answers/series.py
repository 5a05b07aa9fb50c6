"""Series and fans: a measure over ticks, exact for what was asked."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.runs import decode_config, run_ticks
from telemetry.answers.tables import used
from telemetry.answers.values import agent_of, decimal_cell, floats, whole
from telemetry.answers.where import along_ticks, column_scale, one_of
from telemetry.concepts import AgentId, Fan, Floats, Ints, Line, Measure, RunId, Series, TickRange
from telemetry.errors import RequestError
from telemetry.families.vocabulary import ColumnSpec, MeasureSpec, TableSpec
from telemetry.queries import FanQuery, SeriesQuery
from telemetry.reader import Layout, Reader

QUANTILES = {
    "min": 0.0,
    "q05": 0.05,
    "q25": 0.25,
    "median": 0.5,
    "q75": 0.75,
    "q95": 0.95,
    "max": 1.0,
}


def measures(layout: Layout) -> tuple[Measure, ...]:
    """The family's measures, each with whether this source has its column."""
    return tuple(_measure(layout, m) for m in layout.family.measures)


def series(reader: Reader, query: SeriesQuery) -> Series:
    """One line per agent, ticks ascending. Not recorded in this run: no lines, and the reason."""
    spec = _spec(reader, query.measure)
    measure, constant, notes = _judge(reader, spec, query.run_id)
    if not measure.recorded:
        return Series(measure, (), 1, constant, notes)
    table, column = _place(reader, spec)
    agent, tick = reader.column(spec.table, spec.agent), reader.column(spec.table, spec.tick)
    value = reader.layout.element(table, column)
    selected = [agent, tick, value]
    if spec.mark is not None:
        selected.append(reader.layout.element(table, reader.layout.column_spec(table, spec.mark)))
    statement = (
        sa.select(*(e.label(f"c{i}") for i, e in enumerate(selected)))
        .select_from(reader.layout.selectable(spec.table))
        .where(
            reader.column(spec.table, str(table.run)) == query.run_id, *_range(tick, query.ticks)
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
        rows, said = _placed(rows, spec)
        notes = (*notes, *said)
    if column.decimal_text:
        rows = [(r[0], r[1], decimal_cell(r[2]), *r[3:]) for r in rows]
    lines, odd = _lines(rows, divisor(reader, spec, query.run_id), marked=spec.mark is not None)
    if odd:
        notes = (*notes, f"{odd} values of {spec.name} are no numbers and are left out.")
    return Series(measure, lines, _step([line.tick for line in lines]), constant, notes)


def fan(reader: Reader, query: FanQuery) -> Fan:
    """Exact quantiles over the agents of each tick read (linear interpolation, NULL left out)."""
    spec = _spec(reader, query.measure)
    measure, constant, notes = _judge(reader, spec, query.run_id)
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
    table, column = _place(reader, spec)
    tick = reader.column(spec.table, spec.tick)
    statement = (
        sa.select(tick.label("tick"), reader.layout.element(table, column).label("value"))
        .select_from(reader.layout.selectable(spec.table))
        .where(
            reader.column(spec.table, str(table.run)) == query.run_id,
            *(_range(tick, query.ticks) or along_ticks(reader, table)),
        )
    )
    chosen = _chosen_ticks(reader, query)
    if chosen is not None:
        statement = statement.where(tick.in_(chosen))
        span = query.ticks or run_ticks(reader, query.run_id)
        notes = (
            *notes,
            f"Quantiles at {len(chosen)} evenly spaced ticks of {span}; "
            "the ticks between them were not read.",
        )
    rows = reader.rows(statement)
    if not all(isinstance(r[0], int) for r in rows):
        rows, said = _placed([(0, *r) for r in rows], spec)
        rows, notes = [r[1:] for r in rows], (*notes, *said)
    at_ticks, stored = zip(*rows, strict=True) if rows else ((), ())
    ticks = np.array(at_ticks, np.int64)
    if column.decimal_text:
        stored = tuple(decimal_cell(value) for value in stored)
    values, odd = floats(stored, divisor(reader, spec, query.run_id))
    if odd:
        notes = (*notes, f"{odd} values of {spec.name} are no numbers and are left out.")
    at, quantiles, count = _quantiles(ticks, values)
    return Fan(measure, at, quantiles, count, _step([at]), constant, notes)


def _by_agent(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Rows in the order of ticks as those of one agent after the other."""
    try:
        agents = np.array([r[0] for r in rows], np.int64)
    except (TypeError, ValueError, OverflowError):
        return sorted(rows, key=lambda r: (isinstance(r[0], str), str(r[0])))
    return [rows[i] for i in np.argsort(agents, kind="stable").tolist()]


def _placed(
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


def run_constant(reader: Reader, spec: MeasureSpec, run_id: RunId) -> float | None:
    """The value that the run's configuration fixes for `spec`, if any."""
    if spec.constant is None:
        return None
    runs = reader.family.runs
    names = [c.name for c in runs.columns if reader.has(runs.table, c.name)]
    config = reader.column(runs.table, runs.config) if runs.config else sa.null()
    row = reader.one(
        sa.select(*(reader.column(runs.table, n) for n in names), config.label("config_"))
        .select_from(reader.layout.selectable(runs.table))
        .where(reader.column(runs.table, runs.id) == run_id)
    )
    if row is None:
        return None
    return spec.constant(dict(zip(names, row, strict=False)), decode_config(row[-1])[0])


def divisor(reader: Reader, spec: MeasureSpec, run_id: RunId) -> int:
    """What stored values are divided by: the source's scale times the run's own."""
    _, column = _place(reader, spec)
    scale = column_scale(reader, column)
    runs = reader.family.runs
    if spec.divisor is None or not reader.has(runs.table, spec.divisor):
        return scale
    own = reader.scalar(
        sa.select(reader.column(runs.table, spec.divisor)).where(
            reader.column(runs.table, runs.id) == run_id
        )
    )
    return scale * own if isinstance(own, int) and own > 0 else scale


def _spec(reader: Reader, name: str) -> MeasureSpec:
    spec = reader.family.measure(name)
    if spec is None:
        known = ", ".join(m.name for m in reader.family.measures)
        raise RequestError(f"There is no measure {name!r}; this family has {known}.")
    return spec


def _place(reader: Reader, spec: MeasureSpec) -> tuple[TableSpec, ColumnSpec]:
    table = reader.layout.table_spec(spec.table)
    return table, reader.layout.column_spec(table, spec.column)


def _measure(layout: Layout, spec: MeasureSpec) -> Measure:
    table = layout.table_spec(spec.table)
    column = layout.column_spec(table, spec.column)
    there = layout.there(spec.table)
    recorded = (
        there and layout.recorded(table, column) and layout.has(spec.table, spec.agent, spec.tick)
    )
    reason = ""
    if not recorded:
        what = f"column {spec.column} of {spec.table}" if there else f"table {spec.table}"
        reason = f"{spec.label} is not recorded: this database has no {what}."
    return Measure(
        spec.name, spec.label, spec.unit, spec.group, recorded, reason, spec.help, spec.default
    )


def _judge(
    reader: Reader, spec: MeasureSpec, run_id: RunId
) -> tuple[Measure, float | None, tuple[str, ...]]:
    """The measure as this run has it, the constant that may stand in, and what to say of it."""
    from dataclasses import replace

    measure = _measure(reader.layout, spec)
    table, _ = _place(reader, spec)
    if measure.recorded:
        asked = (reader.layout.column_spec(table, n) for n in spec.evidence or (spec.column,))
        known = [c for c in asked if reader.layout.recorded(table, c)]
        evident = any(used(reader, table, column, run_id) for column in known)
        if not evident:
            measure = replace(
                measure,
                recorded=False,
                reason=f"{spec.label} is not recorded in run {run_id}: "
                f"every row of {spec.table} leaves {spec.column} empty or at its default.",
            )
    if measure.recorded:
        return measure, None, ()
    constant = run_constant(reader, spec, run_id)
    if constant is None:
        return measure, None, (measure.reason,)
    said = f"{measure.reason} The configuration fixes it at {constant:g} for every agent."
    return measure, constant, (said,)


def _range(tick: sa.ColumnElement[Any], ticks: TickRange | None) -> list[sa.ColumnElement[bool]]:
    return [] if ticks is None else [tick.between(ticks.first, ticks.last)]


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


def _step(ticks: list[Ints]) -> int:
    """The usual distance between recorded ticks: the most frequent one, 1 where there is none."""
    gaps = [np.diff(t) for t in ticks if len(t) > 1]
    if not gaps:
        return 1
    values, counts = np.unique(np.concatenate(gaps), return_counts=True)
    positive = values > 0
    if not positive.any():
        return 1
    return int(values[positive][np.argmax(counts[positive])])


def _chosen_ticks(reader: Reader, query: FanQuery) -> list[int] | None:
    """Recorded ticks at even distances where not all are to be read; the last is among them."""
    span = query.ticks or run_ticks(reader, query.run_id)
    if query.max_ticks is None or span is None or span.last - span.first < query.max_ticks:
        return None
    stride = -(-(span.last - span.first) // max(1, query.max_ticks - 1))
    spec = _spec(reader, query.measure)
    table = reader.layout.table_spec(spec.table)
    tick = reader.column(spec.table, spec.tick)
    of_run = reader.column(spec.table, str(table.run)) == query.run_id
    inside = sa.and_(of_run, tick.between(span.first, span.last))
    upwards = sa.and_(of_run, tick <= span.last)
    if reader.connection.dialect.name == "duckdb":  # which has no index to hop along
        rows = reader.rows(sa.select(tick).where(inside).distinct().order_by(tick))
    else:
        rows = reader.rows(_tick_hops(tick, upwards, span.first, stride))
    chosen: list[int] = []
    ticks = [at for at in (whole(r[0]) for r in rows) if at is not None]
    for at in ticks:
        if not chosen or at >= chosen[-1] + stride:
            chosen.append(at)
    last = whole(reader.scalar(sa.select(sa.func.max(tick)).where(inside)))
    return chosen if last is None or last in chosen else [*chosen, last]


def _tick_hops(
    tick: sa.ColumnElement[Any], upwards: sa.ColumnElement[bool], first: int, stride: int
) -> sa.Select[Any]:
    """The first tick and always the next that is at least `stride` further, along the index.

    Each step has one lower bound alone: of two, an index may serve the one that says less.
    """
    start = sa.select(sa.func.min(tick).label("at")).where(upwards, tick >= first)
    hops = start.cte("hops", recursive=True)
    further = sa.select(sa.func.min(tick)).where(upwards, tick >= hops.c.at + stride)
    hops = hops.union_all(sa.select(further.scalar_subquery()).where(hops.c.at.is_not(None)))
    return sa.select(hops.c.at)


def _quantiles(ticks: Ints, values: Floats) -> tuple[Ints, dict[str, Floats], Ints]:
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
