"""Database: a database that is only ever read, whatever its engine."""

from __future__ import annotations

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.concepts import Fingerprint, RunId, Statement
from telemetry.engines.columns import ColumnKind, ColumnsRead
from telemetry.engines.digests import Digested
from telemetry.engines.lines import ByValuesError, Field, Lines
from telemetry.engines.spelling import spelled
from telemetry.errors import LockedError, QueryCancelled, TelemetryError
from telemetry.frozen import Frozen, field
from telemetry.location import Location
from telemetry.text import one_line

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

LOCK_STEP = 0.02
QUIET = 2.0
"""Seconds without a write until the times of a file tell it from what it will be next."""


class Shape(Frozen):
    """Which tables a database has: table → column → declared type, names as the database has them.

    `indices` maps a table to the leading columns of each of its indices, `required` to those that
    never hold NULL; `folds_case`: to the engine, names that differ in case alone are the same.
    `added` maps a table to the columns that a migration gave it: each to the run column and the
    last run that was recorded without them.
    """

    tables: Mapping[str, Mapping[str, str]]
    indices: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    folds_case: bool = False
    required: Mapping[str, frozenset[str]] = field(default_factory=dict)
    added: Mapping[str, Mapping[str, tuple[str, int]]] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        found = self.tables.get(table)
        return found is not None and all(c in found for c in columns)

    def spelt_like(self, declared: Mapping[str, Iterable[str]]) -> Shape:
        """The same shape, its names spelt as `declared` where the engine sees no difference."""
        if not self.folds_case:
            return self
        own = {name.lower(): name for name in declared}
        tables: dict[str, Mapping[str, str]] = {}
        indices: dict[str, tuple[tuple[str, ...], ...]] = {}
        required: dict[str, frozenset[str]] = {}
        for table, columns in self.tables.items():
            name = own.get(table.lower(), table)
            spelt = {c.lower(): c for c in declared.get(name, ())}
            tables[name] = {spelt.get(c.lower(), c): kind for c, kind in columns.items()}
            indices[name] = tuple(
                tuple(spelt.get(c.lower(), c) for c in index)
                for index in self.indices.get(table, ())
            )
            never_null = self.required.get(table, frozenset())
            required[name] = frozenset(spelt.get(c.lower(), c) for c in never_null)
        return Shape(tables, indices, self.folds_case, required)


class Expected(Frozen):
    """What a planner expects of a statement: its cost, in the engine's own unit, and its rows.

    Costs compare statements about the same rows with each other.
    """

    cost: float
    rows: float


