"""DuckDB files, and folders of text files read through DuckDB, both without leaving a trace."""

from __future__ import annotations

import re
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import sqlalchemy as sa
from sqlalchemy.pool import NullPool
from sqlalchemy.sql import operators

from telemetry.cancel import CancelToken
from telemetry.concepts import Fingerprint, RunId, Statement
from telemetry.engines.database import Database, Shape, at_rest, no_schema
from telemetry.engines.digests import Digested, digest_query, digests_of
from telemetry.engines.file_views import FileViews, with_views
from telemetry.engines.fingerprints import file_fingerprint, folder_fingerprint
from telemetry.engines.holders import process, writer_of
from telemetry.engines.kept_files import KeptFiles
from telemetry.engines.lines import Field
from telemetry.engines.spelling import spelled
from telemetry.errors import LockedError, QueryCancelled, SourceError, TelemetryError
from telemetry.frozen import replace
from telemetry.location import Location
from telemetry.text import one_line

if TYPE_CHECKING:
    from telemetry.engines.duckdb_attached import AttachedFiles

MAGIC = b"DUCK"
MAGIC_OFFSET = 8
SPILL = str(Path(tempfile.gettempdir()) / "telemetry-duckdb")
"""Where DuckDB puts what does not fit in memory; its own choice would be the working folder."""
_APART = {"temp_directory": SPILL, "autoinstall_known_extensions": "false"}
"""Nothing is put beside the file, and nothing is fetched from the network."""
RunViews = Callable[[tuple[RunId, ...]], Mapping[str, str]]
_VIEWS = "views of a question"
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_FILE = re.compile(r"^\s*file = (.+)$", re.MULTILINE)
_PID = re.compile(r"\(PID (\d+)\)")
_VERSION = re.compile(r"version number (\d+).*?between (\d+) and (\d+)", re.DOTALL)


class DuckDBDatabase(Database):
    """A DuckDB file. While it is attached, a simulator cannot write to it, and the reverse: so
    it is for as long as somebody asks it. Its WAL is replayed in memory, never into the file.
    """

    engine_label = "DuckDB"

    def __init__(self, location: Location) -> None:
        assert location.path is not None
        self.path = location.path
        self._looked_in: str | None = None
        super().__init__(location)

    def _make_engine(self) -> sa.Engine:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the dialect names functions that SQLAlchemy renamed
            engine = sa.create_engine("duckdb://", creator=self._connect, poolclass=NullPool)
        engine.dialect.statement_compiler = _compiler(engine.dialect.statement_compiler)
        return engine

    def _connect(self) -> Any:
        try:
            return _attached().connect(self.path, self._looked_in)
        except PermissionError:
            raise SourceError(
                f"{self.path} may not be read by you any more; ask its owner for permission."
            ) from None
        except OSError:
            raise self._gone() from None
        except duckdb.Error as error:
            raise self.translate(error) from error

    def _gone(self) -> SourceError:
        return SourceError(f"{self.path} is no longer there; open it from where it is now.")

    def _interrupt(self, driver_connection: Any) -> Callable[[], None]:
        interrupt: Callable[[], None] = driver_connection.interrupt
        return interrupt

    def _driver_errors(self) -> tuple[type[Exception], ...]:
        return (duckdb.Error,)

    def translate(self, error: Exception) -> TelemetryError:
        driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        text = str(driver)
        if isinstance(driver, duckdb.InterruptException):
            return QueryCancelled("The query was cancelled.")
        if "Could not set lock" in text or "being used by another process" in text:
            pid = _PID.search(text)
            who = process(int(pid[1])) if pid else writer_of(self.path)
            return LockedError(
                f"{self.path} is being written by {who}, and DuckDB lets nobody read meanwhile; "
                "wait until it has finished, or open a copy of the file.",
                copyable=self.path,
            )
        if "already attached" in text:
            return LockedError(
                f"{self.path} is open for writing in this very program, and DuckDB lets nobody "
                "read it meanwhile; close it there, or open a copy of the file.",
                copyable=self.path,
            )
        if version := _VERSION.search(text):
            writer = _writer(self.path)
            return SourceError(
                f"{self.path} was written by {writer} in storage version {version[1]}, but the "
                f"DuckDB {duckdb.__version__} here reads {version[2]} to {version[3]}; install "
                f"{writer} or newer, or export the data with the DuckDB that wrote it."
            )
        line = " ".join(text.split("\n", 1)[0].split())
        return SourceError(f"{self.path} could not be read by DuckDB: {line}; open a whole copy.")

    def shape(self) -> Shape:
        with self.connection() as connection:
            schemas = _read_shapes(connection)
        wanted = self.location.schema
        found = schemas.get(wanted or "main", Shape({}))
        if wanted is not None:
            if not found.tables:
                raise SourceError(no_schema(self.location, wanted, sorted(schemas)))
            self.look_in(wanted)
        wal = self.path.with_name(self.path.name + ".wal")
        if not schemas and not wal.exists():
            raise SourceError(
                f"{self.path} holds no tables; a database that was not closed keeps its data in "
                f"{wal.name} beside it, so copy that file here as well if there is one."
            )
        return found

    def other_schemas(self) -> dict[str, Shape]:
        if self._looked_in is not None:
            return {}
        with self.connection() as connection:
            return _read_shapes(connection)

    def look_in(self, schema: str) -> None:
        self._looked_in = schema

    def state(self, token: CancelToken | None = None) -> str | None:
        """Of the file and its WAL; nobody writes to either while a question is at work."""
        wal = self.path.with_name(self.path.name + ".wal")
        try:
            found = [at_rest(p.stat()) for p in (self.path, wal) if p.exists()]
        except OSError:
            return None
        return None if None in found else f"{found}"

    def fingerprint(self, token: CancelToken) -> Fingerprint:
        return file_fingerprint(self.path, (self.path.with_name(self.path.name + ".wal"),), token)

    def size_bytes(self) -> int | None:
        return self.path.stat().st_size

    def arrays(
        self, connection: sa.Connection, select: sa.Select[Any], values: Mapping[str, Any]
    ) -> Any:
        with connection.execute(select, values) as result:
            found = result.cursor.fetchnumpy()
        return tuple(np.ma.getdata(column) for column in found.values())

    def digests(
        self,
        connection: sa.Connection,
        token: CancelToken,
        select: sa.Select[Any],
        fields: Sequence[Field],
    ) -> Digested:
        names = [f"c{place}" for place in range(len(fields))]
        rows = f"({spelled(select, connection.dialect)}) AS r({', '.join(names)})"
        found = connection.exec_driver_sql(digest_query(rows, names)).fetchall()
        return digests_of([tuple(row) for row in found])


