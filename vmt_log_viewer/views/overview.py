"""Overview: what a run is, how large, who traded what, and what became of the agents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from telemetry.concepts import (
    Agent,
    AgentId,
    Facets,
    Findings,
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
from telemetry.queries import AgentsQuery, ContradictionsQuery, Query, RunQuery, RunSizesQuery
from telemetry.text import nothing_of
from vmt_log_viewer.plots.agent_columns import SpanColumns
from vmt_log_viewer.plots.picture import widget_png
from vmt_log_viewer.state.items import AgentItem, RunItem
from vmt_log_viewer.turns import Turns
from vmt_log_viewer.views.overview_page import OverviewPage
from vmt_log_viewer.views.overview_questions import (
    Questions,
    against_side,
    reason_bars,
    span_columns,
    trade_columns,
)
from vmt_log_viewer.views.overview_sections import READING, Section
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.words import count_text, ticks_text

if TYPE_CHECKING:
    from telemetry.source import Source

MANY = 60
"""Agents beyond whom none has a colour of its own."""
PASSES = frozenset(
    ("summary", "histogram", "bought", "sold", "failed", "succeeded", "against.left",
     "against.right", "sizes", "contradictions")
)  # fmt: skip
"""Questions for which all rows are read; they begin once the others are answered."""


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
        self._findings: Findings | None = None
        self._turns = Turns(self)
        self.page = OverviewPage(context.document.cursor, context.theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.page)
        selection = context.document.selection
        selection.brush_changed.connect(self._brush_changed)
        self.page.agent_clicked.connect(self._pick)
        self.page.inspect_wanted.connect(lambda: selection.select(RunItem()))

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._questions = Questions(source, run_id, self.context.document.selection.brush)
        self._answers, self._findings = {}, None
        self._turns.stop()
        self.page.head.setText("")
        self.page.clear_messages()
        self.page.show_measures(self._questions.measures())
        self.page.show_titles(self._questions.titles())
        for table in source.tables:
            self.context.theme.learn(table.columns)
        for section in self.page.sections():
            section.say(READING)
        self._ask_all()

    def clear(self) -> None:
        self._questions = None
        self._answers = {}
        self._turns.stop()

    def settled(self) -> bool:
        return self._turns.idle() and super().settled()

    def refresh(self) -> None:
        if self._questions is not None:
            self._ask_all()

    def export_request(self) -> ExportRequest | None:
        if self._questions is None:
            return None
        name = f"run-{self._questions.run_id}-overview"
        page = self.page.widget()
        bins: Histogram | None = self._answers.get("histogram")
        width = 1 if bins is None else bins.width
        said = (f"A bar of trades over time counts {width} ticks.",) if width > 1 else ()
        pictures = {"png": lambda path: widget_png(path, page)}
        return ExportRequest(name, pictures=pictures, thinning=said)

    # Asking

    def _ask_all(self) -> None:
        q = self._questions
        assert q is not None
        self._ask("detail", RunQuery(q.run_id), self._show_detail, self.page.facts)
        self._ask("agents", AgentsQuery(q.run_id), self._show_agents, self.page.traders)
        self._ask_counts()
        sizes, found = RunSizesQuery((q.run_id,)), ContradictionsQuery(q.run_id)
        self._ask("sizes", sizes, self._show_sizes, self.page.sizes)
        self._ask("contradictions", found, self._show_findings, self.page.facts)

    def _ask_counts(self) -> None:
        """Everything that a brush limits; first what no pass over the rows is needed for."""
        q = self._questions
        assert q is not None
        self._ask_ends(q)
        for section in (self.page.over_time, self.page.traders):
            section.setVisible(q.trades is not None)  # one sentence is enough
        if q.trades is None:
            table = q.source.table_with_role("trades")
            why = table.how_to_record if table is not None else ""
            for section in (self.page.pairs, self.page.over_time, self.page.traders):
                what = table.label if table is not None else "Trades"
                section.say(f"{what} are not recorded in this source. {why}".strip())
        self._ask("summary", q.summary(), self._show_summary, self.page.pairs)
        self._ask("histogram", q.histogram(), self._show_histogram, self.page.over_time)
        self._ask("bought", q.counts_of("buyer"), self._show_traders, self.page.traders)
        self._ask("sold", q.counts_of("seller"), self._show_traders, self.page.traders)
        if q.attempts is None:
            self.page.attempts.say(self._no_attempts("not recorded in this source"))
        self._ask("failed", q.reasons(success=False), self._show_attempts, self.page.attempts)
        self._ask("succeeded", q.reasons(success=True), self._show_attempts, self.page.attempts)
        self._ask_against(q)

    def _ask_ends(self, q: Questions) -> None:
        """Each agent's measures at the first and the last tick."""
        bounds = q.ticks or self.context.document.cursor.bounds
        for measure in q.measures():
            if bounds is None:
                self.page.spans[measure.name].say("This run has no ticks.")
                continue
            for end, tick in (("start", bounds.first), ("end", bounds.last)):
                show = self._span_shower(measure)
                query = q.at(measure, tick)
                self._ask(f"{end}.{measure.name}", query, show, self.page.spans[measure.name])

    def _ask_against(self, q: Questions) -> None:
        """Two measures over the same ticks, where the family says that one explains the other."""
        pair, section = q.against(), self.page.against
        section.setVisible(pair is not None)
        if pair is not None:
            section.title.setText(f"{pair[0].label} against {pair[1].label.lower()}")
            self._ask("against.left", q.over_ticks(pair[0]), self._show_against, section)
            self._ask("against.right", q.over_ticks(pair[1]), self._show_against, section)

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
        lane, source, later = f"{self.name}.{what}", self._questions.source, what in PASSES
        self.context.runner.submit(lane, source, query, arrived, failed, self, later=later)

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
        if self._findings is not None:
            detail = detail.completed(self._findings)
        self.page.show_run(detail, self._questions.source.name if self._questions else "")
        self.status_changed.emit(self.page.subtitle.text())

    def _show_findings(self) -> None:
        """What takes a pass over the rows: nothing else waits for it."""
        found: Findings = self._answers["contradictions"]
        if found != self._findings:
            self._findings = found
            if "detail" in self._answers:
                self._show_detail()

    def _show_sizes(self) -> None:
        sizes: RunSizes = self._answers["sizes"]
        q = self._questions
        if q is None:
            return
        counts = dict(sizes.counts.get(q.run_id, {}))
        labels = {table.name: table.label for table in q.source.tables}
        self.page.size_grid.show_counts(counts, labels)
        missing = [t.label for t in q.source.tables if not t.recorded]
        self.page.sizes.note.setText(f"not in this source: {', '.join(missing)}" if missing else "")
        self.page.sizes.say("" if counts else "Nothing is recorded of this run.")

    def _show_agents(self) -> None:
        self._agents = self._answers["agents"]
        self._places = {agent.agent_id: i for i, agent in enumerate(self._agents)}
        self._turns.begin(self._of_agents())

    def _of_agents(self) -> Iterator[None]:
        """The charts of all agents, of whom there may be thousands: one a turn."""
        self._show_traders()
        yield
        self._show_against()
        for name in tuple(self.page.spans):
            yield
            self._show_span(name)

    def _show_summary(self) -> None:
        summary: Summary = self._answers["summary"]
        theme = self.context.theme
        colors = {str(group[0]): theme.pair_color(str(group[0])) for group in summary.groups}
        if summary.groups:
            self.page.pair_table.show_summary(summary, colors)
        self.page.pairs.say("" if summary.groups else f"No trade happened{self._during()}.")
        limited = self._questions is not None and self._questions.ticks is not None
        for section in (self.page.over_time, self.page.traders):
            section.setVisible(bool(summary.groups) or limited)  # one sentence is enough

    def _show_histogram(self) -> None:
        histogram: Histogram = self._answers["histogram"]
        theme = self.context.theme
        colors = {name: theme.pair_color(name) for name in sorted(histogram.counts)}
        ticks = self._questions.ticks if self._questions else None
        ticks = ticks or self.context.document.cursor.bounds
        self.page.bins.show_histogram(histogram, colors, ticks)
        self.page.bin_legend.show_entries(tuple(colors.items()))
        width = "per tick" if histogram.width == 1 else f"per {histogram.width} ticks"
        self.page.over_time.note.setText(width if histogram.counts else "")
        self.page.over_time.say("" if histogram.counts else f"No trade happened{self._during()}.")

    def _show_attempts(self) -> None:
        q = self._questions
        both = q is not None and q.reasons(success=True) is not None
        if not ({"failed", "succeeded"} if both else {"failed"}) <= self._answers.keys():
            return
        failed: Facets = self._answers["failed"]
        succeeded: Facets | None = self._answers["succeeded"] if both else None
        bars = reason_bars(failed, succeeded, self.context.theme)
        self.page.reason_bars.show_bars(bars)
        self.page.attempts.say(
            "" if bars else self._no_attempts(f"recorded{self._during()}", "No ")
        )
        said = f"{count_text(failed.total)} in all"
        if succeeded is not None:
            said = f"{count_text(failed.total)} failed, {count_text(succeeded.total)} succeeded"
        self.page.attempts.note.setText(said if bars else "")

    def _show_traders(self) -> None:
        if not {"bought", "sold", "agents"} <= self._answers.keys():
            return
        bought: Facets = self._answers["bought"]
        columns = trade_columns(bought, self._answers["sold"], self._agents, self._color_of)
        self.page.trader_chart.show_columns(columns)
        self.page.traders.note.setText("busiest first")
        self.page.traders.say("" if bought.total else f"No trade happened{self._during()}.")

    def _show_against(self) -> None:
        if not {"against.left", "against.right", "agents"} <= self._answers.keys():
            return
        series = (self._answers["against.left"], self._answers["against.right"])
        sides = tuple(against_side(s, self._agents, self._color_of) for s in series)
        ticks = self._questions.ticks if self._questions else None
        ticks = ticks or self.context.document.cursor.bounds
        section, (left, right) = self.page.against, sides
        missing = [s.measure for s, side in zip(series, sides, strict=True) if not side.lines]
        if ticks is None or missing:
            what = " and ".join(m.label for m in missing) or "Nothing"
            section.note.setText("")
            section.say(next((m.reason for m in missing if m.reason), f"{what}: no values."))
            return
        self.page.against_chart.show_sides(left, right, ticks)
        named = zip((*left.names, *right.names), (*left.colors, *right.colors), strict=True)
        self.page.against_legend.show_entries(tuple(named))
        section.say("")

    def _span_shower(self, measure: Measure) -> Callable[[], None]:
        return lambda: self._show_span(measure.name)

    def _show_span(self, name: str) -> None:
        start: Series | None = self._answers.get(f"start.{name}")
        end: Series | None = self._answers.get(f"end.{name}")
        if start is None or end is None or "agents" not in self._answers:
            return
        section = self.page.spans[name]
        columns = span_columns(start, end, self._agents, self._colors())
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
        label = table.label if table is not None else "Attempts"
        if table is not None and begin:
            ticks = q.ticks if q is not None else None
            return nothing_of(table) if ticks is None else f"None in {ticks_text(ticks)}."
        return f"{label} are {how}. {why}".strip()

    def _color_of(self, agent_id: AgentId) -> QColor:
        """The agent's own colour, as everywhere; of very many agents plain text colour."""
        if len(self._agents) > MANY:
            return self.context.theme.color("text")
        place = self._places.get(agent_id, 0)
        return self.context.theme.agent_color(agent_id, place, max(len(self._agents), 1))

    def _colors(self) -> Callable[[AgentId], QColor]:
        """`_color_of` for all agents at once."""
        if len(self._agents) <= MANY:
            return self._color_of
        text = self.context.theme.color("text")
        return lambda agent_id: text

    def _during(self) -> str:
        ticks = self._questions.ticks if self._questions else None
        return f" in {ticks_text(ticks)}" if ticks is not None else " in this run"

    def _ends(self) -> str:
        ticks = self._questions.ticks if self._questions else None
        ticks = ticks or self.context.document.cursor.bounds
        return "either end" if ticks is None else f"ticks {ticks.first} and {ticks.last}"

    def _say_limits(self) -> None:
        ticks = self._questions.ticks if self._questions else None
        self.page.limits.setText("" if ticks is None else f"limited to {ticks_text(ticks)}")

    def _pick(self, agent_id: AgentId) -> None:
        self.context.document.selection.select(AgentItem(agent_id))

    def dress(self) -> Iterator[None]:
        self.page.dress()
        for what, show in (
            ("detail", self._show_detail),
            ("summary", self._show_summary),
            ("histogram", self._show_histogram),
            ("failed", self._show_attempts),
        ):
            if what in self._answers:
                show()
                yield
        yield from self._of_agents()
