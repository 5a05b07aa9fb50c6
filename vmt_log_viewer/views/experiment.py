"""Experiment: the experiments of a source, how the chosen one went, and which runs it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from telemetry.concepts import ExperimentList, IterationList, RunDetail, RunId, RunList
from telemetry.errors import NothingFoundError, TelemetryError
from telemetry.queries import ExperimentsQuery, IterationsQuery, RunQuery, RunsQuery
from telemetry.text import one_line
from vmt_log_viewer.models.experiment_rows import experiment_rows, told_of
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.theme import GRID, INSIDE, ROW_HEIGHT
from vmt_log_viewer.views.experiment_choices import experiment_state, restore_experiment
from vmt_log_viewer.views.experiment_iterations import IterationsPage
from vmt_log_viewer.views.experiment_page import NO_RUN, Asked
from vmt_log_viewer.views.experiment_policies import PoliciesPage
from vmt_log_viewer.views.experiment_sources import SourcePages
from vmt_log_viewer.views.experiment_tabs import ExperimentTabs
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.plain_table import PlainTable

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel

NONE = "No experiments are recorded here; the runs of this source stand alone."
NO_ITERATIONS = "No iterations are recorded of this experiment."
LOW = 480  # pixels of height
SHOWN = 5  # experiments that the list shows before it scrolls


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
        self._waiting = False
        self.experiments: ExperimentList | None = None
        self.experiment_id: str | None = None
        self.list = PlainTable(context.theme)
        self.iterations = IterationsPage(context.theme)
        self.policies = PoliciesPage(context.theme)
        self.tabs = ExperimentTabs()
        self.pages = SourcePages(context, self.name, self.tabs)
        self._empty, self._nothing = EmptyState(), EmptyState()
        self._lay_out()
        self.list.row_chosen.connect(self._chosen_by_hand)
        self.iterations.selected.connect(self._compare)
        for page in (self.iterations, self.policies):
            page.run_wanted.connect(self._open_run)
            page.status_changed.connect(lambda _: self._say_status())
            page.export_changed.connect(self.export_changed)
        self.pages.run_wanted.connect(self._open_run)
        self.pages.status_changed.connect(self._say_status)
        self.pages.export_changed.connect(self.export_changed)
        self.tabs.turned.connect(self._turned)
        context.document.experiment_chosen.connect(self._experiment_chosen)

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._show(source)

    def show_source(self, source: Source) -> None:
        self._show(source)

    def clear(self) -> None:
        self._source = self.experiments = self.experiment_id = None
        self._waiting = False
        self.tabs.show_experiment(None)
        self.pages.drop()
        self._say("")

    def refresh(self) -> None:
        self._waiting = self._source is not None
        if self.isVisible():
            self._catch_up()

    def focus_filter(self) -> bool:
        page = self.tabs.page
        return page is not None and page.isVisible() and page.focus_filter()

    def saved_filters(self) -> SavedFilterPanel | None:
        page = self.tabs.page
        return None if page is None or self._told() else page.saved_filters()

    def turn_to_table(self, name: str) -> SavedFilterPanel | None:
        """See the page of this table, and have its saved filters; None where there is none."""
        if self._source is not None:
            self.pages.show_source(self._source)
        page = self.pages.page_of(name)
        if page is None:
            return None
        self.tabs.turn_to(page)
        return page.saved

    def export_request(self) -> ExportRequest | None:
        """What the page that is seen shows, of the chosen experiment alone."""
        page = self.tabs.page
        if self.experiment_id is None or page is None or self._told():
            return None
        return page.export_request()

    def faces(self) -> tuple[str, ...]:
        shown = self._pages.currentWidget() is self._body and not self._told()
        return self.tabs.titles() if shown else ()

    def turn_to_face(self, title: str) -> None:
        self.tabs.turn_to_title(title)

    def state(self) -> dict[str, JSON]:
        return experiment_state(self)

    def restore(self, choices: Choices) -> None:
        restore_experiment(self, choices)

    def settled(self) -> bool:
        waiting = self._waiting and self.isVisible()
        return not waiting and self.tabs.settled() and super().settled()

    # Inside

    def _lay_out(self) -> None:
        self._about = caption(self.context.theme)
        self.facts = caption(self.context.theme)
        self.tabs.add(self.iterations, "Iterations")
        self.tabs.add(self.policies, "Policy evolution")
        self._detail = QStackedWidget()
        self._detail.addWidget(self.tabs)
        self._detail.addWidget(self._nothing)
        above = QWidget()
        top = QVBoxLayout(above)
        top.setContentsMargins(0, 0, 0, GRID)
        top.setSpacing(GRID)
        for widget in (self._about, self.list, self.facts):
            top.addWidget(widget)
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

    def _show(self, source: Source) -> None:
        if source is self._source and self.experiments is not None:
            self._follow()
            return
        self.clear()
        self._source = source
        self.list.rows.show((), ())
        self._waiting = True
        if self.isVisible():
            self._catch_up()

    def _catch_up(self) -> None:
        if not self._waiting or self._source is None:
            return
        self._waiting = False
        runner, source = self.context.runner, self._source
        lane = f"{self.name}.list"
        runner.submit(lane, source, ExperimentsQuery(), self._show_list, self._failed, self)

    def _show_list(self, found: ExperimentList) -> None:
        self.experiments = found
        if not found.experiments:
            self._say(" ".join((NONE, *found.notes)))
            return
        self._pages.setCurrentWidget(self._body)
        columns, rows = experiment_rows(found)
        self.list.rows.show(columns, rows)
        self.list.fit()
        many = len(found.experiments)
        notes = " ".join(found.notes)
        first = found.experiments[0].name
        about = one_line(first) if many == 1 else f"{many} experiments"
        self._about.setText(f"{about} {notes}".strip())
        self._follow(anew=True)
        self._size_list()

    def _size_list(self) -> None:
        """As high as its lines; a list of one gives way where the view is low."""
        many = self.list.rows.rowCount()
        bar = self.list.horizontalScrollBar().sizeHint().height()
        self.list.setVisible(many > 1 or self.height() >= LOW)
        self.list.setMinimumHeight(2 * ROW_HEIGHT + bar)
        lines = (min(SHOWN if self.height() >= LOW else 2, many) + 1) * ROW_HEIGHT + bar
        self._about.setVisible(many > 1 or self.list.isHidden())
        captions = (self._about, self.facts)
        wanted = sum(c.sizeHint().height() + GRID for c in captions if not c.isHidden())
        wanted += lines + 2 * GRID if not self.list.isHidden() else 0
        self._body.setSizes([wanted, max(1, self.height() - wanted)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (event.size().height() >= LOW) != (event.oldSize().height() >= LOW):
            self._size_list()

    def _wanted(self) -> tuple[str | None, int | None]:
        """The experiment and iteration chosen by hand, else those of the run that is shown."""
        document = self.context.document
        if document.experiment is not None:
            return document.experiment
        run = document.run
        return (None, None) if run is None else (run.experiment_id, run.iteration)

    def _follow(self, *, anew: bool = False) -> None:
        """Choose the experiment and iteration that are wanted, where there are such."""
        found = self.experiments
        if found is None or not found.experiments:
            return
        ids = [e.experiment_id for e in found.experiments]
        own, iteration = self._wanted()
        wanted = own if own in ids else self.experiment_id or ids[0]
        if wanted not in ids:
            wanted = ids[0]
        self.list.choose(ids.index(wanted))
        if anew or wanted != self.experiment_id:
            self._choose(ids.index(wanted))
        elif own == wanted and iteration is not None:
            self.iterations.choose(iteration)

    def _experiment_chosen(self, experiment_id: str, iteration: int | None) -> None:
        if self.context.document.source is self._source:
            self._follow()

    def _chosen_by_hand(self, row: int) -> None:
        """What is chosen in the list stays chosen when all is asked for again."""
        if self.experiments is not None:
            chosen = self.experiments.experiments[row].experiment_id
            self.context.document.choose_experiment(chosen)

    def _choose(self, row: int) -> None:
        found, source = self.experiments, self._source
        if found is None or source is None:
            return
        experiment = found.experiments[row]
        self.experiment_id = experiment.experiment_id
        self.facts.setText(told_of(found, experiment))
        self.facts.setVisible(bool(self.facts.text()))
        asked = Asked(source, experiment.experiment_id, len(found.experiments) == 1)
        self.pages.show_source(source)
        self.tabs.show_experiment(asked)
        query = IterationsQuery(experiment.experiment_id)
        lane = f"{self.name}.iterations"
        self.context.runner.submit(
            lane, source, query, self._show_iterations, self._no_iterations, self
        )

    def _show_iterations(self, listed: IterationList) -> None:
        own, iteration = self._wanted()
        self._offer(iterations=bool(listed.iterations), why=NO_ITERATIONS)
        if not listed.iterations and NO_ITERATIONS not in self.facts.text():
            self.facts.setText(f"{NO_ITERATIONS} {self.facts.text()}".strip())
            self.facts.setVisible(True)
        known = self.iterations.listed
        if known is None or known.experiment_id != listed.experiment_id:
            chosen = iteration if own == listed.experiment_id else None
            self.iterations.show_iterations(listed, chosen)
            self.policies.show_iterations(listed)
        elif known != listed:  # it has grown: what was chosen stays chosen
            self.iterations.show_iterations(listed, self.iterations.kept())
            self.policies.show_iterations(listed)
        self._say_status()
        self.export_changed.emit()
        if self._source is not None and any(i.runs for i in listed.iterations):
            lane = f"{self.name}.runs"
            show: object = self._show_runs
            self.context.runner.submit(lane, self._source, RunsQuery(), show, None, self)  # type: ignore[arg-type]

    def _show_runs(self, runs: RunList) -> None:
        self.iterations.show_runs(runs)

    def _no_iterations(self, error: TelemetryError) -> None:
        """A sweep has pairs instead; whatever has neither says so."""
        missing = isinstance(error, NothingFoundError)
        self.iterations.clear()
        self.policies.clear()
        self._offer(iterations=False, why=str(error), failed=not missing)
        self._say_status()
        self.export_changed.emit()

    def _offer(self, *, iterations: bool, why: str, failed: bool = False) -> None:
        """Show the tabs that have something; the sentence `why` where none has."""
        policies = iterations
        seen = self.tabs.page
        self.tabs.set_there(self.iterations, iterations)
        self.tabs.set_there(self.policies, policies)
        there = iterations or self.pages.recorded
        if not there or failed:
            self._nothing.say(why)
        self._detail.setCurrentWidget(self.tabs if there and not failed else self._nothing)
        if not iterations and seen in (self.iterations, self.policies):
            self.pages.turn_to_first()

    def _compare(self, rows: tuple[int, ...]) -> None:
        """Two iterations chosen are compared with each other, one with that before it."""
        if rows and self.policies.listed is self.iterations.listed:
            before = rows[0] if len(rows) > 1 else max(0, rows[-1] - 1)
            self.policies.compare(before, rows[-1])

    def _turned(self) -> None:
        self._say_status()
        self.export_changed.emit()

    def _told(self) -> bool:
        """Whether a sentence stands where the pages would be."""
        return self._detail.currentWidget() is self._nothing

    def _say_status(self) -> None:
        page, own = self.tabs.page, self.experiment_id or ""
        if self._told():
            self.status_changed.emit(self._nothing.text)
        elif page is self.iterations and self.iterations.listed is not None:
            many = len(self.iterations.listed.iterations)
            self.status_changed.emit(f"{own} · {many} iterations")
        elif page is self.policies:
            self.status_changed.emit(f"{own} · {self.policies.compared.text()}")
        elif page is not None:
            self.status_changed.emit(f"{own} · {self.pages.status(page)}")

    def _open_run(self, run_id: RunId) -> None:
        """The run's own row is read, then the program is asked to show it."""
        source, document = self._source, self.context.document
        if source is None or run_id == NO_RUN:
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

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._catch_up()
