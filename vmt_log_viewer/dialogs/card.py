"""Card: a panel that lies over the window until Escape, a click elsewhere or its own end."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from vmt_log_viewer.theme import BETWEEN, ROW_HEIGHT, Theme


class Rows(QStyledItemDelegate):
    """The lines of a card are as high as those of every table."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        return QSize(super().sizeHint(option, index).width(), ROW_HEIGHT)


class Card(QFrame):
    """Not modal: the window below goes on. It is deleted when closed."""

    def __init__(self, theme: Theme, parent: QWidget, width: int, height: int) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAutoFillBackground(True)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        line, base = theme.color("line").name(), theme.color("base").name()
        self.setStyleSheet(
            f"QFrame#card {{ background: {base}; border: 1px solid {line}; border-radius: 6px; }}"
        )
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(BETWEEN, BETWEEN, BETWEEN, BETWEEN)
        self.body.setSpacing(BETWEEN)
        self._wanted = (width, height)
        self._before = parent.window().focusWidget()
        parent.installEventFilter(self)

    def open(self) -> None:
        """Show it in the upper middle of its parent, with the keyboard."""
        self._place()
        self.show()
        self.raise_()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end()
        else:
            super().keyPressEvent(event)

    def end(self) -> None:
        """Close, and give the keyboard back to where it was."""
        if self._before is not None:
            self._before.setFocus()
        self.close()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        elif event.type() == QEvent.Type.MouseButtonPress:
            self.end()
        return False

    def _place(self) -> None:
        room = self.parentWidget().size()
        width = min(self._wanted[0], room.width() - 32)
        height = min(self._wanted[1], room.height() - 64)
        self.setGeometry((room.width() - width) // 2, 48, width, height)
