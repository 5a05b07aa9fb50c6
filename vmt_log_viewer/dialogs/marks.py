"""The marked ticks of the run: listed, named, explained, gone to and taken away."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from telemetry.text import one_line
from vmt_log_viewer.dialogs.card import Card, Rows
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.state.marks import Mark
from vmt_log_viewer.theme import GRID, Theme
from vmt_log_viewer.widgets.plain import caption, tool_button

PAUSE = 400  # milliseconds without a key after which name and note are kept
NOTHING = "No tick is marked. M marks the tick of the cursor."
_TICK = Qt.ItemDataRole.UserRole


class MarksCard(Card):
    """What is typed is kept once typing has paused, and when the card goes."""

    def __init__(self, document: Document, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, 460, 420)
        self._document = document
        self._filling = False
        self._edited: int | None = None
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self._keep)
        title = QLabel("Marked ticks")
        title.setFont(theme.font("title"))
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        self.list.setItemDelegate(Rows(self.list))
        self.list.setAccessibleName("Marked ticks")
        self.name, self.note = QLineEdit(), QPlainTextEdit()
        self.name.setPlaceholderText("Name")
        self.name.setAccessibleName("Name of the mark")
        self.note.setPlaceholderText("Note")
        self.note.setAccessibleName("Note on the mark")
        self.note.setTabChangesFocus(True)
        self.note.setFixedHeight(76)
        self.here = tool_button("Mark this tick", "map-pin", "Mark the tick of the cursor")
        self.go = tool_button("Go there", "arrow-right", "Put the cursor on the tick (Enter)")
        self.away = tool_button("Take away", "trash", "Take the mark away (Delete)")
        self.hint = caption(theme, NOTHING)
        self._arrange(title)
        self._connect()
        self._show_marks()
        self.setFocusProxy(self.name if self.name.isEnabled() else self.here)

    def shown(self) -> list[tuple[str, str]]:
        """Tick and name of every line."""
        lines = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [(line.text(0), line.text(1)) for line in lines]

    def end(self) -> None:
        self._keep()
        self._document.marks.changed.disconnect(self._show_marks)
        super().end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.list and isinstance(event, QKeyEvent):
            pressed = event.type() == QEvent.Type.KeyPress
            if pressed and event.key() == Qt.Key.Key_Delete:
                self._take_away()
                return True
            return False
        return super().eventFilter(watched, event)

    def _arrange(self, title: QLabel) -> None:
        top, buttons = QHBoxLayout(), QHBoxLayout()
        top.addWidget(title, 1)
        top.addWidget(self.here)
        buttons.setSpacing(GRID)
        buttons.addStretch(1)
        buttons.addWidget(self.go)
        buttons.addWidget(self.away)
        self.body.addLayout(top)
        self.body.addWidget(self.hint)
        self.body.addWidget(self.list, 1)
        self.body.addWidget(self.name)
        self.body.addWidget(self.note)
        self.body.addLayout(buttons)

    def _connect(self) -> None:
        self.list.installEventFilter(self)
        self.list.currentItemChanged.connect(lambda *_: self._show_current())
        self.list.itemActivated.connect(lambda *_: self._go_there())
        self.name.textEdited.connect(self._typed)
        self.name.returnPressed.connect(self.end)
        self.note.textChanged.connect(self._typed)
        self.here.clicked.connect(self._mark_here)
        self.go.clicked.connect(self._go_there)
        self.away.clicked.connect(self._take_away)
        self._document.marks.changed.connect(self._show_marks)

    def _current(self) -> int | None:
        line = self.list.currentItem()
        return None if line is None else line.data(0, _TICK)

    def _show_marks(self, *_: object) -> None:
        """List them again; the line stays, at first it is that of the cursor's tick."""
        document, chosen = self._document, self._current()
        wanted = document.cursor.tick if chosen is None else chosen
        self.list.blockSignals(True)
        self.list.clear()
        for mark in document.marks.all:
            line = QTreeWidgetItem([str(mark.tick), _in_short(mark)])
            line.setData(0, _TICK, mark.tick)
            line.setTextAlignment(0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.list.addTopLevelItem(line)
            if self.list.topLevelItemCount() == 1 or mark.tick <= (wanted or 0):
                self.list.setCurrentItem(line)
        self.list.blockSignals(False)
        self.list.resizeColumnToContents(0)
        for part in (self.list, self.name, self.note, self.go, self.away):
            part.setEnabled(bool(document.marks.all))
        self.hint.setVisible(not document.marks.all)
        self.here.setEnabled(document.cursor.tick is not None)
        self._show_current()

    def _show_current(self) -> None:
        if self._pause.isActive() and self._current() == self._edited:
            return  # what is being typed is newer
        self._keep()
        self._edited = self._current()
        mark = self._document.marks.at(self._edited) or Mark(0)
        self._filling = True
        if self.name.text() != mark.name:
            self.name.setText(mark.name)
        if self.note.toPlainText() != mark.note:
            self.note.setPlainText(mark.note)
        self._filling = False

    def _typed(self) -> None:
        if not self._filling:
            self._pause.start()

    def _keep(self) -> None:
        """Take over what was typed about the mark that it was typed about."""
        if not self._pause.isActive():
            return
        self._pause.stop()
        if self._edited is not None and self._document.marks.at(self._edited) is not None:
            text = self.note.toPlainText().strip()
            self._document.marks.put(Mark(self._edited, self.name.text().strip(), text))

    def _mark_here(self) -> None:
        tick = self._document.cursor.tick
        if tick is not None and self._document.marks.at(tick) is None:
            self._document.marks.put(Mark(tick))
        for row in range(self.list.topLevelItemCount()):
            if self.list.topLevelItem(row).data(0, _TICK) == tick:
                self.list.setCurrentItem(self.list.topLevelItem(row))
        self.name.setFocus()

    def _go_there(self) -> None:
        self._document.cursor.move_to(self._current())

    def _take_away(self) -> None:
        tick = self._current()
        if tick is not None:
            self._pause.stop()
            self._document.marks.remove(tick)


def _in_short(mark: Mark) -> str:
    """The name; after it the note's beginning."""
    parts = [part for part in (mark.name, one_line(mark.note)) if part]
    return one_line(" — ".join(parts), limit=120)
