"""The event log being written: each event chained to the last, and what follows from it beside it.

One transaction holds whole ticks: their events, the rows derived from them, and the run row that
says where the chain ends. Nothing is ever changed in the log itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from json.encoder import encode_basestring
from operator import itemgetter

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.hash_chain import GENESIS, canonical_json
from telemetry.families.moltmarket.ledger import (
    AGENT_COLUMNS,
    ORDER_COLUMNS,
    SNAPSHOT_COLUMNS,
    TRADE_COLUMNS,
    Changes,
    Event,
    Ledger,
    Row,
)
from telemetry.families.moltmarket.models import Base
from telemetry.families.moltmarket.payloads import json_of
from telemetry.recording.bulk import Into, insert_rows, update_rows
from telemetry.recording.checks import Plan, Values
from telemetry.recording.letter import Letter
from telemetry.recording.scribe import Parcel
from telemetry.recording.target import Target, writing
from telemetry.recording.transactions import Transactions

EVENT_COLUMNS = (
    "run_id", "tick_id", "event_seq", "event_type", "agent_id", "payload", "prev_hash",
    "event_hash", "created_at",
)  # fmt: skip
_as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_MOST_ROWS = 4
"""An event and what it changes, but for the rare ones: fewer events need not be counted."""
_KEYS = ("run_id", "id")
_AGENT_STATE = ("cash_balance", "asset_balance", "status", "bankrupt_at_tick")
_ORDER_STATE = ("filled_quantity", "status")


def table(name: str) -> sa.Table:
    """The table of that name, its JSON taken as the text that it is stored as."""
    return _TABLES[name]


class _Written(sa.Text):
    """JSON that has been written, for a column of that type."""

    __visit_name__ = "JSONB"  # of JSON, PostgreSQL would read every text twice


def _as_text(own: sa.Table) -> sa.Table:
    columns = (
        sa.Column(c.name, _Written() if isinstance(c.type, sa.JSON) else c.type, key=c.key)
        for c in own.columns
    )
    return sa.Table(own.name, sa.MetaData(), *columns)


_TABLES = {name: _as_text(own) for name, own in Base.metadata.tables.items()}
_RUNS = _TABLES["runs"].c
_END = sa.select(_RUNS.event_count, _RUNS.last_event_hash).where(_RUNS.id == sa.bindparam("run"))
_END_OF_FILE = "SELECT event_count, last_event_hash FROM runs WHERE id = ?"
_END_LOCKED = _END.with_for_update()
_END_OF_RUN = (
    "SELECT FROM runs WHERE id = %s AND event_count = %s AND last_event_hash = %s FOR UPDATE"
)
_STAND = ("status", "current_tick", "event_count", "last_event_hash", "started_at", "stopped_at")


class Chain:
    """Where the chain of a run ends: how many events it has, and the hash of the last."""

    def __init__(self, run_id: str, count: int = 0, last_hash: str = GENESIS) -> None:
        self._run = _as_json(run_id)
        self._tick: tuple[int, str] = (0, "0")
        self.run_id = run_id
        self.count = count
        self.last_hash = last_hash

    def add(self, event: Event) -> Row:
        """The event as a row of the log, chained to the one before it."""
        tick, kind, agent_id, _, created_at = event
        stored, payload = _written(event)
        agent = "null" if agent_id is None else encode_basestring(agent_id)
        if tick != self._tick[0]:
            self._tick = (tick, canonical_json(tick))
        hashed = (
            f'{{"agentId":{agent},"eventSeq":{self.count},"eventType":"{kind}",'
            f'"payload":{payload},"prevHash":"{self.last_hash}",'
            f'"runId":{self._run},"tickId":{self._tick[1]}}}'
        )
        own = hashlib.sha256(hashed.encode()).hexdigest()
        row = (
            self.run_id, tick, self.count, kind, agent_id, stored, self.last_hash, own, created_at,
        )  # fmt: skip
        self.count += 1
        self.last_hash = own
        return row


def _written(event: Event) -> tuple[str, str]:
    """The payload as it is stored, and as the producer hashes it: the same for plain values."""
    plain = json_of(event.kind, event.payload)
    if plain is not None:
        return plain, plain
    return _as_json(event.payload), canonical_json(event.payload)


class EventStore:
    """Buffers events, and commits them in whole ticks with all that follows from them.

    What a caller would get wrong: an event is chained when it is added, so a tick that is dropped
    takes the chain's end back with it. It fits `RunRecorder` as its batch.
    """

    def __init__(
        self, target: Target, ledger: Ledger, chain: Chain, *, ticks_per_commit: int, max_rows: int
    ) -> None:
        if ticks_per_commit < 1:
            raise RecordingError(f"ticks_per_commit must be 1 or more, not {ticks_per_commit}.")
        self._target, self._ledger, self._chain = target, ledger, chain
        self._transactions = Transactions(target)
        self._ticks_per_commit = ticks_per_commit
        self._max_rows = max_rows
        self._stored = self._ended = (chain.count, chain.last_hash)
        self._under_way: list[Row] = []
        self._waiting: list[Row] = []
        self._changes = Changes()
        self._ticks_ended = 0

    def append(self, event: Event) -> None:
        """Chain the event and take it; memory stays below about ``max_rows`` rows."""
        self._under_way.append(self._chain.add(event))
        self._ledger.apply(event)
        waiting = len(self._under_way)
        if waiting * _MOST_ROWS >= self._max_rows and waiting + len(self._ledger) >= self._max_rows:
            self._spill()

    def add(self, plan: Plan, row: Values) -> None:
        raise RecordingError(f"{plan.table.name} takes events alone; record an event.")

    def add_many(self, plan: Plan, rows: list[Values]) -> None:
        raise RecordingError(f"{plan.table.name} takes events one by one; record an event.")

    def end_tick(self) -> None:
        """The tick under way is whole: commit it, at once or with its successors."""
        self._ended = (self._chain.count, self._chain.last_hash)
        if self._transactions.open is not None:
            self._write(self._under_way, self._ledger.take())
            self._under_way = []
            self._commit()
            return
        self._waiting += self._under_way
        self._under_way = []
        self._changes.add(self._ledger.take())
        self._ticks_ended += 1
        full = len(self._waiting) + len(self._changes) >= self._max_rows
        if full or self._ticks_ended >= self._transactions.together(self._ticks_per_commit):
            self._commit_ended()

    def drop_tick(self) -> None:
        """Forget the tick under way, also what has spilled of it, and unchain its events."""
        self._under_way = []
        self._ledger.take()
        self._chain.count, self._chain.last_hash = self._ended
        self._transactions.roll_back()

    def commit_ended(self) -> None:
        """Make every ended tick visible now; the tick under way is not touched."""
        self._commit_ended()
        self._transactions.confirm()

    def roll_back(self) -> None:
        """Give up the open transaction, if any; never raises, for it runs after failures."""
        self._transactions.give_up()

    def _commit_ended(self) -> None:
        if self._waiting or len(self._changes):
            self._write(self._waiting, self._changes, ahead=self._ticks_per_commit > 1)
            self._waiting, self._changes = [], Changes()
            self._commit()
        self._ticks_ended = 0

    def _spill(self) -> None:
        self.commit_ended()
        self._write(self._under_way, self._ledger.take())
        self._under_way = []

    def _write(self, events: list[Row], changes: Changes, *, ahead: bool = False) -> None:
        connection = self._transactions.open
        if connection is None:
            rows = len(events) + len(changes)
            connection = self._transactions.begin(ahead=rows if ahead else 0)
            with writing(self._target):
                claim(connection, self._chain.run_id, self._stored)
        with writing(self._target):
            write_rows(connection, "events", EVENT_COLUMNS, events)
            write_changes(connection, changes)

    def _commit(self) -> None:
        if self._transactions.open is not None:
            with writing(self._target):
                write_run(self._transactions.open, self._ledger, *self._ended)
            self._transactions.commit()
            self._stored = self._ended


def claim(connection: Into, run_id: str, expected: tuple[int, str]) -> None:
    """Take the run for this transaction; RecordingError where its chain ends elsewhere by now.

    Two that write one run would fork its chain: the later one is refused instead.
    """
    refusal = (
        f"Run {run_id} has been changed by another program since event {expected[0]}; "
        "nothing more is written to it here."
    )
    if isinstance(connection, Letter):
        connection.expect(_END_OF_RUN, (run_id, *expected), refusal)
        return
    if isinstance(connection, Parcel):
        connection.expect(_END_OF_FILE, (run_id,), expected, refusal)
        return
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    wanted = _END_LOCKED if connection.dialect.name == "postgresql" else _END
    # all, as DuckDB's appender wants nothing left open
    found = connection.execute(wanted, {"run": run_id}).all()
    if [tuple(row) for row in found] != [expected]:
        raise RecordingError(refusal)


def write_rows(connection: Into, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows into a table, its JSON given as text."""
    listed = list(rows)
    if listed:
        insert_rows(connection, _TABLES[name], columns, listed)


