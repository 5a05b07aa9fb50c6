"""A bare driver that writes the rows of a recording, ready and final, in transactions of as many.

It reads what a recorder wrote, and has every row in the state in which the run left it: it never
updates one. Tables, indices and constraints are those of the recorder.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import sqlalchemy as sa

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Part:
    """Rows of one table, the values in the order of `names`."""

    table: str
    names: tuple[str, ...]
    rows: list[Row]


Transactions = list[list[Part]]


@dataclass(frozen=True)
class Bare:
    """A driver: how it reads back what was recorded at a URL, and writes it to another."""

    name: str
    read: Callable[[str, str, Sequence[str]], list[Row]]
    write: Callable[[str, Transactions], None]


def transactions(
    bare: Bare, url: str, metadata: sa.MetaData, tick_columns: Sequence[str], together: int
) -> Transactions:
    """What was recorded at `url`, in transactions of so many ticks; rows of no tick come first."""
    groups: dict[int, dict[str, Part]] = {}
    for table in metadata.sorted_tables:
        names = tuple(c.name for c in table.columns if not _numbered(table, c))
        place = next((names.index(n) for n in tick_columns if n in names), None)
        for row in bare.read(url, table.name, names):
            group = 0 if place is None else row[place] // together
            parts = groups.setdefault(group, {})
            parts.setdefault(table.name, Part(table.name, names, [])).rows.append(row)
    return [list(groups[group].values()) for group in sorted(groups)]


def _numbered(table: sa.Table, column: sa.Column[Any]) -> bool:
    """Whether the database numbers the rows itself; a key that others name is told all the same."""
    named = any(key.column is column for t in table.metadata.tables.values()
                for key in t.foreign_keys)  # fmt: skip
    return table.autoincrement_column is column and not named


# SQLite


def _sqlite_read(url: str, table: str, names: Sequence[str]) -> list[Row]:
    connection = sqlite3.connect(_path(url))
    try:
        return connection.execute(f"SELECT {_listed(names)} FROM {table}").fetchall()
    finally:
        connection.close()


def sqlite_write(url: str, wanted: Transactions) -> None:
    connection = sqlite3.connect(_path(url))
    connection.execute("PRAGMA synchronous=NORMAL")  # as the recorder has it
    for parts in wanted:
        sqlite_insert(connection, parts)
        connection.commit()
    connection.close()


def sqlite_insert(connection: sqlite3.Connection, parts: list[Part]) -> None:
    for part in parts:
        marks = ",".join("?" * len(part.names))
        statement = f"INSERT INTO {part.table} ({_listed(part.names)}) VALUES ({marks})"
        connection.executemany(statement, part.rows)


# PostgreSQL


def _postgresql_read(url: str, table: str, names: Sequence[str]) -> list[Row]:
    """JSON and times as the text that they are written as."""
    import psycopg

    with psycopg.connect(url) as connection:
        described = connection.execute(f"SELECT * FROM {table} LIMIT 0").description or ()
        kinds = {column.name: column.type_display for column in described}
        texts = ("json", "jsonb", "timestamp", "timestamp(3)")
        wanted = [f'"{n}"::text' if kinds[n] in texts else f'"{n}"' for n in names]
        return connection.execute(f"SELECT {','.join(wanted)} FROM {table}").fetchall()


def postgresql_write(url: str, wanted: Transactions) -> None:
    import psycopg

    with psycopg.connect(url) as connection:
        for parts in wanted:
            postgresql_insert(connection, parts)
            connection.commit()


def postgresql_insert(connection: Any, parts: list[Part]) -> None:
    with connection.cursor() as cursor:
        for part in parts:
            statement = f"COPY {part.table} ({_listed(part.names)}) FROM STDIN"
            with cursor.copy(statement) as copy:
                for row in part.rows:
                    copy.write_row(row)


# DuckDB


def _duckdb_read(url: str, table: str, names: Sequence[str]) -> list[Row]:
    with duckdb.connect(_path(url)) as connection:
        return connection.execute(f"SELECT {_listed(names)} FROM {table}").fetchall()


def duckdb_write(url: str, wanted: Transactions) -> None:
    with duckdb.connect(_path(url)) as connection:
        for parts in wanted:
            connection.begin()
            duckdb_insert(connection, parts)
            connection.commit()


def duckdb_insert(connection: Any, parts: list[Part]) -> None:
    for part in parts:
        appender = connection.appender(part.table, columns=list(part.names))
        appender.append_rows(part.rows)
        appender.flush()


SQLITE = Bare("sqlite3 executemany", _sqlite_read, sqlite_write)
POSTGRESQL = Bare("psycopg COPY", _postgresql_read, postgresql_write)
DUCKDB = Bare("duckdb appender", _duckdb_read, duckdb_write)


def _listed(names: Sequence[str]) -> str:
    return ",".join(f'"{name}"' for name in names)


def _path(url: str) -> str:
    return url.split("///", 1)[1]
