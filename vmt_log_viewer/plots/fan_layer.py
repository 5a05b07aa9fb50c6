"""FanLayer: a measure over the population as nested bands and its median."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPolygonF

from telemetry.concepts import Band, Fan, Floats, Ints, Line
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.line_layer import LineLayer
from vmt_log_viewer.plots.raster import fill_columns, paints_pixels

BANDS = (("min", "max", 0.10), ("q05", "q95", 0.13), ("q25", "q75", 0.20))
"""Lower and upper quantile of each band, and the strength it adds to the ones around it."""


MEAN = 0.55
"""Strength of the mean's line: the median stands out."""


class FanLayer:
    """Bands min–max, 5–95 % and quartiles in one neutral colour, and the median as a line.

    Where the fan stands on some ticks only, a `band` that was read from all rows takes the place
    of min–max, and its mean is a fainter line.
    """

    def __init__(self) -> None:
        self.color = QColor("black")
        self.fan: Fan | None = None
        self.band: Band | None = None
        self._median, self._mean = LineLayer(), LineLayer()
        self._mean.width = 1.0

    def show(
        self, fan: Fan | None, color: QColor, *, positive: bool = False, band: Band | None = None
    ) -> None:
        self.fan, self.color, self.band = fan, color, band
        median = () if fan is None else (Line(0, fan.tick, fan.quantiles["median"]),)
        mean = () if band is None else (Line(0, band.tick, band.mean),)
        faint = QColor(color)
        faint.setAlphaF(MEAN)
        self._median.show(median, 1 if fan is None else fan.step, (color,), positive=positive)
        self._mean.show(mean, 1 if band is None else band.step, (faint,), positive=positive)

    def paint(self, painter: QPainter, frame: Frame) -> None:
        fan, all_of_it = self.fan, self.band
        if fan is None or fan.tick.size == 0:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        pixels = paints_pixels(painter)
        for lower, upper, strength in BANDS:
            color = QColor(self.color)
            color.setAlphaF(strength)
            painter.setBrush(color)
            low, high = fan.quantiles[lower], fan.quantiles[upper]
            parts = bands(fan.tick, low, high, fan.step, frame)
            if lower == "min" and all_of_it is not None:
                low, high = all_of_it.low, all_of_it.high
                parts = bands(all_of_it.tick, low, high, all_of_it.step, frame)
            for band in parts:
                if pixels and _dense(band[0], frame):
                    fill_columns(painter, *band, color, frame)
                else:
                    _paint_band(painter, *band)
        self._mean.paint(painter, frame)
        self._median.paint(painter, frame)


def bands(
    tick: Ints, low: Floats, high: Floats, step: int, frame: Frame
) -> list[tuple[Floats, Floats, Floats]]:
    """(x, top, bottom) in pixels of each unbroken stretch; several ticks on one pixel column
    give the smallest and the largest of them."""
    seen = (tick >= frame.first - step) & (tick <= frame.last + step)
    known = np.isfinite(low) & np.isfinite(high) & seen
    kept = np.flatnonzero(known)
    if kept.size == 0:
        return []
    x = frame.x(tick[kept])
    top, bottom = frame.y(high[kept]), frame.y(low[kept])
    bottom = np.where(np.isnan(bottom), frame.height * 2, bottom)  # below a log axis
    top = np.where(np.isnan(top), bottom, top)
    cut = (np.diff(kept) != 1) | (np.diff(tick[kept]) > step)
    parts = np.split(np.arange(kept.size), np.flatnonzero(cut) + 1)
    return [_by_column(x[p], top[p], bottom[p], frame.dpr) for p in parts]


def _by_column(x: Floats, top: Floats, bottom: Floats, dpr: float) -> tuple[Floats, Floats, Floats]:
    column: Ints = np.floor(x * dpr).astype(np.int64)
    start = np.concatenate([[0], np.flatnonzero(np.diff(column)) + 1])
    if start.size == x.size:
        return x, top, bottom
    return x[start], np.minimum.reduceat(top, start), np.maximum.reduceat(bottom, start)


def _dense(x: Floats, frame: Frame) -> bool:
    """Whether every pixel column from the first to the last one has a place of its own."""
    column = np.floor(x * frame.dpr)
    return column.size > 1 and bool((np.diff(column) == 1).all())


def _paint_band(painter: QPainter, x: Floats, top: Floats, bottom: Floats) -> None:
    if x.size == 1:  # a lone tick would have no width
        painter.drawRect(QRectF(x[0] - 1.0, top[0], 2.0, max(1.0, bottom[0] - top[0])))
        return
    upper = [QPointF(a, b) for a, b in zip(x, top, strict=True)]
    lower = [QPointF(a, b) for a, b in zip(x[::-1], bottom[::-1], strict=True)]
    painter.drawPolygon(QPolygonF(upper + lower))