def write_changes(connection: Into, changes: Changes) -> None:
    """Write the derived rows: new ones as they are, known ones over what is stored."""
    write_rows(connection, "agents", AGENT_COLUMNS, changes.new_agents.values())
    write_rows(connection, "orders", ORDER_COLUMNS, changes.new_orders.values())
    write_rows(connection, "trades", TRADE_COLUMNS, changes.trades)
    write_rows(connection, "metrics_snapshots", SNAPSHOT_COLUMNS, changes.snapshots)
    _update(connection, "agents", AGENT_COLUMNS, _AGENT_STATE, changes.agents.values())
    _update(connection, "orders", ORDER_COLUMNS, _ORDER_STATE, changes.orders.values())


def write_run(connection: Into, ledger: Ledger, count: int, last_hash: str) -> None:
    """Let the run row say where the run stands, and where its chain ends."""
    ends = (ledger.status, ledger.current_tick, count, last_hash)
    row = (*ends, ledger.started_at, ledger.stopped_at, ledger.run_id)
    update_rows(connection, _TABLES["runs"], (*_STAND, "id"), 1, [row])


def _update(
    connection: Into,
    name: str,
    columns: Sequence[str],
    changed: tuple[str, ...],
    rows: Iterable[Row],
) -> None:
    names = (*changed, *_KEYS)
    wanted = itemgetter(*(columns.index(column) for column in names))
    listed = [wanted(row) for row in rows]
    if listed:
        update_rows(connection, _TABLES[name], names, len(_KEYS), listed)
