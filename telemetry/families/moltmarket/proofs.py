"""What only the event log can answer: is the chain whole, and how did the book stand at a tick."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, OrderBook, RunId, Verdict
from telemetry.errors import NothingFoundError
from telemetry.families.moltmarket.hash_chain import ChainEvent, verify
from telemetry.families.moltmarket.order_book import replay
from telemetry.families.moltmarket.words import decode
from telemetry.families.vocabulary import Asker
from telemetry.queries import OrderBookQuery, VerifyQuery

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
    kind, agent, payload = (
        asker.column("events", n) for n in ("event_type", "agent_id", "payload")
    )
    statement = (
        sa.select(kind, agent, payload)
        .where(
            asker.column("events", "run_id") == query.run_id,
            asker.column("events", "tick_id") <= query.tick,
            kind.not_in(("TICK_START", "TICK_END")),
        )
        .order_by(asker.column("events", "event_seq"))
    )
    rows = (row for chunk in asker.chunks(statement) for row in chunk)
    market = replay((k, a, decode(p)) for k, a, p in rows)
    return market.book(query.tick, query.levels)


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


def _events(asker: Asker, run_id: RunId, total: Any) -> Iterator[ChainEvent]:
    statement = (
        sa.select(*(asker.column("events", n) for n in _CHAINED))
        .where(asker.column("events", "run_id") == run_id)
        .order_by(asker.column("events", "event_seq"), asker.column("events", "id"))
    )
    done = 0
    for chunk in asker.chunks(statement):
        for tick, seq, kind, agent, payload, prev, own in chunk:
            yield ChainEvent(run_id, tick, seq, kind, agent, decode(payload), prev, own)
        done += len(chunk)
        asker.token.report(done, total if isinstance(total, int) else None, "events")
