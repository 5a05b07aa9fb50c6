"""LadderList: the tries of a negotiation one below the other, gains as signed bars."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from vmt_log_viewer.models.ladder_model import GAIN_ROLE, TRY_ROLE, LadderModel
from vmt_log_viewer.theme import ROW_HEIGHT
from vmt_log_viewer.widgets.outcome_mark import draw_mark, outcome_shape, reason_color
from vmt_log_viewer.widgets.padded import PaddedDelegate

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_BAR, _GAP = 72, 8


class LadderList(QTableView):
    """Bars of all rows and both sides share one scale, so that they can be compared."""

    try_chosen = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.ladder = LadderModel(theme, self)
        self.setModel(self.ladder)
        self.setItemDelegate(_TryDelegate(self, theme))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(rows.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT)
        self.horizontalHeader().setHighlightSections(False)
        self.horizontalHeader().setMinimumSectionSize(24)
        self.selectionModel().currentRowChanged.connect(self._current_changed)
        self.ladder.modelReset.connect(self._fit_columns)

    def choose(self, row: int) -> None:
        """Select a try and bring it into view."""
        self.setCurrentIndex(self.ladder.index(row, 0))

    def _current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.try_chosen.emit(current.row())

    def _fit_columns(self) -> None:
        metrics = QFontMetrics(self._theme.font())
        for section in range(self.ladder.columnCount()):
            name = self.ladder.column_id(section)
            heading = self.ladder.headerData(section, Qt.Orientation.Horizontal)
            widest = metrics.horizontalAdvance(heading) + 20
            extra = {"outcome": 32, "buying": _BAR + 32, "selling": _BAR + 32}.get(name, 24)
            for row in range(min(self.ladder.rowCount(), 100)):
                text = self.ladder.data(self.ladder.index(row, section))
                widest = max(widest, metrics.horizontalAdvance(text) + extra)
            self.setColumnWidth(section, min(widest, 172 if name == "outcome" else 380))


class _TryDelegate(QStyledItemDelegate):
    """Draws the outcome's mark and the bars of ΔU; everything else as usual."""

    def __init__(self, view: LadderList, theme: Theme) -> None:
        super().__init__(view)
        self._view, self._theme = view, theme
        self._plain = PaddedDelegate(view)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        name = self._view.ladder.column_id(index.column())
        if name == "outcome":
            self._background(painter, option)
            self._outcome(painter, option, index)
        elif name in ("buying", "selling"):
            self._background(painter, option)
            self._gain(painter, option, index)
        else:
            self._plain.paint(painter, option, index)

    def _background(self, painter: QPainter, option: QStyleOptionViewItem) -> None:
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, self._theme.color("selection"))

    def _outcome(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        tried = index.data(TRY_ROLE)
        rect = QRectF(option.rect)
        at = QPointF(rect.left() + 12, rect.center().y())
        draw_mark(painter, at, outcome_shape(tried), reason_color(self._theme, tried.reason), 9)
        painter.save()
        painter.setPen(self._theme.color("text"))
        painter.setFont(self._theme.font())
        room = rect.adjusted(24, 0, -4, 0)
        text = painter.fontMetrics().elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, int(room.width())
        )
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, text)
        painter.restore()

    def _gain(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """ΔU in figures, then its bar right or left of the zero line."""
        rect = QRectF(option.rect)
        gain = index.data(GAIN_ROLE)
        painter.save()
        painter.setFont(self._theme.font())
        painter.setPen(self._theme.color("muted" if gain is None else "text"))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        figures = rect.adjusted(0, 0, -(_BAR + _GAP + 8), 0)
        painter.drawText(figures, flags, str(index.data()))
        zero = rect.right() - _BAR / 2 - _GAP
        if gain is not None and math.isfinite(gain):
            self._bar(painter, rect, zero, gain)
        painter.setPen(self._theme.color("line"))
        painter.drawLine(QPointF(zero, rect.top() + 3), QPointF(zero, rect.bottom() - 3))
        painter.restore()

    def _bar(self, painter: QPainter, rect: QRectF, zero: float, gain: float) -> None:
        gains = self._view.ladder.gains
        largest = max(abs(gains[0]), abs(gains[1])) if gains is not None else 0.0
        if largest <= 0:
            return
        length = (_BAR / 2 - 2) * gain / largest
        if gain and abs(length) < 1:
            length = math.copysign(1.0, gain)
        bar = QRectF(zero, rect.center().y() - 4, length, 8).normalized()
        painter.fillRect(bar, self._theme.color("good" if gain > 0 else "bad"))
