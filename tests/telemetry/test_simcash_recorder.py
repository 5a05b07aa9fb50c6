"""The SimCash recorder checks every value, links runs to experiments, and keeps what is asked."""

import json
import re
from contextlib import closing
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from sqlalchemy import event

from telemetry.errors import RecordingError
from telemetry.families.simcash.kept import TABLES_OF_LEVEL
from telemetry.families.simcash.recorder import (
    Persistence,
    SimCashExperiment,
    SimCashRecorder,
    SimCashRun,
)
from telemetry.frozen import replace
from tests.builders import simcash_rows as rows
from tests.builders.simcash_rows import SETTING, log_everything

pytestmark = pytest.mark.sampled(4)

LEVELS = ("none", "summary", "events", "full")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test records to."""
    return tmp_path / "runs.db"


@pytest.fixture
def recorder(path: Path):
    """A recorder of an empty DuckDB file, the family's own kind."""
    with SimCashRecorder(f"duckdb:///{path}") as recorder:
        yield recorder


def query(recorder: SimCashRecorder, sql: str) -> list[tuple]:
    """What is committed, by a connection of its own to the same database."""
    with recorder._target.engine.connect() as connection:
        return [tuple(row) for row in connection.exec_driver_sql(sql)]


def experiment(recorder: SimCashRecorder, **options: object) -> SimCashExperiment:
    """An experiment with an id that a test can name."""
    options = {"config": {"name": "e"}, "master_seed": 7, "experiment_id": "e", **options}
    return recorder.begin_experiment("exp", **options)


def simulate(
    container: SimCashExperiment, iteration: int, purpose: str, cost: int, sample: int | None = None
) -> SimCashRun:
    """A run of two ticks that comes to a cost."""
    with container.begin_run(
        SETTING, iteration=iteration, purpose=purpose, sample_index=sample
    ) as run:
        for tick in range(2):
            log_everything(run, tick)
        run.finish(total_cost=cost)
    return run


def kept(recorder: SimCashRecorder) -> list[str]:
    """The runs that have their events, without the experiment's name."""
    sql = "SELECT DISTINCT simulation_id FROM simulation_events ORDER BY 1"
    return [row[0].removeprefix("e-") for row in query(recorder, sql)]


# Runs


def test_a_run_is_visible_as_running_with_all_it_follows_from(recorder: SimCashRecorder):
    recorder.begin_run(SETTING, simulation_id="sim-1")
    sql = (
        "SELECT config_name, rng_seed, status, run_purpose, persistence_level, end_time, "
        "config_json, num_agents FROM simulation_runs JOIN simulations USING (simulation_id)"
    )
    told = query(
        recorder,
        sql.replace("config_hash", "")
        .replace("rng_seed", "simulations.rng_seed")
        .replace("status", "simulations.status"),
    )
    config = json.dumps(dict(SETTING.config), ensure_ascii=False)
    assert told == [("two_banks.yaml", 42, "running", "standalone", "full", None, config, 2)]
    sql = "SELECT agent_id, snapshot_tick, created_by FROM policy_snapshots ORDER BY 1"
    assert query(recorder, sql) == [("A", 0, "init"), ("ÅBO", 0, "init")]


def test_a_finished_run_tells_its_totals(recorder: SimCashRecorder):
    with recorder.begin_run(SETTING, simulation_id="sim-1") as run:
        for tick in range(4):
            log_everything(run, tick)
    columns = "status, total_transactions, total_settlements, total_cost"
    assert query(recorder, f"SELECT {columns} FROM simulation_runs") == [("completed", 4, 4, 80)]
    sql = "SELECT status, total_arrivals, total_settlements, total_cost_cents FROM simulations"
    assert query(recorder, sql) == [("completed", 4, 4, 80)]
    sql = "SELECT end_time >= start_time, duration_seconds >= 0 FROM simulation_runs"
    assert query(recorder, sql) == [(True, True)]


def test_totals_that_are_told_go_before_those_counted(recorder: SimCashRecorder):
    with recorder.begin_run(SETTING) as run:
        log_everything(run, 0)
        run.finish(total_cost=0, total_transactions=9, total_settlements=8)
    columns = "total_transactions, total_settlements, total_cost"
    assert query(recorder, f"SELECT {columns} FROM simulation_runs") == [(9, 8, 0)]


