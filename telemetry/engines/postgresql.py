"""PostgreSQL: what it holds, how its statements are stopped, sentences without passwords."""

from __future__ import annotations

import os
import re
import socket
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import Any

import psycopg
import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.concepts import Fingerprint, Statement
from telemetry.engines.database import Database, Expected, Shape, no_schema
from telemetry.engines.fingerprints import text_fingerprint
from telemetry.engines.lines import Field, Lines
from telemetry.engines.postgresql_arrays import fetched
from telemetry.engines.postgresql_plans import expected
from telemetry.engines.postgresql_sessions import Sessions, for_parts
from telemetry.engines.postgresql_states import see, state_of, told_snapshot
from telemetry.engines.postgresql_url import server_url
from telemetry.errors import LockedError, SourceError, TelemetryError
from telemetry.frozen import replace
from telemetry.location import Location
from telemetry.text import one_line

CANCEL_SECONDS = 3
_MAY_LOOK = "has_schema_privilege(n.oid, 'USAGE')"
_MAY_READ = "has_column_privilege(c.oid, a.attnum, 'SELECT')"
_VISIBLE = "pg_table_is_visible(c.oid)"
_LOST = (
    "server closed the connection", "connection is lost", "terminating connection",
    "consuming input failed", "ssl syscall", "reset by peer", "broken pipe", "connection is closed",
)  # fmt: skip


