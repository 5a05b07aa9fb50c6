"""What PostgreSQL's planner expects of a statement."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from telemetry.engines.one_run import pinned
from telemetry.engines.spelling import spelled

_ELSEWHERE = ("Foreign Scan", "Custom Scan")


def cost(connection: sa.Connection, select: sa.Select[Any]) -> float | None:
    """What the server's planner expects all rows to cost, in its own unit.

    None where it would ask other servers, of whose work it knows little.
    """
    text = spelled(pinned(select), connection.dialect)
    found = str(connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}").scalar_one())
    if any(f'"{node}"' in found for node in _ELSEWHERE):
        return None
    return float(json.loads(found)[0]["Plan"]["Total Cost"])
