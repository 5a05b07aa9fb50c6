"""NegotiationPanel: everything recorded of two agents at one tick, as a ladder of tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Negotiation, RunId
from telemetry.errors import TelemetryError
from telemetry.queries import NegotiationQuery
from telemetry.text import cell_text
from vmt_log_viewer.models.ladder import Try, column_of, sizes_of
from vmt_log_viewer.state.items import NegotiationItem
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.negotiation_sides import STATES, WHY, NegotiationSides
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.ladder_list import LadderList
from vmt_log_viewer.widgets.ladder_plot import LadderPlot
from vmt_log_viewer.widgets.plain import caption, heading, tool_button
from vmt_log_viewer.widgets.words import count_text

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.views.view import Context


_HIGH = 280  # pixels; below, the ladder's plot would lie over the list of its tries
_ROOMY = 480  # pixels; below, the words on the buttons would take the room of the title
_WIDE = 860  # pixels; below, states and ladder would crowd each other


class NegotiationPanel(QWidget):
    """Both agents before and after, their quotes, and each price and block that they tried.

    The newest `show_item` wins; what is shown stays until its answer is here.
    """

    closed = Signal()
    try_chosen = Signal(object)  # the key of the attempt's row

    def __init__(
        self, context: Context, lane: str, parent: QWidget | None = None, *, closable: bool = True
    ) -> None:
        super().__init__(parent)
        self._context, self._lane = context, lane
        self._source: Source | None = None
        self._wanted_key: int | str | None = None
        self.negotiation: Negotiation | None = None
        theme = context.theme
        self._title = heading(theme)
        self._verdict = caption(theme)
        self._close = tool_button("Close", "x", "Back to the plot (Esc)", only_icon=True)
        self._close.setVisible(closable)
        self._close.clicked.connect(self.closed)
        self.plot = LadderPlot(theme)
        self.list = LadderList(theme)
        self.sides = NegotiationSides(context, lane)
        self._run_id: RunId | None = None
        self._page_by_hand: str | None = None  # "": none of them, None: nothing chosen yet
        self.sides.page_wanted.connect(self._choose_page)
        self.sides.told.connect(self._tell)
        self._empty = EmptyState()
        self._stack = QStackedWidget()
        self._lay_out()
        self.plot.row_clicked.connect(self.list.choose)
        self.list.try_chosen.connect(self._show_try)
        self.say("Choose an attempt to see what was tried.")

    def say(self, sentence: str) -> None:
        """Show a sentence instead of a negotiation."""
        self.negotiation = None
        self._title.setText("Negotiation")
        self._verdict.setText("")
        self._empty.say(sentence)
        self._stack.setCurrentWidget(self._empty)

    def show_item(
        self,
        source: Source,
        run_id: RunId,
        item: NegotiationItem,
        key: int | str | None = None,
    ) -> None:
        """Show what the two agents of `item` did; `key` is the attempt to point out."""
        self._wanted_key = key
        shown = self.negotiation
        same = shown is not None and (shown.tick, shown.agents) == (item.tick, item.agents)
        if same and source is self._source:
            self._point_out()
            return
        self._source, self._run_id = source, run_id
        query = NegotiationQuery(run_id, item.tick, item.agents)
        self._context.runner.submit(self._lane, source, query, self._show, self._show_failure, self)

    def forget(self) -> None:
        """Another run is shown: nothing of the old one stays."""
        self._context.runner.cancel(self._lane)
        self._source = self._run_id = None
        self.list.ladder.show_negotiation(None)
        self.sides.forget()
        self.say("Choose an attempt to see what was tried.")

    def _show(self, negotiation: Negotiation) -> None:
        self.negotiation = negotiation
        self._context.theme.learn(negotiation.attempts.columns)
        first, second = negotiation.agents
        count = len(negotiation.attempts.rows)
        trades = len(negotiation.trades.rows)
        parts = [f"Agents {first} and {second} at tick {negotiation.tick}"]
        if negotiation.attempts.table.recorded and count:
            parts.append(f"{count_text(count)} {'try' if count == 1 else 'tries'}")
        parts.append("traded" if trades else "no trade")
        self._title.setText(" · ".join(parts))
        self.list.ladder.show_negotiation(negotiation)
        self._draw_kind(self.list.ladder.tries[0] if count else None)
        if self._source is not None and self._run_id is not None:
            self.sides.ask(self._source, self._run_id, negotiation)
        self._arrange()
        self._stack.setCurrentWidget(self._body)
        self._verdict.setText("" if count else _why_no_tries(negotiation))
        self._point_out()

    def _show_failure(self, error: TelemetryError) -> None:
        self.say(str(error))

    def _point_out(self) -> None:
        tries = self.list.ladder.tries
        keys = [t.key for t in tries]
        if self._wanted_key in keys:
            self.list.choose(keys.index(self._wanted_key))
        elif tries:
            self.list.choose(len(tries) - 1)

    def _draw_kind(self, tried: Try | None) -> None:
        """Draw the tries of the same kind as `tried`: prices of others are in other units."""
        if tried is None or self.negotiation is None:
            self.plot.show_tries((), "", "")
            return
        same = [(i, t) for i, t in enumerate(self.list.ladder.tries) if t.kind == tried.kind]
        found = [t for _, t in same]
        size = sizes_of(found)
        price, block = (column_of(self.negotiation.attempts, r) for r in ("price", size))
        label = (
            cell_text(tried.direction, missing="")
            if len(found) < len(self.list.ladder.tries)
            else ""
        )
        self.plot.show_tries(
            found,
            " ".join(part for part in (price.label if price else "price", label) if part),
            block.label if block else "block",
            rows=[i for i, _ in same],
            size=size,
        )

    def _show_try(self, row: int) -> None:
        tried = self.list.ladder.tries[row]
        if row not in self.plot.rows:
            self._draw_kind(tried)
        self.plot.choose(row)
        self._verdict.setText(f"Try {row + 1}: {tried.verdict}" if tried.verdict else "")
        self.sides.point_out(tried.key)
        self.try_chosen.emit(tried.key)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(INSIDE, 0, 0, 0)
        top.addWidget(self._title, 1)
        for button in self.sides.buttons.values():
            top.addWidget(button)
        top.addWidget(self._close)
        self._ladder = QSplitter(Qt.Orientation.Vertical)
        self._ladder.addWidget(self.plot)
        self._ladder.addWidget(self.list)
        self._body = QSplitter(Qt.Orientation.Horizontal)
        self._body.setChildrenCollapsible(False)
        self._body.addWidget(self._ladder)
        self._body.addWidget(self.sides)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GRID)
        layout.addLayout(top)
        verdict = QHBoxLayout()
        verdict.setContentsMargins(INSIDE, 0, INSIDE, 0)
        verdict.addWidget(self._verdict, 1)
        layout.addLayout(verdict)
        layout.addWidget(self._stack, 1)

    def _arrange(self) -> None:
        """Ladder and side by side where there is room; the side alone without tries."""
        tried = bool(self.list.ladder.tries)
        wide = WHY if self.sides.offers(WHY) else STATES
        page = self._page_by_hand
        if page is None:
            page = wide if self.width() >= _WIDE or not tried else ""
        elif page and not self.sides.offers(page):
            page = STATES
        self.sides.turn_to(page or (self.sides.page if tried else wide))
        self.sides.set_narrow(self.width() < _ROOMY)
        self._ladder.setVisible(tried)
        self.plot.setVisible(self.height() >= _HIGH)
        self.sides.setVisible(bool(page) or not tried)
        for name, button in self.sides.buttons.items():
            button.setChecked(self.sides.page == name and not self.sides.isHidden())
        self._ladder.setSizes([self.height() // 2, self.height() // 2])
        self._body.setSizes([self.width() - self.width() // 2, self.width() // 2])

    def _choose_page(self, name: str) -> None:
        self._page_by_hand = name
        self._arrange()

    def _tell(self, sentence: str) -> None:
        """The verdict of the gates, where no try has one of its own."""
        if not self.list.ladder.tries:
            self._verdict.setText(sentence)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        low = (event.size().height() < _HIGH, event.oldSize().height() < _HIGH)
        if event.size().width() != event.oldSize().width() or low[0] != low[1]:
            self._arrange()


def _why_no_tries(negotiation: Negotiation) -> str:
    table = negotiation.attempts.table
    if not table.recorded or negotiation.attempts.notes:
        return " ".join(negotiation.attempts.notes) or "Attempts are not recorded."
    hint = f" {table.how_to_record}" if table.how_to_record else ""
    return f"No attempt of these two agents is recorded at this tick.{hint}"
