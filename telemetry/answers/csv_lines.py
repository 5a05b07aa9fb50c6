"""All rows of a table query as lines of CSV: by the engine where it can, else from their values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice

from telemetry.answers import tables
from telemetry.concepts import Cell
from telemetry.engines.lines import ByValuesError, Lines
from telemetry.queries import TableQuery
from telemetry.reader import Reader

Row = Sequence[Cell]
_BATCH = 1_000


def csv_lines(
    reader: Reader, query: TableQuery, lines: Callable[[list[Row]], str], limit: int | None
) -> Lines:
    """The rows in their order, in constant memory, written as `lines` writes them.

    An engine that finds in the middle that it cannot go on leaves the rest of the same state to
    `lines`. `query.limit` is ignored.
    """
    done = 0
    try:
        for text, rows in _by_engine(reader, query, limit):
            yield text, rows
            done += rows
            reader.token.check()
            reader.token.report(done)
    except ByValuesError:
        left = chain.from_iterable(tables.stream(reader, query))
        rest = islice(left, done, limit)
        yield from _by_values(rest, lines)


def _by_values(rows: Iterator[Row], lines: Callable[[list[Row]], str]) -> Lines:
    while batch := list(islice(rows, _BATCH)):
        yield lines(batch), len(batch)


def _by_engine(reader: Reader, query: TableQuery, limit: int | None) -> Lines:
    layout = reader.layout
    table = layout.table_spec(query.table)
    chosen = [layout.column_spec(table, c.name) for c in tables.stream_columns(layout, query)]
    if not layout.there(table.name) or any(c.decimal_text for c in chosen):
        raise ByValuesError
    select, divided = tables.whole(reader, query)
    if divided:
        raise ByValuesError
    return reader.engine_lines(select.limit(limit) if limit is not None else select)
