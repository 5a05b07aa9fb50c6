"""TrajectoriesBar: what is plotted, of whom, how, and what is shaded behind."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QActionGroup, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from telemetry.concepts import LaneInfo
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.theme import GRID, INSIDE, Theme
from vmt_log_viewer.widgets.agent_chooser import AgentChooser
from vmt_log_viewer.widgets.measure_chooser import MeasureChooser
from vmt_log_viewer.widgets.plain import caption, drop_down, tool_button

STYLES = (
    ("lines", "Lines", "Every chosen agent as a line (all agents where none is chosen)"),
    ("fan", "Fan", "The population as bands: smallest to largest, 5–95 %, quartiles, median"),
    ("both", "Both", "The population as bands, the chosen agents as lines"),
)
NO_SHADING = "none"
_AROUND = 50  # pixels around a button's words: its icon, its arrow, its edges


class TrajectoriesBar(QWidget):
    """Only tells what was chosen; the view decides and shows it here again."""

    style_chosen = Signal(str)
    shading_chosen = Signal(str)
    marks_toggled = Signal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.measures, self.agents = MeasureChooser(), AgentChooser()
        self.measures_button = _drop_down("Measures", "chart-line", self.measures)
        self.agents_button = _drop_down("Agents", "users", self.agents)
        self.styles = {name: _switch(text, tip) for name, text, tip in STYLES}
        self.shading = tool_button("Shading", "paint-bucket", "What the background shows")
        self.shading.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._shaded = ""
        self.marks = tool_button(
            "A B", "arrows-out-line-horizontal", "Two marks and what lies between"
        )
        self.marks.setCheckable(True)
        self.marks.toggled.connect(self.marks_toggled)
        self.marks_text = caption(theme)
        self.marks_text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for name, button in self.styles.items():
            button.setMinimumWidth(button.sizeHint().width())
            button.clicked.connect(lambda _on=False, name=name: self.style_chosen.emit(name))
        self._arrange()

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(INSIDE, GRID, INSIDE, GRID)
        row.setSpacing(GRID)
        row.addWidget(self.measures_button)
        row.addWidget(self.agents_button)
        row.addSpacing(GRID)
        group = QHBoxLayout()
        group.setSpacing(0)
        for button in self.styles.values():
            group.addWidget(button)
        row.addLayout(group)
        row.addSpacing(GRID)
        row.addWidget(self.shading)
        row.addWidget(self.marks)
        row.addWidget(self.marks_text, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where all words have no room, those go that stand beside an icon."""
        styles = Qt.ToolButtonStyle
        worded = (self.measures_button, self.agents_button, self.shading, self.marks)
        metrics = self.fontMetrics()
        needed = sum(metrics.horizontalAdvance(button.text()) + _AROUND for button in worded)
        needed += sum(button.sizeHint().width() for button in self.styles.values())
        words = self.width() >= needed + 2 * INSIDE + 8 * GRID
        style = styles.ToolButtonTextBesideIcon if words else styles.ToolButtonIconOnly
        for button in worded:
            button.setToolButtonStyle(style)

    def show_counts(self, measures: int, chosen: int, agents: int) -> None:
        self.measures_button.setText(f"Measures {measures}")
        of_whom = f"{chosen} of {agents}" if chosen else f"all {agents}" if agents else ""
        self.agents_button.setText(f"Agents {of_whom}".rstrip())
        for button in (self.measures_button, self.agents_button):
            button.setToolTip(plain_tip(button.text()))
        self._fit()

    def show_style(self, style: str) -> None:
        for name, button in self.styles.items():
            button.setChecked(name == style)

    def offer_shading(self, lanes: Sequence[LaneInfo], chosen: str) -> None:
        """None and the recorded lanes; unrecorded ones greyed, with the reason."""
        menu = QMenu(self.shading)
        group = QActionGroup(menu)
        choices = [(NO_SHADING, "None", True, "")]
        choices += [(x.name, x.label, x.recorded, x.reason) for x in lanes]
        shown = "None"
        for name, label, recorded, reason in choices:
            action = menu.addAction(label if recorded else f"{label}  · not recorded")
            action.setCheckable(True)
            action.setEnabled(recorded)
            action.setToolTip(reason)
            action.setChecked(name == chosen)
            action.triggered.connect(lambda _on=False, name=name: self.shading_chosen.emit(name))
            group.addAction(action)
            shown = label if name == chosen else shown
        old = self.shading.menu()
        self.shading.setMenu(menu)
        if old is not None:
            old.deleteLater()
        self._shaded = f"Shading: {shown.lower()}"
        self.show_shaded("")

    def show_shaded(self, note: str) -> None:
        """Say beside the choice why nothing is shaded, where nothing is."""
        self.shading.setText(f"{self._shaded} ({note})" if note else self._shaded)
        self.shading.setToolTip(plain_tip(self.shading.text()))
        self._fit()

    def show_marks(self, a: int | None, b: int | None) -> None:
        on = a is not None and b is not None
        self.marks.setChecked(on)
        self.marks_text.setText(f"A {a}  B {b}  {abs(b - a)} ticks apart" if on else "")


def _drop_down(text: str, icon: str, content: QWidget) -> QToolButton:
    button = tool_button(text, icon, f"Choose {text.lower()}")
    drop_down(button, content)
    return button


def _switch(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setCheckable(True)
    button.setAutoRaise(True)
    return button
