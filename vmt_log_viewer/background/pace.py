"""Pace: work that is wanted again and again, done at most a tenth of the time."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

from vmt_log_viewer.background.runner import Runner

REST = 9
"""After work that took a while comes a rest so many times as long."""


class Pace(QObject):
    """Does `work` when it is `want`ed; what is wanted meanwhile is done once, after the rest.

    `work` only begins something; it has ended when `settled` says so.
    """

    def __init__(
        self,
        work: Callable[[], None],
        settled: Callable[[], bool],
        runner: Runner,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._work, self._settled = work, settled
        self._wanted = False
        self._began: float | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._go)
        runner.busy_changed.connect(self._look)

    def want(self) -> None:
        self._wanted = True
        self._go()

    def stop(self) -> None:
        """What was wanted is wanted no more."""
        self._wanted, self._began = False, None
        self._rest.stop()

    def _go(self) -> None:
        if self._wanted and self._began is None and not self._rest.isActive():
            self._wanted, self._began = False, time.monotonic()
            self._work()
            self._look()

    def _look(self) -> None:
        if self._began is not None and self._settled():
            took, self._began = time.monotonic() - self._began, None
            self._rest.start(int(took * 1000 * REST))
