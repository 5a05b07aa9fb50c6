"""A run told tick by tick: its events in words, whatever tables a family has for them."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import chain

from telemetry.cancel import CancelToken
from telemetry.concepts import AgentId, Cell, Column, RunId, Table, TickRange
from telemetry.errors import NothingFoundError
from telemetry.filters import Filter
from telemetry.filters.terms import Matches
from telemetry.frozen import Frozen
from telemetry.queries import FacetQuery, Sort, TableQuery, Where
from telemetry.source import Source
from telemetry.text import cell_text

LOG = "events"
ORDER = ("mode_changes", "pairings", "trades", "lambda_updates")
"""Within a tick, where a family has no log of events: what leads to what."""
_ON_DEMAND = "attempts"
_TAKING_PART = ("agent", "buyer", "seller", "partner")
_UNSAID = ("run", "tick", "key", "event", "payload")


class Chosen(Frozen):
    """Which events: all conditions hold. `types` are event types or tables by name or role.

    `transaction` is the beginning of the id of a transaction or an order.
    """

    types: tuple[str, ...] = ()
    ticks: TickRange | None = None
    agents: tuple[AgentId, ...] | None = None
    transaction: str | None = None


class Happening(Frozen):
    """One event of a run: a row of `table`, and what it says in `words`.

    `kind` is the event's type, or else the name of its table.
    """

    table: Table
    tick: int | None
    kind: str
    words: str
    row: Mapping[str, Cell]


def told_tables(source: Source) -> tuple[Table, ...]:
    """The recorded tables whose rows are a run's events: its log, else whatever has words.

    Attempts are told only where they are asked for by type.
    """
    log = source.table_with_role(LOG)
    if log is not None and log.recorded:
        return (log,)
    return tuple(t for t in _tellable(source) if t.role != _ON_DEMAND)


@contextmanager
def replayed(
    source: Source, run_id: RunId, chosen: Chosen, token: CancelToken | None = None
) -> Iterator[Iterator[Happening]]:
    """The chosen events in their order, streamed; the source is let go of on leaving.

    NothingFoundError where this source records no events or none of a type that is asked for.
    """
    told = _asked_for(source, run_id, chosen, token)
    with ExitStack() as stack:
        streams = []
        for place, (table, filters) in enumerate(told):
            tick = table.with_role("tick")
            query = TableQuery(
                run_id,
                table.name,
                where=Where(filters, chosen.ticks, chosen.agents),
                sort=Sort(tick.name) if tick is not None and len(told) > 1 else None,
            )
            chunks = stack.enter_context(closing(source.stream(query, token)))
            rows = chain.from_iterable(chunks)
            streams.append(_happenings(source, table, query, rows, place))
        yield (found for _, _, found in heapq.merge(*streams, key=lambda item: item[:2]))


def _asked_for(
    source: Source, run_id: RunId, chosen: Chosen, token: CancelToken | None
) -> list[tuple[Table, tuple[Filter, ...]]]:
    """The tables to read, each with its filters for type and transaction."""
    told = told_tables(source)
    if not told:
        raise NothingFoundError(
            f"Events are not recorded in {source.name}, so its runs cannot be replayed."
        )
    if chosen.types:
        told = (*told, *(t for t in _tellable(source) if t not in told))
    known: list[str] = []
    found = []
    for table in told:
        types = _types(source, run_id, table, chosen.types, known, token)
        about = _about_transaction(table, chosen.transaction)
        apart = chosen.agents is not None and not _names_agents(table)
        if types is not None and about is not None and not apart:
            found.append((table, (*types, *about)))
    if chosen.types and not any(t in known for t in chosen.types):
        raise NothingFoundError(
            f"There are no events of type {chosen.types[0]!r} in run {run_id}; "
            f"it has {', '.join(known)}."
        )
    if not found:
        what = "name no transactions" if chosen.transaction is not None else "name no agents"
        raise NothingFoundError(f"The events in {source.name} {what}.")
    return found


def _tellable(source: Source) -> list[Table]:
    """Recorded tables whose rows can be put into words, with what leads to what first."""
    found = [t for t in source.tables if t.recorded and t.with_role("tick") is not None]
    found = [t for t in found if t.role in ("trades", LOG) or source.explains(t.name)]
    return sorted(found, key=lambda t: ORDER.index(t.role) if t.role in ORDER else len(ORDER))


def _types(
    source: Source,
    run_id: RunId,
    table: Table,
    wanted: Sequence[str],
    known: list[str],
    token: CancelToken | None,
) -> tuple[Filter, ...] | None:
    """The filter for the wanted types, None where the table has none; `known` learns types."""
    if not wanted:
        return ()
    names = [n for n in (table.name, table.role) if n is not None]
    known += [n for n in dict.fromkeys(names) if n not in known]
    if any(t in names for t in wanted):
        return ()
    column = table.with_role("event")
    if column is None or not column.recorded:
        return None
    values = source.ask(FacetQuery(run_id, table.name, column.name), token).values
    here = [str(v) for v, _ in values if v is not None]
    known += [v for v in here if v not in known]
    some = [t for t in wanted if t in here]
    return (Filter.any_of(column.name, some),) if some else None


def _about_transaction(table: Table, transaction: str | None) -> tuple[Filter, ...] | None:
    """The filter for what names the transaction; None where the table cannot name one."""
    if transaction is None:
        return ()
    for role in ("transactions", "transaction", "payload"):
        column = table.with_role(role)
        if column is not None and column.recorded:
            beginning = r"(^|[^0-9A-Za-z_-])" + re.escape(transaction)
            return (Filter(column.name, Matches(beginning)),)
    return None


def _names_agents(table: Table) -> bool:
    return any(table.with_role(role) is not None for role in _TAKING_PART)


def _happenings(
    source: Source,
    table: Table,
    query: TableQuery,
    rows: Iterator[Sequence[Cell]],
    place: int,
) -> Iterator[tuple[int, int, Happening]]:
    columns = source.stream_columns(query)
    names = [c.name for c in columns]
    tick, event = table.with_role("tick"), table.with_role("event")
    for cells in rows:
        row = dict(zip(names, cells, strict=True))
        at = None if tick is None else row[tick.name]
        when = at if isinstance(at, int) else None
        named = None if event is None else row[event.name]
        kind = table.name if named is None else str(named)
        words = source.explain(table.name, row)
        said = _between(table, row) + words if words else _plainly(columns, cells)
        yield -1 if when is None else when, place, Happening(table, when, kind, said, row)


def _between(table: Table, row: Mapping[str, Cell]) -> str:
    """Who tried to trade, which the words for an attempt leave to the rest of its row."""
    buyer, seller = table.with_role("buyer"), table.with_role("seller")
    if table.role != _ON_DEMAND or buyer is None or seller is None:
        return ""
    return f"{row[buyer.name]!s} from {row[seller.name]!s}: "


def agent_names(source: Source, run_id: RunId, token: CancelToken | None = None) -> dict[str, str]:
    """What the agents of a run are called, by id; empty where the source has no names for them."""
    table = source.table_with_role("agents")
    own, name = (
        (None, None) if table is None else (table.with_role("agent"), table.with_role("name"))
    )
    if table is None or own is None or name is None or not (table.recorded and name.recorded):
        return {}
    query = TableQuery(run_id, table.name, (own.name, name.name))
    with closing(source.stream(query, token)) as chunks:
        pairs = [(row[0], row[1]) for row in chain.from_iterable(chunks)]
    return {str(agent): str(called) for agent, called in pairs if agent is not None and called}


def _plainly(columns: Sequence[Column], cells: Sequence[Cell]) -> str:
    """A row without words of its own: what it holds, column by column."""
    return ", ".join(
        f"{c.label} {cell_text(cell, c)}"
        for c, cell in zip(columns, cells, strict=True)
        if c.visible and cell is not None and c.role not in _UNSAID
    )
