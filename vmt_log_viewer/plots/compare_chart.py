"""CompareChart: a measure of several runs, overlaid or in panes, with one cursor for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmt_log_viewer.plots import legend
from vmt_log_viewer.plots.compare_lines import (
    CompareBand,
    CompareLine,
    held_at,
    pieces,
    polygon,
    thinned,
    value_at,
)
from vmt_log_viewer.plots.nice import nice_ticks, nice_values, short
from vmt_log_viewer.plots.value_grid import GRID_LEFT, paint_values

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, AXIS = GRID_LEFT, 16, 24, 40
PANE, LEAST, NAME = 120, 160, 20
AIR = 0.05
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class CompareChart(QWidget):
    """Draws what it is given. In panes it is as high as its panes need: put it where it scrolls."""

    place_clicked = Signal(float)  # a place on the axis

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.lines: tuple[CompareLine, ...] = ()
        self.bands: tuple[CompareBand, ...] = ()
        self.title = self.axis = ""
        self.whole, self.panes = True, False
        self.cursor_at: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_all(
        self,
        lines: Sequence[CompareLine],
        bands: Sequence[CompareBand],
        title: str,
        axis: str,
        *,
        whole: bool,
    ) -> None:
        """Draw these; `whole`: places of the axis are whole numbers."""
        self.lines, self.bands = tuple(lines), tuple(bands)
        self.title, self.axis, self.whole = title, axis, whole
        self.setAccessibleName(f"{title} by {axis}")
        self._fit()

    def set_panes(self, panes: bool) -> None:
        """A pane for each run or group below each other, all with one axis and one scale."""
        self.panes = panes
        self._fit()

    def set_cursor(self, at: float | None) -> None:
        self.cursor_at = at
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, self.minimumHeight())

    def parts(self) -> tuple[CompareLine | CompareBand, ...]:
        """What is drawn, bands before lines."""
        return (*self.bands, *self.lines)

    def readout(self, part: CompareLine | CompareBand) -> str:
        """What a part has at the cursor, with n and the ends of a band."""
        if self.cursor_at is None:
            return ""
        if isinstance(part, CompareLine):
            value = (
                held_at(part.x, part.y, self.cursor_at) if part.holds
                else value_at(part.x, part.y, self.cursor_at, part.step)
            )  # fmt: skip
            return "–" if value is None else short(value, 5)
        step = float(np.median(np.diff(part.x))) if len(part.x) > 1 else 1.0
        found = [
            value_at(part.x, v, self.cursor_at, step) for v in (part.mean, part.low, part.high)
        ]
        count = value_at(part.x, part.n.astype(np.float64), self.cursor_at, step)
        if found[0] is None or count is None:
            return "–"
        ends = "" if found[1] is None or found[2] is None else (
            f" [{short(found[1], 4)}, {short(found[2], 4)}]")  # fmt: skip
        return f"{short(found[0], 5)}{ends} n {int(count)}"

    def mousePressEvent(self, event: QMouseEvent) -> None:
        low, high = self._ends()
        area = self._areas()[0]
        if event.button() == Qt.MouseButton.LeftButton and self.parts():
            share = (event.position().x() - area.left()) / area.width()
            self.place_clicked.emit(min(high, max(low, low + share * (high - low))))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self.mousePressEvent(_pressed(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.fillRect(event.rect(), self._theme.color("base"))
        if not self.parts():
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        groups = [(part,) for part in self.parts()] if self.panes else [self.parts()]
        low, high = self._values()
        for area, parts in zip(self._areas(), groups, strict=True):
            around = area.adjusted(-LEFT, -TOP, RIGHT, AXIS)
            if around.intersects(QRectF(event.rect())):
                self._pane(painter, area, parts, low, high)
        self._legend(painter)

    def _fit(self) -> None:
        many = len(self.parts()) if self.panes else 1
        self.setMinimumHeight(TOP + many * PANE + AXIS if self.panes else LEAST + self._below())
        self.update()

    def _areas(self) -> list[QRectF]:
        width = max(1.0, self.width() - LEFT - RIGHT)
        if not self.panes:
            height = self.height() - TOP - AXIS - self._below()
            return [QRectF(LEFT, TOP, width, max(1.0, height))]
        many = max(1, len(self.parts()))
        each = (self.height() - TOP - AXIS) / many
        tops = [TOP + i * each + NAME for i in range(many)]
        return [QRectF(LEFT, top, width, max(1.0, each - NAME - 4)) for top in tops]

    def _ends(self) -> tuple[float, float]:
        ends = [(float(p.x[0]), float(p.x[-1])) for p in self.parts() if len(p.x)]
        low, high = min((a for a, _ in ends), default=0.0), max((b for _, b in ends), default=1.0)
        return (low, high) if high > low else (low - 0.5, high + 0.5)

    def _values(self) -> tuple[float, float]:
        found = [v for p in self.parts() for v in (
            (p.y,) if isinstance(p, CompareLine) else (p.mean, p.low, p.high))]  # fmt: skip
        values = np.concatenate(found) if found else np.array([0.0, 1.0])
        values = values[np.isfinite(values)]
        low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
        air = AIR * (high - low) or abs(high) * AIR or 1.0
        return low - air, high + air

    def _pane(
        self,
        painter: QPainter,
        area: QRectF,
        parts: Sequence[CompareLine | CompareBand],
        low: float,
        high: float,
    ) -> None:
        first, last = self._ends()
        self._axes(painter, area, low, high)

        def places(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            return (area.left() + (x - first) / (last - first) * area.width(),
                    area.bottom() - (y - low) / (high - low) * area.height())  # fmt: skip

        painter.save()
        painter.setClipRect(area.adjusted(-2, -2, 2, 2))
        for part in parts:
            color = QColor(part.color)
            if isinstance(part, CompareBand):
                self._shade(painter, part, places)
            y, step = (part.mean, 0.0) if isinstance(part, CompareBand) else (part.y, part.step)
            painter.setPen(QPen(color, 2 if isinstance(part, CompareBand) else 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for xs, ys in pieces(part.x, y, step):
                drawn = places(*thinned(xs, ys, first, last, int(area.width())))
                if len(xs) == 1:
                    painter.drawPoint(QPointF(float(drawn[0][0]), float(drawn[1][0])))
                painter.drawPolyline(polygon(*drawn))
        if self.cursor_at is not None and first <= self.cursor_at <= last:
            painter.setPen(QPen(self._theme.color("accent"), 1))
            x = area.left() + (self.cursor_at - first) / (last - first) * area.width()
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.restore()
        if self.panes:
            self._name(painter, area, parts[0])

    def _shade(self, painter: QPainter, band: CompareBand, places: object) -> None:
        color = QColor(band.color)
        color.setAlphaF(0.2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        there = ~np.isnan(band.low) & ~np.isnan(band.high)
        edges = np.flatnonzero(np.diff(np.concatenate([[0], there.astype(np.int8), [0]])))
        for a, b in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
            x = band.x[a:b]
            around = (np.concatenate([x, x[::-1]]),
                      np.concatenate([band.low[a:b], band.high[a:b][::-1]]))  # fmt: skip
            painter.drawPolygon(polygon(*places(*around)))  # type: ignore[operator]

    def _name(self, painter: QPainter, area: QRectF, part: CompareLine | CompareBand) -> None:
        """What a pane shows, above it."""
        read = self.readout(part)
        y = area.top() - NAME / 2
        painter.setPen(QPen(part.color, 2))
        painter.drawLine(QPointF(area.left(), y), QPointF(area.left() + 16, y))
        painter.setPen(self._theme.color("text"))
        metrics = QFontMetricsF(painter.font())
        where = QRectF(area.left() + 22, y - 9, area.width() - 22, 18)
        text = f"{part.name}  {read}" if read else part.name
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, where.width())
        painter.drawText(where, _LEFT, shown)

    def _axes(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        first, last = self._ends()
        muted, grid = self._theme.color("muted"), self._theme.color("grid")
        if area.top() <= TOP + NAME:
            painter.setPen(self._theme.color("text"))
            painter.drawText(QRectF(8, 0, self.width() - 16, TOP - 4), _LEFT, self.title)
        paint_values(painter, self._theme, area, low, high)
        ticks: Sequence[float] = (
            [float(t) for t in nice_ticks(first, last, area.width())] if self.whole
            else nice_values(first, last, max(2, int(area.width() // 72)))
        )  # fmt: skip
        lowest = not self.panes or area.bottom() > self.height() - AXIS - 8
        for tick in ticks:
            x = area.left() + (tick - first) / (last - first) * area.width()
            painter.setPen(grid)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            if not lowest:
                continue
            painter.setPen(muted)
            where = QRectF(x - 40, area.bottom() + 2, 80, 16)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignHCenter), short(tick, 6))
        painter.setPen(muted)
        if lowest:
            where = QRectF(area.left(), area.bottom() + 18, area.width(), 16)
            painter.drawText(where, _RIGHT, f"{self.axis} →")

    def _entries(self) -> list[tuple[str, QColor]]:
        return [
            (f"{p.name}  {read}" if (read := self.readout(p)) else p.name, p.color)
            for p in self.parts()
        ]

    def _places(self) -> tuple[tuple[int, float], ...]:
        metrics = QFontMetricsF(self._theme.font("caption"))
        widths = [22 + metrics.horizontalAdvance(name) + 20 for name, _ in self._entries()]
        return legend.flow(widths, max(1, self.width() - LEFT))

    def _below(self) -> int:
        return 0 if self.panes or not self.parts() else int(legend.height(self._places()))

    def _legend(self, painter: QPainter) -> None:
        if self.panes:
            return
        places = self._places()
        top = self.height() - legend.height(places) + legend.LINE / 2
        metrics = QFontMetricsF(painter.font())
        for (line, left), (name, color) in zip(places, self._entries(), strict=True):
            x, y = LEFT + left, top + line * legend.LINE
            painter.setPen(QPen(color, 2))
            painter.drawLine(QPointF(x, y), QPointF(x + 16, y))
            painter.setPen(self._theme.color("text"))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, self.width() - x - 26)
            painter.drawText(QRectF(x + 22, y - 9, self.width() - x - 24, 18), _LEFT, shown)


def _pressed(event: QMouseEvent) -> QMouseEvent:
    """A drag as a press where the mouse is now."""
    left = Qt.MouseButton.LeftButton
    return QMouseEvent(
        QMouseEvent.Type.MouseButtonPress, event.position(), event.globalPosition(), left, left,
        event.modifiers(),
    )  # fmt: skip
