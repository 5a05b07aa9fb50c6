"""The recorder of the VMT family: what a simulator calls to write its runs.

    with VmtRecorder("runs.db") as recorder, recorder.begin_run("demo", config={...}) as run:
        run.log_trade(0, x=1, y=2, buyer_id=0, seller_id=1, ...)
        run.end_tick(0)

Source of every rule here: "Money Telemetry Database Schema Extensions" (the seed document).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import zip_longest
from typing import Unpack, cast

from sqlalchemy import insert, update

from telemetry.errors import RecordingError
from telemetry.families.vmt.experiment_recorder import (
    Link,
    VmtExperiment,
    as_json,
    begin_experiment,
    link,
)
from telemetry.families.vmt.migrations import SCHEMA
from telemetry.families.vmt.models import Base
from telemetry.families.vmt.rows import (
    AgentSnapshotRow,
    AttemptRow,
    DecisionRow,
    LambdaUpdateRow,
    PairingRow,
    PreferenceRow,
    ResourceRow,
    TradeRow,
)
from telemetry.families.vmt.rules import PAIR_TYPES, REGIMES, row_checks, table
from telemetry.frozen import Frozen
from telemetry.recording.batch import TickBatch
from telemetry.recording.checks import RowCheck
from telemetry.recording.recorder import Recorder
from telemetry.recording.run import Batch, Finalise, RunRecorder
from telemetry.recording.target import Target, open_target

LEVELS = ("minimal", "standard", "debug")

_MINIMAL = frozenset({"tick_states", "mode_changes", "trades", "agent_snapshots"})
_STANDARD = _MINIMAL | {"resource_snapshots", "decisions", "lambda_updates", "pairings"}
_DEBUG = _STANDARD | {"trade_attempts", "preferences"}
_TABLES_OF_LEVEL = {"minimal": _MINIMAL, "standard": _STANDARD, "debug": _DEBUG}

_ONE_BY_ONE = {
    "tick_states": "call log_tick_state",
    "mode_changes": "call log_mode_change",
    "lambda_updates": "call log_lambda_update",
}


class LogPolicy(Frozen):
    """How much of a run is kept: a level, how often snapshots are taken, and the ε of λ updates.

    ``minimal``: trades, states, mode changes, agent snapshots; ``standard`` adds resources,
    decisions, λ updates and pairings; ``debug`` adds attempts and preferences.
    """

    level: str = "standard"
    agent_snapshot_every: int = 1
    resource_snapshot_every: int = 10
    lambda_epsilon: float = 1e-9

    def __post_init__(self) -> None:
        """Refuse a policy that means nothing, naming the field."""
        if self.level not in LEVELS:
            raise RecordingError(f"level must be one of {', '.join(LEVELS)}, not {self.level!r}.")
        for name in ("agent_snapshot_every", "resource_snapshot_every"):
            if getattr(self, name) < 1:
                raise RecordingError(f"{name} must be 1 or more, not {getattr(self, name)}.")
        if not self.lambda_epsilon >= 0:
            raise RecordingError(f"lambda_epsilon must be 0 or more, not {self.lambda_epsilon}.")

    def keeps(self, table: str, tick: int) -> bool:
        """Whether rows of the table are stored at this tick."""
        if table not in _TABLES_OF_LEVEL[self.level]:
            return False
        if table == "agent_snapshots":
            return tick % self.agent_snapshot_every == 0
        return table != "resource_snapshots" or tick % self.resource_snapshot_every == 0


class VmtRecorder(Recorder):
    """A database that VMT runs are written to, by path or SQLAlchemy URL; made if absent.

    Several runs may be written one after another or at once, also by several processes.
    """

    def __init__(self, target: str | os.PathLike[str], *, older_vintage: bool = False) -> None:
        """Raises `RecordingError` when the place cannot be written or holds something else.

        ``older_vintage`` writes barter runs into existing tables that lack columns or tables of
        today; what there is no place for is not kept.
        """
        super().__init__(open_target(target, Base.metadata, SCHEMA, as_it_is=older_vintage))

    def begin_experiment(
        self,
        experiment_id: str,
        name: str | None = None,
        *,
        kind: str = "generic",
        config: Mapping[str, object] | None = None,
        master_seed: int | None = None,
    ) -> VmtExperiment:
        """A new experiment to which runs may belong; give it to `begin_run`."""
        values = {
            "experiment_name": name or experiment_id,
            "experiment_type": kind,
            "config": None if config is None else as_json("config", config),
            "master_seed": master_seed,
            "created_at": datetime.now().isoformat(),
        }
        return begin_experiment(self._target, experiment_id, values)

    def begin_run(
        self,
        scenario_name: str,
        *,
        config: Mapping[str, object] | None = None,
        num_agents: int | None = None,
        grid_width: int | None = None,
        grid_height: int | None = None,
        exchange_regime: str = "barter_only",
        money_mode: str | None = None,
        money_scale: int = 1,
        start_time: str | None = None,
        policy: LogPolicy | None = None,
        ticks_per_commit: int = 1,
        experiment: VmtExperiment | None = None,
        iteration: int | None = None,
        sample_index: int | None = None,
        purpose: str | None = None,
    ) -> VmtRun:
        """A new run, at once visible as unfinished; ``config`` is kept as JSON.

        A run whose regime changes over time is begun with its widest regime: ``barter_only``
        leaves every money column at its default.
        """
        barter = exchange_regime == "barter_only"
        lacking = self._target.lacking
        if lacking and not barter:
            raise RecordingError(
                f"exchange_regime must be barter_only, not {exchange_regime}: the tables of "
                f"{self._target.name} are of an older vintage; record to a new file."
            )
        checks = row_checks(barter=barter, lacking=lacking)
        plan, values = checks["simulation_runs"](
            (),
            {
                "scenario_name": scenario_name,
                "start_time": start_time or datetime.now().isoformat(),
                "num_agents": num_agents,
                "grid_width": grid_width,
                "grid_height": grid_height,
                "config_json": None if config is None else as_json("config", config),
                "exchange_regime": exchange_regime,
                "money_mode": money_mode,
                "money_scale": money_scale,
            },
        )
        belongs = link(experiment, iteration, sample_index, purpose)
        run_id = self._insert_run(dict(zip(plan.names, values, strict=True)), belongs)
        absent = {name for name, columns in lacking.items() if "run_id" in columns}
        return VmtRun(
            TickBatch(self._target, ticks_per_commit=ticks_per_commit),
            run_id,
            {name: check for name, check in checks.items() if name not in absent},
            finalise=partial(_finalise, self._target, run_id),
            policy=policy or LogPolicy(),
            barter=barter,
        )

    def _insert_run(self, row: Mapping[str, object], belongs: Link | None) -> int:
        with self._target.transaction() as connection:
            key = connection.execute(insert(table("simulation_runs")), row).inserted_primary_key
            if key is None:
                raise RecordingError(f"{self._target.name} gave the new run no id.")
            if belongs is not None:
                belongs.write(connection, int(key[0]))
        return int(key[0])


class VmtRun(RunRecorder[int]):
    """One VMT run being written; every ``log_…`` takes the tick and the columns of one row.

    What a caller would get wrong: rows that the policy does not keep are ignored, so ask `keeps`
    before working hard for one.
    """

    def __init__(
        self,
        batch: Batch,
        run_id: int,
        checks: Mapping[str, RowCheck],
        *,
        finalise: Finalise,
        policy: LogPolicy,
        barter: bool,
    ) -> None:
        super().__init__(batch, run_id, checks, finalise=finalise)
        self.policy = policy
        self._barter = barter
        self._stated_tick: int | None = None
        self._kept_at: int | None = None
        self._kept: frozenset[str] = frozenset()

    def keeps(self, name: str, tick: int) -> bool:
        """Whether rows of the table are stored at this tick."""
        return name in self._checks and self.policy.keeps(name, tick)

    def log_agent_snapshot(self, tick: int, **row: Unpack[AgentSnapshotRow]) -> None:
        """The state of one agent at the end of the tick."""
        self._log("agent_snapshots", tick, row)

    def log_resource(self, tick: int, **row: Unpack[ResourceRow]) -> None:
        """What lies on one cell; all cells in use together make a snapshot."""
        self._log("resource_snapshots", tick, row)

    def log_decision(self, tick: int, **row: Unpack[DecisionRow]) -> None:
        """What one agent means to do in this tick."""
        self._log("decisions", tick, row)

    def log_trade(self, tick: int, **row: Unpack[TradeRow]) -> None:
        """One exchange. In a barter run a trade for money is refused, never stored as barter."""
        self._refuse_money("trades", row.get("exchange_pair_type"), row.get("dM"))
        self._log("trades", tick, row)

    def log_attempt(self, tick: int, **row: Unpack[AttemptRow]) -> None:
        """One price and block that was tried; kept at level ``debug`` only."""
        self._refuse_money("trade_attempts", row.get("exchange_pair_type"), row.get("dM_attempted"))
        self._log("trade_attempts", tick, row)

    def log_pairing(self, tick: int, **row: Unpack[PairingRow]) -> None:
        """Two agents agreed to meet, or gave each other up."""
        self._log("pairings", tick, row)

    def log_preference(self, tick: int, **row: Unpack[PreferenceRow]) -> None:
        """One entry of an agent's ranked list of partners; kept at level ``debug`` only."""
        self._log("preferences", tick, row)

    def log_lambda_update(self, tick: int, **row: Unpack[LambdaUpdateRow]) -> None:
        """One step of λ, stored only when |λ_new − λ_old| > ε of the policy."""
        if self._barter:
            raise RecordingError(
                f"lambda_updates belong to money runs, but run {self.run_id} was begun as "
                "barter_only; begin it with its own exchange_regime."
            )
        old, new = row.get("lambda_old"), row.get("lambda_new")
        numbers = isinstance(old, int | float) and isinstance(new, int | float)
        if numbers and abs(new - old) <= self.policy.lambda_epsilon:
            return
        self._log("lambda_updates", tick, row)

    def log_mode_change(self, tick: int, old_mode: str, new_mode: str) -> None:
        """A switch of the mode schedule, at the first tick of the new mode."""
        self._log("mode_changes", tick, {"old_mode": old_mode, "new_mode": new_mode})

    def log_tick_state(self, tick: int, mode: str, regime: str, pairs: Sequence[str]) -> None:
        """Mode, regime and active pair types of the tick (none while foraging), once a tick."""
        if tick == self._stated_tick:
            raise RecordingError(f"tick_states already has tick {tick} of run {self.run_id}.")
        if self._barter and regime != "barter_only" and regime in REGIMES:
            raise RecordingError(
                f"tick_states.exchange_regime must be barter_only, not {regime}: run "
                f"{self.run_id} was begun as barter_only; begin it with its widest regime."
            )
        for pair in pairs:
            if pair not in PAIR_TYPES:
                raise RecordingError(
                    f"tick_states.active_pairs must hold {', '.join(PAIR_TYPES)}, not {pair!r}."
                )
        values = {
            "current_mode": mode,
            "exchange_regime": regime,
            "active_pairs": json.dumps(list(pairs)),
        }
        self._log("tick_states", tick, values)
        self._stated_tick = tick

    def record_columns(
        self, table: str, tick: int, columns: Mapping[str, Sequence[object]]
    ) -> None:
        """Many rows of one table at once, as `RunRecorder.record_columns`; the policy holds.

        States, mode changes and λ updates have rules of their own and are logged one by one.
        """
        if table in _ONE_BY_ONE:
            raise RecordingError(f"{table} takes one row at a time; {_ONE_BY_ONE[table]}.")
        if not self.keeps(table, tick):
            return
        if self._barter:
            money = columns.get("dM", columns.get("dM_attempted", ()))
            for pair, paid in zip_longest(columns.get("exchange_pair_type", ()), money):
                self._refuse_money(table, cast("str | None", pair), cast("int | None", paid))
        super().record_columns(table, tick, columns)

    def _log(self, name: str, tick: int, row: Mapping[str, object]) -> None:
        if tick != self._kept_at:
            self._kept = frozenset(n for n in self._checks if self.policy.keeps(n, tick))
            self._kept_at = tick
        if name in self._kept:
            self.record(name, tick, row)

    def _refuse_money(self, name: str, pair: str | None, money: int | None) -> None:
        """A barter run keeps money columns at their defaults, so a money row would be a lie."""
        if self._barter and ((pair is not None and "M" in pair) or money):
            raise RecordingError(
                f"{name}.exchange_pair_type must be A<->B without money, not {pair} with {money}: "
                f"run {self.run_id} was begun as barter_only; begin it with its own regime."
            )


def _finalise(target: Target, run_id: int, ticks: int) -> None:
    runs = table("simulation_runs")
    done = {"end_time": datetime.now().isoformat(), "total_ticks": ticks}
    with target.transaction() as connection:
        connection.execute(update(runs).where(runs.c.run_id == run_id).values(done))
