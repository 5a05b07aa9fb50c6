"""TimelineControls: the buttons, the exact tick, the speed and the brush's words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from telemetry.concepts import TickRange
from vmt_log_viewer import icons
from vmt_log_viewer.actions import Actions, key_text
from vmt_log_viewer.models.cell_style import plain_tip
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.state.playback import SPEEDS
from vmt_log_viewer.theme import GRID, INSIDE, Theme
from vmt_log_viewer.widgets.plain import caption, tool_button
from vmt_log_viewer.widgets.words import count_text

MORE = 36
"""Pixels for the number of states that the legend has no room for."""


class TimelineControls(QWidget):
    """Shows and moves the document's cursor, playback and brush; keeps nothing of its own."""

    def __init__(self, document: Document, theme: Theme, actions: Actions | None) -> None:
        super().__init__()
        self._document, self._actions = document, actions
        cursor, playback = document.cursor, document.playback
        self.first = self._button("First tick", "skip-back", "first_tick", cursor.first)
        self.previous = self._button(
            "Previous tick", "caret-left", "previous_tick", lambda: cursor.step(-1)
        )
        self.play = self._button("Play", "play", "play", playback.toggle)
        self.next = self._button("Next tick", "caret-right", "next_tick", lambda: cursor.step(1))
        self.last = self._button("Last tick", "skip-forward", "last_tick", cursor.last)
        self.tick = _TickField()
        self.tick.valueChanged.connect(lambda value: cursor.move_to(int(value)))
        self.range = caption(theme, elided=False)
        self.speed = QComboBox()
        self.speed.setToolTip("How fast the run is played")
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g} ticks/s", speed)
        self.speed.activated.connect(lambda row: playback.set_speed(self.speed.itemData(row)))
        self.brush = caption(theme)
        self.brush.setMinimumWidth(0)
        self.clear = tool_button("Show all ticks", "x", "Show all ticks again", only_icon=True)
        self.clear.clicked.connect(lambda: document.selection.set_brush(None))
        self.marks = tool_button(
            "Marks", "map-pin", self._tip("Marked ticks", "marks"), only_icon=True
        )
        self.marks.setVisible(actions is not None)
        if actions is not None:
            self.marks.clicked.connect(actions["marks"].trigger)
        self.legend = Legend(theme)
        self._arrange()
        self._connect()

    def show_bounds(self, bounds: TickRange | None) -> None:
        for part in (self.first, self.previous, self.play, self.next, self.last, self.tick,
                     self.marks):  # fmt: skip
            part.setEnabled(bounds is not None)
        if bounds is None:
            self.range.setText("no ticks")
            return
        self.tick.setRange(bounds.first, bounds.last)
        self.range.setText(f"of {bounds.first}–{bounds.last}")
        self.show_tick(self._document.cursor.tick)

    def show_tick(self, tick: int | None) -> None:
        if tick is not None:
            self.tick.setValue(tick)

    def show_playing(self, playing: bool) -> None:
        self.play.setIcon(icons.icon("pause" if playing else "play"))
        self.play.setAccessibleName("Pause" if playing else "Play")
        self.play.setToolTip(self._tip("Pause" if playing else "Play", "play"))

    def show_speed(self, speed: float) -> None:
        row = self.speed.findData(speed)
        if row < 0:
            self.speed.addItem(f"{speed:g} ticks/s", speed)
            row = self.speed.count() - 1
        self.speed.setCurrentIndex(row)

    def show_brush(self, brush: TickRange | None) -> None:
        text = ""
        if brush is not None:
            count = brush.last - brush.first + 1
            noun = "tick" if count == 1 else "ticks"
            text = f"limited to {brush.first}–{brush.last} ({count_text(count)} {noun})"
        self.brush.setText(text)
        self.clear.setEnabled(brush is not None)
        self.clear.setVisible(brush is not None)

    def _button(self, text: str, icon: str, verb: str, slot: Callable[[], None]) -> QToolButton:
        button = tool_button(text, icon, self._tip(text, verb), only_icon=True)
        button.clicked.connect(lambda _on=False: slot())
        return button

    def _tip(self, text: str, verb: str) -> str:
        keys = key_text(self._actions[verb]) if self._actions is not None else ""
        return f"{text} ({keys})" if keys else text

    def _arrange(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(INSIDE, 2, INSIDE, 2)
        row.setSpacing(GRID)
        for button in (self.first, self.previous, self.play, self.next, self.last):
            row.addWidget(button)
        row.addSpacing(GRID)
        row.addWidget(self.tick)
        row.addWidget(self.range)
        row.addSpacing(GRID)
        row.addWidget(self.speed)
        row.addWidget(self.marks)
        row.addSpacing(GRID)
        row.addWidget(self.brush, 1)
        row.addWidget(self.clear)
        row.addWidget(self.legend)
        keep = self.clear.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.clear.setSizePolicy(keep)

    def _connect(self) -> None:
        cursor, playback = self._document.cursor, self._document.playback
        cursor.moved.connect(self.show_tick)
        cursor.bounds_changed.connect(self.show_bounds)
        playback.toggled.connect(self.show_playing)
        playback.speed_changed.connect(self.show_speed)
        self._document.selection.brush_changed.connect(self.show_brush)
        self.show_bounds(cursor.bounds)
        self.show_playing(playback.playing)
        self.show_speed(playback.speed)
        self.show_brush(self._document.selection.brush)


class _TickField(QDoubleSpinBox):
    """A whole tick of any size; QSpinBox ends at 2³¹. Typing moves nothing before Enter."""

    def __init__(self) -> None:
        super().__init__()
        self.setDecimals(0)
        self.setKeyboardTracking(False)
        self.setRange(0, 0)
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setToolTip("The tick that every view shows")
        self.setAccessibleName("Tick")
        self.setFixedWidth(88)

    def textFromValue(self, value: float) -> str:
        return str(int(value))

    def valueFromText(self, text: str) -> float:
        return float(int(text))


class Legend(QWidget):
    """Which colour is which state; gives way where there is no room for all of it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.entries: tuple[tuple[str, QColor], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        self.setMinimumWidth(0)

    def show_entries(self, entries: Sequence[tuple[str, QColor]]) -> None:
        self.entries = tuple(entries)
        self.setToolTip(plain_tip("\n".join(name for name, _ in entries)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(sum(self._widths()), 20)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 20)

    def paintEvent(self, _event: object) -> None:
        painter = QPainter(self)
        painter.setFont(self._theme.font("caption"))
        painter.setPen(self._theme.color("muted"))
        widths = self._widths()
        shown = len(widths)
        while shown and sum(widths[:shown]) + (MORE if shown < len(widths) else 0) > self.width():
            shown -= 1
        rest = len(widths) - shown
        x = self.width() - sum(widths[:shown]) - (MORE if rest and shown else 0)
        middle, centre = self.height() // 2, Qt.AlignmentFlag.AlignVCenter
        for (name, color), width in zip(self.entries[:shown], widths, strict=False):
            painter.fillRect(x + 12, middle - 4, 8, 8, color)
            painter.drawText(x + 24, 0, width, self.height(), centre, name)
            x += width
        if rest and shown:
            painter.drawText(x + 12, 0, MORE, self.height(), centre, f"+{rest}")
        painter.end()

    def _widths(self) -> list[int]:
        metrics = QFontMetrics(self._theme.font("caption"))
        return [metrics.horizontalAdvance(name) + 24 for name, _ in self.entries]
