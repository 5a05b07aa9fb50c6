"""SQLite files: recognised by their bytes, read without leaving a trace."""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from telemetry.cancel import CancelToken
from telemetry.concepts import Fingerprint
from telemetry.engines import sqlite_columns, sqlite_lines
from telemetry.engines.columns import ColumnKind, ColumnsRead
from telemetry.engines.database import Database, Shape, at_rest
from telemetry.engines.digests import Digested
from telemetry.engines.fingerprints import file_fingerprint
from telemetry.engines.holders import writer_of
from telemetry.engines.lines import ByValuesError, Field, Lines
from telemetry.engines.spelling import spelled
from telemetry.engines.sqlite_connection import (
    UNDECODABLE,
    Connection,
    define_regexp,
    file_uri,
    open_connection,
    refused,
    undecodable,
)
from telemetry.engines.sqlite_file import (
    HEADER_BYTES,
    Header,
    PrivateCopy,
    keep,
    let_go,
    retain,
    sidecar,
    size_of,
    stamp,
    state_of,
)
from telemetry.engines.sqlite_shape import shape_of
from telemetry.engines.sqlite_sums import ROUNDED, define_wide_sum
from telemetry.errors import (
    AskAgainError,
    ChangedError,
    LockedError,
    QueryCancelled,
    RequestError,
    SourceError,
    TelemetryError,
)
from telemetry.location import Location

STEPS_BETWEEN_CHECKS = 20_000
LARGEST_COPY = 1 << 30
"""A live WAL database larger than this is read with its index shared rather than copied."""


