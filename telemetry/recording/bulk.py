"""Many rows of one table in each driver's own quickest way, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter, methodcaller
from types import NoneType
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import Boolean, Connection, DateTime, Float, Integer, Numeric, String, Table, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from telemetry.recording.scribe import Into, Parcel
from telemetry.recording.scribe_process import insert as insert_together

Row = tuple[object, ...]
_json = msgspec.json.Encoder().encode
_NUL, _NONE = "\0", "\ud800"
"""What no text holds that PostgreSQL takes: between texts, and in place of one."""
_LONG = 24  # characters
#: (connection, table, names of the columns, rows in the order of the names)
Insert = Callable[[Connection, Table, Sequence[str], list[Row]], None]


def insert_rows(connection: Into, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    """Insert rows of plain values; raises the driver's own errors, or SQLAlchemy's."""
    if isinstance(connection, Parcel):
        head = _quoted(connection.dialect, table, tuple(names))
        connection.insert(head, len(names), _bound(connection.dialect, table, names, rows))
    elif connection.dialect.name == "postgresql" and is_pipelined(connection):
        _unnest(connection, table, names, rows)
    else:
        way = _WAYS.get(connection.dialect.name, _insert)
        way(connection, table, names, _bound(connection.dialect, table, names, rows))


def _insert(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in rows])


def _together(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    cursor: Any = connection.connection.cursor()
    try:
        insert_together(cursor, _quoted(connection.dialect, table, tuple(names)), len(names), rows)
    finally:
        cursor.close()


def _copy(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    cursor = connection.connection.cursor()
    head = _quoted(connection.dialect, table, tuple(names))
    try:
        with cursor.copy(f"COPY {head} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    finally:
        cursor.close()


def is_pipelined(connection: Connection) -> bool:
    """Whether statements are sent without waiting for what becomes of them; COPY cannot be."""
    driver: Any = connection.connection.driver_connection
    return bool(driver.pgconn.pipeline_status)


def _unnest(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    """Columns as arrays, of which one statement makes rows; what all rows share is one value."""
    columns = list(zip(*rows, strict=True))
    made = _arrays_of(connection.dialect, table, tuple(names))
    texts = [place for place, write in enumerate(made) if write is _array_of_texts]
    shared = tuple(place for place in texts if _is_shared(columns[place]))
    if len(shared) == len(columns):  # the rows would not be told by anything
        shared = shared[1:]
    told = [columns[place][0] for place in shared]
    told += [made[place](values) for place, values in enumerate(columns) if place not in shared]
    cursor: Any = connection.connection.cursor()
    cursor.execute(_unnest_of(connection.dialect, table, tuple(names), shared), told, prepare=True)


def _is_shared(values: tuple[object, ...]) -> bool:
    """Whether it is one text, long enough not to be one by chance: a run's id."""
    first = values[0]
    if type(first) is not str or len(first) < _LONG or first is not values[-1]:
        return False
    return values.count(first) == len(values)


@lru_cache(1024)
def _unnest_of(
    dialect: Dialect, table: Table, names: tuple[str, ...], shared: tuple[int, ...]
) -> str:
    kinds = [table.c[name].type.compile(dialect) for name in names]
    each = [place for place in range(len(names)) if place not in shared]
    head = _quoted(dialect, table, names)
    told = ", ".join(f"%s::{kinds[p]}" if p in shared else f"of_{p}" for p in range(len(names)))
    arrays = ", ".join(f"%s::{kinds[place]}[]" for place in each)
    columns = ", ".join(f"of_{place}" for place in each)
    return f"INSERT INTO {head} SELECT {told} FROM unnest({arrays}) AS told({columns})"


@lru_cache(1024)
def _arrays_of(
    dialect: Dialect, table: Table, names: tuple[str, ...]
) -> list[Callable[[Sequence[Any]], str]]:
    """How values of each column become an array, as PostgreSQL writes it."""
    return [_array_of(dialect, table.c[name].type) for name in names]


def _array_of(dialect: Dialect, kind: TypeEngine[Any]) -> Callable[[Sequence[Any]], str]:
    if isinstance(kind, Integer | Float | Boolean):  # a flag may be 1 or 0 in an array
        return _array_of_numbers
    write, way = _array_of_texts, _way(dialect, kind)
    if isinstance(kind, Numeric):
        write = _array_of_decimals
    elif isinstance(kind, DateTime):
        write = _array_of_times
    return write if way is None else lambda values: write(_converted(values, way.convert))


