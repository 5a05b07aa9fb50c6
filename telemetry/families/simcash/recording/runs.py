"""One SimCash run being written, at the level that is kept of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Unpack, cast

from telemetry.families.simcash.kept import TABLES_OF_LEVEL
from telemetry.families.simcash.recording.payloads import as_json, details_json, digest
from telemetry.families.simcash.recording.rows import (
    AgentStateRow,
    CollateralRow,
    DayRow,
    DecisionRow,
    TransactionRow,
)
from telemetry.families.simcash.recording.times import MICROSECOND, rising
from telemetry.families.simcash.rules import OF_EVENT, event_check, whole_cents
from telemetry.recording.binding import time_text
from telemetry.recording.checks import Plan, RowCheck, Values
from telemetry.recording.run import COMPLETED, FAILED, Batch, Finalise, RunRecorder

_EVENTS = "simulation_events"
_MOST_WORDS = 10_000
"""Pairs of event and agent that are not checked again; there are far fewer."""
_WORDS = frozenset(("event_type", "agent_id", "tx_id"))
_Said = tuple[str, str, str | None, str | None]
"""Of an event: its details as JSON, type, agent and transaction."""
_MOST_SAID = 1_000
"""Events that wait until rows are made of them together."""


@dataclass
class Totals:
    """What the run row will say; counted from the logged rows, or said at `SimCashRun.finish`."""

    transactions: int = 0
    settlements: int = 0
    cost: int | None = None


class NoBatch:
    """A batch that keeps nothing: runs of the level ``none`` cost no write."""

    def add(self, plan: Plan, row: Values) -> None: ...

    def add_many(self, plan: Plan, rows: list[Values]) -> None: ...

    def end_tick(self) -> None: ...

    def drop_tick(self) -> None: ...

    def commit_ended(self) -> None: ...

    def roll_back(self) -> None: ...


class SimCashRun(RunRecorder[str]):
    """One run being written; every ``log_…`` takes the tick and the columns of one row.

    What a caller would get wrong: rows that the level does not keep are checked and counted but
    not stored, so ask `keeps` before working hard for one; `total_cost` of the run, by which the
    best is found, is the sum of the logged days unless `finish` is told another.
    """

    def __init__(
        self,
        batch: Batch,
        run_id: str,
        checks: Mapping[str, RowCheck],
        *,
        finalise: Finalise,
        fail: Callable[[], None],
        totals: Totals,
        level: str,
        ticks_per_day: int,
    ) -> None:
        super().__init__(batch, run_id, checks, finalise=finalise, given={"simulation_id": run_id})
        self.level = level
        self.totals = totals
        self._fail = fail
        self._kept = TABLES_OF_LEVEL[level]
        self._ticks_per_day = ticks_per_day
        self._events = 0
        self._own = hashlib.sha256(run_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._written = datetime.min
        self._given_of: tuple[int | None, Mapping[str, object]] = (None, {})
        self._event_check = event_check()
        self._words: set[tuple[str, str | None]] = set()
        self._said: list[_Said] = []
        self._event_plan = self._event_check.way_for(_WORDS).plan

    def keeps(self, name: str) -> bool:
        """Whether rows of the table are stored."""
        return name in self._kept

    def log_event(
        self,
        tick: int,
        event_type: str,
        details: Mapping[str, object],
        *,
        agent_id: str | None = None,
        tx_id: str | None = None,
    ) -> None:
        """Something that happened; ``details`` is kept as JSON, its amounts are whole cents."""
        if _EVENTS not in self._kept:
            return
        text = details_json(details)
        try:
            known = (event_type, agent_id) in self._words
        except TypeError:  # no text: said by its rule
            known = False
        if not known or not (
            tx_id is None or (type(tx_id) is str and tx_id.isascii() and "\0" not in tx_id)
        ):
            self._check_words(event_type, agent_id, tx_id)
        if tick != self._tick:
            self._enter_tick(tick)
        self._said.append((text, event_type, agent_id, tx_id))
        if len(self._said) >= _MOST_SAID:
            self._take_said()

    def log_transaction(self, tick: int, **row: Unpack[TransactionRow]) -> None:
        """A payment whose fate is known, or that is still open at the run's last tick."""
        self._log("transactions", tick, row)
        self.totals.transactions += 1
        self.totals.settlements += row.get("status") == "settled"

    def log_agent_state(self, tick: int, **row: Unpack[AgentStateRow]) -> None:
        """One agent at the end of the tick; kept at level ``full``."""
        self._log("tick_agent_states", tick, row)

    def log_queue(
        self, tick: int, *, agent_id: str, queue_type: str, tx_ids: Sequence[str]
    ) -> None:
        """What waits in an agent's queue at the end of the tick, first first; level ``full``."""
        for place, tx_id in enumerate(tx_ids):
            place_row = {"agent_id": agent_id, "queue_type": queue_type, "position": place}
            self._log("tick_queue_snapshots", tick, {**place_row, "tx_id": tx_id})

    def log_day(self, tick: int, **row: Unpack[DayRow]) -> None:
        """One agent's day, in the day's last tick; kept at every level but ``none``."""
        self._log("daily_agent_metrics", tick, row)
        self.totals.cost = (self.totals.cost or 0) + row["total_cost"]

    def log_day_queue(
        self, tick: int, *, agent_id: str, queue_type: str, tx_ids: Sequence[str]
    ) -> None:
        """What is left in an agent's queue when the day ends, first first."""
        for place, tx_id in enumerate(tx_ids):
            place_row = {"agent_id": agent_id, "queue_type": queue_type, "position": place}
            self._log("agent_queue_snapshots", tick, {**place_row, "transaction_id": tx_id})

    def log_collateral(self, tick: int, **row: Unpack[CollateralRow]) -> None:
        """Collateral that an agent posted or withdrew."""
        self._log("collateral_events", tick, row)

    def log_decision(self, tick: int, **row: Unpack[DecisionRow]) -> None:
        """What a policy decided about one transaction; kept at level ``full``."""
        self._log("policy_decisions", tick, row)

    def log_netting(
        self,
        tick: int,
        *,
        cycle_type: str,
        agents: Sequence[str],
        transactions: Sequence[str],
        tx_amounts: Sequence[int],
        settled_value: int,
        total_value: int,
        net_positions: Mapping[str, int] | None = None,
        max_net_outflow: int | None = None,
        max_net_outflow_agent: str | None = None,
    ) -> None:
        """Payments that were settled against one another; values are cents."""
        values = {
            "cycle_type": cycle_type,
            "cycle_length": len(agents),
            "agents": as_json("lsm_cycles.agents", list(agents)),
            "transactions": as_json("lsm_cycles.transactions", list(transactions)),
            "tx_amounts": _amounts("tx_amounts", list(tx_amounts)),
            "settled_value": settled_value,
            "total_value": total_value,
            "net_positions": None,
            "max_net_outflow": max_net_outflow,
            "max_net_outflow_agent": max_net_outflow_agent,
        }
        if net_positions is not None:
            values["net_positions"] = _amounts("net_positions", dict(net_positions))
        self._log("lsm_cycles", tick, values)

    def log_policy(
        self, tick: int, agent_id: str, policy: object, created_by: str = "init"
    ) -> None:
        """The policy that an agent holds from this tick on; kept at every level but ``none``."""
        values = {
            "agent_id": agent_id,
            "policy_hash": digest(policy),
            "policy_json": as_json("policy_snapshots.policy_json", policy),
            "created_by": created_by,
        }
        self._log("policy_snapshots", tick, values)

    def log_register(self, tick: int, agent_id: str, key: str, value: float) -> None:
        """A number that a policy remembers from this tick on."""
        values = {"agent_id": agent_id, "register_key": key, "register_value": value}
        self._log("agent_state_registers", tick, values)

    def log_checkpoint(
        self,
        tick: int,
        state: Mapping[str, object],
        config: Mapping[str, object],
        *,
        checkpoint_type: str = "manual",
        description: str | None = None,
        created_by: str = "simulator",
        num_agents: int,
        num_transactions: int,
    ) -> None:
        """A state from which the simulation can go on."""
        text = as_json("simulation_checkpoints.state_json", state)
        values = {
            "checkpoint_id": f"{self.run_id}-tick{tick}-{checkpoint_type}",
            "state_json": text,
            "state_hash": digest(state),
            "config_json": as_json("simulation_checkpoints.config_json", config),
            "config_hash": digest(config),
            "checkpoint_type": checkpoint_type,
            "description": description,
            "created_by": created_by,
            "num_agents": num_agents,
            "num_transactions": num_transactions,
            "total_size_bytes": len(text.encode("utf-8", "surrogatepass")),
        }
        self._log("simulation_checkpoints", tick, values)

    def record_columns(
        self, table: str, tick: int, columns: Mapping[str, Sequence[object]]
    ) -> None:
        """Many rows of one table at once, as `RunRecorder.record_columns`; the level holds.

        Events get their ids here; ``details`` are JSON texts. Days and transactions are logged
        one by one, for the run's totals are made of them.
        """
        if table not in self._kept:
            return
        if table == _EVENTS:
            self._take_said()
            count = len(next(iter(columns.values()), ()))
            given = self._given_of_events(tick, count)
            self._take_columns(tick, *self._checks[table].columns(given, columns))
        else:
            super().record_columns(table, tick, columns)

    def end_tick(self, tick: int) -> None:
        self._take_said()
        super().end_tick(tick)

    def finish(
        self,
        status: str = COMPLETED,
        *,
        total_transactions: int | None = None,
        total_settlements: int | None = None,
        total_cost: int | None = None,
    ) -> None:
        """Close the run: it is judged by its cost, and thinned if its experiment keeps others.

        Totals that are not given are those of the logged rows. A second call does nothing.
        """
        if self._closed is None:
            told = {
                "total_transactions": total_transactions,
                "total_settlements": total_settlements,
                "total_cost": total_cost,
            }
            for name, value in told.items():
                if value is not None:
                    number = whole_cents(f"simulation_runs.{name}", value)
                    setattr(self.totals, name.removeprefix("total_"), number)
        stopped = self._closed is not None
        super().finish(status)
        if status == FAILED and not stopped:
            self._fail()

    def _log(self, name: str, tick: int, row: Mapping[str, object]) -> None:
        if name in self._kept:
            self.record(name, tick, row)
        else:
            self._checks[name]((None,) * len(self._checks[name].given), row)

    def _check_words(self, event_type: str, agent_id: str | None, tx_id: str | None) -> None:
        values = {"event_type": event_type, "agent_id": agent_id, "tx_id": tx_id}
        self._event_check((), values)
        if len(self._words) < _MOST_WORDS:
            self._words.add((event_type, agent_id))

    def _take_said(self) -> None:
        """Make rows of the events that have been said, in their order."""
        said, self._said = self._said, []
        if not said or self._tick is None:
            return
        ids, times, *told = self._given_of_events(self._tick, len(said))
        own = zip(cast("list[str]", ids), cast("list[str]", times), said, strict=True)
        rows = [(own_id, at, text, *told, *words) for own_id, at, (text, *words) in own]
        self._take_columns(self._tick, self._event_plan, rows)

    def _given_of_events(self, tick: int, count: int) -> Values:
        """What events of a tick are given: ids and times of each, and what they share."""
        given = self._given_at(tick)
        shared = self._event_check.given[len(OF_EVENT) :]
        return self._event_ids(count), self._event_times(count), *(given[name] for name in shared)

    def _event_ids(self, count: int) -> list[str]:
        """Ids rise with the order of writing, and share beginnings, which keeps indices small.

        They are shorter than the run's own id, for each stands in its row and in an index.
        """
        first, own = self._events + 1, self._own
        self._events += count
        return [f"{own}-{number:06x}" for number in range(first, first + count)]

    def _event_times(self, count: int) -> list[str]:
        """Now, each later than the event before: readers sort the events of a tick by it."""
        first = max(datetime.now(), self._written + MICROSECOND)
        self._written = first + (count - 1) * MICROSECOND
        return rising(first, count)

    def _given_at(self, tick: int) -> Mapping[str, object]:
        if tick != self._given_of[0]:
            self._given_of = (tick, self._given_from(tick))
        return self._given_of[1]

    def _given_from(self, tick: int) -> Mapping[str, object]:
        """One time for the whole tick, whose rows are told apart by their order."""
        day = tick // self._ticks_per_day if type(tick) is int else 0
        now = time_text(datetime.now())
        return {
            **super()._given_at(tick),
            "day": day,
            **dict.fromkeys(("snapshot_tick", "checkpoint_tick"), tick),
            **dict.fromkeys(("snapshot_day", "checkpoint_day"), day),
            **dict.fromkeys(("created_at", "checkpoint_timestamp"), now),
        }


def _amounts(name: str, amounts: object) -> str:
    named = {name: amounts}
    as_json("lsm_cycles", named, money=True)
    return as_json(f"lsm_cycles.{name}", amounts)
