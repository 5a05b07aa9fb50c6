"""Prints what SimCash recordings weigh on disk, per persistence level and per policy."""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb

from telemetry.families.simcash.recorder import (
    Persistence,
    Setting,
    SimCashExperiment,
    SimCashRecorder,
    SimCashRun,
)

AGENTS = tuple(f"BANK_{letter}" for letter in "ABCD")
SETTING = Setting(
    "benchmark.yaml",
    seed=42,
    ticks_per_day=100,
    num_days=3,
    config={"agents": [{"id": a, "opening_balance": 500_000, "rate": 0.4} for a in AGENTS]},
    policies={a: {"parameters": {"initial_liquidity_fraction": 0.5}} for a in AGENTS},
)
TICKS, EVENTS = 300, 33
_KINDS = ("liquidity", "delay", "collateral", "penalty", "split_friction")


@dataclass(frozen=True)
class Plan:
    """A policy over an experiment, and what the document of the schema promises for it."""

    name: str
    persistence: Persistence
    promised: str


PLANS = (
    Plan("NONE", Persistence("none"), "0"),
    Plan("SMART", Persistence(), "8 MB"),
    Plan("SMART, every sample judged", Persistence(compare=("bootstrap",)), "8 MB"),
    Plan(
        "SMART, earlier bests kept too",
        Persistence(compare=("bootstrap",), thin_surpassed=False),
        "8 MB",
    ),
    Plan("ALL", Persistence("all"), "250 MB"),
)
PROMISED = {"none": "0 KB", "summary": "5 KB", "events": "500 KB", "full": "2 MB"}


def simulate(run: SimCashRun, chance: random.Random, cost: int) -> None:
    """A run with the numbers of rows that the document counts with, its amounts drawn anew."""
    for tick in range(TICKS):
        if run.keeps("simulation_events"):
            run.record_columns("simulation_events", tick, events(tick, chance))
            for number in range(2):
                payment(run, tick, number, chance)
        if run.keeps("tick_agent_states"):
            run.record_columns("tick_agent_states", tick, states(chance))
            for agent in AGENTS:
                waiting = [f"tx{tick - i:05d}" for i in range(3)]
                run.log_queue(tick, agent_id=agent, queue_type="queue1", tx_ids=waiting)
        if tick % SETTING.ticks_per_day == SETTING.ticks_per_day - 1:
            for agent in AGENTS:
                day(run, tick, agent, chance)
        run.end_tick(tick)
    run.finish(total_cost=cost)


def events(tick: int, chance: random.Random) -> dict[str, list[object]]:
    """One tick of events, of three kinds in turn, as columns."""
    found: list[tuple[str, str, str | None, str | None]] = []
    for number in range(EVENTS // 3):
        sender, receiver = chance.sample(AGENTS, 2)
        amount, tx = chance.randrange(1_000, 2_000_000), f"tx{tick:05d}{number:02d}"
        arrival = {
            "amount": amount,
            "deadline": tick + 20,
            "is_divisible": False,
            "priority": 5,
            "receiver_id": receiver,
            "sender_id": sender,
        }
        paid = {
            "amount": amount,
            "receiver": receiver,
            "sender": sender,
            "sender_balance_after": chance.randrange(10**6),
            "sender_balance_before": chance.randrange(10**6),
        }
        found += [
            ("Arrival", json.dumps(arrival), None, tx),
            ("PolicySubmit", "{}", sender, tx),
            ("RtgsImmediateSettlement", json.dumps(paid), None, tx),
        ]
    names = ("event_type", "details", "agent_id", "tx_id")
    return {
        name: list(values) for name, values in zip(names, zip(*found, strict=True), strict=True)
    }


def states(chance: random.Random) -> dict[str, list[object]]:
    """Every agent at the end of a tick, as columns."""
    count = len(AGENTS)
    columns: dict[str, list[object]] = {"agent_id": list(AGENTS)}
    for name in ("balance", "balance_change"):
        columns[name] = [chance.randrange(-(10**6), 10**6) for _ in AGENTS]
    columns |= {name: [100_000] * count for name in ("unsecured_cap", "posted_collateral")}
    for kind in _KINDS:
        columns[f"{kind}_cost"] = [chance.randrange(5_000) for _ in AGENTS]
        columns[f"{kind}_cost_delta"] = [chance.randrange(100) for _ in AGENTS]
    return columns


def payment(run: SimCashRun, tick: int, number: int, chance: random.Random) -> None:
    sender, receiver = chance.sample(AGENTS, 2)
    amount = chance.randrange(1_000, 2_000_000)
    run.log_transaction(
        tick,
        tx_id=f"tx{tick:05d}{number:02d}",
        sender_id=sender,
        receiver_id=receiver,
        amount=amount,
        priority=5,
        is_divisible=False,
        arrival_tick=tick,
        arrival_day=tick // SETTING.ticks_per_day,
        deadline_tick=tick + 20,
        settlement_tick=tick,
        settlement_day=tick // SETTING.ticks_per_day,
        status="settled",
        amount_settled=amount,
        queue1_ticks=0,
        queue2_ticks=0,
        total_delay_ticks=0,
        delay_cost=0,
    )


def day(run: SimCashRun, tick: int, agent: str, chance: random.Random) -> None:
    from telemetry.families.simcash.recording.rows import DayRow

    row = {n: chance.randrange(10**5) for n in DayRow.__annotations__ if n != "agent_id"}
    run.log_day(tick, agent_id=agent, **row)


def compacted(path: Path) -> int:
    """Bytes of a copy that holds none of the room which deleted rows have left to be used again."""
    copy = path.with_name("compact")
    if path.read_bytes()[:6] == b"SQLite":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"VACUUM INTO '{copy}'")
    else:
        with duckdb.connect() as connection:
            connection.execute(f"ATTACH '{path}' AS a (READ_ONLY)")
            connection.execute(f"ATTACH '{copy}' AS b")
            connection.execute("COPY FROM DATABASE a TO b")
    size = copy.stat().st_size
    copy.unlink()
    return size


