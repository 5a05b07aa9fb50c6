"""FaultLanes: a column of a table in which each row is a lane of ticks with its faults marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionViewItem

from telemetry.concepts import TickRange
from vmt_log_viewer.theme import INSIDE
from vmt_log_viewer.widgets.padded import PaddedDelegate

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_HIGH = 8  # pixels of the lane within its row


class FaultLanes(PaddedDelegate):
    """Paints the lanes over what the column holds; a lane of None was not judged.

    Marks narrower than a pixel are still drawn one pixel wide.
    """

    def __init__(self, theme: Theme, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ticks: TickRange | None = None
        self._lanes: tuple[tuple[int, ...] | None, ...] = ()

    def show(self, ticks: TickRange | None, lanes: Sequence[tuple[int, ...] | None]) -> None:
        """The faulty ticks of each row, and the range that a lane stands for."""
        self._ticks, self._lanes = ticks, tuple(lanes)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        row = index.row()
        lane = self._lanes[row] if row < len(self._lanes) else None
        if lane is None or self._ticks is None:
            return
        place = QRectF(option.rect.adjusted(INSIDE, 0, -INSIDE, 0))
        painter.save()
        middle = place.center().y()
        painter.setPen(QPen(self._theme.color("line"), 1))
        painter.drawLine(QPointF(place.left(), middle), QPointF(place.right(), middle))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.color("bad"))
        wide = max(1, self._ticks.last - self._ticks.first + 1)
        for tick in lane:
            left = place.left() + place.width() * (tick - self._ticks.first) / wide
            width = max(2.0, place.width() / wide)
            painter.drawRect(QRectF(left, middle - _HIGH / 2, width, _HIGH))
        painter.restore()
