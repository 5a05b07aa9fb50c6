"""All rows of a table query as lines of CSV: by the engine where it can, else from their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import chain, islice
from typing import Any

import sqlalchemy as sa

from telemetry.answers import tables
from telemetry.concepts import Cell
from telemetry.engines.lines import ByValuesError, Field, Kind, Lines
from telemetry.families.vocabulary import ColumnSpec, TableSpec
from telemetry.layout import Layout
from telemetry.queries import TableQuery
from telemetry.reader import Reader

Row = Sequence[Cell]
_BATCH = 1_000
_ALL = 2**62
_KINDS: dict[str, Kind] = {"int": "plain", "flag": "plain", "real": "real"}
_REAL = ("REAL", "FLOA", "DOUB")
_TEXT = ("CHAR", "CLOB", "TEXT")


def csv_lines(
    reader: Reader, query: TableQuery, lines: Callable[[list[Row]], str], limit: int | None
) -> Lines:
    """The rows in their order, in constant memory, written as `lines` writes them.

    An engine that finds in the middle that it cannot go on leaves the rest of the same state to
    `lines`. `query.limit` is ignored.
    """
    with closing(tables.stream(reader, query)) as chunks:
        yield from _in_turn(reader, query, chain.from_iterable(chunks), lines, limit)


def _in_turn(
    reader: Reader,
    query: TableQuery,
    rows_left: Iterator[Row],
    lines: Callable[[list[Row]], str],
    limit: int | None,
) -> Lines:
    values, done = islice(rows_left, limit), 0
    for text, rows in _by_values(islice(values, reader.lines_after), lines):
        yield text, rows
        done += rows
    if done < reader.lines_after or done == limit:
        return
    taken, ready = done, done + reader.lines_meanwhile
    try:
        with closing(_by_engine(reader, query, ready, limit)) as by_engine:
            if reader.lines_meanwhile:
                next(by_engine)
                for text, rows in _by_values(islice(values, reader.lines_meanwhile), lines):
                    yield text, rows
                    done = taken = done + rows
                if done < ready:
                    return
            for text, rows in by_engine:
                yield text, rows
                done += rows
                reader.token.check()
                reader.token.report(done)
    except ByValuesError:
        yield from _by_values(islice(values, done - taken, None), lines)


def _by_values(rows: Iterator[Row], lines: Callable[[list[Row]], str]) -> Lines:
    while batch := list(islice(rows, _BATCH)):
        yield lines(batch), len(batch)


def _by_engine(reader: Reader, query: TableQuery, done: int, limit: int | None) -> Lines:
    """The rows from the `done`-th on; ByValuesError where there are none."""
    if limit is not None and limit <= done:
        raise ByValuesError
    select, fields = as_stored(reader, query)
    if limit is not None or done:
        select = select.limit(_ALL if limit is None else limit - done).offset(done)
    return reader.engine_lines(select, fields)


def as_stored(reader: Reader, query: TableQuery) -> tuple[sa.Select[Any], list[Field]]:
    """All rows as one statement, for an engine; ByValuesError where values are not as stored."""
    layout = reader.layout
    table = layout.table_spec(query.table)
    chosen = [layout.column_spec(table, c.name) for c in tables.stream_columns(layout, query)]
    if not layout.there(table.name) or any(c.decimal_text for c in chosen):
        raise ByValuesError
    select, divided = tables.whole(reader, query)
    if divided:
        raise ByValuesError
    return select, [_field(layout, table, c) for c in chosen]


def _field(layout: Layout, table: TableSpec, column: ColumnSpec) -> Field:
    """What is known of a column's values before they are read: SQLite's rules of affinity."""
    kind = _KINDS.get(layout.describe_column(table, column).kind, "text")
    stored = layout.shape.tables.get(layout.stored(table.name), {})
    declared = stored.get(column.name, "").upper() if column.derive is None else ""
    if "INT" in declared:
        return Field(column.name, kind, kind == "plain")
    words = {"text": _TEXT, "real": _REAL, "plain": ()}[kind]
    other = _TEXT if kind == "real" else ()
    sure = any(w in declared for w in words) and not any(w in declared for w in other)
    return Field(column.name, kind, sure)
