"""TextPanel: the long texts of one row (prompt, response, policy), read when it is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QTabBar, QVBoxLayout, QWidget

from telemetry.concepts import RunId, Table
from telemetry.errors import TelemetryError
from telemetry.text import one_line
from vmt_log_viewer.models.long_texts import LongText, read_texts
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.theme import GRID
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.table_panel import HEAVY

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

CHOOSE = "Choose a row to read its texts."


class TextPanel(QWidget):
    """The newest row asked for wins; the same text stays in view from row to row."""

    def __init__(self, context: Context, lane: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self.item: RowItem | None = None
        self._texts: tuple[LongText, ...] = ()
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.said = caption(context.theme)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        for widget in (self.tabs, self.said, self.text):
            layout.addWidget(widget, 1 if widget is self.text else 0)
        self.tabs.currentChanged.connect(self._turn)

    def show_table(self, table: Table) -> None:
        """The texts that rows of `table` have; none is chosen yet."""
        self.forget()
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for column in table.columns:
            if column.role in HEAVY and column.recorded:
                self.tabs.setTabData(self.tabs.addTab(one_line(column.label)), column.name)
        self.tabs.blockSignals(False)
        self.setVisible(self.tabs.count() > 0)

    def forget(self) -> None:
        self._context.runner.cancel(self._lane)
        self.item, self._texts = None, ()
        self.text.clear()
        self._say(CHOOSE)

    def show_row(self, source: Source, run_id: RunId, item: RowItem) -> None:
        """Show this row instead; the last one stays until the new one has come."""
        if item == self.item or not self.tabs.count():
            return
        self.item = item
        self._context.runner.run(
            self._lane,
            lambda token: read_texts(source, run_id, item, HEAVY, token),
            self._show,
            self._failed,
            self,
            "reading the texts of a row",
            source,
        )

    def choose(self, name: str) -> None:
        """Turn to the text of this column."""
        for tab in range(self.tabs.count()):
            if self.tabs.tabData(tab) == name:
                self.tabs.setCurrentIndex(tab)

    def _show(self, texts: tuple[LongText, ...]) -> None:
        self._texts = texts
        self._turn(self.tabs.currentIndex())

    def _turn(self, tab: int) -> None:
        name = self.tabs.tabData(tab) if tab >= 0 else None
        found = next((text for text in self._texts if text.name == name), None)
        if found is None:
            return
        self.text.setPlainText(found.text)
        self._say(found.problem)

    def _failed(self, error: TelemetryError) -> None:
        self.item, self._texts = None, ()
        self.text.clear()
        self._say(str(error))

    def _say(self, sentence: str) -> None:
        self.said.setText(sentence)
        self.said.setVisible(bool(sentence))
