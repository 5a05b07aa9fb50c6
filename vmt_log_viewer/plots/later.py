"""Later: pictures that are painted one a turn of the event loop, not all in one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer
from shiboken6 import isValid


class Later(QObject):
    """Each owner's work is done once, however often it was asked for, and not after its owner."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._works: dict[object, Callable[[], None]] = {}
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._next)

    def ask(self, owner: object, work: Callable[[], None]) -> None:
        self._works[owner] = work
        self._timer.start(0)

    def idle(self) -> bool:
        return not self._works

    def _next(self) -> None:
        if self._works:
            owner = next(iter(self._works))
            work = self._works.pop(owner)
            if isValid(owner):
                work()
        if not self._works:
            self._timer.stop()
