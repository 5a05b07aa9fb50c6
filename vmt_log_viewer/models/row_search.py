"""Where a row stands in a sorted and filtered table, told from its key."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.queries import TableQuery

if TYPE_CHECKING:
    from telemetry.source import Source

_PAGE = 20_000


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
