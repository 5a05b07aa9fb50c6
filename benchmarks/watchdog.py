"""Watchdog: every stretch in which the GUI thread answered nobody, and what it did meanwhile."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, QTimer

BEAT = 5  # milliseconds
BLOCKED = 50.0
_LOOK = 0.005  # seconds between two looks at a thread that is late
_OURS = ("vmt_log_viewer", "telemetry", "benchmarks", "pyqtgraph")


@dataclass(frozen=True)
class Block:
    """One stretch, in milliseconds; `waited` of it the thread was ready and another process ran.

    `where` are the places that were seen at work, the most frequent first.
    """

    work: str
    wall: float
    cpu: float
    waited: float
    where: tuple[tuple[str, int], ...]

    @property
    def length(self) -> float:
        """What the program is to blame for: a machine that others load is not."""
        return self.wall - self.waited


class Watchdog(QObject):
    """A timer beats on the GUI thread; another thread looks at its stack whenever a beat is late.

    Make and use it on the GUI thread, in a `with` block. A stretch that began before the event
    loop runs counts as well.
    """

    def __init__(self) -> None:
        super().__init__()
        self.work = ""
        self.longest: dict[str, float] = {}
        self.blocks: list[Block] = []
        self._gui = threading.get_ident()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._own = _own_schedule()
        self._over = threading.Event()
        self._looker = threading.Thread(target=self._look, name="watchdog", daemon=True)
        self._seen: Counter[str] = Counter()
        self._mark()

    def __enter__(self) -> Watchdog:
        self._mark()
        self._timer.start(BEAT)
        self._looker.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.stop()
        self._over.set()
        self._looker.join()

    def begin(self, work: str) -> None:
        """What happens from now on is part of `work`."""
        self._beat()
        self.work = work

    def _mark(self) -> None:
        self._last = time.perf_counter()
        self._cpu, self._ready = time.thread_time(), self._waited()
        self._seen = Counter()

    def _beat(self) -> None:
        wall = (time.perf_counter() - self._last) * 1e3
        if wall >= BEAT * 3:
            block = Block(
                self.work,
                wall,
                (time.thread_time() - self._cpu) * 1e3,
                self._waited() - self._ready,
                tuple(self._seen.most_common(6)),
            )
            self.longest[self.work] = max(self.longest.get(self.work, 0.0), block.length)
            if block.length > BLOCKED:
                self.blocks.append(block)
        self._mark()

    def _waited(self) -> float:
        """Milliseconds that the GUI thread was ready to run and did not (Linux; elsewhere 0)."""
        return 0.0 if self._own is None else int(os.pread(self._own, 64, 0).split()[1]) / 1e6

    def _look(self) -> None:
        while not self._over.wait(_LOOK):
            if time.perf_counter() - self._last > 4 * BEAT / 1e3:
                self._seen[_place(_stack(self._gui))] += 1


def _stack(thread: int) -> list[tuple[str, str, int]]:
    """(file, function, line) of the thread's calls, the outermost first.

    Whoever holds a frame keeps its painters alive, so nothing here may let another thread run:
    no file is read, and no reference is left behind.
    """
    found: list[tuple[str, str, int]] = []
    frame = sys._current_frames().get(thread)
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno or 0))
        frame = frame.f_back
    return found[::-1]


def _place(stack: list[tuple[str, str, int]]) -> str:
    """The innermost calls of our own and what they called, from the outside in."""
    ours = [f for f in stack if any(f"/{name}/" in f[0] for name in _OURS)]
    shown = [*ours[-4:], *([stack[-1]] if stack and stack[-1] not in ours else [])]
    return " > ".join(f"{Path(file).stem}.{name}:{line}" for file, name, line in shown)


def _own_schedule() -> int | None:
    """An open file about how this thread is scheduled, where the system has one."""
    try:
        return os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    except OSError:
        return None
