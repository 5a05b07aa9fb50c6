"""The axes of a plot: numbers at the left, the grid behind, whole ticks below."""

from __future__ import annotations

import math
from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.nice import decades, nice_step, nice_ticks, nice_values, short
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.plots.value_scale import ValueScale
from vmt_log_viewer.theme import Theme

LEFT, RIGHT = 60, 84
"""Pixels kept beside every plot of a stack for its numbers and for its line labels."""
APART = 34.0
"""Pixels between two numbers of a value axis, at the least."""


def value_marks(
    scale: ValueScale, low: float, high: float, height: float
) -> list[tuple[float, str]]:
    """(height, text) of the round values between heights `low` and `high`."""
    wanted = max(2, int(height / APART))
    if not scale.log:
        heights = nice_values(low, high, wanted)
        step = nice_step(high - low, wanted)
        return [(h, _text(scale.value(h), step, scale)) for h in heights]
    if high - low > 1.2:
        return [(h, short(scale.value(h))) for h in decades(low, high, wanted)]
    values = nice_values(scale.value(low), scale.value(high), wanted)
    return [(math.log10(v), short(v)) for v in values if v > 0]


def _text(value: float, step: float, scale: ValueScale) -> str:
    size = abs(value)
    if scale.exponent == 0 and step >= 1e-5 and size < 1e6:
        places = max(0, -math.floor(math.log10(step) + 1e-9))
        return f"{value:.{places}f}".replace("-", "−")
    return short(value, 6)


class ValueAxis(pg.AxisItem):
    """Numbers without a line; drag or turn the wheel over it to change the range of values."""

    def __init__(self, theme: Theme, scale: Callable[[], ValueScale]) -> None:
        super().__init__("left")
        self._theme, self._scale = theme, scale
        self.setWidth(LEFT)

    def paint(self, painter: QPainter, *_args: object) -> None:
        rect = self.boundingRect()
        low, high = self.range
        if rect.height() < 20 or high <= low:
            return
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.color("muted"))
        per = rect.height() / (high - low)
        for height, text in value_marks(self._scale(), low, high, rect.height()):
            y = rect.top() + (high - height) * per
            if rect.top() + 5 <= y <= rect.bottom() - 5:
                where = QRectF(rect.left(), y - 8, LEFT - 6, 16)
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(where, int(flags), text)

    def boundingRect(self) -> QRectF:  # noqa: N802
        return QRectF(0, 0, self.size().width(), self.size().height())


class GridLayer:
    """Thin lines at the numbers of both axes."""

    def __init__(self) -> None:
        self.color = QColor("gray")

    def paint(self, painter: QPainter, frame: Frame) -> None:
        painter.setPen(self.color)
        marks = value_marks(frame.scale, frame.low, frame.high, frame.height)
        for height, _ in marks:
            y = round((frame.high - height) / (frame.high - frame.low) * frame.height) + 0.5
            painter.drawLine(0, int(y), int(frame.width), int(y))
        for tick in nice_ticks(frame.first, frame.last, frame.width):
            x = int((tick - frame.first) * frame.per_tick)
            painter.drawLine(x, 0, x, int(frame.height))


class TickRuler(QWidget):
    """The shared tick axis under a stack of plots."""

    def __init__(
        self, theme: Theme, window: TickWindow, left: int = LEFT, right: int = RIGHT
    ) -> None:
        super().__init__()
        self._theme, self._window = theme, window
        self.left, self.right = left, right
        self.setFixedHeight(24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        window.changed.connect(self._redraw)
        theme.changed.connect(self._redraw)

    def _redraw(self) -> None:
        self.update()

    def paintEvent(self, _event: object) -> None:  # noqa: N802
        painter = QPainter(self)
        where = QRectF(self.left, 0, self.width() - self.left - self.right, self.height())
        paint_ticks(painter, where, self._window.first, self._window.last, self._theme)
        painter.setPen(self._theme.color("muted"))
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        beside = QRectF(where.right() + 8, 0, self.right - 8, self.height())
        painter.drawText(beside, int(flags), "tick")
        painter.end()


def paint_ticks(painter: QPainter, where: QRectF, first: float, last: float, theme: Theme) -> None:
    """Short strokes and whole numbers along the top of `where`."""
    painter.setFont(theme.font("caption"))
    for tick in nice_ticks(first, last, where.width()):
        x = where.left() + (tick - first) / (last - first) * where.width()
        painter.setPen(theme.color("line"))
        painter.drawLine(int(x), int(where.top()), int(x), int(where.top()) + 4)
        painter.setPen(theme.color("muted"))
        text = QRectF(x - 40, where.top() + 4, 80, where.height() - 4)
        if text.center().x() > where.right() - 2:
            continue
        painter.drawText(text, int(Qt.AlignmentFlag.AlignHCenter), str(tick).replace("-", "−"))
