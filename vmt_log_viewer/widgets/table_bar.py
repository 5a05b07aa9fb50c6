"""TableBar: the line above a table, with what its rows are in words and the buttons for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget

from vmt_log_viewer.theme import GRID
from vmt_log_viewer.widgets.plain import caption, tool_button

if TYPE_CHECKING:
    from vmt_log_viewer.theme import Theme

_ROOM_FOR_STATUS = 230  # pixels


class TableBar(QWidget):
    """Gives way where the window is narrower than all words together: `fit` takes the buttons'
    words away, but for those that have none anyway.
    """

    clear_clicked = Signal()
    columns_clicked = Signal(QPoint)  # where a menu may open, on the screen

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._tools: list[QToolButton] = []
        self._status = caption(theme)
        self._clear = tool_button("Clear filters", "x", "Take every filter of this table away")
        self._columns = tool_button("Columns", "columns", "Choose the columns that are shown")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(GRID)
        self._row.addWidget(self._status, 1)
        self._row.addWidget(self._clear)
        self._row.addWidget(self._columns)
        self._clear.clicked.connect(lambda: self.clear_clicked.emit())
        self._columns.clicked.connect(self._choose_columns)

    def add_tool(self, widget: QToolButton, *, first: bool = False) -> None:
        """Put a button of a view's own into the line."""
        if widget.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly:
            self._tools.append(widget)
        self._row.insertWidget(0 if first else self._row.count() - 2, widget)

    def say(self, text: str, *, filtered: bool) -> None:
        """What the rows are; whether there are filters that could be cleared."""
        self._status.setText(text)
        self._clear.setEnabled(filtered)

    def fit(self, width: int) -> None:
        """Buttons keep their words only where `width` pixels have room for them."""
        styles = Qt.ToolButtonStyle
        buttons = (*self._tools, self._clear, self._columns)
        needed = sum(self.fontMetrics().horizontalAdvance(b.text()) + 36 for b in buttons)
        words = width >= needed + _ROOM_FOR_STATUS
        style = styles.ToolButtonTextBesideIcon if words else styles.ToolButtonIconOnly
        for button in buttons:
            button.setToolButtonStyle(style)

    def _choose_columns(self) -> None:
        below = self._columns.rect().bottomLeft()
        self.columns_clicked.emit(self._columns.mapToGlobal(below))
