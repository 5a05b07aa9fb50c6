"""A run's tables from its events alone: to go on with it after a crash, or to make them anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.clock import as_text
from telemetry.families.moltmarket.event_store import (
    Chain,
    claim,
    table,
    write_changes,
    write_run,
)
from telemetry.families.moltmarket.hash_chain import ChainEvent, verify
from telemetry.families.moltmarket.ledger import SNAPSHOT_EVERY, Event, Ledger
from telemetry.families.moltmarket.words import decode

_AT_ONCE = 5_000
_DERIVED = ("metrics_snapshots", "trades", "orders", "agents")


def restored(connection: sa.Connection, run_id: str) -> tuple[Ledger, Chain]:
    """The state that the run's events lead to, and the end of its chain.

    Raises `RecordingError` where there is no such run, or where its chain is broken.
    """
    return _replay(connection, run_id, write=False)


def rebuild(connection: sa.Connection, run_id: str) -> None:
    """Delete all derived rows of the run and make them again from its events.

    Only the hashes of keys, which no event tells, are taken over. Raises `RecordingError`, and
    leaves what is there to the caller's transaction, where the chain is broken.
    """
    claim(connection, run_id, _end(connection, run_id))
    agents = table("agents")
    kept = sa.select(agents.c.id, agents.c.api_key_hash).where(agents.c.run_id == run_id)
    secrets = {str(name): secret for name, secret in connection.execute(kept)}
    for name in _DERIVED:
        own = table(name)
        connection.execute(sa.delete(own).where(own.c.run_id == run_id))
    ledger, chain = _replay(connection, run_id, write=True, secrets=secrets)
    write_run(connection, ledger, chain.count, chain.last_hash)


def _replay(
    connection: sa.Connection, run_id: str, *, write: bool, secrets: dict[str, Any] | None = None
) -> tuple[Ledger, Chain]:
    count, last = _end(connection, run_id)
    ledger = Ledger(run_id, _snapshot_every(connection, run_id), secrets or {})

    def applied() -> Iterator[ChainEvent]:
        for event, chained in stored_events(connection, run_id):
            ledger.apply(event)
            if len(ledger) >= _AT_ONCE:
                changes = ledger.take()
                if write:
                    write_changes(connection, changes)
            yield chained

    verdict = verify(run_id, applied(), expected_count=count, expected_last=last)
    if not verdict.sound:
        raise RecordingError(f"The log of run {run_id} is broken: {verdict.problem}")
    changes = ledger.take()
    if write:
        write_changes(connection, changes)
    return ledger, Chain(run_id, count, last)


def _end(connection: sa.Connection, run_id: str) -> tuple[int, str]:
    runs = table("runs")
    wanted = sa.select(runs.c.event_count, runs.c.last_event_hash).where(runs.c.id == run_id)
    found = connection.execute(wanted).all()
    if not found:
        raise RecordingError(f"There is no run {run_id!r} here to go on with.")
    return int(found[0][0]), str(found[0][1])


def _snapshot_every(connection: sa.Connection, run_id: str) -> int:
    """How often metrics are taken: the first event says so where it is not the usual."""
    events = table("events")
    wanted = sa.select(events.c.payload).where(
        events.c.run_id == run_id, events.c.event_seq == 0, events.c.event_type == "RUN_CREATED"
    )
    first = [decode(row[0]) for row in connection.execute(wanted).all()]
    return int((first or [{}])[0].get("snapshotEvery", SNAPSHOT_EVERY))


def stored_events(connection: sa.Connection, run_id: str) -> Iterator[tuple[Event, ChainEvent]]:
    """The run's events in their order, page by page, so that rows may be written in between."""
    own = table("events").c
    columns = (
        own.event_seq, own.tick_id, own.event_type, own.agent_id, own.payload, own.prev_hash,
        own.event_hash, own.created_at,
    )  # fmt: skip
    after = -1
    while True:
        page = connection.execute(
            sa.select(*columns)
            .where(own.run_id == run_id, own.event_seq > after)
            .order_by(own.event_seq)
            .limit(_AT_ONCE)
        ).all()
        for seq, tick, kind, agent, stored, prev, hashed, made in page:
            payload = decode(stored)
            when = as_text(made) if isinstance(made, datetime) else made
            event = Event(tick, kind, agent, payload, when)
            yield event, ChainEvent(run_id, tick, seq, kind, agent, payload, prev, hashed)
        if len(page) < _AT_ONCE:
            return
        after = page[-1][0]
