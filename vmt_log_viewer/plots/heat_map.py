"""HeatMap: means by two columns as coloured cells, each with its number and its rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Means
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.models.means_grid import Grid, grid_of, key_text, value_text
from vmt_log_viewer.plots.diverging import around_zero
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.widgets.color_scale import ColorScale, readable_on
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, BOTTOM, BAR = 56, 68, 24, 36, 12
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignCenter)
_LEFT = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


class HeatMap(QWidget):
    """Signed means are coloured around zero; others from their lowest to their highest. A cell
    that does not occur is hatched; one that occurs without a value has a dash."""

    cell_clicked = Signal(object)  # (cell across, cell up)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.means: Means | None = None
        self.grid: Grid | None = None
        self._signed = False
        self.setMouseTracking(True)
        self.setMinimumSize(220, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(420, 300)

    def show_means(self, means: Means | None, *, signed: bool = False) -> None:
        """Draw means by two columns."""
        self.means, self._signed = means, signed
        self.grid = None if means is None else grid_of(means)
        if means is not None:
            names = " and ".join(column.label for column in means.by)
            self.setAccessibleName(f"mean {means.value.label} by {names}")
        self.update()

    def place_of(self, i: int, j: int) -> QRectF:
        """The rectangle of cell `i` across and `j` up."""
        assert self.grid is not None
        area = self._area()
        wide = area.width() / max(1, len(self.grid.across))
        high = area.height() / max(1, len(self.grid.up))
        return QRectF(area.left() + i * wide, area.bottom() - (j + 1) * high, wide, high)

    def color_at(self, i: int, j: int) -> QColor:
        """The colour of a cell's mean."""
        assert self.grid is not None
        return self._color(float(self.grid.mean[j, i]))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.fillRect(self._area(), self._theme.color("base"))
        if self.grid is None or self.means is None or not self.grid.across:
            return
        for j in range(len(self.grid.up)):
            for i in range(len(self.grid.across)):
                self._cell(painter, i, j)
        self._names(painter)
        self._legend(painter)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        if found is not None and event.button() == Qt.MouseButton.LeftButton:
            assert self.grid is not None
            self.cell_clicked.emit((self.grid.across[found[0]], self.grid.up[found[1]]))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        found = self._at(event.position())
        text = "" if found is None else self.words_at(*found)
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text) if text else "", self)

    def words_at(self, i: int, j: int) -> str:
        """What a cell stands for, in words."""
        grid, means = self.grid, self.means
        assert grid is not None
        assert means is not None
        keys = zip(means.by, (grid.across[i], grid.up[j]), strict=True)
        words = [f"{column.label}: {key_text(cell, column)}" for column, cell in keys]
        if grid.count[j, i] < 0:
            return "\n".join((*words, "no row has this combination"))
        mean = float(grid.mean[j, i])
        told = "no value" if math.isnan(mean) else f"{mean:.6g}"
        words.append(f"mean {means.value.label}: {told}")
        return "\n".join((*words, f"rows: {count_text(int(grid.count[j, i]))}"))

    def _at(self, where: QPointF) -> tuple[int, int] | None:
        if self.grid is None or not self.grid.across or not self._area().contains(where):
            return None
        first = self.place_of(0, 0)
        i = int((where.x() - first.left()) // first.width())
        j = int((first.bottom() - where.y()) // first.height())
        return min(i, len(self.grid.across) - 1), min(j, len(self.grid.up) - 1)

    def _area(self) -> QRectF:
        height = self.height() - TOP - BOTTOM
        return QRectF(LEFT, TOP, max(1, self.width() - LEFT - RIGHT), max(1, height))

    def _ends(self) -> tuple[float, float]:
        assert self.grid is not None
        known = self.grid.mean[np.isfinite(self.grid.mean)]
        if not known.size:
            return 0.0, 0.0
        low, high = float(known.min()), float(known.max())
        limit = max(abs(low), abs(high))
        return (-limit, limit) if self._signed else (low, high)

    def _color(self, value: float) -> QColor:
        low, high = self._ends()
        middle = self._theme.color("panel")
        if self._signed:
            return around_zero(value, high, middle)
        return ColorScale(low, high).color(value) or QColor(middle)

    def _cell(self, painter: QPainter, i: int, j: int) -> None:
        assert self.grid is not None
        assert self.means is not None
        where, n = self.place_of(i, j).adjusted(0.5, 0.5, -0.5, -0.5), int(self.grid.count[j, i])
        if n < 0:
            painter.fillRect(where, QBrush(self._theme.color("line"), Qt.BrushStyle.BDiagPattern))
            return
        mean = float(self.grid.mean[j, i])
        color = self._color(mean)
        painter.fillRect(where, color)
        painter.setPen(readable_on(color))
        metrics, unit = painter.fontMetrics(), self.means.value.unit
        texts = (value_text(mean, unit, digits) for digits in (3, 2, 1))
        fitting = (t for t in texts if metrics.horizontalAdvance(t) + 4 <= where.width())
        text = next(fitting, "") if where.height() >= 14 else ""
        if not text:
            return  # the tooltip has it
        rows = f"n {count_text(n)}"
        if where.height() < 34 or metrics.horizontalAdvance(rows) + 4 > where.width():
            painter.drawText(where, _MIDDLE, text)
            return
        middle = where.center().y()
        painter.drawText(QRectF(where.left(), middle - 16, where.width(), 16), _MIDDLE, text)
        painter.drawText(QRectF(where.left(), middle, where.width(), 16), _MIDDLE, rows)

    def _names(self, painter: QPainter) -> None:
        assert self.grid is not None
        assert self.means is not None
        area, metrics, elide = self._area(), painter.fontMetrics(), Qt.TextElideMode.ElideRight
        across, up = self.means.by
        painter.setPen(self._theme.color("muted"))
        last = -math.inf
        for i, cell in enumerate(self.grid.across):
            where = self.place_of(i, 0)
            if where.center().x() - last < 28:
                continue
            last, room = where.center().x(), max(26.0, where.width() - 4)
            text = metrics.elidedText(key_text(cell, across), elide, int(room))
            below = QRectF(where.center().x() - room / 2, area.bottom() + 2, room, 16)
            painter.drawText(below, _MIDDLE, text)
        last = math.inf
        for j, cell in enumerate(self.grid.up):
            y = self.place_of(0, j).center().y()
            if last - y >= 14:
                last = y
                text = metrics.elidedText(key_text(cell, up), elide, LEFT - 8)
                painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), _RIGHT, text)
        title = QRectF(area.left(), self.height() - 18, area.width(), 16)
        painter.drawText(title, _RIGHT, f"{across.label} →")
        painter.drawText(QRectF(area.left(), 4, area.width(), 16), f"↑ {up.label}")

    def _legend(self, painter: QPainter) -> None:
        """A bar with the colours from the lowest to the highest value, upright at the right."""
        low, high = self._ends()
        area = self._area()
        bar = QRectF(area.right() + 10, area.top(), BAR, area.height())
        steps = max(2, int(bar.height()))
        for step in range(steps):
            value = low + (high - low) * (step + 0.5) / steps
            y = bar.bottom() - (step + 1) * bar.height() / steps
            painter.fillRect(
                QRectF(bar.left(), y, BAR, bar.height() / steps + 0.5), self._color(value)
            )
        painter.setPen(self._theme.color("muted"))
        if high <= low:
            painter.drawText(
                QRectF(bar.right() + 4, bar.center().y() - 8, 44, 16), _LEFT, short(low)
            )
            return
        for value in nice_values(low, high, max(2, int(bar.height() // 40))):
            y = bar.bottom() - (value - low) / (high - low) * bar.height()
            painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + 3, y))
            painter.drawText(QRectF(bar.right() + 5, y - 8, 44, 16), _LEFT, short(value, 3))
