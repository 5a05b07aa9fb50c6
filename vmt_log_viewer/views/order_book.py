"""Order book: the book, the prices and the leaderboard at the cursor's tick."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from telemetry.analysis.market import (
    BOOK,
    PRICES,
    STANDINGS,
    book_rows,
    price_rows,
    standing_rows,
)
from telemetry.concepts import OrderBook, Points, RunId, TickPrice
from telemetry.errors import TelemetryError
from telemetry.export import recipes
from telemetry.queries import OrderBookQuery, PointsQuery, PricesQuery
from telemetry.text import one_line
from vmt_log_viewer.background.exporting import Frame, Late
from vmt_log_viewer.models.cell_style import heading as heading_of
from vmt_log_viewer.models.leaderboard import moods_of
from vmt_log_viewer.plots.picture import widget_png
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.items import AgentItem, RowItem
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.view import Context, ExportRequest, View
from vmt_log_viewer.widgets.book_ladder import LEVELS, BookLadder, short_decimal
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.plain import caption, heading
from vmt_log_viewer.widgets.plain_table import PlainTable
from vmt_log_viewer.widgets.point_legend import PointLegend
from vmt_log_viewer.widgets.point_scatter import PointScatter

if TYPE_CHECKING:
    from telemetry.source import Source

DECIMALS = 2  # of the leaderboard: more would push its columns out of sight
ROUNDED = f"Rounded to {DECIMALS} decimals; exact on hover, in copies and exports."
_POINTS = 20_000  # prices drawn at most; the line above the chart says where more are thinned


class OrderBookView(View):
    """Follows the cursor: the newest tick wins, and the last book stays until its own is here."""

    name = "order_book"
    title = "Order book"
    icon = "book-open"

    @classmethod
    def unsuitable(cls, source: Source) -> str | None:
        if source.can_answer(OrderBookQuery):
            return None
        return f"{source.identity.family_label} sources {OrderBookQuery.LACKING}."

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._source: Source | None = None
        self._run_id: RunId | None = None
        self._waiting = self._sized = False
        self._trades = ""
        self.book: OrderBook | None = None
        self.last: tuple[TickPrice, ...] = ()
        self._lay_out()
        self.prices.tick_clicked.connect(context.document.cursor.move_to)
        self.prices.point_clicked.connect(self._choose_trade)
        self.prices.caption_changed.connect(self._beyond.setText)
        self.board.row_chosen.connect(self._choose_agent)
        context.document.cursor.moved.connect(self._moved)

    # View

    def show_run(self, source: Source, run_id: RunId) -> None:
        self._source, self._run_id = source, run_id
        self._show_book(None)
        self._pages.setCurrentWidget(self._body)
        self._waiting = True
        if self.isVisible():
            self._catch_up()

    def clear(self) -> None:
        self._source = self._run_id = None
        self._waiting = False
        self._show_book(None)
        self._say_empty("")

    def refresh(self) -> None:
        self._waiting = self._source is not None
        if self.isVisible():
            self._catch_up()

    def fit(self) -> None:
        self.prices.fit()

    def export_request(self) -> ExportRequest | None:
        source, run_id, book = self._source, self._run_id, self.book
        if source is None or run_id is None or book is None:
            return None
        again = partial(recipes.book, (source, run_id), book.tick, LEVELS)
        frames = (
            Frame("book", BOOK, book_rows(book), partial(again, "levels")),
            Frame("leaderboard", STANDINGS, standing_rows(book.standings),
                  partial(again, "leaderboard")),
            Frame("prices", PRICES, Late(price_rows, self.last), partial(again, "prices")),
        )  # fmt: skip
        pictures = {"png": lambda path: widget_png(path, self._body)}
        name = f"run-{run_id}-order-book-tick-{book.tick}"
        said = self._beyond.text()
        return ExportRequest(name, (), pictures, frames, (said,) if said else ())

    def state(self) -> dict[str, JSON]:
        return {"all_prices": self.prices.everything}

    def restore(self, choices: Choices) -> None:
        self.prices.set_everything(choices.flag("all_prices"))

    def settled(self) -> bool:
        return not (self._waiting and self.isVisible()) and super().settled()

    # Inside

    def _lay_out(self) -> None:
        theme = self.context.theme
        self.ladder, self.prices = BookLadder(theme), PointScatter(theme)
        self.board = PlainTable(theme)
        self.board.rows.round_to(DECIMALS)
        self._empty = EmptyState()
        self._title, self._notes = heading(theme), caption(theme, elided=False)
        self._notes.setWordWrap(True)
        self._axis, self._beyond = caption(theme, elided=False), caption(theme)
        self._legend, self._about = PointLegend(theme), caption(theme)
        left = _column(self._title, self._notes, self.ladder, stretched=self.ladder)
        above = QWidget()
        lines = QVBoxLayout(above)
        lines.setContentsMargins(INSIDE, 0, INSIDE, 0)
        lines.setSpacing(0)
        line = QHBoxLayout()
        line.addWidget(self._axis)
        line.addWidget(self._beyond, 1)
        lines.addLayout(line)
        lines.addWidget(self._legend)  # on a line of its own, or a narrow view leaves it out
        chart = _column(above, self.prices, stretched=self.prices)
        self._about.setContentsMargins(INSIDE, GRID, INSIDE, 0)
        table = _column(self._about, self.board, stretched=self.board)
        self._right = QSplitter(Qt.Orientation.Vertical)
        self._right.addWidget(chart)
        self._right.addWidget(table)
        self._right.setChildrenCollapsible(False)
        self._body = QSplitter(Qt.Orientation.Horizontal)
        self._body.addWidget(left)
        self._body.addWidget(self._right)
        self._body.setStretchFactor(1, 1)
        self._body.setChildrenCollapsible(False)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._body)
        self._pages.addWidget(self._empty)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(INSIDE, INSIDE, INSIDE, INSIDE)
        layout.addWidget(self._pages)

    def _catch_up(self) -> None:
        if self._waiting:
            self._waiting = False
            self._ask_prices()
        self._moved(self.context.document.cursor.tick)

    def _moved(self, tick: int | None) -> None:
        if not self.isVisible() or self._source is None or self._run_id is None or self._waiting:
            return
        self.prices.show_tick(tick)
        if tick is None:
            self._say_empty("This run has no ticks, so there is no book to show.")
            return
        self._pages.setCurrentWidget(self._body)
        self.context.runner.submit(
            f"{self.name}.book",
            self._source,
            OrderBookQuery(self._run_id, tick, LEVELS),
            self._show_book,
            self._book_failed,
            self,
        )

    def _show_book(self, book: OrderBook | None) -> None:
        had, self.book = self.book, book
        self.ladder.show_book(book)
        standings = () if book is None else book.standings
        self.board.rows.show(STANDINGS, standing_rows(standings), moods_of(standings))
        if (had is None) != (book is None):
            self.export_changed.emit()
        if book is None:
            self._title.setText("")
            self._notes.setText("")
            self._about.setText("")
            return
        last = "no trade yet" if book.last_price is None else short_decimal(book.last_price)
        price = "No trade yet" if book.last_price is None else f"Last price {last}"
        self._title.setText(f"Book after tick {book.tick}")
        said = " ".join(one_line(note) for note in book.notes)
        self._notes.setText(f"{price}. {said}".strip())
        told = ROUNDED if standings else "No agent has entered yet."
        self._about.setText(f"Leaderboard after tick {book.tick}. {told}")
        self.status_changed.emit(
            f"tick {book.tick}: {len(book.asks)} ask and {len(book.bids)} bid levels · last {last}"
        )

    def _book_failed(self, error: TelemetryError) -> None:
        self._show_book(None)
        self._say_empty(str(error))

    def _say_empty(self, sentence: str) -> None:
        self._empty.say(sentence)
        self._pages.setCurrentWidget(self._empty)
        self.status_changed.emit(sentence)

    def _ask_prices(self) -> None:
        """The price of every trade: which one was a tick's last is not told by their rows."""
        self.prices.clear_points()
        self.last = ()
        self._legend.show_groups({})
        if self._source is None or self._run_id is None:
            return
        table = self._source.table_with_role("trades")
        roles = ("tick", "price", "pair")
        tick, price, pair = (table.with_role(r) if table else None for r in roles)
        if table is None or not table.recorded or tick is None or price is None:
            self._axis.setText("Prices of trades are not recorded in this database.")
            return
        self._trades = table.name
        self._axis.setText(f"{heading_of(price)}, last of each tick as line")
        by = pair.name if pair is not None else None
        query = PointsQuery(self._run_id, table.name, tick.name, price.name, by, limit=_POINTS)
        runner, source = self.context.runner, self._source
        runner.submit(
            f"{self.name}.prices", source, query, self._show_prices, self._prices_failed, self
        )
        if source.can_answer(PricesQuery):
            asked = PricesQuery(self._run_id)
            runner.submit(
                f"{self.name}.last", source, asked, self._show_last, self._prices_failed, self
            )

    def _show_last(self, last: tuple[TickPrice, ...]) -> None:
        self.last = last
        ticks = np.array([price.tick for price in last], np.float64)
        self.prices.show_steps(ticks, np.array([float(price.last) for price in last]))

    def _show_prices(self, points: Points) -> None:
        theme = self.context.theme
        colors = {name: theme.pair_color(name) for name in sorted(set(points.group))}
        self.prices.show_points(points, colors)
        self._legend.show_groups(colors if len(colors) > 1 else {})
        self._legend.setVisible(len(colors) > 1)
        if not points.total:
            self._beyond.setText("no trade happened in this run")

    def _prices_failed(self, error: TelemetryError) -> None:
        self._beyond.setText(str(error))

    def _choose_trade(self, key: int | str) -> None:
        place = self.prices.place_of(key)
        if place is not None:
            self.prices.choose(place)
            document = self.context.document
            document.cursor.move_to(round(place[0]))
            document.selection.select(RowItem(self._trades, key, round(place[0])))

    def _choose_agent(self, row: int) -> None:
        if self.book is not None and row < len(self.book.standings):
            agent = self.book.standings[row].agent_id
            self.context.document.selection.select(AgentItem(agent))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._sized:
            self._sized = True
            left = min(300, 2 * self.width() // 5)
            self._body.setSizes([left, max(1, self.width() - left)])
            self._right.setSizes([self.height() // 2, self.height() // 2])
        self._catch_up()


def _column(*parts: QWidget, stretched: QWidget) -> QWidget:
    whole = QWidget()
    layout = QVBoxLayout(whole)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(GRID)
    for part in parts:
        layout.addWidget(part, 1 if part is stretched else 0)
    return whole
