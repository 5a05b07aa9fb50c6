"""ChoiceBar: a line of lists, switches and numbers, each for one named choice of a view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QSpinBox, QToolButton, QWidget

from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.widgets.plain import tool_button

LEAST = 12
"""Characters of a list that are always seen; what is longer gives way in a narrow window."""


class ChoiceBar(QWidget):
    """Only tells what was chosen by hand; the view decides and shows it with `show_choices`."""

    chosen = Signal(str, object)  # the choice's name, its value

    def __init__(self) -> None:
        super().__init__()
        self.lists: dict[str, QComboBox] = {}
        self.switches: dict[str, QToolButton] = {}
        self.numbers: dict[str, QSpinBox | QDoubleSpinBox] = {}
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(0, GRID, 0, GRID)
        self.row.setSpacing(INSIDE)
        self.row.addStretch(1)

    def add_list(self, name: str, tip: str) -> QComboBox:
        """A list of values, offered later by `offer`."""
        found = QComboBox()
        found.setAccessibleName(tip)
        found.setToolTip(tip)
        found.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        found.setMinimumContentsLength(LEAST)
        found.activated.connect(lambda _: self.chosen.emit(name, found.currentData()))
        self.lists[name] = found
        self._add(found)
        return found

    def add_switch(self, name: str, text: str, icon: str, tip: str) -> QToolButton:
        """A choice that is on or off."""
        found = tool_button(text, icon, tip)
        found.setCheckable(True)
        found.toggled.connect(lambda on: self.chosen.emit(name, on))
        self.switches[name] = found
        self._add(found)
        return found

    def add_number(self, name: str, prefix: str, low: int, high: int, tip: str) -> QSpinBox:
        """A whole number, told when it was typed to its end."""
        found = QSpinBox()
        found.setRange(low, high)
        found.setPrefix(prefix)
        found.setToolTip(tip)
        found.setAccessibleName(tip)
        found.setKeyboardTracking(False)
        found.valueChanged.connect(lambda value: self.chosen.emit(name, value))
        self.numbers[name] = found
        self._add(found)
        return found

    def add_share(self, name: str, prefix: str, tip: str) -> QDoubleSpinBox:
        """A share in percent, told as a number from 0 to 1."""
        found = QDoubleSpinBox()
        found.setRange(0.0, 100.0)
        found.setDecimals(2)
        found.setPrefix(prefix)
        found.setSuffix(" %")
        found.setToolTip(tip)
        found.setAccessibleName(tip)
        found.setKeyboardTracking(False)
        found.valueChanged.connect(lambda value: self.chosen.emit(name, value / 100))
        self.numbers[name] = found
        self._add(found)
        return found

    def offer(self, name: str, values: Sequence[tuple[object, str]]) -> None:
        """What a list holds now, as (value, label); nobody is told."""
        found = self.lists[name]
        with QSignalBlocker(found):
            found.clear()
            for value, label in values:
                found.addItem(label, value)

    def show_choices(self, choices: Mapping[str, object]) -> None:
        """Show what is chosen; nobody is told."""
        for name, value in choices.items():
            if name in self.lists:
                with QSignalBlocker(self.lists[name]):
                    self.lists[name].setCurrentIndex(max(0, self.lists[name].findData(value)))
            elif name in self.switches:
                with QSignalBlocker(self.switches[name]):
                    self.switches[name].setChecked(bool(value))
            elif name in self.numbers:
                number = self.numbers[name]
                with QSignalBlocker(number):
                    if isinstance(number, QDoubleSpinBox):
                        number.setValue(100 * float(value))  # type: ignore[arg-type]
                    else:
                        number.setValue(int(value))  # type: ignore[call-overload]

    def _add(self, widget: QWidget) -> None:
        self.row.insertWidget(self.row.count() - 1, widget)
