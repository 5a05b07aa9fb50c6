"""The command palette: every verb that can be done now, found by typing."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from vmt_log_viewer.actions import Actions, key_text
from vmt_log_viewer.dialogs.card import Card, Rows
from vmt_log_viewer.theme import Theme


class CommandPalette(Card):
    """Type some letters of some words, choose with the arrows, do it with Enter."""

    def __init__(self, actions: Actions, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, 520, 420)
        self._actions = actions
        self._theme = theme
        self.line = QLineEdit()
        self.line.setPlaceholderText("What do you want to do?")
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setItemDelegate(Rows(self.list))
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, self.list.header().ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, self.list.header().ResizeMode.ResizeToContents)
        self.body.addWidget(self.line)
        self.body.addWidget(self.list)
        self.setFocusProxy(self.line)
        self.line.installEventFilter(self)
        self.line.textChanged.connect(self._fill)
        self.line.returnPressed.connect(self._do)
        self.list.itemClicked.connect(lambda item: self._do())
        self._fill("")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.line and isinstance(event, QKeyEvent):
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
            if event.type() == QEvent.Type.KeyPress and event.key() in steps:
                self._step(steps[Qt.Key(event.key())])
                return True
        return super().eventFilter(watched, event)

    def shown(self) -> list[str]:
        """The texts that are offered now."""
        return [self.list.topLevelItem(i).text(0) for i in range(self.list.topLevelItemCount())]

    def _fill(self, text: str) -> None:
        self.list.clear()
        for verb, action in self._actions:
            if action.isEnabled() and verb.id != "palette" and matches(text, action.text()):
                item = QTreeWidgetItem([action.text().replace("&", ""), key_text(action)])
                item.setIcon(0, action.icon())
                item.setForeground(1, self._theme.color("muted"))
                item.setData(0, Qt.ItemDataRole.UserRole, verb.id)
                self.list.addTopLevelItem(item)
        if self.list.topLevelItemCount():
            self.list.setCurrentItem(self.list.topLevelItem(0))

    def _step(self, by: int) -> None:
        count = self.list.topLevelItemCount()
        if count:
            row = self.list.indexOfTopLevelItem(self.list.currentItem())
            self.list.setCurrentItem(self.list.topLevelItem((row + by) % count))

    def _do(self) -> None:
        item = self.list.currentItem()
        if item is None:
            return
        action: QAction = self._actions[item.data(0, Qt.ItemDataRole.UserRole)]
        self.end()
        action.trigger()


def matches(typed: str, text: str) -> bool:
    """True when every word typed begins somewhere in `text`, whatever the case."""
    return all(word in text.casefold() for word in typed.casefold().split())
