"""PayloadPanel: the chosen event in words, and its payload as a tree that opens on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from telemetry.concepts import RunId
from telemetry.errors import TelemetryError
from vmt_log_viewer.models.fact_tree import Fact, FactTree, Section
from vmt_log_viewer.models.payload import Told, tell_row
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.widgets.fact_view import FactView

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

CHOOSE = "Choose a row to see what it carries."
WORDLESS = "The inspector shows all that is recorded of this row."


class PayloadPanel(QWidget):
    """The newest row asked for wins; a payload of megabytes is read and parsed in a worker."""

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self.item: RowItem | None = None
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.facts = FactTree(context.theme, self)
        self.tree = FactView()
        self.tree.setModel(self.facts)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, GRID, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.words)
        layout.addWidget(self.tree, 1)
        layout.addStretch(0)
        self.forget()

    def forget(self) -> None:
        self._context.runner.cancel(self._lane)
        self.item = None
        self._say(CHOOSE)

    def show_row(self, source: Source, run_id: RunId, item: RowItem) -> None:
        """Show this row instead; the last one stays until the new one has come."""
        if item == self.item:
            return
        self.item = item
        self._context.runner.run(
            self._lane,
            lambda token: tell_row(source, run_id, item, token),
            self._show,
            self._failed,
            self,
            "reading the event",
            source,
        )

    def _show(self, told: Told) -> None:
        words = told.words if told.words or told.sections else WORDLESS
        self.words.setText(words)
        self.words.setVisible(bool(words))
        self._fill(told.sections)

    def _failed(self, error: TelemetryError) -> None:
        self.item = None
        self._say(str(error))

    def _say(self, text: str) -> None:
        self.words.setText(text)
        self.words.setVisible(True)
        self._fill(())

    def _fill(self, sections: tuple[Section, ...]) -> None:
        self.tree.setVisible(bool(sections))
        self.facts.set_sections(sections)
        self.tree.lay_out()

    def fact(self, name: str) -> Fact | None:
        """The fact of that name at the payload's top level; None where there is none."""
        section = self.facts.index(0, 0)
        for row in range(self.facts.rowCount(section)):
            fact = self.facts.fact(self.facts.index(row, 0, section))
            if fact is not None and fact.name == name:
                return fact
        return None
