"""Frame: where ticks and values lie in pixels while a canvas is painted."""

from __future__ import annotations

import numpy as np

from telemetry.concepts import Floats
from telemetry.frozen import Frozen, field
from vmt_log_viewer.plots.value_scale import ValueScale

FAR = 4096.0
"""Pixels outside the plot at which a line's vertex is clipped; painting engines overflow later."""


class Frame(Frozen):
    """Ticks `first`…`last` over `width` pixels, heights `low`…`high` over `height` pixels.

    Pixels are logical; `dpr` device pixels make one. y grows downwards.
    """

    first: float
    last: float
    low: float
    high: float
    width: float
    height: float
    scale: ValueScale = field(default_factory=ValueScale)
    dpr: float = 1.0

    @property
    def per_tick(self) -> float:
        """Logical pixels for one tick."""
        return self.width / max(self.last - self.first, 1e-9)

    @property
    def columns(self) -> int:
        """Device pixels across."""
        return max(1, round(self.width * self.dpr))

    def x(self, ticks: Floats) -> Floats:
        found = (np.asarray(ticks, dtype=np.float64) - self.first) * self.per_tick
        return np.clip(found, -FAR, self.width + FAR)

    def y(self, values: Floats) -> Floats:
        """Pixels from the top, NaN where the scale has no place for a value."""
        heights = self.scale.heights(values)
        with np.errstate(all="ignore"):
            found = (self.high - heights) * (self.height / (self.high - self.low))
        return np.clip(found, -FAR, self.height + FAR)

    def tick(self, x: float) -> float:
        return self.first + x / self.per_tick