def test_a_run_that_raises_is_marked_as_failed_and_keeps_its_ticks(recorder: SimCashRecorder):
    def crash(run: SimCashRun) -> None:
        with run:
            log_everything(run, 0)
            run.log_event(1, "Arrival", rows.ARRIVAL)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash(recorder.begin_run(SETTING))
    assert query(recorder, "SELECT status, end_time FROM simulation_runs") == [("failed", None)]
    assert query(recorder, "SELECT tick FROM simulation_events") == [(0,)]


def test_days_follow_from_ticks(recorder: SimCashRecorder):
    with recorder.begin_run(SETTING) as run:
        for tick in range(4):
            log_everything(run, tick)
    for table in ("simulation_events", "tick_agent_states", "collateral_events", "lsm_cycles"):
        sql = f"SELECT DISTINCT tick, day FROM {table} ORDER BY tick"
        assert query(recorder, sql) == [(0, 0), (1, 0), (2, 1), (3, 1)]
    assert query(recorder, "SELECT DISTINCT day FROM daily_agent_metrics ORDER BY 1") == [
        (0,),
        (1,),
    ]


def test_events_can_be_sorted_as_they_were_written(recorder: SimCashRecorder):
    with recorder.begin_run(SETTING) as run:
        run._written = datetime(2998, 12, 31, 23, 59, 59, 999_000)  # a clock that stands still
        for number in range(1100):
            run.log_event(0, "Arrival", {"number": number})
        columns = {"event_type": ["Arrival"] * 2, "details": ['{"number":1100}', '{"number":1101}']}
        run.record_columns("simulation_events", 0, columns)
        run.end_tick(0)
    sql = "SELECT count(DISTINCT event_timestamp), max(event_timestamp) FROM simulation_events"
    ((count, last),) = query(recorder, sql)
    assert (count, str(last)) == (1102, "2999-01-01 00:00:00.000102")
    for order in ("event_timestamp", "event_id"):
        found = query(recorder, f"SELECT details FROM simulation_events ORDER BY {order}")
        assert [json.loads(row[0])["number"] for row in found] == list(range(1102))


# What a row may say


