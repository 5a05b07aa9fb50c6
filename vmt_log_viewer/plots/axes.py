"""The axes of a plot: numbers at the left, the grid behind, whole ticks below."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from telemetry.frozen import Frozen
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.nice import decades, nice_step, nice_ticks, nice_values, short
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.plots.value_scale import ValueScale
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.theme import Theme

LEFT, RIGHT = 68, 108
"""Pixels kept beside every plot of a stack for its numbers and for its line labels."""
APART = 24.0
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
            if rect.top() - 1 <= y <= rect.bottom() + 1:  # numbers at the edge move inside
                top = min(max(y - 8, rect.top()), rect.bottom() - 16)
                where = QRectF(rect.left(), top, LEFT - 6, 16)
                flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
                painter.drawText(where, int(flags), text)

    def boundingRect(self) -> QRectF:
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
    """The tick axis under a stack of plots, with the number of the tick that is looked at."""

    def __init__(self, theme: Theme, window: TickWindow, cursor: Cursor) -> None:
        super().__init__()
        self._theme, self._window, self._cursor = theme, window, cursor
        self._right = RIGHT
        self._hover: int | None = None
        self.setFixedHeight(24)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        window.changed.connect(self._redraw)
        cursor.moved.connect(self._redraw)
        theme.changed.connect(self._redraw)

    def set_right(self, right: int) -> None:
        """Pixels kept free at the right, as the plots above do."""
        if right != self._right:
            self._right = right
            self.update()

    def show_hover(self, tick: int | None) -> None:
        self._hover = tick
        self.update()

    def _redraw(self) -> None:
        self.update()

    def paintEvent(self, _event: object) -> None:
        theme, first, last = self._theme, self._window.first, self._window.last
        painter = QPainter(self)
        where = QRectF(LEFT, 0, self.width() - LEFT - self._right, self.height())
        flags = []
        if self._hover is not None:
            flags.append(TickFlag(self._hover, theme.color("muted"), theme.color("base")))
        if self._cursor.tick is not None:
            flags.append(cursor_flag(self._cursor.tick, theme))
        paint_ticks(painter, where, first, last, theme, flags)
        painter.setPen(theme.color("muted"))
        beside = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(where.right() + 24, 0, 60, self.height()), int(beside), "tick")
        painter.end()


class TickFlag(Frozen):
    """One tick whose number stands on a plate."""

    tick: int
    back: QColor
    front: QColor


def cursor_flag(tick: int, theme: Theme) -> TickFlag:
    return TickFlag(tick, theme.color("accent"), theme.color("on_accent"))


def paint_ticks(
    painter: QPainter,
    where: QRectF,
    first: float,
    last: float,
    theme: Theme,
    flags: Sequence[TickFlag] = (),
) -> None:
    """Short strokes and whole numbers along the top of `where`; numbers under a flag give way,
    and earlier flags to later ones."""
    painter.setFont(theme.font("caption"))
    metrics = QFontMetricsF(painter.font())
    plates: list[tuple[QRectF, TickFlag]] = []
    for flag in flags:
        if first <= flag.tick <= last:
            plate = _plate(metrics, where, first, last, flag.tick)
            plates = [pair for pair in plates if not pair[0].intersects(plate)]
            plates.append((plate, flag))
    for tick in nice_ticks(first, last, where.width()):
        x = where.left() + (tick - first) / (last - first) * where.width()
        painter.setPen(theme.color("line"))
        painter.drawLine(int(x), int(where.top()), int(x), int(where.top()) + 4)
        room = metrics.horizontalAdvance(_tick_text(tick))
        text = QRectF(x - room / 2, where.top() + 4, room + 1, where.height() - 4)
        if text.right() > where.right() + 30 or any(p.intersects(text) for p, _ in plates):
            continue
        painter.setPen(theme.color("muted"))
        painter.drawText(text, int(Qt.AlignmentFlag.AlignHCenter), _tick_text(tick))
    for plate, flag in plates:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(flag.back)
        painter.drawRoundedRect(plate, 3, 3)
        painter.setPen(flag.front)
        painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), _tick_text(flag.tick))
        painter.restore()


def _plate(metrics: QFontMetricsF, where: QRectF, first: float, last: float, tick: int) -> QRectF:
    room = metrics.horizontalAdvance(_tick_text(tick)) + 10
    x = where.left() + (tick - first) / (last - first) * where.width()
    left = min(max(x - room / 2, where.left() - room / 2), where.right() - room / 2)
    return QRectF(left, where.top() + 2, room, 16)


def _tick_text(tick: int) -> str:
    return str(tick).replace("-", "−")
