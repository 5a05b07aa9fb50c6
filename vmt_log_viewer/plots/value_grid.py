"""The numbers of a value axis with their grid lines, for charts that paint themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from vmt_log_viewer.plots.nice import nice_values, short

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

GRID_LEFT = 60
"""Pixels that a chart keeps at its left for the numbers."""
_APART = 32
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


def six_digits(value: float) -> str:
    return short(value, 6)


def paint_values(
    painter: QPainter,
    theme: Theme,
    area: QRectF,
    low: float,
    high: float,
    text: Callable[[float], str] = six_digits,
) -> None:
    """Round values from `low` (at the foot of the area) to `high`, their numbers at the left."""
    for value in nice_values(low, high, max(2, int(area.height() // _APART))):
        y = area.bottom() - (value - low) / (high - low) * area.height()
        painter.setPen(theme.color("grid"))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
        painter.setPen(theme.color("muted"))
        painter.drawText(QRectF(0, y - 8, GRID_LEFT - 6, 16), _RIGHT, text(value))
