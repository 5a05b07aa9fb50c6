"""Beside an obligation: what its debtor began with, and what the dealer held when it fell due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from telemetry.families.vocabulary import Columns, ColumnSpec


def _beside(
    table: str, key: str, of: str, column: str
) -> Callable[[Columns], sa.ColumnElement[Any]]:
    """`column` of the row of `table` of the same run whose `key` is this obligation's `of`."""

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        own = columns.column("obligations", of)
        same = sa.and_(
            columns.column(table, "run_id") == columns.column("obligations", "run_id"),
            columns.column(table, key) == own,
        )
        found = sa.select(sa.func.max(columns.column(table, column))).where(same)
        return found.correlate(own.table).scalar_subquery()

    return derive


def _of_debtor(name: str, label: str, unit: str, column: str, text: str) -> ColumnSpec:
    return ColumnSpec(
        name,
        label,
        "real",
        unit=unit,
        derive=_beside("agents", "agent", "debtor", column),
        needs=("run_id", "debtor", "agents.agent", f"agents.{column}"),
        visible=False,
        help=text,
    )


def _of_day(name: str, label: str, unit: str, column: str, text: str, **more: Any) -> ColumnSpec:
    return ColumnSpec(
        name,
        label,
        "real",
        unit=unit,
        derive=_beside("horizon", "day", "due_day", column),
        needs=("run_id", "due_day", "horizon.day", f"horizon.{column}"),
        visible=False,
        help=text,
        **more,
    )


CIRCUMSTANCES = (
    _of_debtor(
        "cash_at_start",
        "debtor's cash at start",
        "cash",
        "cash_at_start",
        "What the debtor began with.",
    ),
    _of_debtor(
        "owed_in_all",
        "debtor's debts",
        "face value",
        "owed",
        "All that the debtor owed in this run.",
    ),
    _of_day(
        "dealer_inventory",
        "dealer's inventory then",
        "tickets",
        "dealer_inventory",
        "What the dealer held on the day on which this fell due.",
    ),
    _of_day(
        "debt_then",
        "debt outstanding then",
        "face value",
        "total_face_value",
        "All debt outstanding on that day.",
        decimal_text=True,
    ),
)
