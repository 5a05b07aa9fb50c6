"""Where a row stands in a sorted and filtered table, told from its key; rows between ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import TickRange
from telemetry.frozen import replace
from telemetry.queries import CountQuery, TableQuery

if TYPE_CHECKING:
    from telemetry.source import Source

_PAGE = 20_000
_FIRST_OF_ALL = -(2**63)


def search_row(source: Source, query: TableQuery, key: int | str, token: CancelToken) -> int | None:
    """The position of `key` among the rows of `query`, None where it is not among them.

    Reads keys from the top, so the last row of a long table takes as long as the table is.
    """
    page_query = replace(query, columns=(), limit=_PAGE, after=None, offset=0)
    before = 0
    while True:
        page = source.ask(page_query, token)
        if key in page.keys:
            return before + page.keys.index(key)
        if page.next is None:
            return None
        before += len(page.rows)
        token.report(before, None, "rows searched")
        page_query = replace(page_query, after=page.next)


def rows_within(
    source: Source, query: TableQuery, first: int | None, last: int, token: CancelToken
) -> int:
    """How many rows of `query` lie between two ticks, both included; None: from the first."""
    first = _FIRST_OF_ALL if first is None else first
    asked = query.where.ticks
    if asked is not None:
        first, last = max(first, asked.first), min(last, asked.last)
    if first > last:
        return 0
    where = replace(query.where, ticks=TickRange(first, last))
    return source.ask(CountQuery(query.run_id, query.table, where), token)
