"""The first rows of a sort that no index serves, while they are still sought."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from telemetry.answers import tables
from telemetry.answers.runs import run_ticks
from telemetry.answers.where import conditions
from telemetry.concepts import TablePage, TickRange
from telemetry.families.vocabulary import TableSpec
from telemetry.frozen import Frozen
from telemetry.queries import TableQuery
from telemetry.reader import Reader

PARTS = 64
"""Into how many parts the ticks are cut at first."""
LONG = 0.25
"""Seconds: parts that take less are doubled, for each of them costs by itself."""
SLOW = 200_000.0
"""What an engine that plans by costs expects of about a second: less is answered at once."""
DEARER = 8
"""What all parts together may cost beside one pass: whoever waits sees the first rows meanwhile."""
EVERY = 0.1
"""Seconds between two pages that are no answer yet; the first may come after half of them."""


class Sought(Frozen):
    """The first rows among those read so far: of `done` of `total` ticks, at the end of all.

    Only the last one, whose `done` is `total`, is the answer.
    """

    page: TablePage
    done: int
    total: int


def seek(reader: Reader, query: TableQuery) -> Iterator[Sought]:
    """First pages that get better, and the answer at last; where an index serves, that alone."""
    span = _span(reader, query)
    if span is None:
        yield Sought(tables.page(reader, query), 1, 1)
        return
    search = _Search(reader, query)
    total = span.last - span.first + 1
    size, first, told = max(1, total // PARTS), span.first, time.monotonic() - EVERY / 2
    while first <= span.last:
        begin = time.monotonic()
        end = min(span.last + 1, first + size)
        search.read(None if first == span.first else first, None if end > span.last else end)
        now, first = time.monotonic(), end
        if now - begin < LONG:
            size *= 2
        reader.token.report(first - span.first, total, "ticks")
        if now - told > EVERY or first > span.last:
            page = search.found()
            if page is None:
                yield Sought(tables.page(reader, query), total, total)
                return
            yield Sought(page, first - span.first, total)
            told = time.monotonic()


def _span(reader: Reader, query: TableQuery) -> TickRange | None:
    """The ticks to go through part by part; None where that does not help.

    Ticks must have an index and every row one of them, and the sort none.
    """
    table = reader.layout.table_spec(query.table)
    if query.after is not None or query.offset or query.where.agents is not None:
        return None
    if query.sort is None or len(table.key) != 1 or table.tick is None:
        return None
    along = bool(reader.along_ticks(query.table))
    if not along and reader.connection.dialect.name != "postgresql":
        return None
    named = (query.sort.column, *(item.column for item in query.where.filters))
    if _indexed(reader, table).intersection(named) or not reader.has(table.name, *table.key):
        return None
    if along:
        return _asked(run_ticks(reader, query.run_id), query.where.ticks)
    required = reader.layout.shape.required.get(reader.layout.stored(table.name), ())
    return _if_slow(reader, query) if table.tick in required else None


def _asked(ticks: TickRange | None, asked: TickRange | None) -> TickRange | None:
    if ticks is None or asked is None:
        return ticks
    first, last = max(ticks.first, asked.first), min(ticks.last, asked.last)
    return TickRange(first, last) if first <= last else None


def _if_slow(reader: Reader, query: TableQuery) -> TickRange | None:
    """The ticks, where an engine that plans by costs expects the whole sort to take a while, and a
    part of the ticks to be no pass over all rows."""
    search = _Search(reader, query)
    whole = reader.engine_expects(search.places(None, None))
    if whole is None or whole.cost < SLOW:
        return None
    ticks = _asked(run_ticks(reader, query.run_id), query.where.ticks)
    if ticks is None:
        return None
    wide = max(1, (ticks.last - ticks.first + 1) // PARTS)
    part = reader.engine_expects(search.places(ticks.first + wide, ticks.first + 2 * wide))
    cheap = part is not None and part.cost * PARTS < DEARER * whole.cost
    return ticks if cheap else None


def _indexed(reader: Reader, table: TableSpec) -> set[str]:
    """Columns along which an index finds the rows of a run."""
    indices = reader.layout.shape.indices.get(reader.layout.stored(table.name), ())
    second = {index[1] for index in indices if len(index) > 1 and index[0] == table.run}
    return second | set(table.key) | {str(table.tick)}


class _Search:
    """The keys of the best rows so far; the database orders them, so the order is its own.

    Until a page is wanted only keys and what they are sorted by are read.
    """

    def __init__(self, reader: Reader, query: TableQuery) -> None:
        self._reader, self._query = reader, query
        self._plan = plan = tables.planned(reader, query)
        self._tick = reader.column(plan.table.name, str(plan.table.tick))
        self._key = reader.column(plan.table.name, plan.table.key[0])
        self._rows = reader.layout.selectable(plan.table.name)
        self._conditions = conditions(reader, plan.table, query.run_id, query.where)
        self._best: list[Any] = []

    def read(self, first: int | None, end: int | None) -> None:
        """Look through the rows from tick `first` to before `end` too; None: all on that side."""
        self._best += [row[-1] for row in self._reader.rows(self.places(first, end))]

    def places(self, first: int | None, end: int | None) -> sa.Select[Any]:
        """What the best rows of these ticks are sorted by, the key last."""
        low = sa.true() if first is None else self._tick >= first
        part = sa.and_(low, sa.true() if end is None else self._tick < end)
        # The part comes first, since SQLite goes along the first range of ticks that it is told.
        places = sa.select(*self._plan.order.columns).select_from(self._rows)
        return self._sorted(places.where(part, *self._conditions), self._query.limit + 1)

    def found(self) -> TablePage | None:
        """The page of the best rows so far.

        None where their keys do not find the rows again (NULL, no text, not one row's alone).
        """
        keys = self._best
        again = self._ordered(self._of(keys, self._plan.order.columns), len(keys) + 1)
        if len(again) != len(keys):
            return None
        self._best = [row[-1] for row in again][: self._query.limit + 1]
        rows = self._ordered(self._of(self._best, self._plan.statement.selected_columns), None)
        return tables.as_page(self._reader, self._query, self._plan, rows)

    def _of(self, keys: list[Any], columns: Iterable[sa.ColumnElement[Any]]) -> sa.Select[Any]:
        """Rows by their keys alone: along the conditions SQLite would take their index again."""
        return sa.select(*columns).select_from(self._rows).where(self._key.in_(keys))

    def _ordered(self, statement: sa.Select[Any], limit: int | None) -> list[tuple[Any, ...]]:
        return self._reader.rows(self._sorted(statement, limit))

    def _sorted(self, statement: sa.Select[Any], limit: int | None) -> sa.Select[Any]:
        return statement.order_by(*self._plan.order.clauses()).limit(limit)
