"""Sessions with a PostgreSQL server, kept for a short while from one question to the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg.types.string import TextLoader
from sqlalchemy.pool import QueuePool

from telemetry.cancel import CancelToken
from telemetry.engines.one_run import pinned
from telemetry.engines.postgresql_url import ServerURL, look_in

STATEMENT_TIMEOUT = "10min"
"""How long a statement may take where neither the URL nor the server says."""
CONNECT_SECONDS = 8
IDLE_SECONDS = 30
"""How long a session waits for the next question until the server ends it."""
MOST_IDLE = 4
_ENDS_IDLE_ONES = 14_00_00
"""The first version of the server that ends idle sessions."""
_PATIENCE = {
    "connect_timeout": CONNECT_SECONDS,
    # A server that has gone without a word is noticed within a minute, not within two hours.
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3,
}  # fmt: skip
_EXACT = "-c extra_float_digits=3 -c default_transaction_read_only=on"
"""No number is rounded, nothing is written: no option of the user's comes after these."""
_AS_THEY_ARE = frozenset(
    psycopg.postgres.types[name].oid
    for name in ("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar")
)
_SET = "SELECT set_config(%s, %s, false)"
_SET_DEFAULT = f"{_SET} WHERE current_setting('statement_timeout') = '0'"
_LIES_IN_PARTS = """
SELECT EXISTS (SELECT FROM pg_class WHERE relkind IN ('p', 'f'))
OR EXISTS (SELECT FROM pg_extension WHERE extname = 'citus')
"""
_TOKEN = "whose question it is"
_IN_PARTS = "whether tables lie in parts"
Stopping = Callable[["psycopg.Connection[Any]"], AbstractContextManager[None]]


class _NoneWaitsError(Exception):
    """No session waits for a question."""


class _BulkCursor(psycopg.ServerCursor[Any]):
    """A server-side cursor that has numbers sent as they are, where nothing else is asked for."""

    def execute(self, *arguments: Any, **named: Any) -> _BulkCursor:
        super().execute(*arguments, **named)
        if all(column.type_code in _AS_THEY_ARE for column in self.description or ()):
            self.format = psycopg.pq.Format.BINARY
        return self

    def close(self) -> None:
        """Also where the connection has been lost, of which the driver may not know yet."""
        try:
            super().close()
        except psycopg.OperationalError:
            psycopg.Cursor.close(self)


class Sessions:
    """Read-only sessions, each in a transaction of its own for the length of a question.

    All statements of a question see the state that its first one found. Between questions a
    session is in no transaction, so it holds neither a lock nor a snapshot, and the server ends it
    after `IDLE_SECONDS`; one that has ended is noticed by the next BEGIN and replaced. A session
    whose question was cancelled is not used again: the server may hear of it late, and would end
    the next question.
    """

    def __init__(self, server: ServerURL) -> None:
        self._server = server
        self.schema = server.schema
        self._closed = False
        self._only_waiting = threading.local()
        self.engine = self._make_engine()

    def _make_engine(self) -> sa.Engine:
        """The user's own options come first; none of them makes a transaction writable."""
        own = self._server.options
        engine = sa.create_engine(
            self._server.url,
            poolclass=QueuePool,
            pool_size=MOST_IDLE,
            max_overflow=-1,
            pool_use_lifo=True,
            use_native_hstore=False,  # whose type would be looked for in every session
            connect_args={
                # What a cursor reads is read to its end, so that is what to plan for.
                "options": f"-c cursor_tuple_fraction=1 {own} {_EXACT}",
                **{k: v for k, v in _PATIENCE.items() if k not in self._server.url.query},
            },
        )
        sa.event.listen(engine, "connect", self._prepare)
        sa.event.listen(engine, "do_connect", self._refuse_new)
        sa.event.listen(engine, "checkout", self._begin)
        sa.event.listen(engine, "checkin", self._left)
        sa.event.listen(engine, "before_execute", _pin, retval=True)
        return engine

    def _prepare(self, driver_connection: Any, record: Any) -> None:
        """JSON comes as its text: decoded, its numbers would be doubles."""
        driver_connection.server_cursor_factory = _BulkCursor
        for kind in ("json", "jsonb"):
            driver_connection.adapters.register_loader(kind, TextLoader)
        driver_connection.autocommit = True  # transactions begin and end where we say
        said = self._server.statement_timeout
        if said is not None:
            driver_connection.execute(_SET, ("statement_timeout", said))
        else:
            driver_connection.execute(_SET_DEFAULT, ("statement_timeout", STATEMENT_TIMEOUT))
        if driver_connection.info.server_version >= _ENDS_IDLE_ONES:
            driver_connection.execute(_SET, ("idle_session_timeout", f"{IDLE_SECONDS}s"))
        if self.schema is not None:
            look_in(driver_connection, self.schema)
        record.info[_IN_PARTS] = driver_connection.execute(_LIES_IN_PARTS).fetchone() == (True,)

    def waiting(self, stopping: Stopping) -> sa.Connection | None:
        """A session that has waited, its transaction begun; None where a new one has to be made.

        `stopping` is entered with the driver's connection while the server is asked to begin.
        """
        if isinstance(self.engine.pool, QueuePool) and not self.engine.pool.checkedin():
            return None
        self._only_waiting.stopping = stopping
        try:
            return self.engine.connect()
        except _NoneWaitsError:
            return None
        finally:
            self._only_waiting.stopping = None

    def _refuse_new(self, *_: object) -> None:
        if getattr(self._only_waiting, "stopping", None) is not None:
            raise _NoneWaitsError

    def _begin(
        self, driver_connection: psycopg.Connection[Any], record: Any, _proxy: object
    ) -> None:
        """Begin a question's transaction; a session that has ended meanwhile is replaced."""
        waited = record.info.setdefault("sessions", 0)
        record.info["sessions"] += 1
        stopping: Stopping | None = getattr(self._only_waiting, "stopping", None)
        try:
            with nullcontext() if stopping is None else stopping(driver_connection):
                driver_connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        except psycopg.OperationalError as error:
            if not waited:
                raise
            raise sa.exc.DisconnectionError() from error

    def given_to(self, connection: sa.Connection, token: CancelToken) -> None:
        """Say whose question a connection serves, so that it is kept if that is not cancelled."""
        connection.info[_TOKEN] = token

    def _left(self, driver_connection: Any, record: Any) -> None:
        """After a question: keep the session, or end it."""
        token: CancelToken | None = record.info.pop(_TOKEN, None)
        served = token is not None and not token.cancelled and not self._closed
        if driver_connection is None or (served and _may_wait(driver_connection)):
            return
        record.invalidate()

    def look_in(self, schema: str) -> None:
        """Find tables in that schema from now on."""
        self.schema = schema
        self.engine.dispose()

    def close(self) -> None:
        """End all sessions that wait; one at work ends with its question."""
        self._closed = True
        self.engine.dispose()


def _may_wait(driver_connection: psycopg.Connection[Any]) -> bool:
    idle = driver_connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    return idle and driver_connection.info.server_version >= _ENDS_IDLE_ONES


def for_parts(connection: sa.Connection, statement: Any) -> Any:
    """`statement`, pinned to the run that it is about where tables lie in parts: elsewhere that
    spares the server nothing, and costs a command a thirtieth of its time."""
    return pinned(statement) if connection.info.get(_IN_PARTS) else statement


def _pin(connection: Any, statement: Any, values: Any, more: Any, _options: object) -> Any:
    return for_parts(connection, statement), values, more
