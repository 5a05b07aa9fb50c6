"""Where a recorder writes: a path or URL made into an engine whose tables are ready.

Besides ``telemetry.engines``, which only reads, this is the one place that creates an engine.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    MetaData,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from telemetry.engines.postgresql_url import look_in, make_schema, server_url
from telemetry.errors import RecordingError
from telemetry.location import redact
from telemetry.migrations import SchemaSpec, check, stamp
from telemetry.migrations.tables import create
from telemetry.recording.scribe import Scribe

_BUSY_SECONDS = 30
#: In WAL mode the first is safe against a killed process, and spares a wait for the disk. Indices
#: in no order touch pages all over: let them change in memory before they are written.
_PRAGMAS = (
    "PRAGMA synchronous=NORMAL",
    "PRAGMA cache_size=-16384",
    "PRAGMA wal_autocheckpoint=4000",
)
_CREATING = 0x564D54  # the advisory lock of those who create tables
#: DuckDB would keep what it wrote in memory, up to most of what the machine has; and leave a
#: quarter of a megabyte for each column that was thinned. What the URL says goes before these.
_DUCKDB = {"memory_limit": "256MB", "default_block_size": "65536"}
_BY_INDEX = "SELECT " + ", ".join(
    f"set_config('enable_{way}', 'off', false)" for way in ("seqscan", "hashjoin", "mergejoin")
)
#: Every table with its columns, in one question: a server is asked from afar. Those of SQLite's
#: virtual tables are left out, for their module may not be here.
_COLUMNS = {
    "sqlite": "SELECT m.name, p.name FROM sqlite_master m "
    "LEFT JOIN pragma_table_info(CASE WHEN m.rootpage > 0 THEN m.name END) p "
    "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'",
    "duckdb": "SELECT table_name, column_name FROM information_schema.columns "
    "WHERE table_schema = current_schema()",
    "postgresql": "SELECT c.relname, a.attname FROM pg_class c "
    "JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() "
    "LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "WHERE c.relkind IN ('r', 'p')",
}


class Target:
    """An engine to write with, and the name by which errors call it (never with a password).

    ``lacking`` holds, by table, the columns that an older vintage does not have; it is empty
    unless the target was opened ``as_it_is``.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.lacking: dict[str, frozenset[str]] = {}
        on_sqlite = engine.dialect.name == "sqlite"
        self.scribe = Scribe(engine, _PRAGMAS) if on_sqlite else None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that is committed at the end; raises `RecordingError` where it fails."""
        with writing(self):
            if self.scribe is not None:
                self.scribe.settle()
            with self.engine.begin() as connection:
                yield connection

    def close(self) -> None:
        """Release every connection; idempotent."""
        if self.scribe is not None:
            self.scribe.close()
        self.engine.dispose()


def open_target(
    location: str | os.PathLike[str],
    metadata: MetaData,
    schema: SchemaSpec | None = None,
    *,
    as_it_is: bool = False,
) -> Target:
    """The target at a path or SQLAlchemy URL, with the tables of ``metadata`` created if absent.

    Its version is written into it, and one of another version of ``schema`` is refused.

    Raises `RecordingError` when the place cannot be written, is not a database, or holds another
    program's tables or an older vintage of these: recording never alters an existing table.
    ``as_it_is`` accepts an older vintage, creates nothing, and says what is `Target.lacking`.
    """
    url = _url_of(location)
    is_sqlite = url.get_backend_name() == "sqlite"
    if is_sqlite:
        _check_place(url)
    name = str(url.database) if is_sqlite else redact(url.render_as_string(hide_password=False))
    try:
        engine = _engine(url)
    except (NoSuchModuleError, ModuleNotFoundError, ArgumentError) as error:
        raise RecordingError(f"Cannot record to {name}: {_sentence(error)}.") from error
    target = Target(engine, name)
    try:
        with writing(target):
            _prepare_tables(target, metadata, schema, as_it_is=as_it_is)
    except BaseException:
        target.close()
        raise
    return target


@contextmanager
def writing(target: Target) -> Iterator[None]:
    """Translate a driver's error while writing to a target into one `RecordingError`."""
    driver = target.engine.dialect.dbapi
    try:
        yield
    except (SQLAlchemyError, getattr(driver, "Error", SQLAlchemyError)) as error:
        raise RecordingError(
            f"Cannot write to {target.name}: {_advice(_sentence(error))}."
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecordingError(
            f"Cannot write to {target.name}: {reason}; choose another place."
        ) from error


def _url_of(location: str | os.PathLike[str]) -> URL:
    text = os.fspath(location)
    if "://" not in text:
        return URL.create("sqlite", database=str(Path(text).expanduser().absolute()))
    try:
        url = make_url(text)
    except ArgumentError:
        raise RecordingError(
            "Cannot record there: the URL is malformed; write it as engine://user@host/database."
        ) from None
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise RecordingError("Cannot record to a database in memory; give a path of a file.")
    return url


def _engine(url: URL) -> Engine:
    """An engine whose connections are ready to write, on a server in the schema of the URL."""
    kind = url.get_backend_name()
    if kind == "sqlite":
        engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS}, hide_parameters=True)
        event.listen(engine, "connect", _prepare_connection)
        return engine
    if kind == "duckdb":
        return create_engine(url, connect_args={"config": _DUCKDB}, hide_parameters=True)
    if kind != "postgresql":
        return create_engine(url, hide_parameters=True)
    server = server_url(url.render_as_string(hide_password=False))
    engine = create_engine(server.url, connect_args=server.settings(), hide_parameters=True)
    event.listen(engine, "connect", _find_by_index)
    if (schema := server.schema) is not None:
        # First of all, so that SQLAlchemy too takes this schema for the usual one.
        event.listen(engine, "connect", lambda driver, _: look_in(driver, schema), insert=True)
    return engine


