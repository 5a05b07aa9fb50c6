"""What only the event log can answer: is the chain whole, and how did the book stand at a tick."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Agent, Cell, OrderBook, RunId, TickPrice, Verdict
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.moltmarket.hash_chain import ChainEvent, too_deep, verify
from telemetry.families.moltmarket.order_book import replay
from telemetry.families.moltmarket.words import decode
from telemetry.queries import AgentsQuery, OrderBookQuery, PricesQuery, VerifyQuery

_CHAINED = ("tick_id", "event_seq", "event_type", "agent_id", "payload", "prev_hash", "event_hash")


def verify_run(asker: Asker, query: VerifyQuery) -> Verdict:
    """The whole chain of a run, streamed in the order of event_seq, against its run row."""
    row = asker.rows(
        sa.select(
            asker.column("runs", "event_count"), asker.column("runs", "last_event_hash")
        ).where(asker.column("runs", "id") == query.run_id)
    )
    if not row:
        raise NothingFoundError(f"There is no run {query.run_id!r} in this source.")
    count, last = row[0]
    return verify(
        query.run_id,
        _events(asker, query.run_id, count),
        expected_count=count if isinstance(count, int) else None,
        expected_last=last if isinstance(last, str) else None,
    )


def order_book(asker: Asker, query: OrderBookQuery) -> OrderBook:
    """Book and standings after all events of ticks up to and including `tick`."""
    told = market_events(asker, query.run_id, query.tick, ticks=False)
    market = replay((kind, agent, payload) for _, kind, agent, payload in told)
    return market.book(query.tick, query.levels)


def market_events(
    asker: Asker,
    run_id: RunId,
    last: int | None = None,
    *,
    ticks: bool = True,
    kinds: tuple[str, ...] | None = None,
) -> Iterator[tuple[int, str, str | None, dict[str, Any]]]:
    """The run's events (tick, kind, agent, payload) in their order, up to tick `last`; `ticks`
    False: without those that only say that a tick begins or ends; `kinds`: of these alone."""
    names = ("tick_id", "event_type", "agent_id", "payload")
    tick, kind, agent, payload = (asker.column("events", n) for n in names)
    statement = sa.select(tick, kind, agent, payload).where(
        asker.column("events", "run_id") == run_id
    )
    if last is not None:
        statement = statement.where(tick <= last)
    if not ticks:
        statement = statement.where(kind.not_in(("TICK_START", "TICK_END")))
    if kinds is not None:
        statement = statement.where(kind.in_(kinds))
    for chunk in asker.chunks(statement.order_by(asker.column("events", "event_seq"))):
        for at, name, who, stored in chunk:
            try:
                yield at, name, who, decode(stored)
            except RecursionError:  # none that the market acts on is nested
                yield at, name, who, {}


def prices(asker: Asker, query: PricesQuery) -> tuple[TickPrice, ...]:
    """Of each tick with trades: the price of its last event, the lowest and the highest."""
    found: dict[int, TickPrice] = {}
    for tick, _, _, payload in market_events(asker, query.run_id, kinds=("TRADE_EXECUTED",)):
        price = Decimal(str(payload["price"]))
        so_far = found.get(tick) or TickPrice(tick, price, price, price, 0)
        low, high = min(so_far.low, price), max(so_far.high, price)
        found[tick] = TickPrice(tick, price, low, high, so_far.trades + 1)
    return tuple(found[tick] for tick in sorted(found))


def agents(asker: Asker, query: AgentsQuery) -> tuple[Agent, ...]:
    """Every agent under its name, with the first and last tick of its own events."""
    own, tick = asker.column("events", "agent_id"), asker.column("events", "tick_id")
    spans = {
        agent: (first, last)
        for agent, first, last in asker.rows(
            sa.select(own, sa.func.min(tick), sa.func.max(tick))
            .where(asker.column("events", "run_id") == query.run_id, own.is_not(None))
            .group_by(own)
        )
    }
    known: list[Any] = []
    if asker.has("agents", "id", "run_id"):
        of_run = asker.column("agents", "run_id") == query.run_id
        columns = [asker.column("agents", name) for name in ("id", "name")]
        known = asker.rows(sa.select(*columns).where(of_run))
    names: dict[str, Any] = dict.fromkeys(spans) | {agent: name for agent, name, *_ in known}
    found = [
        Agent(agent, str(name or agent), None, *spans.get(agent, (None, None)))
        for agent, name in names.items()
    ]
    return tuple(sorted(found, key=lambda agent: (agent.label, str(agent.agent_id))))


def agent_facts(asker: Asker, run_id: RunId) -> tuple[tuple[str, Cell], ...]:
    """How many agents there are, and how many of each status."""
    if not asker.has("agents", "run_id", "status"):
        return ()
    status = sa.cast(asker.column("agents", "status"), sa.Text)
    columns: list[Any] = [status, sa.func.count()]
    statement = (
        sa.select(*columns)
        .where(asker.column("agents", "run_id") == run_id)
        .group_by(sa.text("1"))
        .order_by(sa.text("1"))
    )
    rows = asker.rows(statement)
    return (("Agents", sum(n for _, n in rows)), *((f"Agents {s}", n) for s, n in rows))


def unread_lines(asker: Asker, run_id: RunId) -> str:
    """What a log has beside whole events, in words; "" where there is nothing."""
    if not asker.has("runs", "unread_lines"):
        return ""
    count = asker.column("runs", "unread_lines")
    found = asker.rows(sa.select(count).where(asker.column("runs", "id") == run_id))
    number = int(found[0][0]) if found else 0
    lines = "1 line of the event log is" if number == 1 else f"{number} lines of the event log are"
    return f"{lines} no whole event and left out." if number else ""


def _events(asker: Asker, run_id: RunId, total: Any) -> Iterator[ChainEvent]:
    statement = (
        sa.select(*(asker.column("events", n) for n in _CHAINED))
        .where(asker.column("events", "run_id") == run_id)
        .order_by(asker.column("events", "event_seq"), asker.column("events", "id"))
    )
    done = 0
    for chunk in asker.chunks(statement):
        for tick, seq, kind, agent, payload, prev, own in chunk:
            yield ChainEvent(run_id, tick, seq, kind, agent, _decoded(payload, seq), prev, own)
        done += len(chunk)
        asker.token.report(done, total if isinstance(total, int) else None, "events")


def _decoded(payload: Any, seq: int) -> dict[str, Any]:
    try:
        return decode(payload)
    except RecursionError:
        raise too_deep(seq) from None
