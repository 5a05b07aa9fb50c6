"""The first page of a table in some order: what is found so far, and the answer at last."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import TablePage
from telemetry.queries import TableQuery

if TYPE_CHECKING:
    from telemetry.source import Source


def sought_page(
    source: Source, query: TableQuery, better: Callable[[TableQuery, TablePage, float], None]
) -> Callable[[CancelToken], TablePage]:
    """Work for a worker thread: the answer to `query`.

    Until it is here `better` is called, in that thread, with the first of the rows read so far and
    their share of all, above 0 and below 1.
    """

    def work(token: CancelToken) -> TablePage:
        if query.sort is None:
            return source.ask(query, token)
        page: TablePage | None = None
        for page, done, total in source.seek(query, token):
            if done < total:
                with suppress(RuntimeError):  # what is told has just been closed
                    better(query, page, done / total)
        assert page is not None
        return page

    return work
