"""Runs of SimCash are listed once, with the context of their experiment, alone or within one."""

from __future__ import annotations

from pathlib import Path

import pytest

import telemetry
from telemetry.concepts import RunDetail, TickRange
from telemetry.errors import NothingFoundError
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.queries import (
    AgentsQuery,
    RunQuery,
    RunSizesQuery,
    RunsQuery,
    SeriesQuery,
    TimelineQuery,
)
from telemetry.source import Source
from tests.builders import simcash
from tests.builders.simcash import ALONE, EXPERIMENT, INITIAL, SAMPLES, SECOND
from tests.builders.simcash_rows import SETTING


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return telemetry.open_source(simcash.unified(tmp_path_factory.mktemp("sc") / "u.db"))


def facts(detail: RunDetail) -> dict[str, object]:
    return dict(detail.facts)


def test_runs_go_by_experiment_iteration_and_sample_those_alone_first(source: Source) -> None:
    listed = source.ask(RunsQuery()).runs
    assert [r.run_id for r in listed] == [ALONE, INITIAL, SECOND, *SAMPLES]


def test_a_run_carries_its_experiment_iteration_purpose_sample_and_seeds(source: Source) -> None:
    runs = {r.run_id: r for r in source.ask(RunsQuery()).runs}
    sample = runs[SAMPLES[2]]
    assert (sample.experiment_id, sample.iteration) == (EXPERIMENT, 1)
    fields = sample.fields
    assert (fields["run_purpose"], fields["sample_index"]) == ("bootstrap", 2)
    assert (fields["rng_seed"], fields["master_seed"]) == (102, 7)
    assert fields["experiment_name"] == "seven"
    assert fields["total_cost"] == 1400


def test_a_run_of_no_experiment_is_standalone_and_has_no_master_seed(source: Source) -> None:
    run = source.ask(RunsQuery()).runs[0]
    assert run.fields["run_purpose"] == "standalone"
    assert run.experiment_id is None
    assert run.fields["master_seed"] is None
    assert run.name == "two_banks.yaml"


def test_a_run_without_events_is_listed_and_cannot_be_replayed(source: Source) -> None:
    runs = {r.run_id: r for r in source.ask(RunsQuery()).runs}
    assert (runs[ALONE].fields["events"], runs[ALONE].fields["replayable"]) == (13, True)
    assert (runs[SECOND].fields["events"], runs[SECOND].fields["replayable"]) == (0, False)
    assert runs[SECOND].ticks is None
    assert "cannot be replayed" in " ".join(source.ask(RunQuery(SECOND)).warnings)


def test_ticks_come_from_the_rows_and_the_plan_from_the_run_row(source: Source) -> None:
    runs = {r.run_id: r for r in source.ask(RunsQuery()).runs}
    assert runs[ALONE].ticks == TickRange(0, 5)
    assert runs[INITIAL].ticks == TickRange(0, 0)
    assert runs[INITIAL].fields["planned_ticks"] == 6


def test_one_run_in_full_has_its_configuration_and_shows_cents_as_money(source: Source) -> None:
    detail = source.ask(RunQuery(ALONE))
    assert detail.config == {"agents": list(simcash.AGENTS)}
    assert facts(detail)["Total cost ($)"] == "7.00"
    assert detail.agents == 3
    assert detail.warnings == ()


LINKS = ("Experiment", "Iteration", "Sample", "Master seed")


def test_a_run_alone_has_no_experiment_which_is_not_the_same_as_not_recorded(
    source: Source, tmp_path: Path
) -> None:
    assert [facts(source.ask(RunQuery(ALONE)))[link] for link in LINKS] == ["none"] * 4
    evaluated = facts(source.ask(RunQuery(SECOND)))
    assert [evaluated[link] for link in LINKS] == [simcash.EXPERIMENT, 1, "none", 7]
    path = simcash.create(tmp_path / "sim.db", "simulations")
    simcash.insert(path, "simulation_runs", [simcash.run("only")])
    alone = facts(telemetry.open_source(path).ask(RunQuery("only")))
    assert [alone[link] for link in LINKS] == [None] * 4


