"""The program that reads a SQLite file through Arrow, as lines of CSV or as bytes of arrays.

A process of its own: it brings another SQLite library, which would drop our locks on the file when
it closes it. Run as a file, so that it loads nothing of this package.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import duckdb

WRONG_TYPES = 3
Read = Callable[[str], AbstractContextManager[Any]]
"""The stream of a statement's rows, which DuckDB takes, while inside."""


def main() -> int:
    asked = json.load(sys.stdin)
    adbc = importlib.import_module("adbc_driver_manager")
    driver = importlib.import_module("adbc_driver_sqlite")
    database = adbc.AdbcDatabase(driver=driver._driver_path(), uri=asked["uri"])
    connection = adbc.AdbcConnection(database)

    @contextmanager
    def read(text: str) -> Iterator[Any]:
        statement = adbc.AdbcStatement(connection)
        statement.set_options(**{"adbc.sqlite.query.batch_rows": asked["rows at once"]})
        statement.set_sql_query(text)
        yield statement.execute_query()[0]
        statement.close()

    return lines(asked, read) if "query" in asked else columns(asked, read)


def lines(asked: Mapping[str, Any], read: Read) -> int:
    """What the query makes of the statement's rows, as CSV."""
    writer = _duckdb(asked)
    with read(asked["statement"]) as rows:
        writer.register("rows", rows)
        found = writer.execute("SELECT * FROM rows LIMIT 0")
        if [str(column[1]) for column in found.description] != asked["types"]:
            return WRONG_TYPES
        writer.execute(f"COPY ({asked['query']}) TO '/dev/stdout' (FORMAT csv, HEADER false)")
    return 0


def columns(asked: Mapping[str, Any], read: Read) -> int:
    """The rows of each statement: how many they are, then column after column."""
    import numpy as np

    reader, out = _duckdb(asked), sys.stdout.buffer
    for text in asked["statements"]:
        with read(text) as rows:
            reader.register("rows", rows)
            found: dict[str, Any] = reader.execute("SELECT * FROM rows OFFSET 1").fetchnumpy()
        arrays = list(found.values())
        if [array.dtype.str for array in arrays] != asked["types"]:
            return WRONG_TYPES
        if any(np.ma.is_masked(array) and array.dtype.kind != "f" for array in arrays):
            return WRONG_TYPES
        out.write(len(arrays[0]).to_bytes(8, "little"))
        for array in arrays:
            plain = array.filled(np.nan) if np.ma.is_masked(array) else np.ma.getdata(array)
            out.write(np.ascontiguousarray(plain).data)
        out.flush()
    return 0


def _duckdb(asked: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(config={"autoinstall_known_extensions": "false", **asked["settings"]})


if __name__ == "__main__":
    sys.exit(main())
