"""What the chart of a comparison draws: lines and bands on one axis, thinned to pixels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QLineF
from PySide6.QtGui import QColor, QPainter, QPolygonF

from telemetry.concepts import Floats, Ints
from telemetry.frozen import Frozen


class CompareLine(Frozen):
    """One run: `y` over `x`, with its own ticks; `step` apart, more is a gap.

    One that `holds` has stairs: two points where it changes, and the later one's value until the
    next; it has a value wherever it is drawn.
    """

    name: str
    color: QColor
    x: Floats
    y: Floats
    tick: Ints
    step: float
    holds: bool = False


class CompareBand(Frozen):
    """One group of runs: mean and both ends over `x`; `n` runs stand behind each place.

    `what` says what the ends are: "95 % t interval", "lowest to highest".
    """

    name: str
    color: QColor
    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    n: Ints
    what: str


def pieces(x: Floats, y: Floats, step: float) -> list[tuple[Floats, Floats]]:
    """The stretches without a gap: NaN ends one, and so does more than the usual distance."""
    there = ~np.isnan(y)
    x, y = x[there], y[there]
    if not len(x):
        return []
    far = np.flatnonzero(np.diff(x) > 1.5 * max(step, _usual(x))) + 1
    edges = [0, *far.tolist(), len(x)]
    return [(x[a:b], y[a:b]) for a, b in pairwise(edges)]


def thinned(x: Floats, y: Floats, low: float, high: float, pixels: int) -> tuple[Floats, Floats]:
    """At most four points a pixel: first, lowest, highest and last of each column keep the look."""
    if len(x) <= 4 * max(1, pixels) or high <= low:
        return x, y
    column = ((x - low) / (high - low) * pixels).astype(np.int64)
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(starts[1:], len(x)) - 1
    order = []
    for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
        part = y[a : b + 1]
        order += sorted({a, a + int(part.argmin()), a + int(part.argmax()), b})
    kept = np.array(order)
    return x[kept], y[kept]


def polygon(x: Floats, y: Floats) -> QPolygonF:
    """Pixels as Qt draws them."""
    found: QPolygonF = pg.functions.arrayToQPolygonF(x, y)
    return found


def draw_segments(painter: QPainter, x: Floats, y: Floats) -> None:
    """The line through these pixels, piece by piece; moves within half a pixel are left out.

    To stroke a line that crosses itself takes seconds; its pieces are quick, if opaque.
    """
    if len(x) < 2:
        return
    at = np.rint(np.column_stack((x, y)) * 2)
    kept = np.ones(len(x), bool)
    kept[1:-1] = np.any(at[1:-1] != at[:-2], axis=1)
    x, y = x[kept], y[kept]
    draw_lines(painter, np.column_stack((x[:-1], y[:-1], x[1:], y[1:])))


def draw_lines(painter: QPainter, ends: Floats) -> None:
    """A line in each row of `ends`, float64[n, 4]: from (x, y) to (x, y)."""
    lines = pg.Qt.internals.PrimitiveArray(QLineF, 4)
    lines.resize(len(ends))
    lines.ndarray()[:] = ends
    painter.drawLines(*lines.drawargs())


def value_at(x: Floats, y: Floats, where: float, step: float) -> float | None:
    """The value of the place nearest to `where`, at most half a step away."""
    if not len(x):
        return None
    place = int(np.argmin(np.abs(x - where)))
    near = abs(float(x[place]) - where) <= step / 2 + 1e-9
    value = float(y[place])
    return value if near and not np.isnan(value) else None


def held_at(x: Floats, y: Floats, where: float) -> float | None:
    """The value of stairs at `where`: that of the last point not after it."""
    place = int(np.searchsorted(x, where, side="right")) - 1
    if place < 0 or where > x[-1] or np.isnan(y[place]):
        return None
    return float(y[place])


def _usual(x: Floats) -> float:
    return float(np.median(np.diff(x))) if len(x) > 1 else 1.0
