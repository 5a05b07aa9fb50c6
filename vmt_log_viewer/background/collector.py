"""Collector: garbage is collected on the GUI thread, and on no other."""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, QTimer

EVERY = 500  # milliseconds
SELDOM = 60.0
"""Seconds between two collections of all that is old, which can be felt."""
BULK = 200_000
"""So many new objects are rows that a worker reads: they are no garbage, and soon gone."""


class Collector(QObject):
    """While it is on, Python's own collections are off and a timer does them.

    Python collects on whichever thread happens to allocate. On a worker that would destroy Qt
    objects there: they wait for the interpreter while they hold a lock that the GUI thread,
    which has the interpreter, may be waiting for. What is there when it starts (the program
    itself, far more than all that comes later) is not looked at again, for that takes a tenth
    of a second each time.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_on = gc.isenabled()
        gc.disable()
        gc.freeze()
        self._last = self._looked = time.monotonic()
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the generations that are due, as Python itself would, the oldest seldom."""
        counts, limits = gc.get_count(), gc.get_threshold()
        due = [age for age in (2, 1, 0) if counts[age] > limits[age] > 0]
        bulk = counts[0] > BULK and time.monotonic() - self._looked < SELDOM
        if bulk or not due:
            return
        self._looked = time.monotonic()
        if due[0] == 2 and time.monotonic() - self._last < SELDOM:
            due[0] = 1
        gc.collect(due[0])
        if due[0] == 2:
            self._last = time.monotonic()

    def keep(self) -> None:
        """A driver was loaded: it stays as well, and is not looked at again."""
        if self._timer.isActive():
            gc.freeze()

    def stop(self) -> None:
        """Collections are Python's own matter again; idempotent."""
        if self._timer.isActive():
            self._timer.stop()
            gc.unfreeze()
            if self._was_on:
                gc.enable()