@cache
def _attached() -> AttachedFiles:
    from telemetry.engines.duckdb_attached import AttachedFiles  # whose driver takes its time

    return AttachedFiles(**_APART)


def _compiler(given: type[Any]) -> type[Any]:
    """The dialect's compiler, where DuckDB differs from the PostgreSQL that it takes it for."""

    class Compiler(given):  # type: ignore[misc]
        def visit_regexp_match_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
            """`~` would have to match the whole text."""
            left, right = self.process(binary.left, **kw), self.process(binary.right, **kw)
            return f"regexp_matches({left}, {right})"

        def visit_unary(self, unary: Any, **kw: Any) -> str:
            """NULL first or last is sorted by itself: with NULL among what a filter leaves of the
            sorted column, DuckDB 2.0 loses rows of `ORDER BY column NULLS FIRST LIMIT n`."""
            plain: str = super().visit_unary(unary, **kw)
            last = unary.modifier is operators.nulls_last_op
            if not last and unary.modifier is not operators.nulls_first_op:
                return plain
            inner = unary.element
            directed = getattr(inner, "modifier", None) in (operators.asc_op, operators.desc_op)
            column = self.process(inner.element if directed else inner, **kw)
            return f"{column} IS {'NULL' if last else 'NOT NULL'}, {plain}"

        def visit_cast(self, cast: Any, **kw: Any) -> str:
            """Times as text in ISO 8601, as they are shown."""
            shown = isinstance(cast.type, sa.String) and isinstance(cast.clause.type, sa.DateTime)
            if not shown:
                as_given: str = super().visit_cast(cast, **kw)
                return as_given
            inner = self.process(cast.clause, **kw)
            text = f"strftime({inner}, '%Y-%m-%dT%H:%M:%S.%f')"
            return f"regexp_replace({text}, '\\.000000$', '')"

    return Compiler


