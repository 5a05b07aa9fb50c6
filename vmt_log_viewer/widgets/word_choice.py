"""WordChoice: cells of a tree that are chosen from a list, which drops down at a click."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QStyleOptionViewItem, QWidget

from vmt_log_viewer.icons import icon
from vmt_log_viewer.theme import INSIDE, ROW_HEIGHT
from vmt_log_viewer.widgets.padded import PaddedDelegate

if TYPE_CHECKING:
    from telemetry.roles.words import Word
    from vmt_log_viewer.theme import Theme

Index = QModelIndex | QPersistentModelIndex
_ARROW = 10


class WordChoice(PaddedDelegate):
    """Draws an arrow where something can be chosen. What is chosen goes to `choose` at once."""

    def __init__(
        self,
        theme: Theme,
        choices: Callable[[Index], Sequence[Word]],
        choose: Callable[[Index, str], None],
        chosen: int,
        parent: QObject,
    ) -> None:
        """`chosen` is the item role under which a cell keeps its word's name."""
        super().__init__(parent)
        self._theme, self._choices, self._choose, self._chosen = theme, choices, choose, chosen

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(super().sizeHint(option, index).width() + _ARROW + INSIDE, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        if not index.flags() & Qt.ItemFlag.ItemIsEditable:
            return
        rect = option.rect
        at = QPoint(rect.right() - _ARROW - INSIDE // 2, rect.center().y() - _ARROW // 2)
        picture = icon("caret-down", self._theme.color("muted")).pixmap(_ARROW, _ARROW)
        painter.drawPixmap(at, picture)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        box = QComboBox(parent)
        for word in self._choices(index):
            box.addItem(word.label, word.name)
            box.setItemData(box.count() - 1, word.meaning, Qt.ItemDataRole.ToolTipRole)
        box.setMaxVisibleItems(20)
        box.activated.connect(lambda _: self._take(box))
        QTimer.singleShot(0, box, box.showPopup)
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        editor.setCurrentIndex(editor.findData(index.data(self._chosen)))

    def setModelData(self, editor: QWidget, model: Any, index: Index) -> None:
        assert isinstance(editor, QComboBox)
        self._choose(index, str(editor.currentData()))

    def _take(self, box: QComboBox) -> None:
        self.commitData.emit(box)
        self.closeEditor.emit(box)
