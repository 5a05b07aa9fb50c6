"""Beside each column of cents the same value in units, for exports."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.simcash.sql import hundredth
from telemetry.families.vocabulary import Columns, ColumnSpec
from telemetry.frozen import replace
from telemetry.text import CENTS, MONEY, UNITS


def with_units(column: ColumnSpec, table: str) -> tuple[ColumnSpec, ...]:
    """The column, followed by its value in units where it holds cents."""
    if column.unit != CENTS:
        return (column,)

    def derive(found: Columns) -> sa.ColumnElement[Any]:
        own = found.column(table, column.name)
        cents = own if column.derive is None else column.derive(found)
        if column.kind != "int":
            return cents / 100
        return hundredth(cents)

    units = replace(
        column,
        name=column.name + UNITS,
        label=f"{column.label} (units)",
        kind="real",
        role=None,
        unit=MONEY,
        derive=derive,
        needs=column.needs or (column.name,),
        visible=False,
        facet=False,
        formerly="",
        help=f"{column.name} ÷ 100, exact",
    )
    return column, units
