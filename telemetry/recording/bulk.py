"""Many rows of one table in each driver's own quickest way, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from operator import methodcaller
from typing import Any

from sqlalchemy import Boolean, Connection, DateTime, Float, Integer, String, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

Row = tuple[object, ...]
#: (connection, table, names of the columns, rows in the order of the names)
Insert = Callable[[Connection, Table, Sequence[str], list[Row]], None]


def insert_rows(
    connection: Connection, table: Table, names: Sequence[str], rows: list[Row]
) -> None:
    """Insert rows of plain values; raises the driver's own errors, or SQLAlchemy's."""
    ready = _bound(connection.dialect, table, names, rows)
    way = _WAYS.get(connection.dialect.name, _insert)
    way(connection, table, names, ready)


def _insert(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _executemany(
    connection: Connection, table: Table, names: Sequence[str], rows: list[Row]
) -> None:
    marks = ",".join("?" * len(names))
    statement = f"INSERT INTO {_quoted(connection, table, names)} VALUES ({marks})"
    connection.exec_driver_sql(statement, rows)


def _copy(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {_quoted(connection, table, names)} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def _append(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    driver: Any = connection.connection.driver_connection
    appender = driver.appender(table.name, columns=list(names))
    appender.append_rows(rows)
    appender.flush()


_WAYS: dict[str, Insert] = {"sqlite": _executemany, "postgresql": _copy, "duckdb": _append}


def update_rows(
    connection: Connection, table: Table, names: Sequence[str], keys: int, rows: list[Row]
) -> None:
    """Write other values over rows that are there; the last ``keys`` of the names say which.

    No row may come twice. Raises the driver's own errors, or SQLAlchemy's.
    """
    ready = _bound(connection.dialect, table, names, rows)
    way = _update_one_by_one if connection.dialect.name != "postgresql" else _update_together
    way(connection, table, names, keys, ready)


def _update_one_by_one(
    connection: Connection, table: Table, names: Sequence[str], keys: int, rows: list[Row]
) -> None:
    quote = connection.dialect.identifier_preparer
    equal = [f"{quote.quote(name)} = ?" for name in names]
    statement = (
        f"UPDATE {quote.format_table(table)} SET {', '.join(equal[:-keys])} "
        f"WHERE {' AND '.join(equal[-keys:])}"
    )
    connection.exec_driver_sql(statement, rows)


def _update_together(
    connection: Connection, table: Table, names: Sequence[str], keys: int, rows: list[Row]
) -> None:
    """One statement for all of them, each column an array: one way to the server and back."""
    quote = connection.dialect.identifier_preparer
    named = [quote.quote(name) for name in names]
    kinds = [table.c[name].type.compile(connection.dialect) for name in names]
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    places = ", ".join(f"to_{place}" for place in range(len(names)))
    set_to = [f"{name} = told.to_{place}" for place, name in enumerate(named)][:-keys]
    same = [f"own.{name} = told.to_{place}" for place, name in enumerate(named)][-keys:]
    statement = (
        f"UPDATE {quote.format_table(table)} AS own SET {', '.join(set_to)} "
        f"FROM unnest({arrays}) AS told({places}) WHERE {' AND '.join(same)}"
    )
    connection.exec_driver_sql(statement, tuple(map(list, zip(*rows, strict=True))))


def _quoted(connection: Connection, table: Table, names: Sequence[str]) -> str:
    quote = connection.dialect.identifier_preparer
    columns = ", ".join(quote.quote(name) for name in names)
    return f"{quote.format_table(table)} ({columns})"


def _bound(dialect: Dialect, table: Table, names: Sequence[str], rows: list[Row]) -> list[Row]:
    """The rows as the driver takes them: types that convert what they store have done so."""
    ways = [_way(dialect, table.c[name].type) for name in names]
    if not any(ways):
        return rows
    columns: list[Sequence[object]] = list(zip(*rows, strict=True))
    for place, way in enumerate(ways):
        if way is not None:
            columns[place] = _converted(columns[place], way)
    return list(zip(*columns, strict=True))


def _converted(values: Sequence[object], way: Callable[[Any], object]) -> list[object]:
    """Each value as the driver takes it; a time that many rows share is converted once."""
    if type(values[0]) is datetime and len(known := set(values)) * 2 < len(values):
        ready = {value: None if value is None else way(value) for value in known}
        return [ready[value] for value in values]
    return [None if value is None else way(value) for value in values]


_sqlite_time = methodcaller("isoformat", " ", "microseconds")


def _way(dialect: Dialect, kind: TypeEngine[Any]) -> Callable[[Any], object] | None:
    """None where a checked value is stored as it is: numbers and text."""
    if isinstance(kind, Boolean):
        return bool if dialect.supports_native_boolean else None
    if isinstance(kind, Integer | Float | String):
        return None
    if type(kind) is DateTime and dialect.name == "sqlite":
        return _sqlite_time  # the text that SQLAlchemy would make, in a fifth of the time
    return kind.dialect_impl(dialect).bind_processor(dialect)
