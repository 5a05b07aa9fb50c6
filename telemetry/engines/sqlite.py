"""SQLite files: recognised by their bytes, read without leaving a trace."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from telemetry.engines.database import Database, Shape
from telemetry.errors import LockedError, QueryCancelled, SourceError, TelemetryError
from telemetry.filters import regexp
from telemetry.location import Location

MAGIC = b"SQLite format 3\x00"
BUSY_SECONDS = 3.0
_OPEN: weakref.WeakValueDictionary[tuple[int, int], SQLiteDatabase] = weakref.WeakValueDictionary()


@dataclass(frozen=True)
class Header:
    """What the first hundred bytes of a SQLite file say."""

    wal: bool
    page_size: int
    pages: int | None

    @classmethod
    def parse(cls, head: bytes) -> Header:
        size = int.from_bytes(head[16:18], "big")
        counted = head[24:28] == head[92:96]
        pages = int.from_bytes(head[28:32], "big")
        return cls(
            head[18] == 2 or head[19] == 2, 65536 if size == 1 else size, pages if counted else None
        )


class SQLiteDatabase(Database):
    """A SQLite file. No query creates, changes or leaves behind a file beside it.

    How a connection is made depends on what lies beside the file at that moment:
    a WAL file with its index → shared with the live writer, its index mapped read-only;
    a WAL database without a WAL → `immutable=1`, since anything else would create sidecars;
    a WAL without its index, or a journal left by a crash → recovered in a private copy.
    """

    engine_label = "SQLite"

    def __init__(self, location: Location, header: Header) -> None:
        assert location.path is not None
        self.path = location.path
        self._header = header
        self._copy: Path | None = None
        self._lock = threading.Lock()
        super().__init__(location)
        self._refuse_truncated()
        status = self.path.stat()
        _OPEN[(status.st_dev, status.st_ino)] = self

    @property
    def header(self) -> Header:
        return self._header

    def _make_engine(self) -> sa.Engine:
        engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        sa.event.listen(engine, "connect", _define_regexp)  # after the dialect's own definition
        return engine

    def _connect(self) -> sqlite3.Connection:
        uri = self._uri()
        try:
            connection = _open(uri)
            try:
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
            except sqlite3.OperationalError as error:
                connection.close()
                connection = self._second_way(error)
        except sqlite3.Error as error:
            raise self.translate(error) from error
        return connection

    def _uri(self) -> str:
        if self._copy is not None:
            return _file_uri(self._copy, "mode=ro")
        if not self.path.exists():
            raise SourceError(f"{self.path} is no longer there; open it from where it is now.")
        wal, index = _sidecar(self.path, "-wal"), _sidecar(self.path, "-shm")
        if wal.exists() and index.exists():
            return _file_uri(self.path, "mode=ro&readonly_shm=1")
        if wal.exists() and wal.stat().st_size > 0:
            return _file_uri(self._recovered("-wal"), "mode=ro")
        return _file_uri(self.path, "mode=ro&immutable=1" if self._header.wal else "mode=ro")

    def _second_way(self, error: sqlite3.OperationalError) -> sqlite3.Connection:
        """Where the first connection could not read: share the index, or recover a copy."""
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_READONLY_ROLLBACK:
            return _open(_file_uri(self._recovered("-journal"), "mode=ro"))
        if code & 0xFF in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN) and self._header.wal:
            if _sidecar(self.path, "-shm").exists():
                connection = _open(_file_uri(self.path, "mode=ro"))
                connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
                return connection
            return _open(_file_uri(self._recovered("-wal"), "mode=ro"))
        raise error

    def _recovered(self, suffix: str) -> Path:
        """A private copy in which SQLite has replayed what a writer left unfinished."""
        with self._lock:
            if self._copy is None:
                folder = Path(tempfile.mkdtemp(prefix="telemetry-"))
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                copy = folder / self.path.name
                shutil.copyfile(self.path, copy)
                beside = _sidecar(self.path, suffix)
                if beside.exists():
                    shutil.copyfile(beside, _sidecar(copy, suffix))
                recovering = sqlite3.connect(copy)
                try:
                    recovering.execute("PRAGMA journal_mode=DELETE").fetchall()
                finally:
                    recovering.close()
                self._copy = copy
                self.notes = (
                    f"{self.path.name} was left unfinished by its writer ({suffix[1:]} file); "
                    "a private copy was recovered and is shown, the file itself is untouched.",
                )
            return self._copy

    def _refuse_truncated(self) -> None:
        pages, size = self._header.pages, self.path.stat().st_size
        beside = any(_sidecar(self.path, s).exists() for s in ("-wal", "-journal"))
        if pages and size < pages * self._header.page_size and not beside:
            raise SourceError(
                f"{self.path} is truncated: it has {size} of {pages * self._header.page_size} "
                "bytes; copy it again from where it was recorded."
            )

    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        interrupt: Callable[[], None] = driver_connection.interrupt
        return interrupt

    def translate(self, error: Exception) -> TelemetryError:
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(driver, TelemetryError):
            return driver
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        text = str(driver)
        if code == sqlite3.SQLITE_INTERRUPT or text == "interrupted":
            return QueryCancelled("The query was cancelled.")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return LockedError(
                f"{self.path} is locked by another program that is writing to it; "
                "wait until it has finished and try again."
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return SourceError(
                f"{self.path} is damaged ({text}); open a backup, "
                "or rescue it with SQLite's .recover."
            )
        if code == sqlite3.SQLITE_CANTOPEN:
            return SourceError(
                f"{self.path} cannot be opened; check that you may read the file and its folder."
            )
        return SourceError(f"{self.path} could not be read: {text}; check the file and try again.")

    def shape(self) -> Shape:
        with self.connection() as connection:
            names = [
                row[0]
                for row in connection.exec_driver_sql(
                    "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                    "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
                )
            ]
            columns = connection.exec_driver_sql(
                "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c "
                "WHERE m.type IN ('table', 'view')"
            ).fetchall()
            indexed = connection.exec_driver_sql(
                "SELECT m.name, i.name, c.name FROM sqlite_master m, pragma_index_list(m.name) i, "
                "pragma_index_info(i.name) c WHERE m.type = 'table' AND NOT i.partial "
                "ORDER BY m.name, i.name, c.seqno"
            ).fetchall()
        tables: dict[str, dict[str, str]] = {name: {} for name in names}
        for table, column, kind in columns:
            if table in tables:
                tables[table][column] = kind
        leading: dict[tuple[str, str], list[str]] = {}
        for table, index, column in indexed:
            leading.setdefault((table, index), []).append(column)
        indices: dict[str, tuple[tuple[str, ...], ...]] = {}
        for (table, _), parts in leading.items():
            indices[table] = (*indices.get(table, ()), tuple(parts))
        return Shape(tables, indices)

    def size_bytes(self) -> int | None:
        return self.path.stat().st_size


def header_while_open(path: Path) -> Header | None:
    """The header of a file that this process reads already.

    Reading its bytes again would, on closing them, drop the locks of every connection to it.
    """
    status = path.stat()
    database = _OPEN.get((status.st_dev, status.st_ino))
    return None if database is None else database.header


def _open(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.execute("PRAGMA query_only=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection


def _define_regexp(connection: Any, _record: Any) -> None:
    connection.create_function("regexp", 2, regexp, deterministic=True)


def _sidecar(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _file_uri(path: Path, options: str) -> str:
    text = path.as_posix()
    if os.name == "nt":
        text = "/" + text
    return f"file:{quote(text)}?{options}"
