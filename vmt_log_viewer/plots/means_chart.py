"""MeansChart: the mean of each group as a bar from zero, with its interval and its rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from telemetry.concepts import Means
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.models.means_grid import half_width, key_text, value_text
from vmt_log_viewer.plots.diverging import end_color
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

LEFT, RIGHT, TOP, BOTTOM = 56, 12, 24, 66
WIDEST = 64.0  # pixels of a bar
_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
_MIDDLE = int(Qt.AlignmentFlag.AlignCenter)


class MeansChart(QWidget):
    """Groups stand side by side at equal distances, whatever their values are."""

    group_clicked = Signal(int)  # its place in `means.keys`

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.means: Means | None = None
        self.signed = False
        self.setMouseTracking(True)
        self.setMinimumSize(180, 150)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(360, 300)

    def show_means(self, means: Means | None, *, signed: bool = False) -> None:
        """Draw means by one column; `signed` colours what is above and below zero."""
        self.means, self.signed = means, signed
        if means is not None:
            self.setAccessibleName(f"mean {means.value.label} by {means.by[0].label}")
        self.update()

    def place_of(self, group: int) -> QPointF:
        """The middle of a group's part of the chart."""
        area = self._area()
        return QPointF(area.left() + (group + 0.5) * self._step(), area.center().y())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        area = self._area()
        painter.fillRect(area, self._theme.color("base"))
        if self.means is None or not self.means.keys:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._axis(painter, area)
        for group in range(len(self.means.keys)):
            self._bar(painter, area, group)
        self._names(painter, area)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        group = self._at(event.position())
        if group is not None and event.button() == Qt.MouseButton.LeftButton:
            self.group_clicked.emit(group)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        group = self._at(event.position())
        text = "" if group is None else self.words_at(group)
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text) if text else "", self)

    def words_at(self, group: int) -> str:
        """What a group's mean is, in words."""
        means = self.means
        assert means is not None
        mean, half = float(means.mean[group]), half_width(float(means.error[group]))
        words = [f"{means.by[0].label}: {key_text(means.keys[group][0], means.by[0])}"]
        words.append(f"mean {means.value.label}: {mean:.6g}")
        if not math.isnan(half):
            words.append(f"95 %: {mean - half:.6g} to {mean + half:.6g}")
        return "\n".join((*words, f"rows: {count_text(int(means.count[group]))}"))

    def _at(self, where: QPointF) -> int | None:
        if self.means is None or not self.means.keys:
            return None
        group = int((where.x() - self._area().left()) // self._step())
        return group if 0 <= group < len(self.means.keys) else None

    def _area(self) -> QRectF:
        height = self.height() - TOP - BOTTOM
        return QRectF(LEFT, TOP, max(1, self.width() - LEFT - RIGHT), max(1, height))

    def _step(self) -> float:
        return self._area().width() / max(1, len(self.means.keys) if self.means else 1)

    def _ends(self) -> tuple[float, float]:
        """The lowest and highest of all bars and intervals, and zero."""
        assert self.means is not None
        low = high = 0.0
        for mean, error in zip(self.means.mean, self.means.error, strict=True):
            half = half_width(float(error))
            half = 0.0 if math.isnan(half) else half
            if not math.isnan(mean):
                low, high = min(low, mean - half), max(high, mean + half)
        air = 0.05 * (high - low) or 0.5
        return (low - air if low < 0 else low), (high + air if high > 0 or low == 0 else high)

    def _y(self, area: QRectF, value: float) -> float:
        low, high = self._ends()
        return area.bottom() - (value - low) / (high - low) * area.height()

    def _axis(self, painter: QPainter, area: QRectF) -> None:
        low, high = self._ends()
        for value in nice_values(low, high, max(2, int(area.height() // 36))):
            y = self._y(area, value)
            painter.setPen(self._theme.color("muted" if value == 0 else "grid"))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(self._theme.color("muted"))
            painter.drawText(QRectF(0, y - 8, LEFT - 6, 16), _RIGHT, short(value))
        assert self.means is not None
        title = f"↑ mean {self.means.value.label}"
        painter.drawText(QRectF(area.left(), 4, area.width(), 16), title)

    def _bar(self, painter: QPainter, area: QRectF, group: int) -> None:
        assert self.means is not None
        mean, error = float(self.means.mean[group]), float(self.means.error[group])
        middle, wide = self.place_of(group).x(), min(WIDEST, 0.7 * self._step())
        if math.isnan(mean):
            return
        color = QColor(end_color(mean)) if self.signed else QColor(self._theme.color("accent"))
        color.setAlphaF(0.75)
        zero, top = self._y(area, 0.0), self._y(area, mean)
        bar = QRectF(middle - wide / 2, min(zero, top), wide, max(1.0, abs(zero - top)))
        painter.fillRect(bar, color)
        painter.setPen(QPen(self._theme.color("text"), 1))
        half = half_width(error)
        if not math.isnan(half):
            ends = [self._y(area, mean - half), self._y(area, mean + half)]
            painter.drawLine(QPointF(middle, ends[0]), QPointF(middle, ends[1]))
            for y in ends:
                painter.drawLine(QPointF(middle - 4, y), QPointF(middle + 4, y))

    def _value(self, group: int, room: float) -> str:
        """The mean of a group with as many digits as there is room for."""
        assert self.means is not None
        mean, unit = float(self.means.mean[group]), self.means.value.unit
        texts = [value_text(mean, unit, digits) for digits in (3, 2, 1)]
        metrics = QFontMetricsF(self._theme.font("caption"))
        return next((t for t in texts if metrics.horizontalAdvance(t) <= room), texts[-1])

    def _names(self, painter: QPainter, area: QRectF) -> None:
        """Below each bar its group, mean and rows; what has no room is left to the tooltip."""
        assert self.means is not None
        column, step, metrics = self.means.by[0], self._step(), painter.fontMetrics()
        last = -math.inf
        for group, key in enumerate(self.means.keys):
            middle = self.place_of(group).x()
            if middle - last < 28:
                continue
            last, room = middle, max(28.0, step) - 4
            where = QRectF(middle - room / 2, area.bottom() + 2, room, 16)
            text = key_text(key[0], column)
            painter.setPen(self._theme.color("muted"))
            elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room))
            painter.drawText(where, _MIDDLE, elided)
            mean = self._value(group, room + 2)
            rows = f"n {count_text(int(self.means.count[group]))}"
            for line, (words, color) in enumerate(((mean, "text"), (rows, "muted")), 1):
                if metrics.horizontalAdvance(words) <= room + 2:
                    painter.setPen(self._theme.color(color))
                    painter.drawText(where.translated(0, 15 * line), _MIDDLE, words)
        title = QRectF(area.left(), self.height() - 18, area.width(), 16)
        painter.setPen(self._theme.color("muted"))
        painter.drawText(title, _RIGHT, f"{column.label} →")
