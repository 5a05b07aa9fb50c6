"""TickBox: the view box of a plot over ticks, and what the mouse does in it."""

from __future__ import annotations

from collections.abc import Callable

import pyqtgraph as pg
from PySide6.QtCore import Qt, Signal

from telemetry.concepts import TickRange
from vmt_log_viewer.plots.tick_window import TickWindow

WHEEL = 0.9985
"""The window's factor for one unit of a wheel (a notch is 120 units)."""


class TickBox(pg.ViewBox):
    """Follows a TickWindow across; up and down is the plot's own.

    Wheel zooms ticks (with Ctrl values), drag moves, Shift and drag selects a range of ticks,
    double click shows everything.
    """

    clicked = Signal(float, float, object)  # tick, height, keyboard modifiers
    hovered = Signal(object, float)  # tick or None, height
    ranged = Signal(object, bool)  # TickRange being selected, whether it is final
    values_moved = Signal()  # the range of values was changed by hand
    all_wanted = Signal()

    def __init__(self, window: TickWindow, bounds: Callable[[], TickRange | None]) -> None:
        super().__init__(enableMenu=False, border=None)
        self.disableAutoRange()
        self.setDefaultPadding(0.0)
        self._window, self._bounds = window, bounds
        window.changed.connect(self._follow)
        self._follow()

    def _follow(self) -> None:
        self.setXRange(self._window.first, self._window.last, padding=0)

    def release(self) -> None:
        """Follow no more: the plot goes away."""
        self._window.changed.disconnect(self._follow)

    def wheelEvent(self, event: object, axis: int | None = None) -> None:
        turned = event.delta()  # type: ignore[attr-defined]
        factor = WHEEL**turned
        where = self.mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        control = event.modifiers() & Qt.KeyboardModifier.ControlModifier  # type: ignore[attr-defined]
        if axis == 1 or control:
            low, high = self.viewRange()[1]
            y = where.y()
            self.setYRange(y - (y - low) * factor, y + (high - y) * factor, padding=0)
            self.values_moved.emit()
        else:
            self._window.zoom(factor, where.x())
        event.accept()  # type: ignore[attr-defined]

    def mouseDragEvent(self, event: object, axis: int | None = None) -> None:
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            event.ignore()  # type: ignore[attr-defined]
            return
        event.accept()  # type: ignore[attr-defined]
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and axis is None:  # type: ignore[attr-defined]
            self._select(event)
            return
        now, before = (
            self.mapSceneToView(event.scenePos()),  # type: ignore[attr-defined]
            self.mapSceneToView(event.lastScenePos()),  # type: ignore[attr-defined]
        )
        if axis == 1:
            low, high = self.viewRange()[1]
            shift = before.y() - now.y()
            self.setYRange(low + shift, high + shift, padding=0)
            self.values_moved.emit()
        else:
            self._window.pan(before.x() - now.x())

    def mouseClickEvent(self, event: object) -> None:
        if event.button() != Qt.MouseButton.LeftButton:  # type: ignore[attr-defined]
            return
        event.accept()  # type: ignore[attr-defined]
        if event.double():  # type: ignore[attr-defined]
            self.all_wanted.emit()
            return
        where = self.mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        self.clicked.emit(where.x(), where.y(), event.modifiers())  # type: ignore[attr-defined]

    def hoverEvent(self, event: object) -> None:
        if event.isExit():  # type: ignore[attr-defined]
            self.hovered.emit(None, 0.0)
            return
        where = self.mapSceneToView(event.scenePos())  # type: ignore[attr-defined]
        self.hovered.emit(where.x(), where.y())

    def _select(self, event: object) -> None:
        start = self.mapSceneToView(event.buttonDownScenePos()).x()  # type: ignore[attr-defined]
        now = self.mapSceneToView(event.scenePos()).x()  # type: ignore[attr-defined]
        chosen = tick_range(start, now, self._bounds())
        if chosen is not None:
            self.ranged.emit(chosen, event.isFinish())  # type: ignore[attr-defined]


def tick_range(a: float, b: float, bounds: TickRange | None) -> TickRange | None:
    """The whole ticks between two places of the tick axis, within the run; at least one tick."""
    if bounds is None:
        return None
    low, high = min(a, b), max(a, b)
    first = min(max(int(low // 1), bounds.first), bounds.last)
    last = min(max(int(-(-high // 1)) - 1, first), bounds.last)
    return TickRange(first, last)
