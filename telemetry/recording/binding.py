"""Checked values as a driver takes them, and names as its database does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import lru_cache
from operator import itemgetter, methodcaller
from types import NoneType
from typing import Any, NamedTuple

from sqlalchemy import Boolean, DateTime, Float, Integer, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

Row = tuple[object, ...]


@lru_cache(1024)
def quoted(dialect: Dialect, table: Table, names: tuple[str, ...]) -> str:
    """A table and its columns, as an INSERT or COPY names them."""
    quote = dialect.identifier_preparer
    columns = ", ".join(quote.quote(name) for name in names)
    return f"{quote.format_table(table)} ({columns})"


def bound(dialect: Dialect, table: Table, names: Sequence[str], rows: list[Row]) -> list[Row]:
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
        columns[place] = converted(columns[place], way.convert)
    return list(zip(*columns, strict=True))


class Way(NamedTuple):
    """How values of a column become what the driver takes, and of which types they may stay."""

    convert: Callable[[Any], object]
    ready: frozenset[type]


@lru_cache(1024)
def _ways_of(dialect: Dialect, table: Table, names: tuple[str, ...]) -> list[tuple[int, Way]]:
    """The columns, by their places, whose values are not stored as they are."""
    ways = [(place, way_of(dialect, table.c[name].type)) for place, name in enumerate(names)]
    return [(place, way) for place, way in ways if way is not None]


def converted(values: Sequence[object], way: Callable[[Any], object]) -> list[object]:
    """Each value as the driver takes it; a time that many rows share is converted once."""
    if type(values[0]) is datetime and len(known := set(values)) * 2 < len(values):
        ready = {value: None if value is None else way(value) for value in known}
        return [ready[value] for value in values]
    return [None if value is None else way(value) for value in values]


time_text = methodcaller("isoformat", " ", "microseconds")
"""A time as text, which a row may hold in its place: SQLite keeps it so, other engines read it."""


def way_of(dialect: Dialect, kind: TypeEngine[Any]) -> Way | None:
    """None where a checked value is stored as it is: numbers and text."""
    if isinstance(kind, Boolean):
        return Way(bool, _FLAGS) if dialect.supports_native_boolean else None
    if isinstance(kind, Integer | Float | String):
        return None
    if type(kind) is DateTime and dialect.name == "sqlite":
        # The text that SQLAlchemy would make, in a fifth of the time.
        return Way(lambda v: v if type(v) is str else time_text(v), _TEXTS)
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if convert is None else Way(convert, _NOTHING)


_NOTHING: frozenset[type] = frozenset((NoneType,))
_FLAGS, _TEXTS = _NOTHING | {bool}, _NOTHING | {str}
