"""Flows: who gives what to whom within the brush, who passes it on, how fast money turns over."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from telemetry.analysis import circulation
from telemetry.cancel import CancelToken
from telemetry.concepts import AgentId, Flows, Good, Intermediaries, RunId, Velocity
from telemetry.errors import TelemetryError
from telemetry.export import recipes
from telemetry.frozen import Frozen, replace
from telemetry.queries import FlowsQuery, IntermediariesQuery
from vmt_log_viewer.background.exporting import Frame, Late
from vmt_log_viewer.plots.flow_circle import FlowCircle
from vmt_log_viewer.plots.flow_matrix import FlowMatrix
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.choosing import ChoosingView, page
from vmt_log_viewer.views.view import Context, ExportRequest
from vmt_log_viewer.widgets.choice_bar import ChoiceBar
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.plain_table import PlainTable
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from telemetry.source import Source

TABLE = 330
"""Pixels of the list of edges."""
NAME = 96
"""Pixels of an agent's name in it at most."""
LISTED = 2_000
"""So many edges stand in the table at most; exports have all of them."""
Edges = tuple[Flows, tuple[circulation.Row, ...], circulation.Matrix]
"""What is worked out in the background: the flows, a row for each edge, and the matrix."""


class FlowChoices(Frozen):
    """What the view is set to; an empty good: the first that is recorded."""

    good: str = ""
    rows: bool = False


