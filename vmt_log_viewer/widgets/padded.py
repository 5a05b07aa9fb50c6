"""PaddedDelegate: table cells with air at both sides and no dotted frame around one of them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from vmt_log_viewer.theme import INSIDE

_STYLE_AIR = 3  # pixels that the style leaves at either side itself


class PaddedDelegate(QStyledItemDelegate):
    """Cells whose text stands exactly below that of their heading."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        inner = QStyleOptionViewItem(option)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, option.palette.color(QPalette.ColorRole.Highlight))
        inner.rect = option.rect.adjusted(INSIDE - _STYLE_AIR, 0, _STYLE_AIR - INSIDE, 0)
        # Unselected for the style, which would tint the swatch whose colour means something.
        inner.state &= ~(QStyle.StateFlag.State_HasFocus | QStyle.StateFlag.State_Selected)
        super().paint(painter, inner, index)
