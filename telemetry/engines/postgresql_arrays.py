"""Whole columns of numbers from PostgreSQL, in one row of bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.engines.one_run import pinned
from telemetry.engines.spelling import spelled

_SENT = (("int8send", ">i8", np.int64), ("float8send", ">f8", np.float64))


def fetched(connection: sa.Connection, select: sa.Select[Any]) -> tuple[Any, Any]:
    """The rows of `select` (bigint, double precision, no NULL), not surely in its order."""
    driver: Any = connection.connection.driver_connection
    names = (column.name for column in select.selected_columns)
    wanted = ", ".join(
        f"string_agg({send}(\"{name}\"), '')"
        for name, (send, _, _) in zip(names, _SENT, strict=True)
    )
    statement = spelled(pinned(select), connection.dialect)
    with driver.cursor() as cursor:
        cursor.execute(f"SELECT {wanted} FROM ({statement}) rows".encode(), binary=True)
        row = cursor.fetchone()
    tick, value = (
        np.frombuffer(part or b"", sent).astype(kind)
        for part, (_, sent, kind) in zip(row, _SENT, strict=True)
    )
    return tick, value