class PostgreSQLDatabase(Database):
    """A PostgreSQL database. A role that may only SELECT is enough to view it.

    The password stays inside the engine's URL and is taken out of every message.
    """

    engine_label = "PostgreSQL"

    def __init__(self, location: Location, password: str | None = None) -> None:
        assert location.url is not None
        server = server_url(location.url, password)
        server = replace(server, url=_for_reading(server.url))
        self._url = server.url
        self._sessions = Sessions(server)
        self._end_sessions = weakref.finalize(self, self._sessions.close)
        super().__init__(location)

    @property
    def schema(self) -> str | None:
        """The schema that tables are looked for in; None: where the role looks by itself."""
        return self._sessions.schema

    def _make_engine(self) -> sa.Engine:
        engine = self._sessions.engine
        sa.event.listen(engine, "handle_error", _let_go)
        return engine

    def _connect_once(self, token: CancelToken) -> sa.Connection:
        """A session that waits; else a new one is made in a thread of its own, which whoever asks
        need not wait for once it is cancelled."""
        waiting = self._sessions.waiting(
            lambda driver: token.interrupting(partial(_hang_up, driver))
        )
        if waiting is not None:
            self._sessions.given_to(waiting, token)
            return waiting
        token.check()
        coming: Future[sa.Connection] = Future()
        reach = super()._connect_once

        def connect() -> None:
            try:
                found = reach(token)
                self._sessions.given_to(found, token)
            except BaseException as error:
                if coming.set_running_or_notify_cancel():
                    coming.set_exception(error)
                return
            if coming.set_running_or_notify_cancel():
                coming.set_result(found)
            else:
                found.close()

        threading.Thread(target=connect, name="connecting", daemon=True).start()

        def leave() -> None:
            coming.cancel()

        with token.interrupting(leave):
            return coming.result()

    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        return partial(_stop, driver_connection)

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        return (psycopg.Error,)

    def translate(self, error: Exception) -> TelemetryError:
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        place = self.location.text
        text = self._without_secret(_line(driver))
        match driver:
            case psycopg.errors.QueryCanceled() if "statement timeout" in text:
                return SourceError(
                    f"{place} ended the query, which took longer than its statement_timeout "
                    "allows; ask for less, or allow more by ?statement_timeout=30min in the URL."
                )
            case psycopg.errors.QueryCanceled():  # not by us: that is known without the driver
                return SourceError(f"{place} ended the query ({text}); ask for less or try again.")
            case psycopg.errors.InsufficientPrivilege():
                return SourceError(
                    f"{place}: {text}; ask its owner for SELECT on the tables (and USAGE on "
                    "their schema)."
                )
            case psycopg.errors.LockNotAvailable():
                return LockedError(f"{place} is locked by another session; try again later.")
            case psycopg.errors.UndefinedTable() | psycopg.errors.UndefinedColumn():
                return SourceError(f"{place} has changed since it was opened ({text}); reopen it.")
            case psycopg.OperationalError():
                return SourceError(self._unconnected(text))
            case psycopg.ProgrammingError() if driver.sqlstate is None:  # before any server spoke
                return SourceError(
                    f"{place} is no URL that PostgreSQL understands ({text}); correct it."
                )
        return SourceError(f"{place} could not be read: {text}; check the database and try again.")

    def _unconnected(self, text: str) -> str:
        """Why there is no connection; only the text of the client library tells it."""
        place, low = self.location.text, text.lower()
        if "no password supplied" in low:
            return f"{place} asks for a password; give it in the URL or as TELEMETRY_PASSWORD."
        if "password" in low or "authentication" in low or "no pg_hba" in low:
            return f"{place} refused the user or password; check both and try again."
        if "does not exist" in low and "database" in low:
            return f"{place}: there is no such database on that server; check its name."
        if "does not exist" in low and "role" in low:
            return f"{place} does not know the user; check the user's name and try again."
        if any(word in low for word in _LOST):
            return f"{place}: the connection was lost ({text}); ask again (F5 in the window)."
        return f"{place} cannot be reached ({text}); check that the server is up and the URL right."

    def _without_secret(self, text: str) -> str:
        secret = self._url.password
        text = re.sub(r"(password=)\S+", r"\1***", text)
        return text.replace(str(secret), "***") if secret else text

    def shape(self) -> Shape:
        closed: dict[str, list[str]] = {}
        with self.connection() as connection:
            found = _shapes(connection, _VISIBLE, closed=closed).get("", Shape({}))
            if closed and not found.tables:  # any question is answered by what may not be read
                found = read_shape(connection)
            elif closed:
                self.notes = (*self.notes, _not_open(closed, found))
            if self.schema is not None and not found.tables:
                there = sorted(_shapes(connection, _MAY_LOOK, "n.nspname"))
                raise SourceError(no_schema(self.location, self.schema, there))
        return found

    def fingerprint(self, token: CancelToken) -> Fingerprint:
        """Of where it is: what is in it, the question about a run tells (`export/sidecar.py`)."""
        with self.connection(token) as connection:
            version, database, schema = connection.exec_driver_sql(
                "SELECT current_setting('server_version'), current_database(), current_schema()"
            ).one()
        facts = {"server": f"PostgreSQL {version}", "database": database, "schema": schema or ""}
        return text_fingerprint("\n".join(facts.values()), "server, database and schema", facts)

    def spelled(
        self, connection: sa.Connection, select: sa.Select[Any], divided: Mapping[str, int]
    ) -> Statement:
        """As its sessions pin it to one run; the schema is told besides."""
        return replace(
            super().spelled(connection, for_parts(connection, select), divided), schema=self.schema
        )

    def lines(
        self,
        connection: sa.Connection,
        token: CancelToken,
        select: sa.Select[Any],
        fields: Sequence[Field],
    ) -> Lines:
        from telemetry.engines.postgresql_copy import (
            copied,
        )  # with NumPy, for which a command waits

        return copied(connection, select)

    def arrays(
        self, connection: sa.Connection, select: sa.Select[Any], values: Mapping[str, Any]
    ) -> Any:
        return fetched(connection, select, values)

    def state(self, token: CancelToken | None = None) -> str | None:
        with self.connection(token) as connection:
            return state_of(connection)

    def expects(self, connection: sa.Connection, select: sa.Select[Any]) -> Expected | None:
        return expected(connection, select)

    @contextmanager
    def beside(
        self, connection: sa.Connection, token: CancelToken
    ) -> Iterator[sa.Connection | None]:
        """A session more, where the server has room for one and all rows are its own."""
        snapshot = told_snapshot(connection)
        with ExitStack() as stack:
            second = None
            if snapshot is not None:
                with suppress(SourceError):  # too many sessions: then by fewer
                    second = stack.enter_context(self.connection(token))
                    see(second, snapshot)
            yield second

    def other_schemas(self) -> dict[str, Shape]:
        if self.schema is not None:
            return {}
        with self.connection() as connection:
            found = _shapes(connection, _MAY_LOOK, "n.nspname", closed={})
            if not found:  # any question is answered by what may not be read
                found = _shapes(connection, _MAY_LOOK, "n.nspname")
            closed = [] if found else sorted(_shapes(connection, "true", "n.nspname"))
        if closed:
            raise SourceError(
                f"{self.location.text}: you may not look into the schema {closed[0]}; ask its "
                "owner for USAGE on it and SELECT on its tables."
            )
        return found

    def look_in(self, schema: str) -> None:
        self._sessions.look_in(schema)
        closed: dict[str, list[str]] = {}
        with self.connection() as connection:
            found = _shapes(connection, _VISIBLE, closed=closed).get("", Shape({}))
        if closed and found.tables:
            self.notes = (*self.notes, _not_open(closed, found))

    def close(self) -> None:
        """End the sessions that wait for a question; one at work ends with its own."""
        self._end_sessions()


