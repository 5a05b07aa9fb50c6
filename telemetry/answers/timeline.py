"""Timelines: the lanes of a run, from states per tick or from the changes between them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.runs import run_ticks
from telemetry.answers.values import whole
from telemetry.concepts import Lane, LaneInfo, RunId, TickRange, Timeline
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.vocabulary import LaneSpec
from telemetry.queries import TimelineQuery
from telemetry.reader import Layout, Reader

ON, OFF = "on", "off"
_Ticks = list[tuple[int, Any]]


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
        if not known:
            raise NothingFoundError(f"{reader.family.label} sources of this kind have no lanes.")
        if name not in known:
            raise RequestError(f"There is no lane {name!r}; this family has {', '.join(known)}.")
    window = _Window(query.run_id, query.ticks, run_ticks(reader, query.run_id))
    found: list[Lane] = []
    notes: list[str] = []
    for spec in known.values():
        if query.lanes is None or spec.name in query.lanes:
            more, said = _lanes(reader, spec, window)
            found.extend(more)
            notes.extend(said)
    return Timeline(window.run_ticks, tuple(found), tuple(notes))


@dataclass(frozen=True)
class _Window:
    """Which rows are asked for: of one run, and of some of its ticks (None: of all)."""

    run_id: RunId
    asked: TickRange | None
    run_ticks: TickRange | None

    @property
    def last(self) -> int | None:
        """The tick beyond which no state holds."""
        ends = [ticks.last for ticks in (self.asked, self.run_ticks) if ticks is not None]
        return min(ends) if ends else None

    def cut(self, lane: Lane) -> Lane:
        """The part of a lane that lies in the window."""
        if self.asked is None:
            return lane
        first, last = self.asked.first, self.asked.last
        spans = zip(lane.first, lane.last, lane.state, strict=True)
        inside = [(max(int(a), first), min(int(b), last), state) for a, b, state in spans]
        return _of(lane.name, lane.label, [span for span in inside if span[0] <= span[1]])


def _lanes(reader: Reader, spec: LaneSpec, window: _Window) -> tuple[list[Lane], list[str]]:
    if reader.has(*spec.states):
        if spec.by is not None and reader.has(spec.states[0], spec.by):
            return _lanes_by(reader, spec, window)
        rows = _state_rows(reader, spec.states, window)
        if rows and spec.members is not None:
            return _member_lanes(spec, rows, window)
        if any(state is not None for _, state in rows):
            return [_lane(spec.name, spec.label, rows, window)], []
    if spec.changes is not None and reader.has(*spec.changes):
        lane = _from_changes(reader, spec, window)
        if lane is not None:
            return [window.cut(lane)], []
    said = f"{spec.label} is not recorded in run {window.run_id}."
    return [_of(spec.name, spec.label, [])], [said]


def _lanes_by(reader: Reader, spec: LaneSpec, window: _Window) -> tuple[list[Lane], list[str]]:
    """A lane for each value of the column `by`, in the order in which they first occur."""
    rows = _state_rows(reader, spec.states, window, by=spec.by)
    found: dict[str, _Ticks] = {}
    for tick, state, name in rows:
        if name is not None and state is not None:
            found.setdefault(str(name), []).append((tick, state))
    if not found:
        said = f"{spec.label} is not recorded in run {window.run_id}."
        return [_of(spec.name, spec.label, [])], [said]
    lanes = [_lane(f"{spec.name}:{n}", n, s, window) for n, s in found.items()]
    return lanes, []


def _state_rows(
    reader: Reader, states: tuple[str, str], window: _Window, by: str | None = None
) -> list[tuple[Any, ...]]:
    table = reader.layout.table_spec(states[0])
    tick = reader.column(table.name, str(table.tick))
    key = (reader.column(table.name, k) for k in table.key if reader.has(table.name, k))
    asked = () if window.asked is None else (tick.between(window.asked.first, window.asked.last),)
    rows = reader.rows(
        sa.select(
            tick,
            reader.column(*states),
            *(() if by is None else (reader.column(table.name, by),)),
        )
        .where(reader.column(table.name, str(table.run)) == window.run_id, *asked)
        .order_by(tick, *key)
    )
    return [(at, *more) for at, *more in ((whole(t), *m) for t, *m in rows) if at is not None]


def _member_lanes(spec: LaneSpec, rows: _Ticks, window: _Window) -> tuple[list[Lane], list[str]]:
    decoded: dict[Any, frozenset[str] | None] = {text: _members(text) for _, text in rows}
    bad = [tick for tick, text in rows if decoded[text] is None]
    notes = []
    if bad:
        notes.append(
            f"{spec.label}: {len(bad)} ticks hold no valid list (first at tick {bad[0]}) "
            "and count as not recorded."
        )
    seen = frozenset[str]().union(*(m for m in decoded.values() if m))
    # Over some ticks a member may be off throughout that is on elsewhere.
    whole_run = window.asked is None
    order = [m for m in spec.members or () if m in seen or not whole_run]
    order += sorted(seen - set(spec.members or ()))

    def states(member: str | None) -> _Ticks:
        """On, off, or None where the list cannot be read."""
        lists = ((tick, decoded[text]) for tick, text in rows)
        return [
            (t, None if found is None else ON if member in found else OFF) for t, found in lists
        ]

    if not order:
        return [_lane(spec.name, spec.label, states(None), window)], notes
    return [_lane(member, member, states(member), window) for member in order], notes


def _members(text: Any) -> frozenset[str] | None:
    try:
        found = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None
    return frozenset(str(m) for m in found) if isinstance(found, list) else None


def _from_changes(reader: Reader, spec: LaneSpec, window: _Window) -> Lane | None:
    """Each change starts a state; before the first one its old state held."""
    assert spec.changes is not None
    name, old, new = spec.changes
    table = reader.layout.table_spec(name)
    tick = reader.column(name, str(table.tick))
    key = (reader.column(name, k) for k in table.key if reader.has(name, k))
    listed = reader.rows(
        sa.select(tick, reader.column(name, old), reader.column(name, new))
        .where(reader.column(name, str(table.run)) == window.run_id)
        .order_by(tick, *key)
    )
    rows = [(whole(at), before, after) for at, before, after in listed]
    changes = [(at, before, after) for at, before, after in rows if at is not None]
    ticks = window.run_ticks
    if not changes or ticks is None:
        return None
    starts = [(ticks.first, changes[0][1]), *((at, after) for at, _, after in changes)]
    ends = [*(at - 1 for at, _ in starts[1:]), ticks.last]
    intervals: list[tuple[int, int, str]] = []
    for (at, state), end in zip(starts, ends, strict=True):
        first, last = max(at, ticks.first), min(end, ticks.last)
        if first > last or state is None:
            continue
        if intervals and intervals[-1][1:] == (first - 1, str(state)):
            first = intervals.pop()[0]
        intervals.append((first, last, str(state)))
    return _of(spec.name, spec.label, intervals)


def _lane(name: str, label: str, states: _Ticks, window: _Window) -> Lane:
    """A state holds until the next one, at most for the usual distance of two, within the run.

    `states` in order of ticks; of several for one tick the last counts; None is not recorded.
    Equal neighbours are one interval.
    """
    listed = list(dict(states).items())
    gaps = Counter(after[0] - before[0] for before, after in pairwise(listed))
    step = min(gaps, key=lambda gap: (-gaps[gap], gap)) if gaps else 1
    intervals: list[tuple[int, int, str]] = []
    for i, (tick, state) in enumerate(listed):
        if state is None:
            continue
        end = tick + step - 1
        if i + 1 < len(listed):
            end = min(end, listed[i + 1][0] - 1)
        elif window.last is not None:
            end = max(tick, min(end, window.last))
        first = tick
        if intervals and intervals[-1][1:] == (tick - 1, str(state)):
            first = intervals.pop()[0]
        intervals.append((first, end, str(state)))
    return _of(name, label, intervals)


def _of(name: str, label: str, intervals: list[tuple[int, int, str]]) -> Lane:
    return Lane(
        name,
        label,
        np.array([first for first, _, _ in intervals], np.int64),
        np.array([last for _, last, _ in intervals], np.int64),
        tuple(state for _, _, state in intervals),
    )
