"""Lanes in pixels: which state to paint where, so that none vanishes for being narrow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from telemetry.concepts import Floats, Ints, Lane, Stretches
from telemetry.frozen import Frozen


class Blocks(Frozen):
    """The state `names[code[i]]` from `left[i]` to `right[i]` pixels; never over a mixed column."""

    left: Floats
    right: Floats
    code: Ints
    names: tuple[str, ...]

    def __len__(self) -> int:
        return int(self.code.size)

    def __iter__(self) -> Iterator[tuple[float, float, str]]:
        states = (self.names[code] for code in self.code.tolist())
        return zip(self.left.tolist(), self.right.tolist(), states, strict=True)

    def wider_than(self, pixels: float) -> Blocks:
        wide = self.right - self.left > pixels
        return Blocks(self.left[wide], self.right[wide], self.code[wide], self.names)


class Mixed(Frozen):
    """The pixel columns (int64[n], ascending) that hold states narrower than themselves, and the
    `shares` float64[states, n] of them, which may sum to less than 1 where ticks were not recorded.
    """

    columns: Ints
    names: tuple[str, ...]
    shares: Floats

    def __len__(self) -> int:
        return int(self.columns.size)


NO_BLOCKS = Blocks(np.empty(0), np.empty(0), np.empty(0, np.int64), ())
NOTHING_MIXED = Mixed(np.empty(0, np.int64), (), np.empty((0, 0)))


class LanePieces(Frozen):
    blocks: Blocks
    mixed: Mixed


def lane_pieces(
    lane: Lane, first: float, last: float, width: float, dpr: float = 1.0
) -> LanePieces:
    """How to paint `lane` with tick `first` at pixel 0 and tick `last` at pixel `width`.

    The interval of ticks a…b is painted from a to b + 1, so the last state has its width too.
    """
    if lane.first.size == 0 or last <= first or width <= 0:
        return LanePieces(NO_BLOCKS, NOTHING_MIXED)
    found = lane.stretches
    begin, end = found.begin, found.end
    per_tick = width / (last - first)
    seen = (end > first) & (begin < last)
    wide = (end - begin) * per_tick * dpr >= 1.0
    columns = max(1, round(width * dpr))
    crowded = _crowded(begin, end, first, last, columns)
    shown = np.flatnonzero(seen & wide)
    left = np.maximum((begin[shown] - first) * per_tick, 0.0)
    right = np.minimum((end[shown] - first) * per_tick, width)
    left, right, which = _without(left, right, *_runs(crowded, width / columns))
    blocks = Blocks(left, right, found.code[shown[which]], found.names)
    if crowded.size == 0:
        return LanePieces(blocks, NOTHING_MIXED)
    span = (last - first) / columns
    left, right = first + crowded * span, first + (crowded + 1) * span
    return LanePieces(blocks, Mixed(crowded, found.names, _shares(found, left, right)))


def column_shares(
    lane: Lane, first: float, last: float, columns: int
) -> tuple[tuple[str, ...], Floats]:
    """The states of `lane`, and float64[states, columns]: which share of each of `columns` equal
    parts of the ticks first…last each state fills."""
    if lane.first.size == 0 or last <= first or columns < 1:
        return (), np.empty((0, max(columns, 0)))
    edges = np.linspace(first, last, columns + 1)
    return lane.stretches.names, _shares(lane.stretches, edges[:-1], edges[1:])


def _shares(found: Stretches, left: Floats, right: Floats) -> Floats:
    """Which share of each [left, right) each state fills, in the order of their names."""
    parts = [found.code == k for k in range(len(found.names))]
    covered = np.array([_covered(found.begin[p], found.end[p], left, right) for p in parts])
    return covered / (right - left)


def _runs(columns: Ints, pixel: float) -> tuple[Floats, Floats]:
    """Where neighbouring columns begin and end, in pixels."""
    apart = np.flatnonzero(np.diff(columns) > 1)
    begins = np.concatenate([columns[:1], columns[apart + 1]])
    ends = np.concatenate([columns[apart], columns[-1:]]) + 1
    return begins * pixel, ends * pixel


def _without(
    left: Floats, right: Floats, run_left: Floats, run_right: Floats
) -> tuple[Floats, Floats, Ints]:
    """What is left of blocks outside of runs, both ascending and apart; and the block of each."""
    gap_left, gap_right = np.append(-np.inf, run_right), np.append(run_left, np.inf)
    first = np.searchsorted(gap_right, left, side="right")
    count = np.maximum(np.searchsorted(gap_left, right, side="left") - first, 0)
    which = np.repeat(np.arange(left.size), count)
    gap = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count) + first[which]
    left = np.maximum(left[which], gap_left[gap])
    right = np.minimum(right[which], gap_right[gap])
    some = right > left
    return left[some], right[some], which[some]


def _crowded(begin: Floats, end: Floats, first: float, last: float, columns: int) -> Ints:
    """Pixel columns touched by an interval, or by a hole, that is narrower than a pixel."""
    holes = np.flatnonzero(begin[1:] > end[:-1])
    a = np.concatenate([begin, end[:-1][holes]])
    b = np.concatenate([end, begin[1:][holes]])
    per_tick = columns / (last - first)
    narrow = ((b - a) * per_tick < 1.0) & (b > first) & (a < last)
    left = np.floor((a[narrow] - first) * per_tick).astype(np.int64)
    right = np.ceil((b[narrow] - first) * per_tick).astype(np.int64) - 1
    found = np.concatenate([left, np.maximum(right, left)])
    touched = np.zeros(columns, np.bool_)
    touched[found[(found >= 0) & (found < columns)]] = True
    return np.flatnonzero(touched)


def _covered(begin: Floats, end: Floats, left: Floats, right: Floats) -> Floats:
    """How many ticks of each [left, right) lie in one of the intervals."""
    edges = np.column_stack([begin, end]).ravel()
    done = np.column_stack([np.zeros(begin.size), end - begin]).ravel().cumsum()
    return np.interp(right, edges, done) - np.interp(left, edges, done)
