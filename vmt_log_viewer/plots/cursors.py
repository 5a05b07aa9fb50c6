"""What can be dragged along the ticks of a plot: the cursor, the brush, and the marks A and B."""

from __future__ import annotations

from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen

from telemetry.concepts import TickRange
from vmt_log_viewer.plots.tick_box import tick_range
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.state.selection import Selection
from vmt_log_viewer.theme import Theme


class CursorLine(pg.InfiniteLine):
    """The one cursor, drawn in a plot. Dragging moves the cursor, and the line only follows it."""

    def __init__(self, cursor: Cursor, theme: Theme) -> None:
        super().__init__(angle=90, movable=True)
        self._cursor, self._theme = cursor, theme
        self.setZValue(30)
        self.dress()
        self.sigDragged.connect(self._dragged)
        cursor.moved.connect(self.follow)
        self.follow(cursor.tick)

    def dress(self) -> None:
        color = self._theme.color("accent")
        self.setPen(pg.mkPen(color, width=1.5))
        self.setHoverPen(pg.mkPen(color, width=3))

    def follow(self, tick: int | None) -> None:
        self.setVisible(tick is not None)
        if tick is not None:
            self.setValue(float(tick))

    def release(self) -> None:
        """Follow no more: the plot goes away."""
        self._cursor.moved.disconnect(self.follow)

    def _dragged(self) -> None:
        self._cursor.move_to(round(self.value()))
        self.follow(self._cursor.tick)


class BrushRegion(pg.LinearRegionItem):
    """The brush, drawn in a plot: from its first tick to the end of its last one.

    The edges can be dragged; everybody hears of it when the mouse lets go.
    """

    def __init__(self, selection: Selection, cursor: Cursor, theme: Theme) -> None:
        super().__init__(movable=True, swapMode="sort")
        self._selection, self._cursor, self._theme = selection, cursor, theme
        self.setMovable(False)
        for line in self.lines:
            line.setMovable(True)
        self.setZValue(20)
        self.dress()
        for line in self.lines:  # the region's own signal also comes when it merely follows
            line.sigPositionChangeFinished.connect(self._dragged)
        selection.brush_changed.connect(self.follow)
        self.follow(selection.brush)

    def dress(self) -> None:
        color = self._theme.color("accent")
        inside = QColor(color)
        inside.setAlphaF(0.08)
        self.setBrush(inside)
        self.setHoverBrush(inside)
        for line in self.lines:
            line.setPen(pg.mkPen(color, width=1))
            line.setHoverPen(pg.mkPen(color, width=3))

    def follow(self, brush: TickRange | None) -> None:
        self.setVisible(brush is not None)
        if brush is not None and self.getRegion() != (brush.first, brush.last + 1):
            self.setRegion((brush.first, brush.last + 1))

    def release(self) -> None:
        """Follow no more: the plot goes away."""
        self._selection.brush_changed.disconnect(self.follow)

    def _dragged(self) -> None:
        first, last = self.getRegion()
        chosen = tick_range(round(first), round(last), self._cursor.bounds)
        if chosen is not None:
            self._selection.set_brush(chosen)
            self.follow(self._selection.brush)


class MarkLine(pg.InfiniteLine):
    """Mark A or B, for differences. `moved` hears its whole tick while it is dragged."""

    def __init__(self, name: str, theme: Theme, moved: Callable[[str, int], None]) -> None:
        super().__init__(angle=90, movable=True, label=name, labelOpts={"position": 0.92})
        self.name_of_mark, self._theme, self._moved = name, theme, moved
        self.setZValue(25)
        self.label.setMovable(False)
        self.dress()
        self.sigDragged.connect(self._dragged)

    def dress(self) -> None:
        pen = QPen(self._theme.color("text"), 1)
        pen.setCosmetic(True)
        pen.setStyle(Qt.PenStyle.DashLine)
        self.setPen(pen)
        self.setHoverPen(pg.mkPen(self._theme.color("text"), width=2))
        self.label.setColor(self._theme.color("text"))
        self.label.fill = pg.mkBrush(self._theme.color("base"))

    def follow(self, tick: int | None) -> None:
        self.setVisible(tick is not None)
        if tick is not None and self.value() != tick:
            self.setValue(float(tick))

    def _dragged(self) -> None:
        self._moved(self.name_of_mark, round(self.value()))
