"""Named values that a run has once, as columns of its row: what it was set to, what it came to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell
from telemetry.families.vocabulary import Columns, ColumnSpec
from telemetry.roles.guesses import is_secret
from telemetry.roles.measures import called, is_true
from telemetry.roles.proposing import settings_table
from telemetry.roles.tables import Mapped
from telemetry.roles.words import label_of


def named_columns(
    runs: str,
    run: str,
    columns: Sequence[ColumnSpec],
    rows: Sequence[Mapped],
    named: Mapping[str, tuple[str, ...]],
) -> tuple[ColumnSpec, ...]:
    """A column of the run for each named value that a run has once: parameters and results."""
    taken = {column.name for column in columns}
    found = []
    for place in rows:
        if place.own.kind != "values" or place.tick is not None or place.own.with_role("agent"):
            continue
        settings = settings_table(place.name)
        of = place.evidence.column(str(place.own.with_role("measure_name")))
        begun = f"{label_of(of.name)} " if of is not None and of.kind != "text" else ""
        for name in named.get(place.name, ()):
            if is_secret(name):
                continue
            key = name if name not in taken else f"{label_of(place.name)}: {name}"
            if key in taken:
                continue
            taken.add(key)
            numbers = _all_numbers(place, name)
            found.append(
                ColumnSpec(
                    key,
                    begun + name,
                    "real" if numbers else "text",
                    role="parameter" if settings else None,
                    derive=_looked_up(place, runs, run, name),
                    visible=settings or numbers,
                    decimal_text=numbers,
                    help=f"From {label_of(place.name)}.",
                )
            )
    return tuple(found)


def _all_numbers(place: Mapped, name: str) -> bool:
    """Whether all values of that name that were read are numbers."""
    columns = [c.name for c in place.evidence.columns]
    own = columns.index(str(place.own.with_role("measure_name")))
    value = columns.index(str(place.own.with_role("value")))
    seen = [row[value] for row in place.evidence.sample if str(row[own]) == name]
    return bool(seen) and all(_is_number(cell) for cell in seen if cell is not None)


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        try:
            float(cell)
        except ValueError:
            return False
        return True
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _looked_up(
    place: Mapped, runs: str, run: str, name: str
) -> Callable[[Columns], sa.ColumnElement[Any]]:
    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        own = columns.column(runs, run)
        key, value, of = (
            columns.column(place.name, str(place.own.with_role(role)))
            for role in ("measure_name", "value", "run")
        )
        table = key.table
        where = [called(place, table) == name]
        if place.own.with_role("run") is not None:
            where.append(of == own)
        none = place.own.with_role("no_value")
        if none is not None:
            flag = columns.column(place.name, none)
            value = sa.case((is_true(flag), sa.null()), else_=value)
        told = sa.select(value).where(*where).correlate(own.table).limit(1)
        return told.scalar_subquery()

    return derive
