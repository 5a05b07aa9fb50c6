"""A killed simulator, a full disk and a lost connection lose nothing that was committed."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from telemetry.errors import RecordingError
from telemetry.families.simcash.recorder import SimCashRecorder
from tests.builders.killing import nursery
from tests.builders.postgresql import Server
from tests.builders.simcash_rows import SETTING, log_everything
from tests.effort import effort

ROOT = Path(__file__).resolve().parents[2]
#: Kills by kind of database: all there are to be, where a simulator starts in no time.
KILLS = {"sqlite": 50, "postgresql": effort(8, 50), "duckdb": effort(8, 50)}
TICKS = 4
posix_only = pytest.mark.skipif(os.name == "nt", reason="no signals and limits like these there")

# Run after run, each better than the last, so that the one before is thinned every time.
CHILD = f"""
from telemetry.families.simcash.recorder import Persistence, SimCashRecorder
from tests.builders.simcash_rows import SETTING, log_everything

def work(url, experiment_id):
    with SimCashRecorder(url) as recorder:
        container = recorder.begin_experiment(
            "killed", config={{}}, master_seed=1, experiment_id=experiment_id,
            persistence=Persistence(level="full", keep=("best",)),
        )
        for number in range(10**6):
            iteration = container.begin_iteration(number)
            with iteration.begin_run(SETTING, purpose="evaluation") as run:
                for tick in range({TICKS}):
                    log_everything(run, tick)
                    say(number * {TICKS} + tick)
                run.finish(total_cost=10**6 - number)
            iteration.finish(costs_per_agent={{"A": 1}}, policies={{}}, accepted_changes={{}})
"""


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", ["duckdb", "sqlite", "postgresql"])
def test_killed_simulators_leave_whole_ticks_and_one_best_run(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
):
    url = place(kind, request, tmp_path)
    chance = random.Random(kind)
    with nursery(CHILD) as simulators:
        for number in range(KILLS[kind]):
            last = simulators.kill_after(chance.randrange(10), url, f"killed{number}")
            check(whole_runs(url), f"killed{number}-iter", last)
    with SimCashRecorder(url) as recorder, recorder.begin_run(SETTING) as run:
        log_everything(run, 0)


def check(runs: dict[str, tuple[str, str, int]], mine: str, last: int | None) -> None:
    """What was said to be recorded is there; of the completed runs one alone has its events."""
    own = {r.removeprefix(mine): v for r, v in runs.items() if r.startswith(mine)}
    for said in range(0 if last is None else last + 1):
        status, level, ticks = own[f"{said // TICKS}-evaluation"]
        assert ticks > said % TICKS or (status, level, ticks) == ("completed", "summary", 0)
    full = [r for r, v in own.items() if v == ("completed", "full", TICKS)]
    over = [r for r, v in own.items() if v[0] == "completed"]
    assert len(full) == min(1, len(over))
    assert all(v[1] == "full" for v in own.values() if v[0] == "running")


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
