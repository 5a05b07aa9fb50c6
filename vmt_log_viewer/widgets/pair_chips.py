"""PairChips: one click for all pairs of one sense, such as all barter or all that involve money."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from telemetry.concepts import Column
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import GRID
from vmt_log_viewer.widgets.row_filters import RowFilters


class PairChips(QWidget):
    """A switch for each sense that the column's words have; all off means any pair."""

    def __init__(self, filters: RowFilters, column: Column, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filters, self._column = filters, column
        senses = dict.fromkeys(word.sense for word in column.words if word.sense)
        self._pairs: dict[str, list[str]] = {sense.capitalize(): [] for sense in senses}
        self._buttons = {name: _chip(name) for name in self._pairs}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, GRID)
        layout.setSpacing(GRID)
        for name, button in self._buttons.items():
            button.clicked.connect(lambda on, name=name: self._choose(name, on))
            layout.addWidget(button)
        layout.addStretch(1)
        filters.text_changed.connect(self._show_state)
        self._show_state()

    def offer(self, pairs: Iterable[str]) -> None:
        """Say which pair types there are among the rows."""
        found = sorted(set(pairs))
        for name in self._pairs:
            meant = self._column.texts(name.lower())
            self._pairs[name] = [pair for pair in found if pair in meant]
        self._show_state()

    def button(self, name: str) -> QToolButton:
        """The switch of a sense, such as "Barter" or "Money"."""
        return self._buttons[name]

    def _choose(self, name: str, on: bool) -> None:
        self._filters.choose(self._column.name, self._pairs[name] if on else ())

    def _show_state(self, _: str = "") -> None:
        chosen = self._filters.chosen(self._column.name)
        for name, button in self._buttons.items():
            pairs = self._pairs[name]
            on = bool(pairs) and chosen == frozenset(pairs)
            button.setChecked(on)
            button.setEnabled(bool(pairs) or on)
            what = " or ".join(pairs) if pairs else f"No {name.lower()} pair among the rows"
            button.setToolTip(plain_tip(what))


def _chip(text: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setCheckable(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setMinimumWidth(64)
    return button
