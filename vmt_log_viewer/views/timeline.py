"""TimelineStrip: the run over its ticks, always visible: lanes, cursor, brush and playback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from telemetry.concepts import Lane, LaneInfo, RunId, TickRange, Timeline
from telemetry.errors import TelemetryError
from telemetry.queries import TimelineQuery
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

    def settled(self) -> bool:
        return not self.context.runner.pending(LANE)

    def _run_shown(self, source: Source, run_id: RunId) -> None:
        self.timeline = None
        self.canvas.window_of_ticks.fit()
        self.canvas.show_rows(waiting_rows(source.lanes))
        self._ask(source, run_id)

    def _run_cleared(self) -> None:
        self.context.runner.cancel(LANE)
        self.timeline = None
        self.canvas.show_rows(())
        self._show_legend()

    def _ask(self, source: Source, run_id: RunId) -> None:
        lanes = source.lanes

        def show(timeline: Timeline) -> None:
            self.timeline = timeline
            self.canvas.show_rows(lane_rows(lanes, timeline))
            self._show_legend()

        def fail(error: TelemetryError) -> None:
            rows = [LaneRow(lane.name, lane.label, None, str(error)) for lane in lanes]
            self.canvas.show_rows(rows)

        query = TimelineQuery(run_id)
        self.context.runner.submit(LANE, source, query, show, fail, self)

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
    return [_row(info, None) for info in lanes]


def lane_rows(lanes: tuple[LaneInfo, ...], timeline: Timeline) -> list[LaneRow]:
    """A row for each lane that was answered, and for each that is not recorded, in their order.

    A lane of the source may stand for several of the run ("pairs" for one per exchange pair).
    """
    by_name = {lane.name: lane for lane in timeline.lanes}
    known = {info.name for info in lanes}
    rows: list[LaneRow] = []
    for info in lanes:
        if info.name in by_name:
            rows.append(_row(info, by_name[info.name]))
        elif info.recorded and (members := [x for x in timeline.lanes if x.name not in known]):
            rows += [LaneRow(lane.name, lane.label, _filled(lane)) for lane in members]
        else:
            rows.append(_row(info, None))
    return rows


def _row(info: LaneInfo, lane: Lane | None) -> LaneRow:
    reason = info.reason or f"{info.label} is not recorded in this run."
    return LaneRow(info.name, info.label, _filled(lane), reason)


def _filled(lane: Lane | None) -> Lane | None:
    return lane if lane is not None and lane.first.size else None