def recorded(url: str, work: Callable[[SimCashRecorder], object]) -> tuple[int, int, float]:
    """Bytes on disk, bytes of a compact copy, and seconds of what `work` records anew."""
    begin = time.perf_counter()
    with SimCashRecorder(url) as recorder:
        work(recorder)
    path = Path(url.split("///")[1])
    seconds = time.perf_counter() - begin
    return path.stat().st_size, compacted(path), seconds


def alone(level: str, count: int) -> Callable[[SimCashRecorder], object]:
    """So many runs of no experiment."""

    def work(recorder: SimCashRecorder) -> None:
        for number in range(count):
            chance = random.Random(number)
            with recorder.begin_run(SETTING, level=level, ticks_per_commit=50) as run:
                simulate(run, chance, 1)

    return work


def whole(plan: Plan, iterations: int, samples: int) -> Callable[[SimCashRecorder], object]:
    """An experiment of one judged run and its samples per iteration."""

    def work(recorder: SimCashRecorder) -> None:
        chance = random.Random(1)
        with recorder.begin_experiment(
            "benchmark", config={}, master_seed=1, persistence=plan.persistence
        ) as experiment:
            for number in range(iterations):
                _iterate(experiment, number, samples, chance)

    return work


def _iterate(
    experiment: SimCashExperiment, number: int, samples: int, chance: random.Random
) -> None:
    iteration = experiment.begin_iteration(number)
    purpose = "initial" if number == 0 else "evaluation"
    wanted = [(purpose, None), *(("bootstrap", sample) for sample in range(1, samples))]
    for kind, sample in wanted:
        run = iteration.begin_run(SETTING, purpose=kind, sample_index=sample, ticks_per_commit=50)
        with run:
            simulate(run, chance, chance.randrange(10**6))
    costs = dict.fromkeys(AGENTS, chance.randrange(10**6))
    accepted = dict.fromkeys(AGENTS, False)
    iteration.finish(
        costs_per_agent=costs, policies=dict(SETTING.policies), accepted_changes=accepted
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.persistence", description=__doc__)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--alone", type=int, default=20, help="runs to average a level over")
    parser.add_argument("--kinds", default="duckdb,sqlite")
    options = parser.parse_args()
    for kind in options.kinds.split(","):
        print(f"{kind}: {TICKS} ticks, {TICKS * EVENTS} events a run", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            empty, bare, _ = recorded(f"{kind}:///{folder}/empty", lambda recorder: None)
            for level, promised in PROMISED.items():
                url = f"{kind}:///{folder}/{level}"
                size, compact, seconds = recorded(url, alone(level, options.alone))
                each, took = (size - empty) / options.alone / 1e3, seconds / options.alone
                least = (compact - bare) / options.alone / 1e3
                sizes = f"{each:9.1f} KB a run, compacted {least:9.1f} KB"
                print(f"  {level:<32} {sizes} {took:6.3f} s   ({promised})", flush=True)
            for plan in PLANS:
                url = f"{kind}:///{folder}/{plan.name.replace(' ', '_')}"
                work = whole(plan, options.iterations, options.samples)
                size, compact, seconds = recorded(url, work)
                least = (compact - bare) / 1e6
                sizes = f"{(size - empty) / 1e6:9.2f} MB,       compacted {least:9.2f} MB"
                print(f"  {plan.name:<32} {sizes} {seconds:6.1f} s   ({plan.promised})", flush=True)
                Path(url.split("///")[1]).unlink()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"peak memory {peak:.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
