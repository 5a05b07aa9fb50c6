"""Rows of a table as tab-separated text with headings, every value exact."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column
from telemetry.frozen import replace
from telemetry.queries import TableQuery
from telemetry.text import CENTS, UNITS, exact_shown

if TYPE_CHECKING:
    from telemetry.source import Source

_PAGE = 5_000


def as_text(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> str:
    """Headings are the table's own column names, of money those of its units.

    NULL is empty; tabs and breaks become spaces.
    """
    lines = ["\t".join(c.name + UNITS if c.unit == CENTS else c.name for c in columns)]
    lines += ["\t".join(map(_one_field, row, columns)) for row in rows]
    return "\n".join(lines) + "\n"


def copied_text(
    source: Source,
    query: TableQuery,
    columns: Sequence[Column],
    ranges: Sequence[tuple[int, int]],
    token: CancelToken,
) -> tuple[str, int]:
    """The rows of `ranges` as text, and how many they are."""
    rows = list(read_ranges(source, query, ranges, token))
    return as_text(columns, rows), len(rows)


def read_ranges(
    source: Source, query: TableQuery, ranges: Sequence[tuple[int, int]], token: CancelToken
) -> Iterator[tuple[Cell, ...]]:
    """The rows `first` to `last` (counted from 0, both included) of each range of `query`."""
    done = 0
    wanted = sum(last - first + 1 for first, last in ranges)
    for first, last in ranges:
        page_query = replace(query, offset=first, after=None)
        left = last - first + 1
        while left > 0:
            page = source.ask(replace(page_query, limit=min(left, _PAGE)), token)
            yield from page.rows
            left -= len(page.rows)
            done += len(page.rows)
            token.report(done, wanted, "rows copied")
            if page.next is None:
                break
            page_query = replace(query, after=page.next, offset=0)


def _one_field(cell: Cell, column: Column) -> str:
    """As it is shown, with every digit: cents as money."""
    text = exact_shown(cell, column)
    return " ".join(text.split()) if isinstance(cell, str) else text
