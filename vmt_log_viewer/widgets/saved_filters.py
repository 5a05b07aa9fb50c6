"""SavedFilterPanel: the filters kept for a table, to be applied, named, renamed and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from telemetry.errors import FilterError
from telemetry.filters.saved import SavedFilter
from telemetry.text import one_line
from vmt_log_viewer.icons import icon
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import GRID, INSIDE, ROW_HEIGHT
from vmt_log_viewer.widgets.plain import caption, drop_down, tool_button
from vmt_log_viewer.widgets.words import count_text, ticks_text

if TYPE_CHECKING:
    from telemetry.concepts import Table
    from vmt_log_viewer.state.document import Document
    from vmt_log_viewer.theme import Theme
    from vmt_log_viewer.widgets.table_panel import TablePanel

NONE_YET = "No filter of this table is saved yet."
NO_TICKS = "Rows of this table have no tick, so nobody can tell which of them are new."
_FILTER = Qt.ItemDataRole.UserRole


class SavedFilterPanel(QWidget):
    """What `button` drops down, about the table of `panel`, or about `table` before it is shown.

    It keeps nothing itself: the document's shelf does.
    """

    applied = Signal(object)  # SavedFilter: it is in force now

    def __init__(
        self, document: Document, panel: TablePanel, theme: Theme, table: Table | None = None
    ) -> None:
        super().__init__()
        self._document, self.panel, self._table = document, panel, table
        self._filling = False
        self.list = QTreeWidget()
        self.list.setHeaderHidden(True)
        self.list.setRootIsDecorated(False)
        self.list.setColumnCount(2)
        self.list.setAccessibleName("Saved filters")
        self.list.setEditTriggers(QTreeWidget.EditTrigger.EditKeyPressed)
        self.apply = tool_button("Apply", "funnel", "Filter the table like this (Enter)")
        self.rings = tool_button(
            "Ring", "bell", "Say so when a run that is followed (L) gets such rows"
        )
        self.rings.setCheckable(True)
        self.rename = tool_button("Rename", "pencil-simple", "Another name (F2)")
        self.forget = tool_button("Forget", "trash", "Forget this filter (Delete)")
        self.words = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.words.setFont(theme.font("caption"))
        self.name = QLineEdit(placeholderText="Name for what is filtered now")
        self.name.setAccessibleName("Name of the filter")
        self.keep = QPushButton("Keep")
        self.ticks, self.agents = QCheckBox(), QCheckBox()
        self.problem = caption(theme)
        self._arrange(theme)
        self._connect()
        self.button = tool_button("Saved", "bookmark-simple", "Filters saved for this table")
        self._menu = drop_down(self.button, self)
        self._menu.aboutToShow.connect(self.look)

    def sizeHint(self) -> QSize:
        return QSize(420, 320)

    def look(self) -> None:
        """Show what there is now."""
        self._document.shelf.look_again()
        self.problem.setText(self._document.shelf.problem)
        self._show_filters()
        brush, agents = self._document.selection.brush, self._document.selection.agents
        of_ticks = "ticks (not limited)" if brush is None else ticks_text(brush)
        self.ticks.setText(f"with {of_ticks}")
        self.ticks.setEnabled(brush is not None)
        noun = "agent" if len(agents) == 1 else "agents"
        chosen = f"{count_text(len(agents))} chosen {noun}" if agents else "agents (none chosen)"
        self.agents.setText(f"with {chosen}")
        self.agents.setEnabled(bool(agents))
        for box in (self.ticks, self.agents):
            box.setChecked(box.isChecked() and box.isEnabled())
        self.setEnabled(self.panel.table is not None)
        self.name.setFocus()

    def open(self) -> None:
        """Drop it down."""
        self._menu.popup(self.button.mapToGlobal(self.button.rect().bottomLeft()))

    def use(self, saved: SavedFilter) -> None:
        """Filter the table like this, as one step to be undone.

        FilterError, one sentence, where the table lacks what it asks about; nothing changes then.
        """
        panel, table, document = self.panel, self.panel.table or self._table, self._document
        columns = panel.columns or (table.columns if table is not None else ())
        saved.judged(columns, table.label if table is not None else "")
        with document.history.together(f"apply “{saved.name}”"):
            if panel.table is None:  # its rows are asked for later, filtered like this
                panel.filters.set_columns(columns)
            panel.filters.replace(saved.filters)
            if saved.range is not None:
                document.selection.set_brush(saved.range)
            if saved.agents is not None:
                document.selection.set_agents(saved.agents)
            panel.ask_now()
        self.applied.emit(saved)

    def current(self) -> SavedFilter | None:
        line = self.list.currentItem()
        return None if line is None else line.data(0, _FILTER)

    def shown(self) -> list[str]:
        """The names that are listed."""
        lines = (self.list.topLevelItem(i) for i in range(self.list.topLevelItemCount()))
        return [line.text(0) for line in lines]

    def choose(self, name: str) -> None:
        """Make the filter of this name the current one."""
        if name in self.shown():
            self.list.setCurrentItem(self.list.topLevelItem(self.shown().index(name)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Delete:
                self._forget()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._apply()
                return True
        return super().eventFilter(watched, event)

    # Inside

    def _arrange(self, theme: Theme) -> None:
        title = QLabel("Saved filters")
        title.setFont(theme.font("strong"))
        buttons, new, parts = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        buttons.setSpacing(GRID)
        for button in (self.apply, self.rings, self.rename, self.forget):
            buttons.addWidget(button)
        buttons.addStretch(1)
        new.addWidget(self.name, 1)
        new.addWidget(self.keep)
        parts.addWidget(self.ticks)
        parts.addWidget(self.agents, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.setSpacing(GRID)
        layout.addWidget(title)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.words)
        layout.addLayout(buttons)
        layout.addSpacing(GRID)
        layout.addLayout(new)
        layout.addLayout(parts)
        layout.addWidget(self.problem)

    def _connect(self) -> None:
        self.list.installEventFilter(self)
        self.list.currentItemChanged.connect(lambda *_: self._show_current())
        self.list.itemDoubleClicked.connect(lambda *_: self._apply())
        self.list.itemChanged.connect(self._renamed)
        self.apply.clicked.connect(self._apply)
        self.rings.clicked.connect(self._ring)
        self.rename.clicked.connect(lambda: self.list.editItem(self.list.currentItem(), 0))
        self.forget.clicked.connect(self._forget)
        self.keep.clicked.connect(self._keep)
        self.name.returnPressed.connect(self._keep)

    def _show_filters(self) -> None:
        before = self.current()
        self._filling = True
        self.list.clear()
        for saved in self._kept():
            line = QTreeWidgetItem([saved.name, one_line(saved.words, limit=120)])
            line.setData(0, _FILTER, saved)
            line.setFlags(line.flags() | Qt.ItemFlag.ItemIsEditable)
            line.setSizeHint(0, QSize(0, ROW_HEIGHT))
            line.setToolTip(1, plain_tip(saved.words))
            line.setIcon(0, icon("bell" if saved.rings else "funnel-simple"))
            self.list.addTopLevelItem(line)
        self.list.resizeColumnToContents(0)
        self._filling = False
        self.choose(before.name if before is not None else "")
        if self.list.currentItem() is None and self.list.topLevelItemCount():
            self.list.setCurrentItem(self.list.topLevelItem(0))
        self._show_current()

    def _kept(self) -> tuple[SavedFilter, ...]:
        source, table = self.panel.source, self.panel.table
        if source is None or table is None:
            return ()
        return self._document.shelf.of(source.family, table.name)

    def _show_current(self) -> None:
        saved, table = self.current(), self.panel.table
        self.words.setText(NONE_YET if saved is None else saved.words)
        for button in (self.apply, self.rings, self.rename, self.forget):
            button.setEnabled(saved is not None)
        self.rings.setChecked(saved is not None and saved.rings)
        if table is not None and table.with_role("tick") is None:
            self.rings.setEnabled(False)
            self.rings.setToolTip(NO_TICKS)

    def _apply(self) -> None:
        saved = self.current()
        if saved is None:
            return
        try:
            self.use(saved)
        except FilterError as error:
            self.problem.setText(str(error))
            return
        self._menu.close()

    def _ring(self) -> None:
        saved = self.current()
        if saved is not None:
            self._document.shelf.keep(msgspec.structs.replace(saved, rings=not saved.rings))
            self._show_filters()

    def _renamed(self, line: QTreeWidgetItem) -> None:
        saved, name = line.data(0, _FILTER), line.text(0).strip()
        if self._filling or saved is None:
            return
        if name and name != saved.name:
            self._document.shelf.keep(msgspec.structs.replace(saved, name=name), saved)
        self._show_filters()
        self.choose(name)

    def _forget(self) -> None:
        saved = self.current()
        if saved is not None:
            self._document.shelf.forget(saved)
            self._show_filters()

    def _keep(self) -> None:
        """Keep what is filtered now, instead of what had this name."""
        source, table, name = self.panel.source, self.panel.table, self.name.text().strip()
        selection = self._document.selection
        if source is None or table is None:
            return
        if not name:
            self.problem.setText("Write a name for it first.")
            return
        brush = selection.brush if self.ticks.isChecked() else None
        self._document.shelf.keep(
            SavedFilter(
                family=source.family,
                table=str(table.name),  # it may be a text that knows of quoting
                name=name,
                filters={str(k): text for k, text in self.panel.filters.texts.items()},
                ticks=None if brush is None else (brush.first, brush.last),
                agents=selection.agents if self.agents.isChecked() else None,
            )
        )
        self.name.clear()
        self.problem.setText(self._document.shelf.problem)
        self._show_filters()
        self.choose(name)
