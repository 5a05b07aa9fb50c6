"""What thinned runs have left in a file goes back to the disk, and never a row with it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from telemetry.families.simcash.recorder import Persistence, SimCashExperiment, SimCashRecorder
from tests.builders.simcash_rows import SETTING

RUNS, EVENTS = 8, 1_500
KEPT = Persistence(keep=("best",))


def record(container: SimCashExperiment, number: int) -> None:
    """A run that is better than the one before, which is thinned because of it."""
    with container.begin_run(SETTING, iteration=number, purpose="evaluation") as run:
        for tick in range(4):
            for event in range(EVENTS // 4):
                run.log_event(tick, "Arrival", {"n": f"{number * EVENTS * event * 7919:064x}"})
            run.end_tick(tick)
        run.finish(total_cost=RUNS - number)


def experiment(recorder: SimCashRecorder) -> SimCashExperiment:
    return recorder.begin_experiment("sizes", config={}, master_seed=1, persistence=KEPT)


def events(recorder: SimCashRecorder) -> list[tuple[str, int]]:
    with recorder._target.engine.connect() as connection:
        counted = "SELECT simulation_id, count(*) FROM simulation_events GROUP BY 1"
        return [tuple(row) for row in connection.execute(sa.text(counted))]


def unused(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA freelist_count").fetchone()[0])


def test_a_finished_experiment_leaves_no_unused_pages_in_sqlite(tmp_path: Path):
    path = tmp_path / "runs.db"
    with SimCashRecorder(path) as recorder:
        container = experiment(recorder)
        for number in range(RUNS):
            record(container, number)
        before, room = events(recorder), unused(path)
        container.finish()
        assert room > 10
        assert unused(path) == 0
        assert events(recorder) == before == [(f"{container.experiment_id}-iter7-evaluation", 1500)]


def test_runs_that_are_thinned_do_not_stay_in_duckdb(tmp_path: Path):
    path = tmp_path / "runs.db"
    waiting = path.with_name("runs.db.wal")
    with SimCashRecorder(f"duckdb:///{path}") as recorder:
        container = experiment(recorder)
        for number in range(4):
            record(container, number)
            if number:
                assert not waiting.exists() or waiting.stat().st_size < 10_000
        size = path.stat().st_size
        container.finish()
        assert len(events(recorder)) == 1
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{path}' AS written (READ_ONLY)")
        connection.execute(f"ATTACH '{tmp_path / 'copy.db'}' AS copy")
        connection.execute("COPY FROM DATABASE written TO copy")
    assert path.stat().st_size <= size <= (tmp_path / "copy.db").stat().st_size


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_run_under_way_is_not_disturbed_by_the_end_of_an_experiment(kind: str, tmp_path: Path):
    with SimCashRecorder(f"{kind}:///{tmp_path / 'runs.db'}") as recorder:
        container = experiment(recorder)
        alone = recorder.begin_run(SETTING, simulation_id="alone")
        alone.log_event(0, "Arrival", {})
        alone.end_tick(0)
        for number in range(2):
            record(container, number)
        alone.log_event(1, "Arrival", {})
        container.finish()
        alone.end_tick(1)
        alone.finish()
        assert dict(events(recorder))["alone"] == 2


def test_a_reader_in_the_way_leaves_the_experiment_finished(tmp_path: Path):
    path = tmp_path / "runs.db"
    with SimCashRecorder(path) as recorder:
        container = experiment(recorder)
        for number in range(3):
            record(container, number)
        with closing(sqlite3.connect(path, isolation_level=None)) as reader:
            reader.execute("BEGIN")
            seen = reader.execute("SELECT count(*) FROM simulation_events").fetchone()
            container.finish()
            assert reader.execute("SELECT count(*) FROM simulation_events").fetchone() == seen
        ended = "SELECT completed_at IS NOT NULL FROM experiments"
        with closing(sqlite3.connect(path)) as reader:
            assert reader.execute(ended).fetchall() == [(1,)]
