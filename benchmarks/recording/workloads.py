"""What the recorders of databases are given to write: a run of each family, as a tape."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.recording.tape import Calls, Tape, play
from telemetry.families.moltmarket.models import Base as MarketBase
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.models.unified import Base as SimCashBase
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.families.vmt.models import Base as VmtBase
from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder
from telemetry.samples.order_book import Market
from telemetry.samples.order_book import Scenario as MarketScenario
from telemetry.samples.payments.scenario import BankSpec, Policy
from telemetry.samples.payments.scenario import Scenario as PaymentScenario
from telemetry.samples.payments.simulation import setting, simulate


@dataclass(frozen=True)
class Workload:
    """A run to record: `record` writes the calls to the database at a URL, as its family does."""

    name: str
    metadata: sa.MetaData
    calls: Calls
    recorder: Callable[[str], Any]
    begin: Callable[[Any], Any]
    tick_columns: tuple[str, ...]  # the first that a table has says when its rows are written

    def record(self, url: str) -> None:
        with self.recorder(url) as recorder, self.begin(recorder) as run:
            play(self.calls, run)

    def prepare(self, url: str) -> None:
        """Make the tables, and nothing in them."""
        self.recorder(url).close()


def _taped(simulation: Callable[[Any], None], recorder: Any, begin: Callable[[Any], Any]) -> Calls:
    """What a simulation says, taken down from a recording that is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        with recorder(Path(folder) / "tape.db") as place, begin(place) as run:
            tape = Tape(run)
            simulation(tape)
        return tape.calls


# VMT


def vmt(ticks: int, together: int) -> list[Workload]:
    """The state and decision of 100 agents, 5 trades and the mode of every tick; in two ways."""

    def begin(recorder: VmtRecorder) -> Any:
        return recorder.begin_run(
            "bench", exchange_regime="mixed", policy=LogPolicy(), ticks_per_commit=together
        )

    rows, columns = _vmt_calls(100, ticks)
    return [
        Workload(f"VMT, {way}", VmtBase.metadata, calls, VmtRecorder, begin, ("tick",))
        for way, calls in (("row by row", rows), ("columns", columns))
    ]


def _vmt_calls(agents: int, ticks: int) -> tuple[Calls, Calls]:
    """The same rows row by row, and with states and decisions as columns."""
    chance = random.Random(1)
    rows: Calls = []
    columns: Calls = []
    for tick in range(ticks):
        common: Calls = [("log_tick_state", (tick, "both", "mixed", ["A<->B", "A<->M"]), {})]
        common += [("log_trade", (tick,), _trade(chance, agents)) for _ in range(5)]
        for name, table, make in (
            ("log_agent_snapshot", "agent_snapshots", _snapshot),
            ("log_decision", "decisions", _decision),
        ):
            told = [make(chance, agent) for agent in range(agents)]
            rows += [(name, (tick,), row) for row in told]
            listed = {key: [row[key] for row in told] for key in told[0]}
            columns.append(("record_columns", (table, tick, listed), {}))
        for calls in (rows, columns):
            calls += [*common, ("end_tick", (tick,), {})]
    return rows, columns


def _snapshot(chance: random.Random, agent: int) -> dict[str, Any]:
    real = chance.random
    return {
        "agent_id": agent, "x": chance.randrange(30), "y": chance.randrange(30),
        "inventory_A": chance.randrange(100), "inventory_B": chance.randrange(100),
        "inventory_M": chance.randrange(1000), "utility": real() * 10,
        "ask_A_in_B": real(), "bid_A_in_B": real(), "p_min": real(), "p_max": real(),
        "ask_A_in_M": real(), "bid_A_in_M": real(), "ask_B_in_M": real(), "bid_B_in_M": real(),
        "perceived_price_A": real(), "perceived_price_B": real(), "lambda_money": real(),
        "lambda_changed": 1, "target_agent_id": None, "target_x": None, "target_y": None,
        "utility_type": "ces",
    }  # fmt: skip


def _decision(chance: random.Random, agent: int) -> dict[str, Any]:
    return {
        "agent_id": agent, "chosen_partner_id": chance.randrange(100),
        "surplus_with_partner": chance.random(), "target_type": "trade",
        "target_x": chance.randrange(30), "target_y": chance.randrange(30), "num_neighbors": 3,
        "alternatives": "4:0.251; 17:0.128", "mode": "both", "is_paired": True,
    }  # fmt: skip


def _trade(chance: random.Random, agents: int) -> dict[str, Any]:
    return {
        "x": 1, "y": 2, "buyer_id": chance.randrange(agents), "seller_id": chance.randrange(agents),
        "dA": 1, "dB": 0, "price": chance.random(), "direction": "agent_j_buys_A",
        "dM": chance.randrange(9), "exchange_pair_type": "A<->M",
    }  # fmt: skip


# MoltMarket


def moltmarket(ticks: int, together: int) -> Workload:
    """Twenty bots in an order book: some fifty events a tick, and what follows from them."""
    bots = {"maker": 4, "momentum": 4, "noise": 8, "value": 4}
    scenario = MarketScenario("bench", 1, ticks=ticks, bots=bots)

    def begin(recorder: MarketRecorder) -> Any:
        return recorder.begin_run("bench", seed=1, run_id=_RUN, ticks_per_commit=together)

    def simulation(run: Any) -> None:
        market = Market(scenario, run)
        for tick in range(ticks):
            market.step(tick)
            run.end_tick(tick)

    calls = _taped(simulation, MarketRecorder, begin)
    names = ("tick_id", "tick_created")
    return Workload("MoltMarket", MarketBase.metadata, calls, MarketRecorder, begin, names)


# SimCash


def simcash(ticks: int, together: int) -> list[Workload]:
    """Banks that pay each other, at the level that keeps everything; in two ways."""
    banks = tuple(BankSpec(f"BANK_{letter}", rate=1.0) for letter in "ABCDEFGH")
    scenario = PaymentScenario("bench", banks, ticks_per_day=50, num_days=max(1, ticks // 50))
    policies = {bank.id: Policy() for bank in banks}

    def begin(recorder: SimCashRecorder) -> Any:
        told = setting(scenario, policies, 1)
        return recorder.begin_run(told, simulation_id=_RUN, ticks_per_commit=together)

    calls = _taped(lambda run: simulate(scenario, policies, 1, run), SimCashRecorder, begin)
    names = ("tick", "snapshot_tick", "checkpoint_tick", "arrival_tick", "day")
    return [
        Workload(f"SimCash, {way}", SimCashBase.metadata, told, SimCashRecorder, begin, names)
        for way, told in (("row by row", calls), ("columns", _as_columns(calls)))
    ]


def _as_columns(calls: Calls) -> Calls:
    """The same rows, each tick's events (their JSON ready) and states as columns."""
    found: Calls = []
    events: list[dict[str, Any]] = []
    states: list[dict[str, Any]] = []
    for name, args, told in calls:
        if name == "log_event":
            _, kind, details = args
            event = {"event_type": kind, "details": json.dumps(details)}
            events.append({**event, "agent_id": told.get("agent_id"), "tx_id": told.get("tx_id")})
        elif name == "log_agent_state":
            states.append(told)
        else:
            if name == "end_tick":
                for table, rows in (("simulation_events", events), ("tick_agent_states", states)):
                    listed = {key: [row[key] for row in rows] for row in rows[:1] for key in row}
                    found.append(("record_columns", (table, args[0], listed), {}))
                events, states = [], []
            found.append((name, args, told))
    return found


_RUN = "9b2f1c3e-7d54-4c1a-8e0f-2a6b5d4c3e1f"
