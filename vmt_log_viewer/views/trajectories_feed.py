"""TrajectoriesFeed: asks what the plots of a stack need, and nothing that is already here."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from telemetry.concepts import Agent, AgentId, Fan, RunId, Series, TickRange
from telemetry.concepts.growth import longer_fan, longer_series
from telemetry.errors import TelemetryError
from telemetry.frozen import replace
from telemetry.queries import FanQuery, Query, SeriesQuery
from vmt_log_viewer.background.growing import Growing, Plan
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.plots.line_bank import LineBank
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.theme import Theme
from vmt_log_viewer.views.trajectories_bands import BandFeed
from vmt_log_viewer.widgets.agent_chooser import agent_name

if TYPE_CHECKING:
    from telemetry.source import Source

Style = Literal["lines", "fan", "both"]
SMALL = 12
FEW = 4
"""Agents of a measure of which no fan is drawn."""
"""Up to so many agents are drawn as lines when a run opens; of more, a fan and the chosen."""
MAX_TICKS = 2000
"""A fan stands on at most so many ticks at a time; a closer look reads those in view."""
ROWS = 200_000
"""Rows that a fan is read from, or a little more: of many agents it stands on fewer ticks."""
LEAST_TICKS = 200
KEPT = 1_000_000
"""Values of lines that are kept while they are not shown, a measure."""


class TrajectoriesFeed:
    """One run's agents and the answers for its plots.

    `style` and `chosen` say what is wanted; after changing them call `ask` for each plot. Lines
    of all agents, once here, also serve any choice among them.
    """

    def __init__(self, runner: Runner, theme: Theme, owner: QWidget, name: str) -> None:
        self._runner, self._theme, self._owner, self._name = runner, theme, owner, name
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self.agents: tuple[Agent, ...] = ()
        self.style: Style = "lines"
        self.chosen: tuple[AgentId, ...] = ()
        self._bounds: TickRange | None = None
        self.arrived: Callable[[MeasurePlot], None] = lambda _plot: None
        self._places: dict[AgentId, int] = {}
        self._names: dict[AgentId, str] = {}
        self._lines: dict[str, Growing[Series]] = {}  # by measure, of `_lines_of`
        self._lines_of: dict[str, tuple[AgentId, ...] | None] = {}
        self._banks: dict[str, LineBank] = {}
        self._fans: dict[str, Growing[Fan]] = {}
        self._fans_of: dict[str, TickRange | None] = {}
        self.bands = BandFeed(runner, owner, f"{name}.band")
        self.newcomers = False
        self._few: set[str] = set()  # measures of so few agents that a fan would say less

    def bind(
        self, source: Source | None, run_id: RunId | None, bounds: TickRange | None = None
    ) -> None:
        """Another run, or the same one afresh, over `bounds`: everything is asked again."""
        self._source, self._run_id, self._bounds = source, run_id, bounds
        self._lines, self._lines_of, self._fans, self._fans_of = {}, {}, {}, {}
        self._few, self._banks = set(), {}
        self.bands.bind(source, run_id, bounds)

    @property
    def most_ticks(self) -> int:
        """Ticks that a fan stands on at most."""
        return min(MAX_TICKS, max(LEAST_TICKS, ROWS // max(1, len(self.agents))))

    def set_agents(self, agents: tuple[Agent, ...]) -> None:
        self.agents = agents
        self.newcomers = False
        self._places = {agent.agent_id: i for i, agent in enumerate(agents)}
        self._names = {agent.agent_id: agent_name(agent) for agent in agents}

    @property
    def usual_style(self) -> Style:
        return "lines" if len(self.agents) <= SMALL else "both"

    def label_of(self, agent_id: AgentId) -> str:
        known = self._names.get(agent_id)
        return known or agent_name(Agent(agent_id, str(agent_id), None, None, None))

    def color_of(self, agent_id: AgentId) -> QColor:
        place = self._places.get(agent_id, len(self._places))
        return self._theme.agent_color(agent_id, place, max(len(self._places), 1))

    def drawn(self, measure: str = "") -> tuple[AgentId, ...] | None:
        """The agents that are drawn as lines (of `measure`); None: all of them."""
        if self.style == "fan":
            return ()
        if self.style == "both" and not self.chosen and measure in self._few:
            return None
        if self.style == "both" and not self.chosen and len(self.agents) > SMALL:
            return ()
        return self.chosen or None

    def queries(self, measure: str, ticks: TickRange | None) -> tuple[Query[object], ...]:
        """The exact data behind a plot: of all agents where a fan stands on them."""
        if self._run_id is None:
            return ()
        agents = self.drawn() if self.style == "lines" else None
        return (SeriesQuery(self._run_id, measure, agents, ticks),)

    def ask(self, plot: MeasurePlot) -> None:
        """Give `plot` what it needs, at once or when it arrives."""
        if self._source is None or self._run_id is None:
            return
        if not plot.measure.recorded:
            plot.say(plot.measure.reason)
            self.arrived(plot)
            return
        self._ask_lines(plot)
        self._ask_fan(plot, None)

    def grow(self, plot: MeasurePlot, bounds: TickRange) -> None:
        """The run reaches over `bounds` now: read what the plot lacks of it.

        A fan of a few ticks in view stays as it is; one that has become too long is thinned anew.
        """
        self._bounds = bounds
        name = plot.measure.name
        lines, fan = self._lines.get(name), self._fans.get(name)
        self.bands.grow(bounds)
        if lines is not None and self.drawn(name) != ():
            lines.grow(bounds)
        if fan is None or self.style == "lines" or self._fans_of[name] is not None:
            return
        if fan.answer is not None and fan.answer.tick.size >= 2 * self.most_ticks:
            fan.ask(bounds)
        else:
            fan.grow(bounds)

    def look_closer(self, plot: MeasurePlot, ticks: TickRange, *, whole: bool) -> None:
        """A thinned fan is asked again for the ticks in view, or once more for all of them."""
        known = self._fans.get(plot.measure.name)
        if self.style == "lines" or known is None or known.answer is None:
            return
        covered = self._fans_of[plot.measure.name]
        if covered is None and known.answer.tick.size < self.most_ticks:
            return  # nothing was left out
        wanted = None if whole else ticks
        if wanted != covered and (whole or covered is None or _much_narrower(ticks, covered)):
            self._ask_fan(plot, wanted, again=True)

    def _ask_lines(self, plot: MeasurePlot) -> None:
        assert self._source is not None
        assert self._run_id is not None
        name, agents = plot.measure.name, self.drawn(plot.measure.name)
        lane = f"{self._name}.lines.{name}"
        if agents == ():
            self._runner.cancel(lane)
            plot.show_series(None)
            self._let_go(name)
            return
        known = self._lines.get(name)
        if known is not None and known.answer is not None and self._lines_of[name] is None:
            self._runner.cancel(lane)
            self._show_series(plot, known.answer)
            known.catch_up(self._bounds)
            return

        def show(series: Series) -> None:
            self._show_series(plot, series)

        plan = _series_plan(self._run_id, name, agents)

        def prepare(series: Series) -> None:
            """In the worker: of millions of values this takes longer than a window may wait."""
            self._banks[name] = LineBank(series.lines, series.step).prepare()

        fail = self._failed(plot)
        lines = Growing(self._runner, lane, self._source, plan, show, fail, plot, prepare)
        self._lines[name], self._lines_of[name] = lines, agents
        lines.ask(self._bounds)

    def _let_go(self, name: str) -> None:
        """Lines that nobody sees stay for the next time, but for those that take much room."""
        known = self._lines.get(name)
        lines = () if known is None or known.answer is None else known.answer.lines
        if sum(line.value.size for line in lines) > KEPT:
            self._lines.pop(name, None)
            self._banks.pop(name, None)

    def _show_series(self, plot: MeasurePlot, series: Series) -> None:
        self.newcomers |= any(line.agent_id not in self._places for line in series.lines)
        agents = self.drawn(plot.measure.name)
        if agents is not None:
            lines = tuple(line for line in series.lines if line.agent_id in set(agents))
            series = replace(series, lines=lines)
        plot.show_series(series, self._banks.get(plot.measure.name))
        self._judge(plot, series.measure.recorded, series.measure.reason)

    def _ask_fan(self, plot: MeasurePlot, ticks: TickRange | None, again: bool = False) -> None:
        assert self._source is not None
        assert self._run_id is not None
        name = plot.measure.name
        lane = f"{self._name}.fan.{name}"
        known = self._fans.get(name)
        if self.style == "lines":
            self._runner.cancel(lane)
            self.bands.forget(name)
            plot.show_fan(None)
            return
        if known is not None and known.answer is not None and not again:
            self._show_fan(plot, known.answer)
            if self._fans_of[name] is None:
                known.catch_up(self._bounds)
            return

        def show(fan: Fan) -> None:
            self._show_fan(plot, fan)

        plan = _fan_plan(self._run_id, name, ticks, self.most_ticks)
        fan = Growing(self._runner, lane, self._source, plan, show, self._failed(plot), plot)
        self._fans[name], self._fans_of[name] = fan, ticks
        fan.ask(self._bounds if ticks is None else None)

    def _show_fan(self, plot: MeasurePlot, fan: Fan) -> None:
        """The fan; beside lines, of few agents these alone: quantiles of three say nothing."""
        name = plot.measure.name
        few = bool(fan.count.size) and int(fan.count.max()) <= FEW
        if few and self.style == "both" and self.drawn() == ():
            plot.show_fan(None)
            if name not in self._few:
                self._few.add(name)
                self._ask_lines(plot)
            return
        plot.show_fan(fan)
        self._judge(plot, fan.measure.recorded, fan.measure.reason)
        bounds = self._bounds
        thinned = bounds is not None and bounds.last - bounds.first >= self.most_ticks
        if thinned and fan.measure.recorded and not fan.measure.rebuilt and fan.tick.size:
            self.bands.want(plot)

    def _judge(self, plot: MeasurePlot, recorded: bool, reason: str) -> None:
        """Say why a plot stays empty, where it does."""
        text = ""
        if plot.data.empty:
            label = plot.measure.label
            text = reason if not recorded else f"No value of {label} is recorded in this run."
        plot.say(text)
        self.arrived(plot)

    def _failed(self, plot: MeasurePlot) -> Callable[[TelemetryError], None]:
        def fail(error: TelemetryError) -> None:
            plot.say(str(error))
            self.arrived(plot)

        return fail


def _series_plan(run_id: RunId, measure: str, agents: tuple[AgentId, ...] | None) -> Plan[Series]:
    return Plan(
        SeriesQuery(run_id, measure, agents),
        lambda ticks: SeriesQuery(run_id, measure, agents, ticks),
        longer_series,
    )


def _fan_plan(run_id: RunId, measure: str, ticks: TickRange | None, most: int) -> Plan[Fan]:
    return Plan(
        FanQuery(run_id, measure, ticks, most),
        lambda more: FanQuery(run_id, measure, more, most),
        longer_fan,
    )


def _much_narrower(ticks: TickRange, covered: TickRange) -> bool:
    inside = covered.first <= ticks.first and ticks.last <= covered.last
    return not inside or (ticks.last - ticks.first) * 2 < covered.last - covered.first