@pytest.mark.parametrize(
    ("log", "row", "change", "words"),
    [
        (
            "transaction",
            rows.TRANSACTION,
            {"amount": 15.0},
            r"transactions\.amount must be integer",
        ),
        (
            "transaction",
            rows.TRANSACTION,
            {"amount": -1},
            r"transactions\.amount must be 0 or more",
        ),
        ("transaction", rows.TRANSACTION, {"status": "lost"}, r"transactions\.status must be one"),
        ("transaction", rows.TRANSACTION, {"is_divisible": 2}, r"is_divisible must be true or"),
        ("agent_state", rows.STATE, {"balance": float("nan")}, r"tick_agent_states\.balance must"),
        ("agent_state", rows.STATE, {"delay_cost": -1}, r"tick_agent_states\.delay_cost must be 0"),
        ("agent_state", rows.STATE, {"colour": 1}, r"tick_agent_states has no column colour"),
        ("day", rows.DAY, {"total_cost": 2.5}, r"daily_agent_metrics\.total_cost must be integer"),
        ("day", rows.DAY, {"num_sent": -1}, r"daily_agent_metrics\.num_sent must be 0 or more"),
        ("collateral", rows.COLLATERAL, {"action": "give"}, r"collateral_events\.action must be"),
        ("collateral", rows.COLLATERAL, {"layer": "top"}, r"collateral_events\.layer must be one"),
        ("netting", rows.NETTING, {"cycle_type": "ring"}, r"lsm_cycles\.cycle_type must be one"),
        ("netting", rows.NETTING, {"tx_amounts": (1.5, 2)}, r"lsm_cycles\.tx_amounts\.0 must"),
        ("netting", rows.NETTING, {"settled_value": -1}, r"lsm_cycles\.settled_value must be 0"),
        ("decision", rows.DECISION, {"decision_type": "think"}, r"policy_decisions\.decision_type"),
        ("decision", rows.DECISION, {"reason": "a\0b"}, r"policy_decisions\.reason must not"),
    ],
)
@pytest.mark.parametrize("level", ["summary", "full"])
def test_a_wrong_value_is_refused_by_the_name_of_its_field(
    recorder: SimCashRecorder, log: str, row: dict, change: dict, words: str, level: str
):
    with recorder.begin_run(SETTING, level=level) as run:
        getattr(run, f"log_{log}")(0, **row)
        with pytest.raises(RecordingError, match=words) as refusal:
            getattr(run, f"log_{log}")(0, **{**row, **change})
        assert "\n" not in str(refusal.value)
        run.end_tick(0)


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({"amount": 1.5}, r"simulation_events\.details\.amount must be integer cents, not 1\.5"),
        ({"costs": {"delay_cost": 2.0}}, r"details\.costs\.delay_cost must be integer cents"),
        ({"per_agent_costs": {"A": 1.0}}, r"details\.per_agent_costs\.A must be integer cents"),
        ({"rate": float("nan")}, r"simulation_events\.details must be plain JSON values"),
        ({"who": {1, 2}}, r"simulation_events\.details must be plain JSON values"),
    ],
)
def test_a_wrong_payload_is_refused_by_the_name_of_its_entry(
    recorder: SimCashRecorder, details: dict, words: str
):
    with recorder.begin_run(SETTING) as run, pytest.raises(RecordingError, match=words):
        run.log_event(0, "Arrival", details)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seed": 4.2}, r"rng_seed must be a whole number"),
        ({"ticks_per_day": 0}, r"ticks_per_day must be 1 or more"),
        ({"num_days": -1}, r"num_days must be 0 or more"),
        ({"config": {"rate": float("inf")}}, r"config must be plain JSON values"),
        ({"policies": {"A": {1, 2}}}, r"policies\.A must be plain JSON values"),
        ({"config_name": None}, r"config_name is required"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(recorder: SimCashRecorder, change: dict, words: str):
    with pytest.raises(RecordingError, match=words):
        recorder.begin_run(replace(SETTING, **change))
    assert query(recorder, "SELECT * FROM simulation_runs") == []


def test_a_wrong_level_or_total_is_refused_by_name(recorder: SimCashRecorder):
    with pytest.raises(RecordingError, match="persistence_level must be of none, summary, events"):
        recorder.begin_run(SETTING, level="some")
    run = recorder.begin_run(SETTING)
    with pytest.raises(RecordingError, match=r"simulation_runs\.total_cost must be integer cents"):
        run.finish(total_cost=1.5)
    with pytest.raises(RecordingError, match=r"simulation_runs\.total_cost must be 0 or more"):
        run.finish(total_cost=-1)
    run.finish()


# Levels


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_keeps_its_tables(recorder: SimCashRecorder, level: str):
    with recorder.begin_run(SETTING, level=level) as run:
        for tick in range(2):
            log_everything(run, tick)
    found = {t for t in TABLES_OF_LEVEL["full"] if query(recorder, f"SELECT 1 FROM {t} LIMIT 1")}
    assert found == TABLES_OF_LEVEL[level]
    expected = [] if level == "none" else [(level, 2, 40)]
    sql = "SELECT persistence_level, total_transactions, total_cost FROM simulation_runs"
    assert query(recorder, sql) == expected


# Experiments


def test_an_experiment_links_its_iterations_and_runs(recorder: SimCashRecorder):
    with experiment(recorder, scenario_path="two_banks.yaml") as container:
        for number in range(2):
            iteration = container.begin_iteration(number)
            for sample in range(2):
                with iteration.begin_run(SETTING, purpose="bootstrap", sample_index=sample):
                    pass
            with iteration.begin_run(SETTING, purpose="evaluation"):
                pass
            iteration.finish(
                costs_per_agent={"A": 100 - number, "B": 0},
                policies={"A": {"p": number}},
                accepted_changes={"A": bool(number)},
            )
        container.finish(converged=True, reason="Stability achieved")
    sql = (
        "SELECT * EXCLUDE (timestamp, experiment_id) FROM experiment_iterations ORDER BY iteration"
    )
    assert query(recorder, sql) == [
        (
            number,
            f'{{"A": {100 - number}, "B": 0}}',
            f'{{"A": {json.dumps(bool(number))}}}',
            f'{{"A": {{"p": {number}}}}}',
            f"e-iter{number}-evaluation",
            json.dumps([f"e-iter{number}-bootstrap-sample{s}" for s in range(2)]),
        )
        for number in range(2)
    ]
    columns = "simulation_id, experiment_id, iteration, sample_index, run_purpose"
    sql = f"SELECT {columns} FROM simulation_runs WHERE iteration = 1 ORDER BY 1"
    assert query(recorder, sql) == [
        ("e-iter1-bootstrap-sample0", "e", 1, 0, "bootstrap"),
        ("e-iter1-bootstrap-sample1", "e", 1, 1, "bootstrap"),
        ("e-iter1-evaluation", "e", 1, None, "evaluation"),
    ]
    columns = "master_seed, num_iterations, converged, convergence_reason, final_cost, best_cost"
    told = query(recorder, f"SELECT {columns} FROM experiments")
    assert told == [(7, 2, True, "Stability achieved", 99, 99)]


def test_the_best_cost_is_that_of_the_cheapest_iteration(recorder: SimCashRecorder):
    with experiment(recorder) as container:
        for number, cost in enumerate((100, 50, 70)):
            container.begin_iteration(number).finish(
                costs_per_agent={"A": cost}, policies={}, accepted_changes={}
            )
    sql = "SELECT num_iterations, best_cost, final_cost, converged FROM experiments"
    assert query(recorder, sql) == [(3, 50, 70, False)]


def test_ids_say_what_a_run_was_for(recorder: SimCashRecorder):
    container = recorder.begin_experiment("exp", config={}, master_seed=1)
    assert re.fullmatch(r"exp-\d{8}-\d{6}-[0-9a-f]{6}", container.experiment_id)
    run = container.begin_run(SETTING, iteration=5, purpose="bootstrap", sample_index=3)
    assert run.run_id == f"{container.experiment_id}-iter5-bootstrap-sample3"
    assert re.fullmatch(r"sim-[0-9a-f]{8}", recorder.begin_run(SETTING).run_id)


def test_what_is_there_already_is_refused_by_its_id(recorder: SimCashRecorder):
    container = experiment(recorder)
    with pytest.raises(RecordingError, match="already has an experiment e"):
        experiment(recorder)
    simulate(container, 0, "initial", 5)
    with pytest.raises(RecordingError, match="already has a run e-iter0-initial"):
        container.begin_run(SETTING, iteration=0, purpose="initial")
    finished = {"costs_per_agent": {"A": 1}, "policies": {}, "accepted_changes": {}}
    container.begin_iteration(0).finish(**finished)
    with pytest.raises(RecordingError, match="already has iteration 0"):
        container.begin_iteration(0)
    with pytest.raises(RecordingError, match="has no experiment f"):
        recorder.resume_experiment("f")


def test_events_of_an_experiment_are_committed_at_once(recorder: SimCashRecorder):
    container = experiment(recorder)
    container.log_event(0, "evaluation", {"total_cost": 30, "per_agent_costs": {"A": 30}})
    container.log_llm_interaction(1, **rows.TALK)
    found = query(recorder, "SELECT iteration, event_type, event_data FROM experiment_events")
    assert [row[:2] for row in found] == [(0, "evaluation"), (1, "llm_interaction")]
    assert json.loads(found[1][2]) == rows.TALK
    with pytest.raises(RecordingError, match=r"event_data\.total_cost must be integer cents"):
        container.log_event(0, "evaluation", {"total_cost": 30.0})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"costs_per_agent": {"A": 1.5}}, r"costs_per_agent\.A must be integer cents, not 1\.5"),
        ({"costs_per_agent": {"A": float("nan")}}, r"costs_per_agent\.A must be integer cents"),
        ({"costs_per_agent": {"A": -1}}, r"costs_per_agent\.A must be 0 or more"),
        ({"accepted_changes": {"A": 1}}, r"accepted_changes\.A must be true or false"),
        ({"policies": {"A": {1}}}, r"experiment_iterations\.policies must be plain JSON"),
    ],
)
def test_a_wrong_iteration_is_refused_by_name(recorder: SimCashRecorder, change: dict, words: str):
    iteration = experiment(recorder).begin_iteration(0)
    good = {"costs_per_agent": {"A": 1}, "policies": {}, "accepted_changes": {"A": False}}
    with pytest.raises(RecordingError, match=words):
        iteration.finish(**{**good, **change})
    iteration.finish(**good)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"master_seed": 1.5}, "master_seed must be a whole number"),
        ({"master_seed": None}, "master_seed is required"),
        ({"experiment_type": "odd"}, "experiment_type must be one of castro, generic, custom"),
        ({"config": {"a": {1}}}, "config must be plain JSON values"),
        ({"config": {"output": {"persistence_level": "x"}}}, "persistence_level must be of none"),
        ({"config": {"output": {"persist_simulations": ["odd"]}}}, "persist_simulations must be"),
    ],
)
def test_a_wrong_experiment_is_refused_by_name(
    recorder: SimCashRecorder, options: dict, words: str
):
    with pytest.raises(RecordingError, match=words):
        experiment(recorder, **options)
    assert query(recorder, "SELECT * FROM experiments") == []


