"""CompareBar: which measure of the runs is shown, how they are aligned and drawn."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from telemetry.concepts import Measure
from vmt_log_viewer.theme import GRID, INSIDE
from vmt_log_viewer.widgets.plain import tool_button

ALIGNS = (
    ("tick", "by tick"),
    ("share", "by share of the run"),
    ("regime", "by first regime switch"),
)


class CompareBar(QWidget):
    """Only tells what was chosen; the view decides."""

    measure_chosen = Signal(str)
    align_chosen = Signal(str)
    panes_toggled = Signal(bool)
    bands_toggled = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.measure, self.align = QComboBox(), QComboBox()
        self.measure.setAccessibleName("Measure")
        self.measure.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.align.setAccessibleName("Aligned")
        for name, label in ALIGNS:
            self.align.addItem(label, name)
        self.panes = tool_button("Panes", "rows", "A pane for each run, with one cursor")
        self.bands = tool_button(
            "Bands", "chart-line", "Runs of one configuration as mean and band"
        )
        for button in (self.panes, self.bands):
            button.setCheckable(True)
        self.measure.activated.connect(
            lambda _: self.measure_chosen.emit(str(self.measure.currentData()))
        )
        self.align.activated.connect(
            lambda _: self.align_chosen.emit(str(self.align.currentData()))
        )
        self.panes.toggled.connect(self.panes_toggled)
        self.bands.toggled.connect(self.bands_toggled)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, GRID, 0, GRID)
        row.setSpacing(INSIDE)
        for widget in (self.measure, self.align, self.panes, self.bands):
            row.addWidget(widget)
        row.addStretch(1)

    def offer(self, measures: Sequence[Measure], chosen: str) -> None:
        """List the measures that the runs record, with `chosen` shown."""
        with QSignalBlocker(self.measure):
            self.measure.clear()
            for measure in measures:
                self.measure.addItem(measure.label, measure.name)
            self.measure.setCurrentIndex(max(0, self.measure.findData(chosen)))

    def show_measure(self, name: str) -> None:
        with QSignalBlocker(self.measure):
            self.measure.setCurrentIndex(max(0, self.measure.findData(name)))

    def show_align(self, name: str) -> None:
        self.align.setCurrentIndex(max(0, self.align.findData(name)))  # `activated` is by hand

    def show_bands(self, on: bool, *, possible: bool, needed: bool) -> None:
        """Bands are `needed` where lines would be too many, and impossible without groups."""
        with QSignalBlocker(self.bands):
            self.bands.setChecked(on)
        self.bands.setEnabled(possible and not needed)
