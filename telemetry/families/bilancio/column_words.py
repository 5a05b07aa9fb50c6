"""Columns that several Bilancio tables have, and the ways in which numbers are declared."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.vocabulary import Columns, ColumnSpec
from telemetry.frozen import replace

C = ColumnSpec
CASH = "cash"
FACE = "face value"
SHARE = "share"


def number(name: str, label: str, unit: str | None = None, **more: Any) -> ColumnSpec:
    """An exact decimal, stored as the text that Python printed."""
    return C(name, label, "real", unit=unit, decimal_text=True, **more)


def hidden(*columns: ColumnSpec) -> tuple[ColumnSpec, ...]:
    """Columns that are shown only where somebody asks for them."""
    return tuple(replace(c, visible=False) for c in columns)


def run(label: str = "run") -> ColumnSpec:
    """The run that a row belongs to."""
    return C("run_id", label, role="run", visible=False)


def own() -> tuple[ColumnSpec, ...]:
    """What every table of a CSV file ends with."""
    return (
        C("line", "row", "int", role="key", visible=False, help="The row's number in its file."),
        C("unreadable", "unreadable", optional=True, visible=False,
          help="What could not be read in this row, as it is written there."),
    )  # fmt: skip


def logged() -> ColumnSpec:
    """The id that the simulator gave the run."""
    return C("logged_run", "run as logged", visible=False, help="run_id in the file itself.")


def day(name: str = "day", label: str = "day") -> ColumnSpec:
    """The day of a row."""
    return C(name, label, "int", role="tick")


def is_one(table: str, name: str) -> Any:
    """A flag as 1 or 0, so that its mean is a rate."""

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        return sa.cast(columns.column(table, name), sa.Integer)

    return derive
