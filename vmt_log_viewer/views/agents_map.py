"""Map: the grid at the cursor's tick, agents coloured by a measure, trades as arrows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from telemetry.concepts import Agent, AgentId, RunId, Scene, TickRange
from telemetry.errors import TelemetryError
from telemetry.queries import AgentsQuery, SceneQuery, TableQuery, Where
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.theme import BETWEEN, GRID, INSIDE
from vmt_log_viewer.views.view import ExportRequest, View
from vmt_log_viewer.widgets.color_bar import ColorBar
from vmt_log_viewer.widgets.color_chooser import ColorChooser
from vmt_log_viewer.widgets.color_scale import ColorScale
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.grid_canvas import GridCanvas
from vmt_log_viewer.widgets.grid_painter import Looks
from vmt_log_viewer.widgets.map_legend import MapLegend
from vmt_log_viewer.widgets.plain import caption, tool_button

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context


class MapView(View):
    """Follows the cursor. While a tick is being read no other is asked for, so that playing
    fast shows as many ticks as can be read instead of none.
    """

    name = "map"
    title = "Map"
    icon = "map-trifold"

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        states = source.table_with_role("states")
        if states is None or states.with_role("x") is None or states.with_role("y") is None:
            return "Positions of agents are not recorded in this database."
        return None

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        theme = context.theme
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._waiting = False
        self._asking: int | None = None
        self._refused: int | None = None  # the tick whose reading failed
        self._order: dict[AgentId, int] = {}
        self._largest, self._kinds = 1.0, ()
        self.canvas = GridCanvas(theme)
        self.bar = ColorBar(theme)
        self.legend = MapLegend(theme)
        self.measures = ColorChooser(context, f"{self.name}.scale")
        self._targets = _switch("Targets", "crosshair-simple", "Lines to where agents head for")
        self._resources = _switch("Resources", "leaf", "Squares whose area is the amount")
        self._about = caption(theme)
        self._unit = caption(theme, elided=False)
        self._empty = EmptyState()
        self._pages = QStackedWidget()
        self._lay_out()
        self._connect()

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._source, self._run_id = source, run_id
        self._order, self._largest, self._kinds = {}, 1.0, ()
        self._asking = None
        self._waiting = True
        if self.isVisible():
            self._catch_up()

    def clear(self) -> None:
        self._source = self._run_id = None
        self._waiting, self._asking = False, None
        self.canvas.show_scene(None, Looks())
        self._empty.say("")
        self._pages.setCurrentWidget(self._empty)

    def refresh(self) -> None:
        self._waiting = self._source is not None
        if self.isVisible():
            self._catch_up()

    def export_request(self) -> ExportRequest | None:
        scene, source = self.canvas.scene, self._source
        if scene is None or source is None or self._run_id is None:
            return None
        states = source.table_with_role("states")
        queries = ()
        if states is not None:
            where = Where(ticks=TickRange(scene.tick, scene.tick))
            queries = (TableQuery(self._run_id, states.name, where=where),)
        pictures = {"png": self.canvas.save_png, "svg": self.canvas.save_svg}
        scale = f"Colours: {self.measures.note}" if self.measures.note else ""
        thinning = (scale,) if scale else ()
        return ExportRequest(f"map-tick-{scene.tick}", queries, pictures, thinning=thinning)

    def state(self) -> dict[str, JSON]:
        return {
            "color": self.measures.currentData(),
            "targets": self._targets.isChecked(),
            "resources": self._resources.isChecked(),
        }

    def restore(self, choices: Choices) -> None:
        offered = [m.name for m in self._source.measures if m.recorded] if self._source else []
        color = choices.text("color", str(self.measures.currentData() or ""), ("", *offered))
        self.measures.setCurrentIndex(max(0, self.measures.findData(color)))
        self._targets.setChecked(choices.flag("targets", True))
        self._resources.setChecked(choices.flag("resources", True))

    def dress(self) -> Iterator[None]:
        yield from self.canvas.dress()

    def settled(self) -> bool:
        if not self.isVisible():
            return True
        scene, tick = self.canvas.scene, self.context.document.cursor.tick
        shown = tick in (None, self._refused) or (scene is not None and scene.tick == tick)
        painted = self.canvas.painted()
        return not self._waiting and shown and painted and super().settled()

    # Asking

    def _catch_up(self) -> None:
        if self._waiting and self._source is not None and self._run_id is not None:
            self._waiting = False
            self.measures.show_run(self._source, self._run_id)
            self.context.runner.submit(
                f"{self.name}.agents",
                self._source,
                AgentsQuery(self._run_id),
                self._show_agents,
                self._show_failure,
                self,
            )
            self._ask(again=True)
        else:
            self._ask()

    def _ask(self, *, again: bool = False) -> None:
        """Read the cursor's tick, unless one is being read: then after that."""
        source, run_id, tick = self._source, self._run_id, self.context.document.cursor.tick
        if source is None or run_id is None:
            return
        if tick is None:
            self._empty.say("This run has no rows that say where agents were.")
            self._pages.setCurrentWidget(self._empty)
            return
        scene = self.canvas.scene
        if self._asking is not None and not again:
            return
        if not again and scene is not None and scene.tick == tick:
            return
        self._asking, self._refused = tick, None
        measure = self.measures.measure
        self.context.runner.submit(
            f"{self.name}.scene",
            source,
            SceneQuery(run_id, tick, None if measure is None else measure.name),
            self._show_scene,
            self._show_failure,
            self,
        )

    def _show_scene(self, scene: Scene) -> None:
        self._asking = None
        self._largest = max([self._largest, *(m.amount for m in scene.resources)])
        self._kinds = tuple(sorted({*self._kinds, *(m.kind for m in scene.resources)}))
        measure = self.measures.measure
        unit = f" {measure.unit}" if measure is not None and measure.unit else ""
        readout = "" if measure is None else f"{_braced(measure.label)} {{}}{_braced(unit)}"
        self.canvas.show_scene(scene, self._looks(), readout)
        self.legend.show_marks(self._kinds, sorted({t.pair for t in scene.trades}))
        self._pages.setCurrentIndex(0)
        self._say(scene)
        self.export_changed.emit()
        self._ask()

    def _show_failure(self, error: TelemetryError) -> None:
        self._refused, self._asking = self._asking, None
        self._about.setText(str(error))
        self.status_changed.emit(str(error))

    def _show_agents(self, agents: tuple[Agent, ...]) -> None:
        self._order = {agent.agent_id: place for place, agent in enumerate(agents)}
        self.canvas.set_looks(self._looks())

    # Colours

    def _show_scale(self) -> None:
        measure = self.measures.measure
        self._unit.setText("" if measure is None else measure.unit)
        self.bar.setVisible(measure is not None)
        self.bar.show_scale(self.measures.scale, self.measures.note)
        self._redraw()

    def _looks(self) -> Looks:
        measured = self.measures.measure is not None
        scale = self.measures.scale
        if measured and scale is None:
            scale = ColorScale(0.0, 1.0)  # nothing recorded: every agent is grey anyway
        theme, count = self.context.theme, len(self._order)
        order = {} if measured else self._order
        return Looks(
            scale=scale,
            agent_colors={a: theme.agent_color(a, i, count) for a, i in order.items()},
            chosen=frozenset(self.context.document.selection.agents),
            targets=self._targets.isChecked(),
            resources=self._resources.isChecked(),
            largest_amount=self._largest,
            kinds=self._kinds,
        )

    def _redraw(self) -> None:
        self.canvas.set_looks(self._looks())

    # Inside

    def _say(self, scene: Scene) -> None:
        trades = len(scene.trades)
        parts = [
            f"tick {scene.tick}",
            f"{len(scene.agents)} agents",
            f"{trades} {'trade' if trades == 1 else 'trades'}",
        ]
        if scene.resource_tick is not None:
            parts.append(f"resources as of tick {scene.resource_tick}")
        parts += [note.rstrip(".") for note in scene.notes]
        self._about.setText(" · ".join(parts))
        self.status_changed.emit(" · ".join(parts))

    def _agent_clicked(self, agent: AgentId, more: bool) -> None:
        selection = self.context.document.selection
        if more:
            selection.toggle_agent(agent)
        else:
            selection.set_agents((agent,))
        selection.select(AgentItem(agent))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(INSIDE)
        label = caption(self.context.theme, "Colour", elided=False)
        top.addWidget(label)
        top.addWidget(self.measures)
        top.addWidget(self._targets)
        top.addWidget(self._resources)
        top.addWidget(self._about, 1)
        scale = QVBoxLayout()
        scale.setSpacing(GRID)
        scale.addWidget(self._unit)
        scale.addWidget(self.bar, 1)
        middle = QHBoxLayout()
        middle.setSpacing(BETWEEN)
        middle.addWidget(self.canvas, 1)
        middle.addLayout(scale)
        body = QWidget()
        inside = QVBoxLayout(body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(GRID)
        inside.addLayout(top)
        inside.addLayout(middle, 1)
        inside.addWidget(self.legend)
        self._pages.addWidget(body)
        self._pages.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._pages)

    def _connect(self) -> None:
        document = self.context.document
        self.measures.measure_changed.connect(lambda: self._ask(again=True))
        self.measures.scale_changed.connect(self._show_scale)
        self._targets.toggled.connect(self._redraw)
        self._resources.toggled.connect(self._redraw)
        self.canvas.agent_clicked.connect(self._agent_clicked)
        document.cursor.moved.connect(self._cursor_moved)
        document.selection.agents_changed.connect(self._agents_changed)

    def _cursor_moved(self, _: int | None) -> None:
        if self.isVisible() and not self._waiting:
            self._ask()

    def _agents_changed(self, _: tuple[AgentId, ...]) -> None:
        self._redraw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._catch_up()


def _switch(text: str, icon: str, tip: str) -> QWidget:
    button = tool_button(text, icon, tip)
    button.setCheckable(True)
    button.setChecked(True)
    return button


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
