"""Attempts: why trades did not come about, from the funnel of reasons to a single negotiation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from telemetry.analysis.whys import MISSES, funnel_columns, funnel_rows, miss_rows
from telemetry.concepts import Funnel, NearMiss, NearMisses, RunId, Table
from telemetry.errors import TelemetryError
from telemetry.frozen import replace
from telemetry.queries import FunnelQuery, HistogramQuery, NearMissesQuery, WhyQuery
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.failures import failed_text
from vmt_log_viewer.state.items import NegotiationItem, RowItem
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.negotiation import NegotiationPanel
from vmt_log_viewer.views.row_view import RowView
from vmt_log_viewer.views.view import ExportRequest
from vmt_log_viewer.widgets.gate_list import GateList
from vmt_log_viewer.widgets.outcome_mark import reason_color
from vmt_log_viewer.widgets.payload_panel import PayloadPanel
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.plain_table import PlainTable
from vmt_log_viewer.widgets.tick_histogram import TickHistogram

if TYPE_CHECKING:
    from telemetry.source import Source

_SENTENCE = 56  # pixels of height
_SOON_ENOUGH = 100  # bins at most


class AttemptsView(RowView):
    """Failures first: it begins with the filter that leaves successes out, which can be lifted.

    Choosing a reason filters the rows; choosing a row shows its negotiation below.
    """

    name = "attempts"
    title = "Attempts"
    icon = "prohibit"
    role = "attempts"
    facet_roles = ("reason", "pair", "direction", "mode", "regime", "buyer", "seller", "result")
    facets_width = 252
    split = ("reason", ("pair", "direction"))
    own_steps = RowView.own_steps | {"miss"}  # a row that is chosen is no step, here as elsewhere

    _words_alone = False  # below the table stands one sentence, no ladder and no payload

    def _main(self) -> QWidget:
        context = self.context
        self.histogram = TickHistogram(context.theme, self._color)
        self.negotiation = NegotiationPanel(context, f"{self.name}.negotiation", closable=False)
        self._failures = tool_button("Failures only", "prohibit", "Leave successes out")
        self._failures.setCheckable(True)
        self._failures.clicked.connect(self._filter_failures)
        self.panel.add_tool(self._failures)
        self._about = caption(context.theme)
        upper = QWidget()
        layout = QVBoxLayout(upper)
        layout.setContentsMargins(INSIDE, 0, 0, 0)
        layout.setSpacing(GRID)
        line = QHBoxLayout()
        line.addWidget(self._about, 1)
        self._by_gate = tool_button("By gate", "funnel", "At which gate how many attempts failed")
        self._by_gate.setCheckable(True)
        self._by_gate.clicked.connect(self._show_funnel)
        line.addWidget(self._by_gate)
        self._nearest = tool_button("Nearest", "target", "What failed by the least, all ticks")
        self._nearest.setCheckable(True)
        self._nearest.clicked.connect(self._show_nearest)
        line.addWidget(self._nearest)
        self.funnel, self.nearest = PlainTable(context.theme), PlainTable(context.theme)
        self.nearest.row_chosen.connect(self._choose_miss)
        self._misses: tuple[NearMiss, ...] = ()
        self._miss: JSON = None  # the near miss that is chosen, or to be once they are here
        self._over = QStackedWidget()
        for widget in (self.histogram, self.funnel, self.nearest):
            self._over.addWidget(widget)
        layout.addLayout(line)
        layout.addWidget(self._over)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(upper)
        self._rows.addWidget(self.panel)
        self.payload = PayloadPanel(context, f"{self.name}.payload")
        self.gates, self._why = GateList(context.theme), QScrollArea()
        self._why.setWidgetResizable(True)
        self._why.setFrameShape(QFrame.Shape.NoFrame)
        self._why.setWidget(self.gates)
        self._alone = QSplitter(Qt.Orientation.Horizontal)
        self._alone.addWidget(self.payload)
        self._alone.addWidget(self._why)
        self._alone.setChildrenCollapsible(False)
        self._lower = QStackedWidget()
        self._lower.addWidget(self.negotiation)
        self._lower.addWidget(self._alone)
        self._rows.addWidget(self._lower)
        self._rows.setCollapsible(1, False)
        self.histogram.tick_clicked.connect(context.document.cursor.move_to)
        self.panel.asked.connect(self._ask_histogram)
        self.panel.model.shown.connect(self._begin_with_first)
        self.panel.filters.text_changed.connect(self._show_failures)
        return self._rows

    def export_request(self) -> ExportRequest | None:
        """Bars that stand for several ticks are said to."""
        request, shown = super().export_request(), self.histogram.histogram
        if request is None or shown is None or shown.width <= 1:
            return request
        return replace(request, thinning=(f"A bar counts the rows of {shown.width} ticks.",))

    def state(self) -> dict[str, JSON]:
        return {**super().state(), "above": self._above(), "miss": self._miss}

    def restore(self, choices: Choices) -> None:
        super().restore(choices)
        self._miss = choices.values("miss")
        self._point_at_miss()
        above = choices.text("above", "ticks", ("ticks", "gates", "nearest"))
        if above != self._above():
            show = self._show_nearest if above == "nearest" else self._show_funnel
            show(above != "ticks")

    def _above(self) -> str:
        """What stands above the rows."""
        if self._by_gate.isChecked():
            return "gates"
        return "nearest" if self._nearest.isChecked() else "ticks"

    def step_failure(self, count: int) -> None:
        """Choose the next (−1: previous) failure, as the table is sorted."""
        result = self.panel.column("result")
        text = failed_text(result)
        if result is not None and text is not None and not self._failures.isChecked():
            self.panel.filters.set_text(result.name, text)
        else:
            self.panel.step(count)

    def _starting_texts(self, table: Table) -> dict[str, str]:
        """Failures first, unless the filters were chosen in this or an earlier session."""
        result = table.with_role("result")
        saved = self.context.settings.get(f"{self.name}.filters")
        text = failed_text(result)
        known = saved is not None or (result is not None and result.name in self._texts)
        if result is None or text is None or known:
            return self._texts
        return {**self._texts, result.name: text}

    def _began(self, source: Source, run_id: RunId, table: Table) -> None:
        self.negotiation.forget()
        self.payload.forget()
        self._miss, self._misses = None, ()
        paired = all(table.with_role(role) for role in ("buyer", "seller", "price"))
        explains = source.can_answer(WhyQuery)
        self._lower.setCurrentWidget(self.negotiation if paired else self._alone)
        self.histogram.show_histogram(None)
        self.gates.show_why(None)
        self._why.setVisible(explains)
        gated = source.can_answer(NearMissesQuery)
        self._by_gate.setVisible(source.can_answer(FunnelQuery) and bool(table.with_role("reason")))
        self._by_gate.setText("By gate" if gated else "By cause")
        self._by_gate.setToolTip(
            f"At which gate how many {table.label.lower()} failed"
            if gated
            else f"For what how many {table.label.lower()}, and whose"
        )
        self._nearest.setVisible(source.can_answer(NearMissesQuery))
        self._put_over(self.histogram)
        self._words_alone = not paired and table.with_role("payload") is None and not explains
        self._share_room()

    def _row_chosen(self, row: int) -> None:
        """The negotiation that an attempt of two agents belongs to, else the row in words."""
        self._miss = None
        self.nearest.choose()
        if self._lower.currentWidget() is self._alone:
            self._tell(row)
            self._ask_why(row)
            return
        item = self._negotiation_of(row)
        if item is not None and self._source is not None and self._run_id is not None:
            key = self.panel.model.key_at(row)
            self.negotiation.show_item(self._source, self._run_id, item, key)

    def _tell(self, row: int) -> None:
        key, table, tick = self.panel.model.key_at(row), self.panel.table, None
        if key is not None and table is not None and self._source and self._run_id is not None:
            tick = self.panel.value(row, "tick")
            item = RowItem(table.name, key, tick if isinstance(tick, int) else None)
            self.payload.show_row(self._source, self._run_id, item)

    def _ask_why(self, row: int) -> None:
        """The gates of an attempt that is not of two agents."""
        key, source = self.panel.model.key_at(row), self._source
        if key is None or source is None or self._run_id is None:
            return
        if source.can_answer(WhyQuery):
            query = WhyQuery(self._run_id, key=key)
            self.context.runner.submit(
                f"{self.name}.why", source, query, self.gates.show_why,
                lambda error: self.gates.say(str(error)), self,
            )  # fmt: skip

    def _put_over(self, widget: QWidget) -> None:
        """What stands above the rows: the histogram, the funnel or the nearest misses."""
        self._over.setCurrentWidget(widget)
        self._by_gate.setChecked(widget is self.funnel)
        self._nearest.setChecked(widget is self.nearest)
        self._share_room()

    def _show_funnel(self, on: bool) -> None:
        """Attempts by gate instead of by reason over ticks; of the brushed ticks, all filters
        left aside."""
        self._put_over(self.funnel if on else self.histogram)
        self._ask_histogram()
        if on and self._source is not None and self._run_id is not None:
            query = FunnelQuery(self._run_id, self.context.document.selection.brush)
            self.context.runner.submit(
                f"{self.name}.over", self._source, query, self._fill_funnel,
                self._histogram_failed, self, "counting attempts by gate",
            )  # fmt: skip

    def _show_nearest(self, on: bool) -> None:
        """Negotiations that failed by the least, of the brushed ticks."""
        self._put_over(self.nearest if on else self.histogram)
        self._ask_histogram()
        if on and self._source is not None and self._run_id is not None:
            query = NearMissesQuery(self._run_id, self.context.document.selection.brush)
            self.context.runner.submit(
                f"{self.name}.over", self._source, query, self._fill_nearest,
                self._histogram_failed, self, "ranking what failed by the least",
            )  # fmt: skip

    def _fill_nearest(self, found: NearMisses) -> None:
        self._misses = found.misses
        self.nearest.rows.show(MISSES[:-1], [row[:-1] for row in miss_rows(found)])
        self._about.setText(" ".join(("What failed by the least.", *found.notes)))
        if self._miss not in [_told(miss) for miss in found.misses]:
            self._miss = None
        self._point_at_miss()

    def _choose_miss(self, row: int) -> None:
        """Go to its tick and show its negotiation, the closest try pointed out."""
        if 0 <= row < len(self._misses):
            miss, document = self._misses[row], self.context.document
            self._miss = _told(miss)
            document.cursor.move_to(miss.tick)
            document.selection.select(NegotiationItem(miss.tick, miss.agents))
            self._show_miss(miss)

    def _point_at_miss(self) -> None:
        """Choose the near miss that a saved view had chosen, once it is listed."""
        rows = [row for row, miss in enumerate(self._misses) if _told(miss) == self._miss]
        self.nearest.choose(*rows[:1])
        if rows:
            self._show_miss(self._misses[rows[0]])

    def _show_miss(self, miss: NearMiss) -> None:
        if self._source is not None and self._run_id is not None:
            item = NegotiationItem(miss.tick, miss.agents)
            self.negotiation.show_item(self._source, self._run_id, item, miss.key)

    def _fill_funnel(self, found: Funnel) -> None:
        self.funnel.rows.show(funnel_columns(found), funnel_rows(found))
        ticks = self.context.document.selection.brush
        within = "all ticks" if ticks is None else f"ticks {ticks}"
        of = f"{found.of[:1].upper()}{found.of[1:]}"
        told = "the gate at which they failed" if found.what == "gate" else found.what
        self._about.setText(" ".join((f"{of} by {told}, {within}.", *found.notes)))

    def _begin_with_first(self) -> None:
        """Something to look at from the start; cursor and selection stay where they are."""
        shown = self.negotiation.negotiation or self.payload.item
        if shown is None and self.panel.model.rowCount():
            if not self.panel.view.currentIndex().isValid():
                self.panel.view.choose_row(0)
            self._row_chosen(self.panel.view.currentIndex().row())

    def _tick_moved(self, tick: int | None) -> None:
        self.histogram.show_tick(tick)

    def _color(self, name: str) -> QColor:
        return reason_color(self.context.theme, name)

    def _filter_failures(self, on: bool) -> None:
        result = self.panel.column("result")
        text = failed_text(result)
        if result is not None and text is not None:
            self.panel.filters.set_text(result.name, text if on else "")

    def _show_failures(self, _: str = "") -> None:
        result = self.panel.column("result")
        text = failed_text(result)
        on = result is not None and self.panel.filters.text(result.name) == text
        self._failures.setVisible(text is not None)
        self._failures.setChecked(on)

    def _ask_histogram(self) -> None:
        """Rows by reason over ticks, for exactly the filtered rows."""
        self._show_failures()
        table, source, query = self.panel.table, self.panel.source, self.panel.model.asked
        reason = table.with_role("reason") if table is not None else None
        if table is None or source is None or query is None:
            return
        by_reason = f" by {reason.label}" if reason is not None else ""
        if self._over.currentWidget() is self.histogram:
            self._about.setText(f"{table.label}{by_reason} over ticks")
        by = reason.name if reason is not None else None
        histogram = HistogramQuery(query.run_id, table.name, by, replace(query.where), _SOON_ENOUGH)
        self.context.runner.submit(
            f"{self.name}.histogram",
            source,
            histogram,
            self.histogram.show_histogram,
            self._histogram_failed,
            self,
        )

    def _histogram_failed(self, error: TelemetryError) -> None:
        self.histogram.show_histogram(None)
        self._about.setText(str(error))

    def showEvent(self, event: QShowEvent) -> None:
        first = not self._sized
        super().showEvent(event)
        if first:
            self._share_room()

    def _share_room(self) -> None:
        whole = self.height()
        upper = min(120, whole // 6)
        if self._over.currentWidget() is not self.histogram:
            upper = min(200, whole // 4)  # a table shows little in the height of a histogram
        lower = _SENTENCE if self._words_alone else (whole - upper) // 2
        self._rows.setSizes([upper, whole - upper - lower, lower])
        wide = self._lower.width()
        self._alone.setSizes([2 * wide // 5, wide - 2 * wide // 5])


def _told(miss: NearMiss) -> dict[str, JSON]:
    """What tells a near miss from others, as a file can hold it."""
    return {"tick": miss.tick, "agents": list(miss.agents), "pair": miss.kind}
