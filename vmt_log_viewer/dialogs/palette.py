"""The command palette: everything within reach, found by typing some letters of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QTreeWidget, QTreeWidgetItem, QWidget

from telemetry.text import one_line
from vmt_log_viewer.actions import Actions, key_text
from vmt_log_viewer.dialogs.card import Card, Rows
from vmt_log_viewer.dialogs.entries import Entry, ranked
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import Theme

MOST = 200
"""Lines that are shown; the last one says how many there are besides."""
HINT = 300  # pixels that a hint may take
_ENTRY = Qt.ItemDataRole.UserRole


class CommandPalette(Card):
    """Type some letters of some words, choose with the arrows, do it with Enter.

    What cannot be done now is found by typing too, and says what is the matter.
    """

    def __init__(
        self, actions: Actions, theme: Theme, parent: QWidget, others: Iterable[Entry] = ()
    ) -> None:
        super().__init__(theme, parent, 560, 420)
        self._entries = [*_verbs(actions), *others]
        self._theme = theme
        self.line = QLineEdit()
        self.line.setPlaceholderText("A verb, a view, a run, a marked tick, a saved filter …")
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setItemDelegate(Rows(self.list))
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(0, self.list.header().ResizeMode.Stretch)
        self.list.header().setSectionResizeMode(1, self.list.header().ResizeMode.ResizeToContents)
        self.list.header().setMaximumSectionSize(HINT)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
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
        """The texts that are offered now and can be done."""
        lines = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [line.text(0) for line in lines if line.flags() & Qt.ItemFlag.ItemIsEnabled]

    def refused(self) -> dict[str, str]:
        """The texts that match and cannot be done now, and why."""
        lines = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return {
            line.text(0): line.text(1)
            for line in lines
            if not line.flags() & Qt.ItemFlag.ItemIsEnabled
        }

    def _fill(self, text: str) -> None:
        self.list.clear()
        found = ranked(self._entries, text)
        for entry in found[:MOST]:
            self.list.addTopLevelItem(self._line(entry))
        if len(found) > MOST:
            more = QTreeWidgetItem([f"and {len(found) - MOST} more: type more letters", ""])
            more.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addTopLevelItem(more)
        self._step(0)

    def _line(self, entry: Entry) -> QTreeWidgetItem:
        line = QTreeWidgetItem([one_line(entry.text, limit=200), entry.why or entry.hint])
        line.setIcon(0, entry.icon)
        line.setForeground(1, self._theme.color("muted"))
        line.setData(0, _ENTRY, entry)
        line.setToolTip(0, plain_tip(entry.text))
        if entry.why:
            line.setFlags(Qt.ItemFlag.NoItemFlags)
        line.setToolTip(1, plain_tip(entry.why or entry.hint))
        return line

    def _step(self, by: int) -> None:
        """Go on by so many lines that can be chosen; 0: to the first."""
        lines = [self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount())]
        able = [line for line in lines if line.flags() & Qt.ItemFlag.ItemIsEnabled]
        current = self.list.currentItem()
        if able:
            row = able.index(current) + by if by and current in able else 0
            self.list.setCurrentItem(able[row % len(able)])

    def _do(self) -> None:
        line = self.list.currentItem()
        entry = None if line is None else line.data(0, _ENTRY)
        if isinstance(entry, Entry) and not entry.why:
            self.end()
            entry.do()


def _verbs(actions: Actions) -> Iterator[Entry]:
    """Every verb but the palette's own; views are offered by their names."""
    for verb, action in actions:
        if verb.id == "palette" or verb.id.startswith("view_"):
            continue
        text, why = action.text().replace("&", ""), actions.why_not(verb.id)
        yield Entry(text, key_text(action), action.trigger, action.icon(), why)
