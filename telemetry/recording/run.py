"""The contract of every recorder: a run that takes rows and commits them in whole ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from telemetry.errors import RecordingError
from telemetry.recording.batch import TickBatch
from telemetry.recording.checks import RowCheck
from telemetry.recording.target import Target

COMPLETED = "completed"
FAILED = "failed"
STATUSES = (COMPLETED, FAILED)

#: Marks the run as finished in its own row, given the number of ticks that were recorded.
Finalise = Callable[[Connection, int], None]


class RunRecorder:
    """One run being written; the rows of a tick become visible, all together, at `end_tick`.

    What a caller would get wrong: rows not followed by `end_tick` are never stored, and a
    ``with`` block that raises leaves the run unfinished, which is the truth.
    """

    def __init__(
        self,
        target: Target,
        run_id: int,
        checks: Mapping[str, RowCheck],
        *,
        finalise: Finalise,
        ticks_per_commit: int = 1,
        max_rows: int = 20_000,
    ) -> None:
        """``max_rows`` bounds what is held in memory; a larger tick is still committed whole."""
        if ticks_per_commit < 1:
            raise RecordingError(f"ticks_per_commit must be 1 or more, not {ticks_per_commit}.")
        self.run_id = run_id
        self.last_tick: int | None = None
        self._checks = checks
        self._finalise = finalise
        self._batch = TickBatch(
            target,
            {name: check.table for name, check in checks.items()},
            ticks_per_commit=ticks_per_commit,
            max_rows=max_rows,
        )
        self._tick: int | None = None
        self._ticks_ended = 0
        self._closed: str | None = None

    def record(self, table: str, tick: int, values: Mapping[str, object]) -> None:
        """Take one row of a tick; raises `RecordingError` naming the field that is wrong.

        A refused row leaves the rest of the tick as it was.
        """
        check = self._checks.get(table)
        if check is None:
            raise RecordingError(f"There is no table {table} to record to.")
        row = check({"run_id": self.run_id, "tick": tick, **values})
        self._enter_tick(tick)
        with self._stopping_on_failure():
            self._batch.add(table, row)

    def end_tick(self, tick: int) -> None:
        """Commit the tick: when this returns, its rows are in the database, come what may.

        With ``ticks_per_commit`` above 1, a few ticks become visible together instead. A tick
        with no rows counts as well.
        """
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
                with self._batch.transaction() as connection:
                    self._finalise(connection, self._ticks_ended)
        self._closed = f"run {self.run_id} is finished"

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
        if tick == self._tick:
            return
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

    @contextmanager
    def _stopping_on_failure(self) -> Iterator[None]:
        """A failed write ends the recording: what was committed stays, nothing is half there."""
        try:
            yield
        except BaseException:
            self._closed = f"the recording of run {self.run_id} stopped when a write failed"
            self._batch.roll_back()
            raise
