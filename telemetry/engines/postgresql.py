"""PostgreSQL: read-only transactions, server-side cursors, and sentences without passwords."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from telemetry.engines.database import Database, Shape
from telemetry.errors import LockedError, QueryCancelled, SourceError, TelemetryError
from telemetry.location import Location

CONNECT_SECONDS = 8


class PostgreSQLDatabase(Database):
    """A PostgreSQL database. A role that may only SELECT is enough to view it.

    The password stays inside the engine's URL and is taken out of every message.
    """

    engine_label = "PostgreSQL"

    def __init__(self, location: Location, password: str | None = None) -> None:
        assert location.url is not None
        url = make_url(location.url).set(drivername="postgresql+psycopg")
        self._url = url if password is None else url.set(password=password)
        super().__init__(location)

    def _make_engine(self) -> sa.Engine:
        options = "-c default_transaction_read_only=on"
        return sa.create_engine(
            self._url,
            poolclass=NullPool,
            connect_args={"connect_timeout": CONNECT_SECONDS, "options": options},
        )

    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        cancel: Callable[[], None] = driver_connection.cancel_safe
        return cancel

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        return (psycopg.Error,)

    def translate(self, error: Exception) -> TelemetryError:
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        place = self.location.text
        if isinstance(driver, psycopg.errors.QueryCanceled):
            return QueryCancelled("The query was cancelled.")
        if isinstance(driver, psycopg.errors.InsufficientPrivilege):
            return SourceError(f"{place}: {_line(driver)}; ask for SELECT on the tables.")
        if isinstance(driver, psycopg.errors.LockNotAvailable):
            return LockedError(f"{place} is locked by another session; try again later.")
        text = self._without_secret(_line(driver))
        low = text.lower()
        if "password" in low or "authentication" in low or "no pg_hba" in low:
            return SourceError(f"{place} refused the user or password; check both and try again.")
        if "does not exist" in low and "database" in low:
            return SourceError(
                f"{place}: there is no such database on that server; check its name."
            )
        if any(
            w in low for w in ("refused", "timeout", "could not translate", "resolve", "no route")
        ):
            return SourceError(f"{place} cannot be reached ({text}); check that the server is up.")
        if isinstance(driver, psycopg.OperationalError):
            return SourceError(f"{place}: the connection was lost ({text}); try again.")
        return SourceError(f"{place} could not be read: {text}.")

    def _without_secret(self, text: str) -> str:
        secret = self._url.password
        text = re.sub(r"(password=)\S+", r"\1***", text)
        return text.replace(str(secret), "***") if secret else text

    def shape(self) -> Shape:
        """The tables that the search path finds, as the role may see them."""
        with self.connection() as connection:
            rows = connection.exec_driver_sql(
                "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) "
                "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
                "WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND pg_table_is_visible(c.oid) "
                "AND a.attnum > 0 AND NOT a.attisdropped "
                "AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, "
                "'information_schema'::regnamespace) ORDER BY c.relname, a.attnum"
            ).fetchall()
        tables: dict[str, dict[str, str]] = {}
        for table, column, kind in rows:
            tables.setdefault(table, {})[column] = kind
        return Shape(tables)


def _line(error: object) -> str:
    return " ".join(str(error).split("\n", 1)[0].split()) or type(error).__name__
