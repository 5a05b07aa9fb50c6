"""Settling: from which tick on each agent stays near its last value, from all rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.bands import no_number, number_of
from telemetry.answers.lens import bounds_of, on_bound
from telemetry.answers.measures import divisor, judged, place_of, spec_of
from telemetry.answers.passes import by_stretches
from telemetry.answers.runs import run_ticks
from telemetry.answers.series import series
from telemetry.answers.settling_columns import backwards, tolerance
from telemetry.answers.values import agent_of, floats, whole
from telemetry.answers.where import at_most
from telemetry.concepts import AgentId, Floats, Ints, Line, Settling, Settlings, TickRange
from telemetry.engines.lines import ByValuesError
from telemetry.families.vocabulary import MeasureSpec
from telemetry.queries import SeriesQuery, SettlingQuery
from telemetry.reader import Reader

BUCKETS = 128
"""The run's ticks are looked at in so many parts; only one part of each is then read by rows."""
FEW = 200_000
"""Rows that are read as they are; of more, each agent's extremes by part come first."""
_Bounds = tuple[float, float] | None


def settling(reader: Reader, query: SettlingQuery) -> Settlings:
    """One entry an agent with a value, in the order in which series list them."""
    spec = spec_of(reader, query.measure)
    measure, constant, notes = judged(reader, spec, query.run_id)
    bounds = bounds_of(reader, spec, query.run_id)
    found: list[Settling] = []
    span = query.ticks or run_ticks(reader, query.run_id)
    table, _ = place_of(reader, spec)
    if measure.recorded and (
        measure.rebuilt or span is None or at_most(reader, table, query.run_id, FEW)
    ):
        drawn = series(reader, SeriesQuery(query.run_id, query.measure, None, query.ticks))
        found = [s for line in drawn.lines if (s := _of_line(line, query, bounds)) is not None]
        notes = tuple(dict.fromkeys((*notes, *drawn.notes)))
    elif measure.recorded and span is not None:
        try:
            found = backwards(reader, query, spec, span, bounds)
        except ByValuesError:
            found = _by_parts(reader, query, spec, span, bounds)
    elif constant is not None:
        notes = (*notes, "A constant has nothing to settle to.")
    return Settlings(measure, query.epsilon, query.relative, span, tuple(found), bounds, notes)


def _of_line(line: Line, query: SettlingQuery, bounds: _Bounds) -> Settling | None:
    there = np.isfinite(line.value)
    tick, value = line.tick[there], line.value[there]
    if not len(tick):
        return None
    low, high = (_hits(value, bounds, end) for end in (0, 1))
    limit = float(value[-1])
    return Settling(
        line.agent_id, limit, _settled(tick, value, limit, query), int(tick[0]), int(tick[-1]),
        len(tick), low, high,
    )  # fmt: skip


def _settled(tick: Ints, value: Floats, limit: float, query: SettlingQuery) -> int:
    """The first tick from which on all values are near `limit`."""
    outside = np.flatnonzero(np.abs(value - limit) > tolerance(limit, query))
    after = int(outside[-1]) + 1 if len(outside) else 0
    return int(tick[min(after, len(tick) - 1)])


def _hits(value: Floats, bounds: _Bounds, end: int) -> int:
    return 0 if bounds is None else int(on_bound(value, bounds[end], end).sum())


