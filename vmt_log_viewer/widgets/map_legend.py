"""MapLegend: one line below the map that says what its squares and arrows are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmt_log_viewer.widgets.grid_painter import kind_color

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vmt_log_viewer.theme import Theme

_ORIENTATION = "row 0 at the top, as recorded"


class MapLegend(QWidget):
    """Resource kinds as squares, the tick's trades as arrows from seller to buyer."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._kinds: tuple[str, ...] = ()
        self._pairs: tuple[str, ...] = ()
        self.setFont(theme.font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(200, 20)

    def show_marks(self, kinds: Sequence[str], pairs: Sequence[str]) -> None:
        self._kinds, self._pairs = tuple(kinds), tuple(pairs)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        x, y = 24.0, self.height() / 2
        for kind in self._kinds:
            color = kind_color(self._kinds, kind)
            color.setAlphaF(0.6)
            painter.fillRect(QRectF(x, y - 5, 10, 10), color)
            x = self._words(painter, x + 16, f"resource {kind}")
        for pair in self._pairs:
            painter.setPen(QPen(self._theme.pair_color(pair), 2.5))
            painter.drawLine(QPointF(x, y), QPointF(x + 14, y))
            painter.drawLine(QPointF(x + 14, y), QPointF(x + 10, y - 4))
            painter.drawLine(QPointF(x + 14, y), QPointF(x + 10, y + 4))
            x = self._words(painter, x + 20, f"{pair or 'trade'}, seller to buyer")
        width = self.fontMetrics().horizontalAdvance(_ORIENTATION)
        if x + width < self.width():
            painter.setPen(self._theme.color("muted"))
            where = QRectF(self.width() - width - 4, 0, width + 4, self.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, _ORIENTATION)

    def _words(self, painter: QPainter, x: float, text: str) -> float:
        painter.setPen(self._theme.color("muted"))
        width = self.fontMetrics().horizontalAdvance(text) + 1
        painter.drawText(QRectF(x, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        return x + width + 16
