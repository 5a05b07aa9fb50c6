"""StateGrid: two agents before and after a tick, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from telemetry.concepts import Cell, Negotiation
from telemetry.text import cell_text, exact_text, in_units
from vmt_log_viewer.models.cell_style import heading, plain_tip
from vmt_log_viewer.models.ladder import StateLine, number, state_lines
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.theme import BETWEEN, INSIDE
from vmt_log_viewer.widgets.plain import caption

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class StateGrid(QWidget):
    """Every recorded number of both agents. What did not change is muted."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(INSIDE, 0, INSIDE, 0)
        self._grid.setHorizontalSpacing(BETWEEN)
        self._grid.setVerticalSpacing(2)

    def show_negotiation(self, negotiation: Negotiation | None) -> None:
        """Show the states around `negotiation`; None: nothing."""
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if negotiation is None:
            return
        ticks, lines = state_lines(negotiation)
        if not lines:
            sentence = "The states of these agents are not recorded around this tick."
            self._grid.addWidget(caption(self._theme, sentence, elided=False), 0, 0)
            return
        self._headings(negotiation, ticks)
        for row, line in enumerate(lines, start=2):
            self._line(row, line)
        self._grid.setRowStretch(len(lines) + 2, 1)
        self._grid.setColumnStretch(7, 1)

    def _headings(self, negotiation: Negotiation, ticks: tuple[int | None, ...]) -> None:
        for side, (agent, tick) in enumerate(zip(negotiation.agents, ticks, strict=True)):
            name = QLabel(f"Agent {agent}")
            name.setTextFormat(Qt.TextFormat.PlainText)
            name.setFont(self._theme.font("strong"))
            self._grid.addWidget(name, 0, 1 + 3 * side, 1, 3, _RIGHT)
            before = "before" if tick is None else f"tick {tick}"
            for place, text in enumerate((before, f"tick {negotiation.tick}", "Δ")):
                label = caption(self._theme, text, elided=False)
                self._grid.addWidget(label, 1, 1 + 3 * side + place, _RIGHT)

    def _line(self, row: int, line: StateLine) -> None:
        column = line.column
        name = caption(self._theme, column.label, elided=False)
        name.setToolTip(plain_tip(heading(column)))
        self._grid.addWidget(name, row, 0)
        for side, (before, after) in enumerate(line.values):
            before, after = (in_units(cell, column.unit) for cell in (before, after))
            self._value(row, 1 + 3 * side, before, muted=True)
            self._value(row, 2 + 3 * side, after, muted=before == after)
            change = _change(before, after)
            label = QLabel("" if not change else ("+" if change > 0 else "") + short(change))
            label.setFont(self._theme.font())
            self._grid.addWidget(label, row, 3 + 3 * side, _RIGHT)

    def _value(self, row: int, place: int, cell: Cell, *, muted: bool) -> None:
        label = QLabel(cell_text(cell, missing="—"))
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(self._theme.font())
        label.setToolTip(plain_tip(exact_text(cell) or "NULL: nothing was stored here"))
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if muted or cell is None:
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._grid.addWidget(label, row, place, _RIGHT)


def _change(before: Cell, after: Cell) -> float | None:
    first, second = number(before), number(after)
    return None if first is None or second is None else second - first
