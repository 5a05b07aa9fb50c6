"""Seeking: the next or previous trade or failed attempt from where the cursor stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import AgentId, PageKey, RunId, TickRange
from telemetry.filters import Filter
from telemetry.frozen import Frozen, replace
from telemetry.queries import Sort, TableQuery, Where
from vmt_log_viewer.state.failures import failed_text
from vmt_log_viewer.state.items import RowItem

if TYPE_CHECKING:
    from telemetry.source import Source

PAGE = 200


class Seek(Frozen):
    """Where to look: rows of the table with `role`, on from `tick`, after the row `key`.

    Without `key` the rows of `tick` itself are looked at too.
    """

    role: str
    tick: int
    forward: bool
    bounds: TickRange
    key: int | str | None = None
    agents: tuple[AgentId, ...] = ()


def find(source: Source, run_id: RunId, seek: Seek, token: CancelToken) -> RowItem | None:
    """The row that comes next in recorded order, None where none is left."""
    query = _query(source, run_id, seek)
    if query is None:
        return None
    after: PageKey | None = None
    passed = seek.key is None
    while True:
        page = source.ask(replace(query, after=after), token)
        place = [column.role for column in page.columns].index("tick")
        for key, row in zip(page.keys, page.rows, strict=True):
            tick = row[place]
            if not isinstance(tick, int):
                continue
            if passed or tick != seek.tick:
                return RowItem(query.table, key, tick)
            passed = key == seek.key
        if page.next is None:
            return None
        after = page.next


def _query(source: Source, run_id: RunId, seek: Seek) -> TableQuery | None:
    table = source.table_with_role(seek.role)
    tick = None if table is None else table.with_role("tick")
    if table is None or not table.recorded or tick is None:
        return None
    filters = ()
    result = table.with_role("result") if seek.role == "attempts" else None
    text = failed_text(result)
    if result is not None and text is not None:
        filters = (Filter.parse(result.name, text),)
    ticks = (
        TickRange(seek.tick, max(seek.tick, seek.bounds.last))
        if seek.forward
        else TickRange(min(seek.tick, seek.bounds.first), seek.tick)
    )
    where = Where(filters, ticks, seek.agents or None)
    sort = Sort(tick.name, descending=not seek.forward)
    return TableQuery(run_id, table.name, (tick.name,), where, sort, PAGE)
