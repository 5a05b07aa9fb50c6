"""A killed simulator, a full disk and a lost connection lose nothing that was committed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from telemetry.errors import RecordingError
from telemetry.families.simcash.recorder import SimCashRecorder
from tests.builders.postgresql import Server
from tests.builders.simcash_rows import SETTING, log_everything
from tests.effort import effort

ROOT = Path(__file__).resolve().parents[2]
#: How often a simulator is killed in each kind of database; 50 and more by hand.
KILLS = effort(6, 50)
TICKS = 4
posix_only = pytest.mark.skipif(os.name == "nt", reason="no signals and limits like these there")

# Imports once, then forks a simulator for each URL it is told.
NURSERY = """
import os, sys
sys.path.insert(0, sys.argv[1])
from tests.telemetry import test_simcash_recorder_crashes as crashes

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        crashes.simulate_for_ever(*line.split())
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def simulate_for_ever(url: str, experiment_id: str) -> None:
    """Run after run, each better than the last, so that the one before is thinned every time."""
    print(os.getpid(), flush=True)
    from telemetry.families.simcash.recorder import Persistence

    with SimCashRecorder(url) as recorder:
        container = recorder.begin_experiment(
            "killed",
            config={},
            master_seed=1,
            experiment_id=experiment_id,
            persistence=Persistence(level="full", keep=("best",)),
        )
        for number in range(10**6):
            iteration = container.begin_iteration(number)
            with iteration.begin_run(SETTING, purpose="evaluation") as run:
                for tick in range(TICKS):
                    log_everything(run, tick)
                    print(run.run_id, tick, flush=True)
                run.finish(total_cost=10**6 - number)
            iteration.finish(costs_per_agent={"A": 1}, policies={}, accepted_changes={})


@contextmanager
def nursery() -> Iterator[subprocess.Popen[str]]:
    """The process that forks simulators; it ends when its input does."""
    command = [sys.executable, "-c", NURSERY, str(ROOT)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT) as process:
        yield process


def kill_one(process: subprocess.Popen[str], url: str, experiment_id: str, ticks: int) -> list[str]:
    """Let a simulator record so many ticks, kill it; the ticks that it knew to be recorded."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{url} {experiment_id}\n")
    process.stdin.flush()
    pid = int(process.stdout.readline())
    said = [process.stdout.readline().strip() for _ in range(ticks)]
    assert "gone" not in said, "the simulator ended by itself"
    os.kill(pid, signal.SIGKILL)
    for line in process.stdout:
        if line.strip() == "gone":
            return said
        said.append(line.strip())
    raise AssertionError("the nursery ended")


def place(kind: str, request: pytest.FixtureRequest, folder: Path) -> str:
    """The URL of a database of that kind that is not there yet, or empty."""
    if kind == "postgresql":
        server: Server = request.getfixturevalue("server")
        return server.create()
    return f"{kind}:///{folder / 'runs'}"


def whole_runs(url: str) -> dict[str, tuple[str, str, int]]:
    """Run → status, level, ticks; every tick found has all its rows and follows the one before."""
    found: dict[str, tuple[str, str, int]] = {}
    with SimCashRecorder(url) as recorder, recorder._target.engine.connect() as connection:
        runs = connection.execute(
            sa.text("SELECT simulation_id, status, persistence_level FROM simulation_runs")
        ).fetchall()
        counts = {
            table: {
                (run, tick): count
                for run, tick, count in connection.execute(
                    sa.text(f"SELECT simulation_id, tick, count(*) FROM {table} GROUP BY 1, 2")
                )
            }
            for table in ("simulation_events", "tick_agent_states", "tick_queue_snapshots")
        }
    for run, status, level in runs:
        ticks = sorted(t for r, t in counts["simulation_events"] if r == run)
        assert ticks == list(range(len(ticks)))
        for tick in ticks:
            found_rows = [counts[table].pop((run, tick)) for table in counts]
            assert found_rows == [1, 2, 4]
        found[run] = (status, level, len(ticks))
    assert not any(counts.values())
    return found


@posix_only
@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgresql"])
def test_a_killed_simulator_leaves_whole_ticks_and_one_best_run(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
):
    url = place(kind, request, tmp_path)
    chance = random.Random(kind)
    with nursery() as process:
        for number in range(KILLS):
            said = kill_one(process, url, f"killed{number}", chance.randrange(1, 16))
            runs = whole_runs(url)
            mine = {r: v for r, v in runs.items() if r.startswith(f"killed{number}-")}
            for line in said:
                run, tick = line.split()
                status, level, ticks = mine[run]
                assert ticks > int(tick) or (status, level, ticks) == ("completed", "summary", 0)
            full = [r for r, v in mine.items() if v == ("completed", "full", TICKS)]
            over = [r for r, v in mine.items() if v[0] == "completed"]
            assert len(full) == min(1, len(over))
            assert all(v[1] == "full" for v in mine.values() if v[0] == "running")


FULL_DISK = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from telemetry.errors import RecordingError
from telemetry.families.simcash.recorder import SimCashRecorder
from tests.builders.simcash_rows import SETTING

with SimCashRecorder(sys.argv[2]) as recorder:
    run = recorder.begin_run(SETTING, simulation_id="first")
    resource.setrlimit(resource.RLIMIT_FSIZE, (6_000_000, 6_000_000))
    try:
        for tick in range(10**6):
            for number in range(500):
                run.log_event(tick, "Arrival", {"text": f"{tick * number:0999}"})
            run.end_tick(tick)
    except RecordingError as error:
        print(run.last_tick, error)
"""


@posix_only
@pytest.mark.parametrize("kind", ["duckdb", "sqlite"])
def test_a_full_disk_is_one_sentence_and_loses_nothing_committed(kind: str, tmp_path: Path):
    url = f"{kind}:///{tmp_path / 'runs'}"
    command = [sys.executable, "-c", FULL_DISK, str(ROOT), url]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 1, done.stdout
    last, sentence = done.stdout.split(maxsplit=1)
    assert sentence.startswith("Cannot write to ")
    with SimCashRecorder(url) as recorder:
        with recorder._target.engine.connect() as connection:
            sql = "SELECT tick, count(*) FROM simulation_events GROUP BY 1 ORDER BY 1"
            ticks = [tuple(row) for row in connection.execute(sa.text(sql))]
        assert ticks == [(tick, 500) for tick in range(len(ticks))]
        assert len(ticks) > int(last)
        with recorder.begin_run(SETTING) as run:
            log_everything(run, 0)


def test_a_lost_connection_is_one_sentence_and_loses_nothing_committed(server: Server):
    url = server.create()
    database = url.split("/")[3].split("?")[0]
    with SimCashRecorder(url) as recorder:
        run = recorder.begin_run(SETTING, simulation_id="first")
        log_everything(run, 0)

        def lose(*_: object) -> None:
            assert server.drop_connections(database) == 1

        event.listen(recorder._target.engine, "commit", lose, once=True)
        with pytest.raises(RecordingError, match=r"^Cannot write to postgresql://") as failure:
            log_everything(run, 1)
        assert "\n" not in str(failure.value)
        with pytest.raises(RecordingError, match="stopped when a write failed"):
            log_everything(run, 2)
        with recorder.begin_run(SETTING, simulation_id="second") as again:
            log_everything(again, 0)
    assert whole_runs(url) == {"first": ("running", "full", 1), "second": ("completed", "full", 1)}
