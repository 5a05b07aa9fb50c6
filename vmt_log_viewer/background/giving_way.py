"""Giving way: workers let the GUI thread go first, to a processor and to the interpreter."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress

RANK = 5
"""By so much workers are nicer than the GUI thread, as `nice` has it."""
A_LOOK = 0.001
"""Seconds between two looks at the GUI thread."""
AT_WORK = 0.2
"""The part of that time for which a thread that is at work has had a processor."""
MOST = 0.03
"""Seconds after which a worker goes on beside a GUI thread that stays at work."""
TURN = 0.01
"""Seconds for which it then does."""


def be_nicer() -> None:
    """Let the GUI thread go first where it and this thread want the same processor.

    Linux alone gives each thread a rank of its own.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), RANK)


class GivingWay:
    """Called by a worker between two steps: returns once the GUI thread is not at work.

    Whoever fetches rows takes and leaves the interpreter with every one of them, and the GUI thread
    waits for it as often. Whether that thread is at work is told by the processor time that it has
    had (`used`, in seconds), which costs it nothing. Only Linux tells; elsewhere nobody waits.

    Make it on the GUI thread.
    """

    def __init__(self, used: Callable[[], float] | None = None) -> None:
        self._used = used or _processor_time_of(threading.get_ident())
        self._own = threading.local()

    def __call__(self) -> None:
        if self._used is None:
            return
        now, own = time.monotonic(), self._own
        if not hasattr(own, "at"):
            own.at, own.used, own.free_until = now, self._used(), now
        if now >= own.free_until and self._at_work(now) and not self._ends(now):
            own.free_until = time.monotonic() + TURN

    def _ends(self, began: float) -> bool:
        """Wait for the GUI thread to end its work; False where it has not after MOST seconds."""
        now = began
        while now - began < MOST:
            time.sleep(A_LOOK)
            now = time.monotonic()
            if not self._at_work(now):
                return True
        return False

    def _at_work(self, now: float) -> bool:
        """Whether the GUI thread was, since this thread looked last."""
        assert self._used is not None
        own, used = self._own, self._used()
        passed, had = now - own.at, used - own.used
        if passed < A_LOOK:
            return False
        own.at, own.used = now, used
        return bool(had >= AT_WORK * passed)


def _processor_time_of(thread: int) -> Callable[[], float] | None:
    """How to read the processor time that a thread has had."""
    if sys.platform != "linux":
        return None
    clock = time.pthread_getcpuclockid(thread)
    return lambda: time.clock_gettime(clock)