def _find_by_index(driver: Any, _record: object) -> None:
    """A plan is made once, when a run's tables hold little: one that reads them all would stay."""
    driver.execute(_BY_INDEX)
    driver.commit()


def _check_place(url: URL) -> None:
    """Refuse a place where SQLite could only fail; its bytes are SQLite's own to read.

    Reading them here would drop the locks that this process may hold on the file.
    """
    path = Path(str(url.database))
    if path.is_dir():
        raise RecordingError(f"Cannot record to {path}: it is a folder; give the path of a file.")
    if not path.parent.is_dir():
        raise RecordingError(
            f"Cannot record to {path}: its folder does not exist; create it first."
        )


def _prepare_connection(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]
    for statement in _PRAGMAS:
        cursor.execute(statement)
    cursor.close()


def _prepare_tables(
    target: Target, metadata: MetaData, schema: SchemaSpec | None, *, as_it_is: bool
) -> None:
    """Look first, and only then change anything: what is refused stays as it was."""
    have = _columns(target, metadata)
    target.lacking = {
        name: columns
        for name, table in metadata.tables.items()
        if (as_it_is or name in have)
        and (columns := frozenset(c.name for c in table.columns) - have.get(name, frozenset()))
    }
    for name, columns in target.lacking.items():
        if not as_it_is:
            raise RecordingError(
                f"Cannot record to {target.name}: its {name} table is of an older vintage and "
                f"lacks {', '.join(sorted(columns)[:4])}; record to a new file or migrate it first."
            )
    with target.engine.connect() as connection:
        # All tables or none, and one recorder at a time: two may start on one new database.
        if connection.dialect.name == "sqlite":
            _use_wal(connection)
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_CREATING})")
            if not as_it_is:
                make_schema(connection)
        if schema is not None:
            check(connection, schema, target.name)
        if not as_it_is:
            create(connection, metadata.sorted_tables)
            if schema is not None:
                stamp(connection, schema)
        connection.commit()


def _use_wal(connection: Connection) -> None:
    """Let viewers read while a run is written; SQLite itself does not wait for this lock."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
            return
        except OperationalError as error:
            if "locked" not in str(error.orig) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _columns(target: Target, metadata: MetaData) -> dict[str, frozenset[str]]:
    """Columns by table, of our tables that are there; refuses a database with none of them."""
    found: dict[str, set[str]] = {}
    with target.engine.connect() as connection:
        for table, column in connection.exec_driver_sql(_COLUMNS[connection.dialect.name]):
            found.setdefault(table, set()).add(column)
    if found and found.keys().isdisjoint(metadata.tables):
        raise RecordingError(
            f"Cannot record to {target.name}: it is another program's database (it holds "
            f"{', '.join(sorted(found)[:5])}); choose a new file."
        )
    return {name: frozenset(found[name]) for name in found.keys() & metadata.tables.keys()}


def _sentence(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines()
    return (lines[0] if lines else type(cause).__name__).rstrip(".")


def _advice(reason: str) -> str:
    low = reason.lower()
    if "full" in low:
        return f"{reason}; free some space, everything committed before is kept"
    if "locked" in low or "busy" in low:
        return f"{reason}; another program has been writing to it for {_BUSY_SECONDS} seconds"
    if "not a database" in low or "malformed" in low:
        return f"{reason}; move it away or choose another file"
    if "readonly" in low or "read-only" in low:
        return f"{reason}; choose a place that can be written"
    return reason
