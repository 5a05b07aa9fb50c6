"""OverviewPage: the sections of the overview and where they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from telemetry.concepts import Measure, RunDetail
from telemetry.text import one_line
from vmt_log_viewer.plots.against_chart import AgainstChart
from vmt_log_viewer.plots.agent_columns import SpanColumns, TradeColumns, bought_color, sold_color
from vmt_log_viewer.plots.bars import BarList
from vmt_log_viewer.plots.bin_chart import BinChart
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.theme import AROUND, BETWEEN, GRID, Theme
from vmt_log_viewer.views.overview_sections import (
    FactGrid,
    GroupTable,
    Legend,
    Message,
    Section,
    Sideways,
    clear,
)
from vmt_log_viewer.widgets.plain import caption, heading, tool_button

TWO_COLUMNS = 720
"""Pixels from which the sections stand in two columns."""
LEFT_SHARE, RIGHT_SHARE = 5, 3
"""How the width is divided: the table of pair types needs more than the facts."""


class OverviewPage(QScrollArea):
    """Holds the sections and asks nothing; each fills in by itself."""

    agent_clicked = Signal(object)  # AgentId
    inspect_wanted = Signal()

    def __init__(self, cursor: Cursor, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._columns = 0
        self.spans: dict[str, Section] = {}
        self._make_head()
        self._make_sections(cursor)
        self._lay_out()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._page)
        self.dress()
        self._rearrange()

    @property
    def columns(self) -> int:
        """1 where it is narrow, else 2."""
        return self._columns

    def sections(self) -> list[Section]:
        fixed = [self.pairs, self.facts, self.over_time, self.attempts, self.traders, self.sizes]
        return [*fixed, self.against, *self.spans.values()]

    def show_measures(self, measures: Sequence[Measure]) -> None:
        """A section for each of `measures`; made anew only where they are others."""
        if list(self.spans) == [m.name for m in measures]:
            return
        for section in self.spans.values():
            self._grid.removeWidget(section)
            section.hide()
            section.deleteLater()
        self.spans = {}
        for measure in measures:
            chart = SpanColumns(self._theme)
            chart.agent_clicked.connect(self.agent_clicked)
            self.spans[measure.name] = Section(self._theme, measure.label, chart, 130)
        self._columns = 0
        self._rearrange()

    def show_titles(self, titles: Mapping[str, str]) -> None:
        """Other headings for sections, by their names here."""
        for name, title in titles.items():
            section: Section = getattr(self, name)
            section.title.setText(title)

    def show_run(self, detail: RunDetail, source: str) -> None:
        """The run's name, what it is, and what has to be said about it."""
        run = detail.run
        self.head.setText(one_line(run.name, limit=200) or f"Run {run.run_id}")
        self.subtitle.setText(f"Run {run.run_id} · {run.status} · {one_line(source)}")
        self.clear_messages()
        for text in detail.warnings:
            self.messages.addWidget(Message(self._theme, text, "warning"))
        for text in detail.notes:
            self.messages.addWidget(Message(self._theme, text, "info"))
        self.fact_grid.show_facts(detail.facts, detail.sought)
        self.facts.say("")

    def clear_messages(self) -> None:
        clear(self.messages)

    def dress(self) -> None:
        """Take the theme's colours, again after they changed."""
        bought, sold = bought_color(self._theme), sold_color(self._theme)
        self.trader_legend.show_entries((("as buyer", bought), ("as seller", sold)))

    def _make_head(self) -> None:
        theme = self._theme
        self.head = heading(theme)
        self.head.setFont(theme.font("title"))
        self.head.setMinimumHeight(28)
        self.subtitle, self.limits = caption(theme), caption(theme, elided=False)
        self.inspect = tool_button("Configuration", "tree-structure", "The run in the inspector")
        self.inspect.clicked.connect(lambda _on=False: self.inspect_wanted.emit())

    def _make_sections(self, cursor: Cursor) -> None:
        theme = self._theme
        self.fact_grid, self.size_grid = FactGrid(theme), FactGrid(theme)
        self.pair_table = GroupTable(theme)
        self.bins, self.bin_legend = BinChart(cursor, theme), Legend(theme)
        self.reason_bars = BarList(theme)
        self.trader_chart, self.trader_legend = TradeColumns(theme), Legend(theme)
        self.trader_chart.agent_clicked.connect(self.agent_clicked)
        over, who = (
            stacked(self.bin_legend, self.bins),
            stacked(self.trader_legend, self.trader_chart),
        )
        self.facts = Section(theme, "Run", self.fact_grid, 240)
        self.sizes = Section(theme, "Rows recorded", self.size_grid, 200)
        self.pairs = Section(theme, "Trades", Sideways(self.pair_table), 220)
        self.over_time = Section(theme, "Trades over time", over, 180)
        self.attempts = Section(theme, "Attempts by reason", self.reason_bars, 140)
        self.against_chart, self.against_legend = AgainstChart(cursor, theme), Legend(theme)
        both = stacked(self.against_legend, self.against_chart)
        self.against = Section(theme, "", both, 200)
        self.against.hide()
        self.traders = Section(theme, "Trades of each agent", who, 150)

    def _lay_out(self) -> None:
        self._page = QWidget()
        self._page.setBackgroundRole(QPalette.ColorRole.Base)
        self._page.setAutoFillBackground(True)
        top, second, self._halves = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        for row in (top, second):
            row.setSpacing(BETWEEN)
        top.addWidget(self.head, 1)
        top.addWidget(self.inspect)
        second.addWidget(self.subtitle, 1)
        second.addWidget(self.limits)
        self.messages = QVBoxLayout()
        self.messages.setSpacing(GRID)
        self._left, self._right, self._grid = QVBoxLayout(), QVBoxLayout(), QGridLayout()
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
        page.addLayout(self.messages)
        page.addSpacing(GRID)
        page.addLayout(self._halves)
        page.addSpacing(AROUND)
        page.addLayout(self._grid)
        page.addStretch(1)

    def _rearrange(self) -> None:
        """One column where it is narrow, else two, each as long as its sections are."""
        columns = 2 if self.width() >= TWO_COLUMNS else 1
        if columns == self._columns:
            return
        self._columns = columns
        self._halves.setStretch(1, RIGHT_SHARE if columns == 2 else 0)
        self._halves.setSpacing(2 * AROUND if columns == 2 else 0)
        trades = (self.pairs, self.over_time, self.against, self.attempts)
        run = (self.facts, self.sizes)
        for half in (self._left, self._right):
            for section in (*trades, *run):
                half.removeWidget(section)  # an item taken by takeAt would keep stale heights
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


def stacked(*parts: QWidget) -> QWidget:
    """Widgets under each other as one."""
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for part in parts:
        layout.addWidget(part)
    return whole
