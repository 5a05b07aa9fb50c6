"""Overview: what a run is, how large, who traded what, and what became of the agents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from telemetry.concepts import (
    Agent,
    AgentId,
    Facets,
    Histogram,
    Measure,
    RunDetail,
    RunId,
    RunSizes,
    Series,
    Summary,
    TickRange,
)
from telemetry.errors import TelemetryError
from telemetry.queries import AgentsQuery, Query, RunQuery, RunSizesQuery
from telemetry.text import one_line
from vmt_log_viewer.plots.agent_columns import (
    SpanColumns,
    TradeColumns,
    bought_color,
    sold_color,
)
from vmt_log_viewer.plots.bars import BarList
from vmt_log_viewer.plots.bin_chart import BinChart
from vmt_log_viewer.state.items import AgentItem, RunItem
from vmt_log_viewer.theme import AROUND, BETWEEN, GRID
from vmt_log_viewer.views.overview_questions import (
    Questions,
    reason_bars,
    span_columns,
    trade_columns,
)
from vmt_log_viewer.views.overview_sections import (
    READING,
    FactGrid,
    GroupTable,
    Legend,
    Message,
    Section,
    clear,
)
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.plain import caption, heading, tool_button
from vmt_log_viewer.widgets.words import ticks_text

if TYPE_CHECKING:
    from telemetry.source import Source

TWO_COLUMNS = 720
"""Pixels from which the sections stand in two columns."""
LEFT_SHARE, RIGHT_SHARE = 6, 5
"""How the width is divided: the table of pair types needs more than the facts."""


class OverviewView(View):
    """A page of sections, each of which fills in by itself. The brush limits all that counts."""

    name = "overview"
    title = "Overview"
    icon = "clipboard-text"

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._questions: Questions | None = None
        self._agents: tuple[Agent, ...] = ()
        self._places: dict[AgentId, int] = {}
        self._answers: dict[str, Any] = {}
        self._columns = 0
        self._make()
        self._arrange(1)
        selection = context.document.selection
        selection.brush_changed.connect(self._brush_changed)
        context.theme.changed.connect(self._dress)

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._questions = Questions(source, run_id, self.context.document.selection.brush)
        self._answers = {}
        self.head.setText("")
        clear(self._messages)
        self._make_spans()
        for section in self._sections():
            section.say(READING)
        self._ask_all()

    def clear(self) -> None:
        self._questions = None
        self._answers = {}

    def refresh(self) -> None:
        if self._questions is not None:
            self._ask_all()

    def export_request(self) -> ExportRequest | None:
        if self._questions is None:
            return None
        return ExportRequest(f"run-{self._questions.run_id}-overview")

    # Asking

    def _ask_all(self) -> None:
        q = self._questions
        assert q is not None
        self._ask("detail", RunQuery(q.run_id), self._show_detail, self.facts)
        self._ask("sizes", RunSizesQuery((q.run_id,)), self._show_sizes, self.sizes)
        self._ask("agents", AgentsQuery(q.run_id), self._show_agents, self.traders)
        self._ask_counts()

    def _ask_counts(self) -> None:
        """Everything that a brush limits."""
        q = self._questions
        assert q is not None
        if q.trades is None:
            table = q.source.table_with_role("trades")
            why = table.how_to_record if table is not None else ""
            for section in (self.pairs, self.over_time, self.traders):
                section.say(f"Trades are not recorded in this source. {why}".strip())
        self._ask("summary", q.summary(), self._show_summary, self.pairs)
        self._ask("histogram", q.histogram(), self._show_histogram, self.over_time)
        self._ask("bought", q.counts_of("buyer"), self._show_traders, self.traders)
        self._ask("sold", q.counts_of("seller"), self._show_traders, self.traders)
        if q.attempts is None:
            self.attempts.say(self._no_attempts("not recorded in this source"))
        self._ask("failed", q.reasons(success=False), self._show_attempts, self.attempts)
        self._ask("succeeded", q.reasons(success=True), self._show_attempts, self.attempts)
        bounds = q.ticks or self.context.document.cursor.bounds
        for measure in q.measures():
            if bounds is None:
                self.spans[measure.name].say("This run has no ticks.")
                continue
            for end, tick in (("start", bounds.first), ("end", bounds.last)):
                show = self._span_shower(measure)
                query = q.at(measure, tick)
                self._ask(f"{end}.{measure.name}", query, show, self.spans[measure.name])

    def _ask(
        self, what: str, query: Query[Any] | None, show: Callable[[], None], section: Section
    ) -> None:
        """Keep the answer to `query` under `what` and then `show` it."""
        if query is None or self._questions is None:
            return

        def arrived(answer: Any) -> None:
            self._answers[what] = answer
            show()

        def failed(error: TelemetryError) -> None:
            section.say(str(error))

        self._answers.pop(what, None)
        lane = f"{self.name}.{what}"
        self.context.runner.submit(lane, self._questions.source, query, arrived, failed, self)

    def _brush_changed(self, brush: TickRange | None) -> None:
        if self._questions is None or self.context.document.run_id != self._questions.run_id:
            return
        q = self._questions
        self._questions = Questions(q.source, q.run_id, brush)
        self._ask_counts()
        self._say_limits()

    # Showing

    def _show_detail(self) -> None:
        detail: RunDetail = self._answers["detail"]
        self.head.setText(one_line(detail.run.name, limit=200) or f"Run {detail.run.run_id}")
        source = self._questions.source.name if self._questions else ""
        self.subtitle.setText(f"Run {detail.run.run_id} · {detail.run.status} · {source}")
        clear(self._messages)
        for text in detail.warnings:
            self._messages.addWidget(Message(self.context.theme, text, "warning"))
        for text in detail.notes:
            self._messages.addWidget(Message(self.context.theme, text, "info"))
        self.fact_grid.show_facts(detail.facts)
        self.facts.say("")
        self.status_changed.emit(self.subtitle.text())

    def _show_sizes(self) -> None:
        sizes: RunSizes = self._answers["sizes"]
        q = self._questions
        if q is None:
            return
        counts = dict(sizes.counts.get(q.run_id, {}))
        labels = {table.name: table.label for table in q.source.tables}
        self.size_grid.show_counts(counts, labels)
        missing = [t.label for t in q.source.tables if not t.recorded]
        self.sizes.note.setText(f"not in this source: {', '.join(missing)}" if missing else "")
        self.sizes.say("" if counts else "Nothing is recorded of this run.")

    def _show_agents(self) -> None:
        self._agents = self._answers["agents"]
        self._places = {agent.agent_id: i for i, agent in enumerate(self._agents)}
        self._show_traders()
        for name in self.spans:
            self._show_span(name)

    def _show_summary(self) -> None:
        summary: Summary = self._answers["summary"]
        theme = self.context.theme
        colors = {str(group[0]): theme.pair_color(str(group[0])) for group in summary.groups}
        if summary.groups:
            self.pair_table.show_summary(summary, colors)
        self.pairs.say("" if summary.groups else f"No trade happened{self._during()}.")

    def _show_histogram(self) -> None:
        histogram: Histogram = self._answers["histogram"]
        theme = self.context.theme
        colors = {name: theme.pair_color(name) for name in sorted(histogram.counts)}
        ticks = self._questions.ticks if self._questions else None
        ticks = ticks or self.context.document.cursor.bounds
        self.bins.show_histogram(histogram, colors, ticks)
        self.bin_legend.show_entries(tuple(colors.items()))
        width = "per tick" if histogram.width == 1 else f"per {histogram.width} ticks"
        self.over_time.note.setText(width if histogram.counts else "")
        self.over_time.say("" if histogram.counts else f"No trade happened{self._during()}.")

    def _show_attempts(self) -> None:
        if not {"failed", "succeeded"} <= self._answers.keys():
            return
        failed: Facets = self._answers["failed"]
        succeeded: Facets = self._answers["succeeded"]
        bars = reason_bars(failed, succeeded, self.context.theme)
        self.reason_bars.show_bars(bars)
        self.attempts.say("" if bars else self._no_attempts(f"recorded{self._during()}", "No "))
        self.attempts.note.setText(
            f"{failed.total:,} failed, {succeeded.total:,} succeeded".replace(",", "\u202f")
            if bars
            else ""
        )

    def _show_traders(self) -> None:
        if not {"bought", "sold", "agents"} <= self._answers.keys():
            return
        bought: Facets = self._answers["bought"]
        columns = trade_columns(bought, self._answers["sold"], self._agents, self._color_of)
        self.trader_chart.show_columns(columns)
        self.traders.note.setText("busiest first")
        self.traders.say("" if bought.total else f"No trade happened{self._during()}.")

    def _span_shower(self, measure: Measure) -> Callable[[], None]:
        return lambda: self._show_span(measure.name)

    def _show_span(self, name: str) -> None:
        start: Series | None = self._answers.get(f"start.{name}")
        end: Series | None = self._answers.get(f"end.{name}")
        if start is None or end is None or "agents" not in self._answers:
            return
        section = self.spans[name]
        columns = span_columns(start, end, self._agents, self._color_of)
        chart = section.content
        assert isinstance(chart, SpanColumns)
        chart.show_columns(columns)
        unmatched = len(self._agents) - len(columns)
        parts = [start.measure.unit, "○ start", "● end"]
        parts += [f"{unmatched} agents lack one of them"] if unmatched else []
        section.note.setText("  ".join(parts) if columns else "")
        missing = start.measure.reason or f"No agent has a value at {self._ends()}."
        section.say("" if columns else missing)

    def _no_attempts(self, how: str, begin: str = "") -> str:
        q = self._questions
        table = q.source.table_with_role("attempts") if q is not None else None
        why = table.how_to_record if table is not None else ""
        noun = "attempt is" if begin else "Attempts are"
        return f"{begin}{noun} {how}. {why}".strip()

    def _color_of(self, agent_id: AgentId) -> QColor:
        """The agent's own colour, as everywhere; of very many agents plain text colour."""
        if len(self._agents) > 60:
            return self.context.theme.color("text")
        place = self._places.get(agent_id, 0)
        return self.context.theme.agent_color(agent_id, place, max(len(self._agents), 1))

    def _during(self) -> str:
        ticks = self._questions.ticks if self._questions else None
        return f" in {ticks_text(ticks)}" if ticks is not None else " in this run"

    def _ends(self) -> str:
        ticks = self._questions.ticks if self._questions else None
        ticks = ticks or self.context.document.cursor.bounds
        return "either end" if ticks is None else f"ticks {ticks.first} and {ticks.last}"

    def _say_limits(self) -> None:
        ticks = self._questions.ticks if self._questions else None
        self.limits.setText("" if ticks is None else f"limited to {ticks_text(ticks)}")

    # Building

    def _make(self) -> None:
        theme, document = self.context.theme, self.context.document
        self.head = heading(theme)
        self.head.setFont(theme.font("title"))
        self.head.setMinimumHeight(28)
        self.subtitle, self.limits = caption(theme), caption(theme, elided=False)
        self.fact_grid, self.size_grid = FactGrid(theme), FactGrid(theme)
        self.pair_table = GroupTable(theme)
        self.bins, self.bin_legend = BinChart(document.cursor, theme), Legend(theme)
        self.reason_bars = BarList(theme)
        self.trader_chart, self.trader_legend = TradeColumns(theme), Legend(theme)
        self.trader_chart.agent_clicked.connect(self._pick)
        self.facts = Section(theme, "Run", self.fact_grid, 240)
        self.sizes = Section(theme, "Rows recorded", self.size_grid, 200)
        self.pairs = Section(theme, "Trades by pair type", self.pair_table, 220)
        over = _stacked(self.bin_legend, self.bins)
        self.over_time = Section(theme, "Trades over time", over, 180)
        self.attempts = Section(theme, "Attempts by reason", self.reason_bars, 140)
        who = _stacked(self.trader_legend, self.trader_chart)
        self.traders = Section(theme, "Trades of each agent", who, 150)
        self.spans: dict[str, Section] = {}
        self.inspect = tool_button("Configuration", "tree-structure", "The run in the inspector")
        self.inspect.clicked.connect(lambda: document.selection.select(RunItem()))

    def _make_spans(self) -> None:
        """A section per measure of this source; made anew where another source is shown."""
        theme = self.context.theme
        measures = self._questions.measures() if self._questions else ()
        if list(self.spans) == [m.name for m in measures]:
            return
        for section in self.spans.values():
            self._grid.removeWidget(section)
            section.hide()
            section.deleteLater()
        self.spans = {}
        for measure in measures:
            chart = SpanColumns(theme)
            chart.agent_clicked.connect(self._pick)
            self.spans[measure.name] = Section(theme, measure.label, chart, 130)
        self._columns = 0
        self._rearrange()

    def _sections(self) -> list[Section]:
        fixed = [self.pairs, self.facts, self.over_time, self.attempts, self.traders, self.sizes]
        return [*fixed, *self.spans.values()]

    def _arrange(self, columns: int) -> None:
        self._page = QWidget()
        self._page.setBackgroundRole(QPalette.ColorRole.Base)
        self._page.setAutoFillBackground(True)
        top = QHBoxLayout()
        top.setSpacing(BETWEEN)
        top.addWidget(self.head, 1)
        top.addWidget(self.inspect)
        second = QHBoxLayout()
        second.setSpacing(BETWEEN)
        second.addWidget(self.subtitle, 1)
        second.addWidget(self.limits)
        self._messages = QVBoxLayout()
        self._messages.setSpacing(GRID)
        self._left, self._right, self._grid = QVBoxLayout(), QVBoxLayout(), QGridLayout()
        self._halves = QHBoxLayout()
        for half, share in ((self._left, LEFT_SHARE), (self._right, RIGHT_SHARE)):
            half.setSpacing(AROUND + GRID)
            self._halves.addLayout(half, share)
        self._grid.setHorizontalSpacing(2 * AROUND)
        self._grid.setVerticalSpacing(AROUND + GRID)
        page = QVBoxLayout(self._page)
        page.setContentsMargins(AROUND, BETWEEN, AROUND, AROUND)
        page.setSpacing(GRID)
        page.addLayout(top)
        page.addLayout(second)
        page.addLayout(self._messages)
        page.addSpacing(GRID)
        page.addLayout(self._halves)
        page.addSpacing(AROUND)
        page.addLayout(self._grid)
        page.addStretch(1)
        self.area = QScrollArea()
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setWidget(self._page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.area)
        self._dress()
        self._rearrange()

    def _rearrange(self) -> None:
        """One column where it is narrow, else two, each as long as its sections are."""
        columns = 2 if self.width() >= TWO_COLUMNS else 1
        if columns == self._columns:
            return
        self._columns = columns
        self._halves.setStretch(1, RIGHT_SHARE if columns == 2 else 0)
        self._halves.setSpacing(2 * AROUND if columns == 2 else 0)
        trades, run = (self.pairs, self.over_time, self.attempts), (self.facts, self.sizes)
        for half in (self._left, self._right):
            while half.count():
                half.takeAt(0)
        for section in trades:
            self._left.addWidget(section)
        for section in run:
            (self._right if columns == 2 else self._left).addWidget(section)
        self._left.addStretch(1)
        self._right.addStretch(1)
        for section in (self.traders, *self.spans.values()):
            self._grid.removeWidget(section)
        self._grid.addWidget(self.traders, 0, 0, 1, columns)
        for place, section in enumerate(self.spans.values()):
            self._grid.addWidget(section, 1 + place // columns, place % columns)
        self._grid.setColumnStretch(0, LEFT_SHARE)
        self._grid.setColumnStretch(1, RIGHT_SHARE if columns == 2 else 0)

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._rearrange()

    def _pick(self, agent_id: AgentId) -> None:
        self.context.document.selection.select(AgentItem(agent_id))

    def _dress(self) -> None:
        theme = self.context.theme
        self.trader_legend.show_entries(
            (("as buyer", bought_color(theme)), ("as seller", sold_color(theme)))
        )
        for what, show in (
            ("detail", self._show_detail),
            ("summary", self._show_summary),
            ("histogram", self._show_histogram),
            ("failed", self._show_attempts),
            ("agents", self._show_agents),
        ):
            if what in self._answers:
                show()


def _stacked(*parts: QWidget) -> QWidget:
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for part in parts:
        layout.addWidget(part)
    return whole
