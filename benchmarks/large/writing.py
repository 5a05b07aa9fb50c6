"""Columns of NumPy → rows of a SQLite table, a block at a time, as a simulator appends them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from tests.builders import vmt

Values = Mapping[str, object]
"""By column: an array or list of one length, or one value for all rows."""


@contextmanager
def new_database(path: Path, vintage: str) -> Iterator[sqlite3.Connection]:
    """The producer's tables and indices of the vintage; whole or not at all, in WAL at the end."""
    if path.exists():
        raise FileExistsError(f"{path} is there already; remove it first.")
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None, uri=True)) as connection:
        connection.execute("PRAGMA page_size=4096")
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-1000000")
        connection.executescript(vmt.ddl(vintage))
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")
        connection.execute("PRAGMA journal_mode=WAL")
    part.rename(path)


def append(connection: sqlite3.Connection, table: str, rows: int, values: Values) -> None:
    """Add `rows` rows: those of `values` that the vintage's table has a column for."""
    known = {
        name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", [table])
    }
    names = [name for name in values if name in known]
    columns = [_listed(values[name], rows) for name in names]
    quoted = ", ".join(names)
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({quoted}) VALUES ({marks})"
    connection.executemany(statement, zip(*columns, strict=True))


def with_nulls(values: np.ndarray, missing: np.ndarray) -> list[object]:
    """`values` with NULL where `missing`."""
    listed: list[object] = values.tolist()
    for i in np.flatnonzero(missing).tolist():
        listed[i] = None
    return listed


def _listed(value: object, rows: int) -> list[object]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    return value if isinstance(value, list) else [value] * rows
