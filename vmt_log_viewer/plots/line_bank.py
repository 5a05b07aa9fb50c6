"""LineBank: many lines cut into unbroken stretches, thinned for any zoom without losing a spike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from telemetry.concepts import Floats, Ints, Line
from telemetry.frozen import Frozen
from vmt_log_viewer.plots.line_levels import AT_ONCE, Level, Levels, counted, taken


class Strokes(Frozen):
    """Polylines ready to draw: vertex i is joined to i + 1 where `joined[i]`.

    `owner[i]` is the index of the line that vertex i belongs to. `lone` are the indices of
    vertices without any neighbour, which a stroke would not show.
    """

    tick: Floats
    value: Floats
    owner: Ints
    joined: npt.NDArray[np.bool_]
    lone: Ints


class Spans(Frozen):
    """Values from `low[i]` to `high[i]` that line `owner[i]` runs through at `tick[i]`, in order of
    lines and ticks; each reaches to the value that the line came from."""

    tick: Floats
    low: Floats
    high: Floats
    owner: Ints


class LineBank:
    """Samples of many lines, one after the other, and a pyramid of chunk minima and maxima.

    `whole`: every value can be drawn. A stretch ends at NaN, ±inf, a jump of more than `step`
    ticks, and (`positive`) at values that a log axis cannot show. A chunk never reaches over the
    end of its stretch.
    """

    def __init__(self, lines: Sequence[Line], step: int, *, positive: bool = False) -> None:
        tick, value = _joined([line.tick for line in lines]), _joined([x.value for x in lines])
        edges = np.cumsum([0, *(line.tick.size for line in lines)])  # where each line begins
        self.lines, self.positive = lines, positive
        self.tick, self.value = tick, value  # the lines' own arrays, where these lie so in memory
        self._begins, self._ends, self.whole = _stretches(tick, value, edges, step, positive)
        self._infinite = not self.whole and bool(np.isinf(value).any())
        self._below_zero = not self.whole and bool((value <= 0).any())
        self._from, self._to = tick[self._begins], tick[self._ends - 1]
        self._owner = np.searchsorted(edges, self._begins, side="right") - 1
        self._lengths = self._ends - self._begins
        self._some_lone = bool((self._lengths == 1).any())
        self.size = int(self._lengths.sum())
        self._step = max(1, step)
        self._levels = Levels(tick, value, self._begins, self._ends)
        self._seen: tuple[float, float, Ints, Ints] | None = None  # which samples were visible last

    def prepare(self) -> LineBank:
        """Build what zooming out will need, here and now (in a worker)."""
        self._levels.prepare()
        return self

    def odd(self, log: bool) -> bool:
        """Whether some value cannot be drawn at all, wherever one looks."""
        return self._infinite or (log and self._below_zero)

    @property
    def stretches(self) -> int:
        return int(self._begins.size)

    def strokes(self, first: float, last: float, columns: int) -> Strokes:
        """What to draw for ticks `first`…`last` over `columns` device pixels.

        Where samples are denser than the pixels, every chunk (narrower than a pixel) gives its
        minimum and maximum. Neighbours just outside are included, so lines run out of the plot.
        """
        begin, end = self._visible(first, last)
        level = self._level(columns / max(last - first, 1e-9), begin, end)
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

    def crowd(self, first: float, last: float, columns: int, apart: float = 1.0) -> int:
        """How many vertices `strokes` would have; 0 where samples lie more than `apart` pixels
        from each other."""
        per_tick = columns / max(last - first, 1e-9)
        if per_tick * self._step > apart:
            return 0
        begin, end = self._visible(first, last)
        samples, size = int((end - begin).sum()), self._chunk_for(per_tick)
        return samples * 2 // size if size else samples

    def spans(self, first: float, last: float, columns: int) -> Spans:
        """The same as `strokes`, for samples at most a column apart: no value is lost either."""
        begin, end = self._visible(first, last)
        level = self._level(columns / max(last - first, 1e-9), begin, end)
        if level is None:
            start, stretch = _ranges(begin, end)
            value = self.value[start]
            before = self.value[np.where(start > self._begins[stretch], start - 1, start)]
            low, high = np.minimum(value, before), np.maximum(value, before)
            return Spans(self.tick[start], low, high, self._owner[stretch])
        seen, begins, ends = self._chunks_seen(level, begin, end)
        tick, low, high = taken(begins, ends, level.tick, level.low, level.high)
        # A chunk that begins before the ticks in view may reach into them.
        owner = np.repeat(self._owner[seen], ends - begins)
        return Spans(np.maximum(tick, first), low, high, owner)

    def extremes(self, first: float, last: float, columns: int) -> Floats:
        """Values between two ticks, of many only the least and the greatest of each column."""
        begin, end = self._visible(first, last)
        level = self._level(columns / max(last - first, 1e-9), begin, end)
        if level is None:
            return self.value[_ranges(begin, end)[0]]
        _, begins, ends = self._chunks_seen(level, begin, end)
        return np.concatenate(taken(begins, ends, level.low, level.high))

    def lasts(self, last: float) -> tuple[Ints, Floats]:
        """The last value at or before tick `last` of each line that has one, and which lines."""
        seen = np.flatnonzero(self._from <= last)
        which = np.flatnonzero(np.diff(self._owner[seen], append=-1))
        stretch = seen[which]
        begin, end = self._begins[stretch], self._ends[stretch]
        at = _bisect(self.tick, begin, end, np.nextafter(last, np.inf)) - 1
        return self._owner[stretch], self.value[at]

    def lone(self, first: float, last: float) -> tuple[Floats, Floats, Ints]:
        """Tick, value and line of the samples without neighbours."""
        alone = (self._lengths == 1) & (self._from >= first) & (self._from <= last)
        stretch = np.flatnonzero(alone)
        return self._from[stretch], self.value[self._begins[stretch]], self._owner[stretch]

    def _visible(self, first: float, last: float) -> tuple[Ints, Ints]:
        """Sample range of each stretch that touches the ticks, one neighbour on either side."""
        if self._seen is None or self._seen[:2] != (first, last):
            self._seen = (first, last, *self._between(first, last))
        return self._seen[2:]

    def _between(self, first: float, last: float) -> tuple[Ints, Ints]:
        begin, end = self._begins.copy(), self._ends.copy()
        cut = np.flatnonzero((self._from < first) & (self._to >= first))
        found = _bisect(self.tick, self._begins[cut], self._ends[cut], first)
        begin[cut] = np.maximum(found, self._begins[cut] + 1) - 1
        cut = np.flatnonzero((self._from <= last) & (self._to > last))
        beyond = np.nextafter(last, np.inf)
        found = _bisect(self.tick, self._begins[cut], self._ends[cut], beyond)
        end[cut] = np.minimum(found, self._ends[cut] - 1) + 1
        return begin, np.where((self._to < first) | (self._from > last), begin, end)

    def _chunk_for(self, columns_per_tick: float) -> int:
        """Samples in the largest chunks that are no wider than a pixel; 0 for all samples."""
        return self._levels.size_for(1.0 / (columns_per_tick * self._step))

    def _level(self, columns_per_tick: float, begin: Ints, end: Ints) -> Level | None:
        """The coarsest level whose chunks are no wider than a pixel; None for all samples."""
        size = self._chunk_for(columns_per_tick)
        return self._levels.level(size, begin, end) if size else None

    def _chunks(self, level: Level, begin: Ints, end: Ints) -> tuple[Ints, Ints, Floats, Floats]:
        seen, begins, ends = self._chunks_seen(level, begin, end)
        chunk, which = _ranges(begins, ends)
        stretch = seen[which]
        start = self._begins[stretch] + (chunk - level.first_chunk[stretch]) * level.size
        stop = np.minimum(start + level.size, self._ends[stretch]) - 1
        low, high = level.low[chunk], level.high[chunk]
        rising = self.value[start] <= self.value[stop]
        tick = np.column_stack([self.tick[start], self.tick[stop]]).ravel()
        ends = np.column_stack([np.where(rising, low, high), np.where(rising, high, low)])
        return chunk, np.repeat(stretch, 2), tick, ends.ravel()

    def _chunks_seen(self, level: Level, begin: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
        """The stretches that have samples begin … end − 1, and the range of each one's chunks."""
        seen = np.flatnonzero(end > begin)
        base, first_chunk = self._begins[seen], level.first_chunk[seen]
        first = first_chunk + (begin[seen] - base) // level.size
        return seen, first, first_chunk - (base - end[seen]) // level.size

    def _single(self, tick: Floats, stretch: Ints) -> Ints:
        """Vertices of stretches that are one sample long (two equal vertices when thinned)."""
        return np.flatnonzero(self._lengths[stretch] == 1)


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


