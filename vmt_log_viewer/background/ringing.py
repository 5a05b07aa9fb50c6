"""Ringer: asks saved filters that ring about the rows that a followed run has just got."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from telemetry.cancel import CancelToken
from telemetry.concepts import RunId, Table, TickRange
from telemetry.errors import FilterError, TelemetryError
from telemetry.filters.saved import SavedFilter
from telemetry.frozen import replace
from telemetry.queries import TableQuery, Where
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.state.alerts import Ring
from vmt_log_viewer.state.document import Document

if TYPE_CHECKING:
    from telemetry.source import Source

PAGE = 5_000
LANE = "ringing"
_numbers = count()


@dataclass
class Watch:
    """How far the rows of one filter are known: all up to `last`, of this tick those in `seen`.

    Rows of the last tick are looked at again, for a writer may have been in the middle of it.
    """

    saved: SavedFilter
    query: TableQuery
    last: int
    seen: frozenset[int | str] = frozenset()
    known: bool = False
    wanted: int | None = None
    lane: str = field(default_factory=lambda: f"{LANE}.{next(_numbers)}.")


@dataclass
class Found:
    """Matching rows of some ticks, read page by page: how many are new, where, the last tick's."""

    count: int = 0
    ticks: dict[int, None] = field(default_factory=dict)
    first: tuple[int, int | str] | None = None
    at_last: set[int | str] = field(default_factory=set)


class Ringer(QObject):
    """Rows that are there when a run is shown, or a filter begins to ring, never ring.

    Whoever follows the run has to call `grow`. Each row rings once.
    """

    rang = Signal(object)  # Ring
    failed = Signal(str)  # one sentence: a filter that cannot ring here

    def __init__(self, document: Document, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._runner = document, runner
        self._watches: dict[tuple[str, str, str], Watch] = {}
        self._refused: set[tuple[str, str, str]] = set()
        document.run_shown.connect(lambda *_: self.begin())
        document.run_cleared.connect(self._forget)
        document.source_shown.connect(lambda _: self._forget())
        document.shelf.changed.connect(self._look_at_filters)

    def grow(self, ticks: TickRange) -> None:
        """The run has come further, to `ticks.last`."""
        self._look_at_filters()
        for watch in self._watches.values():
            watch.wanted = ticks.last
            self._ask(watch)

    def begin(self) -> None:
        """What is there now is known: another run is shown, or the file was replaced."""
        self._forget()
        self._look_at_filters()

    def _forget(self) -> None:
        for watch in self._watches.values():
            self._runner.cancel(watch.lane)
        self._watches, self._refused = {}, set()

    def _look_at_filters(self) -> None:
        """Begin to watch those that ring now, and let go of the others."""
        source, run_id = self._document.source, self._document.run_id
        bounds = self._document.cursor.bounds
        ringing: dict[tuple[str, str, str], SavedFilter] = {}
        if source is not None and run_id is not None and bounds is not None:
            found = self._document.shelf.of(source.family)
            ringing = {saved.key: saved for saved in found if saved.rings}
        for key in [k for k, w in self._watches.items() if ringing.get(k) != w.saved]:
            self._runner.cancel(self._watches.pop(key).lane)
        for key, saved in ringing.items():
            if key not in self._watches and key not in self._refused:
                assert source is not None
                assert run_id is not None
                assert bounds is not None
                self._watch(source, run_id, saved, bounds.last)

    def _watch(self, source: Source, run_id: RunId, saved: SavedFilter, last: int) -> None:
        table = next((t for t in source.tables if t.name == saved.table), None)
        try:
            query = _query(saved, run_id, table)
        except FilterError as error:
            self._refused.add(saved.key)
            self.failed.emit(str(error))
            return
        watch = self._watches[saved.key] = Watch(saved, query, last)
        self._ask(watch)

    def _ask(self, watch: Watch) -> None:
        """At first which rows the last tick has; then what came since."""
        source, last = self._document.source, watch.wanted
        if source is None or self._runner.pending(watch.lane):
            return
        if not watch.known:
            last = watch.last
        elif last is None or last < watch.last:
            return
        watch.wanted = None if watch.known else watch.wanted
        ticks, seen, query = TickRange(watch.last, last or 0), watch.seen, watch.query
        asked = source

        def work(token: CancelToken) -> Found:
            return _new_rows(asked, query, ticks, seen, token)

        def show(found: Found) -> None:
            if self._watches.get(watch.saved.key) is not watch:
                return
            rings, watch.known = watch.known, True
            same = ticks.first == ticks.last
            watch.seen = frozenset(found.at_last) | (seen if same else frozenset())
            watch.last = ticks.last
            if rings and found.first is not None:
                told = tuple(found.ticks)
                self.rang.emit(Ring(watch.saved, found.count, told, found.first[1]))
            if watch.wanted is not None:
                self._ask(watch)

        def later(_: TelemetryError) -> None:
            """A writer may hold the file for a moment; the next growth asks for this as well."""

        what = f"looking for “{watch.saved.name}”"
        self._runner.run(watch.lane, work, show, later, self, what, source)


def _query(saved: SavedFilter, run_id: RunId, table: Table | None) -> TableQuery:
    """What is asked of each growth; FilterError where this source cannot be asked so."""
    tick = None if table is None else table.with_role("tick")
    if table is None or tick is None:
        lacks = "has no such table" if table is None else "records no ticks of its rows"
        raise FilterError(
            f"The saved filter “{saved.name}” cannot ring: this source {lacks} ({saved.table})."
        )
    filters = saved.judged(table.columns, table.label)
    return TableQuery(
        run_id, table.name, (tick.name,), Where(filters, saved.range, saved.agents), limit=PAGE
    )


def _new_rows(
    source: Source,
    query: TableQuery,
    ticks: TickRange,
    seen: frozenset[int | str],
    token: CancelToken,
) -> Found:
    """The matching rows of `ticks` but for those in `seen`; in a worker."""
    found, within = Found(), query.where.ticks
    first = ticks.first if within is None else max(ticks.first, within.first)
    last = ticks.last if within is None else min(ticks.last, within.last)
    if first > last:
        return found
    asked = replace(query, where=replace(query.where, ticks=TickRange(first, last)))
    while True:
        page = source.ask(asked, token)
        for (cell, *_), key in zip(page.rows, page.keys, strict=True):
            tick = int(cell)  # type: ignore[arg-type]
            if tick == ticks.last:
                found.at_last.add(key)
            if tick == ticks.first and key in seen:
                continue
            found.count += 1
            found.ticks[tick] = None
            if found.first is None or tick < found.first[0]:
                found.first = (tick, key)
        if page.next is None:
            return found
        asked = replace(asked, after=page.next)
