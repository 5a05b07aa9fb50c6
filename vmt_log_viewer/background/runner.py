"""Runner: asks questions in worker threads and brings the answers back to the GUI thread."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from telemetry.cancel import CancelToken
from telemetry.errors import QueryCancelled, TelemetryError
from telemetry.queries import Query
from vmt_log_viewer.background.giving_way import GivingWay, be_nicer

if TYPE_CHECKING:
    from telemetry.source import Source

T = TypeVar("T")
log = logging.getLogger(__name__)
REPORT_EVERY = 0.1  # seconds between progress reports of one job
A_TURN = 0.01  # seconds of a turn of the GUI thread after which no further answer is shown
LATER_AT_ONCE = max(2, min(3, (os.cpu_count() or 1) - 1))
"""Jobs that nobody waits for: of the workers one is free for the others."""
PAUSE = 40
"""Milliseconds before such a job begins, in which what was answered last is painted."""
LATEST = 2.0  # seconds after which such a job begins beside others


@dataclass(eq=False)
class Job:
    """One piece of work on its way; `what` says it in words ("reading trades").

    `future` is None as long as it has not begun: nobody waits for what is done `later`.
    """

    lane: str
    what: str
    work: Callable[[CancelToken], Any]
    show: Callable[[Any], None]
    fail: Callable[[TelemetryError], None] | None
    owner: QObject | None
    source: Source | None = None
    later: bool = False
    token: CancelToken = field(default_factory=CancelToken)
    since: float = field(default_factory=time.monotonic)
    future: Future[None] | None = None
    answer: Any = None
    error: BaseException | None = None

    @property
    def wanted(self) -> bool:
        """False once the widget that asked is gone."""
        return self.owner is None or shiboken6.isValid(self.owner)


class Runner(QObject):
    """Runs work in lanes: a newer submit on a lane cancels the older one, whose answer is dropped.

    Work begins once the turn of the event loop is over in which it was asked for: workers and the
    GUI thread would wait for each other until then.

    Lanes are plain names shared by everybody: begin yours with the name of your view. What is asked
    for `later` begins once everything else is answered, so that a pass over all rows takes neither
    workers nor processors from what somebody waits for.
    """

    idle_reached = Signal()
    busy_changed = Signal()  # a job came, ended or was cancelled: see `jobs()`
    progressed = Signal(str, object, object, str)  # lane, done, total | None, what
    failed = Signal(str, object)  # lane, TelemetryError: nobody else took it
    kept_changed = Signal()  # see `kept()`
    crashed = Signal(str, object)  # what was being done, the unexpected exception
    _turn_over = Signal()
    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None, workers: int = 4) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="query", initializer=be_nicer)
        self._workers = workers
        self._give_way = GivingWay()
        self._all_there = threading.Barrier(workers)
        for _ in range(workers):  # now: whoever starts a thread waits until it runs
            self._pool.submit(self._all_there.wait)
        self._jobs: dict[str, Job] = {}
        self._lanes_of: dict[int, set[str]] = {}
        self._kept: dict[str, tuple[str, str, Source | None]] = {}
        self._closed = False
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._begin_later)
        self._asked: list[Job] = []
        self._turn_over.connect(self._begin, Qt.ConnectionType.QueuedConnection)
        self._arrived: deque[Job] = deque()
        self._next = QTimer(self)
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._due)
        self._ready = False  # whether a turn has come round since something arrived
        self._finished.connect(self._arrive, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        lane: str,
        source: Source,
        query: Query[T],
        show: Callable[[T], None],
        fail: Callable[[TelemetryError], None] | None = None,
        owner: QObject | None = None,
        what: str = "",
        later: bool = False,
    ) -> None:
        """Ask `source`; `show` or `fail` is called on the GUI thread unless something newer came.

        A query that was cancelled calls neither.
        """

        def work(token: CancelToken) -> T:
            return source.ask(query, token)

        job = Job(lane, what or in_words(query), work, show, fail, owner, source, later)
        self._start(job)

    def run(
        self,
        lane: str,
        work: Callable[[CancelToken], T],
        show: Callable[[T], None],
        fail: Callable[[TelemetryError], None] | None = None,
        owner: QObject | None = None,
        what: str = "",
        source: Source | None = None,
    ) -> None:
        """Do any blocking work the same way (opening a source, writing an export)."""
        self._start(Job(lane, what or lane, work, show, fail, owner, source))

    def _start(self, job: Job) -> None:
        if self._closed:
            return
        self._drop(job.lane)
        self._note_kept(job.lane, None)
        job.token = CancelToken(self._reporter(job), self._give_way)
        self._jobs[job.lane] = job
        if job.owner is not None:
            self._watch(job.owner, job.lane)
        if job.later:
            self._later.start(PAUSE)
        else:
            self._asked.append(job)
            if len(self._asked) == 1:
                self._turn_over.emit()
        self.busy_changed.emit()

    def _begin(self) -> None:
        """Begin what was asked for in the turn that is over, and has not been withdrawn since."""
        asked, self._asked = self._asked, []
        for job in asked:
            if not self._closed and self._jobs.get(job.lane) is job:
                job.future = self._pool.submit(self._work, job)

    def _begin_later(self) -> None:
        """Begin what nobody waits for: once all else is answered, or it was put off for long.

        Passes that take minutes (a server counts its rows) must not keep others from beginning.
        """
        busy = any(not job.later for job in self._jobs.values())
        begun = sum(job.later and job.future is not None for job in self._jobs.values())
        for job in [job for job in self._jobs.values() if job.later and job.future is None]:
            overdue = time.monotonic() - job.since >= LATEST
            room = self._workers - 1 if overdue else 0 if busy else LATER_AT_ONCE
            if begun < room:
                job.future = self._pool.submit(self._work, job)
                begun += 1
            elif not overdue:
                self._later.start(int(1000 * LATEST))
                return

    def cancel(self, lane: str) -> None:
        """Withdraw what runs on `lane`; its answer is never shown."""
        if self._drop(lane):
            self._announce()

    def cancel_all(self) -> None:
        dropped = [self._drop(lane) for lane in list(self._jobs)]
        if any(dropped):
            self._announce()

    def forget(self, source: Source) -> None:
        """Withdraw everything that was asked of `source`: it is about to be closed."""
        of_source = [lane for lane, job in self._jobs.items() if job.source is source]
        for lane in of_source:
            self._drop(lane)
        for lane in [lane for lane, (_, _, of) in self._kept.items() if of is source]:
            self._note_kept(lane, None)
        if of_source:
            self._announce()

    def idle(self) -> bool:
        """True when nobody waits for an answer."""
        return not self._jobs

    def pending(self, prefix: str = "") -> bool:
        """True when an answer is awaited on a lane that begins with `prefix`."""
        return any(lane.startswith(prefix) for lane in self._jobs)

    def jobs(self) -> tuple[Job, ...]:
        """What is under way, longest first."""
        return tuple(sorted(self._jobs.values(), key=lambda job: job.since))

    def kept(self, prefix: str = "") -> tuple[tuple[str, str], ...]:
        """What was answered last on lanes that begin with `prefix` from what had been kept, in
        words, and since when it is kept."""
        found = (known for lane, known in self._kept.items() if lane.startswith(prefix))
        return tuple((what, since) for what, since, _ in found)

    def _note_kept(self, lane: str, job: Job | None) -> None:
        """The lane's last answer had been kept (`job`), or it has none or one found anew (None)."""
        if job is None and lane not in self._kept:
            return
        if job is None:
            del self._kept[lane]
        else:
            self._kept[lane] = (job.what, job.token.kept, job.source)
        self.kept_changed.emit()

    def close(self) -> None:
        """Cancel everything and wait until no worker is left; further work is ignored."""
        self._closed = True
        self._later.stop()
        self._next.stop()
        self._all_there.abort()
        for lane in list(self._jobs):
            self._drop(lane)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _drop(self, lane: str) -> bool:
        job = self._jobs.pop(lane, None)
        if job is None:
            return False
        if job.future is None or not job.future.cancel():
            job.token.cancel()
        return True

    def _work(self, job: Job) -> None:
        """In a worker: everything that goes wrong is carried over, to be judged on arrival."""
        try:
            job.token.check()
            job.answer = job.work(job.token)
        except BaseException as error:
            job.error = error
        if not self._closed:
            self._finished.emit(job)

    def _arrive(self, job: Job) -> None:
        if not self._closed:
            self._arrived.append(job)
            self._next.start(0)

    def _due(self) -> None:
        """Deliver in the next turn: in this one the window may just have been painted."""
        self._ready = not self._ready
        if self._ready:
            self._next.start(0)
        else:
            self._deliver()

    def _deliver(self) -> None:
        """Show what has arrived; what would take this turn too long is left to the next ones."""
        self._next.start(0)  # first, for what is shown may open a dialog
        until = time.perf_counter() + A_TURN
        while self._arrived and not self._closed:
            self._show(self._arrived.popleft())
            if time.perf_counter() >= until:
                self._next.start(0)  # anew, behind all timers that are due
                return
        self._next.stop()

    def _show(self, job: Job) -> None:
        if self._jobs.get(job.lane) is not job:
            return
        del self._jobs[job.lane]
        try:
            if job.wanted:
                self._hand_over(job)
        finally:
            self._announce()

    def _hand_over(self, job: Job) -> None:
        error = job.error
        if error is None:
            self._note_kept(job.lane, job if job.token.kept else None)
            job.show(job.answer)
        elif isinstance(error, QueryCancelled):
            return
        elif not isinstance(error, TelemetryError):
            log.error("Something went wrong in %s", job.what, exc_info=error)
            self.crashed.emit(job.what, error)
        elif job.fail is not None:
            job.fail(error)
        else:
            self.failed.emit(job.lane, error)

    def _announce(self) -> None:
        self.busy_changed.emit()
        if not self._jobs:
            self.idle_reached.emit()
        elif any(job.future is None for job in self._jobs.values()):
            self._later.start(PAUSE)

    def _watch(self, owner: QObject, lane: str) -> None:
        pointer = shiboken6.getCppPointer(owner)[0]
        if pointer not in self._lanes_of:
            self._lanes_of[pointer] = set()
            owner.destroyed.connect(lambda: self._owner_gone(pointer))
        self._lanes_of[pointer].add(lane)

    def _owner_gone(self, pointer: int) -> None:
        for lane in self._lanes_of.pop(pointer, ()):
            job = self._jobs.get(lane)
            if job is not None and not job.wanted and shiboken6.isValid(self):
                self.cancel(lane)

    def _reporter(self, job: Job) -> Callable[[int, int | None, str], None]:
        last = 0.0

        def report(done: int, total: int | None, what: str) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= REPORT_EVERY and not self._closed:
                last = now
                self.progressed.emit(job.lane, done, total, what)

        return report


def in_words(query: Query[Any]) -> str:
    """A query as a person would say it: "reading trades", "reading runs"."""
    about = getattr(query, "table", None) or getattr(query, "measure", None)
    if about is None:
        about = type(query).__name__.removesuffix("Query").lower()
    return f"reading {about}"
