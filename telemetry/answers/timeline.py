"""Timelines: the lanes of a run, from states per tick or from the changes between them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.runs import run_ticks
from telemetry.concepts import Lane, LaneInfo, RunId, TickRange, Timeline
from telemetry.errors import RequestError
from telemetry.families.vocabulary import LaneSpec
from telemetry.queries import TimelineQuery
from telemetry.reader import Layout, Reader

ON, OFF = "on", "off"
_Ticks = list[tuple[int, str]]


def lanes(layout: Layout) -> tuple[LaneInfo, ...]:
    """The family's lanes, each with whether this source records it."""
    found = []
    for spec in layout.family.lanes:
        recorded = layout.has(*spec.states) or (
            spec.changes is not None and layout.has(*spec.changes)
        )
        reason = "" if recorded else f"{spec.label} is not recorded in this database."
        found.append(LaneInfo(spec.name, spec.label, recorded, reason))
    return tuple(found)


def timeline(reader: Reader, query: TimelineQuery) -> Timeline:
    """The asked lanes; one that is not recorded has no intervals, and the notes say so."""
    known = {spec.name: spec for spec in reader.family.lanes}
    for name in query.lanes or ():
        if name not in known:
            raise RequestError(f"There is no lane {name!r}; this family has {', '.join(known)}.")
    ticks = run_ticks(reader, query.run_id)
    found: list[Lane] = []
    notes: list[str] = []
    for spec in known.values():
        if query.lanes is None or spec.name in query.lanes:
            more, said = _lanes(reader, spec, query.run_id, ticks)
            found.extend(more)
            notes.extend(said)
    return Timeline(ticks, tuple(found), tuple(notes))


def _lanes(
    reader: Reader, spec: LaneSpec, run_id: RunId, ticks: TickRange | None
) -> tuple[list[Lane], list[str]]:
    if reader.has(*spec.states):
        if spec.by is not None and reader.has(spec.states[0], spec.by):
            return _lanes_by(reader, spec, run_id)
        rows = _state_rows(reader, spec.states, run_id)
        if rows and spec.members is not None:
            return _member_lanes(spec, rows)
        if rows:
            return [
                _lane(spec.name, spec.label, [(t, str(s)) for t, s in rows if s is not None])
            ], []
    if spec.changes is not None and reader.has(*spec.changes):
        lane = _from_changes(reader, spec, run_id, ticks)
        if lane is not None:
            return [lane], []
    said = f"{spec.label} is not recorded in run {run_id}."
    return [_lane(spec.name, spec.label, [])], [said]


def _lanes_by(reader: Reader, spec: LaneSpec, run_id: RunId) -> tuple[list[Lane], list[str]]:
    """A lane for each value of the column `by`, in the order in which they first occur."""
    rows = _state_rows(reader, spec.states, run_id, by=spec.by)
    found: dict[str, _Ticks] = {}
    for tick, state, name in rows:
        if name is not None and state is not None:
            found.setdefault(str(name), []).append((tick, str(state)))
    if not found:
        said = f"{spec.label} is not recorded in run {run_id}."
        return [_lane(spec.name, spec.label, [])], [said]
    lanes = [_lane(f"{spec.name}:{n}", f"{spec.label}: {n}", s) for n, s in found.items()]
    return lanes, []


def _state_rows(
    reader: Reader, states: tuple[str, str], run_id: RunId, by: str | None = None
) -> list[tuple[Any, ...]]:
    table = reader.layout.table_spec(states[0])
    tick = reader.column(table.name, str(table.tick))
    rows = reader.rows(
        sa.select(
            tick,
            reader.column(*states),
            *(() if by is None else (reader.column(table.name, by),)),
        )
        .where(reader.column(table.name, str(table.run)) == run_id)
        .order_by(tick)
    )
    return [r for r in rows if isinstance(r[0], int)]


def _member_lanes(spec: LaneSpec, rows: list[tuple[Any, ...]]) -> tuple[list[Lane], list[str]]:
    decoded: dict[Any, frozenset[str] | None] = {text: _members(text) for _, text in rows}
    bad = [tick for tick, text in rows if decoded[text] is None]
    notes = []
    if bad:
        notes.append(
            f"{spec.label}: {len(bad)} ticks hold no valid list (first at tick {bad[0]}) "
            "and count as not recorded."
        )
    seen = frozenset[str]().union(*(m for m in decoded.values() if m))
    order = list(spec.members or ()) + sorted(seen - set(spec.members or ()))
    lanes = []
    for member in order:
        if member in seen:
            states = []
            for tick, text in rows:
                members = decoded[text]
                if members is not None:
                    states.append((tick, ON if member in members else OFF))
            lanes.append(_lane(member, member, states))
    if not lanes:
        lanes.append(
            _lane(spec.name, spec.label, [(t, OFF) for t, x in rows if decoded[x] is not None])
        )
    return lanes, notes


def _members(text: Any) -> frozenset[str] | None:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return frozenset(str(m) for m in found) if isinstance(found, list) else None


def _from_changes(
    reader: Reader, spec: LaneSpec, run_id: RunId, ticks: TickRange | None
) -> Lane | None:
    """Each change starts a state; before the first one its old state held."""
    assert spec.changes is not None
    name, old, new = spec.changes
    table = reader.layout.table_spec(name)
    tick = reader.column(name, str(table.tick))
    rows = reader.rows(
        sa.select(tick, reader.column(name, old), reader.column(name, new))
        .where(reader.column(name, str(table.run)) == run_id)
        .order_by(tick, reader.column(name, table.key[0]))
    )
    if not rows or ticks is None:
        return None
    first, last, states = [], [], []
    before = ticks.first
    for i, (at, old_state, _) in enumerate(rows):
        state = old_state if i == 0 else rows[i - 1][2]
        if at > before:
            first.append(before)
            last.append(at - 1)
            states.append(str(state))
        before = max(before, at)
    if before <= ticks.last:
        first.append(before)
        last.append(ticks.last)
        states.append(str(rows[-1][2]))
    return Lane(
        spec.name, spec.label, np.array(first, np.int64), np.array(last, np.int64), tuple(states)
    )


def _lane(name: str, label: str, states: Iterable[tuple[int, str]]) -> Lane:
    """Equal neighbours merged; a distance larger than the usual one ends an interval."""
    listed: _Ticks = list(states)
    gaps = [b[0] - a[0] for a, b in pairwise(listed) if b[0] > a[0]]
    step = max(set(gaps), key=gaps.count) if gaps else 1
    first: list[int] = []
    last: list[int] = []
    names: list[str] = []
    for tick, state in listed:
        if names and names[-1] == state and tick - last[-1] <= step:
            last[-1] = tick
        else:
            if names and last[-1] < tick - 1 <= last[-1] + step - 1:
                last[-1] = tick - 1
            first.append(tick)
            last.append(tick)
            names.append(state)
    return Lane(name, label, np.array(first, np.int64), np.array(last, np.int64), tuple(names))
