"""The pairs of a sweep: each run with against the one without what is being studied."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from telemetry.concepts import Cell, Points, Table
from telemetry.errors import TelemetryError
from telemetry.queries import PairQuery, PointsQuery
from vmt_log_viewer.plots.pair_scatter import PairScatter
from vmt_log_viewer.plots.picture import widget_pictures
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.views.experiment_page import NO_RUN, Asked, ExperimentPage
from vmt_log_viewer.views.view import Context, ExportRequest
from vmt_log_viewer.widgets.empty_state import EmptyState
from vmt_log_viewer.widgets.facet_panel import FacetPanel
from vmt_log_viewer.widgets.folding import FoldingSplitter
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.saved_filters import SavedFilterPanel
from vmt_log_viewer.widgets.summary_grid import SummaryGrid
from vmt_log_viewer.widgets.table_panel import TablePanel

ROLE = "pairs"
CHOOSE = "Choose a pair, in the picture or in the table, to see why it came out as it did."
NARROW, LOW = 560, 480  # pixels: below, facets and the summary give way
_POINTS = 20_000
_ARMS = ("baseline_run", "treated_run")


class PairsPage(ExperimentPage):
    """Scatter, summary and table show the same pairs: those that the filters leave."""

    def __init__(
        self, context: Context, lane: str, table: Table, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context, self._lane, self.table = context, lane, table
        self.panel = TablePanel(context, lane)
        self.saved = SavedFilterPanel(context.document, self.panel, context.theme, table)
        self.panel.add_tool(self.saved.button)
        self.facets = FacetPanel(context, self.panel, f"{lane}.facet", ("result", "reason"))
        self.scatter = PairScatter(context.theme)
        self.summary = SummaryGrid(context, self.panel, f"{lane}.summary")
        self._about = caption(context.theme)
        self.why = QLabel(CHOOSE)
        self.why.setTextFormat(Qt.TextFormat.PlainText)
        self.why.setWordWrap(True)
        self.why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = tuple(tool_button("Open run", "play", "Show this run") for _ in _ARMS)
        self._asked: Asked | None = None
        self._thinned: tuple[str, ...] = ()
        self._pages, self._empty = QStackedWidget(), EmptyState()
        self._lay_out()
        self.panel.nothing_recorded.connect(self._say_nothing)
        self.panel.asked.connect(self._ask_points)
        self.panel.row_chosen.connect(self._ring)
        self.panel.row_found.connect(self._ring)
        self.panel.status_changed.connect(lambda text: self.status_changed.emit(f"pairs: {text}"))
        self.panel.row_opened.connect(lambda row: self._open(_ARMS[1]))
        self.panel.columns_judged.connect(self._name_buttons)
        self.scatter.point_clicked.connect(self.panel.choose_key)
        for button, role in zip(self.buttons, _ARMS, strict=True):
            button.clicked.connect(lambda _on=False, role=role: self._open(role))

    # ExperimentPage

    def show_experiment(self, asked: Asked) -> None:
        if asked != self._asked:  # else it is looked at again, and nothing may jump
            self.scatter.show_points(None, {}, ("", ""))
            self.why.setText(CHOOSE)
        self._asked = asked
        self._pages.setCurrentIndex(0)
        self.panel.limit_rows(asked.filters(self.table), ("experiment",))
        self.panel.show_table(asked.source, NO_RUN, self.table)
        self._name_buttons()

    def clear(self) -> None:
        for lane in ("points", "why"):
            self._context.runner.cancel(f"{self._lane}.{lane}")
        self._asked = None
        self.panel.clear()
        self.scatter.show_points(None, {}, ("", ""))

    def export_request(self) -> ExportRequest | None:
        query = self.panel.export_query()
        if query is None or self._pages.currentWidget() is self._empty:
            return None
        pictures = widget_pictures(self.scatter)
        return ExportRequest(query.table, (query,), pictures, thinning=self._thinned)

    def focus_filter(self) -> bool:
        self.panel.view.filter_header.focus_first()
        return True

    def saved_filters(self) -> SavedFilterPanel | None:
        return self.saved if self._pages.currentWidget() is not self._empty else None

    def settled(self) -> bool:
        return self.panel.settled()

    def narrow(self, cells: dict[str, Cell]) -> None:
        """Show the pairs that have these values alone."""
        for name, cell in cells.items():
            self.panel.filters.choose(name, (cell,))

    # Inside

    def _lay_out(self) -> None:
        upper = QWidget()
        above = QVBoxLayout(upper)
        above.setContentsMargins(INSIDE, 0, 0, 0)
        above.setSpacing(GRID)
        line = QHBoxLayout()
        line.addWidget(self._about, 1)
        for button in self.buttons:
            line.addWidget(button)
        above.addLayout(line)
        above.addWidget(self.why)
        above.addWidget(self.scatter, 1)
        lower = QWidget()
        below = QVBoxLayout(lower)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(GRID)
        below.addWidget(self.panel, 1)
        below.addWidget(self.summary)
        right = FoldingSplitter(LOW, (5, 4), (1, 1))
        right.add_parts(upper, lower)
        body = QSplitter(Qt.Orientation.Horizontal)
        body.addWidget(self.facets)
        body.addWidget(right)
        body.setStretchFactor(1, 1)
        body.setCollapsible(1, False)
        body.setSizes([210, 700])
        self._pages.addWidget(body)
        self._pages.addWidget(self._empty)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, GRID, 0, 0)
        layout.addWidget(self._pages)

    def _say_nothing(self) -> None:
        how = f" {self.table.how_to_record}" if self.table.how_to_record else ""
        self._empty.say(f"No pairs of runs are recorded of this experiment.{how}")
        self._pages.setCurrentWidget(self._empty)
        self.status_changed.emit(self._empty.text)
        self.export_changed.emit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The table of pairs keeps its room where there is little."""
        super().resizeEvent(event)
        self.facets.setVisible(self.width() >= NARROW and self.height() >= LOW)
        self.summary.setVisible(self.height() >= LOW)

    def _ask_points(self) -> None:
        table, source, query = self.panel.table, self.panel.source, self.panel.model.asked
        if table is None or source is None or query is None:
            return
        x, y, by = (table.with_role(role) for role in ("baseline", "treated", "result"))
        if x is None or y is None:
            self._about.setText("What the pairs compare is not recorded in this source.")
            return
        points = PointsQuery(
            query.run_id, table.name, x.name, y.name, None if by is None else by.name,
            query.where, _POINTS,
        )  # fmt: skip
        labels = (x.label, y.label)

        def show(found: Points) -> None:
            self.scatter.show_points(found, self._colors(found), labels)
            self._say(found, labels)

        self._context.runner.submit(
            f"{self._lane}.points", source, points, show, self._failed, self
        )

    def _say(self, points: Points, labels: tuple[str, str]) -> None:
        self._thinned = points.notes
        missing = int(sum(1 for v in points.x + points.y if v != v))
        parts = ["dashed: no difference"]
        parts += [*points.notes]
        parts += [f"{missing} pairs were not compared"] if missing else []
        self._about.setText(" · ".join(parts))
        self.export_changed.emit()

    def _colors(self, points: Points) -> dict[str, QColor]:
        """A colour for every result, in the order of their names."""
        theme = self._context.theme
        return {name: theme.state_color("result", name) for name in sorted(set(points.group))}

    def _failed(self, error: TelemetryError) -> None:
        self._about.setText(str(error))

    def _ring(self, row: int) -> None:
        self.scatter.choose(self.panel.current_key())
        source, run = self.panel.source, self.panel.value(row, _ARMS[1])
        if source is None or not isinstance(run, int | str) or not source.can_answer(PairQuery):
            self.why.clear()
            return

        def fail(error: TelemetryError) -> None:
            self.why.setText(str(error))

        lane = f"{self._lane}.why"
        self._context.runner.submit(lane, source, PairQuery(run), self.why.setText, fail, self)

    def _name_buttons(self) -> None:
        for button, role in zip(self.buttons, _ARMS, strict=True):
            column = self.panel.column(role)
            button.setVisible(column is not None)
            if column is not None:
                button.setText(f"Open {column.label}")

    def _open(self, role: str) -> None:
        current = self.panel.view.currentIndex()
        run = self.panel.value(current.row(), role) if current.isValid() else None
        if isinstance(run, int | str):
            self.run_wanted.emit(run)
