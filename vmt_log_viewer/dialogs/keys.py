"""The help on keys, made from the verbs."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QLabel, QTreeWidget, QTreeWidgetItem, QWidget

from vmt_log_viewer.actions import MENUS, Actions, key_text
from vmt_log_viewer.dialogs.card import Card, Rows
from vmt_log_viewer.theme import Theme


class KeyHelp(Card):
    """All verbs that have a key, by menu."""

    def __init__(self, actions: Actions, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, 560, 640)
        title = QLabel("Keys")
        title.setFont(theme.font("title"))
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setItemDelegate(Rows(self.list))
        self.list.setColumnCount(2)
        self.list.setRootIsDecorated(False)
        self.list.setIndentation(16)
        self.list.setItemsExpandable(False)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.list.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocusProxy(self.list)
        self.body.addWidget(title)
        self.body.addWidget(self.list)
        for menu in MENUS:
            self._add(menu, actions, theme)
        self.list.expandAll()
        self.list.resizeColumnToContents(0)

    def _add(self, menu: str, actions: Actions, theme: Theme) -> None:
        group = QTreeWidgetItem([menu, ""])
        group.setFont(0, theme.font("strong"))
        for verb, action in actions:
            if verb.menu == menu and verb.keys and action.isVisible():
                line = QTreeWidgetItem([action.text().replace("&", ""), key_text(action)])
                line.setForeground(1, theme.color("muted"))
                group.addChild(line)
        if group.childCount():
            self.list.addTopLevelItem(group)
