"""Rows of one table as arrays, of which a single statement of PostgreSQL makes rows again."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from types import NoneType
from typing import Any

import msgspec
from sqlalchemy import Boolean, DateTime, Float, Integer, Numeric, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from telemetry.recording.binding import Row, bound, converted, quoted, time_text, way_of

_json = msgspec.json.Encoder().encode
_NUL, _NONE = "\0", "\ud800"
"""What no text holds that PostgreSQL takes: between texts, and in place of one."""
_LONG = 24  # characters
_LENGTH = re.compile(r"\(\d[\d, ]*\)")
Told = tuple[str, tuple[object, ...]]
"""A statement, and what it is told."""


def inserting(dialect: Dialect, table: Table, names: tuple[str, ...], rows: list[Row]) -> Told:
    """How to insert the rows; what all of them share is told once."""
    columns = list(zip(*rows, strict=True))
    made = _arrays_of(dialect, table, names)
    texts = [place for place, write in enumerate(made) if write is _array_of_texts]
    shared = tuple(place for place in texts if _is_shared(columns[place]))
    if len(shared) == len(columns):  # the rows would not be told by anything
        shared = shared[1:]
    told = [str(columns[place][0]) for place in shared]
    told += [made[place](values) for place, values in enumerate(columns) if place not in shared]
    return _insert(dialect, table, names, shared), tuple(told)


def updating(
    dialect: Dialect, table: Table, names: tuple[str, ...], keys: int, rows: list[Row]
) -> Told:
    """How to write other values over rows that are there; the last ``keys`` names say which."""
    if len(rows) == 1:  # which the server need not plan each time
        return _update_one(dialect, table, names, keys), bound(dialect, table, names, rows)[0]
    columns = zip(*rows, strict=True)
    made = _arrays_of(dialect, table, names)
    told = tuple(write(values) for write, values in zip(made, columns, strict=True))
    return _update(dialect, table, names, keys), told


def _is_shared(values: tuple[object, ...]) -> bool:
    """Whether it is one text, long enough not to be one by chance: a run's id."""
    first = values[0]
    if type(first) is not str or len(first) < _LONG or first is not values[-1]:
        return False
    return values.count(first) == len(values)


@lru_cache(1024)
def _insert(dialect: Dialect, table: Table, names: tuple[str, ...], shared: tuple[int, ...]) -> str:
    kinds = _kinds(dialect, table, names)
    each = [place for place in range(len(names)) if place not in shared]
    head = quoted(dialect, table, names)
    told = ", ".join(f"%s::{kinds[p]}" if p in shared else f"of_{p}" for p in range(len(names)))
    arrays = ", ".join(f"%s::{kinds[place]}[]" for place in each)
    columns = ", ".join(f"of_{place}" for place in each)
    return f"INSERT INTO {head} SELECT {told} FROM unnest({arrays}) AS told({columns})"


@lru_cache(1024)
def _update_one(dialect: Dialect, table: Table, names: tuple[str, ...], keys: int) -> str:
    quote = dialect.identifier_preparer
    kinds = _kinds(dialect, table, names)
    equal = [f"{quote.quote(n)} = %s::{kind}" for n, kind in zip(names, kinds, strict=True)]
    where = " AND ".join(equal[-keys:])
    return f"UPDATE {quote.format_table(table)} SET {', '.join(equal[:-keys])} WHERE {where}"


@lru_cache(1024)
def _update(dialect: Dialect, table: Table, names: tuple[str, ...], keys: int) -> str:
    quote = dialect.identifier_preparer
    named = [quote.quote(name) for name in names]
    arrays = ", ".join(f"%s::{kind}[]" for kind in _kinds(dialect, table, names))
    places = ", ".join(f"to_{place}" for place in range(len(names)))
    set_to = [f"{name} = told.to_{place}" for place, name in enumerate(named)][:-keys]
    same = [f"own.{name} = told.to_{place}" for place, name in enumerate(named)][-keys:]
    return (
        f"UPDATE {quote.format_table(table)} AS own SET {', '.join(set_to)} "
        f"FROM unnest({arrays}) AS told({places}) WHERE {' AND '.join(same)}"
    )


def _kinds(dialect: Dialect, table: Table, names: tuple[str, ...]) -> list[str]:
    """The types of the columns without their lengths: those the column itself sees to, and once."""
    return [_LENGTH.sub("", table.c[name].type.compile(dialect)) for name in names]


@lru_cache(1024)
def _arrays_of(
    dialect: Dialect, table: Table, names: tuple[str, ...]
) -> list[Callable[[Sequence[Any]], str]]:
    """How values of each column become an array, as PostgreSQL writes it."""
    return [_array_of(dialect, table.c[name].type) for name in names]


def _array_of(dialect: Dialect, kind: TypeEngine[Any]) -> Callable[[Sequence[Any]], str]:
    if isinstance(kind, Integer | Float | Boolean):  # a flag may be 1 or 0 in an array
        return _array_of_numbers
    write, way = _array_of_texts, way_of(dialect, kind)
    if isinstance(kind, Numeric):
        write = _array_of_decimals
    elif isinstance(kind, DateTime):
        write = _array_of_times
    return write if way is None else lambda values: write(converted(values, way.convert))


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
    return _array_of_texts(converted(values, way))


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