def test_a_run_row_that_contradicts_the_rows_is_said(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(
        path, "simulation_runs", [simcash.run("odd", total_cost=1, total_transactions=9)]
    )
    simcash.insert(path, "simulation_events", simcash.events("odd"))
    simcash.insert(path, "transactions", simcash.transactions("odd"))
    said = " ".join(telemetry.open_source(path).ask(RunQuery("odd")).warnings)
    assert "total cost of 0.01" in said
    assert "add up to 7.00" in said
    assert "counts 9 transactions, 4 are recorded" in said


def test_every_agent_that_rows_name_takes_part(source: Source) -> None:
    agents = source.ask(AgentsQuery(ALONE))
    assert [(a.agent_id, a.first_tick, a.last_tick) for a in agents] == [
        ("A", 0, 5),
        ("B", 0, 5),
        ("ÅBO", 1, 2),
    ]


def test_sizes_count_the_rows_of_each_table(source: Source) -> None:
    sizes = source.ask(RunSizesQuery((ALONE, SECOND))).counts
    assert sizes[ALONE]["simulation_events"] == 13
    assert sizes[ALONE]["transactions"] == 4
    assert sizes[ALONE]["unsettled"] == 3
    assert sizes[SECOND]["simulation_events"] == 0
    assert "experiments" not in sizes[ALONE]


def test_a_run_id_is_text_and_an_unknown_one_is_named(source: Source) -> None:
    assert source.parse_run_id(f" {ALONE} ") == ALONE
    with pytest.raises(NothingFoundError, match="nowhere"):
        source.parse_run_id("nowhere")
    with pytest.raises(NothingFoundError, match="nowhere"):
        source.ask(RunQuery("nowhere"))


def test_days_and_the_run_s_status_are_lanes_without_gaps_at_silent_ticks(source: Source) -> None:
    found = source.ask(TimelineQuery(ALONE))
    day, status = found.lane("day"), found.lane("status")
    assert day is not None
    assert status is not None
    assert list(zip(day.state, day.first.tolist(), day.last.tolist(), strict=True)) == [
        ("0", 0, 2),
        ("1", 3, 5),
    ]
    assert (status.state, status.first.tolist(), status.last.tolist()) == (("completed",), [0], [5])


@pytest.mark.parametrize(
    ("run_id", "iteration", "purpose", "sample"),
    [
        ("e-iter3-evaluation", 3, "evaluation", None),
        ("e-iter12-bootstrap-sample4", 12, "bootstrap", 4),
        ("e-iter0-initial", 0, "initial", None),
        ("e-iter5-best", 5, "best", None),
        ("e-iter49-final", 49, "final", None),
        ("e-sim-007-init", None, "initial", None),
        ("e-sim-008-eval", None, "evaluation", None),
        ("anything", None, None, None),
    ],
)
def test_the_id_tells_what_no_column_does(
    run_id: str, iteration: int | None, purpose: str | None, sample: int | None, tmp_path: Path
) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "simulation_runs", [simcash.run(run_id, experiment_id="e")])
    (run,) = telemetry.open_source(path).ask(RunsQuery()).runs
    assert run.iteration == iteration
    assert run.fields["run_purpose"] == purpose
    assert run.fields["sample_index"] == sample


def test_a_run_that_only_the_other_table_lists_is_listed_as_well(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "b.db", "simulations")
    common = {
        "config_hash": "",
        "rng_seed": 1,
        "ticks_per_day": 3,
        "num_days": 1,
        "num_agents": 2,
        "status": "completed",
        "total_cost_cents": 12,
    }
    rows = [{"simulation_id": i, "config_file": "x.yaml", **common} for i in ("both", "only")]
    simcash.insert(path, "simulations", rows)
    simcash.insert(path, "simulation_runs", [simcash.run("both"), simcash.run("other")])
    runs = telemetry.open_source(path).ask(RunsQuery()).runs
    assert sorted(str(r.run_id) for r in runs) == ["both", "only", "other"]
    by_id = {r.run_id: r.fields for r in runs}
    assert by_id["only"]["total_cost"] == 12
    assert by_id["other"]["total_cost"] is None
    assert by_id["only"]["run_purpose"] == "standalone"


def test_runs_of_the_newer_experiment_shape_have_their_context(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "c.db", "experiment")
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    row = {
        "simulation_id": f"{EXPERIMENT}-sim-001-eval",
        "rng_seed": 5,
        "ticks_per_day": 3,
        "num_days": 2,
        "status": "completed",
        "experiment_run_id": EXPERIMENT,
        "experiment_iteration": 1,
        "total_cost_cents": 77,
    }
    simcash.insert(path, "simulations", [row])
    simcash.insert(path, "simulation_events", simcash.events(row["simulation_id"]))
    source = telemetry.open_source(path)
    (run,) = source.ask(RunsQuery()).runs
    assert (run.experiment_id, run.iteration) == (EXPERIMENT, 1)
    assert run.fields["run_purpose"] == "evaluation"
    assert run.fields["master_seed"] == 7
    assert run.fields["total_cost"] == 77
    assert run.ticks == TickRange(0, 5)
    lines = source.ask(SeriesQuery(run.run_id, "cost_so_far")).lines
    assert {line.agent_id: line.value[-1] for line in lines} == {"A": 4.5, "B": 2.5}


def test_what_a_summary_does_not_keep_is_not_recorded_rather_than_none(tmp_path: Path) -> None:
    with SimCashRecorder(tmp_path / "runs.db") as recorder:
        for level in ("summary", "events", "full"):
            with recorder.begin_run(SETTING, simulation_id=level, level=level) as run:
                run.log_event(0, "Told", {})
                run.end_tick(0)
    source = telemetry.open_source(tmp_path / "runs.db")
    try:
        counts = source.ask(RunSizesQuery(("summary", "events", "full"))).counts
    finally:
        source.close()
    names = (
        "simulation_events",
        "transactions",
        "tick_agent_states",
        "daily_agent_metrics",
        "policy_snapshots",
    )
    assert {level: tuple(map(found.get, names)) for level, found in counts.items()} == {
        "summary": (None, None, None, 0, 2),
        "events": (1, 0, None, 0, 2),
        "full": (1, 0, 0, 0, 2),
    }
