"""Collector: garbage is collected on the GUI thread, and on no other."""

from __future__ import annotations

import gc
import time

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

EVERY = 500  # milliseconds
SELDOM = 60.0
"""Seconds between two collections of all that is young or old, which can be felt."""
WHOLE = 600.0
"""Seconds between two collections of what was kept, too, which take a fifth of one each."""
BULK = 60_000
"""So many new objects are rows that a worker reads: they are no garbage, and soon gone."""
HEAVY = 60_000
"""After so many new objects all that is young or old is collected at once, and kept: with more
of them a collection would take a twentieth of a second."""


class Collector(QObject):
    """While it is on, Python's own collections are off and a timer does them.

    Python collects on whichever thread happens to allocate. On a worker that would destroy Qt
    objects there: they wait for the interpreter while they hold a lock that the GUI thread,
    which has the interpreter, may be waiting for. What is there when it starts (the program
    itself, far more than all that comes later) is kept: not looked at again, for that takes a
    tenth of a second each time. So is what outlives a collection of all, and what is kept is looked
    through only while nobody works with the program (`away`).
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_on = gc.isenabled()
        gc.disable()
        gc.freeze()
        self._last = self._looked = self._whole = time.monotonic()
        self._met = 0  # new objects since the last collection of all
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect the generations that are due, as Python itself would, the oldest seldom."""
        now, counts, limits = time.monotonic(), gc.get_count(), gc.get_threshold()
        if counts[0] > BULK:
            if now - self._looked >= SELDOM:  # they stay
                self.keep()
                self._looked = now
            return
        due = [age for age in (2, 1, 0) if counts[age] > limits[age] > 0]
        if not due:
            return
        self._looked = now
        self._met += counts[0]
        waited = due[0] == 2 and now - self._last >= SELDOM
        if waited or self._met > HEAVY:
            self.collect_all()
        else:
            gc.collect(min(due[0], 1))

    def collect_all(self) -> None:
        """Collect what came since the last time; while nobody would feel it, what was kept too."""
        self._last, self._met = time.monotonic(), 0
        if self.away() and self._last - self._whole >= WHOLE:
            self._whole = self._last
            gc.unfreeze()
        gc.collect()
        self.keep()

    def away(self) -> bool:
        """Whether the keyboard is another program's."""
        return QGuiApplication.applicationState() != Qt.ApplicationState.ApplicationActive

    def keep(self) -> None:
        """What there is now stays (a driver that was loaded), and is not looked at again."""
        if self._timer.isActive():
            gc.freeze()

    def stop(self) -> None:
        """Collections are Python's own matter again; idempotent."""
        if self._timer.isActive():
            self._timer.stop()
            gc.unfreeze()
            if self._was_on:
                gc.enable()