class FlowsView(ChoosingView):
    """About one good of the run shown. A click on an edge tells of it; a button shows its rows."""

    name = "flows"
    title = "Flows"
    icon = "share-network"
    names_agents = True
    own_steps = frozenset(FlowChoices.__struct_fields__)

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if any(good.recorded for good in source.goods):
            return None
        if source.goods:
            return source.goods[0].reason
        return f"{source.identity.family_label} sources {FlowsQuery.LACKING}."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        self.choices = FlowChoices()
        super().__init__(context, parent)
        self.flows: Flows | None = None
        self.matrix: circulation.Matrix | None = None
        self.passing: Intermediaries | None = None
        self.edge: tuple[AgentId, AgentId] | None = None
        self._goods: Mapping[str, Good] = {}
        self._edges: tuple[circulation.Row, ...] = ()
        self._lay_out()
        self.bar.chosen.connect(self.choose)
        self.grid.edge_clicked.connect(self._choose_place)
        self.circle.edge_clicked.connect(self._choose_place)
        self.table.row_chosen.connect(self._choose_row)
        self.table.row_opened.connect(lambda row: self.show_rows())
        self.agents.row_chosen.connect(self._choose_agent)
        self.go.clicked.connect(self.show_rows)
        self.tabs.currentChanged.connect(
            lambda _: self.table.setVisible(self.tabs.currentWidget() is not self._agents_page)
        )

    # View

    def clear(self) -> None:
        super().clear()
        self._forget()

    def export_request(self) -> ExportRequest | None:
        source, run_id = self._source, self._run_id
        if self._stack.currentWidget() is not self.body or self.flows is None:
            return None
        assert source is not None
        assert run_id is not None
        if self.tabs.currentWidget() is self._agents_page:
            found = self.passing
            if found is None:
                return None
            again = partial(recipes.passing, (source, run_id), found.good, found.ticks)
            frame = Frame("agents", circulation.AGENTS, Late(circulation.agent_rows, found), again)
            return ExportRequest("flows-agents", frames=(frame,),
                                 pictures=widget_pictures(self._agents_page))  # fmt: skip
        query = FlowsQuery(run_id, self.flows.good.name, self.flows.ticks)
        frame = Frame("edges", circulation.EDGES, self._edges, lambda: query)
        chart = self.circle if self.tabs.currentWidget() is self._circle_page else self.grid
        others = 0 if self.matrix is None else self.matrix.others
        thinning = (f"{others} agents share the place called others.",) if others else ()
        return ExportRequest("flows", frames=(frame,), pictures=widget_pictures(chart),
                             thinning=thinning)  # fmt: skip

    # ChoosingView

    def _began(self, source: Source, run_id: RunId) -> None:
        self._forget()
        self._goods = {good.name: good for good in source.goods if good.recorded}
        self.bar.offer("good", [(good.name, good.label) for good in self._goods.values()])
        if self.choices.good not in self._goods:
            self.choices = FlowChoices(next(iter(self._goods), ""), self.choices.rows)

    def _offered(self, name: str) -> Collection[str] | None:
        return list(self._goods) if name == "good" else None

    def _show_choices(self) -> None:
        self.bar.show_choices({"good": self.choices.good, "rows": self.choices.rows})

    def _ask(self) -> None:
        source, run_id, good = self._source, self._run_id, self._goods.get(self.choices.good)
        if source is None or run_id is None or good is None:
            return
        brush, runner = self.brush, self.context.runner

        def edges(token: CancelToken) -> Edges:
            found = source.ask(FlowsQuery(run_id, good.name, brush), token)
            return found, circulation.edge_rows(found), circulation.matrix(found)

        runner.run(f"{self.name}.edges", edges, lambda found: self._show_flows(*found),
                   self.failed, self, "adding up flows", source)  # fmt: skip
        runner.submit(f"{self.name}.passing", source,
                      IntermediariesQuery(run_id, good.name, brush), self._show_passing,
                      self._no_passing, self, "looking for intermediaries")  # fmt: skip
        self.velocity.hide()
        runner.cancel(f"{self.name}.velocity")
        if good.money:
            runner.run(
                f"{self.name}.velocity",
                lambda token: circulation.velocity(source, run_id, good, brush, token),
                self._show_velocity, lambda error: self._say_velocity(str(error)), self,
                "reading the stock of money", source,
            )  # fmt: skip

    # Inside

    def show_rows(self) -> None:
        """See the rows of the chosen edge in the view of their table."""
        found, edge = self.flows, self.edge
        if found is None or edge is None:
            return
        legs = circulation.edges_between(found, *edge)
        if legs:
            texts = circulation.filters_of(found.good, legs[0][0], *edge)
            self.context.document.rows_wanted.emit(found.good.table, texts)

    def _lay_out(self) -> None:
        theme = self.context.theme
        self.bar = ChoiceBar()
        self.bar.add_list("good", "What changes hands")
        self.bar.add_switch("rows", "Count", "hash", "Colour by the number of rows, not by amounts")
        self.grid, self.circle = FlowMatrix(theme), FlowCircle(theme)
        self.pictures = self.grid, self.circle
        self.table, self.agents = PlainTable(theme), PlainTable(theme)
        self.about, self.velocity = caption(theme, elided=False), caption(theme, elided=False)
        self.told, self.said = caption(theme, elided=False), caption(theme, elided=False)
        for label in (self.about, self.velocity, self.told, self.said):
            label.setWordWrap(True)
        self.go = tool_button("Show its rows", "arrow-right", "The rows of this edge, filtered")
        self.go.hide()
        line = QHBoxLayout()
        line.setContentsMargins(0, GRID, 0, 0)
        line.setSpacing(INSIDE)
        line.addWidget(self.told, 1)
        line.addWidget(self.go)
        self._matrix_page, self._circle_page = page((self.grid, 1)), page((self.circle, 1))
        self._agents_page = page((self.agents, 1), (self.said, 0))
        for face, title in (
            (self._matrix_page, "Matrix"), (self._circle_page, "Circle"),
            (self._agents_page, "Agents"),
        ):  # fmt: skip
            self.tabs.addTab(face, title)
        parts = QSplitter(Qt.Orientation.Horizontal)
        parts.addWidget(self.tabs)
        parts.addWidget(self.table)
        parts.setStretchFactor(0, 1)
        parts.setSizes([560, TABLE])
        parts.setChildrenCollapsible(False)
        self.table.setMinimumWidth(160)
        layout = QVBoxLayout(self.body)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addWidget(self.bar)
        layout.addWidget(parts, 1)
        layout.addLayout(line)
        for label in (self.about, self.velocity):
            layout.addWidget(label)

    def _forget(self) -> None:
        self.flows = self.matrix = self.passing = self.edge = None
        self._edges = ()

    def _named(self) -> None:
        if self.flows is not None:
            self._draw()
        if self.passing is not None:
            self._show_passing(self.passing)
        for table in (self.table, self.agents):  # which were as wide as ids
            table.fit()
        self._fit_names()

    def _fit_names(self) -> None:
        for place in (0, 1):
            self.table.setColumnWidth(place, min(NAME, self.table.columnWidth(place)))

    def _show_flows(
        self, found: Flows, edges: tuple[circulation.Row, ...], matrix: circulation.Matrix
    ) -> None:
        self.flows, self._edges, self.matrix = found, edges, matrix
        if not len(found.count):
            within = "" if found.ticks is None else f" in ticks {found.ticks}"
            self.say(f"Nothing of {found.good.label} changed hands{within}.")
            return
        self.show_body()
        self._draw()
        rows = int(found.count.sum())
        self.status_changed.emit(f"{count_text(len(edges))} edges of {count_text(rows)} rows")
        self.export_changed.emit()

    def _draw(self) -> None:
        found = self.flows
        assert found is not None
        assert self.matrix is not None
        self.matrix = circulation.named(self.matrix, self._called)
        by_rows = self.choices.rows
        self.grid.show_matrix(self.matrix, by_rows=by_rows)
        self.circle.show_matrix(self.matrix, self._colors(self.matrix), by_rows=by_rows)
        shown = tuple(
            (self.called(g), self.called(t), amount, rows)  # type: ignore[arg-type]
            for _, g, t, amount, _, rows in self._edges[:LISTED]
        )
        # Headed by the unit alone: "quantity" before it left numbers no room in a narrow window.
        quantity = circulation.EDGES[3]
        headed = replace(quantity, label=found.good.unit or quantity.label)
        columns = (*circulation.EDGES[1:3], headed, circulation.EDGES[5])
        self.table.rows.show(columns, shown)
        self._fit_names()
        more = len(self._edges) - LISTED
        cut = f" The table lists the largest {count_text(LISTED)} edges." if more > 0 else ""
        grouped = "" if not self.matrix.others else (
            f" The {circulation.SHOWN} agents that give and take the most have a place of their "
            f"own; the other {count_text(self.matrix.others)} share one.")  # fmt: skip
        within = "" if found.ticks is None else f" in ticks {found.ticks}"
        agents = count_text(len(found.agents))
        about = f"{found.good.label}{within}: {agents} agents.{grouped}{cut}"
        self.about.setText(" ".join((about, *found.notes)))
        self._show_edge(self.edge)

    def _colors(self, matrix: circulation.Matrix) -> list[QColor]:
        """Each agent's own colour, which it has in every view; the others are grey."""
        theme, known = self.context.theme, [m for m in matrix.members if m is not None]
        agents = self.flows.agents if self.flows is not None else tuple(known)
        return [
            theme.color("faint") if m is None
            else theme.agent_color(m, agents.index(m), len(agents)) for m in matrix.members
        ]  # fmt: skip

    def _choose_place(self, giver: int, taker: int) -> None:
        matrix = self.matrix
        if matrix is None:
            return
        one, other = matrix.members[giver], matrix.members[taker]
        if one is None or other is None or not matrix.rows[giver, taker]:
            self.edge = None
            self.told.setText(self.grid.words_at(giver, taker))
            self.go.hide()
            return
        self._choose_edge(one, other)

    def _choose_row(self, row: int) -> None:
        if self.flows is not None and 0 <= row < len(self._edges):
            giver, taker = self._edges[row][1:3]
            self._choose_edge(giver, taker)  # type: ignore[arg-type]

    def _choose_agent(self, row: int) -> None:
        if self.passing is not None and 0 <= row < len(self.passing.agents):
            self.context.document.selection.set_agents((self.passing.agents[row].agent_id,))

    def _choose_edge(self, giver: AgentId, taker: AgentId) -> None:
        """Tell of an edge, and choose its two agents in every view."""
        self._show_edge((giver, taker))
        self.context.document.selection.set_agents((giver, taker))

    def _show_edge(self, edge: tuple[AgentId, AgentId] | None) -> None:
        found, matrix = self.flows, self.matrix
        legs = () if found is None or edge is None else circulation.edges_between(found, *edge)
        self.edge = edge if legs else None
        self.go.setVisible(bool(legs))
        self.told.setText("Click an edge to see its rows.")
        place = None
        if found is not None and matrix is not None and edge is not None and legs:
            names = [self.called(agent) for agent in edge]
            amount = sum(float(q) for _, q, _ in legs if q is not None)  # type: ignore[arg-type]
            rows = sum(n for _, _, n in legs)
            more = "" if len(legs) == 1 else (
                f" {count_text(legs[0][2])} of them are shown together: in the others it went "
                "the other way of buying.")  # fmt: skip
            self.told.setText(
                f"{names[0]} gave {names[1]} {amount:.6g} {found.good.unit} in "
                f"{count_text(rows)} row{'' if rows == 1 else 's'}.{more}"
            )
            if all(agent in matrix.members for agent in edge):
                place = (matrix.members.index(edge[0]), matrix.members.index(edge[1]))
        self.grid.choose(place)
        self.circle.choose(place)

    def _show_passing(self, found: Intermediaries) -> None:
        self.passing = found
        rows = circulation.agent_rows(found)
        shown = tuple(
            (self.called(row[1]), *row[2:6], row[7])
            for row in rows  # type: ignore[arg-type]
        )
        counted = ("taken", "given", "passed")
        columns = tuple(
            replace(c, unit=found.good.unit) if c.name in counted else c
            for c in circulation.AGENTS if c.name not in ("good", "unit")
        )  # fmt: skip
        self.agents.rows.show(columns, shown)
        between = sum(p.passed > 0 for p in found.agents)
        self.said.setText(
            f"{between} of {len(found.agents)} agents pass on what they took before: "
            f"{circulation.PASSED}, row by row; what agents give to themselves is left out."
        )
        self.export_changed.emit()

    def _no_passing(self, error: TelemetryError) -> None:
        self.passing = None
        self.agents.rows.show((), ())
        self.said.setText(str(error))

    def _show_velocity(self, found: Velocity) -> None:
        self._say_velocity(f"{circulation.velocity_text(found)} ({circulation.TURNS}.)")

    def _say_velocity(self, text: str) -> None:
        self.velocity.setText(text)
        self.velocity.show()
