"""Inspector: whatever is selected, in full, exactly as recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from telemetry.errors import TelemetryError
from telemetry.queries import ContradictionsQuery
from telemetry.text import one_line
from vmt_log_viewer.background.pace import Pace
from vmt_log_viewer.models.fact_tree import FactTree, Section
from vmt_log_viewer.state.items import AgentItem, Item, RunItem
from vmt_log_viewer.theme import BETWEEN, GRID, INSIDE
from vmt_log_viewer.views.inspections import Facts, inspect
from vmt_log_viewer.views.view import Context
from vmt_log_viewer.widgets.fact_view import FactView

if TYPE_CHECKING:
    from telemetry.concepts import Findings, RunId
    from telemetry.source import Source

LANE = "inspector.item"
PASS = f"{LANE}.found"


class Inspector(QWidget):
    """Shows the selected item, or the run where nothing is selected.

    An agent is shown as it is at the cursor's tick, so it is asked for again as that moves.
    """

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._item: Item = RunItem()
        self._found: Findings | None = None  # in the rows of the run
        self._title = QLabel()
        self._caption = QLabel()
        self.model = FactTree(context.theme, self)
        self.tree = FactView()
        self.tree.setModel(self.model)
        runner = context.runner
        self._pace = Pace(self.refresh, lambda: not runner.pending(LANE), runner, self)
        self._build()
        document = context.document
        document.selection.item_selected.connect(self._selected)
        document.cursor.moved.connect(self._moved)
        document.run_shown.connect(self._run_shown)
        document.run_updated.connect(self._run_updated)
        document.run_cleared.connect(self.clear)
        document.source_shown.connect(self._source_shown)
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
        self._caption.setForegroundRole(QPalette.ColorRole.PlaceholderText)  # the muted colour
        self._dress()
        self.clear()

    def clear(self) -> None:
        """Nothing to inspect."""
        self._context.runner.cancel(LANE)
        self._context.runner.cancel(PASS)
        self._item, self._found = RunItem(), None
        self._say("Nothing selected", "Choose a run, an agent, a trade or an attempt.")
        self.model.set_sections(())

    def refresh(self) -> None:
        """Ask again for what is shown."""
        document = self._context.document
        if document.source is None or document.run_id is None:
            return
        self._ask(document.source, document.run_id)

    def grow(self) -> None:
        """The run has come further: ask again now and then."""
        self._pace.want()

    def _ask(self, source: Source, run_id: RunId) -> None:
        """Show what is quickly known; what takes a pass over a run's rows follows."""
        self._inspect(source, run_id)
        runner = self._context.runner
        if not isinstance(self._item, RunItem):
            runner.cancel(PASS)
            return

        def show(found: Findings) -> None:
            if found != self._found:
                self._found = found
                self._inspect(source, run_id)

        def fail(error: TelemetryError) -> None:
            self._say(self._title.text(), str(error))

        query = ContradictionsQuery(run_id)
        runner.submit(PASS, source, query, show, fail, self, later=True)

    def _inspect(self, source: Source, run_id: RunId) -> None:
        item, tick, found = self._item, self._context.document.cursor.tick, self._found

        def show(facts: Facts) -> None:
            self._say(facts.title, facts.caption)
            self._show(facts.sections)

        def fail(error: TelemetryError) -> None:
            self._say("Cannot be shown", str(error))
            self._show(())

        self._context.runner.run(
            LANE,
            lambda token: inspect(source, run_id, item, tick, token, found),
            show,
            fail,
            self,
            "reading what is selected",
            source,
        )

    def _show(self, sections: tuple[Section, ...]) -> None:
        """Swap the facts; the place stays where the same kind of thing is shown again."""
        place = self.tree.verticalScrollBar().value()
        self.model.set_sections(sections)
        self.tree.lay_out()
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
        self._item, self._found = RunItem(), None
        self._ask(source, run_id)

    def _source_shown(self, source: Source) -> None:
        self.clear()

    def _run_updated(self, run: object) -> None:
        if isinstance(self._item, RunItem):
            self.refresh()

    def _dress(self) -> None:
        self._title.setFont(self._context.theme.font("strong"))
        self._caption.setFont(self._context.theme.font("caption"))
