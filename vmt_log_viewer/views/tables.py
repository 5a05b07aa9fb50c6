"""Tables: everything else that was recorded of a run, a table at a time, with what sums it up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QSplitter, QVBoxLayout, QWidget

from telemetry.concepts import RunId, RunSizes, Table
from telemetry.errors import TelemetryError
from telemetry.queries import RunSizesQuery
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.theme import GRID, INSIDE, ROW_HEIGHT
from vmt_log_viewer.views.row_view import RowView
from vmt_log_viewer.widgets.payload_panel import PayloadPanel
from vmt_log_viewer.widgets.summary_grid import SummaryGrid
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context

ELSEWHERE = ("runs", "trades", "attempts", "events")
"""Roles of tables that have a view of their own."""
TOLD = ("payload", "policy")
"""Roles of columns that are read for one row at a time, below the table."""
_NAME = Qt.ItemDataRole.UserRole
_WIDTH = 184  # pixels of the list of tables


class TablesView(RowView):
    """The filters of a table are forgotten when another one is chosen."""

    name = "tables"
    title = "Tables"
    icon = "table"
    narrow = 780
    facet_roles = ("agent", "kind", "status", "result", "reason")

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if tables_of(source):
            return None
        return "All that this source records of runs has a view of its own."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        self.chosen = ""
        self._counts: dict[str, int | None] = {}
        super().__init__(context, parent)

    def choose(self, name: str) -> None:
        """Show this table instead; before there is a run, of the run that comes."""
        if name == self.chosen or self._source is None:
            self.chosen = name
            return
        self.chosen = name
        self._texts = {}
        self._waiting = self._fresh = True
        self._mark_chosen()
        if self.isVisible():
            self._catch_up()

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._counts = {}
        names = [table.name for table in tables_of(source)]
        if self.chosen not in names:
            saved = self.context.settings.get(f"{self.name}.{source.family}")
            self.chosen = saved if saved in names else next(iter(names), "")
            self._texts = {}
        super().show_run(source, run_id)
        self._list_tables()
        self.context.runner.submit(
            f"{self.name}.sizes",
            source,
            RunSizesQuery((run_id,), tuple(names)),
            lambda sizes: self._show_sizes(sizes, run_id),
            self._show_failure,
            self,
        )

    def clear(self) -> None:
        super().clear()
        self.payload.forget()
        self.list.clear()

    def state(self) -> dict[str, JSON]:
        return {"table": self.chosen, **super().state()}

    def restore(self, choices: Choices) -> None:
        names = () if self._source is None else [table.name for table in tables_of(self._source)]
        self.choose(choices.text("table", self.chosen, names))
        super().restore(choices)

    def _main(self) -> QWidget:
        context = self.context
        self.list = QListWidget()
        self.list.setAccessibleName("Tables of this run")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMinimumWidth(120)
        self.list.currentItemChanged.connect(self._item_chosen)
        self.summary = SummaryGrid(context, self.panel, f"{self.name}.summary")
        self.payload = PayloadPanel(context, f"{self.name}.payload")
        upper = QWidget()
        layout = QVBoxLayout(upper)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.panel, 1)
        layout.addWidget(self.summary)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(upper)
        self._rows.addWidget(self.payload)
        self._rows.setStretchFactor(0, 3)
        self._rows.setStretchFactor(1, 2)
        self._rows.setCollapsible(0, False)
        return self._rows

    def _lay_out(self) -> None:
        super()._lay_out()
        whole = QSplitter(Qt.Orientation.Horizontal)
        layout = self.layout()
        assert layout is not None
        layout.removeWidget(self._pages)
        whole.addWidget(self.list)
        whole.addWidget(self._pages)
        whole.setStretchFactor(1, 1)
        whole.setChildrenCollapsible(False)
        inside = self._pages.contentsMargins()
        self._pages.setContentsMargins(INSIDE, inside.top(), inside.right(), inside.bottom())
        whole.setSizes([_WIDTH, 4 * _WIDTH])
        layout.addWidget(whole)

    def _table(self, source: Source) -> Table | None:
        return next((t for t in tables_of(source) if t.name == self.chosen), None)

    def _began(self, source: Source, run_id: RunId, table: Table) -> None:
        self.payload.forget()
        self.payload.setVisible(table.explained or any(table.with_role(r) for r in TOLD))
        self.summary.setVisible(table.group is not None)
        self.context.settings.set(f"{self.name}.{source.family}", table.name)

    def _row_chosen(self, row: int) -> None:
        key, table = self.panel.model.key_at(row), self.panel.table
        shown = self.payload.isVisibleTo(self)
        if key is None or table is None or not shown or self._source is None:
            return
        tick = self.panel.value(row, "tick")
        item = RowItem(table.name, key, tick if isinstance(tick, int) else None)
        if self._run_id is not None:
            self.payload.show_row(self._source, self._run_id, item)

    def _item_chosen(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self.choose(str(item.data(_NAME)))
            self.touched.emit()

    def _list_tables(self) -> None:
        """Those with rows first; how many rows a table has is said as soon as it is known."""
        self.list.blockSignals(True)
        self.list.clear()
        tables = () if self._source is None else tables_of(self._source)
        for table in sorted(tables, key=lambda t: self._counts.get(t.name) == 0):
            count = self._counts.get(table.name)
            said = table.label if count is None else f"{table.label}  {count_text(count)}"
            item = QListWidgetItem(said)
            item.setData(_NAME, table.name)
            item.setSizeHint(QSize(0, ROW_HEIGHT))
            item.setToolTip(plain_tip(f"{table.name}\n{table.how_to_record}".strip()))
            if count == 0:
                item.setForeground(self.context.theme.color("muted"))
            self.list.addItem(item)
        self.list.blockSignals(False)
        self._mark_chosen()

    def dress(self) -> Iterator[None]:
        self._list_tables()
        yield

    def _mark_chosen(self) -> None:
        self.list.blockSignals(True)
        for row in range(self.list.count()):
            if self.list.item(row).data(_NAME) == self.chosen:
                self.list.setCurrentRow(row)
        self.list.blockSignals(False)

    def _show_sizes(self, sizes: RunSizes, run_id: RunId) -> None:
        """Also begin with a table that has rows, unless one was chosen in this session."""
        self._counts = dict(sizes.counts.get(run_id, {}))
        self._list_tables()
        if self._counts.get(self.chosen) == 0 and self.list.count() and not self._texts:
            self.choose(str(self.list.item(0).data(_NAME)))

    def _show_failure(self, error: TelemetryError) -> None:
        self.status_changed.emit(str(error))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._mark_chosen()


def tables_of(source: Source) -> tuple[Table, ...]:
    """The recorded tables of runs that no other view shows."""
    return tuple(
        table
        for table in source.tables
        if table.recorded
        and table.role not in ELSEWHERE
        and any(column.role == "run" for column in table.columns)
    )
