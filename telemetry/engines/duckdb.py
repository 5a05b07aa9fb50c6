"""DuckDB files, and folders of text files read through DuckDB, both without leaving a trace."""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from telemetry.concepts import RunId
from telemetry.engines.database import Database, Shape
from telemetry.errors import LockedError, QueryCancelled, SourceError, TelemetryError
from telemetry.location import Location
from telemetry.text import one_line

MAGIC = b"DUCK"
MAGIC_OFFSET = 8
SPILL = str(Path(tempfile.gettempdir()) / "telemetry-duckdb")
"""Where DuckDB puts what does not fit in memory; its own choice would be the working folder."""
RunViews = Callable[[tuple[RunId, ...]], dict[str, str]]
_CSV_LINE = re.compile(r"CSV Error on Line: (\d+)")
_CSV_FILE = re.compile(r"^\s*file = (.+)$", re.MULTILINE)
_PID = re.compile(r"\(PID (\d+)\)")
_VERSION = re.compile(r"version number (\d+).*?between (\d+) and (\d+)", re.DOTALL)


class DuckDBDatabase(Database):
    """A DuckDB file. While it is connected, a simulator cannot write to it, and the reverse:
    so a connection lives for one question. Its WAL is replayed in memory, never into the file.
    """

    engine_label = "DuckDB"

    def __init__(self, location: Location) -> None:
        assert location.path is not None
        self.path = location.path
        super().__init__(location)

    def _make_engine(self) -> sa.Engine:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the dialect names functions that SQLAlchemy renamed
            return sa.create_engine("duckdb://", creator=self._connect, poolclass=NullPool)

    def _connect(self) -> Any:
        from duckdb_engine import ConnectionWrapper

        if not self.path.exists():
            raise SourceError(f"{self.path} is no longer there; open it from where it is now.")
        try:
            return ConnectionWrapper(duckdb.connect(str(self.path), read_only=True))
        except duckdb.Error as error:
            raise self.translate(error) from error

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
            who = f"process {pid[1]}" if pid else "another program"
            return LockedError(
                f"{self.path} is being written by {who}, and DuckDB lets nobody read meanwhile; "
                "wait until it has finished, or open a copy of the file."
            )
        if version := _VERSION.search(text):
            return SourceError(
                f"{self.path} is in DuckDB storage version {version[1]}, but the DuckDB here reads "
                f"{version[2]} to {version[3]}; install a DuckDB that reads it, or export the data "
                "with the DuckDB that wrote it."
            )
        line = " ".join(text.split("\n", 1)[0].split())
        return SourceError(f"{self.path} could not be read by DuckDB: {line}; open a whole copy.")

    def shape(self) -> Shape:
        return _shape(self)

    def size_bytes(self) -> int | None:
        return self.path.stat().st_size


class FolderDatabase(DuckDBDatabase):
    """A folder of CSV or JSON files as tables: each view is SELECT text over its files.

    The files are read in place at each question; nothing is written beside them. `of_runs` is
    asked once, here, and then gives the views of each question, over its runs' files alone.
    """

    engine_label = "files"

    def __init__(
        self,
        location: Location,
        views: Callable[[Path], dict[str, str]],
        of_runs: Callable[[Path], RunViews] | None = None,
    ) -> None:
        assert location.path is not None
        path = location.path
        self._views: RunViews = of_runs(path) if of_runs else lambda _: views(path)
        super().__init__(location)

    def _connect(self) -> Any:
        from duckdb_engine import ConnectionWrapper

        if not self.path.exists():
            raise SourceError(f"{self.path} is no longer there; open it from where it is now.")
        return ConnectionWrapper(duckdb.connect(":memory:", config={"temp_directory": SPILL}))

    def _offer(self, driver_connection: Any, runs: tuple[RunId, ...]) -> None:
        for name, select in self._views(runs).items():
            driver_connection.execute(f'CREATE VIEW "{name}" AS {select}')

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

    def size_bytes(self) -> int | None:
        return None


def _shape(database: DuckDBDatabase) -> Shape:
    """Tables and views of the default schema; base tables have the pseudo-column rowid as well."""
    with database.connection() as connection:
        rows = connection.exec_driver_sql(
            "SELECT c.table_name, c.column_name, c.data_type, t.table_name IS NOT NULL "
            "FROM duckdb_columns() c LEFT JOIN duckdb_tables() t "
            "ON c.table_name = t.table_name AND c.schema_name = t.schema_name "
            "WHERE NOT c.internal ORDER BY c.table_name, c.column_index"
        ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind, base in rows:
        columns = tables.setdefault(table, {"rowid": "BIGINT"} if base else {})
        columns[column] = kind
    return Shape(tables)
