"""Experiment: where a run comes from, how its experiment went, and which runs it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from telemetry.concepts import Cell, Column, ExperimentList, IterationList, RunDetail, RunId
from telemetry.errors import NothingFoundError, TelemetryError
from telemetry.queries import ExperimentsQuery, IterationsQuery, Query, RunQuery, TableQuery
from telemetry.text import one_line
from vmt_log_viewer.theme import GRID, INSIDE, ROW_HEIGHT
from vmt_log_viewer.views.experiment_iterations import IterationsPage
from vmt_log_viewer.views.experiment_pairs import ROLE, PairsPage
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.plain_table import PlainTable

if TYPE_CHECKING:
    from telemetry.source import Source

NONE = "No experiments are recorded here; the runs of this source stand alone."
LOW = 480  # pixels of height
SHOWN = 5  # experiments that the list shows before it scrolls
_FIRST = ("experiment_id", "name", "experiment_name")


class ExperimentView(View):
    """About the source rather than the run: another run of the same one only moves the choice."""

    name = "experiment"
    title = "Experiment"
    icon = "flask"
    above_runs = True

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if source.can_answer(ExperimentsQuery):
            return None
        return f"{source.identity.family_label} sources {ExperimentsQuery.LACKING}."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._waiting = False
        self.experiments: ExperimentList | None = None
        self.experiment_id: str | None = None
        self.list = PlainTable(context.theme)
        self.iterations = IterationsPage(context.theme)
        self.pairs = PairsPage(context, f"{self.name}.pairs")
        self._empty, self._nothing = EmptyState(), EmptyState()
        self._lay_out()
        self.list.row_chosen.connect(self._choose)
        self.iterations.run_wanted.connect(self._open_run)
        self.pairs.run_wanted.connect(self._open_run)
        self.pairs.panel.status_changed.connect(self._say_pairs)

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        same, self._run_id = source is self._source, run_id
        self._source = source
        if same and self.experiments is not None:
            self._follow_run()
            return
        self.experiments = self.experiment_id = None
        self.list.rows.show((), ())
        self._waiting = True
        if self.isVisible():
            self._catch_up()

    def show_source(self, source: Source) -> None:
        self.show_run(source, "")

    def clear(self) -> None:
        self._source = self._run_id = self.experiments = self.experiment_id = None
        self._waiting = False
        self.iterations.clear()
        self.pairs.clear()
        self._say("")

    def refresh(self) -> None:
        self._waiting = self._source is not None
        if self.isVisible():
            self._catch_up()

    def focus_filter(self) -> bool:
        if self._detail.currentWidget() is not self.pairs or not self.pairs.isVisible():
            return False
        self.pairs.panel.view.filter_header.focus_first()
        return True

    def export_request(self) -> ExportRequest | None:
        """The pairs as they are filtered, or the table of iterations (of all experiments)."""
        if self.experiment_id is None or self._source is None or self._run_id is None:
            return None
        if self._detail.currentWidget() is self.pairs:
            query = self.pairs.panel.export_query()
            return None if query is None else ExportRequest(query.table, (query,))
        return ExportRequest(f"experiment-{self.experiment_id}", self._queries())

    def settled(self) -> bool:
        waiting = self._waiting and self.isVisible()
        return not waiting and self.pairs.panel.settled() and super().settled()

    # Inside

    def _queries(self) -> tuple[Query[object], ...]:
        """The recorded table of iterations; none where the source has no such table."""
        assert self._source is not None
        assert self._run_id is not None
        table = self._source.table_with_role("iterations")
        if table is None or not table.recorded:
            return ()
        return (TableQuery(self._run_id, table.name),)

    def _lay_out(self) -> None:
        self._about = caption(self.context.theme)
        self._detail = QStackedWidget()
        for page in (self.iterations, self.pairs, self._nothing):
            self._detail.addWidget(page)
        above = QWidget()
        top = QVBoxLayout(above)
        top.setContentsMargins(0, 0, 0, 0)
        top.setSpacing(GRID)
        top.addWidget(self._about)
        top.addWidget(self.list)
        self._body = QSplitter(Qt.Orientation.Vertical)
        self._body.addWidget(above)
        self._body.addWidget(self._detail)
        self._body.setStretchFactor(1, 1)
        self._body.setChildrenCollapsible(False)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._body)
        self._pages.addWidget(self._empty)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._pages)

    def _catch_up(self) -> None:
        if not self._waiting or self._source is None:
            return
        self._waiting = False
        self.context.runner.submit(
            f"{self.name}.list",
            self._source,
            ExperimentsQuery(),
            self._show_list,
            self._failed,
            self,
        )

    def _show_list(self, found: ExperimentList) -> None:
        self.experiments = found
        if not found.experiments:
            self._say(" ".join((NONE, *found.notes)))
            return
        self._pages.setCurrentWidget(self._body)
        columns, rows = experiment_rows(found)
        self.list.rows.show(columns, rows)
        self.list.fit()
        self._size_list()
        many = len(found.experiments)
        notes = " ".join(found.notes)
        first = found.experiments[0].name
        about = f"Experiment {one_line(first)}." if many == 1 else f"{many} experiments."
        self._about.setText(f"{about} {notes}".strip())
        self._follow_run(anew=True)

    def _size_list(self) -> None:
        """As high as its lines; a list of one gives way where the view is low."""
        many = self.list.rows.rowCount()
        bar = self.list.horizontalScrollBar().sizeHint().height()
        self.list.setVisible(many > 1 or self.height() >= LOW)
        self.list.setMinimumHeight(2 * ROW_HEIGHT + bar)
        lines = (min(SHOWN if self.height() >= LOW else 2, many) + 1) * ROW_HEIGHT + bar
        wanted = self._about.height() + (lines + 2 * GRID if not self.list.isHidden() else 0)
        self._body.setSizes([wanted, max(1, self.height() - wanted)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (event.size().height() >= LOW) != (event.oldSize().height() >= LOW):
            self._size_list()

    def _follow_run(self, *, anew: bool = False) -> None:
        """Choose the experiment and iteration of the run that is shown, where it has one."""
        run, found = self.context.document.run, self.experiments
        if found is None or not found.experiments:
            return
        ids = [e.experiment_id for e in found.experiments]
        own = run.experiment_id if run is not None else None
        wanted = own if own in ids else self.experiment_id or ids[0]
        if wanted not in ids:
            wanted = ids[0]
        self.list.choose(ids.index(wanted))
        if anew or wanted != self.experiment_id:
            self._choose(ids.index(wanted))
        elif own == wanted and run is not None and run.iteration is not None:
            self.iterations.choose(run.iteration)

    def _choose(self, row: int) -> None:
        if self.experiments is None or self._source is None:
            return
        self.experiment_id = self.experiments.experiments[row].experiment_id
        self.context.runner.submit(
            f"{self.name}.iterations",
            self._source,
            IterationsQuery(self.experiment_id),
            self._show_iterations,
            self._no_iterations,
            self,
        )

    def _show_iterations(self, listed: IterationList) -> None:
        if not listed.iterations:
            self._tell("No iterations are recorded of this experiment.")
            return
        run = self.context.document.run
        own = run is not None and run.experiment_id == listed.experiment_id
        self._detail.setCurrentWidget(self.iterations)
        self.iterations.show_iterations(listed, run.iteration if own and run else None)
        self.status_changed.emit(f"{listed.experiment_id} · {len(listed.iterations)} iterations")
        self.export_changed.emit()

    def _no_iterations(self, error: TelemetryError) -> None:
        """A sweep has pairs instead; whatever has neither says so."""
        source, run_id = self._source, self._run_id
        table = source.table_with_role(ROLE) if source is not None else None
        paired = isinstance(error, NothingFoundError) and table is not None and table.recorded
        if not paired or source is None or run_id is None or table is None:
            self._tell(str(error))
            return
        self._detail.setCurrentWidget(self.pairs)
        self.pairs.show_pairs(source, run_id, table)
        self.export_changed.emit()

    def _open_run(self, run_id: RunId) -> None:
        """The run's own row is read, then the program is asked to show it."""
        source, document = self._source, self.context.document
        if source is None:
            return

        def show(detail: RunDetail) -> None:
            document.run_wanted.emit(source, detail.run)

        def fail(error: TelemetryError) -> None:
            self.status_changed.emit(str(error))

        self.context.runner.submit(f"{self.name}.open", source, RunQuery(run_id), show, fail, self)

    def _failed(self, error: TelemetryError) -> None:
        self._say(str(error))

    def _say(self, sentence: str) -> None:
        self._empty.say(sentence)
        self._pages.setCurrentWidget(self._empty)
        self.status_changed.emit(sentence)

    def _tell(self, sentence: str) -> None:
        """A sentence in the place of the chosen experiment's details."""
        self._nothing.say(sentence)
        self._detail.setCurrentWidget(self._nothing)
        self.status_changed.emit(sentence)

    def _say_pairs(self, text: str) -> None:
        if self._detail.currentWidget() is self.pairs:
            self.status_changed.emit(f"{self.experiment_id} · pairs: {text}")

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._catch_up()


def experiment_rows(
    found: ExperimentList,
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """The list of experiments: name, status and counts first, then what else is recorded."""
    own = {c.name for c in found.columns}
    more = tuple(
        c
        for c in found.columns
        if c.name not in (*_FIRST, "status", "runs", "kind", "experiment_type", "num_iterations")
        and any(e.fields.get(c.name) is not None for e in found.experiments)
    )
    columns = (
        Column("name", "experiment", "text"),
        Column("status", "status", "text"),
        Column("iterations", "iterations", "int"),
        Column("runs", "runs", "int"),
        *more,
        Column("experiment_id", "id", "text"),
    )
    rows = tuple(
        (e.name, e.status, e.iterations, e.runs, *(e.fields.get(c.name) for c in more),
         e.experiment_id)
        for e in found.experiments
    )  # fmt: skip
    shown = [
        i
        for i, c in enumerate(columns)
        if c.name in own | {"name"} or any(row[i] is not None for row in rows)
    ]
    kept = [i for i in shown if any(row[i] is not None for row in rows)]
    return tuple(columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows)
