"""PairScatter: one value of each pair against the other, with the diagonal of no difference."""

from __future__ import annotations

from collections import Counter

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Points
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots import legend
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.theme import Theme
from vmt_log_viewer.widgets.words import count_text

LEFT, RIGHT, TOP, BOTTOM, LEGEND = 56, 12, 24, 36, 20
REACH, SIZE = 10.0, 3.5
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class PairScatter(QWidget):
    """Both axes have the same range. Points below the diagonal are lower in the second value."""

    point_clicked = Signal(object)  # the key of its row

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.points: Points | None = None
        self._colors: dict[str, QColor] = {}
        self._labels = ("", "")
        self._chosen: int | str | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(200, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(360, 320)

    def show_points(
        self, points: Points | None, colors: dict[str, QColor], labels: tuple[str, str]
    ) -> None:
        """Draw `points`, each group in its colour; `labels` name the axes, x first."""
        self.points, self._colors, self._labels = points, colors, labels
        self.update()

    def choose(self, key: int | str | None) -> None:
        """Ring the point of this row."""
        self._chosen = key
        self.update()

    def nearest(self, at: QPointF) -> int | None:
        """Index of the nearest point within reach of a pixel."""
        if self.points is None or not self.points.x.size:
            return None
        x, y = self._places()
        away = np.hypot(x - at.x(), y - at.y())
        if not np.isfinite(away).any():
            return None
        best = int(np.nanargmin(away))
        return best if away[best] <= REACH else None

    def place_of(self, index: int) -> QPointF:
        """Where point number `index` is drawn."""
        x, y = self._places()
        return QPointF(float(x[index]), float(y[index]))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        area = self._area()
        painter.fillRect(area, self._theme.color("base"))
        if self.points is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._axes(painter, area)
        x, y = self._places()
        painter.setPen(Qt.PenStyle.NoPen)
        for i in np.flatnonzero(np.isfinite(x) & np.isfinite(y)):
            color = QColor(self._colors.get(self.points.group[i], self._theme.color("muted")))
            color.setAlphaF(0.65)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(x[i], y[i]), SIZE, SIZE)
        if self._chosen in self.points.key:
            i = self.points.key.index(self._chosen)  # type: ignore[arg-type]
            painter.setPen(QPen(self._theme.color("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(QPointF(x[i], y[i]), 2 * SIZE, 2 * SIZE)
        self._legend(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self.nearest(event.position())
        if found is not None and self.points is not None:
            self.point_clicked.emit(self.points.key[found])

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self.nearest(event.position())
        if found is None or self.points is None:
            QToolTip.hideText()
            return
        across, up = self._labels
        lines = (
            self.points.group[found],
            f"{across}: {self.points.x[found]:.6g}",
            f"{up}: {self.points.y[found]:.6g}",
        )
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip("\n".join(lines)), self)

    def _area(self) -> QRectF:
        width = self.width() - LEFT - RIGHT
        height = self.height() - TOP - BOTTOM - max(LEGEND, legend.height(self.legend_places()))
        return QRectF(LEFT, TOP, max(1, width), max(1, height))

    def _top(self) -> tuple[float, float]:
        """The smallest and largest value of both axes, at least from 0 to something."""
        assert self.points is not None
        both = np.concatenate([self.points.x, self.points.y])
        both = both[np.isfinite(both)]
        low, high = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
        low, high = min(low, 0.0), max(high, 0.0)
        air = 0.04 * (high - low) or 0.5
        return low - air, high + air

    def _places(self) -> tuple[np.ndarray, np.ndarray]:
        assert self.points is not None
        low, high = self._top()
        area = self._area()
        x = area.left() + (self.points.x - low) / (high - low) * area.width()
        y = area.bottom() - (self.points.y - low) / (high - low) * area.height()
        return x, y

    def _axes(self, painter: QPainter, area: QRectF) -> None:
        low, high = self._top()
        muted, grid = self._theme.color("muted"), self._theme.color("grid")
        per_x, per_y = area.width() / (high - low), area.height() / (high - low)
        for value in nice_values(low, high, max(2, int(area.height() // 40))):
            x, y = area.left() + (value - low) * per_x, area.bottom() - (value - low) * per_y
            painter.setPen(grid)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(muted)
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), _RIGHT, short(value))
            below = QRectF(x - 40, area.bottom() + 2, 80, 16)
            painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, short(value))
        painter.setPen(QPen(muted, 1, Qt.PenStyle.DashLine))
        painter.drawLine(area.bottomLeft(), area.topRight())
        across, up = self._labels
        painter.setPen(muted)
        where = QRectF(area.left(), area.bottom() + 17, area.width(), 16)
        painter.drawText(where, _RIGHT, f"{across} →")
        painter.drawText(QRectF(area.left(), 4, area.width(), 16), f"↑ {up}")

    def _legend(self, painter: QPainter) -> None:
        assert self.points is not None
        places, entries = self.legend_places(), self._entries()
        top = self.height() - legend.height(places) + legend.LINE / 2
        for (line, left), (text, color) in zip(places, entries, strict=True):
            x, y = LEFT + left, top + line * legend.LINE
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawEllipse(QPointF(x + 4, y), 4, 4)
            painter.setPen(self._theme.color("muted"))
            where = QRectF(x + 12, y - 9, max(1.0, self.width() - x - 12), 18)
            painter.drawText(where, int(Qt.AlignmentFlag.AlignVCenter), text)

    def legend_places(self) -> tuple[tuple[int, float], ...]:
        """The line and the left edge of each group's name, in pixels from the axis."""
        metrics = QFontMetricsF(self._theme.font("caption"))
        widths = [12 + metrics.horizontalAdvance(text) + 16 for text, _ in self._entries()]
        return legend.flow(widths, self.width() - LEFT)

    def _entries(self) -> list[tuple[str, QColor]]:
        groups = () if self.points is None else self.points.group
        counts = Counter(groups)
        return [(f"{n} ({count_text(counts[n])})", color) for n, color in self._colors.items()]
