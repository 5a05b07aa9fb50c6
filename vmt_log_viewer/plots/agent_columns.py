"""Charts with a column for each agent: how often it traded, and how it began and ended."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import AgentId
from telemetry.frozen import Frozen
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.axes import value_marks
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.plots.value_scale import extent_of, fitting_scale, height_range
from vmt_log_viewer.theme import Theme

LEFT, TOP, BOTTOM = 52, 6, 18


class AgentColumn(Frozen):
    """One agent's numbers: `parts` of a stack, or (start, end) of a span."""

    agent_id: AgentId
    name: str
    color: QColor
    parts: tuple[float, ...]


class AgentColumns(QWidget):
    """What both charts share: columns, an axis of values, names where there is room for them."""

    agent_clicked = Signal(object)  # AgentId

    def __init__(self, theme: Theme, height: int) -> None:
        super().__init__()
        self._theme = theme
        self.columns: tuple[AgentColumn, ...] = ()
        self._height = height
        self.setFixedHeight(height)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_columns(self, columns: Sequence[AgentColumn]) -> None:
        self.columns = tuple(columns)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, self._height)

    def minimumSizeHint(self) -> QSize:
        return QSize(140, self._height)

    def words(self, column: AgentColumn) -> str:
        """A column in words."""
        return column.name

    def paint_column(self, painter: QPainter, column: AgentColumn, where: QRectF) -> None:
        """Draw one column into its strip of the plot."""

    def values(self) -> np.ndarray:
        """All numbers that the axis has to reach."""
        return np.array([p for c in self.columns for p in c.parts], dtype=np.float64)

    def y_of(self, value: float) -> float:
        area = self._area()
        height = self._scale.height(value)
        height = min(max(height, self._low), self._high) if height == height else self._low
        return area.bottom() - (height - self._low) / (self._high - self._low) * area.height()

    def paintEvent(self, _event: object) -> None:
        if not self.columns:
            return
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        area = self._area()
        self._fit()
        for height, text in value_marks(self._scale, self._low, self._high, area.height()):
            y = area.bottom() - (height - self._low) / (self._high - self._low) * area.height()
            painter.setPen(self._theme.color("grid"))
            painter.drawLine(int(area.left()), int(y), int(area.right()), int(y))
            painter.setPen(self._theme.color("muted"))
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), int(flags), text)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for i, column in enumerate(self.columns):
            self.paint_column(painter, column, self._strip(i))
        self._paint_names(painter, area)
        painter.end()

    def _fit(self) -> None:
        values = np.append(self.values(), 0.0) if self.from_zero else self.values()
        extent = extent_of([values], everything=True)
        self._scale = fitting_scale(extent, False)
        self._low, self._high = height_range(extent, self._scale)
        if self.from_zero and extent.low >= 0:
            self._low = 0.0

    from_zero = False
    _low, _high = 0.0, 1.0

    def _paint_names(self, painter: QPainter, area: QRectF) -> None:
        metrics = painter.fontMetrics()
        names = [c.name.removeprefix("agent ") for c in self.columns]
        widest = max(metrics.horizontalAdvance(name) for name in names) + 6
        every = max(1, int(-(-widest // max(self._strip(0).width(), 0.01))))
        painter.setPen(self._theme.color("muted"))
        if every > 1 and self.ordered_by_value:
            return  # numbers of a few agents in an order of values would say nothing
        for i in range(0, len(names), every):
            strip = self._strip(i)
            where = QRectF(strip.center().x() - 40, area.bottom() + 2, 80, BOTTOM - 2)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignHCenter), names[i])

    ordered_by_value = True

    def _area(self) -> QRectF:
        return QRectF(LEFT, TOP, max(1, self.width() - LEFT - 8), self._height - TOP - BOTTOM)

    def _strip(self, i: int) -> QRectF:
        area = self._area()
        width = min(area.width() / max(len(self.columns), 1), 40.0)
        return QRectF(area.left() + i * width, area.top(), width, area.height())

    def _column_at(self, x: float) -> AgentColumn | None:
        if not self.columns:
            return None
        i = int((x - LEFT) // self._strip(0).width())
        return self.columns[i] if 0 <= i < len(self.columns) else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        column = self._column_at(event.position().x())
        if column is not None:
            self.agent_clicked.emit(column.agent_id)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            column = self._column_at(event.pos().x())
            text = plain_tip(self.words(column)) if column is not None else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)


class TradeColumns(AgentColumns):
    """How often each agent bought (dark, below) and sold (light, above)."""

    from_zero = True

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, 130)

    def values(self) -> np.ndarray:
        return np.array([sum(c.parts) for c in self.columns], dtype=np.float64)

    def words(self, column: AgentColumn) -> str:
        bought, sold = column.parts
        return f"{column.name}: bought {bought:.0f} times, sold {sold:.0f} times"

    def paint_column(self, painter: QPainter, column: AgentColumn, where: QRectF) -> None:
        bought, sold = column.parts
        zero, middle, top = self.y_of(0), self.y_of(bought), self.y_of(bought + sold)
        gap = 1.0 if where.width() >= 4 else 0.0
        left, width = where.left() + gap, max(where.width() - 2 * gap, 0.6)
        painter.fillRect(QRectF(left, middle, width, zero - middle), bought_color(self._theme))
        painter.fillRect(QRectF(left, top, width, middle - top), sold_color(self._theme))


def bought_color(theme: Theme) -> QColor:
    color = QColor(theme.color("text"))
    color.setAlphaF(0.72)
    return color


def sold_color(theme: Theme) -> QColor:
    color = QColor(theme.color("text"))
    color.setAlphaF(0.30)
    return color


class SpanColumns(AgentColumns):
    """Where each agent began (ring) and ended (dot), ordered by the beginning.

    Agents that are not recorded at either tick are left out by whoever makes the columns.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, 120)

    def words(self, column: AgentColumn) -> str:
        start, end = column.parts
        return f"{column.name}: {short(start, 6)} → {short(end, 6)}"

    def paint_column(self, painter: QPainter, column: AgentColumn, where: QRectF) -> None:
        x = where.center().x()
        start, end = (self.y_of(v) for v in column.parts)
        size = min(3.5, max(0.8, where.width() / 3))
        line = QColor(column.color)
        painter.setPen(QPen(line, min(1.6, max(0.6, where.width() / 4))))
        painter.drawLine(QPointF(x, start), QPointF(x, end))
        painter.setBrush(self._theme.color("base"))
        painter.setPen(QPen(self._theme.color("muted"), 1))
        if size >= 2:
            painter.drawEllipse(QPointF(x, start), size, size)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(column.color)
        painter.drawEllipse(QPointF(x, end), size, size)
        painter.setBrush(Qt.BrushStyle.NoBrush)
