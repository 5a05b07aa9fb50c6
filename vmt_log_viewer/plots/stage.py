"""Stage: the plotting surface of one measure: layers, axes, end labels, cursors, brush, marks."""

from __future__ import annotations

from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsGridLayout

from telemetry.concepts import AgentId
from telemetry.frozen import Frozen, field
from vmt_log_viewer.plots.axes import GridLayer, ValueAxis
from vmt_log_viewer.plots.canvas import Canvas
from vmt_log_viewer.plots.cursors import BrushRegion, CursorLine, MarkLine
from vmt_log_viewer.plots.end_labels import EndLabels
from vmt_log_viewer.plots.fan_layer import FanLayer
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.lane_painter import ShadingLayer
from vmt_log_viewer.plots.later import Later
from vmt_log_viewer.plots.line_layer import LineLayer
from vmt_log_viewer.plots.mark_layer import ConstantLayer, MarkLayer
from vmt_log_viewer.plots.nice import short
from vmt_log_viewer.plots.tick_box import TickBox
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.plots.value_scale import ValueScale
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.state.selection import Selection
from vmt_log_viewer.theme import Theme


class Shared(Frozen):
    """What all plots of a stack have in common."""

    theme: Theme
    window: TickWindow
    cursor: Cursor
    selection: Selection
    later: Later = field(default_factory=Later)


class HoverLayer:
    """The crosshair: a line through all plots at the tick under the mouse; in the plot that the
    mouse is over also one at its value, and the nearest agent's line drawn strong."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self.tick: int | None = None
        self.height: float | None = None
        self.strong = LineLayer()
        self.strong.width = 2.8

    def paint(self, painter: QPainter, frame: Frame) -> None:
        self.strong.paint(painter, frame)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        color = QColor(self._theme.color("muted"))
        color.setAlphaF(0.6)
        painter.setPen(color)
        if self.tick is not None:
            x = int((self.tick - frame.first) * frame.per_tick)
            painter.drawLine(x, 0, x, int(frame.height))
        if self.height is not None:
            y = int((frame.high - self.height) / (frame.high - frame.low) * frame.height)
            painter.drawLine(0, y, int(frame.width), y)
            self._paint_value(painter, frame, y)

    def _paint_value(self, painter: QPainter, frame: Frame, y: int) -> None:
        """The value at the horizontal line, on a plate beside the axis."""
        assert self.height is not None
        painter.setFont(self._theme.font("caption"))
        text = short(frame.scale.value(self.height))
        room = painter.fontMetrics().horizontalAdvance(text) + 8
        top = min(max(y - 8, 0), int(frame.height) - 16)
        painter.fillRect(0, top, room, 16, self._theme.color("muted"))
        painter.setPen(self._theme.color("base"))
        painter.drawText(0, top, room, 16, int(Qt.AlignmentFlag.AlignCenter), text)


class Stage(pg.GraphicsView):
    """Paints what its layers hold; ask `redraw` after changing one.

    `release` has to be called before it is dropped: it follows the shared state until then.
    Its parts are laid out here, for pyqtgraph's own PlotItem brings seven menus with it.
    """

    mark_moved = Signal(str, int)  # "A" or "B", its new tick

    def __init__(self, shared: Shared, picked: Callable[[AgentId], None]) -> None:
        self.value_scale = ValueScale()
        self._theme = shared.theme
        self.box = TickBox(shared.window, lambda: shared.cursor.bounds)
        self.axis = ValueAxis(shared.theme, lambda: self.value_scale)
        self.labels = EndLabels(shared.theme, picked)
        super().__init__()
        self._lay_out()
        self.setFrameShape(self.Shape.NoFrame)
        self._add_layers(shared.later)
        self._add_cursors(shared)
        self.dress()

    def redraw(self) -> None:
        self.box.prepareForPaint()  # else painting itself moves the items, and all is painted twice
        self.canvas.refresh()
        self.axis.update()

    def show_marks(self, a: int | None, b: int | None) -> None:
        self.mark_a.follow(a)
        self.mark_b.follow(b)

    def show_hover(self, tick: int | None, height: float | None) -> None:
        """The crosshair; `height` only in the plot that the mouse is over."""
        self.hover.tick, self.hover.height = tick, height
        self.overlay.refresh()

    def set_values(self, scale: ValueScale, low: float, high: float) -> None:
        """Show heights `low`…`high` of `scale`."""
        self.value_scale = scale
        self.box.setYRange(low, high, padding=0)

    def dress(self) -> None:
        """Take the theme's colours, again after they changed."""
        self.setBackground(self._theme.color("base"))
        self.grid.color = self._theme.color("grid")
        self.marks.edge = self._theme.color("base")
        self.constant.color = self._theme.color("text")
        for item in (self.cursor_line, self.brush, self.mark_a, self.mark_b):
            item.dress()
        self.redraw()

    def release(self) -> None:
        for item in (self.box, self.cursor_line, self.brush):
            item.release()

    def set_vector(self, vector: bool) -> None:
        """Paint lines as lines, not as a kept image, and without what belongs to the mouse."""
        self.canvas.vector = vector
        self.overlay.setVisible(not vector)

    def _lay_out(self) -> None:
        whole = pg.GraphicsWidget()
        grid = QGraphicsGridLayout()
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setSpacing(0)
        for column, part in enumerate((self.axis, self.box, self.labels)):
            grid.addItem(part, 0, column)
        grid.setColumnStretchFactor(1, 1)
        whole.setLayout(grid)
        self.axis.linkToView(self.box)
        self.labels.linkToView(self.box)
        self.setCentralItem(whole)

    def _add_layers(self, later: Later) -> None:
        self.shading, self.grid, self.fan = ShadingLayer(), GridLayer(), FanLayer()
        self.constant, self.lines, self.marks = ConstantLayer(), LineLayer(), MarkLayer()
        self.hover = HoverLayer(self._theme)
        self.canvas = Canvas(
            self.shading, self.grid, self.fan, self.constant, self.lines, self.marks, later=later
        )
        self.overlay = Canvas(self.hover, kept=False)
        self.overlay.setZValue(10)
        for canvas in (self.canvas, self.overlay):
            canvas.scale_of_values = lambda: self.value_scale
            self.box.addItem(canvas, ignoreBounds=True)

    def _add_cursors(self, shared: Shared) -> None:
        self.cursor_line = CursorLine(shared.cursor, shared.theme)
        self.brush = BrushRegion(shared.selection, shared.cursor, shared.theme)
        self.mark_a = MarkLine("A", shared.theme, self.mark_moved.emit)
        self.mark_b = MarkLine("B", shared.theme, self.mark_moved.emit)
        for item in (self.brush, self.mark_a, self.mark_b, self.cursor_line):
            self.box.addItem(item, ignoreBounds=True)
        self.show_marks(None, None)