def read_shape(connection: sa.Connection) -> Shape:
    """The tables that the search path finds, as the role may see them."""
    return _shapes(connection, _VISIBLE).get("", Shape({}))


def _shapes(
    connection: sa.Connection,
    condition: str,
    schema: str = "''",
    closed: dict[str, list[str]] | None = None,
) -> dict[str, Shape]:
    """What each schema holds; all in one where `schema` is the empty text.

    Columns that the role may not read go into `closed`, by table, where it is given.
    """
    never_null = "a.attnotnull AND c.relkind IN ('r', 'p')"  # a foreign table's word is not kept
    rows = connection.exec_driver_sql(
        f"SELECT {schema}, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), "
        f"{never_null}, {'true' if closed is None else _MAY_READ} "
        "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE c.relkind IN ('r', 'v', 'm', 'f', 'p') AND NOT c.relispartition AND {condition} "
        "AND a.attnum > 0 AND NOT a.attisdropped AND n.nspname !~ '^pg_' "
        "AND n.nspname <> 'information_schema' ORDER BY 1, 2, a.attnum"
    ).fetchall()
    found: dict[str, dict[str, dict[str, str]]] = {}
    required: dict[str, dict[str, set[str]]] = {}
    for name, table, column, kind, strict, may_read in rows:
        if closed is not None and not may_read:
            closed.setdefault(table, []).append(column)
            continue
        found.setdefault(name, {}).setdefault(table, {})[column] = kind
        if strict:
            required.setdefault(name, {}).setdefault(table, set()).add(column)
    return {
        name: Shape(
            tables,
            required={t: frozenset(c) for t, c in required.get(name, {}).items()},
        )
        for name, tables in found.items()
    }


def _not_open(closed: Mapping[str, Sequence[str]], found: Shape) -> str:
    """What the role may not read: whole tables, else columns."""
    named = [
        name
        for table, columns in sorted(closed.items())
        for name in ([f"{table}.{c}" for c in columns] if found.has(table) else [table])
    ]
    few = ", ".join(one_line(name, limit=60) for name in named[:5])
    more = f" and {len(named) - 5} more" if len(named) > 5 else ""
    return f"You may not read {few}{more}, which is as if not recorded; its owner can GRANT SELECT."


def _line(error: object) -> str:
    """The first line of a driver's message, without the stop that our sentence brings along."""
    return " ".join(str(error).split("\n", 1)[0].split()).rstrip(".") or type(error).__name__


def _for_reading(url: sa.URL) -> sa.URL:
    """A URL that asks for a server that writes, of which a session that only reads is none."""
    if url.query.get("target_session_attrs") != "read-write":
        return url
    return url.update_query_dict({"target_session_attrs": "primary"})


def _stop(driver_connection: psycopg.Connection[Any]) -> None:
    """Have the server end the statement; one that does not hear that either is given up."""
    try:
        driver_connection.cancel_safe(timeout=CANCEL_SECONDS)
    except psycopg.Error:
        _hang_up(driver_connection)


def _hang_up(driver_connection: psycopg.Connection[Any]) -> None:
    with socket.socket(fileno=os.dup(driver_connection.fileno())) as way:
        way.shutdown(socket.SHUT_RDWR)


def _let_go(context: sa.engine.ExceptionContext) -> None:
    """Close the cursor of a connection that was lost, which SQLAlchemy leaves as it is."""
    cursor = getattr(context.execution_context, "cursor", None)
    if context.is_disconnect and cursor is not None:
        with suppress(psycopg.Error):
            cursor.close()
