"""Many rows of one table in each driver's own quickest way, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert

from telemetry.recording.arrays import inserting, updating
from telemetry.recording.binding import Row, bound, quoted
from telemetry.recording.letter import Letter
from telemetry.recording.scribe import Parcel
from telemetry.recording.scribe_process import insert as insert_together

Into = Connection | Parcel | Letter
"""Where the rows of a transaction are written to."""
#: (connection, table, names of the columns, rows in the order of the names)
Insert = Callable[[Connection, Table, Sequence[str], list[Row]], None]


def insert_rows(connection: Into, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    """Insert rows of plain values; raises the driver's own errors, or SQLAlchemy's."""
    if isinstance(connection, Letter):
        connection.execute(*inserting(connection.dialect, table, tuple(names), rows))
    elif isinstance(connection, Parcel):
        head = quoted(connection.dialect, table, tuple(names))
        connection.insert(head, len(names), bound(connection.dialect, table, names, rows))
    else:
        way = _WAYS.get(connection.dialect.name, _insert)
        way(connection, table, names, bound(connection.dialect, table, names, rows))


def _insert(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _together(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    cursor: Any = connection.connection.cursor()
    try:
        insert_together(cursor, quoted(connection.dialect, table, tuple(names)), len(names), rows)
    finally:
        cursor.close()


def _copy(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    cursor = connection.connection.cursor()
    head = quoted(connection.dialect, table, tuple(names))
    try:
        with cursor.copy(f"COPY {head} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def _append(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    driver: Any = connection.connection.driver_connection
    appender = driver.appender(table.name, columns=list(names))
    appender.append_rows(rows)
    appender.flush()


_WAYS: dict[str, Insert] = {"sqlite": _together, "postgresql": _copy, "duckdb": _append}


def update_rows(
    connection: Into, table: Table, names: Sequence[str], keys: int, rows: list[Row]
) -> None:
    """Write other values over rows that are there; the last ``keys`` of the names say which.

    No row may come twice. Raises the driver's own errors, or SQLAlchemy's.
    """
    dialect = connection.dialect
    if isinstance(connection, Letter):
        connection.execute(*updating(dialect, table, tuple(names), keys, rows))
    elif isinstance(connection, Connection) and dialect.name == "postgresql":
        connection.exec_driver_sql(*updating(dialect, table, tuple(names), keys, rows))
    else:
        ready = bound(dialect, table, names, rows)
        _update_one_by_one(connection, table, names, keys, ready)


def _update_one_by_one(
    connection: Connection | Parcel, table: Table, names: Sequence[str], keys: int, rows: list[Row]
) -> None:
    quote = connection.dialect.identifier_preparer
    equal = [f"{quote.quote(name)} = ?" for name in names]
    statement = (
        f"UPDATE {quote.format_table(table)} SET {', '.join(equal[:-keys])} "
        f"WHERE {' AND '.join(equal[-keys:])}"
    )
    connection.exec_driver_sql(statement, rows)
