"""What PostgreSQL's planner expects of statements."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from telemetry.engines.database import Expected
from telemetry.engines.postgresql_sessions import for_parts
from telemetry.engines.spelling import spelled

_ELSEWHERE = ("Foreign Scan", "Custom Scan")


def expected(connection: sa.Connection, select: sa.Select[Any]) -> Expected | None:
    """What the server's planner expects of all rows of `select`.

    None where it would ask other servers, of whose work it knows little.
    """
    text = spelled(for_parts(connection, select), connection.dialect)
    found = str(connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}").scalar_one())
    if any(f'"{node}"' in found for node in _ELSEWHERE):
        return None
    plan = json.loads(found)[0]["Plan"]
    return Expected(float(plan["Total Cost"]), float(plan["Plan Rows"]))