@pytest.mark.parametrize("purpose", ["standalone", "practice"])
def test_a_run_of_an_experiment_has_a_purpose_in_it(recorder: SimCashRecorder, purpose: str):
    with pytest.raises(RecordingError, match=f"run_purpose must be one of .*, not '{purpose}'"):
        experiment(recorder).begin_run(SETTING, iteration=0, purpose=purpose)


def test_an_experiment_that_raises_stays_unfinished(recorder: SimCashRecorder):
    with pytest.raises(ZeroDivisionError), experiment(recorder):
        raise ZeroDivisionError
    assert query(recorder, "SELECT completed_at FROM experiments") == [(None,)]


# Which runs keep their events

COSTS = (100, 60, 80, 40, 90, 50)
PURPOSES = ("initial", *["evaluation"] * 4, "final")


def run_all(container: SimCashExperiment) -> None:
    """Six iterations of one judged run and one sample."""
    for number, (cost, purpose) in enumerate(zip(COSTS, PURPOSES, strict=True)):
        simulate(container, number, purpose, cost)
        simulate(container, number, "bootstrap", 1, sample=1)


@pytest.mark.parametrize(
    ("persistence", "expected"),
    [
        (Persistence(), ["iter0-initial", "iter3-evaluation", "iter5-final"]),
        (
            Persistence(thin_surpassed=False),
            ["iter0-initial", "iter1-evaluation", "iter3-evaluation", "iter5-final"],
        ),
        (Persistence(keep=("best",)), ["iter3-evaluation"]),
        (Persistence(keep=("final",)), ["iter5-final"]),
        (Persistence(keep=("initial", "worst")), ["iter0-initial"]),
        (Persistence(keep=("best", "worst")), ["iter0-initial", "iter3-evaluation"]),
        (Persistence(level="summary"), []),
        (Persistence(policy="none"), []),
        (
            Persistence(keep=("best",), compare=("bootstrap",)),
            ["iter0-bootstrap-sample1"],
        ),
        (
            Persistence(policy="all"),
            sorted(
                [f"iter{n}-{p}" for n, p in enumerate(PURPOSES)]
                + [f"iter{n}-bootstrap-sample1" for n in range(6)]
            ),
        ),
    ],
)
def test_a_policy_keeps_the_runs_it_names(
    recorder: SimCashRecorder, persistence: Persistence, expected: list[str]
):
    with experiment(recorder, persistence=persistence) as container:
        run_all(container)
    assert kept(recorder) == expected
    sql = "SELECT simulation_id FROM simulation_runs WHERE persistence_level = 'events' ORDER BY 1"
    assert [row[0].removeprefix("e-") for row in query(recorder, sql)] == expected
    stored = 0 if persistence.policy == "none" else 12
    sql = "SELECT count(*), count(total_cost) FROM simulation_runs"
    assert query(recorder, sql) == [(stored, stored)]


