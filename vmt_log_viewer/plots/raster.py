"""Very many lines as one image: each line fills a span of every pixel column, colours blend."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter

from telemetry.concepts import Floats, Ints
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.line_bank import Spans
from vmt_log_viewer.plots.line_levels import by_parts

STRENGTH = 0.55
"""Opacity of one line; where more overlap it grows towards 1."""
THIN = 1.2
"""Device pixels that a line is at least high."""


def paint_spans(spans: Spans, colors: Sequence[QColor], frame: Frame, width: int) -> QImage:
    """The lines of `spans` over the whole frame, `width` columns wide. Takes a time that depends
    on the pixels, not on how the lines run: half a million spans take two hundredths of a second.
    """
    height = max(1, round(frame.height * frame.dpr))
    column, top, bottom, owner = _united(spans, frame, width)
    middle, half = (top + bottom) / 2, np.maximum((bottom - top) / 2, THIN / 2)
    first = np.clip(middle - half, 0, height).astype(np.int64)
    last = np.clip(np.ceil(middle + half), 0, height).astype(np.int64)
    seen = last > first
    column, first, last, owner = column[seen], first[seen], last[seen], owner[seen]
    ends = first * width + column, last * width + column
    red, green, blue = np.array([c.getRgb()[:3] for c in colors], np.float64).reshape(-1, 3).T
    one = _sums(ends, (1 + red * 2**_LOW)[owner], (height, width))
    two = _sums(ends, (green + blue * 2**_HIGH)[owner], (height, width))
    count = one & (2**_LOW - 1)
    return _blended(count, (two >> _HIGH, two & (2**_HIGH - 1), one >> _LOW))


_LOW, _HIGH = 16, 24
"""Bits of a count, and of a channel's sum: two sums in one number halve the work. A double holds
53 bits exactly, which suffices for 8 000 lines upon each other."""


def _sums(ends: tuple[Ints, Ints], ink: Floats, shape: tuple[int, int]) -> Ints:
    """The ink of all spans that cover each pixel; each begins at a place and ends at another."""
    height, width = shape
    changes, over = (np.bincount(end, ink, minlength=(height + 1) * width) for end in ends)
    changes -= over
    return np.cumsum(changes.reshape(-1, width)[:height], axis=0).astype(np.int64)


def _blended(count: Ints, channels: tuple[Ints, Ints, Ints]) -> QImage:
    """Blue, green and red, each summed over `count` lines, as if the lines were laid upon each
    other."""
    height, width = count.shape
    many = np.arange(int(count.max(initial=0)) + 1)
    alpha = (1.0 - (1.0 - STRENGTH) ** many).astype(np.float32)
    share = (alpha / np.maximum(many, 1)).astype(np.float32)[count]
    pixels = np.empty((height, width, 4), dtype=np.uint8)  # blue, green, red, alpha in memory
    for k, channel in enumerate(channels):
        pixels[..., k] = channel * share
    pixels[..., 3] = (alpha * 255.0 + 0.5)[count]
    form = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(pixels.tobytes(), width, height, 4 * width, form).copy()


def paints_pixels(painter: QPainter) -> bool:
    """Whether a picture of pixels is painted, in which images serve as well as paths."""
    return isinstance(painter.device(), QImage)


def fill_columns(
    painter: QPainter,
    x: Floats,
    top: Floats,
    bottom: Floats,
    color: QColor,
    frame: Frame,
) -> None:
    """Fill from `top` to `bottom` in every pixel column; `x` has a place in each, in
    order. Takes a tenth of the time of a polygon with as many corners."""
    ratio = frame.dpr
    high, low = np.clip(top, 0, frame.height) * ratio, np.clip(bottom, 0, frame.height) * ratio
    low = np.maximum(low, np.minimum(high + 1.0, frame.height * ratio))
    first_row = int(np.floor(high.min()))
    rows = max(1, int(np.ceil(low.max())) - first_row)
    column = np.arange(x.size)
    place, weight = _edges(column, high - first_row, low - first_row, x.size)
    cover = np.clip(_filled(place, weight, (rows + 2) * x.size, x.size)[:rows], 0.0, 1.0)
    alpha = cover * color.alphaF() * 255.0
    pixels = np.empty((rows, x.size, 4), dtype=np.uint8)  # blue, green, red, alpha in memory
    for k, share in enumerate((color.blueF(), color.greenF(), color.redF(), 1.0)):
        pixels[..., k] = alpha * share + 0.5
    form = QImage.Format.Format_ARGB32_Premultiplied
    image = QImage(pixels.tobytes(), x.size, rows, 4 * x.size, form)
    image.setDevicePixelRatio(ratio)
    painter.drawImage(QPointF(np.floor(x[0] * ratio) / ratio, first_row / ratio), image)


def paint_dense_line(
    painter: QPainter, spans: Spans, color: QColor, thickness: float, frame: Frame
) -> None:
    """One line whose samples lie at most a pixel apart, `thickness` logical pixels high."""
    column, top, bottom, _ = _united(spans, frame, frame.columns)
    ratio = frame.dpr
    for part in np.split(np.arange(column.size), np.flatnonzero(np.diff(column) > 1) + 1):
        if part.size:
            high, low = top[part] / ratio - thickness / 2, bottom[part] / ratio + thickness / 2
            fill_columns(painter, column[part] / ratio, high, low, color, frame)


def _united(spans: Spans, frame: Frame, width: int) -> tuple[Ints, Floats, Floats, Ints]:
    """One span for each line and column, in device pixels: spans of the same column become one."""
    place = np.floor((spans.tick - frame.first) * (width / (frame.last - frame.first)))
    column = np.clip(place, -1, width).astype(np.int32)
    fresh = np.empty(column.size, dtype=np.bool_)
    fresh[:1] = True
    np.not_equal(column[1:], column[:-1], out=fresh[1:])
    fresh[1:] |= spans.owner[1:] != spans.owner[:-1]
    start = np.flatnonzero(fresh)
    high, low = by_parts(np.maximum, spans.high, start), by_parts(np.minimum, spans.low, start)
    column = column[start]
    inside = (column >= 0) & (column < width)
    top, bottom = frame.y(high[inside]) * frame.dpr, frame.y(low[inside]) * frame.dpr
    return column[inside], top, bottom, spans.owner[start[inside]]


def _edges(column: Ints, top: Floats, bottom: Floats, width: int) -> tuple[Ints, Floats]:
    """Where coverage begins and ends down each column; parts of a pixel count in part."""
    first, last = np.floor(top).astype(np.int64), np.floor(bottom).astype(np.int64)
    upper, lower = top - first, bottom - last
    place = np.concatenate([first, first + 1, last, last + 1]) * width + np.tile(column, 4)
    weight = np.concatenate([1 - upper, upper, lower - 1, -lower])
    return place, weight


def _filled(place: Ints, weight: Floats, size: int, width: int) -> Floats:
    changes = np.bincount(place, weight, minlength=size)[:size]
    return np.cumsum(changes.reshape(-1, width), axis=0)
