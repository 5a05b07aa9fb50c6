"""Turns: a work of the GUI thread done step by step, so that between two steps it can answer."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget


class Turns(QObject):
    """Runs a generator to its next `yield` in each turn of the event loop, the first step at once.

    A work that begins replaces one that has not ended: what both would have done must be the
    same, or the newer one's alone.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Iterator[None] | None = None
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go)

    def begin(self, steps: Iterator[None]) -> None:
        self._steps = steps
        self._timer.start(0)
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

    def _go(self) -> None:
        steps = self._steps
        if steps is not None and next(steps, self) is self and self._steps is steps:
            self.stop()


def paint_later(widget: QWidget) -> None:
    """What is done to `widget` in this turn is painted in the next one, as a stretch of its own."""
    if widget.updatesEnabled():
        widget.setUpdatesEnabled(False)
        QTimer.singleShot(1, widget, lambda: widget.setUpdatesEnabled(True))


def paint_again(window: QWidget) -> None:
    """Enable the updates of a whole window that were disabled for some turns.

    Where one of its widgets moved meanwhile, Qt has dropped the request to paint and believes it to
    be on its way: nothing of the window would be painted any more. So it is sent once more.
    """
    window.setUpdatesEnabled(True)
    QCoreApplication.postEvent(window, QEvent(QEvent.Type.UpdateRequest))