class SQLiteDatabase(Database):
    """A SQLite file. No query creates, changes or leaves behind a file beside it.

    How a connection is made depends on what lies beside the file at that moment:
    a WAL file with its index → shared with the live writer, its index mapped read-only;
    a WAL database without a WAL → `immutable=1`, since anything else would create sidecars;
    a WAL without its index, or a journal left by a crash → recovered in a private copy.
    Each question sees one state of the file, from its first statement to its last.
    """

    engine_label = "SQLite"
    patience = 3.0
    lines_after, lines_meanwhile = sqlite_lines.AFTER, sqlite_lines.MEANWHILE

    def __init__(self, location: Location) -> None:
        assert location.path is not None
        self.path = location.path
        self._real = Path(os.path.realpath(self.path))  # sidecars lie beside what a link names
        self._kept = keep(self._real)
        self._kept_open = weakref.finalize(self, let_go, self._kept)
        self._copy: PrivateCopy | None = None
        self._lock = threading.Lock()
        self._wide_sums = False
        super().__init__(location)
        try:
            self._refuse_damaged()
        except BaseException:
            self.close()
            raise

    def _make_engine(self) -> sa.Engine:
        engine = sa.create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        sa.event.listen(engine, "connect", define_regexp)  # after the dialect's own definition
        return engine

    def _connect(self) -> Connection:
        try:
            connection = self._first_way()
        except OSError as error:
            raise SourceError(
                f"{self._name} could not be read ({error.strerror or error}); "
                "check the disk that it lies on and try again."
            ) from error
        except sqlite3.Error as error:
            raise self.translate(error) from error
        if self._wide_sums:
            define_wide_sum(connection)
        return connection

    def _first_way(self) -> Connection:
        self._refuse_replaced()
        wal = size_of(sidecar(self._real, "-wal"))
        if wal is not None and sidecar(self._real, "-shm").exists():
            return self._shared()
        if wal:
            return self._recovered("-wal")
        if Header.parse(self._kept.read(HEADER_BYTES)).wal:
            seen = stamp(self._kept.status())
            connection = open_connection(self._real, "mode=ro&immutable=1")
            connection.seen, connection.opened = seen, self._real
            return connection
        return self._alone()

    def _shared(self) -> Connection:
        """Beside a writer. Until its second transaction SQLite has no mark for us to read at."""
        try:
            return open_connection(self._real, "mode=ro&readonly_shm=1")
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            if code not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
                raise
        if not sidecar(self._real, "-shm").exists():  # the writer has just left
            raise self._changed_error()
        if self._kept.status().st_size > LARGEST_COPY:  # cheaper: a reader's mark in the index
            return open_connection(self._real, "mode=ro")
        return self._recovered("-wal")

    def _alone(self) -> Connection:
        """A file with a rollback journal, or without any."""
        try:
            connection = open_connection(self._real, "mode=ro&readonly_shm=1")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
                raise
            return self._recovered("-journal")
        connection.opened = self._real
        return connection

    def _recovered(self, suffix: str) -> Connection:
        """A connection to a private copy of the file as it is now."""
        with self._lock:
            copy = self._copy
            if copy is None or copy.state != state_of(self._kept, self._real, suffix):
                copy = PrivateCopy(self._kept, self._real, suffix)
                if self._copy is not None:
                    self._copy.remove()
                self._copy = copy
                self._note(
                    f"Its writer left changes in {self._real.name}{suffix}; a private copy that "
                    "holds them is shown, the files themselves are untouched."
                )
            connection = open_connection(copy.path, "mode=ro")
            connection.opened = copy.path
            return connection

    def _note(self, said: str) -> None:
        if said not in self.notes:
            self.notes = (*self.notes, said)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Keep the file open, so that closing the source drops no lock of this question."""
        if not self._kept_open.alive:
            raise SourceError(f"{self._name} has been closed; open it again.")
        retain(self._kept)
        try:
            yield
        finally:
            let_go(self._kept)

    def _begin(self, driver_connection: Any, token: CancelToken) -> None:
        """Start the one snapshot of a question, with cancelling checked between its steps."""
        driver_connection.set_progress_handler(lambda: token.cancelled, STEPS_BETWEEN_CHECKS)
        try:
            driver_connection.execute("BEGIN")
            driver_connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
        except sqlite3.Error as error:
            raise self.translate(error) from error

    @contextmanager
    def beside(
        self, connection: sa.Connection, token: CancelToken
    ) -> Iterator[sa.Connection | None]:
        """Only where nobody can write as long as `connection` lives, or where it would be seen.

        A WAL that is empty once both have begun was so before: neither reads anything from it.
        """
        first = connection.connection.driver_connection
        assert isinstance(first, Connection)
        wal = sidecar(self._real, "-wal")
        if first.opened is None and size_of(wal) != 0:
            yield None
            return
        with self.connection(token) as second:
            driver = second.connection.driver_connection
            assert isinstance(driver, Connection)
            same = (driver.opened, driver.seen) == (first.opened, first.seen)
            still = first.opened is not None or size_of(wal) == 0
            yield second if same and still else None

    @contextmanager
    def _at_work(self, driver_connection: Any) -> Iterator[None]:
        """An error where the file changed under an immutable connection; notes of bad text."""
        undecodable.seen, refused.error = False, None
        try:
            yield
        except (sqlite3.Error, sa.exc.DBAPIError) as error:
            if refused.error is not None:
                raise refused.error from error
            if self._changed(driver_connection):
                raise self._changed_error() from error
            raise
        finally:
            if undecodable.seen:
                self._note(UNDECODABLE)
        if self._changed(driver_connection):
            raise self._changed_error()

    def _changed(self, connection: Connection) -> bool:
        """Whether a file that was read as immutable has been written to meanwhile."""
        return connection.seen is not None and connection.seen != stamp(self._kept.status())

    def _changed_error(self) -> ChangedError:
        return ChangedError(
            f"{self._name} was changed by another program while it was read; try again."
        )

    def _refuse_replaced(self) -> None:
        try:
            status = self._real.stat()
        except FileNotFoundError:
            raise SourceError(
                f"{self._name} is no longer there; open it from where it is now."
            ) from None
        kept = self._kept.status()
        if (status.st_dev, status.st_ino) != (kept.st_dev, kept.st_ino):
            raise SourceError(f"{self._name} was replaced by another file; open it again.")

    def _refuse_damaged(self) -> None:
        """Refuse what the header shows to be cut short or no database after all."""
        head = self._kept.read(HEADER_BYTES)
        header = Header.parse(head.ljust(HEADER_BYTES, b"\0"))
        if len(head) < HEADER_BYTES:
            raise SourceError(
                f"{self._name} is truncated: it ends within its header; "
                "copy it again from where it was recorded."
            )
        if not header.sound:
            raise SourceError(
                f"{self._name} is damaged: its header has a page size of {header.page_size}; "
                "open a backup of it."
            )
        size = self._kept.status().st_size
        wanted = (header.pages or 0) * header.page_size
        beside = any(size_of(sidecar(self._real, s)) for s in ("-wal", "-journal"))
        if size < wanted and not beside:
            raise SourceError(
                f"{self._name} is truncated: it has {size} of {wanted} bytes; "
                "copy it again from where it was recorded."
            )

    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        interrupt: Callable[[], None] = driver_connection.interrupt
        return interrupt

    def translate(self, error: Exception) -> TelemetryError:
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        if isinstance(driver, TelemetryError):
            return driver
        if isinstance(driver, OverflowError):
            return RequestError("A number in the question is larger than any that SQLite stores.")
        if isinstance(driver, UnicodeError):
            return RequestError("A text in the question is not valid Unicode; correct it.")
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        text = str(driver)
        if code == sqlite3.SQLITE_INTERRUPT or text == "interrupted":
            return QueryCancelled("The query was cancelled.")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            beside = (sidecar(self._real, "-shm"), sidecar(self._real, "-wal"))
            return LockedError(
                f"{self._name} is locked by {writer_of(self._real, *beside)}, which is writing to "
                "it; wait until it has finished and try again."
            )
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return SourceError(
                f"{self._name} is damaged ({text}); open a backup, "
                "or rescue it with SQLite's .recover."
            )
        if code == sqlite3.SQLITE_CANTOPEN:
            return SourceError(
                f"{self._name} cannot be opened; check that you may read the file and its folder."
            )
        if text == "integer overflow" and not self._wide_sums:
            self._wide_sums = True
            self._note(ROUNDED)
            return AskAgainError(f"{self._name} holds sums that are no integers; ask again.")
        return SourceError(f"{self._name} could not be read: {text}; check the file and try again.")

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        return (sqlite3.Error, OverflowError, UnicodeError)

    def lines(
        self,
        connection: sa.Connection,
        token: CancelToken,
        select: sa.Select[Any],
        fields: Sequence[Field],
    ) -> Lines:
        """Only where nobody can write as long as `connection` lives, or where it would be seen."""
        statement = spelled(select, connection.dialect)
        return sqlite_lines.written(_opened_uri(connection), statement, fields, token)

    def digests(
        self,
        connection: sa.Connection,
        token: CancelToken,
        select: sa.Select[Any],
        fields: Sequence[Field],
    ) -> Digested:
        """Where `lines` can be written."""
        statement = spelled(select, connection.dialect)
        return sqlite_lines.digested(_opened_uri(connection), statement, fields, token)

    def columns(
        self,
        connection: sa.Connection,
        token: CancelToken,
        selects: Sequence[sa.Select[Any]],
        kinds: Sequence[ColumnKind],
    ) -> ColumnsRead:
        """Where `lines` can be written."""
        statements = [spelled(select, connection.dialect) for select in selects]
        return sqlite_columns.read(_opened_uri(connection), statements, kinds, token)

    def shape(self) -> Shape:
        with self.connection() as connection:
            driver = connection.connection.driver_connection
            assert isinstance(driver, Connection)
            return shape_of(driver)

    def state(self, token: CancelToken | None = None) -> str | None:
        """None as long as something stands in a WAL or a journal. Readers leave empty ones."""
        if any(size_of(sidecar(self._real, suffix)) for suffix in ("-wal", "-journal")):
            return None
        try:
            self._refuse_replaced()
            rest = at_rest(self._kept.status())
            head = self._kept.read(HEADER_BYTES)
        except (OSError, SourceError):
            return None
        return None if rest is None else f"{rest} {head[24:28].hex()} {head[92:].hex()}"

    def fingerprint(self, token: CancelToken) -> Fingerprint:
        with self._held():
            return file_fingerprint(self._real, (sidecar(self._real, "-wal"),), token)

    def size_bytes(self) -> int | None:
        return size_of(self._real)

    def close(self) -> None:
        """Let go of the file and remove the private copy; a second time does nothing."""
        with self._lock:
            copy, self._copy = self._copy, None
        if copy is not None:
            copy.remove()
        self._kept_open()
        super().close()

    @property
    def _name(self) -> str:
        return self.location.text


def _opened_uri(connection: sa.Connection) -> str:
    """How another process may open the file; ByValuesError where it might see another state."""
    first = connection.connection.driver_connection
    assert isinstance(first, Connection)
    if first.opened is None:
        raise ByValuesError
    options = "mode=ro&readonly_shm=1" if first.seen is None else "mode=ro&immutable=1"
    return file_uri(first.opened, options)
