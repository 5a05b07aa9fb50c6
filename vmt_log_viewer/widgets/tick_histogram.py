"""TickHistogram: row counts per tick bin as stacked bars, one colour per group."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Histogram
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import nice_ticks, nice_values, short
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 8, 20


class TickHistogram(QWidget):
    """A click goes to the first tick of the bin under the mouse."""

    tick_clicked = Signal(int)

    def __init__(
        self, theme: Theme, color: Callable[[str], QColor], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme, self._color = theme, color
        self._histogram: Histogram | None = None
        self._tick: int | None = None
        self._kept = Kept()
        self.setMouseTracking(True)
        self.setMinimumHeight(64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        theme.changed.connect(self.update)

    @property
    def histogram(self) -> Histogram | None:
        return self._histogram

    def sizeHint(self) -> QSize:
        return QSize(400, 96)

    def show_histogram(self, histogram: Histogram | None) -> None:
        self._histogram = histogram
        self._kept.forget()
        self.update()

    def show_tick(self, tick: int | None) -> None:
        """Where the cursor is."""
        self._tick = tick
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._kept.draw(painter, QSizeF(self.size()), self._theme.version, self._paint_bars)
        known = self._histogram is not None and self._histogram.start.size
        if self._tick is not None and known:
            x = self._x(self._tick + 0.5)
            if self._area().left() <= x <= self._area().right():
                painter.setPen(QPen(self._theme.color("accent"), 1))
                painter.drawLine(QPointF(x, _TOP), QPointF(x, self._area().bottom()))

    def _paint_bars(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font("caption"))
        painter.fillRect(self._area(), self._theme.color("base"))
        histogram = self._histogram
        if histogram is None or not histogram.start.size:
            return
        totals = sum(histogram.counts.values(), np.zeros(histogram.start.size, dtype=np.int64))
        top = max(int(totals.max()), 1)
        self._axes(painter, top)
        self._bars(painter, histogram, top)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place, histogram = self._bin(event.position().x()), self._histogram
        if place is None or histogram is None:
            QToolTip.hideText()
            return
        first = int(histogram.start[place])
        last = first + histogram.width - 1
        lines = [f"tick {first}" if first == last else f"ticks {first}–{last}"]
        for name, counts in self._ordered(histogram):
            if counts[place]:
                lines.append(f"{count_text(int(counts[place]))}  {name}")
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip("\n".join(lines)), self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._bin(event.position().x())
        if place is not None and self._histogram is not None:
            self.tick_clicked.emit(int(self._histogram.start[place]))

    def _area(self) -> QRectF:
        width, height = self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM
        return QRectF(_LEFT, _TOP, max(width, 1), max(height, 1))

    def _span(self) -> tuple[float, float]:
        assert self._histogram is not None
        start, width = self._histogram.start, self._histogram.width
        return float(start[0]), float(start[-1] + width)

    def _x(self, tick: float) -> float:
        first, last = self._span()
        area = self._area()
        return area.left() + (tick - first) / (last - first) * area.width()

    def _bin(self, x: float) -> int | None:
        if self._histogram is None or not self._histogram.start.size:
            return None
        first, last = self._span()
        area = self._area()
        tick = first + (x - area.left()) / area.width() * (last - first)
        if not first <= tick < last:
            return None
        return int((tick - first) // self._histogram.width)

    def _ordered(self, histogram: Histogram) -> list[tuple[str, np.ndarray]]:
        """Groups by their total, largest at the foot."""
        return sorted(histogram.counts.items(), key=lambda item: (-int(item[1].sum()), item[0]))

    def _bars(self, painter: QPainter, histogram: Histogram, top: int) -> None:
        area = self._area()
        painter.setPen(Qt.PenStyle.NoPen)
        foot = np.zeros(histogram.start.size)
        edges = [
            self._x(float(t)) for t in (*histogram.start, histogram.start[-1] + histogram.width)
        ]
        gap = 1.0 if area.width() / histogram.start.size >= 4 else 0.0
        for name, counts in self._ordered(histogram):
            color = self._color(name)
            for i in np.flatnonzero(counts):
                low = area.bottom() - foot[i] / top * area.height()
                high = area.bottom() - (foot[i] + counts[i]) / top * area.height()
                width = max(edges[i + 1] - edges[i] - gap, 1.0)
                painter.fillRect(QRectF(edges[i], high, width, low - high), color)
            foot += counts

    def label_box(self, x: float, text: str) -> QRectF:
        """Where the label of the tick at `x` stands: below it, but never cut off at an edge."""
        width = QFontMetricsF(self._theme.font("caption")).horizontalAdvance(text) + 2
        left = max(0.0, min(x - width / 2, self.width() - width))
        return QRectF(left, self._area().bottom() + 3, width, 16)

    def _axes(self, painter: QPainter, top: int) -> None:
        area, muted, grid = self._area(), self._theme.color("muted"), self._theme.color("grid")
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in nice_values(0, top, max(2, int(area.height() // 32))):
            if value != int(value):
                continue
            y = area.bottom() - value / top * area.height()
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(muted)
            painter.drawText(QRectF(0, y - 8, _LEFT - 6, 16), right, short(value))
        first, last = self._span()
        for tick in nice_ticks(first, last - 1, area.width()):
            x = self._x(tick + 0.5 if self._histogram and self._histogram.width == 1 else tick)
            painter.setPen(muted)
            painter.drawText(self.label_box(x, str(tick)), Qt.AlignmentFlag.AlignHCenter, str(tick))
