"""PlotHeader: the line above a plot: what is measured, what is not shown, values at the cursor."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from telemetry.concepts import Measure
from vmt_log_viewer import icons
from vmt_log_viewer.plots.readout import Readout
from vmt_log_viewer.plots.value_scale import Extent
from vmt_log_viewer.theme import GRID, INSIDE, Theme


class PlotHeader(QWidget):
    """Room for everything is kept, so values and marks appear without moving anything."""

    log_toggled = Signal(bool)
    beyond_clicked = Signal()
    save_wanted = Signal()
    close_wanted = Signal()

    def __init__(self, measure: Measure, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(24)
        self.title = _label(measure.label)
        self.unit = _label(measure.unit)
        self.title.setToolTip(measure.help)
        self.beyond = _button("", "")
        self.beyond.clicked.connect(self.beyond_clicked)
        self.beyond.hide()
        self.note = _label("")
        self.readout = Readout(theme)
        self.log = _button("log", "Logarithmic axis for this plot")
        self.log.setCheckable(True)
        self.log.toggled.connect(self.log_toggled)
        self.save = _button("", f"Save {measure.label} as picture or data…", "download-simple")
        self.save.clicked.connect(self.save_wanted)
        self.close_button = _button("", f"Remove {measure.label} from the plots", "x")
        self.close_button.clicked.connect(self.close_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(INSIDE, 0, GRID, 0)
        row.setSpacing(INSIDE)
        for part in (self.title, self.unit, self.beyond, self.note):
            row.addWidget(part)
        row.addWidget(self.readout, 1)
        for button in (self.log, self.save, self.close_button):
            row.addWidget(button)
        self.dress()

    def dress(self) -> None:
        theme = self._theme
        self.title.setFont(theme.font("strong"))
        for part, color in ((self.unit, "muted"), (self.note, "muted"), (self.beyond, "warning")):
            part.setFont(theme.font("caption"))
            palette = part.palette()
            for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
                palette.setColor(role, theme.color(color))
            part.setPalette(palette)
        self.log.setFont(theme.font("caption"))

    def show_log(self, log: bool) -> None:
        self.log.setChecked(log)

    def show_extent(self, extent: Extent, *, everything: bool) -> None:
        """Say what the range of values leaves out; the button shows it (or hides it again)."""
        parts = []
        if extent.above:
            parts.append(f"{extent.above} ▲")
        if extent.below:
            parts.append(f"{extent.below} ▼")
        if parts:
            noun = "value" if extent.beyond == 1 else "values"
            self.beyond.setText(f"{' '.join(parts)} {noun} beyond this range")
            self.beyond.setToolTip("Show them too")
        elif everything:
            self.beyond.setText("all values shown")
            self.beyond.setToolTip("Leave the outliers outside again")
        self.beyond.setVisible(bool(parts) or everything)
        words = []
        if extent.hidden:
            verb = "is" if extent.hidden == 1 else "are"
            words.append(f"{extent.hidden} ≤ 0 {verb} not on a log axis")
        if extent.infinite:
            words.append(f"{extent.infinite} infinite not drawn")
        self.note.setText(" · ".join(words))

    def show_notes(self, notes: tuple[str, ...]) -> None:
        self.title.setToolTip("\n".join(notes))


def _label(text: str) -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label


def _button(text: str, tip: str, icon: str = "") -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(tip or text)
    button.setAutoRaise(True)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if icon:
        button.setIcon(icons.icon(icon))
        button.setIconSize(QSize(14, 14))
    return button
