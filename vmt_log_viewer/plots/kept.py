"""Kept: a picture that does not move with the cursor, painted once and then only copied."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QPaintEngine, QPainter, QPixmap
from PySide6.QtWidgets import QWidget

from vmt_log_viewer.plots.later import Later


class Kept:
    """Paints again where its key, the size or the screen's pixel ratio is another.

    The key has to name all that the picture depends on; compare numbers and texts only, and call
    `forget` where something else changed. Where its `widget` is told, another size stretches the
    picture at first, and it is painted again in a turn of its own.
    """

    def __init__(self, widget: QWidget | None = None) -> None:
        self._widget, self._later = widget, Later(widget)
        self._pixmap: QPixmap | None = None
        self._key: Any = None
        self.paintings = 0

    def forget(self, *_what: object) -> None:
        self._pixmap = None

    def draw(
        self, painter: QPainter, size: QSizeF, key: Any, paint: Callable[[QPainter], None]
    ) -> None:
        """Draw the picture of `size` logical pixels at (0, 0), painted by `paint` where need be.

        Where vectors are drawn, `paint` draws them.
        """
        if painter.paintEngine().type() == QPaintEngine.Type.SVG:
            painter.save()
            paint(painter)
            painter.restore()
            return
        device = painter.device()
        ratio = 1.0 if device is None else device.devicePixelRatioF()
        wanted = (size.width(), size.height(), ratio, key)
        if self._widget is not None and self._pixmap is not None and self._resized(wanted):
            painter.drawPixmap(QRectF(QPointF(0, 0), size).toRect(), self._pixmap)
            self._later.ask(self._widget, self._anew)
            return
        if self._pixmap is None or wanted != self._key:
            self._pixmap, self._key = _painted(size, ratio, paint), wanted
            self.paintings += 1
        painter.drawPixmap(QPointF(0, 0), self._pixmap)

    def _resized(self, wanted: tuple[Any, ...]) -> bool:
        return wanted != self._key and wanted[2:] == self._key[2:]

    def _anew(self) -> None:
        self.forget()
        if self._widget is not None:
            self._widget.update()


def _painted(size: QSizeF, ratio: float, paint: Callable[[QPainter], None]) -> QPixmap:
    pixmap = QPixmap(
        max(1, math.ceil(size.width() * ratio)), max(1, math.ceil(size.height() * ratio))
    )
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    inside = QPainter(pixmap)
    paint(inside)
    inside.end()
    return pixmap
