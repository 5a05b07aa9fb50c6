"""PaddedDelegate: table cells with air at both sides and no dotted frame around one of them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmt_log_viewer.theme import INSIDE

_STYLE_AIR = 3  # pixels that the style leaves at either side itself
_SELECTED = QStyle.StateFlag.State_Selected
_MARKED = _SELECTED | QStyle.StateFlag.State_HasFocus


class PaddedDelegate(QStyledItemDelegate):
    """Cells whose text stands exactly below that of their heading."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        inner = QStyleOptionViewItem(option)
        state = option.state
        if state & _SELECTED:
            painter.fillRect(option.rect, option.palette.color(QPalette.ColorRole.Highlight))
        inner.rect = option.rect.adjusted(INSIDE - _STYLE_AIR, 0, _STYLE_AIR - INSIDE, 0)
        # Unselected for the style, which would tint the swatch whose colour means something.
        if state & _MARKED:
            inner.state = state & ~_MARKED
        super().paint(painter, inner, index)