def _array_of_numbers(values: Sequence[Any]) -> str:
    """JSON's numbers have the same digits in a fifth of the time; it has no infinities."""
    text = _json(values)[1:-1].decode()
    if (nulls := text.count("null")) and nulls != values.count(None):
        text = str(list(values))[1:-1].replace("None", "NULL")
    return f"{{{text}}}"


def _array_of_decimals(values: Sequence[Any]) -> str:
    return f"{{{','.join(['NULL' if v is None else str(v) for v in values])}}}"


def _array_of_times(values: Sequence[Any]) -> str:
    kinds = {*map(type, values)}
    if kinds <= {str, NoneType}:
        return _array_of_texts(values)
    way = time_text if kinds <= {datetime, NoneType} else str
    return _array_of_texts(_converted(values, way))


def _array_of_texts(values: Sequence[Any]) -> str:
    try:
        return f'{{"{_between(values)}"}}'
    except TypeError:
        texts = [_NONE if v is None else v for v in values]
        return f'{{"{_between(texts)}"}}'.replace(f'"{_NONE}"', "NULL")


def _between(texts: Sequence[str]) -> str:
    """The texts with what stands between them in an array."""
    joined = _NUL.join(texts)
    if joined.count(_NUL) != len(texts) - 1:
        return joined  # the driver says that there may be none
    return joined.replace("\\", r"\\").replace('"', r"\"").replace(_NUL, '","')


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
    ready = _bound(connection.dialect, table, names, rows)
    if connection.dialect.name == "postgresql":
        _update_together(cast("Connection", connection), table, names, keys, ready)
    else:
        _update_one_by_one(connection, table, names, keys, ready)


def _update_one_by_one(
    connection: Into, table: Table, names: Sequence[str], keys: int, rows: list[Row]
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


@lru_cache(1024)
def _quoted(dialect: Dialect, table: Table, names: tuple[str, ...]) -> str:
    quote = dialect.identifier_preparer
    columns = ", ".join(quote.quote(name) for name in names)
    return f"{quote.format_table(table)} ({columns})"


def _bound(dialect: Dialect, table: Table, names: Sequence[str], rows: list[Row]) -> list[Row]:
    """The rows as the driver takes them: types that convert what they store have done so."""
    todo = [
        (place, way)
        for place, way in _ways_of(dialect, table, tuple(names))
        if not way.ready.issuperset(map(type, map(itemgetter(place), rows)))
    ]
    if not todo:
        return rows
    columns: list[Sequence[object]] = list(zip(*rows, strict=True))
    for place, way in todo:
        columns[place] = _converted(columns[place], way.convert)
    return list(zip(*columns, strict=True))


class _Way(NamedTuple):
    """How values of a column become what the driver takes, and of which types they may stay."""

    convert: Callable[[Any], object]
    ready: frozenset[type]


@lru_cache(1024)
def _ways_of(dialect: Dialect, table: Table, names: tuple[str, ...]) -> list[tuple[int, _Way]]:
    """The columns, by their places, whose values are not stored as they are."""
    ways = [(place, _way(dialect, table.c[name].type)) for place, name in enumerate(names)]
    return [(place, way) for place, way in ways if way is not None]


def _converted(values: Sequence[object], way: Callable[[Any], object]) -> list[object]:
    """Each value as the driver takes it; a time that many rows share is converted once."""
    if type(values[0]) is datetime and len(known := set(values)) * 2 < len(values):
        ready = {value: None if value is None else way(value) for value in known}
        return [ready[value] for value in values]
    return [None if value is None else way(value) for value in values]


time_text = methodcaller("isoformat", " ", "microseconds")
"""A time as text, which a row may hold in its place: SQLite keeps it so, other engines read it."""


def _way(dialect: Dialect, kind: TypeEngine[Any]) -> _Way | None:
    """None where a checked value is stored as it is: numbers and text."""
    if isinstance(kind, Boolean):
        return _Way(bool, _FLAGS) if dialect.supports_native_boolean else None
    if isinstance(kind, Integer | Float | String):
        return None
    if type(kind) is DateTime and dialect.name == "sqlite":
        # The text that SQLAlchemy would make, in a fifth of the time.
        return _Way(lambda v: v if type(v) is str else time_text(v), _TEXTS)
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if convert is None else _Way(convert, _NOTHING)


_NOTHING: frozenset[type] = frozenset((NoneType,))
_FLAGS, _TEXTS = _NOTHING | {bool}, _NOTHING | {str}
