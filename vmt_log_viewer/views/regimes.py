"""Regimes: every statistic of the run by mode, regime or another lane, and what switches do."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from telemetry.analysis import regimes
from telemetry.analysis.chosen import Chosen, every_run
from telemetry.analysis.event_study import (
    ARROW,
    EVERY,
    PATHS,
    WIDEST,
    first_study,
    path_rows,
    switches,
)
from telemetry.analysis.lenses import usual
from telemetry.cancel import CancelToken
from telemetry.concepts import Lane, RunId, Split, Study, TickRange
from telemetry.errors import TelemetryError
from telemetry.export import Worked
from telemetry.frozen import asdict, replace
from telemetry.text import shown_unit
from vmt_log_viewer.background.exporting import Frame, Late
from vmt_log_viewer.plots.event_chart import EventChart
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.plots.state_bars import StateBars, scrolled
from vmt_log_viewer.theme import GRID, NAMED
from vmt_log_viewer.views import regimes_work as work
from vmt_log_viewer.views.choosing import ChoosingView, page
from vmt_log_viewer.views.compare_pages import TablePage
from vmt_log_viewer.views.compare_work import COLORS, Told
from vmt_log_viewer.views.regimes_work import ALL, COMPARED, NOTHING, SWITCHES, THIS
from vmt_log_viewer.views.view import Context, ExportRequest
from vmt_log_viewer.widgets.choice_bar import ChoiceBar
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.plain import caption, heading
from vmt_log_viewer.widgets.words import rows_text

if TYPE_CHECKING:
    from telemetry.source import Source


class RegimesView(ChoosingView):
    """About the run shown, or the runs that are compared, or all of its source."""

    name = "regimes"
    title = "Regimes"
    icon = "stack"
    own_steps = frozenset(work.RegimeChoices.__struct_fields__)

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if regimes.lanes_of(source):
            return None
        label = source.identity.family_label
        return f"{label} sources of this kind record no lanes of states to split by."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        self.choices = work.RegimeChoices()
        super().__init__(context, parent)
        self.lanes: tuple[Lane, ...] = ()
        self.split: Split | None = None
        self.study: Study | None = None
        self._row = 0
        self._lay_out()
        for bar in (self.bar, self.by_state, self.around):
            bar.chosen.connect(self.choose)
        self.table.table.row_chosen.connect(self._choose_row)
        self.still.triggered.connect(self._take_moving)
        context.document.compared.connect(lambda _: self._offer_runs())

    # View

    def clear(self) -> None:
        super().clear()
        self.lanes, self.split, self.study = (), None, None

    def refresh(self) -> None:
        self.lanes = ()  # a run that grows may have more of them
        super().refresh()

    def export_request(self) -> ExportRequest | None:
        if self._stack.currentWidget() is not self.body:
            return None
        if self.tabs.currentWidget() is self._state_page:
            split = self.split
            if split is None:
                return None
            alone = str(self._run_id) if self.choices.runs == THIS else None
            frame = Frame("regimes", regimes.LONG, Late(regimes.long_rows, split, alone),
                          partial(self._again, split, self.choices, self.brush))  # fmt: skip
            return ExportRequest("regimes", frames=(frame,), pictures=widget_pictures(self.body))
        if self.study is None:
            return None
        frame = Frame("event-study", PATHS, Late(path_rows, self.study),
                      partial(self._again, self.study, self.choices, self.brush))  # fmt: skip
        return ExportRequest("event-study", frames=(frame,), pictures=widget_pictures(self.chart))

    def _again(
        self, found: Split | Study, choices: work.RegimeChoices, ticks: TickRange | None
    ) -> Worked:
        """What gives the split, or the study, again."""
        runs = [(run.source, run.run_id) for run in self._runs(CancelToken())]
        return work.again(found, choices, ticks, runs)

    # ChoosingView

    def _began(self, source: Source, run_id: RunId) -> None:
        self.lanes, self.split, self.study, self._row = (), None, None, 0
        known = [m for m in source.measures if m.recorded]
        self.around.offer("measure", [(m.name, m.label) for m in known])
        if self.choices.measure not in {m.name for m in known}:
            self.choices = replace(self.choices, measure="")
        self._offer_runs()
        self.tabs.setTabVisible(self.tabs.indexOf(self._switch_page), bool(known))

    def _offered(self, name: str) -> Collection[str] | None:
        lanes = [lane.name for lane in self.lanes]
        measures = [] if self._source is None else [m.name for m in self._source.measures]
        return {"lane": lanes, "across": [NOTHING, *lanes], "runs": (THIS, COMPARED, ALL),
                "measure": measures}.get(name)  # fmt: skip

    def _show_choices(self) -> None:
        shown = asdict(self.choices)
        if not self.choices.measure and self.study is not None:
            shown["measure"] = self.study.measure.name
        for bar in (self.bar, self.by_state, self.around):
            bar.show_choices(shown)

    def _ask(self) -> None:
        """First the lanes that this run has, then what is chosen of them."""
        source, run = self._source, self.context.document.run
        if source is None or run is None:
            return
        if self.lanes:
            self._ask_chosen()
            return
        one = Chosen(source, run)
        self.context.runner.run(
            f"{self.name}.lanes", lambda token: regimes.lanes_in(one, token), self._show_lanes,
            self.failed, self, "reading lanes", source,
        )  # fmt: skip

    # Inside

    def _lay_out(self) -> None:
        theme = self.context.theme
        self.bar, self.by_state, self.around = ChoiceBar(), ChoiceBar(), ChoiceBar()
        self.bar.add_list("lane", "The lane whose states split the run")
        self.bar.add_list("across", "Another lane that its states are crossed with")
        self.bar.add_list("runs", "Whose rows and switches are taken")
        self.by_state.add_switch("per_tick", "Per tick", "divide",
                                 "Counts and sums by the ticks of their state")  # fmt: skip
        self.around.add_list("measure", "The measure whose path is averaged")
        self.around.add_number("window", "± ", 1, WIDEST, "Ticks before and after the switch")
        for switch in SWITCHES:
            self.around.add_switch(*switch)
        self.table, self.bars = TablePage(theme, "regimes"), StateBars(theme)
        self._bars_title = heading(theme)
        self.chart, self.said = EventChart(theme), caption(theme, elided=False)
        self.said.setWordWrap(True)
        self._state_page = page(
            (self.by_state, 0), (self.table, 1), (self._bars_title, 0), (scrolled(self.bars), 0)
        )
        self.still = EmptyState()
        self.still.hide()
        self._switch_page = page((self.around, 0), (self.chart, 1), (self.still, 1), (self.said, 0))
        self.tabs.addTab(self._state_page, "By state")
        self.tabs.addTab(self._switch_page, "Around switches")
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.bar)
        layout.addWidget(self.tabs, 1)

    def _offer_runs(self) -> None:
        compared = len(self.context.document.comparison)
        listed = [(THIS, "This run"), (ALL, "All runs of the source")]
        if compared > 1:
            listed.insert(1, (COMPARED, f"The {compared} runs compared"))
        self.bar.offer("runs", listed)
        self._show_choices()
        if self.choices.runs == COMPARED:
            self._want()

    def _show_lanes(self, found: tuple[Lane, ...]) -> None:
        self.lanes = found
        if not found:
            run = self.context.document.run_id
            self.say(
                f"Run {run} records no mode, regime or other states that it could be split by."
            )
            return
        self.bar.offer("lane", [(lane.name, lane.label) for lane in found])
        crossed = [(lane.name, f"× {lane.label}") for lane in found]
        self.bar.offer("across", [(NOTHING, "by nothing else"), *crossed])
        names = [lane.name for lane in found]
        chosen = self.choices
        lane = chosen.lane if chosen.lane in names else work.first_lane(found)
        across = chosen.across if chosen.across in names and chosen.across != lane else NOTHING
        self.choices = replace(chosen, lane=lane, across=across)
        self._show_choices()
        self._ask_chosen()

    def _runs(self, token: CancelToken) -> tuple[Chosen, ...]:
        document = self.context.document
        if self.choices.runs == COMPARED and len(document.comparison) > 1:
            return tuple(Chosen(source, run) for source, run in document.comparison)
        if self.choices.runs == ALL and self._source is not None:
            return every_run(self._source, token)
        assert self._source is not None
        assert document.run is not None
        return (Chosen(self._source, document.run),)

    def _ask_chosen(self) -> None:
        runner, source, lanes, brush = (
            self.context.runner, self._source, self.choices.lanes, self.brush)  # fmt: skip
        self.show_body()
        if self.split is None:
            self.table.wait()

        def tables(token: CancelToken) -> Split:
            return regimes.split(self._runs(token), lanes, token, measures=(), ticks=brush)

        def measures(token: CancelToken) -> Split:
            return regimes.split(self._runs(token), lanes, token, tables=(), ticks=brush)

        def then(found: Split) -> None:
            self._show_split(found)
            runner.run(f"{self.name}.means", measures,
                       lambda more: self._show_split(regimes.beside(found, more)),
                       None, self, "averaging measures by state", source)  # fmt: skip

        runner.cancel(f"{self.name}.means")
        runner.run(f"{self.name}.split", tables, then, self._no_split, self, "splitting by state",
                   source)  # fmt: skip
        self._ask_study()

    def _ask_study(self) -> None:
        chosen, source = self.choices, self._source
        if source is None:
            return
        names = (chosen.measure,) if chosen.measure else usual(source)
        asked = chosen.study(self.brush)
        self.context.runner.run(
            f"{self.name}.study",
            lambda token: first_study(self._runs(token), asked, names, token),
            self._show_study, self._no_study, self, "averaging around switches", source,
        )  # fmt: skip

    def _show_split(self, found: Split) -> None:
        self.split = found
        rows = regimes.rows(found, rates=self.choices.per_tick)
        of = "This run" if found.runs == 1 and self.choices.runs == THIS else (
            f"{found.runs} runs together")  # fmt: skip
        within = "" if self.brush is None else f" in ticks {self.brush}"
        said = (
            f"{of}{within} by {found.label.lower()}; n counts ticks; null: no rows to tell it from."
        )
        self.table.show_table(Told(regimes.columns(found), rows), " ".join((said, *found.notes)))
        if rows:
            self._choose_row(min(self._row, len(rows) - 1))
            self.table.table.choose(self._row)
        states = rows_text(len(found.states), None, "states")
        self.status_changed.emit(f"{states} over {rows_text(sum(found.ticks), None, 'ticks')}")
        self.export_changed.emit()

    def _choose_row(self, row: int) -> None:
        """Draw the numbers of this row as bars."""
        found = self.split
        if found is None or not 0 <= row < len(found.quantities):
            return
        self._row = row
        quantity, rates = found.quantities[row], self.choices.per_tick
        rate = " per tick" if rates and quantity.adds_up else ""
        unit = f" ({shown_unit(quantity.column.unit)})" if quantity.column.unit else ""
        self._bars_title.setText(f"{quantity.name}{rate}{unit}")
        self.bars.show_bars(work.bars(found, row, self._color, rates=rates))

    def _color(self, state: str | None, place: int) -> QColor:
        """The state's own colour; states of crossed lanes have one by their place."""
        theme = self.context.theme
        if state is None:
            return theme.state_color(self.choices.lane, None)
        if len(self.choices.lanes) == 1:
            return theme.state_color(self.choices.lane, state)
        return QColor(NAMED[COLORS[place % len(COLORS)]])

    def _show_study(self, found: Study) -> None:
        self.study = found
        self._show_choices()
        colors = []
        for i, path in enumerate(found.paths):
            after = path.name.split(ARROW)[-1]
            state = None if path.name == EVERY else after
            colors.append(self._color(state, i))
        self.chart.show_study(found, colors)
        self.said.setText(work.told_of(found))
        self._stand_still(False)
        self.export_changed.emit()

    def _no_split(self, error: TelemetryError) -> None:
        self.split = None
        self.table.say(str(error))
        self._bars_title.setText("")
        self.bars.show_bars(())

    def _no_study(self, error: TelemetryError) -> None:
        self.study = None
        other = self._that_switches()
        self.still.say(str(error), "" if other is None else f"Take {other.label}")
        self._stand_still(True)
        self.export_changed.emit()

    def _stand_still(self, still: bool) -> None:
        """A sentence in the middle instead of the chart and what is said of it."""
        self.still.setVisible(still)
        self.chart.setVisible(not still)
        self.said.setVisible(not still)

    def _that_switches(self) -> Lane | None:
        """The first lane with a switch in the brush, where those that are chosen have none."""
        moving = [
            lane for lane in self.lanes
            if any(self.brush is None or switch.tick in self.brush for switch in switches(lane))
        ]  # fmt: skip
        if any(lane.name in self.choices.lanes for lane in moving):
            return None
        return next(iter(moving), None)

    def _take_moving(self) -> None:
        lane = self._that_switches()
        if lane is not None:
            self.choose("lane", lane.name)
