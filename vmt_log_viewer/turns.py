"""Turns: a work of the GUI thread done step by step, so that between two steps it can answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid


class Turns(QObject):
    """Runs a generator to its next `yield` in each turn of the event loop, the first step at once.

    A work that begins replaces one that has not ended: what both would have done must be the
    same, or the newer one's alone.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Iterator[None] | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)

    def begin(self, steps: Iterator[None]) -> None:
        self._steps = steps
        self._timer.start(1)  # one of 0 might end in this same turn
        self._go()

    def idle(self) -> bool:
        return self._steps is None

    def finish(self) -> None:
        """Do at once what is left."""
        while self._steps is not None:
            self._go()

    def stop(self) -> None:
        """Leave what is left undone."""
        self._steps = None
        self._timer.stop()

    def _next(self) -> None:
        self._timer.setInterval(0)
        self._go()

    def _go(self) -> None:
        steps = self._steps
        if steps is not None and next(steps, self) is self and self._steps is steps:
            self.stop()


def paint_later(widget: QWidget) -> None:
    """What is done to `widget` in this turn is painted in the next one, as a stretch of its own."""
    if widget.updatesEnabled():
        widget.setUpdatesEnabled(False)
        QTimer.singleShot(1, widget, lambda: widget.setUpdatesEnabled(True))


def paint_again(window: QWidget, parts: Sequence[QWidget] = ()) -> Iterator[None]:
    """Enable the updates of a whole window that were disabled for some turns, and paint it.

    Each of its `parts` is painted in a step of its own. They are painted in these steps and not
    whenever Qt comes round to it: where the window was to be painted before its updates were
    disabled, Qt has dropped the request since and believes it to be on its way.
    """
    for part in parts:
        part.setUpdatesEnabled(False)
    left = [window, *parts]
    try:
        while left:
            yield
            _paint(left.pop(0))
    finally:  # also where something else is begun meanwhile
        for part in left:
            _paint(part)


def _paint(widget: QWidget) -> None:
    if isValid(widget):  # it may be gone since
        widget.setUpdatesEnabled(True)
        widget.repaint()
