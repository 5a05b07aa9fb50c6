"""Follower: notices that the run shown is still being written, and reads only how far it came."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from telemetry.concepts import Progress, RunId, TickRange
from telemetry.errors import TelemetryError
from telemetry.queries import ProgressQuery
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.state.document import Document

if TYPE_CHECKING:
    from telemetry.source import Source

LOOK_EVERY = 400  # milliseconds between two looks at a source
ASK_EVERY, ASK_SELDOM = 0.8, 30.0  # seconds between two questions to a server
LIST_EVERY = 5.0  # seconds between two lists of runs, which read more than the run shown
FILES_LOOKED_AT = 50  # of a folder
LANE = "following"


class Follower(QObject):
    """Looks at the source shown while it is on: at a file's size and time, or asks a server.

    Nothing is asked while a file stays as it was, and of a server seldom once a run is over.
    """

    grown = Signal(object)  # TickRange: the last tick known before, and all since
    listing_wanted = Signal(object)  # Source: there may be other runs in it
    replaced = Signal()  # what is shown is no longer what the source holds: ask for all again

    def __init__(self, document: Document, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._runner = document, runner
        self._signature: object = None
        self._listed = 0.0
        self._unlisted = False
        self._under_way = True
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_EVERY)
        self._timer.timeout.connect(self.look)
        document.run_shown.connect(lambda source, _run: self._begin(source))
        document.source_shown.connect(self._begin)

    def set_on(self, on: bool) -> None:
        if on:
            self._timer.start()
        else:
            self._timer.stop()

    def look(self) -> None:
        """See whether there is anything new, and if so ask how far the run has come."""
        source, run = self._document.source, self._document.run
        if source is None or self._runner.pending(LANE):
            return
        now = signature(source)
        if now is None:
            now = time.monotonic() // (ASK_EVERY if self._under_way else ASK_SELDOM)
        changed = now != self._signature
        self._signature = now
        self._unlisted |= changed
        if changed and run is not None:
            self._ask(source, run.run_id)
        if self._unlisted and time.monotonic() - self._listed >= LIST_EVERY:
            self._listed, self._unlisted = time.monotonic(), False
            self.listing_wanted.emit(source)

    def _begin(self, source: Source) -> None:
        self._signature = signature(source)
        self._unlisted, self._under_way = False, True

    def _ask(self, source: Source, run_id: RunId) -> None:
        def show(progress: Progress) -> None:
            if source is self._document.source and run_id == self._document.run_id:
                self._came(progress)

        def fail(error: TelemetryError) -> None:
            """A writer may hold the file for a moment; the next look asks again."""
            self._signature = None

        self._runner.submit(LANE, source, ProgressQuery(run_id), show, fail, self)

    def _came(self, progress: Progress) -> None:
        run, ticks = self._document.run, progress.ticks
        self._under_way = progress.under_way
        assert run is not None
        known = run.ticks
        if ticks is None or (ticks == known and progress.status == run.status):
            return
        if known is not None and (ticks.first != known.first or ticks.last < known.last):
            self.replaced.emit()
            return
        self._document.grow(ticks, progress.status)
        self.grown.emit(TickRange(ticks.first if known is None else known.last, ticks.last))


def signature(source: Source) -> object:
    """What changes when a file grows (its size and time, and its journal's); None: not a file.

    Of a folder it is the files that lie directly in it.
    """
    path = source.location
    names = [path, f"{path}-wal", f"{path}.wal"]
    with contextlib.suppress(OSError, ValueError), os.scandir(path) as entries:
        names += sorted(entry.path for entry in entries)[:FILES_LOOKED_AT]
    found = []
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(name)
            found.append((name, status.st_mtime_ns, status.st_size))
    return tuple(found) or None
