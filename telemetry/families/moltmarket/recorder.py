"""The recorder of the MoltMarket family: what a market calls to write its runs.

    with MarketRecorder("market.db") as recorder, recorder.begin_run("v1", seed=7) as run:
        run.log_agent_created(0, agent_id="a", name="Maker", initial_cash=1000, initial_asset=10)
        run.log_order_placed(0, order_id="o1", agent_id="a", side="bid", price=99, quantity=1)
        run.end_tick(0)

Source of every rule here: "MoltMarket Data Schema" (the seed), and the chain of real recordings.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.families.moltmarket import native, rebuilding
from telemetry.families.moltmarket.clock import Clock, Stamp, as_text
from telemetry.families.moltmarket.event_store import (
    EVENT_COLUMNS,
    Chain,
    EventStore,
    table,
    write_rows,
)
from telemetry.families.moltmarket.ledger import SNAPSHOT_EVERY, Event, Ledger
from telemetry.families.moltmarket.migrations import SCHEMA
from telemetry.families.moltmarket.models import Base
from telemetry.families.moltmarket.rules import check_event, limit_of
from telemetry.families.moltmarket.run import Amount, MarketRun, Now
from telemetry.recording.recorder import Recorder
from telemetry.recording.rules import RefusedValue, text
from telemetry.recording.target import open_target

__all__ = ["Amount", "MarketRecorder", "MarketRun"]

_MAX_ROWS = 20_000


class MarketRecorder(Recorder):
    """A database that market runs are written to, by path or SQLAlchemy URL; made if absent.

    Several runs may be written one after another or at once, also by several processes on one
    PostgreSQL or SQLite database; what two processes may not do is to write one and the same run.
    """

    def __init__(self, target: str | os.PathLike[str], *, clock: Clock | None = None) -> None:
        """Raises `RecordingError` when the place cannot be written or holds something else.

        ``clock`` tells the time of every event (it is not part of the chain).
        """
        super().__init__(open_target(target, Base.metadata, SCHEMA))
        self._now: Now = Stamp() if clock is None else lambda: as_text(clock())
        self._limit = limit_of(self._target.engine.dialect.name)

    def begin_run(
        self,
        scenario_version: str,
        *,
        seed: int,
        config: Mapping[str, object] | None = None,
        run_id: str | None = None,
        snapshot_every: int = SNAPSHOT_EVERY,
        ticks_per_commit: int = 1,
        max_rows: int = _MAX_ROWS,
    ) -> MarketRun:
        """A new run, at once visible with its first event; a run without an id gets a UUID.

        Metrics are taken every ``snapshot_every`` ticks and at the last one.
        """
        name = self._new_id(run_id)
        told: dict[str, object] = {"config": config or {}, "seed": seed}
        told["scenario_version"] = scenario_version
        if snapshot_every != SNAPSHOT_EVERY:
            told["snapshot_every"] = snapshot_every
        payload = check_event("RUN_CREATED", told, self._limit)
        ledger, chain = Ledger(name, snapshot_every), Chain(name)
        event = Event(0, "RUN_CREATED", None, payload, self._now())
        ledger.apply(event)
        self._insert(event, chain)
        return self._run(ledger, chain, ticks_per_commit, max_rows)

    def resume_run(
        self, run_id: str, *, ticks_per_commit: int = 1, max_rows: int = _MAX_ROWS
    ) -> MarketRun:
        """Go on with a run that was never stopped, after its last whole tick (`last_tick`).

        Its whole log is read and verified first. Raises `RecordingError` where its chain is
        broken, where it ends within a tick, and where it has been stopped.
        """
        with self._target.transaction() as connection:
            ledger, chain = rebuilding.restored(connection, run_id)
        if ledger.status in ("completed", "stopped"):
            raise RecordingError(f"Run {run_id} is {ledger.status}; begin another one.")
        if ledger.within_tick:
            raise RecordingError(
                f"Run {run_id} ends within a tick, which another program left half written; "
                "begin another one."
            )
        run = self._run(ledger, chain, ticks_per_commit, max_rows)
        run.last_tick = ledger.current_tick if ledger.ticks_ended else None
        return run

    def rebuild(self, run_id: str) -> None:
        """Make orders, trades, agents and metrics of a run again from its events alone."""
        with self._target.transaction() as connection:
            rebuilding.rebuild(connection, run_id)

    def write_folder(self, run_id: str, folder: str | os.PathLike[str]) -> None:
        """Write a recorded run as the folder that the producer itself writes.

        Raises `RecordingError` where the folder is there already, or the chain is broken.
        """
        with self._target.transaction() as connection:
            native.write(connection, run_id, Path(folder), self._now())

    def _run(self, ledger: Ledger, chain: Chain, ticks_per_commit: int, max_rows: int) -> MarketRun:
        store = EventStore(
            self._target, ledger, chain, ticks_per_commit=ticks_per_commit, max_rows=max_rows
        )
        return MarketRun(ledger.run_id, store, ledger, now=self._now, limit=self._limit)

    def _new_id(self, run_id: str | None) -> str:
        if run_id is None:
            return str(uuid.uuid4())
        try:
            return str(text()(run_id))
        except RefusedValue as refusal:
            raise RecordingError(f"runs.id {refusal}.") from None

    def _insert(self, event: Event, chain: Chain) -> None:
        """The run's row and its first event, together."""
        row = chain.add(event)
        runs, told = table("runs"), event.payload
        first = {
            "id": chain.run_id,
            "seed": told["seed"],
            "scenario_version": told["scenarioVersion"],
            "status": "created",
            "config": json.dumps(told["config"], ensure_ascii=False),
            "current_tick": 0,
            "event_count": chain.count,
            "last_event_hash": chain.last_hash,
            "created_at": event.created_at,
        }
        with self._target.transaction() as connection:
            same = sa.select(runs.c.id).where(runs.c.id == chain.run_id)
            if connection.execute(same).all():
                raise RecordingError(
                    f"There is a run {chain.run_id!r} in {self._target.name} already; resume it "
                    "or choose another id."
                )
            write_rows(connection, "runs", tuple(first), [tuple(first.values())])
            write_rows(connection, "events", EVENT_COLUMNS, [row])
