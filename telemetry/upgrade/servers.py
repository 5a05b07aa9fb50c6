"""Databases on a PostgreSQL server: a verified copy elsewhere, or changed with a backup schema.

Each is one transaction, for PostgreSQL makes tables in transactions too: killed at any moment,
the server has changed nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from telemetry.cancel import CancelToken
from telemetry.detect import Found
from telemetry.engines.postgresql import PostgreSQLDatabase
from telemetry.engines.postgresql_url import make_schema
from telemetry.errors import (
    ExportError,
    LockedError,
    QueryCancelled,
    RequestError,
    SourceError,
    TelemetryError,
)
from telemetry.frozen import Frozen
from telemetry.location import Location
from telemetry.migrations.upgrading import upgrade
from telemetry.migrations.versions import OWN
from telemetry.migrations.vocabulary import Done, SchemaSpec
from telemetry.upgrade import pg_tables, writing

_CANCEL_SECONDS = 5
_PATIENCE = "3s"


class Changed(Frozen):
    """What was done, the schema that holds what was before, and what a copy left out by name."""

    done: tuple[Done, ...]
    backup: str | None = None
    left: tuple[str, ...] = ()


def copy(
    found: Found, target: Location, schema: SchemaSpec, password: str | None, token: CancelToken
) -> Changed:
    """A migrated copy of the database in the empty schema that `target` names, compared by rows.

    Views and tables of other servers are left out, and named. RequestError where there are tables
    already, and where tables have partitions, which the copy would not have.
    """
    with found.database.connection(token) as source:
        source.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        _refuse_partitions(source, found)
        source.exec_driver_sql("SET LOCAL statement_timeout = 0")
        plan = pg_tables.plan_of(source)
        with writing_to(target, password, token) as connection:
            refuse_tables(connection, target)
            make_schema(connection)
            _copy(source, connection, plan, target, token)
            done = upgrade(connection, schema, found.vintage)
        return Changed(done, left=plan.left)


def _copy(
    source: sa.Connection,
    connection: sa.Connection,
    plan: pg_tables.Plan,
    target: Location,
    token: CancelToken,
) -> None:
    """Make the tables and fill them; ExportError where one does not hold the same afterwards."""
    pg_tables.make(connection, plan)
    for number, table in enumerate(plan.tables):
        token.report(number, len(plan.tables), "tables")
        pg_tables.copy_rows(source, connection, table, token)
        if pg_tables.digest(source, table) != pg_tables.digest(connection, table):
            raise ExportError(
                f"{target.text} took other rows of {table.name} than the source has, so nothing "
                "was kept of the copy; try again, or copy by pg_dump."
            )


def change(found: Found, schema: SchemaSpec, password: str | None, token: CancelToken) -> Changed:
    """The database itself, once the tables that the steps touch stand in a schema of their own."""
    place = _looking_where(found)
    with writing_to(place, password, token) as connection:
        mine = sorted(t for t in found.shape.tables if t in {*schema.metadata.tables, *OWN})
        quote = connection.dialect.identifier_preparer.quote
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(map(quote, mine))}")
        affected = _affected(connection, schema, found.vintage)
        backup = f"backup_{schema.family}_{datetime.now():%Y%m%d_%H%M%S_%f}" if affected else None
        if backup is not None:
            connection.exec_driver_sql(f"CREATE SCHEMA {quote(backup)}")
            for name in affected:
                _save(connection, name, backup)
        return Changed(upgrade(connection, schema, found.vintage), backup)


def _affected(connection: sa.Connection, schema: SchemaSpec, vintage: str) -> list[str]:
    """The tables with rows that the steps change, found by doing them and taking that back."""
    there = set(pg_tables.names(connection))
    with connection.begin_nested() as trial:
        done = upgrade(connection, schema, vintage)
        trial.rollback()
    return sorted({one.table for one in done} & there | (OWN & there))


def _save(connection: sa.Connection, name: str, backup: str) -> None:
    """A copy of the table with its keys and indices; ExportError where it is not the same."""
    table = pg_tables.reflected(connection, [name]).tables[name]
    quote = connection.dialect.identifier_preparer.quote
    copied = f"{quote(backup)}.{quote(name)}"
    connection.exec_driver_sql(
        # Its own counting would tie the original's sequence to the backup.
        f"CREATE TABLE {copied} (LIKE {quote(name)} INCLUDING ALL EXCLUDING DEFAULTS "
        "EXCLUDING IDENTITY EXCLUDING STATISTICS)"
    )
    columns = pg_tables.written(connection, table)
    connection.exec_driver_sql(
        f"INSERT INTO {copied} ({columns}) SELECT {columns} FROM {quote(name)}"
    )
    if pg_tables.digest(connection, table) != pg_tables.digest(connection, table, copied):
        raise ExportError(
            f"The backup of {name} is not what it is a copy of, so nothing was changed; try again."
        )


def refuse_tables(connection: sa.Connection, target: Location) -> None:
    """RequestError where the schema that the connection looks in has tables or views."""
    there = pg_tables.names(connection, kinds=("r", "p", "v", "m", "f"))
    if there:
        raise RequestError(
            f"{target.text} is not empty (it holds {', '.join(there[:5])}); name a new database, "
            "or a new schema of it by ?schema=NAME."
        )


def _refuse_partitions(source: sa.Connection, found: Found) -> None:
    divided = pg_tables.names(source, kinds=("p",))
    if divided:
        raise RequestError(
            f"{found.database.location.text} holds tables with partitions "
            f"({', '.join(divided[:3])}{' …' if divided[3:] else ''}), which a copy would not "
            "have; migrate it --in-place, which keeps a backup, or copy it by pg_dump first."
        )


def _looking_where(found: Found) -> Location:
    """Where the source was found to be, its schema named if it was looked for."""
    place = found.database.location
    assert isinstance(found.database, PostgreSQLDatabase)
    assert place.url is not None
    if found.database.schema is None:
        return place
    url = make_url(place.url).update_query_dict({"schema": found.database.schema})
    return Location(
        place.text, url=url.render_as_string(hide_password=False), dialect=place.dialect
    )


@contextmanager
def writing_to(
    place: Location, password: str | None, token: CancelToken
) -> Iterator[sa.Connection]:
    """A transaction on the server that the token ends; errors leave as sentences."""
    database = PostgreSQLDatabase(place, password)
    try:
        with warnings.catch_warnings(), writing.server_connection(place, password) as connection:
            warnings.simplefilter("ignore", sa.exc.SAWarning)  # of what is reflected and not used
            driver: Any = connection.connection.driver_connection
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            with token.interrupting(partial(driver.cancel_safe, timeout=_CANCEL_SECONDS)):
                yield connection
            token.check()
    except TelemetryError:
        raise
    except (sa.exc.SQLAlchemyError, psycopg.Error) as error:
        if token.cancelled:
            raise QueryCancelled("The migration was cancelled.") from error
        raise _refused(database, error) from error
    finally:
        database.close()


def _refused(database: PostgreSQLDatabase, error: Exception) -> TelemetryError:
    driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    place = database.location.text
    text = " ".join(str(driver).split("\n", 1)[0].split()).rstrip(".")
    match driver:
        case psycopg.errors.InsufficientPrivilege() | psycopg.errors.ReadOnlySqlTransaction():
            return ExportError(
                f"{place} may not be changed so by this user ({text}); ask its owner for CREATE on "
                "the database and its schema, or name another place by --to."
            )
        case psycopg.errors.DiskFull() | psycopg.errors.OutOfMemory():
            return ExportError(
                f"{place} has no room for it ({text}), so nothing was changed; free some space."
            )
        case psycopg.errors.LockNotAvailable():
            return LockedError(
                f"{place} is in use by another session; wait until that has finished."
            )
        case psycopg.DataError() | psycopg.IntegrityError() | psycopg.errors.DatatypeMismatch():
            return SourceError(writing.odd(place, text))
        case psycopg.ProgrammingError() if driver.sqlstate is not None:
            return SourceError(writing.odd(place, text))
    return database.translate(error)
