"""BinChart: rows per bin of ticks, stacked by group, under the shared cursor."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QHelpEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Histogram, TickRange
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.axes import paint_ticks
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.plots.nice import nice_step
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.theme import Theme
from vmt_log_viewer.widgets.words import count_text, ticks_text

LEFT, RIGHT, AXIS, TOP = 44, 16, 22, 8


class BinChart(QWidget):
    """A click moves the cursor to the bin's first tick. Bins narrower than a pixel share it, and
    the highest of them is drawn."""

    def __init__(self, cursor: Cursor, theme: Theme) -> None:
        super().__init__()
        self._cursor, self._theme = cursor, theme
        self.histogram: Histogram | None = None
        self._colors: dict[str, QColor] = {}
        self._ticks: TickRange | None = None
        self._kept = Kept()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(150)
        cursor.moved.connect(self._redraw)

    def show_histogram(
        self, histogram: Histogram | None, colors: dict[str, QColor], ticks: TickRange | None
    ) -> None:
        """Draw `histogram` over `ticks`, each group in its colour, in the order of `colors`."""
        self.histogram, self._colors, self._ticks = histogram, colors, ticks
        self._kept.forget()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, 150)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 150)

    def words_at(self, x: float) -> str:
        """The bin under a pixel in words."""
        i = self._bin_at(x)
        if i is None or self.histogram is None:
            return ""
        start = int(self.histogram.start[i])
        last = start + self.histogram.width - 1
        lines = [ticks_text(TickRange(start, last))]
        lines += [f"{n}: {count_text(int(c[i]))}" for n, c in self.histogram.counts.items()]
        return "\n".join(lines)

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        if self.histogram is not None and self.histogram.start.size and self._ticks is not None:
            self._kept.draw(painter, QSizeF(self.size()), self._theme.version, self._paint_bins)
            self._paint_cursor(painter, self._area(), self._ticks)
        painter.end()

    def _paint_cursor(self, painter: QPainter, area: QRectF, ticks: TickRange) -> None:
        tick = self._cursor.tick
        if tick is not None and ticks.first <= tick <= ticks.last:
            x = area.left() + (tick - ticks.first) * area.width() / (ticks.last + 1 - ticks.first)
            painter.fillRect(QRectF(x, area.top(), 1.5, area.height()), self._theme.color("accent"))

    def _paint_bins(self, painter: QPainter) -> None:
        painter.setFont(self._theme.font("caption"))
        area = self._area()
        assert self.histogram is not None
        assert self._ticks is not None
        theme, counts = self._theme, self.histogram.counts
        names = [n for n in self._colors if n in counts]
        stacked = np.cumsum([counts[n] for n in names], axis=0) if names else np.zeros((0, 0))
        most = int(stacked[-1].max()) if names else 0
        step = nice_step(max(most, 1), 3, whole=True)
        top = max(step, -(-most // step) * step)
        value = step
        while value <= top + 1e-9:
            y = area.bottom() - value / top * area.height()
            painter.setPen(theme.color("grid"))
            painter.drawLine(int(area.left()), int(y), int(area.right()), int(y))
            painter.setPen(theme.color("muted"))
            where = QRectF(0, y - 8, LEFT - 6, 16)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(where, int(flags), count_text(int(value)))
            value += step
        first, last = float(self._ticks.first), self._ticks.last + 1.0
        per = area.width() / (last - first)
        left = area.left() + (self.histogram.start - first) * per
        right = np.minimum(left + self.histogram.width * per, area.right())
        gap = 1.0 if self.histogram.width * per >= 4 else 0.0
        heights = stacked / top * area.height()
        for row in range(len(names) - 1, -1, -1):
            color = self._colors[names[row]]
            for a, b, h in zip(left, right, heights[row], strict=True):
                if h > 0:
                    width = max(1.0, b - a - gap)
                    painter.fillRect(QRectF(a, area.bottom() - h, width, h), color)
        axis = QRectF(area.left(), area.bottom(), area.width(), AXIS)
        paint_ticks(painter, axis, first, last, theme)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        i = self._bin_at(event.position().x())
        if i is not None and self.histogram is not None:
            self._cursor.move_to(int(self.histogram.start[i]))

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            text = self.words_at(event.pos().x())
            QToolTip.showText(event.globalPos(), plain_tip(text) if text else "", self)
            return True
        return super().event(event)

    def _area(self) -> QRectF:
        return QRectF(LEFT, TOP, max(1, self.width() - LEFT - RIGHT), self.height() - TOP - AXIS)

    def _bin_at(self, x: float) -> int | None:
        if self.histogram is None or self._ticks is None or not self.histogram.start.size:
            return None
        area = self._area()
        span = self._ticks.last + 1 - self._ticks.first
        tick = self._ticks.first + (x - area.left()) / area.width() * span
        i = int((tick - self.histogram.start[0]) // self.histogram.width)
        return i if 0 <= i < self.histogram.start.size else None

    def _redraw(self, _tick: object) -> None:
        self.update()
