"""TimelineStrip: the run over its ticks, always visible: lanes, cursor, brush and playback."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from telemetry.concepts import LaneInfo, RunId, TickRange, Timeline
from telemetry.errors import TelemetryError
from vmt_log_viewer.background.growing import Growing, timeline_plan
from vmt_log_viewer.plots.lane_painter import SWITCHES
from vmt_log_viewer.views.timeline_canvas import LaneCanvas, LaneRow
from vmt_log_viewer.views.timeline_controls import TimelineControls
from vmt_log_viewer.views.view import Context

if TYPE_CHECKING:
    from telemetry.source import Source

LANE = "timeline.lanes"


class TimelineStrip(QWidget):
    """Follows the document by itself; the clock that plays belongs to the program."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.timeline: Timeline | None = None
        self._lanes: Growing[Timeline] | None = None
        self.controls = TimelineControls(context.document, context.theme, context.actions)
        self.canvas = LaneCanvas(context.document, context.theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.controls)
        layout.addWidget(self.canvas)
        document = context.document
        document.run_shown.connect(self._run_shown)
        document.run_cleared.connect(self._run_cleared)
        document.source_shown.connect(self._source_shown)
        document.cursor.bounds_changed.connect(self._bounds_changed)
        context.theme.changed.connect(self._show_legend)
        self._bounds_changed(document.cursor.bounds)
        if document.source is not None and document.run_id is not None:
            self._run_shown(document.source, document.run_id)

    def refresh(self) -> None:
        """Read the lanes again: the run may have grown."""
        document = self.context.document
        if document.source is not None and document.run_id is not None:
            self._ask(document.source, document.run_id)

    def grow(self, ticks: TickRange) -> None:
        """The run has come further: read only what is new, unless lanes came with it."""
        bounds = self.context.document.cursor.bounds
        if self._lanes is not None and bounds is not None:
            self._lanes.grow(bounds)

    def dress(self) -> Iterator[None]:
        """Show anew what was made in the theme's colours, in steps."""
        yield from self.canvas.dress()

    def settled(self) -> bool:
        return not self.context.runner.pending(LANE) and self.canvas.painted()

    def _run_shown(self, source: Source, run_id: RunId) -> None:
        self.timeline = None
        self.canvas.window_of_ticks.fit()
        self.canvas.show_rows(waiting_rows(source.lanes))
        self._ask(source, run_id)

    def _run_cleared(self) -> None:
        self.context.runner.cancel(LANE)
        self.timeline = self._lanes = None
        self.canvas.show_rows(())
        self._show_legend()

    def _source_shown(self, source: Source) -> None:
        self._run_cleared()

    def _ask(self, source: Source, run_id: RunId) -> None:
        def show(timeline: Timeline) -> None:
            self.timeline = timeline
            self.canvas.show_rows(lane_rows(source.lanes, timeline))
            self._show_legend()

        def fail(error: TelemetryError) -> None:
            self.canvas.show_rows([LaneRow("", str(error), None, str(error))])

        plan = timeline_plan(run_id)
        self._lanes = Growing(self.context.runner, LANE, source, plan, show, fail, self)
        self._lanes.ask(self.context.document.cursor.bounds)

    def _bounds_changed(self, bounds: TickRange | None) -> None:
        self.canvas.window_of_ticks.set_whole(bounds)
        self.canvas.redraw()

    def _show_legend(self) -> None:
        theme = self.context.theme
        found: dict[str, object] = {}
        for row in self.canvas.rows:
            for state in dict.fromkeys(row.lane.state if row.lane else ()):
                if state not in SWITCHES:
                    found.setdefault(state, theme.state_color(row.name, state))
        self.controls.legend.show_entries(tuple(found.items()))  # type: ignore[arg-type]


def waiting_rows(lanes: tuple[LaneInfo, ...]) -> list[LaneRow]:
    """Room for the lanes that a source has, before their states are read."""
    waiting = [LaneRow(x.name, "reading …", None, x.label) for x in lanes if x.recorded]
    return waiting + _missing([x for x in lanes if not x.recorded])


def lane_rows(lanes: tuple[LaneInfo, ...], timeline: Timeline) -> list[LaneRow]:
    """A row for each lane that was answered, in the source's order, and one for all the others.

    A lane of the source may stand for several of the run ("pairs" for one per exchange pair).
    """
    by_name = {lane.name: lane for lane in timeline.lanes}
    known = {info.name for info in lanes}
    rows: list[LaneRow] = []
    missing: list[LaneInfo] = []
    for info in lanes:
        lane = by_name.get(info.name)
        members = [x for x in timeline.lanes if x.name not in known] if lane is None else [lane]
        filled = [x for x in members if info.recorded and x.first.size]
        rows += [LaneRow(x.name, x.label, x) for x in filled]
        missing += [] if filled else [info]
    return rows + _missing(missing)


def _missing(lanes: list[LaneInfo]) -> list[LaneRow]:
    """One row that names what is not recorded."""
    if not lanes:
        return []
    names = ", ".join(lane.label for lane in lanes)
    why = "\n".join(x.reason or f"{x.label} is not recorded in this run." for x in lanes)
    return [LaneRow("", f"not recorded: {names}", None, why)]
