"""Whole columns of numbers from PostgreSQL, in one row of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

_SENT = (("int8send", ">i8"), ("float8send", ">f8"))
_COMPILED: WeakKeyDictionary[sa.Select[Any], tuple[str, Any]] = WeakKeyDictionary()


def fetched(
    connection: sa.Connection, select: sa.Select[Any], values: Mapping[str, Any]
) -> tuple[Any, Any]:
    """The rows of `select` (bigint, double precision, no NULL), not surely in its order."""
    import numpy as np

    if select not in _COMPILED:
        _COMPILED[select] = _compiled(select, connection.dialect)
    statement, compiled = _COMPILED[select]
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        # Never prepared: a plan for any run would not know how many rows this one has.
        told = compiled.construct_params(dict(values))
        cursor.execute(statement, told, prepare=False, binary=True)
        row = cursor.fetchone()
    tick, value = (
        np.frombuffer(part or b"", sent).astype(sent.replace(">", "="))
        for part, (_, sent) in zip(row, _SENT, strict=True)
    )
    return tick, value


def _compiled(select: sa.Select[Any], dialect: Any) -> tuple[str, Any]:
    names = (column.name for column in select.selected_columns)
    wanted = ", ".join(
        f"string_agg({send}(\"{name}\"), '')" for name, (send, _) in zip(names, _SENT, strict=True)
    )
    compiled = select.compile(dialect=dialect)
    return f"SELECT {wanted} FROM ({compiled}) rows", compiled