class FolderDatabase(DuckDBDatabase):
    """A folder of CSV or JSON files as tables: each view is SELECT text over its files.

    The files are read in place; nothing is written beside them, and small ones are kept in memory
    while they stay as they are (`kept_files.py`). `of_runs` is asked once, here, and then gives
    the views of each question, over its runs' files alone. A statement is given those that it
    names, so a question pays for no other. There are no transactions: files have no snapshot.
    """

    engine_label = "files"

    def __init__(
        self,
        location: Location,
        views: Callable[[Path], Mapping[str, str]],
        of_runs: Callable[[Path], RunViews] | None = None,
    ) -> None:
        assert location.path is not None
        path = location.path
        self._views: RunViews = of_runs(path) if of_runs else lambda _: views(path)
        self._memory = duckdb.connect(":memory:", config={"temp_directory": SPILL})
        self._kept = KeptFiles(self._memory.cursor())
        self._lock = threading.Lock()
        super().__init__(location)
        sa.event.listen(self._engine, "before_cursor_execute", _give_views, retval=True)

    def _make_engine(self) -> sa.Engine:
        engine = super()._make_engine()
        for name in ("do_begin", "do_rollback", "do_commit"):
            setattr(engine.dialect, name, _no_transaction)
        return engine

    def _held(self) -> AbstractContextManager[None]:
        return self._kept.in_use()

    def _connect(self) -> Any:
        from duckdb_engine import ConnectionWrapper

        if not self.path.exists():
            raise self._gone()
        with self._lock:
            return ConnectionWrapper(self._memory.cursor())

    def _offer(self, connection: sa.Connection, runs: tuple[RunId, ...]) -> None:
        connection.info[_VIEWS] = FileViews(self._views(runs), self._kept)

    def spelled(
        self, connection: sa.Connection, select: sa.Select[Any], divided: Mapping[str, int]
    ) -> Statement:
        """The views that it names stand before it, so that it reads the files by itself."""
        found = super().spelled(connection, select, divided)
        text = with_views(connection.info[_VIEWS].selects, found.text)
        return replace(found, text=text, files=True)

    def shape(self) -> Shape:
        with self.connection() as connection:
            driver = connection.connection.driver_connection
            connection.info[_VIEWS].make_all(driver)
            return _read_shapes(connection).get("main", Shape({}))

    def other_schemas(self) -> dict[str, Shape]:
        return {}

    def close(self) -> None:
        super().close()
        with self._lock, suppress(duckdb.Error):  # a question still at work lets go of it itself
            self._memory.close()

    def translate(self, error: Exception) -> TelemetryError:
        """A bad line of a CSV file is said by file and line, not by DuckDB's advice."""
        text = str(error.orig if isinstance(error, sa.exc.DBAPIError) else error)
        line, file = _CSV_LINE.search(text), _CSV_FILE.search(text)
        if line is None or file is None:
            return super().translate(error)
        why = "is not in UTF-8" if "unicode" in text else "does not fit the lines around it"
        return SourceError(
            f"{self.path}: line {line[1]} of {one_line(file[1])} {why}, so its table cannot be "
            "read; correct that line in a copy."
        )

    def state(self, token: CancelToken | None = None) -> str | None:
        """Nothing tells at once that none of many files has changed."""
        return None

    def fingerprint(self, token: CancelToken) -> Fingerprint:
        return folder_fingerprint(self.path, token)

    def size_bytes(self) -> int | None:
        return None


def _give_views(
    connection: sa.Connection, _cursor: Any, statement: str, values: Any, *_details: Any
) -> tuple[str, Any]:
    """Before a statement runs: the views that it names."""
    views: FileViews | None = connection.info.get(_VIEWS)
    if views is not None:
        statement = views.given_to(statement, connection.connection.driver_connection)
    return statement, values


def _no_transaction(_connection: Any) -> None:
    """Each statement sees what is there."""


def _writer(path: Path) -> str:
    """Which DuckDB wrote the file, as its header names it."""
    try:
        with path.open("rb") as file:
            name = file.read(84)[52:].rstrip(b"\0").decode("ascii")
    except (OSError, ValueError):
        name = ""
    return f"DuckDB {one_line(name, 32)}" if name else "a newer DuckDB"


def _read_shapes(connection: sa.Connection) -> dict[str, Shape]:
    """Tables and views of each schema; base tables have the pseudo-column rowid as well."""
    rows = connection.exec_driver_sql(
        "SELECT c.schema_name, c.table_name, c.column_name, c.data_type, t.table_name IS NOT NULL "
        "FROM duckdb_columns() c LEFT JOIN duckdb_tables() t "
        "ON c.table_name = t.table_name AND c.schema_name = t.schema_name "
        "AND c.database_name = t.database_name WHERE NOT c.internal "
        "AND c.database_name IN (current_database(), 'temp') ORDER BY c.table_name, c.column_index"
    ).fetchall()
    found: dict[str, dict[str, dict[str, str]]] = {}
    for schema, table, column, kind, base in rows:
        tables = found.setdefault(schema, {})
        columns = tables.setdefault(table, {"rowid": "BIGINT"} if base else {})
        columns[column] = kind
    return {schema: Shape(tables) for schema, tables in found.items()}


def read_shape(connection: sa.Connection) -> Shape:
    """Tables and views of the schema that is looked in unless another is named."""
    return _read_shapes(connection).get("main", Shape({}))
