"""Passes over a run's rows, in stretches of ticks that several connections read at once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.series import in_range
from telemetry.answers.where import along_ticks
from telemetry.concepts import RunId, TickRange
from telemetry.engines.together import readers
from telemetry.families.vocabulary import TableSpec
from telemetry.reader import Reader

PARTS = 64
"""A run is read in so many stretches of ticks: as often is a cancel heard and progress told."""
PLANNED_PARTS = 16
"""So many of a server's, where each is a way there and back, and a plan."""
WORTH = 5_000.0
"""What an engine expects of some twenty milliseconds of work: less is not cut."""
Row = tuple[Any, ...]


def by_stretches(
    reader: Reader,
    statement: sa.Select[Any],
    table: TableSpec,
    tick: sa.ColumnElement[Any],
    run_id: RunId,
    ticks: TickRange | None,
) -> list[Row]:
    """The rows of a statement that groups by tick; along an index of ticks by several readers."""
    along = along_ticks(reader, table)
    own = sa.select(tick).where(reader.column(table.name, str(table.run)) == run_id)
    if along:
        span = ticks or _ends(reader, own, tick)
        parts = in_stretches(reader, statement, table, tick, span, whole=ticks is None)
    else:
        span, parts = _if_cheaper(reader, statement, tick, own, ticks)
    if not parts or span is None:
        return reader.rows(statement.where(*(in_range(tick, ticks) or along)))
    return [row for rows in _shared(reader, parts, span) for row in rows]


def _if_cheaper(
    reader: Reader,
    statement: sa.Select[Any],
    tick: sa.ColumnElement[Any],
    own: sa.Select[Any],
    ticks: TickRange | None,
) -> tuple[TickRange | None, list[sa.Select[Any]]]:
    """The run's ticks and its stretches, where an engine that plans by costs expects that readers
    beside each other have them sooner than all rows at once: along an index that holds what is
    asked for, but not where a stretch is sought in the whole table."""
    in_one = reader.engine_expects(statement.where(*in_range(tick, ticks)))
    if in_one is None or in_one.cost < WORTH:
        return None, []
    span = ticks
    if span is None:
        first = reader.engine_expects(own.order_by(tick).limit(1))
        if first is None or first.cost > in_one.cost / PLANNED_PARTS:  # no index tells it
            return None, []
        span = _ends(reader, own, tick)
    parts = _cut(statement, tick, span, PLANNED_PARTS, whole=ticks is None)
    middle = reader.engine_expects(parts[len(parts) // 2]) if parts else None
    if middle is None or middle.cost * len(parts) > in_one.cost * readers(len(parts)):
        return None, []
    return span, parts


def _ends(reader: Reader, own: sa.Select[Any], tick: sa.ColumnElement[Any]) -> TickRange | None:
    """The first and last of a run's `own` ticks, where an index tells them."""
    ends = (own.order_by(order).limit(1).scalar_subquery() for order in (tick, tick.desc()))
    first, last = reader.one(sa.select(*ends)) or (None, None)
    whole_ones = isinstance(first, int) and isinstance(last, int)
    return TickRange(first, last) if whole_ones else None


def in_stretches(
    reader: Reader,
    statement: sa.Select[Any],
    table: TableSpec,
    tick: sa.ColumnElement[Any],
    span: TickRange | None,
    *,
    whole: bool,
    parts: int = PARTS,
) -> list[sa.Select[Any]]:
    """The statement for each stretch of ticks, along an index of them; none where it is not worth
    it. `whole`: `span` is all of the run, so that its ends need no condition."""
    along = along_ticks(reader, table)
    return _cut(statement, tick, span, parts, *along, whole=whole) if along else []


def _cut(
    statement: sa.Select[Any],
    tick: sa.ColumnElement[Any],
    span: TickRange | None,
    parts: int,
    *along: sa.ColumnElement[bool],
    whole: bool,
) -> list[sa.Select[Any]]:
    if span is None or span.last - span.first < parts:
        return []
    edges = np.linspace(span.first, span.last + 1, parts + 1).astype(np.int64).tolist()
    found = []
    for i, (start, end) in enumerate(pairwise(edges)):
        # Without the ends that nobody asked for: the table may reach further than others do.
        first = [tick >= start] if i or not whole else along
        last = [tick < end] if i < parts - 1 or not whole else []
        found.append(statement.where(*first, *last))
    return found


def _shared(reader: Reader, parts: list[sa.Select[Any]], span: TickRange) -> list[list[Row]]:
    """The rows of each statement, read by as many connections as see the same state."""
    ticks = span.last - span.first + 1

    def report(done: int) -> None:
        reader.token.report(done * ticks // len(parts), ticks, "ticks")

    return reader.rows_of_all(parts, report)
