"""Prints what SimCash recordings weigh on disk and in memory, per persistence level and policy.

Each is recorded in a process of its own. Memory is told twice: what Python itself allocated at
most (tracemalloc, in a second and shorter recording, for it slows), and by how much the process
grew at most over what it was with an empty database open (its resident set, so that the engine's
own memory counts: DuckDB's cache, SQLite's pages).
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
import tracemalloc
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


def compacted(path: Path, kind: str) -> int:
    """Bytes of a copy that holds none of the room which deleted rows have left to be used again."""
    copy = path.with_name("compact")
    if kind == "sqlite":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"VACUUM INTO '{copy}'")
    else:
        with duckdb.connect(config={"memory_limit": "1GB"}) as connection:
            connection.execute(f"ATTACH '{path}' AS a (READ_ONLY)")
            connection.execute(f"ATTACH '{copy}' AS b (BLOCK_SIZE 65536)")
            connection.execute("COPY FROM DATABASE a TO b")
    size = copy.stat().st_size
    copy.unlink()
    return size


@dataclass(frozen=True)
class Figures:
    """Bytes on disk and in a compact copy, seconds, and MB: of the process, of Python alone."""

    size: int
    compact: int
    seconds: float
    grown: float
    python: float


def recorded(kind: str, name: str, options: argparse.Namespace) -> Figures:
    """The figures of the level or plan of that name, recorded anew in processes of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.db"
        told = [str(getattr(options, n)) for n in ("iterations", "samples", "alone")]
        few = ["2", told[1], "2"]
        grown, seconds = _in_process(f"{kind}:///{path}", name, told, "process")
        python, _ = _in_process(f"{kind}:///{path}.traced", name, few, "python")
        return Figures(path.stat().st_size, compacted(path, kind), seconds, grown, python)


def _in_process(url: str, name: str, told: list[str], memory: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.persistence", "--record", url, name, memory]
    done = subprocess.run([*command, *told], check=True, capture_output=True, text=True)
    grown, seconds = done.stdout.split()
    return float(grown), float(seconds)


def record(url: str, name: str, memory: str, iterations: int, samples: int, runs: int) -> None:
    """Record and print MB of memory and seconds: what a process of its own does."""
    plan = next((plan for plan in PLANS if plan.name == name), None)
    work = alone(name, runs) if plan is None else whole(plan, iterations, samples)
    with SimCashRecorder(url) as recorder:
        with recorder.begin_run(SETTING, level="none", ticks_per_commit=50) as run:
            simulate(run, random.Random(0), 1)
        before, begin = _peak(), time.perf_counter()
        if memory == "python":
            tracemalloc.start()
        work(recorder)
    if memory == "python":
        print(tracemalloc.get_traced_memory()[1] / 1e6, time.perf_counter() - begin)
    else:
        print(_peak() - before, time.perf_counter() - begin)


def _peak() -> float:
    """The largest resident set of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


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
            with experiment.begin_run(
                SETTING, iteration=iterations, purpose="final", ticks_per_commit=50
            ) as run:
                simulate(run, chance, 10**6)

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
    if sys.argv[1:2] == ["--record"]:
        url, name, memory, *numbers = sys.argv[2:]
        record(url, name, memory, *map(int, numbers))
        return 0
    parser = argparse.ArgumentParser(prog="python -m benchmarks.persistence", description=__doc__)
    parser.add_argument("--iterations", type=int, default=50)
    parser.add_argument("--samples", type=int, default=10)
    parser.add_argument("--alone", type=int, default=20, help="runs to average a level over")
    parser.add_argument("--kinds", default="duckdb,sqlite")
    parser.add_argument("--only", help="levels and policies that begin with this")
    options = parser.parse_args()
    print(
        f"{TICKS} ticks, {TICKS * EVENTS} events a run; "
        f"experiments of {options.iterations} iterations × {options.samples} samples\n"
    )
    print("| engine | kept | on disk | compact copy | promised | process grew | Python | took |")
    print("|---|---|---|---|---|---|---|---|")
    for kind in options.kinds.split(","):
        empty = recorded(kind, "none", options)
        for name, promised in [*PROMISED.items(), *((p.name, p.promised) for p in PLANS)]:
            if not options.only or name.startswith(options.only):
                _tell(kind, name, promised, recorded(kind, name, options), empty, options.alone)
    return 0


def _tell(kind: str, name: str, promised: str, of: Figures, empty: Figures, runs: int) -> None:
    """A row of the table, less what an empty database weighs."""
    each, unit = (runs, "KB a run") if name in PROMISED else (1_000, "MB")
    size, compact = (
        (n - m) / each / 1e3 for n, m in ((of.size, empty.size), (of.compact, empty.compact))
    )
    print(
        f"| {kind} | {name} | {size:.1f} {unit} | {compact:.1f} {unit} | {promised} "
        f"| +{of.grown:.0f} MB | {of.python:.1f} MB | {of.seconds:.0f} s |",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
