"""Lens: a measure of every agent, who stands apart, who is clamped, when each comes to rest."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from telemetry.analysis import lenses
from telemetry.concepts import (
    AgentId,
    Histogram,
    Lens,
    Measure,
    RunId,
    Settlings,
    TickRange,
)
from telemetry.errors import TelemetryError
from telemetry.export import recipes
from telemetry.frozen import Frozen, replace
from telemetry.queries import HistogramQuery, SettlingQuery, Where
from vmt_log_viewer.background.exporting import Frame, Late
from vmt_log_viewer.plots.compare_chart import CompareChart
from vmt_log_viewer.plots.lens_chart import LensChart, NamedLine
from vmt_log_viewer.plots.phase_chart import PhaseChart
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.theme import GRID
from vmt_log_viewer.views import lens_work as work
from vmt_log_viewer.views.choosing import ChoosingView, page
from vmt_log_viewer.views.view import Context, ExportRequest
from vmt_log_viewer.widgets.choice_bar import ChoiceBar
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.plain_table import PlainTable

if TYPE_CHECKING:
    from telemetry.source import Source

BINS = 100
"""The run is counted in at most so many stretches of ticks."""


class LensChoices(Frozen):
    """What the view is set to; empty texts: what the source begins with."""

    measure: str = ""
    against: str = ""
    epsilon: float = 0.01
    log: bool = False


class LensView(ChoosingView):
    """About one measure of the run shown, and another that it is drawn against."""

    name = "lens"
    title = "Lens"
    icon = "magnifying-glass-plus"
    names_agents = True
    own_steps = frozenset(LensChoices.__struct_fields__)

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if lenses.focal(source) is not None:
            return None
        label = source.identity.family_label
        return f"{label} sources of this kind record no measures of agents by tick."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        self.choices = LensChoices()
        super().__init__(context, parent)
        self.lens: Lens | None = None
        self.other: Lens | None = None
        self.settlings: Settlings | None = None
        self.binding: Histogram | None = None
        self._places: tuple[tuple[AgentId, ...], dict[AgentId, int]] | None = None
        self._lay_out()
        document = context.document
        for bar in (self.bar, self.near, self.axes):
            bar.chosen.connect(self.choose)
        for chart in (self.fan, self.rest, self.binds):
            clicked = chart.tick_clicked if isinstance(chart, LensChart) else chart.place_clicked
            clicked.connect(lambda at: document.cursor.move_to(round(at)))
        self.phase.agent_clicked.connect(lambda agent: document.selection.set_agents((agent,)))
        self.agents.row_chosen.connect(self._choose_row)
        document.cursor.moved.connect(lambda _: self._show_cursor())
        document.selection.agents_changed.connect(lambda _: self._draw())

    # View

    def clear(self) -> None:
        super().clear()
        self._forget()

    def export_request(self) -> ExportRequest | None:
        source, run_id, lens = self._source, self._run_id, self.lens
        if self._stack.currentWidget() is not self.body or lens is None:
            return None
        assert source is not None
        assert run_id is not None
        run, measure, brush = (source, run_id), lens.measure.name, self.brush
        face = self.tabs.currentWidget()
        name, chart = "lens", self.fan
        frame = Frame("fan", lenses.FAN, Late(lenses.fan_rows, lens),
                      partial(recipes.lens, run, "fan", measure, brush))  # fmt: skip
        if face is self._rest_page and self.settlings is not None:
            name, chart = "settling", self._rest_page
            frame = Frame(
                "agents", lenses.AGENTS, Late(lenses.agent_rows, self.settlings, lens),
                partial(recipes.lens, run, "agents", measure, brush,
                        epsilon=self.settlings.epsilon),
            )  # fmt: skip
        elif face is self._binds_page:
            if self.binding is None:
                return None
            table = lenses.binding_table(source)
            name, chart = "binding", self.binds
            frame = Frame(
                "binding", lenses.BINDING, Late(lenses.binding_rows, self.binding),
                partial(recipes.binding, run, table.name if table else "", BINS, brush),
            )  # fmt: skip
        elif face is self._phase_page and self.other is not None:
            name, chart = "phase", self.phase
            against = self.other.measure.name
            frame = work.phase_frame(
                lens, self.other,
                partial(recipes.lens, run, "phase", measure, brush, against=against),
            )  # fmt: skip
        return ExportRequest(
            name, frames=(frame,), pictures=widget_pictures(chart),
            thinning=self._thinning(face),
        )  # fmt: skip

    def _thinning(self, face: QWidget) -> tuple[str, ...]:
        """What the picture of a face leaves out."""
        if self.lens is None or face is self._binds_page or face is self._rest_page:
            return ()
        if face is self._phase_page:
            ways = len(self.phase.ways)
            more = (f"The ways of {work.WAYS} of {ways} agents are drawn.",)
            return (*self.lens.notes, *(more if ways > work.WAYS else ()))
        beyond = self.fan.beyond()
        lines = (f"Lines that leave the picture: {', '.join(beyond)}.",) if beyond else ()
        return (*self.lens.notes, *lines)

    # ChoosingView

    def _began(self, source: Source, run_id: RunId) -> None:
        self._forget()
        known = [m for m in source.measures if m.recorded]
        for name, bar in (("measure", self.bar), ("against", self.axes)):
            bar.offer(name, [(m.name, m.label) for m in known])
        names = {m.name for m in known}
        for name in ("measure", "against"):
            if getattr(self.choices, name) not in names:
                self.choices = replace(self.choices, **{name: ""})
        table = lenses.binding_table(source)
        self.tabs.setTabVisible(self.tabs.indexOf(self._binds_page), table is not None)

    def _other_axis(self, source: Source, shown: Measure) -> tuple[str, ...]:
        """What is drawn against the measure shown: what was chosen, or declared, or is usual."""
        if self.choices.against:
            return (self.choices.against,)
        return lenses.others(source, shown)

    def _offered(self, name: str) -> Collection[str] | None:
        known = [] if self._source is None else [m.name for m in self._source.measures]
        return known if name in ("measure", "against") else None

    def _show_choices(self) -> None:
        shown = {name: getattr(self.choices, name) for name in LensChoices.__struct_fields__}
        for name, lens in (("measure", self.lens), ("against", self.other)):
            shown[name] = shown[name] or ("" if lens is None else lens.measure.name)
        for bar in (self.bar, self.near, self.axes):
            bar.show_choices(shown)

    def _ask(self) -> None:
        source, run_id, chosen, brush = self._source, self._run_id, self.choices, self.brush
        if source is None or run_id is None:
            return
        names = (chosen.measure,) if chosen.measure else lenses.usual(source)
        self.context.runner.run(
            f"{self.name}.fan", lambda token: lenses.look(source, run_id, names, brush, token),
            self._show_lens, self.failed, self, "reading all agents", source,
        )  # fmt: skip
        self._ask_binding(source, run_id, brush)

    def _ask_more(self, source: Source, run_id: RunId, shown: Measure) -> None:
        """When agents settle, and the other axis, of the measure that is shown."""
        brush, names = self.brush, self._other_axis(source, shown)
        self.context.runner.submit(
            f"{self.name}.rest", source,
            SettlingQuery(run_id, shown.name, self.choices.epsilon, True, brush),
            self._show_settled, self._no_settled, self, "looking for the limits",
        )  # fmt: skip
        self.context.runner.run(
            f"{self.name}.phase", lambda token: lenses.look(source, run_id, names, brush, token),
            self._show_other, None, self, "reading the other axis", source,
        )  # fmt: skip

    # Inside

    def _lay_out(self) -> None:
        theme = self.context.theme
        self.bar, self.near, self.axes = ChoiceBar(), ChoiceBar(), ChoiceBar()
        self.bar.add_list("measure", "The measure under the lens")
        self.bar.add_switch("log", "Log", "chart-line", "A logarithmic axis of values above 0")
        self.near.add_share("epsilon", "ε ", "A settled value is within this share of its limit")
        self.axes.add_list("against", "The measure that it is drawn against")
        self.fan, self.phase = LensChart(theme), PhaseChart(theme)
        self.rest, self.binds = CompareChart(theme), CompareChart(theme)
        self.pictures = self.fan, self.phase
        self.agents = PlainTable(theme)
        said = [caption(theme, elided=False) for _ in range(4)]
        for label in said:
            label.setWordWrap(True)
        self.said_fan, self.said_rest, self.said_binds, self.said_phase = said
        parts = QSplitter(Qt.Orientation.Vertical)
        parts.addWidget(self.rest)
        parts.addWidget(self.agents)
        parts.setChildrenCollapsible(False)
        self._fan_page = page((self.fan, 1), (self.said_fan, 0))
        self._rest_page = page((self.near, 0), (self.said_rest, 0), (parts, 1))
        self.unbound = EmptyState()
        self._binds_page = page((self.binds, 1), (self.unbound, 1), (self.said_binds, 0))
        self._phase_page = page((self.axes, 0), (self.phase, 1), (self.said_phase, 0))
        for face, title in (
            (self._fan_page, "Fan"), (self._rest_page, "Settling"),
            (self._phase_page, "Phase"), (self._binds_page, "What binds"),
        ):  # fmt: skip
            self.tabs.addTab(face, title)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.bar)
        layout.addWidget(self.tabs, 1)

    def _named(self) -> None:
        self._draw()
        if self.settlings is not None:
            self._show_settled(self.settlings)
            self.agents.fit()  # as wide as names are, not ids

    def _forget(self) -> None:
        self.lens = self.other = self.settlings = self.binding = None

    def _ask_binding(self, source: Source, run_id: RunId, brush: TickRange | None) -> None:
        table = lenses.binding_table(source)
        column = None if table is None else table.with_role(lenses.BINDS)
        if table is None or column is None or not table.recorded:
            self._no_binding("Which of several estimates binds is not recorded in this database.")
            return
        missing = f"Run {run_id} has no rows of {table.name}. {table.how_to_record}".strip()
        self.context.runner.submit(
            f"{self.name}.binds", source,
            HistogramQuery(run_id, table.name, column.name, Where(ticks=brush), BINS),
            lambda found: self._show_binding(found, missing), None, self, "counting what binds",
        )  # fmt: skip

    def _color(self, agent: AgentId, agents: tuple[AgentId, ...]) -> QColor:
        if self._places is None or self._places[0] is not agents:
            self._places = agents, {agent: place for place, agent in enumerate(agents)}
        return self.context.theme.agent_color(agent, self._places[1][agent], len(agents))

    def _show_lens(self, found: Lens) -> None:
        if not len(found.tick):
            self.lens = None
            self.say(" ".join(found.notes) or f"{found.measure.label} has no values here.")
            return
        self.lens = found
        self.show_body()
        self._show_choices()
        self._draw()
        if self._source is not None and self._run_id is not None:
            self._ask_more(self._source, self._run_id, found.measure)
        agents = len(found.agents)
        self.status_changed.emit(f"{agents} agents at {len(found.tick)} ticks")
        self.export_changed.emit()

    def _draw(self) -> None:
        """The fan with its named lines: agents chosen by hand, else those who stand apart."""
        found = self.lens
        if found is None:
            return
        chosen = [a for a in self.context.document.selection.agents if a in found.agents]
        apart = [o.agent_id for o in found.outliers]
        drawn = (chosen or apart)[: work.NAMED_LINES]
        lines = [
            NamedLine(self.called(a), found.line(a), self._color(a, found.agents)) for a in drawn
        ]
        self.fan.show_lens(found, lines, log=self.choices.log)
        told = f"{len(apart)} of {len(found.agents)} agents stand apart"
        if chosen:
            told += f"; drawn: the {len(drawn)} of {len(chosen)} chosen"
        elif len(apart) > work.NAMED_LINES:
            told += f", the {work.NAMED_LINES} farthest are drawn"
        beyond = self.fan.beyond()
        leave = f" Leaving the picture: {', '.join(beyond)}." if beyond else ""
        bounds = "" if found.bounds else " Bounds are not recorded, so no clamp is shown."
        self.said_fan.setText(" ".join((f"{told}. {found.rule}{leave}{bounds}", *found.notes)))
        self._draw_phase()
        self._show_cursor()

    def _show_other(self, found: Lens) -> None:
        self.other = found
        self._show_choices()
        self._draw_phase()

    def _draw_phase(self) -> None:
        up, across = self.lens, self.other
        if up is None or across is None:
            return
        agents = self.context.document.selection.agents
        ways, ticks = work.ways(up, across, agents, self.called, self._color)
        self.phase.show_ways(ways, ticks, (work.label(across), work.label(up)))
        drawn = min(work.WAYS, len(ways))
        told = f"Ways of {drawn} of {len(ways)} agents. " if len(ways) > work.WAYS else ""
        lacking = "" if len(across.tick) else " ".join(across.notes)
        self.said_phase.setText(
            lacking
            or f"{told}Rings: where an agent began; discs: where it is at the cursor's tick."
        )

    def _show_settled(self, found: Settlings) -> None:
        self.settlings = found
        lines = work.settled_lines(found)
        self.rest.show_all(lines, (), "Share of the agents that have settled", "tick", whole=True)
        self.rest.setVisible(bool(lines))
        self.said_rest.setText(f"{lenses.headline(found)} {lenses.clamped(found)}")
        told = lenses.agent_rows(found, self.lens)
        rows = [(self.called(s.agent_id), *row[1:])
                for s, row in zip(found.agents, told, strict=True)]  # fmt: skip
        self.agents.rows.show(lenses.AGENTS, rows)
        self._show_cursor()
        self.export_changed.emit()

    def _no_settled(self, error: TelemetryError) -> None:
        self.settlings = None
        self.said_rest.setText(str(error))

    def _choose_row(self, row: int) -> None:
        """Choose the agent, and go to where it settles."""
        if self.settlings is None or not 0 <= row < len(self.settlings.agents):
            return
        found = self.settlings.agents[row]
        self.context.document.selection.set_agents((found.agent_id,))
        self.context.document.cursor.move_to(found.settled)

    def _show_binding(self, found: Histogram, missing: str) -> None:
        updates = sum(int(counts.sum()) for counts in found.counts.values())
        if not updates:
            self._no_binding(missing)
            return
        self.binding = found
        lines = work.binding_lines(found)
        self.binds.show_all(lines, (), "Share of updates that each estimate binds", "tick",
                            whole=True)  # fmt: skip
        self._know_binding(True)
        shares = ", ".join(f"{n} in {int(c.sum())}" for n, c in sorted(found.counts.items()))
        per = "each tick" if found.width == 1 else f"{found.width} ticks at a time"
        self.said_binds.setText(
            f"Of {updates} updates {shares} bind: the smaller estimate is the one that "
            f"counts. Shares are of the updates of {per}."
        )
        self._show_cursor()
        self.export_changed.emit()

    def _no_binding(self, why: str) -> None:
        self.binding = None
        self.unbound.say(why)
        self._know_binding(False)
        self.export_changed.emit()

    def _know_binding(self, known: bool) -> None:
        self.binds.setVisible(known)
        self.said_binds.setVisible(known)
        self.unbound.setVisible(not known)

    def _show_cursor(self) -> None:
        tick = self.context.document.cursor.tick
        self.fan.set_cursor(tick)
        self.phase.set_cursor(tick)
        for chart in (self.rest, self.binds):
            chart.set_cursor(None if tick is None else float(tick))
