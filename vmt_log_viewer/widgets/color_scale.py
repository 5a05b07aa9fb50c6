"""ColorScale: the colour of a value between two ends of a perceptually even map."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from telemetry.concepts import Floats, Ints
from telemetry.frozen import Frozen

_STEPS = 256


@cache
def _colors(name: str) -> tuple[QColor, ...]:
    table = pg.colormap.get(name).getLookupTable(0.0, 1.0, _STEPS, alpha=False)
    return tuple(QColor(int(r), int(g), int(b)) for r, g, b in table)


@cache
def _inks(name: str) -> Ints:
    return np.array([color.rgba() for color in _colors(name)], np.int64)


class ColorScale(Frozen):
    """`low` to `high` over the map; what lies beyond takes the colour of its end."""

    low: float
    high: float
    name: str = "viridis"

    def color(self, value: float) -> QColor | None:
        """None for NaN, which has no place on the scale."""
        if math.isnan(value):
            return None
        return self.at(self.place(value))

    def inks(self, values: Floats) -> Ints:
        """The colour of each value as Qt packs it; −1 for NaN."""
        with np.errstate(all="ignore"):
            if self.high > self.low:
                place = (values - self.low) / (self.high - self.low)
            else:
                place = 0.5 + np.sign(values - self.low)
        step = np.rint(np.clip(np.nan_to_num(place), 0.0, 1.0) * (_STEPS - 1)).astype(np.int64)
        table = _inks(self.name)
        found: Ints = np.where(np.isnan(values), -1, table[step])
        return found

    def at(self, place: float) -> QColor:
        """The colour at `place`, 0 at the low end and 1 at the high one."""
        return _colors(self.name)[round(max(0.0, min(1.0, place)) * (_STEPS - 1))]

    def place(self, value: float) -> float:
        """Where `value` lies; 0.5 for all where both ends are the same."""
        if self.high > self.low:
            return (value - self.low) / (self.high - self.low)
        return 0.5 if value == self.low else math.inf if value > self.low else -math.inf


def readable_on(color: QColor) -> QColor:
    """Black or white, whichever can be read on `color`."""
    light = 0.299 * color.redF() + 0.587 * color.greenF() + 0.114 * color.blueF() > 0.55
    return QColor("#111111" if light else "#ffffff")
