"""PlotShading: which lane of the run is tinted behind the plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from telemetry.concepts import Lane, LaneInfo, RunId, TickRange, Timeline
from telemetry.text import one_line
from vmt_log_viewer.background.growing import Growing, timeline_plan
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.views.trajectories_bar import NO_SHADING, TrajectoriesBar
from vmt_log_viewer.views.view import Context

if TYPE_CHECKING:
    from telemetry.source import Source

SETTING = "trajectories.shading"


class PlotShading:
    """The chosen lane is kept in the settings; a run that lacks it is not shaded.

    Lanes of on and off (pairs) are not offered: several may be on at once.
    """

    def __init__(
        self,
        context: Context,
        bar: TrajectoriesBar,
        plots: Mapping[str, MeasurePlot],
        owner: QWidget,
        lane: str,
    ) -> None:
        self._context, self._bar, self._plots = context, bar, plots  # plots come and go
        self._owner, self._runner_lane = owner, lane
        self._offered: tuple[LaneInfo, ...] = ()
        self._lanes: dict[str, Lane] = {}
        self._growing: Growing[Timeline] | None = None

    @property
    def name(self) -> str:
        """The lane that is shaded now, or "none"."""
        wanted = self._context.settings.get(SETTING, "mode")
        known = [lane.name for lane in self._offered if lane.recorded]
        return wanted if wanted in known else NO_SHADING

    def begin(self, source: Source, run_id: RunId) -> None:
        """Read the lanes of another run."""
        self._lanes, self._growing = {}, None
        self._offered = tuple(lane for lane in source.lanes if lane.name != "pairs")
        self._bar.offer_shading(self._offered, self.name)
        self.ask(source, run_id)

    def ask(self, source: Source, run_id: RunId) -> None:
        names = tuple(lane.name for lane in self._offered if lane.recorded)
        if not names:
            return

        def show(timeline: Timeline) -> None:
            self._lanes = {lane.name: lane for lane in timeline.lanes}
            self.paint()

        context, plan = self._context, timeline_plan(run_id, names)
        self._growing = Growing(
            context.runner, self._runner_lane, source, plan, show, lambda _: None, self._owner
        )
        self._growing.ask(context.document.cursor.bounds)

    def grow(self, bounds: TickRange) -> None:
        """The run reaches over `bounds` now."""
        if self._growing is not None:
            self._growing.grow(bounds)

    def choose(self, name: str) -> None:
        self._context.settings.set(SETTING, name)
        self._bar.offer_shading(self._offered, self.name)
        self.paint()

    def paint(self) -> None:
        """Shade the plots that there are now."""
        name = self.name
        lane = self._lanes.get(name)
        states = set(lane.state) if lane is not None else set()
        always = f"always {one_line(next(iter(states)), limit=30)}" if len(states) == 1 else ""
        self._bar.show_shaded(always)
        if always:
            lane = None  # a tint that is the same everywhere says nothing

        def color_of(state: str) -> QColor:
            return self._context.theme.state_color(name, state)

        for plot in self._plots.values():
            plot.show_shading(lane, color_of)
