"""Trades: every trade of the run as a table with facets, summary and prices over ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from telemetry.concepts import Points, RunId, Table
from telemetry.errors import TelemetryError
from telemetry.frozen import replace
from telemetry.queries import PointsQuery
from vmt_log_viewer.models.cell_style import heading
from vmt_log_viewer.state.choices import JSON, Choices
from vmt_log_viewer.state.items import NegotiationItem, RowItem, item_of, item_values
from vmt_log_viewer.theme import BETWEEN, GRID, INSIDE
from vmt_log_viewer.views.negotiation import NegotiationPanel
from vmt_log_viewer.views.row_view import RowView
from vmt_log_viewer.views.view import ExportRequest
from vmt_log_viewer.widgets.plain import caption
from vmt_log_viewer.widgets.point_legend import PointLegend
from vmt_log_viewer.widgets.point_scatter import PointScatter
from vmt_log_viewer.widgets.summary_grid import SummaryGrid

if TYPE_CHECKING:
    from telemetry.source import Source

_POINTS = 20_000  # drawn at most; more are thinned, and the line above says so
_LOW = 520  # pixels of height; below, the summary shows the line of all rows only


class TradesView(RowView):
    """Table and scatter show the same rows: a row chosen in one is chosen in the other."""

    name = "trades"
    title = "Trades"
    icon = "arrows-left-right"
    role = "trades"
    facet_roles = ("pair", "direction", "mode", "regime", "buyer", "seller")

    def fit(self) -> None:
        self.scatter.fit()

    def export_request(self) -> ExportRequest | None:
        request, said = super().export_request(), self._beyond.text()
        return replace(request, thinning=(said,)) if request is not None and said else request

    def state(self) -> dict[str, JSON]:
        opened = self._opened if self._lower.currentWidget() is self.negotiation else None
        return {
            **super().state(),
            "all_prices": self.scatter.everything,
            "negotiation": item_values(opened),  # type: ignore[dict-item]
        }

    def restore(self, choices: Choices) -> None:
        super().restore(choices)
        self.scatter.set_everything(choices.flag("all_prices"))
        item = item_of(choices.values("negotiation"))
        if isinstance(item, NegotiationItem):
            self._show_negotiation(item)
        else:
            self._leave()

    def _main(self) -> QWidget:
        context = self.context
        self._opened: NegotiationItem | None = None
        self.scatter = PointScatter(context.theme)
        self.negotiation = NegotiationPanel(context, f"{self.name}.negotiation")
        self._axis = caption(context.theme, elided=False)
        self._beyond = caption(context.theme)
        self._legend = PointLegend(context.theme)
        self.summary = SummaryGrid(context, self.panel, f"{self.name}.summary")
        self._lower = QStackedWidget()
        self._lower.addWidget(self._plot())
        self._lower.addWidget(self.negotiation)
        table = QWidget()
        upper = QVBoxLayout(table)
        upper.setContentsMargins(0, 0, 0, 0)
        upper.setSpacing(GRID)
        upper.addWidget(self.panel, 1)
        upper.addWidget(self.summary)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(table)
        self._rows.addWidget(self._lower)
        self._rows.setStretchFactor(0, 3)
        self._rows.setStretchFactor(1, 2)
        self._rows.setCollapsible(0, False)
        self._wire()
        return self._rows

    def _plot(self) -> QWidget:
        plot = QWidget()
        above = QHBoxLayout()
        above.setContentsMargins(INSIDE, 0, INSIDE, 0)
        above.addWidget(self._axis)
        above.addSpacing(BETWEEN)
        above.addWidget(self._legend)
        above.addWidget(self._beyond, 1)
        layout = QVBoxLayout(plot)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(above)
        layout.addWidget(self.scatter, 1)
        plot.setMinimumHeight(96)
        return plot

    def _wire(self) -> None:
        self.panel.asked.connect(self._ask_points)
        self.panel.model.shown.connect(self._ring)
        self.scatter.caption_changed.connect(self._beyond.setText)
        self.scatter.point_clicked.connect(self._choose_point)
        self.scatter.tick_clicked.connect(self.context.document.cursor.move_to)
        self.negotiation.closed.connect(self._leave)

    def _began(self, source: Source, run_id: RunId, table: Table) -> None:
        self.negotiation.forget()
        self._lower.setCurrentIndex(0)
        self.scatter.clear_points()
        drawn = self._drawn()
        column = table.with_role(drawn)
        self._axis.setText(f"{heading(column)} over ticks" if column is not None else "")
        self.scatter.setVisible(column is not None)

    def _drawn(self) -> str:
        """The role of what is drawn over ticks: prices, or where there are none, amounts."""
        table = self.panel.table
        roles = ("price", "amount", "quantity")
        return next((r for r in roles if table is not None and table.with_role(r)), roles[0])

    def _ask_points(self) -> None:
        """The points of exactly the filtered rows; pairs keep their colour."""
        table, source, query = self.panel.table, self.panel.source, self.panel.model.asked
        if table is None or source is None or query is None:
            return
        tick, price, pair = (table.with_role(role) for role in ("tick", self._drawn(), "pair"))
        if tick is None or price is None:
            self._beyond.setText("Prices are not recorded in this database.")
            return
        pair = pair or table.with_role("status") or table.with_role("result")
        by = pair.name if pair is not None else None
        points = PointsQuery(
            query.run_id, table.name, tick.name, price.name, by, query.where, limit=_POINTS
        )
        self.context.runner.submit(
            f"{self.name}.points", source, points, self._show_points, self._points_failed, self
        )

    def _show_points(self, points: Points) -> None:
        theme = self.context.theme
        colors = {name: theme.pair_color(name) for name in sorted(set(points.group))}
        self._legend.show_groups(colors)
        self.scatter.show_points(points, colors)
        self._ring()

    def _points_failed(self, error: TelemetryError) -> None:
        self._beyond.setText(str(error))

    def _choose_point(self, key: int | str) -> None:
        """A clicked point is its row: the cursor goes there, the table scrolls to it."""
        place, table = self.scatter.place_of(key), self.panel.table
        if place is None or table is None:
            return
        self.scatter.choose(place)
        tick = round(place[0])
        document = self.context.document
        document.cursor.move_to(tick)
        document.selection.select(RowItem(table.name, key, tick))

    def _row_chosen(self, row: int) -> None:
        self._ring()

    def _ring(self) -> None:
        """Ring the point of the current row."""
        current = self.panel.view.currentIndex()
        if not current.isValid():
            self.scatter.choose(None)
            return
        tick = self.panel.value(current.row(), "tick")
        price = self.panel.value(current.row(), self._drawn())
        known = isinstance(tick, int) and isinstance(price, int | float)
        self.scatter.choose((float(tick), float(price)) if known else None)  # type: ignore[arg-type]

    def _tick_moved(self, tick: int | None) -> None:
        self.scatter.show_tick(tick)

    def _open_row(self, row: int) -> None:
        item = self._negotiation_of(row)
        if item is None or self._source is None or self._run_id is None:
            return
        super()._open_row(row)
        self._show_negotiation(item)

    def _show_negotiation(self, item: NegotiationItem) -> None:
        if self._source is not None and self._run_id is not None:
            self._opened = item
            self.negotiation.show_item(self._source, self._run_id, item)
            self._lower.setCurrentWidget(self.negotiation)

    def _leave(self) -> bool:
        open_now = self._lower.currentIndex() == 1
        self._lower.setCurrentIndex(0)
        return open_now

    def showEvent(self, event: QShowEvent) -> None:
        first = not self._sized
        super().showEvent(event)
        if first:
            self._rows.setSizes([6 * self.height() // 10, 4 * self.height() // 10])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.summary.set_compact(self.height() < _LOW)
