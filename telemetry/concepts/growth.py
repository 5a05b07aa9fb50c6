"""Growth: answers made longer by what was written since."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from telemetry.concepts.series import Band, Fan, Lane, Line, Series, Timeline
from telemetry.concepts.values import Floats
from telemetry.frozen import replace

OVERLAP = 100
"""So many ticks before the end are read again: states are told by their usual distance."""


def longer_series(known: Series, newer: Series, first: int) -> Series:
    """`known` up to tick `first`, and from there `newer`, which was asked from `first` on."""
    more = {line.agent_id: line for line in newer.lines}
    lines = [_longer_line(line, more.pop(line.agent_id, None), first) for line in known.lines]
    measure = known.measure if known.measure.recorded else newer.measure
    return replace(newer, measure=measure, lines=(*lines, *more.values()), step=known.step)


def longer_fan(known: Fan, newer: Fan, first: int) -> Fan:
    """`known` up to tick `first`, and from there `newer`, which was asked from `first` on."""
    end = int(np.searchsorted(known.tick, first))
    names = known.quantiles.keys() | newer.quantiles.keys()
    return replace(
        newer,
        measure=known.measure if known.measure.recorded else newer.measure,
        tick=np.concatenate([known.tick[:end], newer.tick]),
        quantiles={name: _joined(known, newer, name, end) for name in sorted(names)},
        count=np.concatenate([known.count[:end], newer.count]),
        step=known.step,
        notes=tuple(dict.fromkeys((*known.notes, *newer.notes))),
    )


def longer_band(known: Band, newer: Band, first: int) -> Band:
    """`known` up to tick `first`, and from there `newer`, which was asked from `first` on."""
    end = int(np.searchsorted(known.tick, first))
    return replace(
        newer,
        measure=known.measure if known.measure.recorded else newer.measure,
        tick=np.concatenate([known.tick[:end], newer.tick]),
        low=np.concatenate([known.low[:end], newer.low]),
        mean=np.concatenate([known.mean[:end], newer.mean]),
        high=np.concatenate([known.high[:end], newer.high]),
        count=np.concatenate([known.count[:end], newer.count]),
        step=known.step,
    )


def longer_timeline(known: Timeline, newer: Timeline, first: int) -> Timeline | None:
    """`known` up to tick `first`, and from there `newer`.

    None where lanes came or went: what a new lane was before is not known, so ask for all of it.
    """
    more = {lane.name: lane for lane in newer.lanes if _told(lane)}
    old = {lane.name: lane for lane in known.lanes if _told(lane)}
    if set(more) - set(old):
        return None
    lanes = {lane.name: lane for lane in newer.lanes}
    joined = [_longer_lane(lane, lanes.get(lane.name), first) for lane in known.lanes]
    notes = tuple(dict.fromkeys((*known.notes, *newer.notes)))
    return Timeline(newer.ticks, tuple(joined), notes)


def _told(lane: Lane) -> bool:
    """A lane that tells something: one that is off all the time is not offered either."""
    return any(state != "off" for state in lane.state)


def _longer_line(known: Line, newer: Line | None, first: int) -> Line:
    if newer is None:
        return known
    end = int(np.searchsorted(known.tick, first))
    mark = None
    if known.mark is not None or newer.mark is not None:
        before = known.mark or ("",) * known.tick.size
        after = newer.mark or ("",) * newer.tick.size
        mark = (*before[:end], *after)
    return Line(
        known.agent_id,
        np.concatenate([known.tick[:end], newer.tick]),
        np.concatenate([known.value[:end], newer.value]),
        mark,
    )


def _joined(known: Fan, newer: Fan, name: str, end: int) -> Floats:
    def of(fan: Fan) -> Floats:
        return fan.quantiles.get(name, np.full(fan.tick.size, np.nan))

    return np.concatenate([of(known)[:end], of(newer)])


def _longer_lane(known: Lane, newer: Lane | None, first: int) -> Lane:
    if newer is None:
        return known
    intervals: list[tuple[int, int, str]] = []
    before = ((start, min(end, first - 1), state) for start, end, state in _intervals(known))
    for start, end, state in (*before, *_intervals(newer)):
        if start > end:
            continue
        if intervals and intervals[-1][1:] == (start - 1, state):
            start = intervals.pop()[0]
        intervals.append((start, end, state))
    return Lane(
        known.name,
        known.label,
        np.array([start for start, _, _ in intervals], np.int64),
        np.array([end for _, end, _ in intervals], np.int64),
        tuple(state for _, _, state in intervals),
    )


def _intervals(lane: Lane) -> Iterator[tuple[int, int, str]]:
    for start, end, state in zip(lane.first, lane.last, lane.state, strict=True):
        yield int(start), int(end), state
