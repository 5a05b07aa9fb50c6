"""LineBank: many lines cut into unbroken stretches, thinned for any zoom without losing a spike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from telemetry.concepts import Floats, Ints, Line

FINEST = 4
"""Samples in a chunk of the finest thinned level; each level above holds twice as many."""


@dataclass(frozen=True)
class Strokes:
    """Polylines ready to draw: vertex i is joined to i + 1 where `joined[i]`.

    `owner[i]` is the index of the line that vertex i belongs to. `lone` are the indices of
    vertices without any neighbour, which a stroke would not show.
    """

    tick: Floats
    value: Floats
    owner: Ints
    joined: npt.NDArray[np.bool_]
    lone: Ints


@dataclass(frozen=True)
class Spans:
    """Values from `low[i]` to `high[i]` that line `owner[i]` runs through at `tick[i]`, in order of
    lines and ticks; each reaches to the value that the line came from."""

    tick: Floats
    low: Floats
    high: Floats
    owner: Ints


@dataclass(frozen=True)
class _Level:
    """Chunk j begins at sample start[j]; its line runs from low[j] to high[j] there, the way from
    the chunk before included."""

    size: int
    start: Ints
    low: Floats
    high: Floats
    first_chunk: Ints  # of each stretch, and one past the last


class LineBank:
    """Samples of many lines, one after the other, and a pyramid of chunk minima and maxima.

    `whole`: every value can be drawn. A stretch ends at NaN, ±inf, a jump of more than `step`
    ticks, and (`positive`) at values that a log axis cannot show. A chunk never reaches over the
    end of its stretch.
    """

    def __init__(self, lines: Sequence[Line], step: int, *, positive: bool = False) -> None:
        tick, value = _joined([line.tick for line in lines]), _joined([x.value for x in lines])
        self._lines = np.cumsum([0, *(line.tick.size for line in lines)])  # where each begins
        self.lines, self.positive = lines, positive
        shown = np.isfinite(value) & (value > 0) if positive else np.isfinite(value)
        self.whole = bool(shown.all())
        if self.whole:  # as good as always: the arrays are the lines' own
            cut = np.diff(tick) > step
        else:
            kept = np.flatnonzero(shown)
            tick, value = tick[kept], value[kept]
            self._lines = np.searchsorted(kept, self._lines)
            cut = (np.diff(kept) != 1) | (np.diff(tick) > step)
        inside = self._lines[(self._lines > 0) & (self._lines < tick.size)]
        cut[inside - 1] = True
        self.tick, self.value = tick, value
        whole = [0, *([tick.size] if tick.size else [])]
        self._starts = np.insert(np.array(whole, np.int64), 1, np.flatnonzero(cut) + 1)
        self._owner = np.searchsorted(self._lines, self._starts[:-1], side="right") - 1
        self._some_lone = bool((np.diff(self._starts) == 1).any())
        self._step = max(1, step)
        self._levels: list[_Level] = []

    def prepare(self) -> LineBank:
        """Build what zooming out will need, here and now (in a worker)."""
        self._level_for(1e-12)
        return self

    @property
    def stretches(self) -> int:
        return self._starts.size - 1

    def strokes(self, first: float, last: float, columns: int) -> Strokes:
        """What to draw for ticks `first`…`last` over `columns` device pixels.

        Where samples are denser than the pixels, every chunk (narrower than a pixel) gives its
        minimum and maximum. Neighbours just outside are included, so lines run out of the plot.
        """
        begin, end = self._visible(first, last)
        level = self._level_for(columns / max(last - first, 1e-9))
        if level is None:
            index, stretch = _ranges(begin, end)
            tick, value = self.tick[index], self.value[index]
        else:
            index, stretch, tick, value = self._chunks(level, begin, end)
        joined = np.empty(tick.size, dtype=np.bool_)
        if tick.size:
            joined[:-1] = stretch[:-1] == stretch[1:]
            joined[-1] = False
        before = np.concatenate([[False], joined[:-1]]) if tick.size else joined
        lone = np.flatnonzero(~joined & ~before)
        if level is not None and self._some_lone:
            lone = np.union1d(lone, self._single(tick, stretch))
        return Strokes(tick, value, self._owner[stretch], joined, lone)

    @property
    def size(self) -> int:
        return int(self.tick.size)

    def crowd(self, first: float, last: float, columns: int) -> int:
        """How many vertices `strokes` would have; 0 where samples lie more than a pixel apart."""
        per_tick = columns / max(last - first, 1e-9)
        if per_tick * self._step > 1.0:
            return 0
        begin, end = self._visible(first, last)
        level = self._level_for(per_tick)
        return (
            int((end - begin).sum())
            if level is None
            else int((end - begin).sum() * 2 // level.size)
        )

    def spans(self, first: float, last: float, columns: int) -> Spans:
        """The same as `strokes`, for samples at most a pixel apart: no value is lost either."""
        begin, end = self._visible(first, last)
        level = self._level_for(columns / max(last - first, 1e-9))
        if level is None:
            start, stretch = _ranges(begin, end)
            value = self.value[start]
            before = self.value[np.where(start > self._starts[stretch], start - 1, start)]
            low, high = np.minimum(value, before), np.maximum(value, before)
            return Spans(self.tick[start], low, high, self._owner[stretch])
        chunk, stretch = self._chunk_ranges(level, begin, end)
        # A chunk that begins before the ticks in view may reach into them.
        tick = np.maximum(self.tick[level.start[chunk]], first)
        return Spans(tick, level.low[chunk], level.high[chunk], self._owner[stretch])

    def extremes(self, first: float, last: float, columns: int) -> Floats:
        """Values between two ticks, of many only the least and the greatest of each column."""
        begin, end = self._visible(first, last)
        level = self._level_for(columns / max(last - first, 1e-9))
        if level is None:
            return self.value[_ranges(begin, end)[0]]
        chunk, _ = self._chunk_ranges(level, begin, end)
        return np.concatenate([level.low[chunk], level.high[chunk]])

    def lasts(self, last: float) -> tuple[Ints, Floats]:
        """The last value at or before tick `last` of each line that has one, and which lines."""
        starts, ends = self._lines[:-1], self._lines[1:]
        at = _bisect(self.tick, starts, ends, np.nextafter(last, np.inf)) - 1
        known = np.flatnonzero(at >= starts)
        return known, self.value[at[known]]

    def lone(self, first: float, last: float) -> tuple[Floats, Floats, Ints]:
        """Tick, value and line of the samples without neighbours."""
        stretch = np.flatnonzero(np.diff(self._starts) == 1)
        at = self._starts[stretch]
        seen = (self.tick[at] >= first) & (self.tick[at] <= last)
        return self.tick[at[seen]], self.value[at[seen]], self._owner[stretch[seen]]

    def _visible(self, first: float, last: float) -> tuple[Ints, Ints]:
        """Sample range of each stretch that touches the ticks, one neighbour on either side."""
        starts, ends = self._starts[:-1], self._starts[1:]
        begin = np.maximum(_bisect(self.tick, starts, ends, first), starts + 1) - 1
        end = np.minimum(_bisect(self.tick, starts, ends, np.nextafter(last, np.inf)), ends - 1) + 1
        outside = (self.tick[ends - 1] < first) | (self.tick[starts] > last)
        return begin, np.where(outside, begin, end)

    def _level_for(self, columns_per_tick: float) -> _Level | None:
        """The coarsest level whose chunks are no wider than a pixel; None for all samples."""
        chunk = 1.0 / (columns_per_tick * self._step)
        if chunk < FINEST:
            return None
        wanted = int(np.log2(chunk / FINEST))
        while len(self._levels) <= wanted:
            size = FINEST << len(self._levels)
            if self._levels and self._levels[-1].start.size == self.stretches:
                break
            self._levels.append(self._build(size))
        return self._levels[min(wanted, len(self._levels) - 1)]

    def _build(self, size: int) -> _Level:
        lengths = np.diff(self._starts)
        counts = -(-lengths // size)
        first_chunk = np.concatenate([[0], np.cumsum(counts)])
        within = np.arange(first_chunk[-1]) - np.repeat(first_chunk[:-1], counts)
        start = np.repeat(self._starts[:-1], counts) + within * size
        if not self._levels:
            before = self.value[np.where(within > 0, start - 1, start)]
            low = np.minimum(np.minimum.reduceat(self.value, start), before)
            high = np.maximum(np.maximum.reduceat(self.value, start), before)
        else:
            below = self._levels[-1]
            finer = np.repeat(below.first_chunk[:-1], counts) + within * 2
            low = np.minimum.reduceat(below.low, finer)
            high = np.maximum.reduceat(below.high, finer)
        return _Level(size, start, low, high, first_chunk)

    def _chunks(self, level: _Level, begin: Ints, end: Ints) -> tuple[Ints, Ints, Floats, Floats]:
        chunk, stretch = self._chunk_ranges(level, begin, end)
        start = level.start[chunk]
        stop = np.minimum(start + level.size, self._starts[stretch + 1]) - 1
        low, high = level.low[chunk], level.high[chunk]
        rising = self.value[start] <= self.value[stop]
        tick = np.column_stack([self.tick[start], self.tick[stop]]).ravel()
        ends = np.column_stack([np.where(rising, low, high), np.where(rising, high, low)])
        return chunk, np.repeat(stretch, 2), tick, ends.ravel()

    def _chunk_ranges(self, level: _Level, begin: Ints, end: Ints) -> tuple[Ints, Ints]:
        """The chunks that hold samples begin … end − 1 of each stretch, and their stretches."""
        base = self._starts[:-1]
        first = level.first_chunk[:-1] + (begin - base) // level.size
        last = level.first_chunk[:-1] + -(-(end - base) // level.size)
        return _ranges(first, np.where(end > begin, last, first))

    def _single(self, tick: Floats, stretch: Ints) -> Ints:
        """Vertices of stretches that are one sample long (two equal vertices when thinned)."""
        lengths = np.diff(self._starts)
        return np.flatnonzero(lengths[stretch] == 1) if tick.size else np.empty(0, dtype=np.int64)


def _joined(parts: list[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """All parts one after the other; not copied where they lie so in memory already."""
    if not parts:
        return np.empty(0, dtype=np.float64)
    whole = parts[0].base
    if isinstance(whole, np.ndarray) and whole.ndim == 1 and whole.flags.c_contiguous:
        size = whole.itemsize
        begin = (parts[0].ctypes.data - whole.ctypes.data) // size
        places = np.cumsum([begin, *(part.size for part in parts)])
        at = [whole.ctypes.data + int(place) * size for place in places[:-1]]
        alike = all(
            part.base is whole and part.flags.c_contiguous and part.ctypes.data == place
            for part, place in zip(parts, at, strict=True)
        )
        if alike:
            return whole[begin : int(places[-1])]
    return np.concatenate(parts)


def _ranges(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All of begin[s] … end[s] − 1 one after the other, and the s of each."""
    counts = np.maximum(end - begin, 0)
    which = np.repeat(np.arange(begin.size), counts)
    offset = np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return begin[which] + offset, which


def _bisect(tick: Floats, starts: Ints, ends: Ints, target: float) -> Ints:
    """For each stretch the first sample with tick ≥ target (its end where there is none)."""
    low, high = starts.copy(), ends.copy()
    while np.any(low < high):
        middle = np.minimum((low + high) // 2, max(tick.size - 1, 0))
        less = (low < high) & (tick[middle] < target)
        low, high = np.where(less, middle + 1, low), np.where(less | (low >= high), high, middle)
    return low
