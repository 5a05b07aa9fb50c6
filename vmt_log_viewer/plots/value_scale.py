"""How values become heights of a plot, and which range of them is worth showing."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from telemetry.concepts import Floats
from telemetry.frozen import Frozen, replace

BAND, TIMES = 20.0, 50.0
"""Outliers lie further outside the central 80 % than so many times its width and its size."""
SAMPLE = 200_000
"""Percentiles of more values than this stand on an even sample; counts never do."""


class ValueScale(Frozen):
    """Linear heights (values / 10**exponent) or logarithmic ones.

    Heights stay small numbers whatever the values are, so 1e308 and 1e-300 both can be drawn.
    """

    log: bool = False
    exponent: int = 0

    def heights(self, values: Floats) -> Floats:
        """float64[n] of heights; NaN where a value has none (±inf; in a log scale also ≤ 0)."""
        values = np.asarray(values, dtype=np.float64)
        with np.errstate(all="ignore"):
            if self.log:
                found = np.log10(np.where(values > 0, values, np.nan))
            else:
                found = values * 10.0 ** (-(self.exponent // 2))
                found = found * 10.0 ** (-(self.exponent - self.exponent // 2))
        return np.where(np.isfinite(values), found, np.nan)

    def height(self, value: float) -> float:
        return float(self.heights(np.array([value]))[0])

    def value(self, height: float) -> float:
        """The value at a height; ±inf where it is larger than a float can be."""
        with np.errstate(all="ignore"):
            if self.log:
                return float(np.float64(10.0) ** height)
            half = self.exponent // 2
            return float(np.float64(height) * 10.0**half * 10.0 ** (self.exponent - half))


class Extent(Frozen):
    """The values to show, `low` ≤ `high`, and how many are left out and why.

    `above` and `below` are finite values outside; `infinite` are ±inf, `hidden` those that a log
    axis cannot show (zero and negative).
    """

    low: float
    high: float
    above: int = 0
    below: int = 0
    infinite: int = 0
    hidden: int = 0

    log: bool = False

    @property
    def beyond(self) -> int:
        return self.above + self.below

    def recounted(self, parts: Iterable[Floats]) -> Extent:
        """The same range, counting only what it leaves out of `parts`."""
        values = _joined(parts)
        finite = values[np.isfinite(values)]
        hidden = int((finite <= 0).sum()) if self.log else 0
        shown = finite[finite > 0] if self.log else finite
        return replace(
            self,
            above=int((shown > self.high).sum()),
            below=int((shown < self.low).sum()),
            infinite=int(np.isinf(values).sum()),
            hidden=hidden,
        )


def larger(one: Extent, other: Extent) -> Extent:
    """Of two countings of the same range the one that leaves out more, count by count."""
    return replace(
        one,
        above=max(one.above, other.above),
        below=max(one.below, other.below),
        infinite=max(one.infinite, other.infinite),
        hidden=max(one.hidden, other.hidden),
    )


def _joined(parts: Iterable[Floats]) -> Floats:
    arrays = [np.asarray(part, dtype=np.float64).ravel() for part in parts]
    return np.concatenate(arrays) if arrays else np.empty(0)


def extent_of(parts: Iterable[Floats], *, log: bool = False, everything: bool = False) -> Extent:
    """The extent of all values together, NaN aside.

    Outliers that would flatten everything else stay outside, unless `everything` is asked for or
    the axis is logarithmic, which has room for them.
    """
    values = _joined(parts)
    finite = values[np.isfinite(values)]
    infinite = int(np.isinf(values).sum())
    hidden = 0
    if log:
        positive = finite[finite > 0]
        hidden = int(finite.size - positive.size)
        finite = positive
    if finite.size == 0:
        return Extent(math.nan, math.nan, infinite=infinite, hidden=hidden, log=log)
    low, high = float(finite.min()), float(finite.max())
    if log or everything:
        return Extent(low, high, infinite=infinite, hidden=hidden, log=log)
    floor, ceiling = _band(finite)
    if low >= floor and high <= ceiling:
        return Extent(low, high, infinite=infinite)
    above, below = finite > ceiling, finite < floor
    inside = finite[~(above | below)]
    return Extent(
        float(inside.min()), float(inside.max()), int(above.sum()), int(below.sum()), infinite
    )


def _band(finite: Floats) -> tuple[float, float]:
    """Outside of this lie outliers: showing them would squeeze all the rest into a line."""
    sample = finite[:: max(1, finite.size // SAMPLE)]
    low, high = _central(sample)
    if low == high == 0:  # nearly everything is zero: judge by the rest
        sample = finite[finite != 0]
        if sample.size == 0:
            return -math.inf, math.inf
        low, high = _central(sample)
        low, high = min(low, 0.0), max(high, 0.0)
    pad = max(BAND * (high - low), TIMES * max(abs(low), abs(high)))
    return low - pad, high + pad


def _central(values: Floats) -> tuple[float, float]:
    """The 10th and 90th percentile: values that exist, for interpolating may overflow."""
    last = values.size - 1
    ends = math.floor(last * 0.1), math.ceil(last * 0.9)
    low, high = np.partition(values, ends)[list(ends)].tolist()
    if values.size < 10:  # so few that the ends themselves would be picked
        ordered = np.sort(values)
        cut = 1 if values.size > 3 else 0
        low, high = float(ordered[cut]), float(ordered[-1 - cut])
    return low, high


def fitting_scale(extent: Extent, log: bool) -> ValueScale:
    """A scale whose heights for this extent are moderate numbers."""
    if log:
        return ValueScale(log=True)
    size = max(abs(extent.low), abs(extent.high))
    if not math.isfinite(size) or size == 0:
        return ValueScale()
    magnitude = math.floor(math.log10(size))
    return ValueScale(exponent=0 if -6 <= magnitude < 9 else magnitude)


def height_range(extent: Extent, scale: ValueScale) -> tuple[float, float]:
    """Bottom and top of the plot in heights, a little air at both ends; (0, 1) for no values."""
    if math.isnan(extent.low):
        return 0.0, 1.0
    low, high = scale.height(extent.low), scale.height(extent.high)
    span = high - low
    if span <= 1e-12 * max(1.0, abs(low), abs(high)):
        span = 1.0 if scale.log else max(0.2 * abs(high), 1e-9) if high else 1.0
        return low - span / 2, high + span / 2
    return low - 0.06 * span, high + 0.06 * span
