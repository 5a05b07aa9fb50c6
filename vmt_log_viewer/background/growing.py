"""Growing: an answer about a run that is made longer, by what is new, as the run goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from PySide6.QtCore import QObject

from telemetry.cancel import CancelToken
from telemetry.concepts import RunId, TickRange, Timeline
from telemetry.concepts.growth import OVERLAP, longer_timeline
from telemetry.errors import TelemetryError
from telemetry.frozen import Frozen
from telemetry.queries import Query, TimelineQuery
from vmt_log_viewer.background.runner import Runner, in_words

if TYPE_CHECKING:
    from telemetry.source import Source

A = TypeVar("A")


class Plan(Frozen, Generic[A]):
    """What is asked: all of it, or some ticks, and how the two are joined from a tick on.

    `join` gives None where the two do not fit together; everything is asked again then. `overlap`
    ticks before the last one known are read again.
    """

    whole: Query[A]
    part: Callable[[TickRange], Query[A]]
    join: Callable[[A, A, int], A | None]
    overlap: int = 0


class Growing(Generic[A]):
    """One answer on one lane of the runner.

    Rows of the last tick known are read again, for a writer may have been in the middle of it.
    What comes while something is being read is read after it.
    """

    def __init__(
        self,
        runner: Runner,
        lane: str,
        source: Source,
        plan: Plan[A],
        show: Callable[[A], None],
        fail: Callable[[TelemetryError], None],
        owner: QObject,
        prepare: Callable[[A], object] | None = None,
    ) -> None:
        """`prepare` is called with each whole answer in the worker, before it is shown."""
        self._prepare = prepare
        self.answer: A | None = None
        self._runner, self._lane, self._source, self._plan = runner, lane, source, plan
        self._show, self._fail, self._owner = show, fail, owner
        self._known: TickRange | None = None
        self._wanted: TickRange | None = None

    def ask(self, bounds: TickRange | None) -> None:
        """Ask for all of it; `bounds` are the ticks that the run has now."""
        self._wanted = bounds

        def came(answer: A) -> None:
            self._keep(answer, bounds)

        self._submit(self._plan.whole, came, self._fail, self._prepare)

    def grow(self, bounds: TickRange) -> None:
        """The run reaches over `bounds` now: read what is not here yet."""
        self._wanted = bounds
        if self._runner.pending(self._lane):
            return
        known, answer = self._known, self.answer
        if known is None or answer is None:
            self.ask(bounds)
            return
        first = max(bounds.first, known.last - self._plan.overlap)

        def came(newer: A) -> None:
            joined = self._plan.join(answer, newer, first)
            if joined is None:
                self.ask(self._wanted)
            else:
                self._keep(joined, bounds)

        def later(_: TelemetryError) -> None:
            """What is shown stays; the next growth asks for this as well."""

        self._submit(self._plan.part(TickRange(first, bounds.last)), came, later)

    def catch_up(self, bounds: TickRange | None) -> None:
        """Read what came while nobody looked."""
        if bounds is not None and self._known is not None and bounds.last > self._known.last:
            self.grow(bounds)

    def _keep(self, answer: A, known: TickRange | None) -> None:
        self.answer, self._known = answer, known
        self._show(answer)
        self.catch_up(self._wanted)

    def _submit(
        self,
        query: Query[A],
        show: Callable[[A], None],
        fail: Callable[[TelemetryError], None],
        prepare: Callable[[A], object] | None = None,
    ) -> None:
        source = self._source
        if prepare is None:
            self._runner.submit(self._lane, source, query, show, fail, self._owner)
            return

        def work(token: CancelToken) -> A:
            answer = source.ask(query, token)
            prepare(answer)
            return answer

        self._runner.run(self._lane, work, show, fail, self._owner, in_words(query), source)


def timeline_plan(run_id: RunId, lanes: tuple[str, ...] | None = None) -> Plan[Timeline]:
    """The lanes of a run (None: all), and how they are made longer."""
    return Plan(
        TimelineQuery(run_id, lanes),
        lambda ticks: TimelineQuery(run_id, lanes, ticks),
        longer_timeline,
        OVERLAP,
    )
