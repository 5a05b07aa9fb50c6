"""One row in full, told by its key: with the columns that lists leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import RunId, TablePage, TickRange
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import TableQuery, Where
from vmt_log_viewer.models.row_search import search_row
from vmt_log_viewer.state.items import RowItem

if TYPE_CHECKING:
    from telemetry.source import Source


def read_row(source: Source, run_id: RunId, item: RowItem, token: CancelToken) -> TablePage:
    """A page of the one row with every column; no rows where it is no longer there.

    Blocks. Where no column holds the key, the row is counted off among those of its tick.
    """
    ticks = None if item.tick is None else TickRange(item.tick, item.tick)
    query = TableQuery(run_id, item.table, where=Where(ticks=ticks), limit=1)
    key = source.table(item.table).with_role("key")
    if key is not None:
        filters = (Filter.any_of(key.name, (item.key,)),)
        return source.ask(replace(query, where=Where(filters, ticks)), token)
    row = search_row(source, query, item.key, token)
    if row is None:
        return source.ask(replace(query, limit=0), token)
    return source.ask(replace(query, offset=row), token)
