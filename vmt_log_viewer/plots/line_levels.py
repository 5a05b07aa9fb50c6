"""Levels: least and greatest of ever longer chunks of many lines' unbroken stretches."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from telemetry.concepts import Floats, Ints
from telemetry.frozen import Frozen

AT_ONCE = 1_000_000
"""Samples that are gone through at once, for what that takes on the way."""
FINEST, KEPT = 4, 16
"""Samples in a chunk of the finest level, each level above having twice as many; and of the finest
that is kept: finer ones would take three quarters of the room, and are seen of few ticks only."""

MARGIN = 16
"""A fine level reaches further by a part of what is visible, on either side."""


class Level(Frozen):
    """In chunk j, which begins at tick[j], the line runs from low[j] to high[j], the way from the
    chunk before included.

    Stretch s has the chunks from `first_chunk[s]` on, counted from its beginning; of a level of
    what is visible there are only those that are.
    """

    size: int
    tick: Floats
    low: Floats
    high: Floats
    first_chunk: Ints  # of each stretch, and one past the last


class Levels:
    """Of `value` at `tick`, whose stretch s are the samples `begins[s]` … `ends[s]` − 1. Exact at
    each level; coarse ones are made once, fine ones each time for what is visible."""

    def __init__(self, tick: Floats, value: Floats, begins: Ints, ends: Ints) -> None:
        self._tick, self._value, self._begins, self._ends = tick, value, begins, ends
        self._lengths = ends - begins
        self._kept: list[Level] = []
        self._near: tuple[Ints, Ints, Level] | None = None  # the fine level made last, and of what

    def prepare(self) -> None:
        """Make all that are kept, here and now (in a worker)."""
        if self._lengths.size:
            self._coarse(1 << 62)

    def size_for(self, samples: float) -> int:
        """Samples in the largest chunk of no more than so many; 0 where each is looked at."""
        size = 0 if samples < FINEST else FINEST << int(np.log2(samples / FINEST))
        return size if size < KEPT else self._coarse(size).size

    def level(self, size: int, begin: Ints, end: Ints) -> Level:
        """Chunks of `size` samples, or of fewer where no stretch is that long; at least those with
        samples begin … end − 1 of each stretch."""
        if size >= KEPT:
            return self._coarse(size)
        if self._near is not None and self._near[2].size == size:
            first, last, near = self._near
            if np.all((first <= begin) & (end <= last) | (begin >= end)):
                return near
        more = np.maximum(end - begin, 0) // MARGIN  # so that the next frame finds it made
        first, last = np.maximum(begin - more, self._begins), np.minimum(end + more, self._ends)
        first, last = np.where(more > 0, first, begin), np.where(more > 0, last, end)
        self._near = first, last, self._fine(size, first, last)
        return self._near[2]

    def _coarse(self, size: int) -> Level:
        last = self._kept[-1] if self._kept else None
        while last is None or (last.size < size and last.low.size > self._lengths.size):
            last = self._next(last)
            self._kept.append(last)
        place = (size // KEPT).bit_length() - 1
        return self._kept[min(place, len(self._kept) - 1)]

    def _next(self, below: Level | None) -> Level:
        """The finest level that is kept, or the one above another; in parts."""
        size = KEPT if below is None else 2 * below.size
        counts = -(-self._lengths // size)
        first_chunk = np.concatenate([[0], np.cumsum(counts)])
        low, high = np.empty(first_chunk[-1]), np.empty(first_chunk[-1])
        tick = np.empty(first_chunk[-1], self._tick.dtype)
        parts = np.unique(np.cumsum(self._lengths) // AT_ONCE, return_index=True)[1].tolist()
        for begin, end in pairwise([*parts, self._lengths.size]):
            part, some = slice(int(first_chunk[begin]), int(first_chunk[end])), slice(begin, end)
            within, stretch = counted(counts[some])
            if below is None:
                first, last = self._begins[some], self._ends[some]
                values, start = taken(first, last, self._value)[0], first[stretch] + within * size
                tick[part] = self._tick[start]
                lengths = np.minimum(size, last[stretch] - start)
                places = np.cumsum(lengths) - lengths
                low[part], high[part] = self._ends_of(values, start, places, within)
            else:
                finer = below.first_chunk[:-1][some][stretch] + within * 2
                reach = int(below.first_chunk[end])
                tick[part] = below.tick[finer]
                low[part] = by_parts(np.minimum, below.low[:reach], finer)
                high[part] = by_parts(np.maximum, below.high[:reach], finer)
        return Level(size, tick, low, high, first_chunk)

    def _fine(self, size: int, begin: Ints, end: Ints) -> Level:
        """A level of what is visible alone, from copies of the pieces of memory that it lies in."""
        seen = np.flatnonzero(end > begin)
        base, over = self._begins[seen], self._ends[seen]
        skipped = (begin[seen] - base) // size  # chunks before the first visible one
        counts = -(-(end[seen] - base) // size) - skipped
        first_chunk = np.zeros(self._begins.size + 1, np.int64)
        made = np.cumsum(counts)
        first_chunk[seen] = made - counts - skipped
        first_chunk[-1] = made[-1] if made.size else 0
        within, stretch = counted(counts)
        within += skipped[stretch]
        start = base[stretch] + within * size
        stop = np.minimum(start + size, over[stretch])
        if not start.size:
            return Level(size, np.empty(0), np.empty(0), np.empty(0), first_chunk)
        (values,) = taken(base + skipped * size, stop[made - 1], self._value)
        lengths = stop - start
        low, high = self._ends_of(values, start, np.cumsum(lengths) - lengths, within)
        return Level(size, self._tick[start], low, high, first_chunk)

    def _ends_of(
        self, values: Floats, sample: Ints, places: Ints, within: Ints
    ) -> tuple[Floats, Floats]:
        """Least and greatest from each of `places` in `values` to the next, and of what comes
        before `sample` where that is of the same stretch."""
        before = self._value[np.where(within > 0, sample - 1, sample)]
        low, high = (by.reduceat(values, places) for by in (np.minimum, np.maximum))
        return np.minimum(low, before, out=low), np.maximum(high, before, out=high)


def taken(first: Ints, last: Ints, *arrays: Floats) -> tuple[Floats, ...]:
    """Of each array the places first[s] … last[s] − 1 of some stretches (none of them empty), one
    after the other, by the pieces of memory that they lie in."""
    if not first.size:
        return tuple(array[:0] for array in arrays)
    apart = first[1:] != last[:-1]
    begins = first[np.concatenate([[True], apart])].tolist()
    ends = last[np.concatenate([apart, [True]])].tolist()
    if len(begins) == 1:
        return tuple(array[begins[0] : ends[0]] for array in arrays)
    pieces = list(zip(begins, ends, strict=True))
    return tuple(np.concatenate([array[a:b] for a, b in pieces]) for array in arrays)


def by_parts(ufunc: np.ufunc, values: Floats, start: Ints) -> Floats:
    """`ufunc.reduceat(values, start)`, in a third of its time where few values are in a part."""
    if not start.size:
        return values[:0]
    counts = np.diff(start, append=values.size)
    most = int(counts.max())
    if most > FINEST:
        return ufunc.reduceat(values, start)
    found = values[start]
    for more in range(1, most):
        longer = np.flatnonzero(counts > more)
        found[longer] = ufunc(found[longer], values[start[longer] + more])
    return found


def counted(counts: Ints) -> tuple[Ints, Ints]:
    """0 … counts[s] − 1 for each s one after the other, and the s of each."""
    which = np.repeat(np.arange(counts.size), counts)
    return np.arange(which.size) - np.repeat(np.cumsum(counts) - counts, counts), which
