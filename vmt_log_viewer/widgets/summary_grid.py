"""SummaryGrid: the table's own aggregates over exactly the filtered rows, group by group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QScrollArea, QWidget

from telemetry.concepts import Cell, Column, Summary
from telemetry.errors import TelemetryError
from telemetry.queries import SummaryQuery
from telemetry.text import cell_text, exact_shown
from vmt_log_viewer.models.cell_style import heading, is_number, plain_tip
from vmt_log_viewer.theme import BETWEEN, INSIDE
from vmt_log_viewer.widgets.plain import caption

if TYPE_CHECKING:
    from vmt_log_viewer.views.view import Context
    from vmt_log_viewer.widgets.table_panel import TablePanel

ROOM = 3  # groups for which room is kept, so that nothing jumps when they arrive
_LINE = 20
_HEADING, _NOTE = "heading", "note"
_MIXED = "The groups have different units here: see the line of each."


class SummaryGrid(QScrollArea):
    """One line for all rows and one per group. Numbers are rounded; the tooltip is exact."""

    def __init__(
        self, context: Context, panel: TablePanel, lane: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context, self._panel, self._lane = context, panel, lane
        self._summary: Summary | None = None
        self._lines = 1 + ROOM
        self._compact = False
        self._labels: dict[tuple[int, int, str], QLabel] = {}  # by line, place and look
        self._used: set[tuple[int, int, str]] = set()
        self._hidden: set[tuple[int, int, str]] = set()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget()
        self._grid = QGridLayout(self._body)
        self._grid.setContentsMargins(INSIDE, 2, INSIDE, 2)
        self._grid.setHorizontalSpacing(BETWEEN)
        self._grid.setVerticalSpacing(0)
        self.setWidget(self._body)
        self._keep_room()
        panel.asked.connect(self.ask)

    @property
    def summary(self) -> Summary | None:
        """What is shown; None until the first answer."""
        return self._summary

    def set_compact(self, compact: bool) -> None:
        """Leave the groups out where the window is low; the line of all rows stays."""
        if compact != self._compact:
            self._compact = compact
            self._fill()
            self._keep_room()

    def ask(self) -> None:
        """Sum up again; the old numbers stay until the new ones are here."""
        query, source = self._panel.model.asked, self._panel.source
        if query is not None and source is not None:
            self._context.runner.submit(
                self._lane,
                source,
                SummaryQuery(query.run_id, query.table, query.where),
                self._show,
                self._show_failure,
                self,
            )

    def _show(self, summary: Summary) -> None:
        self._summary = summary
        self._lines = max(self._lines, 1 + len(summary.groups))
        self._fill()

    def _show_failure(self, error: TelemetryError) -> None:
        self._begin()
        self._put(0, 0, _NOTE, str(error))
        self._end()

    def _fill(self) -> None:
        summary = self._summary
        if summary is None:
            return
        self._begin()
        shown = [i for i in range(len(summary.columns)) if i == 0 or _has_values(summary, i)]
        columns = [summary.columns[i] for i in shown]
        for place, column in enumerate(columns):
            label = self._put(0, place, _HEADING, heading(column), _side(column, place))
            label.setToolTip(plain_tip(f"{heading(column)} {column.help}"))
        mixed = len(summary.groups) > 1
        total = [None if mixed and _mixes(summary.columns[i]) else summary.total[i] for i in shown]
        self._line(1, ["All", *total[1:]], columns)
        for line, group in enumerate(() if self._compact else summary.groups, start=2):
            self._line(line, [group[i] for i in shown], columns)
        missing = [c.label for i, c in enumerate(summary.columns) if i not in shown]
        if missing and summary.groups:
            self._put(0, len(shown), _NOTE, f"not recorded: {', '.join(missing)}")
        self._grid.setColumnStretch(len(shown), 1)
        self._end()
        self._keep_room()

    def _line(self, line: int, cells: Sequence[Cell], columns: Sequence[Column]) -> None:
        for place, (cell, column) in enumerate(zip(cells, columns, strict=True)):
            text = (
                str(cell)
                if line == 1 and place == 0
                else cell_text(cell, column, missing="—" if place else None, digits=6)
            )
            look = "strong" if line == 1 else "text"
            label = self._put(line, place, look, text, _side(column, place))
            role = QPalette.ColorRole
            label.setForegroundRole(role.PlaceholderText if cell is None else role.NoRole)
            if cell is None:
                label.setToolTip(_MIXED if line == 1 and _mixes(column) else "")
            else:
                label.setToolTip(plain_tip(exact_shown(cell, column)) if place else "")

    def _put(
        self, line: int, place: int, look: str, text: str, side: Qt.AlignmentFlag | None = None
    ) -> QLabel:
        """Show a text; the same label each time, which costs less and keeps what is selected."""
        key = (line, place, look)
        label = self._labels.get(key)
        if label is None:
            theme = self._context.theme
            if look in (_HEADING, _NOTE):
                label = caption(theme, elided=look == _NOTE)
            else:
                label = QLabel()
                label.setTextFormat(Qt.TextFormat.PlainText)
                label.setFont(theme.font(look))
                label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._labels[key] = label
            self._grid.addWidget(label, line, place)
        label.setText(text)
        if side is not None:
            self._grid.setAlignment(label, side)
        self._used.add(key)
        return label

    def _begin(self) -> None:
        for place in range(self._grid.columnCount()):
            self._grid.setColumnStretch(place, 0)
        self._used.clear()

    def _end(self) -> None:
        """What has no text now is not seen; new labels are shown by their layout, all at once."""
        unused = self._labels.keys() - self._used
        for key in unused ^ self._hidden:
            self._labels[key].setVisible(key in self._used)
        self._hidden = unused

    def _keep_room(self) -> None:
        lines = 2 if self._compact else self._lines + 1
        for line in range(max(self._lines + 1, self._grid.rowCount())):
            self._grid.setRowMinimumHeight(line, _LINE if line < lines else 0)
        self._fit()

    def _fit(self) -> None:
        """As high as its lines, and its scroll bar where the columns find no room."""
        bar = self.horizontalScrollBar()
        scrolls = self._body.minimumSizeHint().width() > self.width()
        lines = 2 if self._compact else self._lines + 1
        self.setFixedHeight(lines * _LINE + 4 + (bar.sizeHint().height() if scrolls else 0))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


def _mixes(column: Column) -> bool:
    """True for a mean or sum whose unit differs from group to group: over all it says nothing."""
    return column.kind == "real" and not column.unit


def _has_values(summary: Summary, place: int) -> bool:
    cells = (summary.total[place], *(group[place] for group in summary.groups))
    return any(cell is not None for cell in cells)


def _side(column: Column, place: int) -> Qt.AlignmentFlag:
    right = place > 0 and is_number(column)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
