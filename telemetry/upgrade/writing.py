"""Connections that change a database: the one place besides the recorders that makes them."""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from telemetry.engines.postgresql_url import look_in, server_url
from telemetry.errors import ExportError, LockedError, QueryCancelled, SourceError
from telemetry.location import Location
from telemetry.upgrade.files import advice

PATIENCE = 3.0
CONNECT_SECONDS = 8
_DISK = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
)


@contextmanager
def sqlite_connection(path: Path, name: str) -> Iterator[sa.Connection]:
    """A transaction that holds the file's write lock; committed at the end of the block.

    Errors call it `name`: LockedError where another program writes. An error or a kill leaves the
    file as it was.
    """
    uri = f"{path.absolute().as_uri()}?mode=rwc"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, uri=True, timeout=PATIENCE, isolation_level=None)

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)
    try:
        with _explained(name), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


@contextmanager
def duckdb_connection(path: Path, name: str) -> Iterator[sa.Connection]:
    """A connection that commits each statement: use it on files that nobody else sees.

    At the end of the block the file holds everything, and no WAL stands beside it.
    """
    import duckdb
    from duckdb_engine import ConnectionWrapper

    driver: Any = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the dialect names functions that SQLAlchemy renamed
        engine = sa.create_engine(
            "duckdb://", creator=lambda: ConnectionWrapper(driver), poolclass=NullPool
        )
    try:
        try:
            driver = duckdb.connect(str(path))
        except duckdb.IOException as error:
            raise _duckdb_refused(name, error) from error
        with engine.connect() as connection:
            try:
                yield connection
                connection.commit()
                connection.exec_driver_sql("CHECKPOINT")
            except (duckdb.Error, sa.exc.DBAPIError) as error:
                raise _duckdb_refused(name, error) from error
    finally:
        if driver is not None:
            driver.close()
        engine.dispose()


@contextmanager
def server_connection(place: Location, password: str | None) -> Iterator[sa.Connection]:
    """A transaction on a server; committed at the end of the block."""
    assert place.url is not None
    server = server_url(place.url, password)
    settings = {"connect_timeout": CONNECT_SECONDS, **server.settings()}
    engine = sa.create_engine(server.url, poolclass=NullPool, connect_args=settings)
    if (schema := server.schema) is not None:
        sa.event.listen(engine, "connect", lambda driver, _: look_in(driver, schema), insert=True)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sa.exc.DBAPIError) as error:
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise LockedError(
                f"{name} is being written by another program; wait until it has finished."
            ) from error
        if code == sqlite3.SQLITE_INTERRUPT:
            raise QueryCancelled("The migration was cancelled.") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise SourceError(
                f"{name} is damaged ({driver}); rescue it with SQLite's .recover first."
            ) from error
        if isinstance(driver, sqlite3.Error) and code in _DISK:
            raise ExportError(f"{name} cannot be changed: {advice(driver)}.") from error
        raise SourceError(odd(name, driver)) from error


def _duckdb_refused(name: str, error: Exception) -> Exception:
    import duckdb

    driver = getattr(error, "orig", None) or error
    if isinstance(driver, duckdb.InterruptException):
        return QueryCancelled("The migration was cancelled.")
    text = " ".join(str(driver).split("\n", 1)[0].split())
    if isinstance(driver, duckdb.DataError | duckdb.IntegrityError):
        return SourceError(
            f"{name} holds a value that does not fit the current schema ({text}), so it was not "
            "migrated; correct it in a copy."
        )
    if "lock" in text.lower():
        return LockedError(
            f"{name} is open in another program, so it cannot be changed; close it there first."
        )
    if isinstance(driver, duckdb.IOException | duckdb.OutOfMemoryException | duckdb.FatalException):
        return ExportError(f"{name} cannot be written: {text}; choose another place.")
    return SourceError(odd(name, text))


def odd(name: str, why: object) -> str:
    """The sentence for tables that are not as any simulator makes them."""
    return (
        f"{name} holds something that stands in the way of the current schema ({why}), so nothing "
        "was changed; take it out of a copy and migrate that."
    )
