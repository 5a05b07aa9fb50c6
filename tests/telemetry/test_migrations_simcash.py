"""SimCash databases of before become unified ones, and older programs go on reading them."""

from datetime import datetime
from pathlib import Path

import duckdb
import pytest

import telemetry
from telemetry import queries as q
from telemetry.families.simcash.migrations import SCHEMA
from telemetry.families.simcash.models.unified import Base
from telemetry.upgrade import migrate
from tests.builders import simcash
from tests.builders.answers import differences, same
from tests.builders.questions import one_of_each
from tests.telemetry.command_line import refused

pytestmark = pytest.mark.sampled(4)

IN = "experiments", "experiment_iterations", "experiment_events"


def sql(path: Path, text: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(text).fetchall()


def experiments(path: Path, shape: str) -> Path:
    """A database in which an experiment was called by its `run_id`."""
    simcash.create(path, shape)
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    simcash.insert(path, "experiment_iterations", simcash.iterations("run_id"))
    simcash.insert(path, "experiment_events", simcash.experiment_events("run_id"))
    return path


def newer(path: Path) -> Path:
    experiments(path, "experiment")
    run = {
        "simulation_id": "sim-1",
        "config_name": "two_banks.yaml",
        "rng_seed": 42,
        "ticks_per_day": 3,
        "num_days": 2,
        "status": "completed",
        "started_at": simcash.START,
        "ended_at": simcash.START.replace(hour=13),
        "total_arrivals": 5,
        "experiment_run_id": simcash.EXPERIMENT,
        "experiment_iteration": 1,
    }
    bare = {"simulation_id": "sim-2", "status": "running", "experiment_run_id": simcash.EXPERIMENT}
    simcash.insert(path, "simulations", [run, bare])
    simcash.insert(
        path, "simulation_events", [simcash.event(0, "sim-1", 0, "EndOfDay", {"day": 0})]
    )
    evaluation = {
        "run_id": simcash.EXPERIMENT,
        "iteration": 1,
        "agent_id": "A",
        "evaluation_mode": "bootstrap",
        "proposed_policy": "{}",
        "old_cost": 10,
        "new_cost": 9,
        "context_simulation_cost": 10,
        "accepted": True,
        "acceptance_reason": "better",
        "delta_sum": 1,
        "num_samples": 3,
        "timestamp": "2026-03-01T12:00:00",
    }
    simcash.insert(path, "policy_evaluations", [evaluation])
    return path


def migrated(old: Path) -> Path:
    new = old.with_name("new.db")
    migrate(str(old), to=new)
    return new


VINTAGES = {
    "legacy": "unified",
    "experiment": "unified",
    "simulations": "simulations only",  # as long as no experiment was recorded
    "unified": "unified",
}


@pytest.mark.parametrize("shape", VINTAGES)
def test_every_table_and_column_of_today_is_there(tmp_path: Path, shape: str) -> None:
    new = migrated(simcash.create(tmp_path / "old.db", shape))
    there = sql(new, "SELECT table_name, column_name FROM duckdb_columns()")
    for table in Base.metadata.sorted_tables:
        assert {(table.name, c) for c in table.c.keys()} <= set(there)  # noqa: SIM118
    source = telemetry.open_source(new)
    assert source.identity.vintage == VINTAGES[shape]
    source.close()


@pytest.mark.parametrize("build", ["legacy", "experiment"])
def test_experiments_and_iterations_are_answered_as_before(tmp_path: Path, build: str) -> None:
    old = experiments(tmp_path / "old.db", build)
    before, after = telemetry.open_source(old), telemetry.open_source(migrated(old))
    own = simcash.EXPERIMENT
    assert differences(before, after, [q.IterationsQuery(own)]) == []
    was = before.ask(q.ExperimentsQuery()).experiments
    now = after.ask(q.ExperimentsQuery()).experiments
    assert [e.experiment_id for e in now] == [own]
    for one, other in zip(was, now, strict=True):
        known = {k: v for k, v in other.fields.items() if k in one.fields}
        assert same({**one.fields, "replayable_runs": 0}, {**known, "replayable_runs": 0})
    for table in ("experiment_events", "llm_interactions"):
        rows = [s.ask(q.TableQuery("", table)).rows for s in (before, after)]
        assert rows[0]
        assert same(*rows), table
    before.close()
    after.close()


def test_older_programs_find_the_experiment_under_its_old_name(tmp_path: Path) -> None:
    old = experiments(tmp_path / "old.db", "legacy")
    new = migrated(old)
    for query in (
        "SELECT run_id, experiment_name, experiment_type, config, num_iterations, converged, "
        "convergence_reason FROM experiments WHERE run_id = 'exp-7'",
        "SELECT run_id, iteration, costs_per_agent, accepted_changes, policies, timestamp "
        "FROM experiment_iterations WHERE run_id = 'exp-7' ORDER BY iteration",
        "SELECT id, run_id, iteration, event_type, event_data, timestamp FROM experiment_events "
        "WHERE run_id = 'exp-7' ORDER BY id",
    ):
        assert sql(new, query) == sql(old, query)
        assert sql(new, query)


def test_seed_and_scenario_come_out_of_the_configuration_and_times_become_times(
    tmp_path: Path,
) -> None:
    new = migrated(experiments(tmp_path / "old.db", "legacy"))
    told = sql(
        new, "SELECT master_seed, scenario_path, created_at, final_cost, best_cost FROM experiments"
    )
    assert told == [(7, "two_banks.yaml", simcash.START, None, None)]
    assert isinstance(told[0][2], datetime)


def test_a_seed_that_the_configuration_lacks_stays_unknown(tmp_path: Path) -> None:
    old = simcash.create(tmp_path / "old.db", "legacy")
    simcash.insert(old, "experiments", [{**simcash.experiment("run_id"), "config": "{}"}])
    told = sql(migrated(old), "SELECT master_seed, scenario_path FROM experiments")
    assert told == [(None, None)]


def test_runs_of_the_newer_shape_are_linked_and_none_is_invented(tmp_path: Path) -> None:
    old = newer(tmp_path / "old.db")
    before, after = telemetry.open_source(old), telemetry.open_source(migrated(old))
    was, now = ({r.run_id: r.fields for r in s.ask(q.RunsQuery()).runs} for s in (before, after))
    for run_id, fields in was.items():
        kept = {k: v for k, v in fields.items() if v is not None and k != "config_hash"}
        assert same(kept, {k: now[run_id][k] for k in kept}), run_id
    assert set(now) == {"sim-1", "sim-2"}
    assert (now["sim-1"]["experiment_id"], now["sim-1"]["iteration"]) == (simcash.EXPERIMENT, 1)
    events = [q.TableQuery("sim-1", "simulation_events", ("tick", "event_type", "details"))]
    assert differences(before, after, events) == []
    before.close()
    after.close()
    new = tmp_path / "new.db"
    assert sql(new, "SELECT simulation_id FROM simulation_runs") == [
        ("sim-1",)
    ]  # sim-2 has too little
    assert sql(new, "SELECT * FROM policy_evaluations") == sql(
        old, "SELECT * FROM policy_evaluations"
    )
    assert sql(new, "SELECT experiment_run_id FROM simulations WHERE simulation_id = 'sim-1'") == [
        (simcash.EXPERIMENT,)
    ]


def test_every_question_about_a_unified_database_has_the_same_answer(tmp_path: Path) -> None:
    old = simcash.unified(tmp_path / "old.db")
    before, after = telemetry.open_source(old), telemetry.open_source(migrated(old))
    asked = [x for x in one_of_each(before, simcash.ALONE) if _plain(x)]
    different = differences(before, after, asked)
    assert different == []
    before.close()
    after.close()


def test_a_migrated_experiment_takes_new_rows_with_ids_of_their_own(tmp_path: Path) -> None:
    new = migrated(experiments(tmp_path / "old.db", "legacy"))
    row = {
        "experiment_id": "exp-8",
        "iteration": 0,
        "event_type": "evaluation",
        "event_data": "{}",
        "timestamp": "2026-03-02T12:00:00",
    }
    simcash.insert(new, "experiment_events", [row])
    assert sql(new, "SELECT id, run_id FROM experiment_events ORDER BY id") == [
        (1, "exp-7"),
        (2, "exp-7"),
        (3, "exp-8"),
    ]


def test_the_wal_of_a_duckdb_file_is_copied_too(tmp_path: Path) -> None:
    old = experiments(tmp_path / "old.db", "legacy")
    connection = duckdb.connect(str(old))
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    connection.execute("UPDATE experiments SET experiment_name = 'in the wal'")
    connection.close()
    assert old.with_name("old.db.wal").exists()
    before = old.read_bytes()
    new = migrated(old)
    assert sql(new, "SELECT experiment_name FROM experiments") == [("in the wal",)]
    assert old.read_bytes() == before
    assert not new.with_name("new.db.wal").exists()


def test_in_place_leaves_a_backup_and_no_wal(tmp_path: Path) -> None:
    old = experiments(tmp_path / "old.db", "legacy")
    listed = sql(old, "SELECT * FROM experiment_iterations ORDER BY iteration")
    report = migrate(str(old), in_place=True)
    assert report.backup is not None
    assert sql(report.backup, "SELECT * FROM experiment_iterations ORDER BY iteration") == listed
    assert "experiment_id" in str(sql(old, "SELECT column_name FROM duckdb_columns()"))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["old.db", report.backup.name])
    assert migrate(str(old), in_place=True).current


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    new = migrated(experiments(tmp_path / "old.db", "legacy"))
    before = new.read_bytes()
    report = migrate(str(new))
    assert (report.current, report.before, report.after) == (True, SCHEMA.version, SCHEMA.version)
    assert migrate(str(tmp_path / "old.db"), to=new).current
    assert new.read_bytes() == before


def test_a_value_that_does_not_fit_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = simcash.create(tmp_path / "old.db", "legacy")
    row = simcash.experiment("run_id", created_at="some day")
    simcash.insert(old, "experiments", [row])
    said = refused(capsys, 3, "migrate", old)
    assert "some day" in said
    assert "so it was not migrated; correct it in a copy" in said
    assert [p.name for p in tmp_path.iterdir()] == ["old.db"]


@pytest.mark.parametrize("shape", ["game", "castro"])
def test_shapes_without_a_counterpart_are_refused_in_one_sentence(
    tmp_path: Path, shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    old = simcash.create(tmp_path / "old.db", shape)
    assert "have no counterpart" in refused(capsys, 2, "migrate", old)
    assert [p.name for p in tmp_path.iterdir()] == ["old.db"]


def _plain(query: q.Query[object]) -> bool:
    """Whether the answer says nothing of columns that were added."""
    names = {"simulation_runs", "runs", "experiment_iterations", "iterations"}
    return getattr(query, "table", None) not in names and not isinstance(
        query, q.RunsQuery | q.RunQuery | q.RunSizesQuery
    )
