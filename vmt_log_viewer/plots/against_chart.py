"""AgainstChart: a measure of some agents and one of another unit over the same ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Line, TickRange
from telemetry.frozen import Frozen
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.axes import paint_ticks
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.theme import Theme

SIDE, AXIS, TOP, HEIGHT = 56, 22, 22, 180
AIR = 0.06  # of a side's range, above it


class Side(Frozen):
    """Lines on one axis: their names and colours, and the unit that the axis is in."""

    lines: tuple[Line, ...]
    names: tuple[str, ...]
    colors: tuple[QColor, ...]
    unit: str

    def range(self) -> tuple[float, float]:
        """From 0, or below it, to a little above the largest value."""
        parts = [line.value[np.isfinite(line.value)] for line in self.lines]
        values = np.concatenate(parts) if parts else np.zeros(0)
        low, high = min(0.0, values.min(initial=0.0)), max(0.0, values.max(initial=0.0))
        return float(low), float(high + AIR * (high - low) if high > low else low + 1.0)


class AgainstChart(QWidget):
    """Two axes: what is solid is read at the left, what is dashed at the right. Both begin at 0,
    so that heights can be compared. A click moves the cursor."""

    def __init__(self, cursor: Cursor, theme: Theme) -> None:
        super().__init__()
        self._cursor, self._theme = cursor, theme
        self.left: Side | None = None
        self.right: Side | None = None
        self._ticks: TickRange | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(HEIGHT)
        cursor.moved.connect(self._redraw)

    def show_sides(self, left: Side, right: Side, ticks: TickRange) -> None:
        """Draw both over `ticks`."""
        self.left, self.right, self._ticks = left, right, ticks
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, HEIGHT)

    def place_of(self, tick: float, value: float, side: Side) -> QPointF:
        """Where a value of one of the sides is drawn."""
        assert self._ticks is not None
        area, (low, high) = self._area(), side.range()
        span = max(1, self._ticks.last - self._ticks.first)
        x = area.left() + (tick - self._ticks.first) / span * area.width()
        return QPointF(x, area.bottom() - (value - low) / (high - low) * area.height())

    def heading(self, *, left: bool) -> str:
        """What stands above one of the axes: its unit, and how its lines are drawn."""
        side = self.left if left else self.right
        unit = "" if side is None else side.unit
        return f"↑ {unit}" if left else f"dashed: {unit} ↑"

    def words_at(self, x: float) -> str:
        """Every value at the tick under a pixel."""
        tick = self._tick_at(x)
        if tick is None:
            return ""
        words = [f"tick {tick}"]
        for side in self._sides():
            for line, name in zip(side.lines, side.names, strict=True):
                found = line.value[line.tick == tick]
                known = bool(found.size) and math.isfinite(found[0])
                said = f"{short(float(found[0]), 6)} {side.unit}" if known else "not recorded"
                words.append(f"{name}: {said}")
        return "\n".join(words)

    def paintEvent(self, _event: object) -> None:
        if self.left is None or self.right is None or self._ticks is None:
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = self._area()
        self._axis(painter, self.left, left=True)
        self._axis(painter, self.right, left=False)
        axis = QRectF(area.left(), area.bottom(), area.width(), AXIS)
        last = max(self._ticks.last, self._ticks.first + 1)
        paint_ticks(painter, axis, self._ticks.first, last, self._theme)
        for side, style in ((self.right, Qt.PenStyle.DashLine), (self.left, Qt.PenStyle.SolidLine)):
            for line, color in zip(side.lines, side.colors, strict=True):
                self._line(painter, side, line, color, style)
        tick = self._cursor.tick
        if tick is not None and self._ticks.first <= tick <= self._ticks.last:
            x = self.place_of(tick, 0, self.left).x()
            painter.fillRect(QRectF(x, area.top(), 1.5, area.height()), self._theme.color("accent"))
        painter.end()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        tick = self._tick_at(event.position().x())
        if tick is not None:
            self._cursor.move_to(tick)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.words_at(event.pos().x())
            QToolTip.showText(event.globalPos(), plain_tip(text) if text else "", self)
            return True
        return super().event(event)

    def _axis(self, painter: QPainter, side: Side, *, left: bool) -> None:
        area, align = self._area(), Qt.AlignmentFlag.AlignVCenter
        low, high = side.range()
        painter.setPen(self._theme.color("muted"))
        above = QRectF(0 if left else self.width() / 2, 0, self.width() / 2, 16)
        edge = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignRight
        painter.drawText(above, int(align | edge), self.heading(left=left))
        for value in nice_values(low, high, 4):
            y = self.place_of(0, value, side).y()
            if left:
                painter.setPen(self._theme.color("grid"))
                painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self._theme.color("muted"))
            where = QRectF(0 if left else area.right() + 6, y - 8, SIDE - 6, 16)
            side_of = Qt.AlignmentFlag.AlignRight if left else Qt.AlignmentFlag.AlignLeft
            painter.drawText(where, int(align | side_of), short(value))

    def _line(
        self, painter: QPainter, side: Side, line: Line, color: QColor, style: Qt.PenStyle
    ) -> None:
        """Gaps are gaps; a value between two of them is a dot."""
        painter.setPen(QPen(color, 2, style))
        places = list(zip(line.tick, line.value, strict=True))
        for part in _runs(places):
            points = [self.place_of(float(t), float(v), side) for t, v in part]
            if len(points) > 1:
                painter.drawPolyline(QPolygonF(points))
            else:
                painter.drawEllipse(points[0], 2, 2)

    def _sides(self) -> tuple[Side, ...]:
        return tuple(side for side in (self.left, self.right) if side is not None)

    def _area(self) -> QRectF:
        return QRectF(SIDE, TOP, max(1, self.width() - 2 * SIDE), self.height() - TOP - AXIS)

    def _tick_at(self, x: float) -> int | None:
        if self._ticks is None:
            return None
        area = self._area()
        span = self._ticks.last - self._ticks.first
        tick = self._ticks.first + (x - area.left()) / area.width() * span
        nearest = math.floor(tick + 0.5)
        return nearest if self._ticks.first <= nearest <= self._ticks.last else None

    def _redraw(self, _tick: object) -> None:
        self.update()


def _runs(places: Sequence[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """The places with a value, in pieces without one that has none between."""
    parts: list[list[tuple[int, float]]] = [[]]
    for tick, value in places:
        if math.isfinite(value):
            parts[-1].append((tick, value))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]
