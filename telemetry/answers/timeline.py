"""Timelines: the lanes of a run, from states per tick or from the changes between them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.runs import run_ticks
from telemetry.answers.stretches import NOT_RECORDED, States, StatesRead
from telemetry.answers.values import whole
from telemetry.concepts import Lane, RunId, TickRange, Timeline
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.vocabulary import LaneSpec
from telemetry.frozen import Frozen
from telemetry.queries import TimelineQuery
from telemetry.reader import STEP, Reader

ON, OFF = "on", "off"
_WHOLE = ("smallint", "integer", "bigint")
"""What a server calls a column that can hold nothing but whole numbers."""


def timeline(reader: Reader, query: TimelineQuery) -> Timeline:
    """The asked lanes; one that is not recorded has no intervals, and the notes say so."""
    known = {spec.name: spec for spec in reader.family.lanes}
    for name in query.lanes or ():
        if not known:
            raise NothingFoundError(f"{reader.family.label} sources of this kind have no lanes.")
        if name not in known:
            raise RequestError(f"There is no lane {name!r}; this family has {', '.join(known)}.")
    window = _Window(query.run_id, query.ticks, run_ticks(reader, query.run_id))
    asked = [s for s in known.values() if query.lanes is None or s.name in query.lanes]
    read = _Read(reader, window, asked)
    found: list[Lane] = []
    notes: list[str] = []
    for spec in asked:
        more, said = _lanes(reader, spec, window, read)
        found.extend(more)
        notes.extend(said)
    return Timeline(window.run_ticks, tuple(found), tuple(notes))


class _Window(Frozen):
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


def _lanes(
    reader: Reader, spec: LaneSpec, window: _Window, read: _Read
) -> tuple[list[Lane], list[str]]:
    if reader.has(*spec.states):
        if spec.by is not None and reader.has(spec.states[0], spec.by):
            return _lanes_by(reader, spec, window)
        states = read.of(spec)
        if states.code.size and spec.members is not None:
            return _member_lanes(spec, states, window)
        if states.recorded:
            return [states.lane(spec.name, spec.label, window.last)], []
    if spec.changes is not None and reader.has(*spec.changes):
        lane = _from_changes(reader, spec, window)
        if lane is not None:
            return [window.cut(lane)], []
    said = f"{spec.label} is not recorded in run {window.run_id}."
    return [_of(spec.name, spec.label, [])], [said]


def _lanes_by(reader: Reader, spec: LaneSpec, window: _Window) -> tuple[list[Lane], list[str]]:
    """A lane for each value of the column `by`, in the order in which they first occur."""
    found: dict[str, list[tuple[Any, Any]]] = {}
    for rows in _state_rows(reader, spec.states[0], (spec.states[1], str(spec.by)), window):
        for tick, state, name in rows:
            if name is not None and state is not None and whole(tick) is not None:
                found.setdefault(str(name), []).append((tick, state))
    if not found:
        said = f"{spec.label} is not recorded in run {window.run_id}."
        return [_of(spec.name, spec.label, [])], [said]
    lanes = []
    for name, rows in found.items():
        read = StatesRead(1)
        read.add(rows)
        lanes += [s.lane(f"{spec.name}:{name}", name, window.last) for s in read.states()]
    return lanes, []


class _Read:
    """The states of the lanes that are asked for; those that stand in one table are read at once.

    A pass over the ticks of a long run takes most of the time of an answer.
    """

    def __init__(self, reader: Reader, window: _Window, specs: Sequence[LaneSpec]) -> None:
        self._reader, self._window, self._specs = reader, window, specs
        self._columns: dict[tuple[str, str], States] = {}

    def of(self, spec: LaneSpec) -> States:
        if spec.states not in self._columns:
            table = spec.states[0]
            also = (s.states for s in self._specs if s.by is None and s.states[0] == table)
            names = dict.fromkeys(c for t, c in also if self._reader.has(t, c))
            read = _states(self._reader, table, tuple(names), self._window)
            for name, states in zip(names, read.states(), strict=True):
                self._columns[table, name] = states
        return self._columns[spec.states]


def _states(reader: Reader, name: str, columns: tuple[str, ...], window: _Window) -> StatesRead:
    """The states of these columns; a server sends each stretch of equal rows once."""
    read = StatesRead(len(columns))
    stored = reader.layout.shape.tables.get(reader.layout.stored(name), {})
    if reader.served and stored.get(str(reader.layout.table_spec(name).tick)) in _WHOLE:
        for rows in reader.chunks(_changes(*_of_window(reader, name, columns, window)), STEP):
            read.add_repeated(rows)
        return read
    for rows in _state_rows(reader, name, columns, window):
        read.add(rows)
    return read


def _state_rows(
    reader: Reader, name: str, columns: tuple[str, ...], window: _Window
) -> Iterator[list[tuple[Any, ...]]]:
    """Tick and columns of the rows in the window, in the order of their ticks, a few at a time."""
    statement, order = _of_window(reader, name, columns, window)
    return reader.chunks(statement.order_by(*order), STEP)


def _of_window(
    reader: Reader, name: str, columns: tuple[str, ...], window: _Window
) -> tuple[sa.Select[Any], list[sa.ColumnElement[Any]]]:
    """Tick and columns of the rows in the window, and what they are ordered by, ticks first."""
    table = reader.layout.table_spec(name)
    tick = reader.column(name, str(table.tick))
    key = (reader.column(name, k) for k in table.key if reader.has(name, k))
    asked = () if window.asked is None else (tick.between(window.asked.first, window.asked.last),)
    statement = sa.select(tick, *(reader.column(name, c) for c in columns))
    of_run = reader.column(name, str(table.run)) == window.run_id
    return statement.where(of_run, *asked), [tick, *key]


def _changes(statement: sa.Select[Any], order: list[sa.ColumnElement[Any]]) -> sa.Select[Any]:
    """(times, step, tick, columns) of those rows that do not just go on, and of the last one.

    A row goes on where its columns are those of the row before it and its tick is as far from that
    one's as that one's was from the next before (`step`). `times` counts a row and those that do.
    """
    tick, *columns = statement.selected_columns

    def before(value: Any, rows: int = 1) -> sa.ColumnElement[Any]:
        return sa.func.lag(value, rows).over(order_by=order)

    at = sa.cast(tick, sa.Numeric())  # of which no two are too far apart
    texts = [sa.cast(column, sa.Text()) for column in columns]
    told = statement.add_columns(
        sa.func.row_number().over(order_by=order).label("place"),
        (at - before(at)).label("step"),
        sa.or_(
            (at - before(at)).is_distinct_from(before(at) - before(at, 2)),
            *(text.is_distinct_from(before(text)) for text in texts),
            sa.func.lead(sa.literal(1)).over(order_by=order).is_(None),
        ).label("changes"),
    ).subquery()
    place = told.c.place
    following = sa.func.lead(place, 1, place + 1).over(order_by=place)  # of those that are told
    found = [following - place, told.c.step, *list(told.c)[: 1 + len(columns)]]
    return sa.select(*found).where(told.c.changes).order_by(place)


def _member_lanes(spec: LaneSpec, states: States, window: _Window) -> tuple[list[Lane], list[str]]:
    decoded = [_members(text) for text in states.known]
    bad = states.tick[np.array([found is None for found in decoded])[states.code]]
    notes = []
    if bad.size:
        notes.append(
            f"{spec.label}: {bad.size} ticks hold no valid list (first at tick {bad[0]}) "
            "and count as not recorded."
        )
    seen = frozenset[str]().union(*(found for found in decoded if found))
    # Over some ticks a member may be off throughout that is on elsewhere.
    whole_run = window.asked is None
    order = [m for m in spec.members or () if m in seen or not whole_run]
    order += sorted(seen - set(spec.members or ()))

    def lane(name: str, label: str, member: str | None) -> Lane:
        """On, off, or not recorded where the list cannot be read."""
        places = [NOT_RECORDED if found is None else int(member in found) for found in decoded]
        return states.coded_lane(name, label, places, (OFF, ON), window.last)

    if not order:
        return [lane(spec.name, spec.label, None)], notes
    return [lane(member, member, member) for member in order], notes


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


def _of(name: str, label: str, intervals: list[tuple[int, int, str]]) -> Lane:
    return Lane(
        name,
        label,
        np.array([first for first, _, _ in intervals], np.int64),
        np.array([last for _, last, _ in intervals], np.int64),
        tuple(state for _, _, state in intervals),
    )
