"""Database: a database that is only ever read, whatever its engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.errors import QueryCancelled, TelemetryError
from telemetry.location import Location


@dataclass(frozen=True)
class Shape:
    """Which tables a database has: table → column → declared type, names as the database has them.

    `indices` maps a table to the leading columns of each of its indices.
    """

    tables: Mapping[str, Mapping[str, str]]
    indices: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)

    def has(self, table: str, *columns: str) -> bool:
        found = self.tables.get(table)
        return found is not None and all(c in found for c in columns)


class Database(ABC):
    """One database, opened read-only for each question and let go of right after it.

    Thread-safe: every `connection` is a new one. Errors of the driver leave as TelemetryError.
    """

    engine_label: str

    def __init__(self, location: Location) -> None:
        self.location = location
        self.notes: tuple[str, ...] = ()
        self._engine: sa.Engine = self._make_engine()

    @abstractmethod
    def _make_engine(self) -> sa.Engine:
        """An engine without a pool, whose every connection is read-only."""

    @abstractmethod
    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        """The driver's own way to stop a running statement from another thread."""

    @abstractmethod
    def translate(self, error: Exception) -> TelemetryError:
        """The driver's error as a sentence."""

    @abstractmethod
    def shape(self) -> Shape:
        """The tables and columns there are now."""

    def size_bytes(self) -> int | None:
        """Bytes on disk where that is known."""
        return None

    def _guard(self) -> AbstractContextManager[None] | None:
        """Something to hold while connected; None where nothing is needed."""
        return None

    @contextmanager
    def connection(self, token: CancelToken | None = None) -> Iterator[sa.Connection]:
        """A read-only connection for one question; the token interrupts it."""
        token = token or CancelToken()
        token.check()
        try:
            with self._engine.connect() as connection:
                driver = connection.connection.driver_connection
                with token.interrupting(self._interrupt(driver)):
                    yield connection
        except QueryCancelled:
            raise
        except TelemetryError:
            raise
        except Exception as error:
            if token.cancelled:
                raise QueryCancelled("The query was cancelled.") from error
            if not isinstance(error, (sa.exc.SQLAlchemyError, *self._driver_errors())):
                raise
            raise self.translate(error) from error

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        """What the driver raises where SQLAlchemy does not wrap it (fetching, connecting)."""
        dbapi = self._engine.dialect.dbapi
        return (dbapi.Error,) if dbapi is not None and hasattr(dbapi, "Error") else ()

    def close(self) -> None:
        """Let go of everything; the files are as they were found."""
        self._engine.dispose()
