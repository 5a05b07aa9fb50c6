"""One agent's series as whole columns, from an engine that gives them quicker than rows."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import declared, divisor, place_of
from telemetry.concepts import Floats, Line, Measure
from telemetry.families.vocabulary import ColumnSpec, MeasureSpec, TableSpec
from telemetry.queries import SeriesQuery
from telemetry.reader import Reader

NO_TICK = -(2**63) + 1
"""Stands for a tick that is NULL; where there is one, rows are looked at one by one."""
_WHOLE = frozenset(("tinyint", "smallint", "integer", "bigint"))
_FLOATS = frozenset(("real", "double precision", "float", "double"))
_TEXT = re.compile(r"text|varchar|character varying(\(\d+\))?")
_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")
_FITS = 300
"""With no more digits than these, a decimal is neither too large nor too small for a double."""


def at_once(reader: Reader, spec: MeasureSpec, query: SeriesQuery) -> tuple[Measure, Line] | None:
    """The measure, and the line of the only agent that is asked for.

    None where no engine or type allows it, where rows have to be looked at one by one, and where
    these values alone do not show that the run records the measure.
    """
    values = _values(reader, spec, query)
    if values is None or spec.mark is not None:
        return None
    measure = declared(reader.layout, spec)
    table, column = place_of(reader, spec)
    if not measure.recorded or measure.rebuilt or not _as_numbers(reader, spec, column):
        return None
    found = reader.engine_arrays(_statement(reader, spec, query), values)
    if found is None:
        return None
    tick, value = found
    if tick.min(initial=0) == NO_TICK or not _evident(table, spec, column, value):
        return None
    if np.any(tick[1:] < tick[:-1]):  # an aggregate need not keep the order of what it reads
        order = np.argsort(tick, kind="stable")
        tick, value = tick[order], value[order]
    scale = divisor(reader, spec, query.run_id)
    return measure, Line(values["agent"], tick, value / scale if scale != 1 else value)


def _statement(reader: Reader, spec: MeasureSpec, query: SeriesQuery) -> sa.Select[Any]:
    """Tick and value as int64 and float64, NULL as what stands for it; made once a layout."""
    key = ("at once", spec.name, query.ticks is None)
    known = reader.layout.statements.get(key)
    if known is None:
        known = reader.layout.statements[key] = _made(reader, spec, query.ticks is not None)
    return known


def _made(reader: Reader, spec: MeasureSpec, in_range: bool) -> sa.Select[Any]:
    table, column = place_of(reader, spec)
    run, tick = (reader.column(spec.table, name) for name in (str(table.run), spec.tick))
    value = sa.cast(reader.layout.element(table, column), sa.Double)
    columns: tuple[Any, ...] = (
        sa.func.coalesce(sa.cast(tick, sa.BigInteger), NO_TICK).label("tick"),
        sa.func.coalesce(value, sa.literal(math.nan, sa.Double)).label("value"),
    )
    agent = reader.column(spec.table, spec.agent)
    found = (
        sa.select(*columns)
        .select_from(reader.layout.selectable(spec.table))
        .where(run == _given("run", _kind(reader, spec, str(table.run))))
        .where(agent == _given("agent", _kind(reader, spec, spec.agent)))
        .order_by(tick)
    )
    return found.where(tick.between(_given("first"), _given("last"))) if in_range else found


def _given(name: str, kind: type[int | str] | None = int) -> sa.BindParameter[Any]:
    return sa.bindparam(name, type_=sa.Text() if kind is str else sa.BigInteger())


def _values(reader: Reader, spec: MeasureSpec, query: SeriesQuery) -> dict[str, Any] | None:
    """Whom and what the statement is about, as the rows name them; None where that is not known."""
    table = reader.layout.table_spec(spec.table)
    if query.agents is None or len(query.agents) != 1:
        return None
    found: dict[str, Any] = {"run": query.run_id, "agent": query.agents[0]}
    for name, column in (("run", str(table.run)), ("agent", spec.agent)):
        kind = _kind(reader, spec, column)
        if name == "agent" and kind is str:
            found[name] = str(found[name])
        if kind is None or type(found[name]) is not kind:
            return None
    if query.ticks is not None:
        found |= {"first": query.ticks.first, "last": query.ticks.last}
    return found if all(isinstance(v, str) or abs(v) < 2**63 for v in found.values()) else None


def _kind(reader: Reader, spec: MeasureSpec, column: str) -> type[int | str] | None:
    """What a column that names something holds; None where its values may be called otherwise."""
    declared = _declared(reader, spec, column)
    return int if declared in _WHOLE else str if _TEXT.fullmatch(declared) else None


def _as_numbers(reader: Reader, spec: MeasureSpec, column: ColumnSpec) -> bool:
    """Whether the engine makes of every value exactly the double that we would."""
    if column.derive is not None or column.decimal_text:
        return False
    if _declared(reader, spec, spec.tick) not in _WHOLE:
        return False
    kind = _declared(reader, spec, column.name)
    decimal = _DECIMAL.fullmatch(kind)
    return kind in _WHOLE | _FLOATS or (
        decimal is not None and max(map(int, decimal.groups())) <= _FITS
    )


def _declared(reader: Reader, spec: MeasureSpec, column: str) -> str:
    """The database's own word for the type of a stored column; "" for what is worked out."""
    layout = reader.layout
    stored = layout.stored(spec.table)
    if layout.table_spec(stored).select is not None:
        return ""
    return layout.shape.tables.get(stored, {}).get(column, "").lower()


def _evident(table: TableSpec, spec: MeasureSpec, column: ColumnSpec, value: Floats) -> bool:
    """Whether one of the values is evidence of the measure, as `judged` looks for it."""
    if table.only is not None or column.name not in (spec.evidence or (column.name,)):
        return False
    there = ~np.isnan(value)
    if column.default is not None:
        there &= value != column.default
    return bool(there.any())
