"""One agent's series as whole columns, from an engine that gives them quicker than rows."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.measures import declared, divisor, place_of
from telemetry.concepts import AgentId, Floats, Line, Measure
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


def at_once(
    reader: Reader, spec: MeasureSpec, query: SeriesQuery, rows: Callable[[], sa.Select[Any]]
) -> tuple[Measure, Line] | None:
    """The measure, and the line of the only agent that is asked for.

    `rows` gives the statement of agents, ticks and values.
    None where no engine or type allows it, where rows have to be looked at one by one, and where
    these values alone do not show that the run records the measure.
    """
    measure = declared(reader.layout, spec)
    table, column = place_of(reader, spec)
    if not measure.recorded or measure.rebuilt or spec.mark is not None:
        return None
    agent = _only_agent(reader, spec, query)
    if agent is None or not _as_numbers(reader, spec, column):
        return None
    found = reader.engine_arrays(_without_null(rows()))
    if found is None:
        return None
    tick, value = found
    if tick.min(initial=0) == NO_TICK or not _evident(table, spec, column, value):
        return None
    if np.any(tick[1:] < tick[:-1]):  # an aggregate need not keep the order of what it reads
        order = np.argsort(tick, kind="stable")
        tick, value = tick[order], value[order]
    scale = divisor(reader, spec, query.run_id)
    return measure, Line(agent, tick, value / scale if scale != 1 else value)


def _without_null(rows: sa.Select[Any]) -> sa.Select[Any]:
    """Tick and value of the same rows as int64 and float64, NULL as what stands for it."""
    tick, value = (column.element for column in list(rows.selected_columns)[1:3])
    nothing = sa.literal(math.nan, sa.Double)
    columns: tuple[Any, ...] = (
        sa.func.coalesce(sa.cast(tick, sa.BigInteger), NO_TICK).label("tick"),
        sa.func.coalesce(sa.cast(value, sa.Double), nothing).label("value"),
    )
    return rows.with_only_columns(*columns).order_by(None).order_by(tick)


def _only_agent(reader: Reader, spec: MeasureSpec, query: SeriesQuery) -> AgentId | None:
    """The one agent of the question, as its rows name it."""
    if query.agents is None or len(query.agents) != 1:
        return None
    kind, agent = _declared(reader, spec, spec.agent), query.agents[0]
    if _TEXT.fullmatch(kind):
        return str(agent)
    return agent if kind in _WHOLE and isinstance(agent, int) else None


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
    return layout.shape.tables.get(layout.stored(spec.table), {}).get(column, "").lower()


def _evident(table: TableSpec, spec: MeasureSpec, column: ColumnSpec, value: Floats) -> bool:
    """Whether one of the values is evidence of the measure, as `judged` looks for it."""
    if table.only is not None or column.name not in (spec.evidence or (column.name,)):
        return False
    there = ~np.isnan(value)
    if column.default is not None:
        there &= value != column.default
    return bool(there.any())
