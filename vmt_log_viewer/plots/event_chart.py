"""EventChart: average paths around a switch, each with its interval, and n at every offset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from telemetry.concepts import Floats, Study, StudyPath
from vmt_log_viewer.plots import legend
from vmt_log_viewer.plots.compare_lines import pieces, polygon
from vmt_log_viewer.plots.nice import nice_ticks, short
from vmt_log_viewer.plots.value_grid import GRID_LEFT, paint_values

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, AXIS, COUNTS, BETWEEN = GRID_LEFT, 16, 24, 36, 36, 20
AIR, SHADE, DOT, DOTS = 0.06, 0.2, 2.5, 41
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter)
Place = Callable[[Floats, Floats], tuple[Floats, Floats]]


class EventChart(QWidget):
    """Offset 0 is the first tick of the new state: the dashed line stands before it.

    The mouse chooses the offset whose numbers stand in the legend.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.study: Study | None = None
        self.colors: tuple[QColor, ...] = ()
        self.offset = 0
        self.setMouseTracking(True)
        self.setMinimumSize(240, 200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def show_study(self, study: Study | None, colors: Sequence[QColor] = ()) -> None:
        """Draw the paths of a study, each in its colour."""
        self.study, self.colors = study, tuple(colors)
        if study is not None:
            self.offset = min(max(self.offset, -study.window), study.window)
            self.setAccessibleName(f"{study.measure.label} around switches of {study.label}")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 320)

    def readout(self, path: StudyPath) -> str:
        """What a path has at the offset under the mouse: mean, interval and n."""
        assert self.study is not None
        i = self.offset + self.study.window
        if not path.n[i]:
            return "no path"
        ends = "" if np.isnan(path.low[i]) else (
            f" [{short(float(path.low[i]), 4)}, {short(float(path.high[i]), 4)}]")  # fmt: skip
        return f"{short(float(path.mean[i]), 5)}{ends} n {int(path.n[i])}"

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self.study is None:
            return
        area, window = self._area(), self.study.window
        share = (event.position().x() - area.left()) / area.width()
        offset = round(-window - 0.5 + share * (2 * window + 1))
        offset = min(window, max(-window, offset))
        if offset != self.offset:
            self.offset = offset
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.fillRect(event.rect(), self._theme.color("base"))
        if self.study is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area, counts = self._area(), self._counts()
        low, high = self._values()
        most = max((int(p.n.max()) for p in self.study.paths), default=1) or 1
        self._axes(painter, area, low, high)
        self._offsets(painter)
        for path, color in zip(self.study.paths, self.colors, strict=True):
            self._path(painter, path, color, self._places(area, low, high))
            self._n(painter, path, color, self._places(counts, 0, most * 1.1))
        painter.setPen(self._theme.color("muted"))
        painter.drawText(QRectF(0, counts.top() - 8, LEFT - 6, 16), _RIGHT, f"n {most}")
        painter.drawText(QRectF(0, counts.bottom() - 8, LEFT - 6, 16), _RIGHT, "0")
        self._legend(painter)

    def _area(self) -> QRectF:
        width = max(1.0, self.width() - LEFT - RIGHT)
        height = self.height() - TOP - AXIS - COUNTS - BETWEEN - legend.height(self._entries())
        return QRectF(LEFT, TOP, width, max(1.0, height))

    def _counts(self) -> QRectF:
        area = self._area()
        return QRectF(area.left(), area.bottom() + BETWEEN, area.width(), COUNTS)

    def _places(self, area: QRectF, low: float, high: float) -> Place:
        assert self.study is not None
        window = self.study.window

        def places(x: Floats, y: Floats) -> tuple[Floats, Floats]:
            return (area.left() + (x + window + 0.5) / (2 * window + 1) * area.width(),
                    area.bottom() - (y - low) / (high - low) * area.height())  # fmt: skip

        return places

    def _values(self) -> tuple[float, float]:
        assert self.study is not None
        found = np.concatenate([np.concatenate([p.mean, p.low, p.high]) for p in self.study.paths])
        found = found[np.isfinite(found)]
        low, high = (float(found.min()), float(found.max())) if found.size else (0.0, 1.0)
        air = AIR * (high - low) or abs(high) * AIR or 1.0
        return low - air, high + air

    def _path(self, painter: QPainter, path: StudyPath, color: QColor, places: Place) -> None:
        assert self.study is not None
        x = self.study.offset.astype(np.float64)
        there = ~np.isnan(path.low) & ~np.isnan(path.high)
        shade = QColor(color)
        shade.setAlphaF(SHADE)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(shade)
        if there.any():
            ends = np.concatenate([path.low[there], path.high[there][::-1]])
            around = np.concatenate([x[there], x[there][::-1]])
            painter.drawPolygon(polygon(*places(around, ends)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 2))
        for xs, ys in pieces(x, path.mean, 0.0):
            painter.drawPolyline(polygon(*places(xs, ys)))
        painter.setBrush(color)
        painter.setPen(Qt.PenStyle.NoPen)
        if np.count_nonzero(path.n) <= DOTS:
            for px, py in zip(*places(x, path.mean), strict=True):
                if np.isfinite(py):
                    painter.drawEllipse(QPointF(px, py), DOT, DOT)

    def _n(self, painter: QPainter, path: StudyPath, color: QColor, places: Place) -> None:
        """How many paths each offset stands on, as steps."""
        assert self.study is not None
        left = self.study.offset.astype(np.float64) - 0.5
        x = np.repeat(np.append(left, left[-1] + 1), 2)[1:-1]
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color, 1.5))
        painter.drawPolyline(polygon(*places(x, np.repeat(path.n.astype(np.float64), 2))))

    def _axes(self, painter: QPainter, area: QRectF, low: float, high: float) -> None:
        assert self.study is not None
        study = self.study
        unit = f" ({study.measure.unit})" if study.measure.unit else ""
        less = ", less its value at −1" if study.relative else ""
        painter.setPen(self._theme.color("text"))
        text = f"{study.measure.label}{unit}{less}: mean and 95 % t interval"
        where = QRectF(8, 0, self.width() - 16, TOP - 4)
        metrics = QFontMetricsF(painter.font())
        painter.drawText(where, _LEFT, metrics.elidedText(
            text, Qt.TextElideMode.ElideRight, where.width()))  # fmt: skip
        paint_values(painter, self._theme, area, low, high)

    def _offsets(self, painter: QPainter) -> None:
        """The axis of offsets, the switch itself, and the offset that is read."""
        assert self.study is not None
        area, counts, window = self._area(), self._counts(), self.study.window
        each = area.width() / (2 * window + 1)
        for offset in nice_ticks(-window, window, area.width()):
            x = area.left() + (offset + window + 0.5) * each
            painter.setPen(self._theme.color("grid"))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, counts.bottom()))
            painter.setPen(self._theme.color("muted"))
            text = "0" if not offset else short(offset) if offset < 0 else f"+{offset}"
            painter.drawText(QRectF(x - 30, counts.bottom() + 2, 60, 16), _MIDDLE, text)
        painter.setPen(self._theme.color("muted"))
        where = QRectF(area.left(), counts.bottom() + 18, area.width(), 16)
        painter.drawText(where, _RIGHT, "ticks from the switch →")
        x = area.left() + (window + 0.5 - 0.5) * each
        painter.setPen(QPen(self._theme.color("text"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, counts.bottom()))
        at = area.left() + (self.offset + window + 0.5) * each
        painter.setPen(QPen(self._theme.color("accent"), 1))
        painter.drawLine(QPointF(at, area.top()), QPointF(at, counts.bottom()))

    def _names(self) -> list[str]:
        if self.study is None:
            return []
        at = f"{self.offset:+d}".replace("-", "−") if self.offset else "0"
        return [f"{p.name} at {at}: {self.readout(p)}" for p in self.study.paths]

    def _entries(self) -> tuple[tuple[int, float], ...]:
        metrics = QFontMetricsF(self._theme.font("caption"))
        widths = [22 + metrics.horizontalAdvance(name) + 20 for name in self._names()]
        return legend.flow(widths, max(1, self.width() - LEFT))

    def _legend(self, painter: QPainter) -> None:
        entries = self._entries()
        top = self.height() - legend.height(entries) + legend.LINE / 2
        metrics = QFontMetricsF(painter.font())
        for (line, left), name, color in zip(entries, self._names(), self.colors, strict=True):
            x, y = LEFT + left, top + line * legend.LINE
            painter.setPen(QPen(color, 2))
            painter.drawLine(QPointF(x, y), QPointF(x + 16, y))
            painter.setPen(self._theme.color("text"))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, self.width() - x - 26)
            painter.drawText(QRectF(x + 22, y - 9, self.width() - x - 24, 18), _LEFT, shown)