def _stretches(
    tick: Ints, value: Floats, edges: Ints, step: int, positive: bool
) -> tuple[Ints, Ints, bool]:
    """Where stretches begin, and end before; whether every value can be drawn. In parts: there may
    be millions of samples."""
    begins, ends, whole, size = [np.empty(0, np.int64)], [np.empty(0, np.int64)], True, tick.size
    for a in range(0, size, AT_ONCE):
        b = min(a + AT_ONCE, size)
        low, high = max(a - 1, 0), min(b + 1, size)  # with a neighbour on either side
        shown = np.isfinite(value[low:high])
        if positive:
            shown &= value[low:high] > 0
        joined = shown[1:] & shown[:-1] & (np.diff(tick[low:high]) <= step)
        joined[edges[(edges > low) & (edges < high)] - low - 1] = False
        first, last = shown.copy(), shown.copy()
        first[1:] &= ~joined
        last[:-1] &= ~joined
        part = slice(a - low, b - low)
        begins.append(np.flatnonzero(first[part]) + a)
        ends.append(np.flatnonzero(last[part]) + a + 1)
        whole = whole and bool(shown.all())
    return np.concatenate(begins), np.concatenate(ends), whole


def _ranges(begin: Ints, end: Ints) -> tuple[Ints, Ints]:
    """All of begin[s] … end[s] − 1 one after the other, and the s of each."""
    offset, which = counted(np.maximum(end - begin, 0))
    return begin[which] + offset, which


def _bisect(tick: Floats, starts: Ints, ends: Ints, target: float) -> Ints:
    """For each stretch the first sample with tick ≥ target (its end where there is none)."""
    low, high = starts.copy(), ends.copy()
    while np.any(low < high):
        middle = np.minimum((low + high) // 2, max(tick.size - 1, 0))
        less = (low < high) & (tick[middle] < target)
        low, high = np.where(less, middle + 1, low), np.where(less | (low >= high), high, middle)
    return low
