"""CancelToken: how whoever asks a question withdraws it, and hears how far it has come."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from telemetry.errors import QueryCancelled

AGAIN = 0.05
"""Seconds until a statement that goes on is interrupted again."""


class CancelToken:
    """One question's lifeline between the asking thread and the working one.

    `cancel()` may be called from any thread, more than once, before or during the work, and does
    not wait: a driver may have to ask its server to stop. `kept` is since when the answer had been
    kept; "" where it was found anew. `give_way` is called by the work between two of its steps and
    may wait for what is more urgent.
    """

    def __init__(
        self,
        on_progress: Callable[[int, int | None, str], None] | None = None,
        give_way: Callable[[], None] | None = None,
    ) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self.kept = ""
        self._interrupts: list[Callable[[], None]] = []
        self._left = threading.Event()
        self._stopping = False
        self._on_progress = on_progress
        self._give_way = give_way

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Withdraw the question and interrupt the statement that is running for it."""
        with self._lock:
            self._cancelled = True
            if self._stopping or not self._interrupts:
                return
            self._stopping = True
        _thread.start_new_thread(self._stop, ())  # a Thread's start would wait for it to run

    def _stop(self) -> None:
        """Interrupt until the work has ended: a driver forgets what comes between statements."""
        while True:
            with self._lock:
                if not self._interrupts:
                    self._stopping = False
                    return
                for interrupt in self._interrupts:
                    with suppress(Exception):  # a driver that has just closed has nothing to stop
                        interrupt()
            self._left.wait(AGAIN)

    def check(self) -> None:
        """Between two steps of the work: raise QueryCancelled where the question was withdrawn."""
        if self._give_way is not None and not self._cancelled:
            self._give_way()
        if self._cancelled:
            raise QueryCancelled("The query was cancelled.")

    def report(self, done: int, total: int | None = None, what: str = "rows") -> None:
        """Say how far the work has come; `total` is None where it is not known."""
        if self._on_progress is not None:
            self._on_progress(done, total, what)

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """While inside, `cancel()` calls `interrupt` (a driver's own way to stop a statement)."""
        self.check()
        with self._lock:
            self._interrupts.append(interrupt)
            self._left.clear()
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
                if not self._interrupts:
                    self._left.set()
