"""Compare: several runs over each other, what they came to, where two part, seeds as evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from telemetry.analysis.chosen import Chosen
from telemetry.analysis.comparison import measures_of
from telemetry.analysis.divergence import first_divergence
from telemetry.concepts import Align, Curves, Divergence, Run, RunId
from telemetry.errors import TelemetryError
from telemetry.queries import RunsQuery
from vmt_log_viewer.background.exporting import Frame
from vmt_log_viewer.plots.compare_chart import CompareChart
from vmt_log_viewer.plots.compare_lines import CompareBand, CompareLine
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views import compare_work as work
from vmt_log_viewer.views.compare_bar import CompareBar
from vmt_log_viewer.views.compare_choices import compare_state, restore_compare
from vmt_log_viewer.views.compare_pages import DivergencePage, SeedsPage, TablePage
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.plain import caption, heading
from vmt_log_viewer.widgets.titled_tabs import TitledTabs

if TYPE_CHECKING:
    from telemetry.source import Source


class CompareView(View):
    """About the runs that the document compares, whichever of them is shown."""

    name = "compare"
    title = "Compare"
    icon = "git-diff"
    above_runs = True

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.runs: tuple[Chosen, ...] = ()
        self.curves: Curves | None = None
        self.found: work.Totals | None = None
        self.divergence: Divergence | None = None
        self._measure, self._align = "", "tick"
        self._bands = False
        self._source: Source | None = None
        self._asked: tuple[tuple[str, RunId], ...] = ()
        self._offered: list[tuple[Source, Run]] = []
        self._lay_out()
        self._connect()

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._turn_to(source)

    def show_source(self, source: Source) -> None:
        self._turn_to(source)

    def clear(self) -> None:
        self._source = None

    def refresh(self) -> None:
        self._asked = ()
        self._catch_up()

    def faces(self) -> tuple[str, ...]:
        if self._stack.currentWidget() is not self._body:
            return ()
        return self.tabs.titles()

    def turn_to_face(self, title: str) -> None:
        self.tabs.turn_to_title(title)

    def state(self) -> dict[str, JSON]:
        return compare_state(self)

    def restore(self, choices: Choices) -> None:
        restore_compare(self, choices)

    def choose(self, measure: str, align: Align) -> None:
        """Show this measure, the runs aligned so."""
        self._measure, self._align = measure, align
        self.bar.show_align(align)
        self._ask_curves()

    def export_request(self) -> ExportRequest | None:
        page = self.tabs.currentWidget()
        if not self.runs or self._stack.currentWidget() is not self._body:
            return None
        if page is self._over:
            if self.curves is None:
                return None
            frame, pictures = work.curves_frame(self.curves, self.runs), widget_pictures(self.chart)
            return ExportRequest("compare", pictures=pictures, frames=(frame,))
        frame = self._frame(page)
        return None if frame is None else ExportRequest("compare", frames=(frame,))

    def _frame(self, page: QWidget | None) -> Frame | None:
        """The rows of a page that is a table, where it has some."""
        found, seeds = self.found, self.seeds.shown
        if page is self.parting and self.divergence is not None and self.divergence.first:
            return work.parting_frame(self.divergence, self.runs)
        if found is None:
            return None
        if page is self.seeds and seeds is not None:
            return work.effects_frame(found, self.runs, self.curves, *seeds)
        if page is self.totals and found.quantities:
            return work.totals_frame(found, self.runs)
        differ = page is self.settings and found.settings
        return work.settings_frame(found, self.runs) if differ else None

    # Inside

    @property
    def _names(self) -> tuple[str, ...]:
        return work.names(self.runs)

    def _lay_out(self) -> None:
        theme = self.context.theme
        self._title, self._about = heading(theme), caption(theme)
        self.bar, self.chart = CompareBar(), CompareChart(theme)
        self.problem = caption(theme, elided=False)
        self.problem.setWordWrap(True)
        scroll = QScrollArea()
        scroll.setWidget(self.chart)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._over = QWidget()
        over = QVBoxLayout(self._over)
        over.setContentsMargins(0, 0, 0, 0)
        over.setSpacing(GRID)
        for widget in (self.bar, self.problem):
            over.addWidget(widget)
        over.addWidget(scroll, 1)
        self.totals = TablePage(theme, "totals")
        self.settings = TablePage(theme, "configuration")
        self.parting, self.seeds = DivergencePage(theme), SeedsPage(theme)
        self.tabs = TitledTabs()
        for page, title in (
            (self._over, "Over ticks"), (self.totals, "Totals"), (self.settings, "Configuration"),
            (self.parting, "First difference"), (self.seeds, "Seeds"),
        ):  # fmt: skip
            self.tabs.addTab(page, title)
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        for widget in (self._title, self._about):
            body.addWidget(widget)
        body.addWidget(self.tabs, 1)
        self.empty, self._stack = EmptyState(work.NOTHING), QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._stack)

    def _connect(self) -> None:
        document = self.context.document
        document.compared.connect(lambda runs: self._catch_up())
        document.cursor.moved.connect(lambda tick: self._show_cursor())
        self.empty.triggered.connect(self._compare_all)
        self.bar.measure_chosen.connect(self._choose_measure)
        self.bar.align_chosen.connect(self._choose_align)
        self.bar.panes_toggled.connect(self.chart.set_panes)
        self.bar.bands_toggled.connect(self._choose_bands)
        self.chart.place_clicked.connect(self._go_to)
        self.parting.tick_wanted.connect(self._jump)
        self.seeds.wanted.connect(self._tell_effects)
        self.tabs.currentChanged.connect(lambda _: self.export_changed.emit())

    def _turn_to(self, source: Source) -> None:
        self._source = source
        self._catch_up()

    def _compare_all(self) -> None:
        """Every run of the source that is shown."""
        self.context.document.compare(self._offered)

    def _catch_up(self) -> None:
        """Ask about the runs that are compared now, unless that was done."""
        runs = tuple(Chosen(s, run) for s, run in self.context.document.comparison)
        asked = tuple(run.key for run in runs)
        if asked and asked == self._asked:
            self._show_cursor()
            return
        self.runs, self._asked = runs, asked
        self.curves = self.found = self.divergence = None
        self.context.runner.cancel("compare.diff")
        if len(runs) < 2:
            self._say_nothing()
            return
        self._stack.setCurrentWidget(self._body)
        self._title.setText(f"{len(runs)} runs compared")
        self._about.setText("   ".join(self._names) if len(runs) <= work.FEW else "")
        self._about.setVisible(len(runs) <= work.FEW)
        self.tabs.setTabVisible(self.tabs.indexOf(self.parting), len(runs) == 2)
        self._bands = len(runs) > work.FEW
        self.chart.show_all((), (), "", "", whole=True)
        for page in (self.totals, self.settings, self.parting, self.seeds):
            page.wait()
        self._ask(runs)

    def _say_nothing(self) -> None:
        self._stack.setCurrentWidget(self.empty)
        self.empty.say(work.NOTHING)
        if (source := self._source) is not None:
            self.context.runner.submit(
                "compare.list", source, RunsQuery(),
                lambda found: self._offer([(source, run) for run in found.runs]),
                None, self, "listing runs",
            )  # fmt: skip
        self.status_changed.emit("")
        self.export_changed.emit()

    def _offer(self, runs: list[tuple[Source, Run]]) -> None:
        """All runs of the source, or to open another one where it has no two of them."""
        self._offered = runs
        name = "" if self._source is None else self._source.name
        alone = len(self.context.document.sources) == 1
        self.empty.say(*work.offer(name, len(runs), alone=alone))

    def _ask(self, runs: tuple[Chosen, ...]) -> None:
        runner, source = self.context.runner, runs[0].source
        runner.run("compare.totals", lambda token: work.read_totals(runs, token),
                   self._show_totals, self._failed, self, "comparing runs", source)  # fmt: skip
        measures = [m for m in measures_of(runs) if m.recorded]
        self.bar.offer(measures, self._measure)
        self.tabs.setTabVisible(self.tabs.indexOf(self._over), bool(measures))
        if measures:
            first = sorted(measures, key=lambda m: (m.name != self._measure, not m.default))
            self._ask_curves(*(m.name for m in first))
        if len(runs) == 2:
            one, other = runs
            runner.run(
                "compare.diff", lambda token: first_divergence(one, other, token),
                self._show_divergence, self._no_divergence, self,
                "looking for the first difference", source,
            )  # fmt: skip

    def _ask_curves(self, *measures: str) -> None:
        """Of several measures the first is shown that some run has values of."""
        runs, align = self.runs, self._align
        asked = measures or (self._measure,)
        self.problem.hide()

        def read(token: object) -> Curves:
            return work.read_curves(runs, asked, align, token)  # type: ignore[arg-type]

        self.context.runner.run("compare.curves", read, self._show_curves, self._no_curves, self,
                                "reading measures", runs[0].source)  # fmt: skip

    def _show_totals(self, found: work.Totals) -> None:
        self.found = found
        called = self._names
        said = "Differences are to the first run; null: not recorded, or none."
        short = tuple(f"run {name}" for name in work.labels(self.runs))
        self.totals.show_table(work.totals_table(found, short), said)
        self.settings.show_table(
            work.settings_table(found, called),
            "Only the keys that differ." if found.settings
            else "No key of the configurations differs, or none is recorded.",
        )  # fmt: skip
        self.seeds.show_groups(found)
        self._draw()

    def _show_curves(self, found: Curves) -> None:
        self.curves, self._measure = found, found.measure.name
        self.seeds.ask_again()
        self.bar.show_measure(self._measure)
        self._draw()

    def _no_curves(self, error: TelemetryError) -> None:
        self.curves = None
        self.chart.show_all((), (), "", "", whole=True)
        self.problem.setText(str(error))
        self.problem.show()

    def _draw(self) -> None:
        """The curves, as lines or as bands."""
        found = self.curves
        if found is None:
            return
        many = len(self.runs) > work.FEW
        groups = () if self.found is None else self.found.groups
        grouped = any(len(group.runs) > 1 for group in groups)
        banded = (self._bands and (grouped or many)) and self.found is not None
        self.bar.show_bands(banded, possible=grouped, needed=many)
        self.problem.setText(" ".join(found.notes[:3]))
        self.problem.setVisible(bool(found.notes))
        places = sum(len(curve.x) for curve in found.curves)
        self.status_changed.emit(f"{len(found.curves)} runs, {places} places")
        if banded:
            self.context.runner.run(
                "compare.bands", lambda token: work.shades(found, groups),
                lambda bands: self._paint(found, (), bands), None, self, "averaging over runs",
                self.runs[0].source,
            )  # fmt: skip
        elif not many:
            self.context.runner.cancel("compare.bands")
            self._paint(found, work.lines(found, self._names), ())

    def _paint(
        self, found: Curves, lines: Sequence[CompareLine], bands: Sequence[CompareBand]
    ) -> None:
        unit = f" ({found.measure.unit})" if found.measure.unit else ""
        what = f", {bands[0].what}" if bands else ""
        self.chart.show_all(
            lines, bands, f"{found.measure.label}{unit}, mean over agents{what}", found.axis,
            whole=found.align != "share",
        )  # fmt: skip
        self._show_cursor()
        self.export_changed.emit()

    def _tell_effects(self, row: int) -> None:
        """Hold the group in `row` against the first one."""
        found, curves = self.found, self.curves
        if found is not None:
            self.context.runner.run(
                "compare.effects", lambda token: work.effects_table(found, curves, row),
                lambda told: self.seeds.show_effects(row, told), None, self, "weighing seeds",
                self.runs[0].source,
            )  # fmt: skip

    def _show_divergence(self, found: Divergence) -> None:
        self.divergence = found
        left, right = (f"run {name}" for name in work.labels(self.runs))
        self.parting.show_divergence(found, left, right)

    def _no_divergence(self, error: TelemetryError) -> None:
        self.parting.say(str(error))

    def _failed(self, error: TelemetryError) -> None:
        for page in (self.totals, self.settings, self.seeds):
            page.say(str(error))

    def _choose_measure(self, name: str) -> None:
        self.choose(name, self._align)

    def _choose_align(self, align: Align) -> None:
        self.choose(self._measure, align)

    def _choose_bands(self, on: bool) -> None:
        self._bands = on
        self._draw()

    def _shown(self) -> int | None:
        """The place of the run that is shown among those that are compared."""
        document = self.context.document
        for i, run in enumerate(self.runs):
            if run.source is document.source and run.run_id == document.run_id:
                return i
        return None

    def _show_cursor(self) -> None:
        """The tick of the run that is shown, where it stands on the axis."""
        own, tick = self._shown(), self.context.document.cursor.tick
        if self.curves is None or own is None or tick is None:
            return
        curve = self.curves.curves[own]
        if len(curve.tick):
            place = int(np.argmin(np.abs(curve.tick - tick)))
            self.chart.set_cursor(float(curve.x[place]))

    def _go_to(self, x: float) -> None:
        """Move the cursor of the run that is shown there; without one, the chart's alone."""
        own = self._shown()
        curve = None if self.curves is None or own is None else self.curves.curves[own]
        if curve is None or not len(curve.x):
            self.chart.set_cursor(x)
            return
        tick = int(curve.tick[int(np.argmin(np.abs(curve.x - x)))])
        self.context.document.cursor.move_to(tick)
        self._show_cursor()

    def _jump(self) -> None:
        """Show the first run at the tick where it parts from the second, and the agents."""
        found = self.divergence
        if found is None or found.first is None or not self.runs:
            return
        document, run = self.context.document, self.runs[0]
        if self._shown() is None:
            document.run_wanted.emit(run.source, run.run)
        if found.first.tick is not None:
            document.cursor.move_to(found.first.tick)
        if found.first.agents:
            document.selection.set_agents(found.first.agents)
