"""Trajectories: measures of agents over ticks, a plot each, above one tick axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from telemetry.concepts import Agent, AgentId, Measure, RunId, TickRange
from telemetry.errors import TelemetryError
from telemetry.queries import AgentsQuery
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.plots.picture import png_of, svg_of
from vmt_log_viewer.plots.plot_data import PlotData
from vmt_log_viewer.plots.stage import Shared
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.history import Change
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.turns import Turns
from vmt_log_viewer.views.trajectories_bar import TrajectoriesBar
from vmt_log_viewer.views.trajectories_choices import (
    first_measures,
    restore_trajectories,
    trajectories_state,
)
from vmt_log_viewer.views.trajectories_feed import Style, TrajectoriesFeed
from vmt_log_viewer.views.trajectories_shading import PlotShading
from vmt_log_viewer.views.trajectories_stack import PlotStack
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.empty_state import EmptyState

if TYPE_CHECKING:
    from telemetry.source import Source

CLOSER_AFTER = 200
"""Milliseconds that the window rests before a thinned fan is read more closely."""


class TrajectoriesView(View):
    """Follows cursor, brush and chosen agents; the ticks in view are its own, and a brush sets
    them."""

    name = "trajectories"
    title = "Trajectories"
    icon = "chart-line"
    own_steps = frozenset({"measures", "style", "shading"})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        document = context.document
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self.marks: tuple[int | None, int | None] = (None, None)  # the ticks of A and B
        self._only: str | None = None
        self.window_of_ticks = TickWindow()
        shared = Shared(context.theme, self.window_of_ticks, document.cursor, document.selection)
        self.later = shared.later
        self._turns = Turns(self)
        self._shared = shared
        self.feed = TrajectoriesFeed(context.runner, context.theme, self, self.name)
        self.feed.arrived = self.feed.bands.arrived = self._arrived
        self.bar = TrajectoriesBar(context.theme)
        self.stack = PlotStack(shared, self._make_plot)
        self.shading = PlotShading(
            context, self.bar, self.stack.plots, self, f"{self.name}.shading"
        )
        self.nothing = EmptyState()
        self._closer = QTimer(self)
        self._closer.setSingleShot(True)
        self._closer.setInterval(CLOSER_AFTER)
        self._closer.timeout.connect(self._look_closer)
        self._arrange()
        self._connect()

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if any(measure.recorded for measure in source.measures):
            return None
        return "No measure of agents over ticks is recorded in this source."

    # The run

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._source, self._run_id = source, run_id
        self.marks = (None, None)
        self._turns.stop()
        self.stack.clear()
        bounds = self.context.document.cursor.bounds
        self.feed.bind(source, run_id, bounds)
        self.feed.set_agents(())
        self.window_of_ticks.set_whole(bounds)
        self.window_of_ticks.fit()
        self.bar.show_marks(None, None)
        self.bar.measures.offer(source.measures, first_measures(source, self.context.settings))
        self._ask_agents(self._agents_opened)
        self.shading.begin(source, run_id)

    def clear(self) -> None:
        self._source, self._run_id = None, None
        self._turns.stop()
        self.stack.clear()
        self.feed.bind(None, None)

    def refresh(self) -> None:
        if self._source is None or self._run_id is None:
            return
        bounds = self.context.document.cursor.bounds
        self.window_of_ticks.set_whole(bounds)
        self.feed.bind(self._source, self._run_id, bounds)
        self._ask_agents(self._agents_here)
        self.shading.ask(self._source, self._run_id)

    def grow(self, ticks: TickRange) -> None:
        """The run has come further: each plot reads what it lacks, newcomers come now and then."""
        if self._source is None or self._run_id is None:
            return
        bounds = self.context.document.cursor.bounds or ticks
        self.window_of_ticks.set_whole(bounds)
        for plot in self.stack.plots.values():
            self.feed.grow(plot, bounds)
        self.shading.grow(bounds)

    def fit(self) -> None:
        """Show the brushed ticks, or all of them, and all plots' values."""
        self.window_of_ticks.fit(self.context.document.selection.brush)
        for plot in self.stack.plots.values():
            plot.fit_values()

    def state(self) -> dict[str, JSON]:
        return trajectories_state(self)

    def restore(self, choices: Choices) -> None:
        restore_trajectories(self, choices)

    def settled(self) -> bool:
        idle = self.later.idle() and self._turns.idle() and not self._closer.isActive()
        return super().settled() and idle

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.feed.bands.go_on()

    def hideEvent(self, event: QHideEvent) -> None:
        self.feed.bands.stop()
        super().hideEvent(event)

    def export_request(self) -> ExportRequest | None:
        plots = [p for n, p in self.stack.plots.items() if self._only in (None, n)]
        if self._run_id is None or not plots:
            return None
        window = self.window_of_ticks
        ticks = None if window.shows_all else window.ticks
        recorded = [p for p in plots if p.measure.recorded]
        queries = tuple(q for p in recorded for q in self.feed.queries(p.measure.name, ticks))
        about = plots[0].measure.name if len(plots) == 1 else self.name
        return ExportRequest(
            f"run-{self._run_id}-{about}",
            queries,
            {
                "png": lambda path: png_of(path, plots, self._shared),
                "svg": lambda path: svg_of(path, plots, self._shared),
            },
            thinning=tuple(sorted({note for p in plots for note in p.data.thinning})),
        )

    # Choices

    def choose_measures(self, names: tuple[str, ...]) -> None:
        """Plot exactly these, in the source's order."""
        before = tuple(self.stack.plots)
        if names == before:
            return
        self.bar.measures.offer(self._source.measures if self._source else (), names)
        self.context.settings.set("trajectories.measures", list(names))
        self._show_plots()
        self._remember("choose measures", before, names, self.choose_measures)

    def choose_style(self, style: str) -> None:
        before = self.feed.style
        self.bar.show_style(style)
        if style == before:
            return
        self.feed.style = cast(Style, style)
        self._ask_all()
        self._remember(f"draw {style}", before, style, self.choose_style)

    def choose_shading(self, name: str) -> None:
        before = self.shading.name
        self.shading.choose(name)
        if name != before:
            self._remember(f"shade by {name}", before, name, self.choose_shading)

    def set_marks(self, on: bool) -> None:
        """Put the marks A and B at a quarter and at three quarters of the ticks in view."""
        if on == (self.marks[0] is not None):
            return
        window, bounds = self.window_of_ticks, self.context.document.cursor.bounds
        if not on or bounds is None:
            self.marks = (None, None)
        else:
            span = window.last - window.first
            a, b = (int(window.first + share * span) for share in (0.25, 0.75))
            self.marks = (min(a, bounds.last), min(b, bounds.last))
        self._show_marks()

    def put_marks(self, a: int, b: int) -> None:
        """Put A and B on these ticks."""
        self.marks = (a, b)
        self._show_marks()

    @property
    def source(self) -> Source | None:
        return self._source

    # How it is done

    def _ask_agents(self, show: Callable[[tuple[Agent, ...]], None]) -> None:
        assert self._source is not None
        assert self._run_id is not None
        lane, query = f"{self.name}.agents", AgentsQuery(self._run_id)
        self.context.runner.submit(lane, self._source, query, show, self._failed, self)

    def _agents_opened(self, agents: tuple[Agent, ...]) -> None:
        self.feed.set_agents(agents)
        self.feed.style = self.feed.usual_style
        self.bar.show_style(self.feed.style)
        self._agents_here(agents)

    def _agents_here(self, agents: tuple[Agent, ...]) -> None:
        self.feed.set_agents(agents)
        self.feed.chosen = self.context.document.selection.agents
        self.bar.agents.offer(agents, self.feed.color_of)
        self.bar.agents.show_chosen(self.feed.chosen)
        self._turns.begin(self._plots_shown(afresh=True))

    def _failed(self, error: TelemetryError) -> None:
        self._say_nothing(str(error))

    def _show_plots(self) -> None:
        self._turns.begin(self._plots_shown())
        self._turns.finish()

    def _plots_shown(self, afresh: bool = False) -> Iterator[None]:
        """Make the plots that are lacking, one a step; ask for those or (`afresh`) for all."""
        chosen = self.bar.measures.chosen
        measures = [m for m in (self._source.measures if self._source else ()) if m.name in chosen]
        for name in set(self.stack.plots) - {measure.name for measure in measures}:
            self.feed.bands.forget(name)
        fresh: list[MeasurePlot] = []
        yield from self.stack.show_measures(measures, fresh)
        for plot in self.stack.plots.values() if afresh else fresh:
            self.feed.ask(plot)
        self.shading.paint()
        self._show_marks()
        self._say_nothing("" if measures else "No measure is chosen.", "Choose measures")
        self._tell()
        self.export_changed.emit()

    def _say_nothing(self, text: str, button: str = "") -> None:
        self.nothing.say(text, button)
        self._pages.setCurrentWidget(self.nothing if text else self.stack)

    def _ask_all(self) -> None:
        for plot in self.stack.plots.values():
            self.feed.ask(plot)
        self._tell()

    def _make_plot(self, measure: Measure) -> MeasurePlot:
        plot = MeasurePlot(measure, self._shared, PlotData(self.feed.label_of, self.feed.color_of))
        name = measure.name
        plot.agent_picked.connect(self._pick)
        plot.marks_moved.connect(self._mark_moved)
        plot.close_wanted.connect(lambda: self._without(name))
        plot.save_wanted.connect(lambda: self._save(name))
        plot.set_log(name in self._logs())
        plot.log_changed.connect(lambda log: self._keep_log(name, log))
        plot.log_changed.connect(self.touched)
        plot.header.beyond_clicked.connect(self.touched)
        return plot

    def _logs(self) -> list[str]:
        return list(self.context.settings.get("trajectories.log", []))

    def _keep_log(self, name: str, log: bool) -> None:
        kept = [n for n in self._logs() if n != name] + ([name] if log else [])
        self.context.settings.set("trajectories.log", kept)

    def _without(self, name: str) -> None:
        self.choose_measures(tuple(n for n in self.stack.plots if n != name))

    def _save(self, name: str) -> None:
        """Export one plot alone, the way everything is exported."""
        if self.context.actions is None:
            return
        self._only = name
        try:
            self.context.actions["export"].trigger()
        finally:
            self._only = None

    def _pick(self, agent_id: AgentId, add: bool) -> None:
        selection = self.context.document.selection
        if add:
            selection.toggle_agent(agent_id)
        selection.select(AgentItem(agent_id))

    def _agents_changed(self, agents: tuple[AgentId, ...]) -> None:
        self.feed.chosen = agents
        self.bar.agents.show_chosen(agents)
        if self.feed.agents:
            self._ask_all()
        self.export_changed.emit()

    def _brush_changed(self, brush: TickRange | None) -> None:
        self.window_of_ticks.fit(brush)

    def _mark_moved(self, name: str, tick: int) -> None:
        self.touched.emit()
        a, b = self.marks
        self.marks = (tick, b) if name == "A" else (a, tick)
        self._show_marks()

    def _show_marks(self) -> None:
        self.bar.show_marks(*self.marks)
        for plot in self.stack.plots.values():
            plot.show_marks(*self.marks)

    def _window_changed(self) -> None:
        self.touched.emit()
        self.export_changed.emit()
        self._closer.start()
        self._tell()

    def _look_closer(self) -> None:
        window = self.window_of_ticks
        for plot in self.stack.plots.values():
            self.feed.look_closer(plot, window.ticks, whole=window.shows_all)

    def _arrived(self, _plot: MeasurePlot) -> None:
        self._tell()
        if self.feed.newcomers:
            self.feed.newcomers = False
            self._pace.want()  # who they are is to be read, now and then

    def _tell(self) -> None:
        """The status line: what is drawn, and of how much."""
        chosen, feed = self.feed.chosen, self.feed
        self.bar.show_counts(len(self.stack.plots), len(chosen), len(feed.agents))
        drawn = feed.drawn()
        lines = len(feed.agents) if drawn is None else len(drawn)
        parts = [f"{lines} lines a plot" if lines else "no agent chosen"]
        parts = parts if feed.style != "fan" else []
        if feed.style != "lines":
            parts.append(f"fan of {len(feed.agents)} agents")
        ticks = self.window_of_ticks.ticks
        parts.append(f"ticks {ticks.first}–{ticks.last}")
        parts += sorted({n for p in self.stack.plots.values() for n in p.data.thinning})
        self.status_changed.emit(" · ".join(parts))

    def _remember(
        self, text: str, before: object, after: object, choose: Callable[..., None]
    ) -> None:
        change = Change(text, lambda: choose(before), lambda: choose(after))
        self.context.document.history.push(change)

    def dress(self) -> Iterator[None]:
        self.shading.paint()
        for plot in list(self.stack.plots.values()):
            if plot in self.stack.plots.values():
                plot.dress()
                yield

    def _arrange(self) -> None:
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.stack)
        self._pages.addWidget(self.nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.bar)
        layout.addWidget(pages, 1)

    def _connect(self) -> None:
        selection, bar = self.context.document.selection, self.bar
        selection.agents_changed.connect(self._agents_changed)
        selection.brush_changed.connect(self._brush_changed)
        self.window_of_ticks.changed.connect(self._window_changed)
        bar.measures.chosen_changed.connect(self.choose_measures)
        bar.agents.chosen_changed.connect(selection.set_agents)
        bar.style_chosen.connect(self.choose_style)
        bar.shading_chosen.connect(self.choose_shading)
        bar.marks_toggled.connect(self.set_marks)
        self.nothing.triggered.connect(bar.measures_button.showMenu)