def test_the_worst_replaces_a_better_worst(recorder: SimCashRecorder):
    with experiment(recorder, persistence=Persistence(keep=("worst",))) as container:
        for number, cost in enumerate((10, 30, 20)):
            simulate(container, number, "evaluation", cost)
            expected = {0: 0, 1: 1, 2: 1}[number]
            assert kept(recorder) == [f"iter{expected}-evaluation"]


def test_thinning_leaves_the_summary_whole(recorder: SimCashRecorder):
    with experiment(recorder, persistence=Persistence(level="full")) as container:
        for number, cost in enumerate((30, 20, 10)):
            simulate(container, number, "evaluation", cost)
    for table in TABLES_OF_LEVEL["full"]:
        sql = f"SELECT count(*) FROM {table} WHERE simulation_id = 'e-iter1-evaluation'"
        assert (query(recorder, sql)[0][0] > 0) == (table in TABLES_OF_LEVEL["summary"])
    sql = "SELECT persistence_level, status, total_cost FROM simulation_runs ORDER BY iteration"
    assert query(recorder, sql) == [
        (level, "completed", cost) for level, cost in (("full", 30), ("summary", 20), ("full", 10))
    ]


def test_runs_of_no_policy_are_not_linked(recorder: SimCashRecorder):
    with experiment(recorder, persistence=Persistence(policy="none")) as container:
        iteration = container.begin_iteration(0)
        with iteration.begin_run(SETTING, purpose="initial") as run:
            log_everything(run, 0)
        iteration.finish(costs_per_agent={"A": 1}, policies={}, accepted_changes={})
    sql = "SELECT evaluation_simulation_id, bootstrap_simulation_ids FROM experiment_iterations"
    assert query(recorder, sql) == [(None, None)]


