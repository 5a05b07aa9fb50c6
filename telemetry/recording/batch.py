"""Rows on their way into a database, in transactions that hold whole ticks and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby

from sqlalchemy import Connection, Table, insert

from telemetry.recording.target import Target, writing

Row = dict[str, object]


class TickBatch:
    """Buffers rows of the tick under way and of ended ticks that still wait for their commit.

    What a caller would get wrong: a tick larger than the buffer spills into a transaction that
    stays open, and keeps the database's write lock, until `end_tick` or `drop_tick`.
    """

    def __init__(
        self,
        target: Target,
        tables: Mapping[str, Table],
        *,
        ticks_per_commit: int = 1,
        max_rows: int = 20_000,
    ) -> None:
        self._target = target
        self._tables = tables
        self._ticks_per_commit = ticks_per_commit
        self._max_rows = max_rows
        self._under_way: dict[str, list[Row]] = {name: [] for name in tables}
        self._ended: dict[str, list[Row]] = {name: [] for name in tables}
        self._rows_under_way = 0
        self._rows_ended = 0
        self._ticks_ended = 0
        self._connection: Connection | None = None

    def add(self, table: str, row: Row) -> None:
        """Take a row of the tick under way; memory stays below ``max_rows`` rows."""
        self._under_way[table].append(row)
        self._rows_under_way += 1
        if self._rows_under_way >= self._max_rows:
            self.commit_ended()
            self._write(self._under_way)
            self._rows_under_way = 0

    def end_tick(self) -> None:
        """The tick under way is whole: commit it, at once or with its successors."""
        if self._connection is not None:
            self._write(self._under_way)
            self._commit()
        else:
            for name, rows in self._under_way.items():
                self._ended[name] += rows
                rows.clear()
            self._rows_ended += self._rows_under_way
            self._ticks_ended += 1
            if self._ticks_ended >= self._ticks_per_commit or self._rows_ended >= self._max_rows:
                self.commit_ended()
        self._rows_under_way = 0

    def drop_tick(self) -> None:
        """Forget the tick under way, also what has spilled of it."""
        for rows in self._under_way.values():
            rows.clear()
        self._rows_under_way = 0
        self.roll_back()

    def commit_ended(self) -> None:
        """Make every ended tick visible now; the tick under way is not touched."""
        if self._ticks_ended:
            self._write(self._ended)
            self._commit()
            self._rows_ended = self._ticks_ended = 0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One statement or a few in a transaction of their own; no tick may be under way."""
        with writing(self._target.name), self._target.engine.begin() as connection:
            yield connection

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception:
                connection.invalidate()

    def _write(self, tables: dict[str, list[Row]]) -> None:
        with writing(self._target.name):
            if self._connection is None:
                self._connection = self._target.engine.connect()
            for name, rows in tables.items():
                statement = insert(self._tables[name])
                for _columns, same in groupby(rows, key=tuple):
                    self._connection.execute(statement, list(same))
                rows.clear()

    def _commit(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with writing(self._target.name), connection:
                connection.commit()
