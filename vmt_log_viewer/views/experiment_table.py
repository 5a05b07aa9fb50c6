"""A table above runs: its rows, their long texts on demand, and means by what was varied."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from telemetry.concepts import Table
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.theme import GRID
from vmt_log_viewer.views.experiment_means import MeansPanel
from vmt_log_viewer.views.experiment_page import NO_RUN, Asked, ExperimentPage
from vmt_log_viewer.views.view import Context, ExportRequest
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.folding import FoldingSplitter
from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel
from vmt_log_viewer.widgets.table_panel import HEAVY, TablePanel
from vmt_log_viewer.widgets.text_panel import TextPanel

LOW = 380  # pixels of height


class TablePage(ExperimentPage):
    """Rows of one experiment. A sweep's table has means above it, one with texts a reader below;
    a table that this source lacks is a sentence."""

    def __init__(
        self, context: Context, lane: str, table: Table, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.table = table
        self.panel = TablePanel(context, lane)
        self.saved = SavedFilterPanel(context.document, self.panel, context.theme, table)
        self.panel.add_tool(self.saved.button)
        self.means = MeansPanel(context, f"{lane}.means")
        self.texts = TextPanel(context, f"{lane}.texts")
        self._empty = EmptyState()
        self._asked: Asked | None = None
        self._swept = any(c.role == "parameter" and c.recorded for c in table.columns)
        self._lay_out()
        self.panel.row_chosen.connect(self._read)
        self.panel.row_opened.connect(self._open)
        self.panel.asked.connect(self.means.ask)
        self.panel.status_changed.connect(self.status_changed)
        self.panel.nothing_recorded.connect(self._say_nothing)
        self.means.cell_chosen.connect(self._narrow)
        self.means.changed.connect(self.export_changed)

    # ExperimentPage

    def show_experiment(self, asked: Asked) -> None:
        again, self._asked = asked == self._asked, asked
        if not self.table.recorded:
            how = f" {self.table.how_to_record}" if self.table.how_to_record else ""
            self._say(f"{self.table.label} are not recorded in this database.{how}")
            return
        self._pages.setCurrentIndex(0)
        if not again:
            self.texts.show_table(self.table)
        self.panel.limit_rows(asked.filters(self.table), ("experiment",))
        if self._swept:
            self.means.show_table(asked.source, self.table, lambda: self.panel.where)
        self.panel.show_table(asked.source, NO_RUN, self.table)

    def clear(self) -> None:
        self._asked = None
        self.panel.clear()
        self.means.clear()
        self.texts.forget()

    def export_request(self) -> ExportRequest | None:
        query = self.panel.export_query() if self._pages.currentIndex() == 0 else None
        if query is None or self._asked is None:
            return None
        frames = self.means.frames() if self._swept else ()
        pictures = widget_pictures(self.means.charts) if self._swept else {}
        return ExportRequest(query.table, (query,), pictures, frames)

    def focus_filter(self) -> bool:
        if self._pages.currentIndex() != 0:
            return False
        self.panel.view.filter_header.focus_first()
        return True

    def saved_filters(self) -> SavedFilterPanel | None:
        return self.saved if self._pages.currentIndex() == 0 else None

    def settled(self) -> bool:
        return self.panel.settled()

    # Inside

    def _lay_out(self) -> None:
        self._body = FoldingSplitter(LOW, (5, 4, 5), (1, 1, 1))
        self._body.add_parts(self.means, self.panel, self.texts)
        self.means.setVisible(self._swept)
        self.texts.setVisible(any(c.role in HEAVY and c.recorded for c in self.table.columns))
        self._pages = QStackedWidget()
        self._pages.addWidget(self._body)
        self._pages.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(self._pages)

    def _read(self, row: int) -> None:
        key = self.panel.model.key_at(row)
        if self._asked is not None and key is not None:
            self.texts.show_row(self._asked.source, NO_RUN, RowItem(self.table.name, key))

    def _open(self, row: int) -> None:
        """The run that a row is about, where it names one."""
        run = self.panel.value(row, "treated_run") or self.panel.value(row, "run_link")
        if isinstance(run, int | str):
            self.run_wanted.emit(run)

    def _narrow(self, cells: dict[str, object]) -> None:
        for name, cell in cells.items():
            self.panel.filters.choose(name, (cell,))  # type: ignore[arg-type]

    def _say_nothing(self) -> None:
        self._say(f"No {self.table.label.lower()} are recorded of this experiment.")

    def _say(self, sentence: str) -> None:
        self._empty.say(sentence)
        self._pages.setCurrentIndex(1)
        self.status_changed.emit(sentence)
        self.export_changed.emit()
