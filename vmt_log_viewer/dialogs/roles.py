"""Which columns are what: the roles of an unknown database, proposed, corrected and shared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from telemetry.errors import TelemetryError
from telemetry.roles import kept
from telemetry.text import one_line
from vmt_log_viewer.models.role_tree import CHOSEN, EXAMPLES, IS, NAME, WHY, RoleTree
from vmt_log_viewer.theme import AROUND, BETWEEN, INSIDE, Theme
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.word_choice import WordChoice

if TYPE_CHECKING:
    from telemetry.roles.mapping import Mapping
    from telemetry.source import Source

_ABOUT = (
    "This database is of no known family. Its tables are read by the roles below, which names and "
    "first rows suggest; correct what is wrong. Nothing is written to the database."
)
_LINES = 8
"""More tables than this are not all opened."""
FILES = "Roles (*.json)"


class RolesDialog(QDialog):
    """Not modal: the window goes on. What is edited counts only once `used` was answered."""

    used = Signal(object, object)  # Source, Mapping

    def __init__(self, source: Source, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.source = source
        self.setWindowTitle(f"Roles of {one_line(source.name, limit=80)}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._theme = theme
        self.tree = RoleTree(theme, self)
        self.view = QTreeView()
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find a table or column")
        self.search.setClearButtonEnabled(True)
        self.problem = caption(theme, elided=False)
        self.problem.setWordWrap(True)
        self.use = QPushButton("Use these roles")
        self.use.setDefault(True)
        self._lay_out()
        self._wire()
        read = source.by_roles
        assert read is not None
        self._proposal, self._stored = read.proposal, read.stored
        self.begin(read.mapping)
        self.resize(QSize(980, 640))

    def begin(self, mapping: Mapping) -> None:
        """Show these roles instead of what was edited."""
        self.tree.show(self._proposal, mapping)
        self.say("")
        opened = self.tree.opened()
        for index in opened if len(opened) <= _LINES else opened[:2]:
            self.view.expand(index)
        self._find(self.search.text())

    def say(self, sentence: str) -> None:
        """What keeps these roles from being used; "" where nothing does."""
        self.problem.setText(one_line(sentence, limit=600))
        self.problem.setVisible(bool(sentence))

    def take(self) -> None:
        """Ask for the roles to be used, unless they cannot be."""
        mapping = self.tree.mapping()
        try:
            mapping.check(self._stored.tables)
        except TelemetryError as error:
            self.say(str(error))
            return
        self.say("")
        self.use.setEnabled(False)
        self.used.emit(self.source, mapping)

    def refuse(self, sentence: str) -> None:
        """The roles could not be used; they stay as they are."""
        self.use.setEnabled(True)
        self.say(sentence)

    def load(self, path: Path) -> None:
        """Show the roles of a file; one sentence where they do not fit, and all stays."""
        try:
            mapping = kept.read(path)
            mapping.check(self._stored.tables)
        except TelemetryError as error:
            self.say(str(error))
            return
        self.begin(mapping)

    def save(self, path: Path) -> None:
        """Write what is shown to a file."""
        try:
            kept.write(path, self.tree.mapping(), f"for databases like {self.source.name}")
        except TelemetryError as error:
            self.say(str(error))

    def _lay_out(self) -> None:
        about = QLabel(_ABOUT)
        about.setTextFormat(Qt.TextFormat.PlainText)
        about.setWordWrap(True)
        self.load_button, self.save_button = QPushButton("Load…"), QPushButton("Save…")
        self.close_button = QPushButton("Close")
        for button in (self.load_button, self.save_button, self.close_button):
            button.setAutoDefault(False)
        buttons = QHBoxLayout()
        buttons.setSpacing(INSIDE)
        buttons.addWidget(self.load_button)
        buttons.addWidget(self.save_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(AROUND, AROUND, AROUND, AROUND)
        layout.setSpacing(BETWEEN)
        layout.addWidget(about)
        layout.addWidget(self.search)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.problem)
        layout.addLayout(buttons)

    def _wire(self) -> None:
        view, tree = self.view, self.tree
        view.setModel(tree)
        view.setItemDelegate(WordChoice(self._theme, tree.choices, tree.choose, CHOSEN, view))
        view.setEditTriggers(
            QAbstractItemView.EditTrigger.SelectedClicked
            | QAbstractItemView.EditTrigger.CurrentChanged
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        view.setUniformRowHeights(True)
        view.setAllColumnsShowFocus(True)
        header = view.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for place, wide in ((NAME, 230), (IS, 150), (WHY, 290), (EXAMPLES, 200)):
            header.resizeSection(place, wide)
        tree.edited.connect(lambda: self.say(""))
        self._theme.changed.connect(self._dress)
        self._dress()
        self.search.textChanged.connect(self._find)
        self.use.clicked.connect(self.take)
        self.close_button.clicked.connect(self.close)
        self.load_button.clicked.connect(self._load)
        self.save_button.clicked.connect(self._save)

    def _dress(self) -> None:
        palette = self.problem.palette()
        palette.setColor(self.problem.foregroundRole(), self._theme.color("warning"))
        self.problem.setPalette(palette)
        if self.tree.rowCount():
            self.begin(self.tree.mapping())

    def _find(self, text: str) -> None:
        """Only the tables whose name, or the name of a column, has the text in it."""
        wanted = text.strip().casefold()
        for row in range(self.tree.rowCount()):
            item = self.tree.item(row, NAME)
            names = [item.text(), *(item.child(i).text() for i in range(item.rowCount()))]
            found = any(wanted in name.casefold() for name in names)
            self.view.setRowHidden(row, self.tree.invisibleRootItem().index(), not found)

    def _load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Load roles", "", FILES)
        if path:
            self.load(Path(path))

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save roles", "roles.json", FILES)
        if path:
            self.save(Path(path))
