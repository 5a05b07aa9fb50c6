"""Marks on plots: clamps as triangles, goods as dots and squares, a constant as a dashed line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from telemetry.concepts import Floats, Line
from vmt_log_viewer.plots.frame import Frame

HALF = 5.0
"""Pixels from the middle of a mark to its end."""
UP, DOWN, ROUND, SQUARE = "up", "down", "round", "square"
_UP_WORDS = ("upper", "max", "high", "ceil")
_DOWN_WORDS = ("lower", "min", "low", "floor")


def mark_shape(text: str) -> str:
    """The shape for a mark's text: a clamp at the upper bound points up, at the lower down.

    Of two goods the second is square, anything else round.
    """
    words = text.lower()
    if words == "b":
        return SQUARE
    if any(word in words for word in _UP_WORDS):
        return UP
    return DOWN if any(word in words for word in _DOWN_WORDS) else ROUND


class MarkLayer:
    """The marked values of lines. Marks that fall onto the same pixels are drawn once."""

    def __init__(self) -> None:
        self._marks: list[tuple[Floats, Floats, str, QColor]] = []
        self.edge = QColor("white")

    def show(self, lines: Sequence[Line], colors: Sequence[QColor]) -> None:
        self._marks = []
        for line, color in zip(lines, colors, strict=True):
            if line.mark is None or not any(line.mark):
                continue
            shapes = np.array([mark_shape(text) if text else "" for text in line.mark])
            for shape in (UP, DOWN, ROUND, SQUARE):
                at = np.flatnonzero(shapes == shape)
                if at.size:
                    tick = line.tick[at].astype(np.float64)
                    self._marks.append((tick, line.value[at], shape, color))

    @property
    def count(self) -> int:
        return sum(tick.size for tick, *_ in self._marks)

    def paint(self, painter: QPainter, frame: Frame) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.edge, 1))
        for tick, value, shape, color in self._marks:
            seen = (tick >= frame.first) & (tick <= frame.last)
            x, y = frame.x(tick[seen]), frame.y(value[seen])
            places = np.unique(np.column_stack([np.rint(x), np.rint(y)]), axis=0)
            painter.setBrush(color)
            for px, py in places[~np.isnan(places).any(axis=1)]:
                _paint_mark(painter, _inside(px, frame.width), _inside(py, frame.height), shape)


def _inside(at: float, size: float) -> float:
    """Where a mark at the edge is seen whole; one beyond the edge stays there."""
    return float(min(max(at, HALF), size - HALF)) if 0 <= at <= size else float(at)


def _paint_mark(painter: QPainter, x: float, y: float, shape: str) -> None:
    if shape == ROUND:
        painter.drawEllipse(QRectF(x - 3, y - 3, 6, 6))
        return
    if shape == SQUARE:
        painter.drawRect(QRectF(x - 2.5, y - 2.5, 5, 5))
        return
    tip = -5.0 if shape == UP else 5.0
    corners = [QPointF(x, y + tip), QPointF(x - 4.5, y - tip / 2), QPointF(x + 4.5, y - tip / 2)]
    painter.drawPolygon(QPolygonF(corners))


class ConstantLayer:
    """A value that holds for all agents at all ticks, dashed across the plot."""

    def __init__(self) -> None:
        self.value: float | None = None
        self.color = QColor("black")

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self.value is None:
            return
        y = float(frame.y(np.array([self.value]))[0])
        if y != y:
            return
        pen = QPen(self.color, 1.4)
        pen.setDashPattern([6, 4])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.drawLine(QPointF(0, y), QPointF(frame.width, y))
