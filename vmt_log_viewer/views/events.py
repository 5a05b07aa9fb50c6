"""Events: everything that happened, in order, with what each event carries and says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from telemetry.concepts import RunId, Table, TablePage
from telemetry.filters import Filter
from telemetry.queries import Sort, TableQuery, Where
from vmt_log_viewer.state.items import RowItem
from vmt_log_viewer.theme import GRID
from vmt_log_viewer.views.row_view import RowView
from vmt_log_viewer.widgets.payload_panel import PayloadPanel
from vmt_log_viewer.widgets.proof_bar import ProofBar

if TYPE_CHECKING:
    from telemetry.source import Source


class EventsView(RowView):
    """The payload is read for the chosen row alone: rows of megabytes are listed as quickly."""

    name = "events"
    title = "Events"
    icon = "list-bullets"
    role = "events"
    facet_roles = ("event", "kind", "agent", "counterparty", "status")

    def _main(self) -> QWidget:
        context = self.context
        self.proof = ProofBar(context, f"{self.name}.proof")
        self.payload = PayloadPanel(context, f"{self.name}.payload")
        upper = QWidget()
        layout = QVBoxLayout(upper)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.proof)
        layout.addWidget(self.panel, 1)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(upper)
        self._rows.addWidget(self.payload)
        self._rows.setCollapsible(0, False)
        self.proof.jump_wanted.connect(self._find_event)
        self.panel.model.shown.connect(self._begin_with_first)
        return self._rows

    def clear(self) -> None:
        super().clear()
        self.proof.forget()
        self.payload.forget()

    def _began(self, source: Source, run_id: RunId, table: Table) -> None:
        self.payload.forget()
        self.proof.show_run(source, run_id)

    def _row_chosen(self, row: int) -> None:
        key, table, tick = self.panel.model.key_at(row), self.panel.table, None
        if key is None or table is None or self._source is None or self._run_id is None:
            return
        tick = self.panel.value(row, "tick")
        item = RowItem(table.name, key, tick if isinstance(tick, int) else None)
        self.payload.show_row(self._source, self._run_id, item)

    def _begin_with_first(self) -> None:
        """A payload to look at from the start; cursor and selection stay where they are."""
        if self.payload.item is None and self.panel.model.rowCount():
            if not self.panel.view.currentIndex().isValid():
                self.panel.view.choose_row(0)
            self._row_chosen(self.panel.view.currentIndex().row())

    def _find_event(self, number: int) -> None:
        """Go to event `number`, or where it is missing to the next one (else the last)."""
        table, source, run_id = self.panel.table, self._source, self._run_id
        sequence = table.with_role("sequence") if table is not None else None
        if table is None or source is None or run_id is None or sequence is None:
            self.status_changed.emit("The events of this source are not numbered.")
            return
        tick = table.with_role("tick")
        names = () if tick is None else (tick.name,)

        def ask(token: object) -> TablePage:
            found = None
            for text, last in ((f">={number}", False), (f"<{number}", True)):
                where = Where((Filter.parse(sequence.name, text),))
                query = TableQuery(
                    run_id, table.name, names, where, Sort(sequence.name, last), limit=1
                )
                found = source.ask(query, token)  # type: ignore[arg-type]
                if found.rows or found.keys:
                    break
            assert found is not None
            return found

        self.context.runner.run(
            f"{self.name}.jump", ask, self._jump, self._show_failure, self, "finding the event",
            source,
        )  # fmt: skip

    def _jump(self, page: TablePage) -> None:
        """Show the row whatever was filtered before."""
        if not page.keys:
            self.status_changed.emit("This run has no events.")
            return
        tick = page.rows[0][0] if page.rows and page.rows[0] else None
        document = self.context.document
        self.panel.filters.clear()
        self._only_chosen.setChecked(False)
        document.selection.set_brush(None)
        if isinstance(tick, int):
            document.cursor.move_to(tick)
        item = RowItem(page.table.name, page.keys[0], tick if isinstance(tick, int) else None)
        document.selection.select(item)

    def showEvent(self, event: QShowEvent) -> None:
        first = not self._sized
        super().showEvent(event)
        if first:
            self._rows.setSizes([65 * self.height() // 100, 35 * self.height() // 100])
