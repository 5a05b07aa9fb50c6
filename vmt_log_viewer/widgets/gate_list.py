"""GateList: the gates of each way in which something could have happened, with their margins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from telemetry.analysis.whys import margin_text, verdict
from telemetry.concepts import Case, Gate, Why
from vmt_log_viewer import icons
from vmt_log_viewer.theme import BETWEEN, GRID, ICON, INSIDE
from vmt_log_viewer.widgets.plain import caption

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_ICONS = {"passed": ("check", "good"), "failed": ("x", "bad"), "not judged": ("minus", "muted")}


class GateList(QWidget):
    """The first gate that failed is set in bold; what cannot be judged says what is missing."""

    told = Signal(str)  # the verdict in a sentence

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.why: Why | None = None
        self._rows = QVBoxLayout(self)
        self._rows.setContentsMargins(INSIDE, 0, INSIDE, INSIDE)
        self._rows.setSpacing(GRID)
        theme.changed.connect(lambda: self.show_why(self.why))

    def show_why(self, found: Why | None) -> None:
        """Show all cases, the one that came closest first; None: nothing."""
        self.why = found
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if found is None:
            return
        for case in found.cases:
            self._rows.addWidget(self._case(case))
        notes = (f"Judged from {found.told_by}.", *found.notes)
        for note in notes:
            line = caption(self._theme, note, elided=False)
            line.setWordWrap(True)
            self._rows.addWidget(line)
        self._rows.addStretch(1)
        self.told.emit(verdict(found))

    def say(self, sentence: str) -> None:
        """Show a sentence instead of gates."""
        self.show_why(None)
        line = caption(self._theme, sentence, elided=False)
        line.setWordWrap(True)
        self._rows.addWidget(line)
        self._rows.addStretch(1)

    def _case(self, case: Case) -> QWidget:
        box = QWidget()
        grid = QGridLayout(box)
        grid.setContentsMargins(0, 0, 0, GRID)
        grid.setHorizontalSpacing(BETWEEN)
        grid.setVerticalSpacing(2)
        tries = "" if case.tries is None else f" · {case.tries} {_tries(case.tries)}"
        head = QLabel(f"{case.label}{tries}")
        head.setTextFormat(Qt.TextFormat.PlainText)
        head.setFont(self._theme.font("strong"))
        head.setWordWrap(True)
        grid.addWidget(head, 0, 0, 1, 3)
        for row, gate in enumerate(case.gates, start=1):
            self._gate(grid, row, gate, gate is case.failed)
        grid.setColumnStretch(1, 1)
        return box

    def _gate(self, grid: QGridLayout, row: int, gate: Gate, decisive: bool) -> None:
        name, color = _ICONS[gate.state]
        mark = QLabel()
        mark.setPixmap(icons.icon(name, self._theme.color(color)).pixmap(ICON, ICON))
        mark.setAccessibleName(gate.state)
        label = QLabel(gate.label)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        if decisive:
            label.setFont(self._theme.font("strong"))
        if gate.state == "not judged":
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        text = "" if gate.margin is None else margin_text(gate.margin, gate.unit)
        margin = QLabel(text)
        margin.setTextFormat(Qt.TextFormat.PlainText)
        margin.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        why = caption(self._theme, gate.sentence, elided=False)
        why.setWordWrap(True)
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(mark, 2 * row - 1, 0, top)
        grid.addWidget(label, 2 * row - 1, 1)
        grid.addWidget(margin, 2 * row - 1, 2)
        grid.addWidget(why, 2 * row, 1, 1, 2)


def _tries(count: int) -> str:
    return "try" if count == 1 else "tries"
