"""Several processes record on one PostgreSQL database, from its very first table on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

import telemetry
from telemetry import queries as q
from telemetry.families.simcash.recorder import Persistence, SimCashRecorder
from tests.builders.postgresql import Server

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, ROUNDS, TICKS = 3, 4, 3

SIMCASH = """
import sys
sys.path.insert(0, sys.argv[1])
from telemetry.families.simcash.recorder import SimCashRecorder
from tests.builders.simcash_rows import SETTING, log_everything

def record(url, own):
    with SimCashRecorder(url) as recorder:
        container = recorder.resume_experiment("shared")
        for round in range({rounds}):
            iteration = container.begin_iteration({processes} * round + own)
            with iteration.begin_run(SETTING, purpose="evaluation") as run:
                for tick in range({ticks}):
                    log_everything(run, tick)
                run.finish(total_cost=1000 - iteration.iteration)
            container.log_event(iteration.iteration, "evaluation", {{"by": own}})
            iteration.finish(costs_per_agent={{"A": 1000 - iteration.iteration}}, policies={{}},
                             accepted_changes={{}})
"""
VMT = """
import sys
sys.path.insert(0, sys.argv[1])
from telemetry.families.vmt.recorder import VmtRecorder
from tests.telemetry.test_vmt_recorder import AGENT, TRADE

def record(url, own):
    with VmtRecorder(url) as recorder:
        for round in range({rounds}):
            with recorder.begin_run(f"{{own}}.{{round}}", exchange_regime="mixed") as run:
                for tick in range({ticks}):
                    for agent in range(3):
                        run.log_agent_snapshot(tick, **{{**AGENT, "agent_id": agent, "x": own}})
                    run.log_trade(tick, **{{**TRADE, "x": own, "y": round}})
                    run.end_tick(tick)
"""
START = """
print("ready", flush=True)
input()
record(sys.argv[2], int(sys.argv[3]))
"""


def together(code: str, url: str) -> None:
    """Run the recorders in processes of their own, which all begin at one word."""
    told = code.format(rounds=ROUNDS, processes=PROCESSES, ticks=TICKS) + START
    command = [sys.executable, "-c", told, str(ROOT), url]
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen(
            [*command, str(own)], stdin=pipe, stdout=pipe, stderr=pipe, text=True, cwd=ROOT
        )
        for own in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * PROCESSES, said


def rows(server: Server, url: str, sql: str) -> Sequence[str]:
    return server.run(url.split("@/")[1].split("?")[0], sql).splitlines()


def test_processes_record_vmt_runs_into_one_new_database(server: Server):
    url = server.create()
    together(VMT, url)
    source = telemetry.open_source(url)
    try:
        runs = source.ask(q.RunsQuery()).runs
    finally:
        source.close()
    assert sorted(run.run_id for run in runs) == list(range(1, PROCESSES * ROUNDS + 1))
    assert {str(run.fields["scenario_name"]) for run in runs} == {
        f"{own}.{number}" for own in range(PROCESSES) for number in range(ROUNDS)
    }
    whole = """
        SELECT scenario_name, count(*), count(DISTINCT t.id), min(t.x || '.' || t.y),
            max(t.x || '.' || t.y), min(s.x), max(s.x)
        FROM simulation_runs r JOIN trades t USING (run_id)
            JOIN agent_snapshots s USING (run_id, tick)
        WHERE end_time IS NOT NULL GROUP BY 1 ORDER BY 1
    """
    assert rows(server, url, whole) == [
        f"{own}.{number}|9|3|{own}.{number}|{own}.{number}|{own}|{own}"
        for own in range(PROCESSES)
        for number in range(ROUNDS)
    ]
    assert len(rows(server, url, "SELECT family FROM telemetry_versions")) == 1


@pytest.fixture
def shared(server: Server) -> str:
    url = server.create()
    with SimCashRecorder(url) as recorder:
        recorder.begin_experiment(
            "shared",
            config={},
            master_seed=1,
            experiment_id="shared",
            persistence=Persistence(level="full", keep=("best",)),
        )
    return url


def test_processes_share_one_experiment_and_keep_one_best_run(server: Server, shared: str):
    together(SIMCASH, shared)
    last = PROCESSES * ROUNDS - 1
    assert rows(
        server, shared, "SELECT num_iterations, best_cost FROM experiments"
    ) == [f"{last + 1}|{1000 - last}"]  # fmt: skip
    iterations = "SELECT iteration, evaluation_simulation_id FROM experiment_iterations ORDER BY 1"
    assert rows(server, shared, iterations) == [
        f"{number}|shared-iter{number}-evaluation" for number in range(last + 1)
    ]
    kept = "SELECT simulation_id FROM simulation_runs WHERE persistence_level = 'full'"
    assert rows(server, shared, kept) == [f"shared-iter{last}-evaluation"]
    states = "SELECT simulation_id, count(*) FROM tick_agent_states GROUP BY 1"
    assert rows(server, shared, states) == [f"shared-iter{last}-evaluation|{TICKS * 2}"]
    ids = "SELECT count(DISTINCT id), count(*) FROM experiment_events"
    assert rows(server, shared, ids) == [f"{last + 1}|{last + 1}"]
    unfinished = "SELECT count(*) FROM simulation_runs WHERE status <> 'completed'"
    assert rows(server, shared, unfinished) == ["0"]
