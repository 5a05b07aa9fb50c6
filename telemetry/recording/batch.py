"""Rows on their way into a database, in transactions that hold whole ticks and nothing else."""

from __future__ import annotations

from sqlalchemy import Connection

from telemetry.errors import RecordingError
from telemetry.recording.bulk import insert_rows
from telemetry.recording.checks import Plan, Values
from telemetry.recording.target import Target, writing


class _Buffer:
    """Rows in the order they came, in stretches that are written by one plan."""

    def __init__(self) -> None:
        self.clear()

    def open(self, plan: Plan) -> list[Values]:
        """The list that takes rows of this plan now; `rows` is the caller's to count."""
        stretches = self._stretches.setdefault(plan.table.name, [])
        if not stretches or stretches[-1][0] is not plan:
            stretches.append((plan, []))
        return stretches[-1][1]

    def take_over(self, other: _Buffer) -> None:
        """Add the other's rows after these, and empty it."""
        for stretches in other._stretches.values():
            for plan, rows in stretches:
                self.open(plan).extend(rows)
        self.rows += other.rows
        other.clear()

    def clear(self) -> None:
        self._stretches: dict[str, list[tuple[Plan, list[Values]]]] = {}
        self.rows = 0

    def write(self, connection: Connection) -> None:
        for stretches in self._stretches.values():
            for plan, rows in stretches:
                insert_rows(connection, plan.table, plan.names, rows)
        self.clear()


class TickBatch:
    """Buffers rows of the tick under way and of ended ticks that still wait for their commit.

    What a caller would get wrong: a tick larger than the buffer spills into a transaction that
    stays open, and keeps the database's write lock, until `end_tick` or `drop_tick`.
    """

    def __init__(
        self, target: Target, *, ticks_per_commit: int = 1, max_rows: int = 20_000
    ) -> None:
        """``max_rows`` bounds what is held in memory; a larger tick is still committed whole."""
        if ticks_per_commit < 1:
            raise RecordingError(f"ticks_per_commit must be 1 or more, not {ticks_per_commit}.")
        self._target = target
        self._ticks_per_commit = ticks_per_commit
        self._max_rows = max_rows
        self._under_way = _Buffer()
        self._ended = _Buffer()
        self._open_plan: Plan | None = None
        self._open_rows: list[Values] = []
        self._ticks_ended = 0
        self._connection: Connection | None = None

    def add(self, plan: Plan, row: Values) -> None:
        """Take a row of the tick under way; memory stays below ``max_rows`` rows."""
        if plan is not self._open_plan:
            self._open_rows, self._open_plan = self._under_way.open(plan), plan
        self._open_rows.append(row)
        self._under_way.rows += 1
        if self._under_way.rows >= self._max_rows:
            self._spill()

    def add_many(self, plan: Plan, rows: list[Values]) -> None:
        """Take many rows of the tick under way."""
        self._open_plan = None  # a row by an earlier plan comes after these, not beside its likes
        self._under_way.open(plan).extend(rows)
        self._under_way.rows += len(rows)
        if self._under_way.rows >= self._max_rows:
            self._spill()

    def _spill(self) -> None:
        self.commit_ended()
        self._open_plan = None
        self._write(self._under_way)

    def end_tick(self) -> None:
        """The tick under way is whole: commit it, at once or with its successors."""
        self._open_plan = None
        if self._connection is not None:
            self._write(self._under_way)
            self._commit()
            return
        self._ended.take_over(self._under_way)
        self._ticks_ended += 1
        if self._ticks_ended >= self._ticks_per_commit or self._ended.rows >= self._max_rows:
            self.commit_ended()

    def drop_tick(self) -> None:
        """Forget the tick under way, also what has spilled of it."""
        self._open_plan = None
        self._under_way.clear()
        self.roll_back()

    def commit_ended(self) -> None:
        """Make every ended tick visible now; the tick under way is not touched."""
        if self._ticks_ended:
            self._write(self._ended)
            self._commit()
            self._ticks_ended = 0

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                connection.invalidate()

    def _write(self, buffer: _Buffer) -> None:
        if not buffer.rows:
            return
        with writing(self._target):
            if self._connection is None:
                self._connection = self._target.engine.connect()
                # Begun by hand: a bulk insert goes past SQLAlchemy, which would not notice it.
                self._connection.begin()
            buffer.write(self._connection)

    def _commit(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with writing(self._target), connection:
                connection.commit()