def _by_parts(
    reader: Reader, query: SettlingQuery, spec: MeasureSpec, span: TickRange, bounds: _Bounds
) -> list[Settling]:
    """Extremes of each agent in each part of the run; then rows of the last part that is not near.

    A part whose lowest and highest value are both near the limit has no other value.
    """
    scale = divisor(reader, spec, query.run_id)
    wide = max(1, -(-(span.last - span.first + 1) // BUCKETS))
    rows = _extremes(reader, query, spec, span, wide, scale, bounds)
    agents = list(dict.fromkeys(row[0] for row in rows))
    place = {agent: i for i, agent in enumerate(agents)}
    last = np.full(len(agents), -(2**62), np.int64)
    for row in rows:
        last[place[row[0]]] = max(last[place[row[0]]], row[6])
    limits = _values_at(reader, query, spec, agents, last, scale)
    parts: dict[AgentId, list[tuple[Any, ...]]] = {agent: [] for agent in agents}
    for row in sorted(rows, key=lambda row: row[1]):
        parts[row[0]].append(row)
    wanted: dict[int, dict[AgentId, float]] = {}
    for agent, limit in limits.items():
        near = tolerance(limit, query)
        outside = [r[1] for r in parts[agent] if r[3] < limit - near or r[4] > limit + near]
        if outside:
            wanted.setdefault(outside[-1], {})[agent] = limit
    settled = {agent: own[0][5] for agent, own in parts.items()}
    for part, some in wanted.items():
        first = span.first + part * wide
        ticks = TickRange(first, first + wide - 1)
        after = _after_last_outside(reader, query, spec, ticks, some, scale)
        for agent, tick in after.items():
            later = (r[5] for r in parts[agent] if r[1] > part)
            settled[agent] = next(later, int(last[place[agent]])) if tick is None else tick
    return [
        Settling(
            agent, limits[agent], int(settled[agent]), int(own[0][5]), int(last[place[agent]]),
            sum(r[2] for r in own), sum(r[7] for r in own), sum(r[8] for r in own),
        )
        for agent, own in sorted(parts.items(), key=lambda item: _order(item[0]))
    ]  # fmt: skip


def _order(agent: AgentId) -> tuple[bool, int, str]:
    """Numbers ascending, then others by their texts, as series list them."""
    return (False, agent, "") if isinstance(agent, int) else (True, 0, agent)


def _extremes(
    reader: Reader,
    query: SettlingQuery,
    spec: MeasureSpec,
    span: TickRange,
    wide: int,
    scale: int,
    bounds: _Bounds,
    *,
    guarded: bool = False,
) -> list[tuple[Any, ...]]:
    """(agent, part, values, lowest, highest, first tick, last tick, on the low, on the high)."""
    table, _ = place_of(reader, spec)
    agent, tick = (reader.column(spec.table, n) for n in (spec.agent, spec.tick))
    value = number_of(reader, spec, guarded=guarded)
    part = (tick - span.first) // wide
    ends: list[Any] = [sa.literal(0), sa.literal(0)]
    if bounds is not None:
        ends = [sa.func.sum(sa.case((on_bound(value, b * scale, i), 1), else_=0))
                for i, b in enumerate(bounds)]  # fmt: skip
    statement = (
        sa.select(
            agent.label("a"), part.label("p"), sa.func.count(value), sa.func.min(value),
            sa.func.max(value), sa.func.min(tick), sa.func.max(tick), *ends,
        )
        .select_from(reader.layout.selectable(spec.table))
        .where(reader.column(spec.table, str(table.run)) == query.run_id, value.is_not(None))
        .group_by(sa.text("1"), sa.text("2"))
    )  # fmt: skip
    rows = by_stretches(reader, statement, table, tick, query.run_id, query.ticks)
    if not guarded and any(no_number(row[4]) for row in rows):
        return _extremes(reader, query, spec, span, wide, scale, bounds, guarded=True)
    return _scaled(rows, scale)


def _scaled(rows: list[tuple[Any, ...]], scale: int) -> list[tuple[Any, ...]]:
    """The rows that name an agent and whole ticks, their values in the measure's unit."""
    found = []
    for row in rows:
        low, high = floats(row[3:5], scale)[0].tolist()
        first, last = whole(row[5]), whole(row[6])
        if row[0] is None or first is None or last is None:
            continue
        hits = (int(hit or 0) for hit in row[7:9])
        found.append((agent_of(row[0]), int(row[1]), int(row[2]), low, high, first, last, *hits))
    return found


def _rows(
    reader: Reader, query: SettlingQuery, spec: MeasureSpec, *conditions: sa.ColumnElement[bool]
) -> list[tuple[Any, ...]]:
    table, _ = place_of(reader, spec)
    agent, tick = (reader.column(spec.table, n) for n in (spec.agent, spec.tick))
    value = number_of(reader, spec, guarded=True)
    return reader.rows(
        sa.select(agent, tick, value)
        .select_from(reader.layout.selectable(spec.table))
        .where(
            reader.column(spec.table, str(table.run)) == query.run_id, value.is_not(None),
            *conditions,
        )
    )  # fmt: skip


def _values_at(
    reader: Reader,
    query: SettlingQuery,
    spec: MeasureSpec,
    agents: list[AgentId],
    ticks: Ints,
    scale: int,
) -> dict[AgentId, float]:
    """Each agent's value at its own tick."""
    wanted = dict(zip(agents, ticks.tolist(), strict=True))
    at = reader.column(spec.table, spec.tick)
    found: dict[AgentId, float] = {}
    for tick in sorted(set(wanted.values())):
        for agent, _, value in _rows(reader, query, spec, at == tick):
            if wanted.get(agent_of(agent)) == tick:
                found[agent_of(agent)] = float(floats([value], scale)[0][0])
    return found


def _after_last_outside(
    reader: Reader,
    query: SettlingQuery,
    spec: MeasureSpec,
    ticks: TickRange,
    limits: dict[AgentId, float],
    scale: int,
) -> dict[AgentId, int | None]:
    """For the agents of `limits` the tick after the last one at which they were not near.

    None: it is their last of `ticks`.
    """
    at = reader.column(spec.table, spec.tick)
    seen: dict[AgentId, list[tuple[int, Any]]] = {agent: [] for agent in limits}
    for agent, tick, value in _rows(reader, query, spec, at.between(ticks.first, ticks.last)):
        who, when = agent_of(agent), whole(tick)
        if who in seen and when is not None:
            seen[who].append((when, value))
    found: dict[AgentId, int | None] = {}
    for agent, values in seen.items():
        values.sort(key=lambda pair: pair[0])
        number, _ = floats([value for _, value in values], scale)
        outside = np.flatnonzero(np.abs(number - limits[agent]) > tolerance(limits[agent], query))
        after = int(outside[-1]) + 1 if len(outside) else 0
        found[agent] = values[after][0] if after < len(values) else None
    return found