def test_the_configuration_says_what_is_kept_and_is_told_what_was(recorder: SimCashRecorder):
    output = {
        "database": "exp.db",
        "persistence_level": "full",
        "persist_simulations": ["initial", "best", "worst", "final"],
    }
    container = experiment(recorder, config={"output": output})
    assert container.persistence == Persistence(
        level="full", keep=("initial", "best", "worst", "final")
    )
    stored = json.loads(query(recorder, "SELECT config FROM experiments")[0][0])
    assert stored["output"] == output | {
        "persistence_policy": "smart",
        "compare_purposes": ["initial", "evaluation", "best", "final"],
        "thin_surpassed": True,
    }
    assert recorder.resume_experiment("e").persistence == container.persistence


def test_a_resumed_experiment_knows_its_best(recorder: SimCashRecorder):
    first = experiment(recorder)
    simulate(first, 0, "initial", 100)
    simulate(first, 1, "evaluation", 40)
    second = recorder.resume_experiment("e")
    simulate(second, 2, "evaluation", 60)
    assert kept(recorder) == ["iter0-initial", "iter1-evaluation"]
    simulate(second, 3, "evaluation", 30)
    assert kept(recorder) == ["iter0-initial", "iter3-evaluation"]


def test_thinning_that_is_interrupted_leaves_all_as_it_was(recorder: SimCashRecorder):
    container = experiment(recorder)
    simulate(container, 0, "evaluation", 100)
    simulate(container, 1, "evaluation", 50)
    run = container.begin_run(SETTING, iteration=2, purpose="evaluation")
    log_everything(run, 0)
    before = {t: query(recorder, f"SELECT * FROM {t}") for t in TABLES_OF_LEVEL["full"]}
    deleted: list[str] = []

    def interrupt(connection, cursor, statement, *_: object) -> None:
        if statement.startswith("DELETE"):
            deleted.append(statement)
            if len(deleted) == 3:
                raise KeyboardInterrupt

    event.listen(recorder._target.engine, "before_cursor_execute", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.finish(total_cost=10)
    event.remove(recorder._target.engine, "before_cursor_execute", interrupt)
    after = {t: query(recorder, f"SELECT * FROM {t}") for t in TABLES_OF_LEVEL["full"]}
    assert after == before
    sql = "SELECT status, persistence_level FROM simulation_runs ORDER BY iteration"
    assert query(recorder, sql) == [
        ("completed", "events"),
        ("completed", "events"),
        ("running", "events"),
    ]


def test_another_program_can_open_what_was_recorded(path: Path):
    with SimCashRecorder(f"duckdb:///{path}") as recorder, experiment(recorder) as container:
        simulate(container, 0, "initial", 5)
    with closing(duckdb.connect(str(path), read_only=True)) as connection:
        assert connection.execute("SELECT count(*) FROM simulation_events").fetchone() == (2,)


def test_an_event_like_those_before_it_is_refused_for_what_is_wrong_with_it(
    recorder: SimCashRecorder,
) -> None:
    wrong: dict[str, tuple[dict[str, object], dict[str, object]]] = {
        r"agent_id must be text, not \['A'\]": ({}, {"agent_id": ["A"]}),
        "tx_id must not contain a NUL": ({}, {"agent_id": "A", "tx_id": "a\0"}),
        "tx_id must be valid Unicode": ({}, {"agent_id": "A", "tx_id": "\ud800"}),
        "tx_id must be text, not 5": ({}, {"agent_id": "A", "tx_id": 5}),
        r"details\.costs\.A must be integer cents": ({"costs": {"A": 1.5}}, {"agent_id": "A"}),
        "details must be plain JSON values": ({"at": {1, 2}}, {"agent_id": "A"}),
    }
    with recorder.begin_run(SETTING, simulation_id="r") as run:
        for _ in range(2):
            run.log_event(0, "Told", {"costs": {"A": 1}}, agent_id="A", tx_id="t")
        for sentence, (details, rest) in wrong.items():
            with pytest.raises(RecordingError, match=rf"simulation_events\.{sentence}"):
                run.log_event(0, "Told", details, **rest)  # type: ignore[arg-type]
        run.end_tick(0)
    told = query(recorder, "SELECT agent_id, tx_id, details FROM simulation_events")
    assert told == [("A", "t", '{"costs":{"A":1}}')] * 2
