"""CancelToken: how whoever asks a question withdraws it, and hears how far it has come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from telemetry.errors import QueryCancelled


class CancelToken:
    """One question's lifeline between the asking thread and the working one.

    `cancel()` may be called from any thread, more than once, before or during the work.
    """

    def __init__(self, on_progress: Callable[[int, int | None, str], None] | None = None) -> None:
        self._lock = threading.Lock()
        self._cancelled = False
        self._interrupts: list[Callable[[], None]] = []
        self._on_progress = on_progress

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Withdraw the question and interrupt the statement that is running for it."""
        with self._lock:
            self._cancelled = True
            interrupts = list(self._interrupts)
            for interrupt in interrupts:
                with suppress(Exception):  # a driver that has just closed has nothing to stop
                    interrupt()

    def check(self) -> None:
        """Raise QueryCancelled where the question was withdrawn."""
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
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._interrupts.remove(interrupt)
