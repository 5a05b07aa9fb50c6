"""The one DuckDB of this process, to which a file is attached while questions ask it.

Starting a DuckDB takes five times as long as attaching a file to one that runs. All share one:
closing a file that another DuckDB of the process has open as well would drop that one's lock.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from duckdb_engine import ConnectionWrapper

from telemetry.engines.literals import name_literal


@dataclass
class _File:
    """`users`: the questions that are asking it; it is attached while there are any."""

    name: str
    users: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class AttachedFiles:
    """Files of one in-memory DuckDB, each read-only and for no longer than it is asked."""

    def __init__(self, **settings: str) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._memory: duckdb.DuckDBPyConnection | None = None
        self._files: dict[tuple[int, int], _File] = {}

    def connect(self, path: Path, schema: str | None = None) -> AttachedConnection:
        """A connection that looks into the file (into `schema` of it), which is attached at least
        until it is closed; duckdb.Error where it is locked or cannot be read, OSError where there
        is no such file."""
        status = os.stat(path)
        cursor = self._cursor()
        with self._lock:
            name = f"file {len(self._files) + 1}"
            file = self._files.setdefault((status.st_dev, status.st_ino), _File(name))
        try:
            with file.lock:
                if not file.users:
                    where = name_literal(os.path.abspath(path), path)
                    cursor.execute(f'ATTACH {where} AS "{file.name}" (TYPE duckdb, READ_ONLY)')
                file.users += 1
        except BaseException:
            cursor.close()
            raise
        connection = AttachedConnection(cursor, self, file)
        try:
            inside = "" if schema is None else '."' + schema.replace('"', '""') + '"'
            cursor.execute(f'USE "{file.name}"{inside}')
        except BaseException:
            connection.close()
            raise
        return connection

    def let_go(self, file: _File) -> None:
        with file.lock:
            file.users -= 1
            if not file.users:
                with self._cursor() as cursor:
                    cursor.execute(f'DETACH "{file.name}"')

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._memory is None:
                self._memory = duckdb.connect(":memory:", config=dict(self._settings))
            return self._memory.cursor()


class AttachedConnection(ConnectionWrapper):
    """What SQLAlchemy takes for a DuckDB connection; it lets go of its file when it is closed."""

    def __init__(self, cursor: Any, files: AttachedFiles, file: _File) -> None:
        super().__init__(cursor)
        self._files, self._file = files, file

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._files.let_go(self._file)
