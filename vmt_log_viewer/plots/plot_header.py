"""PlotHeader: the line above a plot: what is measured, what is not shown, values at the cursor."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from telemetry.concepts import Measure
from vmt_log_viewer import icons
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.plots.readout import Readout
from vmt_log_viewer.plots.value_scale import Extent
from vmt_log_viewer.theme import GRID, INSIDE, Theme
from vmt_log_viewer.widgets.words import count_text


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
        self._help = measure.help
        self.title = _Title(measure.label)
        self.unit = _label("")
        self.show_measure(measure)
        self.beyond = _button("", "", "warning")
        self.beyond.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
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
        row.addWidget(self.title, 0)
        for part in (self.unit, self.beyond, self.note):
            row.addWidget(part)
        row.addWidget(self.readout, 1)
        for button in (self.log, self.save, self.close_button):
            row.addWidget(button)
        self.show_notes(())
        self.dress()

    def dress(self) -> None:
        """Take the theme's fonts and the colour of warnings."""
        theme = self._theme
        self.title.setFont(theme.font("strong"))
        for part in (self.unit, self.note, self.beyond, self.log):
            part.setFont(theme.font("caption"))
        for part in (self.unit, self.note):
            part.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.beyond.setIcon(icons.icon("warning", theme.color("warning")))

    def show_measure(self, measure: Measure) -> None:
        """The unit, and where the values come from if not from a table of their own."""
        self.unit.setText(" · ".join(part for part in (measure.unit, measure.rebuilt) if part))

    def show_controls(self, shown: bool) -> None:
        """Without a plot below there is nothing to scale or to save."""
        for part in (self.log, self.save, self.readout):
            part.setVisible(shown)
        if not shown:
            self.beyond.hide()
            self.note.setText("")

    def show_log(self, log: bool) -> None:
        self.log.setChecked(log)

    def show_extent(self, extent: Extent, *, everything: bool) -> None:
        """Say what the range of values leaves out; the button shows it (or hides it again)."""
        parts = []
        if extent.above:
            parts.append(f"{count_text(extent.above)} ▲")
        if extent.below:
            parts.append(f"{count_text(extent.below)} ▼")
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
            words.append(f"{count_text(extent.hidden)} ≤ 0 {verb} not on a log axis")
        if extent.infinite:
            words.append(f"{count_text(extent.infinite)} infinite not drawn")
        self.note.setText(" · ".join(words))

    def in_words(self) -> str:
        """The unit and what is left out, for a picture, which has no buttons."""
        shown = [self.unit.text(), self.beyond.text() if self.beyond.isVisibleTo(self) else ""]
        return " · ".join(text for text in (*shown, self.note.text()) if text)

    def show_notes(self, notes: tuple[str, ...]) -> None:
        """What the answers say about themselves (thinned, scaled …), on hover and as a mark."""
        texts = [text for text in (self.title.text(), self._help, *notes) if text]
        self.title.setToolTip(plain_tip("\n".join(texts)))
        self.unit.setToolTip(plain_tip("\n".join(notes)))


class _Title(QLabel):
    """Gives way with an ellipsis when there is too little room, and never widens a window."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)

    def minimumSizeHint(self) -> QSize:
        wanted = super().minimumSizeHint()
        return QSize(min(48, wanted.width()), wanted.height())

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        room = self.width()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), int(flags), text)
        painter.end()


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
