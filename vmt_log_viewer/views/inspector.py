"""Inspector: whatever is selected, in full, exactly as recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QLineEdit,
    QStyledItemDelegate,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from telemetry.errors import TelemetryError
from telemetry.text import one_line
from vmt_log_viewer.models.fact_tree import FactTree, Section, whole_text
from vmt_log_viewer.state.items import AgentItem, Item, RunItem
from vmt_log_viewer.theme import BETWEEN, GRID, INSIDE, ROW_HEIGHT
from vmt_log_viewer.views.inspections import Facts, inspect
from vmt_log_viewer.views.view import Context

if TYPE_CHECKING:
    from telemetry.concepts import RunId
    from telemetry.source import Source

LANE = "inspector.item"


class Inspector(QWidget):
    """Shows the selected item, or the run where nothing is selected.

    An agent is shown as it is at the cursor's tick, so it is asked for again as that moves.
    """

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._item: Item = RunItem()
        self._title = QLabel()
        self._caption = QLabel()
        self.model = FactTree(context.theme, self)
        self.tree = _FactView()
        self.tree.setModel(self.model)
        self._build()
        document = context.document
        document.selection.item_selected.connect(self._selected)
        document.cursor.moved.connect(self._moved)
        document.run_shown.connect(self._run_shown)
        document.run_updated.connect(self._run_updated)
        document.run_cleared.connect(self.clear)
        context.theme.changed.connect(self._dress)

    def _build(self) -> None:
        for label in (self._title, self._caption):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, BETWEEN, INSIDE, INSIDE)
        layout.setSpacing(GRID)
        for widget in (self._title, self._caption, self.tree):
            layout.addWidget(widget)
        self._dress()
        self.clear()

    def clear(self) -> None:
        """Nothing to inspect."""
        self._context.runner.cancel(LANE)
        self._item = RunItem()
        self._say("Nothing selected", "Choose a run, an agent, a trade or an attempt.")
        self.model.set_sections(())

    def refresh(self) -> None:
        """Ask again for what is shown."""
        document = self._context.document
        if document.source is None or document.run_id is None:
            return
        self._ask(document.source, document.run_id)

    def _ask(self, source: Source, run_id: RunId) -> None:
        item, tick = self._item, self._context.document.cursor.tick

        def show(facts: Facts) -> None:
            self._say(facts.title, facts.caption)
            self._show(facts.sections)

        def fail(error: TelemetryError) -> None:
            self._say("Cannot be shown", str(error))
            self._show(())

        self._context.runner.run(
            LANE,
            lambda token: inspect(source, run_id, item, tick, token),
            show,
            fail,
            self,
            "reading what is selected",
        )

    def _show(self, sections: tuple[Section, ...]) -> None:
        """Swap the facts; the place stays where the same kind of thing is shown again."""
        place = self.tree.verticalScrollBar().value()
        self.model.set_sections(sections)
        for row in range(self.model.rowCount()):
            index = self.model.index(row, 0)
            self.tree.setFirstColumnSpanned(row, QModelIndex(), True)
            self.tree.expand(index)
            for below in range(self.model.rowCount(index)):
                fact = self.model.fact(self.model.index(below, 0, index))
                self.tree.setFirstColumnSpanned(below, index, fact is not None and fact.wide)
        self.tree.fit_names()
        self.tree.verticalScrollBar().setValue(place)

    def _say(self, title: str, caption: str) -> None:
        self._title.setText(one_line(title))
        self._caption.setText(caption)
        self._caption.setVisible(bool(caption))

    def _selected(self, item: Item | None) -> None:
        self._item = RunItem() if item is None else item
        self.refresh()

    def _moved(self, tick: int | None) -> None:
        if isinstance(self._item, AgentItem):
            self.refresh()

    def _run_shown(self, source: Source, run_id: RunId) -> None:
        self._item = RunItem()
        self._ask(source, run_id)

    def _run_updated(self, run: object) -> None:
        if isinstance(self._item, RunItem):
            self.refresh()

    def _dress(self) -> None:
        self._title.setFont(self._context.theme.font("strong"))
        self._caption.setFont(self._context.theme.font("caption"))


class _FactView(QTreeView):
    """The facts. Ctrl+C copies the chosen lines, names and exact values, tab-separated."""

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.setIndentation(12)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(False)
        self.setItemDelegate(_ReadOnly(self))
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.header().setStretchLastSection(True)
        self.header().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.header().resizeSection(0, 130)

    def fit_names(self) -> None:
        """Room for the longest name, as long as the values keep half of the width."""
        wanted = self.sizeHintForColumn(0) + self.indentation()
        self.header().resizeSection(0, max(80, min(wanted, self.viewport().width() // 2)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_names()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self._copy()
        else:
            super().keyPressEvent(event)

    def _copy(self) -> None:
        model = self.model()
        lines = []
        for index in self.selectionModel().selectedRows(0):
            fact = model.fact(index)  # type: ignore[attr-defined]
            if fact is not None:
                lines.append(f"{fact.name}\t{whole_text(fact)}")
        QGuiApplication.clipboard().setText("\n".join(lines))


class _ReadOnly(QStyledItemDelegate):
    """Opens a value for selecting and copying a part of it, never for changing it."""

    def createEditor(self, parent: QWidget, option: object, index: QModelIndex) -> QWidget:
        line = QLineEdit(parent)
        line.setReadOnly(True)
        return line

    def sizeHint(self, option: object, index: QModelIndex) -> object:
        size = super().sizeHint(option, index)  # type: ignore[arg-type]
        size.setHeight(ROW_HEIGHT)
        return size
