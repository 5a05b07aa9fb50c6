"""PointLegend: the names of a scatter's groups behind their marks, on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from vmt_log_viewer.widgets.point_scatter import shape_of

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_MARK, _AIR = 8, 16


class PointLegend(QWidget):
    """As wide as its names need; names that find no room are left out from the right."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._groups: dict[str, QColor] = {}
        self.setFont(theme.font("caption"))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def show_groups(self, groups: dict[str, QColor]) -> None:
        """Name these groups, in this order."""
        self._groups = dict(groups)
        self.setAccessibleName(", ".join(groups))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        metrics = self.fontMetrics()
        width = sum(_MARK + 4 + metrics.horizontalAdvance(name) + _AIR for name in self._groups)
        return QSize(width, metrics.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, middle = 0.0, self.height() / 2
        for name, color in self._groups.items():
            width = self.fontMetrics().horizontalAdvance(name)
            if left + _MARK + 4 + width > self.width():
                return
            painter.save()
            painter.translate(left + _MARK / 2, middle)
            painter.scale(_MARK, _MARK)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawPath(pg.graphicsItems.ScatterPlotItem.Symbols[shape_of(name)])
            painter.restore()
            painter.setPen(self._theme.color("muted"))
            where = QRectF(left + _MARK + 4, 0, width + 1, self.height())
            painter.drawText(where, Qt.AlignmentFlag.AlignVCenter, name)
            left += _MARK + 4 + width + _AIR
