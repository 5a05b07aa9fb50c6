"""Stamps: one small picture drawn at very many places in a single call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPixmap

from telemetry.concepts import Floats, Ints
from vmt_log_viewer.plots.frame import Frame


def stamp(
    painter: QPainter,
    x: Floats,
    y: Floats,
    sheet: QPixmap,
    side: int,
    ratio: float,
    corners: tuple[Ints | int, Ints | int] = (0, 0),
) -> None:
    """Draw squares of `side` device pixels with their middles at (x, y) logical pixels.

    `corners` are the left and top ends of the squares on the sheet. Places are rounded to whole
    device pixels: a picture that is moved by less would have to be blurred.
    """
    if x.size == 0:
        return
    array = pg.Qt.internals.PrimitiveArray(QPainter.PixmapFragment, 10)
    array.resize(x.size)
    fragments = array.ndarray()
    shift = (side % 2) / 2
    fragments[:, 0] = (np.rint(x * ratio - shift) + shift) / ratio
    fragments[:, 1] = (np.rint(y * ratio - shift) + shift) / ratio
    fragments[:, 2], fragments[:, 3] = corners
    fragments[:, 4:6] = side
    fragments[:, 6:8] = 1 / ratio
    fragments[:, 8], fragments[:, 9] = 0.0, 1.0
    painter.drawPixmapFragments(*array.drawargs(), sheet)


def pixel_ratio(painter: QPainter) -> float:
    """Device pixels in a logical one of what is painted on."""
    device = painter.device()
    return 1.0 if device is None else device.devicePixelRatioF()


def stamp_shape(
    painter: QPainter, x: Floats, y: Floats, shape: QPainterPath, size: float, color: QColor
) -> None:
    """Draw a path around (0, 0), one unit wide, `size` wide with its middle at each (x, y)."""
    ratio = pixel_ratio(painter)
    picture = _picture(shape, size, color, ratio)
    stamp(painter, x, y, picture, picture.width(), ratio)


def _picture(shape: QPainterPath, size: float, color: QColor, ratio: float) -> QPixmap:
    side = int(np.ceil((size + 2) * ratio))
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(side / 2, side / 2)
    painter.scale(size * ratio, size * ratio)
    painter.fillPath(shape, color)
    painter.end()
    return picture


def stamp_text(
    painter: QPainter, x: Floats, y: Floats, text: str, font: QFont, color: QColor
) -> None:
    """Write the same text at each place, its left end at x and its middle at y."""
    ratio, metrics = pixel_ratio(painter), QFontMetricsF(font)
    wide = max(metrics.horizontalAdvance(text), metrics.height()) + 2
    side = int(np.ceil(wide * ratio))
    picture = QPixmap(side, side)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    brush = QPainter(picture)
    brush.setFont(font)
    brush.setPen(color)
    box = QRectF(0, 0, side / ratio, side / ratio)
    brush.drawText(box, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
    brush.end()
    stamp(painter, x + side / ratio / 2, y, picture, side, ratio)


class PointLayer:
    """Groups of points, a shape and colour each. A group is (x, y, shape, colour); NaN is left out.

    A shape is a path around (0, 0) that is one unit wide.
    """

    def __init__(self, size: float) -> None:
        self._size = size
        self.groups: Sequence[tuple[Floats, Floats, QPainterPath, QColor]] = ()

    def paint(self, painter: QPainter, frame: Frame) -> None:
        for ticks, values, shape, color in self.groups:
            x, y = frame.x(ticks), frame.y(values)
            away = self._size
            seen = (x > -away) & (x < frame.width + away) & (y > -away) & (y < frame.height + away)
            picture = _picture(shape, self._size, color, frame.dpr)
            stamp(painter, x[seen], y[seen], picture, picture.width(), frame.dpr)