class Database(ABC):
    """One database, opened read-only for each question and let go of right after it.

    Thread-safe: no two questions share a connection; a server's session may serve a later one.
    Errors of the driver leave as TelemetryError.
    """

    engine_label: str
    lines_after = 0
    """How many rows of a table are better written from their values before `lines` begins."""
    lines_meanwhile = 0
    """How many are, besides, while it gets ready; it then gives first a part without rows."""
    patience = 0.0
    """How many seconds to ask again for what somebody else has locked."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self.notes: tuple[str, ...] = ()
        self._engine: sa.Engine = self._make_engine()

    @abstractmethod
    def _make_engine(self) -> sa.Engine:
        """An engine whose every connection is read-only, and kept by nobody but a server's."""

    @abstractmethod
    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        """The driver's own way to stop a running statement from another thread."""

    @abstractmethod
    def translate(self, error: Exception) -> TelemetryError:
        """The driver's error as a sentence."""

    @abstractmethod
    def shape(self) -> Shape:
        """The tables and columns there are now."""

    def other_schemas(self) -> Mapping[str, Shape]:
        """What each schema holds, where a server keeps several and the location names none."""
        return {}

    def look_in(self, schema: str) -> None:
        """Read the tables of that schema from now on; only for one of `other_schemas`."""
        raise AssertionError(schema)

    def size_bytes(self) -> int | None:
        """Bytes on disk where that is known."""
        return None

    def state(self, token: CancelToken | None = None) -> str | None:
        """A text that changes with every write; None where a write might not be noticed.

        The token withdraws the question for it, where it is one.
        """
        return None

    @abstractmethod
    def fingerprint(self, token: CancelToken) -> Fingerprint:
        """What tells the source from another, read now; see `engines/fingerprints.py`."""

    def spelled(
        self, connection: sa.Connection, select: sa.Select[Any], divided: Mapping[str, int]
    ) -> Statement:
        """`select` as this database executes it, its values written out."""
        columns = tuple(column.name for column in select.selected_columns)
        text = spelled(select, connection.dialect)
        return Statement(text, connection.dialect.name, columns, divided)

    def lines(
        self,
        connection: sa.Connection,
        token: CancelToken,
        select: sa.Select[Any],
        fields: Sequence[Field],
    ) -> Lines:
        """The rows of `select` as lines of CSV that the engine writes as we would, in their order.

        ByValuesError, before any line or after some, where it cannot.
        """
        raise ByValuesError

    def arrays(
        self, connection: sa.Connection, select: sa.Select[Any], values: Mapping[str, Any]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]] | None:
        """The rows of `select` for these values: a column of whole numbers and one of doubles, with
        no NULL in them, perhaps in another order. None where rows are as quick.

        `select` is kept and given again, so what is worked out of it may be kept as well.
        """
        return None

    def expects(self, connection: sa.Connection, select: sa.Select[Any]) -> Expected | None:
        """What the engine expects of `select`, for all its rows; None where it does not say."""
        return None

    def digests(
        self,
        connection: sa.Connection,
        token: CancelToken,
        select: sa.Select[Any],
        fields: Sequence[Field],
    ) -> Digested:
        """Digests of the rows of `select` by its first column; ByValuesError where it cannot."""
        raise ByValuesError

    def columns(
        self,
        connection: sa.Connection,
        token: CancelToken,
        selects: Sequence[sa.Select[Any]],
        kinds: Sequence[ColumnKind],
    ) -> ColumnsRead:
        """The rows of each select as an array a column; ByValuesError where it cannot."""
        raise ByValuesError

    def _held(self) -> AbstractContextManager[None]:
        """What an engine holds from before a connection is made until after it is closed."""
        return nullcontext()

    def _begin(self, driver_connection: Any, token: CancelToken) -> None:
        """Start the one snapshot that all statements of a question see, where that is needed."""
        return

    def _offer(self, connection: sa.Connection, runs: tuple[RunId, ...]) -> None:
        """Make the tables that a question about `runs` may ask, where they are not there yet."""
        return

    def _at_work(self, driver_connection: Any) -> AbstractContextManager[None]:
        """Around the statements of a question; sees the driver's errors."""
        return nullcontext()

    @contextmanager
    def connection(
        self, token: CancelToken | None = None, runs: tuple[RunId, ...] = ()
    ) -> Iterator[sa.Connection]:
        """A read-only connection for one question; the token interrupts it.

        `runs` are those that the question is about, for an engine that reads files.
        """
        token = token or CancelToken()
        token.check()
        try:
            with self._held(), self._connected(token) as connection:
                driver = connection.connection.driver_connection
                with token.interrupting(self._interrupt(driver)), self._at_work(driver):
                    self._offer(connection, runs)
                    yield connection
        except TelemetryError:
            raise
        except Exception as error:
            if token.cancelled:
                raise QueryCancelled("The query was cancelled.") from error
            if not isinstance(error, (sa.exc.SQLAlchemyError, *self._driver_errors())):
                raise
            raise self.translate(error) from error

    @contextmanager
    def beside(
        self, connection: sa.Connection, token: CancelToken
    ) -> Iterator[sa.Connection | None]:
        """Another connection for the same question, to be used by another thread.

        None where it might not see exactly what `connection` sees.
        """
        yield None

    def _connected(self, token: CancelToken) -> sa.Connection:
        """A connection with its snapshot; asks again for `patience` where it is locked."""
        deadline = time.monotonic() + self.patience
        while True:
            token.check()
            try:
                return self._connect_once(token)
            except LockedError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(LOCK_STEP)

    def _connect_once(self, token: CancelToken) -> sa.Connection:
        connection = self._engine.connect()
        try:
            self._begin(connection.connection.driver_connection, token)
        except BaseException:
            connection.close()
            raise
        return connection

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises where SQLAlchemy does not wrap it (fetching, connecting)."""
        dbapi = self._engine.dialect.dbapi
        return (dbapi.Error,) if dbapi is not None and hasattr(dbapi, "Error") else ()

    def close(self) -> None:
        """Let go of everything; the files are as they were found."""
        self._engine.dispose()


def at_rest(status: os.stat_result) -> str | None:
    """What tells a file from what it was and will be; None where it was written just now."""
    if time.time() - max(status.st_mtime, status.st_ctime) < QUIET:
        return None
    times = f"{status.st_mtime_ns} {status.st_ctime_ns}"
    return f"{status.st_dev} {status.st_ino} {status.st_size} {times}"


def no_schema(location: Location, schema: str, there: Sequence[str]) -> str:
    """The sentence for a schema that a location names and nobody has."""
    known = ", ".join(one_line(name, limit=40) for name in there) or "none with tables"
    return (
        f"{location.text} has no schema {schema!r} with tables that you may see; choose another "
        f"(it has {known})."
    )
