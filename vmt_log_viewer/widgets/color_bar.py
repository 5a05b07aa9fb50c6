"""ColorBar: what the colours of a map mean, with the measure's name and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QLinearGradient, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.nice import nice_values, short
from vmt_log_viewer.widgets.color_scale import ColorScale

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_BAR, _TOP, _BOTTOM, _STOPS = 14, 8, 40, 32


class ColorBar(QWidget):
    """Upright; below it the hatched grey of agents whose value is not recorded."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._scale: ColorScale | None = None
        self._beyond = ""
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(84, 200)

    def show_scale(self, scale: ColorScale | None, beyond: str = "") -> None:
        """`beyond` says what the ends of the bar leave out ("< and > drawn as the ends")."""
        self._scale, self._beyond = scale, beyond
        self.setToolTip(plain_tip(beyond) if beyond else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        height = min(self.height() - _TOP - _BOTTOM, 360)
        scale = self._scale
        if height < 24:
            return
        middle = Qt.AlignmentFlag.AlignVCenter
        if scale is not None:
            self._bar(painter, scale, height)
        foot = _TOP + (height if scale is not None else 0) + 20
        swatch = QRectF(2, foot - 6, _BAR, 12)
        painter.setPen(self._theme.color("muted"))
        painter.setBrush(Qt.BrushStyle.BDiagPattern)
        painter.fillRect(swatch, self._theme.color("panel"))
        painter.fillRect(swatch, Qt.BrushStyle.BDiagPattern)
        painter.drawRect(swatch)
        words = QRectF(_BAR + 8, foot - 16, self.width() - _BAR - 8, 32)
        painter.drawText(words, int(middle) | Qt.TextFlag.TextWordWrap, "not recorded")

    def _bar(self, painter: QPainter, scale: ColorScale, height: float) -> None:
        bar = QRectF(2, _TOP, _BAR, height)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        for stop in range(_STOPS + 1):
            gradient.setColorAt(stop / _STOPS, scale.at(stop / _STOPS))
        painter.fillRect(bar, gradient)
        painter.setPen(self._theme.color("muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        if scale.high <= scale.low:
            where = QRectF(_BAR + 8, bar.center().y() - 8, 72, 16)
            painter.drawText(where, middle, short(scale.low))
            return
        for value in nice_values(scale.low, scale.high, max(2, int(height // 40))):
            y = bar.bottom() - scale.place(value) * height
            painter.drawLine(QPointF(bar.right(), y), QPointF(bar.right() + 3, y))
            painter.drawText(QRectF(_BAR + 8, y - 8, 72, 16), middle, short(value))
