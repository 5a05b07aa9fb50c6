"""The contract of every recorder: a run that takes rows and commits them in whole ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from telemetry.concepts import RunId
from telemetry.errors import RecordingError
from telemetry.recording.checks import Plan, RowCheck, Values

COMPLETED = "completed"
FAILED = "failed"
STATUSES = (COMPLETED, FAILED)

#: Marks the run as finished where the family says so, given the number of ticks recorded.
Finalise = Callable[[int], None]

Id = TypeVar("Id", bound=RunId)


class Batch(Protocol):
    """Where rows wait until their tick is whole: a database's or a folder's."""

    def add(self, plan: Plan, row: Values) -> None: ...

    def add_many(self, plan: Plan, rows: list[Values]) -> None: ...

    def end_tick(self) -> None: ...

    def drop_tick(self) -> None: ...

    def commit_ended(self) -> None: ...

    def roll_back(self) -> None: ...


class RunRecorder(Generic[Id]):
    """One run being written; the rows of a tick become visible, all together, at `end_tick`.

    What a caller would get wrong: rows not followed by `end_tick` are never stored, and a
    ``with`` block that raises leaves the run unfinished, which is the truth.
    """

    def __init__(
        self,
        batch: Batch,
        run_id: Id,
        checks: Mapping[str, RowCheck],
        *,
        finalise: Finalise,
        given: Mapping[str, object] | None = None,
        tick_column: str = "tick",
    ) -> None:
        """``given`` is what every row holds (by default its ``run_id``), beside the tick."""
        self.run_id = run_id
        self.last_tick: int | None = None
        self._checks = checks
        self._finalise = finalise
        self._batch = batch
        self._given: dict[str, object] = {"run_id": run_id} if given is None else dict(given)
        self._tick_column = tick_column
        self._prefixes: dict[str, Values] = {}
        self._tick: int | None = None
        self._ticks_ended = 0
        self._closed: str | None = None

    def record(self, table: str, tick: int, values: Mapping[str, object]) -> None:
        """Take one row of a tick; raises `RecordingError` naming the field that is wrong.

        A refused row leaves the rest of the tick as it was.
        """
        prefix = self._prefixes.get(table) if tick == self._tick else None
        if prefix is None:
            prefix = self._prefix(table, tick)
        check = self._checks[table]
        # As `check` itself and `take` would do it; a million calls less are felt.
        try:
            row = check.passing(prefix, values)
        except KeyError:
            row = None
        plan = check.plan
        if row is None:
            plan, row = check(prefix, values)
        if tick != self._tick:
            self._enter_tick(tick)
        try:
            self._batch.add(plan, row)
        except BaseException:
            self._stop()
            raise

    def take(self, tick: int, plan: Plan, row: Values) -> None:
        """Take a row of a tick that has been checked."""
        if tick != self._tick:
            self._enter_tick(tick)
        try:
            self._batch.add(plan, row)
        except BaseException:
            self._stop()
            raise

    def record_columns(
        self, table: str, tick: int, columns: Mapping[str, Sequence[object]]
    ) -> None:
        """Take many rows of a tick at once, as columns of one length (lists or NumPy arrays).

        The quickest way for a simulator that holds its state in arrays. Raises `RecordingError`
        naming field and row (from 0) of the first wrong value; then none of them is taken.
        """
        prefix = self._prefix(table, tick)
        self._take_columns(tick, *self._checks[table].columns(prefix, columns))

    def _take_columns(self, tick: int, plan: Plan, rows: list[Values]) -> None:
        if tick != self._tick:
            self._enter_tick(tick)
        with self._stopping_on_failure():
            self._batch.add_many(plan, rows)

    def _prefix(self, table: str, tick: int) -> Values:
        """The values of the columns that the recorder fills itself, for rows of this tick."""
        if tick != self._tick or table not in self._prefixes:
            check = self._checks.get(table)
            if check is None:
                raise RecordingError(f"There is no table {table} to record to.")
            given = self._given_at(tick)
            prefix = tuple(given[name] for name in check.given)
            if tick != self._tick:
                return prefix  # the tick may yet be refused
            self._prefixes[table] = prefix
        return self._prefixes[table]

    def _given_at(self, tick: int) -> Mapping[str, object]:
        """What the recorder fills in at this tick; a family adds what follows from the tick."""
        return {**self._given, self._tick_column: tick}

    def end_tick(self, tick: int) -> None:
        """Commit the tick: when this returns, its rows are in the database, come what may.

        With ``ticks_per_commit`` above 1, a few ticks become visible together instead. A tick
        with no rows counts as well.
        """
        if tick != self._tick:
            self._enter_tick(tick)
        with self._stopping_on_failure():
            self._batch.end_tick()
        self._tick = None
        self.last_tick = tick
        self._ticks_ended += 1

    def finish(self, status: str = COMPLETED) -> None:
        """Close the run: ``completed`` marks it as finished, ``failed`` leaves it unfinished.

        Rows of a tick that was not ended are dropped. A second call does nothing.
        """
        if status not in STATUSES:
            raise RecordingError(f"status must be one of {', '.join(STATUSES)}, not {status!r}.")
        if self._closed is not None:
            return
        with self._stopping_on_failure():
            self._batch.drop_tick()
            self._batch.commit_ended()
            if status == COMPLETED:
                self._finalise(self._ticks_ended)
        self._closed, self._tick = f"run {self.run_id} is finished", None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish(COMPLETED if kind is None else FAILED)

    def _enter_tick(self, tick: int) -> None:
        if self._closed is not None:
            raise RecordingError(f"Cannot record tick {tick}: {self._closed}.")
        if type(tick) is not int:
            raise RecordingError(f"tick must be a whole number, not {tick!r}.")
        if self._tick is not None:
            raise RecordingError(
                f"Cannot record tick {tick} before tick {self._tick} has ended; "
                f"call end_tick({self._tick}) first."
            )
        if self.last_tick is not None and tick <= self.last_tick:
            raise RecordingError(
                f"Cannot record tick {tick}: tick {self.last_tick} has ended; ticks must rise."
            )
        self._tick = tick
        self._prefixes = {}

    @contextmanager
    def _stopping_on_failure(self) -> Iterator[None]:
        """A failed write ends the recording: what was committed stays, nothing is half there."""
        try:
            yield
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        self._closed = f"the recording of run {self.run_id} stopped when a write failed"
        self._tick = None
        self._batch.roll_back()
