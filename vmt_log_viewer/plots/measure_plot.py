"""MeasurePlot: one measure over ticks: its header above, its stage below."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from telemetry.concepts import Band, Fan, Lane, Line, Measure, Series, TickRange
from vmt_log_viewer.plots.lane_painter import ColorOf
from vmt_log_viewer.plots.line_bank import LineBank
from vmt_log_viewer.plots.line_layer import CROWD, MOVING, RESTING
from vmt_log_viewer.plots.plot_data import PlotData
from vmt_log_viewer.plots.plot_header import PlotHeader
from vmt_log_viewer.plots.stage import Shared, Stage
from vmt_log_viewer.plots.value_scale import Extent, fitting_scale, height_range
from vmt_log_viewer.theme import GRID, INSIDE

LEAST_HEIGHT, UNLIMITED = 104, 16_777_215
REST = 150
"""Milliseconds without a move after which a plot is drawn as finely as it can be."""
NEAR = 8.0
"""Pixels within which a line counts as under the mouse."""


class MeasurePlot(QWidget):
    """Shows what it is given and asks nothing itself. Call `release` before dropping it."""

    hovered = Signal(object)  # the tick under the mouse, or None
    agent_picked = Signal(object, bool)  # AgentId, whether it is to be added to the chosen ones
    marks_moved = Signal(str, int)  # "A" or "B", its new tick
    save_wanted = Signal()
    close_wanted = Signal()
    log_changed = Signal(bool)

    def __init__(self, measure: Measure, shared: Shared, data: PlotData) -> None:
        super().__init__()
        self.measure, self.data, self._shared = measure, data, shared
        self.extent = Extent(math.nan, math.nan)
        self.log = False
        self._everything = False
        self._by_hand = False
        self._held: tuple[float, float] | None = None
        self._hover: tuple[int, float] | None = None
        self._marks: tuple[int | None, int | None] = (None, None)
        self.header = PlotHeader(measure, shared.theme)
        self.stage = Stage(shared, lambda agent: self.agent_picked.emit(agent, False))
        self.stage.setUpdatesEnabled(False)  # until there is something to see
        self.message = _Sentence()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST)
        self._rest.timeout.connect(self._rested)
        self._arrange()
        self._connect()
        self.dress()
        self._show_data()

    # What is shown

    def show_series(self, series: Series | None, bank: LineBank | None = None) -> None:
        """The lines, and what was made of them for drawing; None where none are to be shown."""
        self.data.series, self.data.bank = series, bank
        self._wake(series)
        self._show_data()

    def show_fan(self, fan: Fan | None) -> None:
        self.data.fan = fan
        self._wake(fan)
        if fan is None:
            self.data.band = None
        self._show_data()

    def show_band(self, band: Band | None) -> None:
        """Lowest, mean and highest of every tick, behind a fan that stands on some of them."""
        self.data.band = band
        self._show_data()

    def show_shading(self, lane: Lane | None, color_of: ColorOf) -> None:
        self.stage.shading.lane, self.stage.shading.color_of = lane, color_of
        self._wake(lane)
        self.stage.redraw()

    def say(self, text: str) -> None:
        """A sentence in place of the plot ("" for none): nothing recorded, or what went wrong."""
        self.message.setText(text)
        self.message.setVisible(bool(text))
        self.stage.setVisible(not text)
        self.header.show_controls(not text)
        self._fit_height()

    def set_log(self, log: bool) -> None:
        if log != self.log:
            self.log, self._by_hand = log, False
            self.header.show_log(log)
            self._show_data()
            self.log_changed.emit(log)

    def set_everything(self, everything: bool) -> None:
        """Show outliers too, however small that makes the rest."""
        self._everything, self._by_hand = everything, False
        self.fit_values()

    @property
    def everything(self) -> bool:
        """Whether outliers are shown too."""
        return self._everything

    @property
    def values_by_hand(self) -> tuple[float, float] | None:
        """The range of values that somebody chose; None where it follows what is visible."""
        if not self._by_hand:
            return None
        low, high = self.stage.box.viewRange()[1]
        return self.stage.value_scale.value(low), self.stage.value_scale.value(high)

    def hold_values(self, values: tuple[float, float] | None) -> None:
        """Show this range of values, whatever data come, until another is chosen."""
        self._held = values
        self._show_data()

    def show_marks(self, a: int | None, b: int | None) -> None:
        self._marks = (a, b)
        self.stage.show_marks(a, b)
        self.show_readout()

    def show_hover(self, tick: int | None) -> None:
        """The vertical line of the crosshair, and the values there."""
        if tick is None:
            self._hover = None
        self.stage.show_hover(tick, None if self._hover is None else self._hover[1])
        self.show_readout(tick)

    def show_readout(self, tick: int | None = None) -> None:
        """Values at `tick`, else between the marks, else at the cursor."""
        a, b = self._marks
        if tick is None and a is not None and b is not None:
            self.header.readout.say(self.data.difference(a, b))
            return
        tick = self._shared.cursor.tick if tick is None else tick
        self.header.readout.say([] if tick is None else self.data.readout(tick))

    def dress(self) -> None:
        """Take the theme's colours, again after they changed."""
        self.stage.dress()
        self.header.dress()
        self._color_data()
        self._show_ends()
        self.show_readout()
        self.stage.canvas.prepare()

    def release(self) -> None:
        """Follow the shared state no more."""
        self._shared.window.changed.disconnect(self._window_moved)
        self._shared.cursor.moved.disconnect(self._cursor_moved)
        self._rest.stop()
        self.stage.release()

    def fit_values(self) -> None:
        """Choose the range of values by what is visible, giving up one chosen by hand."""
        self._held = None
        self._fit_values()

    def _fit_values(self) -> None:
        """The range that is held, or the one that what is visible needs."""
        self._by_hand = self._held is not None
        self.extent = self.data.extent(
            self._shared.window,
            self.stage.lines.bank,
            log=self.log,
            everything=self._everything,
        )
        scale = fitting_scale(self.extent, self.log)
        ends = height_range(self.extent, scale)
        if self._held is not None:
            ends = scale.height(self._held[0]), scale.height(self._held[1])
        self.stage.set_values(scale, *ends)
        self.header.show_extent(self.extent, everything=self._everything)
        self._show_ends()
        self.stage.redraw()

    # How it is done

    def _wake(self, something: object) -> None:
        """Paint from the next turn on: plots that are answered together do so one a turn."""
        if something is not None and not self.stage.updatesEnabled():
            self._shared.later.ask(self, lambda: self.stage.setUpdatesEnabled(True))

    def resizeEvent(self, event: object) -> None:
        super().resizeEvent(event)  # type: ignore[arg-type]
        self._fit_height()

    def _fit_height(self) -> None:
        """A sentence is as high as its lines, neither cut off nor with room to spare."""
        if self.message.isHidden():
            self.setMinimumHeight(LEAST_HEIGHT)
            self.setMaximumHeight(UNLIMITED)
        else:
            lines = self.message.heightForWidth(max(1, self.width()))
            self.setFixedHeight(self.header.height() + lines)

    def _color_data(self) -> None:
        data, stage, theme = self.data, self.stage, self._shared.theme
        colors = [data.color_of(line.agent_id) for line in data.lines]
        step = 1 if data.series is None else data.series.step
        stage.lines.show(data.lines, step, colors, positive=self.log, bank=data.bank)
        stage.marks.show(data.lines, colors)
        stage.fan.show(data.fan, theme.color("text"), positive=self.log, band=data.band)
        stage.constant.value = data.constant
        stage.hover.strong.show((), 1, ())
        stage.redraw()

    def _show_data(self) -> None:
        data = self.data
        self._color_data()
        answered = data.series or data.fan
        self.header.show_measure(self.measure if answered is None else answered.measure)
        self.header.show_notes(data.notes)
        self._fit_values()
        self.show_readout()

    def _show_ends(self) -> None:
        ends, more = self.data.ends(
            self._shared.window.last,
            self.stage.value_scale,
            self._shared.theme.color("text"),
            self.stage.lines.bank,
        )
        self.stage.labels.show_labels(ends, more)

    def _window_moved(self) -> None:
        if self.stage.lines.bank.size > CROWD:
            self.stage.lines.coarse = MOVING
            self._rest.start()
        if self._by_hand:
            self._show_ends()
            self.stage.redraw()
        else:
            self.fit_values()

    def _rested(self) -> None:
        self.stage.lines.coarse = RESTING
        self.stage.redraw()

    def _cursor_moved(self, _tick: int | None) -> None:
        if self._hover is None:
            self.show_readout()

    def _values_moved(self) -> None:
        self._by_hand, self._held = True, None
        self.stage.redraw()

    def _hovered(self, place: float | None, height: float) -> None:
        """Tell the tick to the whole stack, and here bring out the line under the mouse."""
        tick = None if place is None else math.floor(place + 0.5)
        self._hover = None if tick is None else (tick, height)
        line = None if tick is None else self._under(tick, height)
        if line is None:
            self.stage.hover.strong.show((), 1, ())
        else:
            step = 1 if self.data.series is None else self.data.series.step
            color = self.data.color_of(line.agent_id)
            self.stage.hover.strong.show((line,), step, (color,), positive=self.log)
        self.show_hover(tick)
        self.hovered.emit(tick)
        if line is not None and tick is not None:
            self.header.readout.say(self.data.of_line(line, tick))

    def _under(self, tick: int, height: float) -> Line | None:
        found = self.data.nearest(tick, height, self.stage.value_scale)
        if found is None:
            return None
        line, value = found
        box = self.stage.box
        here = box.mapViewToScene(QPointF(tick, height))
        there = box.mapViewToScene(QPointF(tick, self.stage.value_scale.height(value)))
        return line if abs(here.y() - there.y()) <= NEAR else None

    def _clicked(self, tick: float, height: float, modifiers: Qt.KeyboardModifier) -> None:
        nearest = math.floor(tick + 0.5)
        self._shared.cursor.move_to(nearest)
        line = self._under(nearest, height)
        if line is not None:
            add = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
            self.agent_picked.emit(line.agent_id, add)

    def _ranged(self, chosen: TickRange, final: bool) -> None:
        self.stage.brush.follow(chosen)
        if final:
            self._shared.selection.set_brush(chosen)

    def _show_all(self) -> None:
        self._shared.window.fit()
        self.fit_values()

    def _connect(self) -> None:
        box, header = self.stage.box, self.header
        self._shared.window.changed.connect(self._window_moved)
        self._shared.cursor.moved.connect(self._cursor_moved)
        box.clicked.connect(self._clicked)
        box.hovered.connect(self._hovered)
        box.ranged.connect(self._ranged)
        box.values_moved.connect(self._values_moved)
        box.all_wanted.connect(self._show_all)
        self.stage.mark_moved.connect(self.marks_moved)
        header.log_toggled.connect(self.set_log)
        header.beyond_clicked.connect(lambda: self.set_everything(not self._everything))
        header.save_wanted.connect(self.save_wanted)
        header.close_wanted.connect(self.close_wanted)

    def _arrange(self) -> None:
        self.message.setTextFormat(Qt.TextFormat.PlainText)
        self.message.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.message.setWordWrap(True)
        self.message.setContentsMargins(INSIDE, 0, INSIDE, GRID)
        self.message.hide()
        self.message.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.stage, 1)
        layout.addWidget(self.message, 1)
        self.setMinimumHeight(LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)


class _Sentence(QLabel):
    """Wraps in the room it is given. Asking for height by width, as wrapping labels do, would
    make every plot beside it as high as it likes to be."""

    def hasHeightForWidth(self) -> bool:
        return False
