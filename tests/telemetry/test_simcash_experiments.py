"""Experiments and their iterations, as far as each shape tells of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

import telemetry
from telemetry.concepts import IterationList
from telemetry.errors import NothingFoundError
from telemetry.families.simcash.bands import band
from telemetry.queries import CountQuery, ExperimentsQuery, IterationsQuery, RunsQuery, TableQuery
from telemetry.source import Source
from tests.builders import simcash
from tests.builders.simcash import EXPERIMENT, INITIAL, SAMPLES, SECOND, START


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    return telemetry.open_source(simcash.unified(tmp_path_factory.mktemp("sc") / "u.db"))


def experimental(path: Path, shape: str) -> Source:
    """A database of the older or newer experiment shape with one experiment."""
    simcash.create(path, shape)
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    simcash.insert(path, "experiment_iterations", simcash.iterations("run_id"))
    simcash.insert(path, "experiment_events", simcash.experiment_events("run_id"))
    return telemetry.open_source(path)


def asked(source: Source) -> IterationList:
    return source.ask(IterationsQuery(EXPERIMENT))


def test_an_experiment_tells_its_outcome_and_how_many_runs_name_it(source: Source) -> None:
    (found,) = source.ask(ExperimentsQuery()).experiments
    assert (found.experiment_id, found.name, found.kind) == (EXPERIMENT, "seven", "generic")
    assert (found.status, found.iterations, found.runs) == ("converged", 2, 5)
    assert found.fields["convergence_reason"] == "Stability achieved"
    assert found.fields["master_seed"] == 7
    assert found.fields["replayable_runs"] == 1
    costs = ("baseline_cost", "lowest_cost", "last_cost")
    assert [found.fields[c] for c in costs] == [3000, 1001, 1001]


def test_every_field_of_an_experiment_is_described(source: Source) -> None:
    listed = source.ask(ExperimentsQuery())
    described = {c.name for c in listed.columns}
    assert set(listed.experiments[0].fields) == described
    money = {c.name for c in listed.columns if c.unit == "cents"}
    assert {"best_cost", "final_cost", "lowest_cost"} <= money


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"converged": True}, "converged"),
        ({"converged": False}, "not converged"),
        ({"converged": False, "completed_at": None}, "unfinished"),
    ],
)
def test_the_status_tells_unfinished_from_not_converged(
    fields: dict[str, Any], status: str, tmp_path: Path
) -> None:
    path = simcash.create(tmp_path / "d.db", "legacy")
    simcash.insert(path, "experiments", [simcash.experiment("run_id", **fields)])
    (found,) = telemetry.open_source(path).ask(ExperimentsQuery()).experiments
    assert found.status == status


@pytest.mark.parametrize("shape", ["legacy", "experiment"])
def test_older_shapes_name_experiments_otherwise_and_mean_the_same(
    shape: str, tmp_path: Path
) -> None:
    source = experimental(tmp_path / "e.db", shape)
    (found,) = source.ask(ExperimentsQuery()).experiments
    assert found.experiment_id == EXPERIMENT
    assert found.runs == (None if shape == "legacy" else 0)
    assert found.fields["master_seed"] == 7  # from its configuration: there is no such column
    assert found.fields["scenario_path"] == "two_banks.yaml"
    assert "final_cost" not in found.fields
    assert found.fields["last_cost"] == 1001
    assert [i.total_cost for i in asked(source).iterations] == [3000, 1001]


def test_costs_are_whole_cents_and_add_up_exactly(source: Source) -> None:
    first, second = asked(source).iterations
    assert asked(source).unit == "cents"
    assert first.costs_per_agent == {"A": 1000, "B": 2000}
    assert (first.total_cost, second.total_cost) == (3000, 1001)
    assert all(isinstance(c, int) for c in second.costs_per_agent.values())


def test_accepted_changes_and_policies_are_decoded(source: Source) -> None:
    first, second = asked(source).iterations
    assert first.accepted == {"A": False, "B": False}
    assert second.accepted == {"A": True, "B": False}
    assert second.policies == {"A": simcash.policy(0.25), "B": simcash.policy(0.5)}


def test_an_iteration_knows_its_runs_evaluation_first(source: Source) -> None:
    first, second = asked(source).iterations
    assert first.runs == (INITIAL,)
    assert second.runs == (SECOND, *SAMPLES)
    assert second.fields["evaluation_run"] == SECOND
    assert second.fields["purpose"] == "evaluation"
    assert second.fields["evaluation_cost"] == 1000


def test_bootstrap_samples_give_a_mean_and_its_band(source: Source) -> None:
    first, second = asked(source).iterations
    assert first.fields["bootstrap_samples"] == 0
    assert first.fields["bootstrap_mean"] is None
    assert second.fields["bootstrap_samples"] == 3
    assert second.fields["bootstrap_mean"] == 1100
    assert second.fields["bootstrap_low"] == pytest.approx(442.759, abs=1e-3)
    assert second.fields["bootstrap_high"] == pytest.approx(1757.241, abs=1e-3)


def test_the_links_of_an_iteration_s_own_row_come_first(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "experiments", [simcash.experiment(master_seed=1)])
    row = {**simcash.iterations("experiment_id")[1], "evaluation_simulation_id": "far"}
    simcash.insert(path, "experiment_iterations", [row])
    linked = simcash.run("near", experiment_id=EXPERIMENT, iteration=1, run_purpose="evaluation")
    simcash.insert(path, "simulation_runs", [linked])
    (found,) = asked(telemetry.open_source(path)).iterations
    assert found.runs == ("far", "near")
    assert found.fields["evaluation_run"] == "far"


def test_marks_that_are_all_false_while_policies_change_are_not_to_be_relied_on(
    tmp_path: Path,
) -> None:
    path = simcash.create(tmp_path / "d.db", "legacy")
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    rows = [{**row, "accepted_changes": '{"A": false}'} for row in simcash.iterations("run_id")]
    simcash.insert(path, "experiment_iterations", rows)
    notes = " ".join(asked(telemetry.open_source(path)).notes)
    assert "cannot be relied on" in notes
    assert "runs of the iterations are not recorded" in notes


def test_a_marked_change_leaves_no_note(source: Source) -> None:
    assert asked(source).notes == ()


def test_broken_json_in_an_iteration_reads_as_nothing_and_is_no_zero(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "experiments", [simcash.experiment(master_seed=1, config="{broken")])
    row = {
        **simcash.iterations("experiment_id")[0],
        "costs_per_agent": '{"A": 10, "B": "ten", "C": null}',
        "accepted_changes": "[]",
        "policies": "{broken",
    }
    simcash.insert(path, "experiment_iterations", [row])
    (found,) = asked(telemetry.open_source(path)).iterations
    assert found.costs_per_agent == {"A": 10, "B": None, "C": None}
    assert found.total_cost is None
    assert found.accepted == {}
    assert found.policies == {}


def test_an_unknown_experiment_is_named_with_those_there_are(source: Source) -> None:
    with pytest.raises(NothingFoundError, match=f"'other'.*{EXPERIMENT}"):
        source.ask(IterationsQuery("other"))


def test_a_source_without_experiments_says_so(tmp_path: Path) -> None:
    source = telemetry.open_source(simcash.create(tmp_path / "b.db", "simulations"))
    with pytest.raises(NothingFoundError, match="not recorded"):
        source.ask(IterationsQuery("any"))


@pytest.mark.parametrize("shape", ["unified", "legacy", "experiment"])
def test_questions_to_language_models_are_listed_without_their_prompts(
    shape: str, tmp_path: Path
) -> None:
    path = tmp_path / "e.db"
    source = (
        telemetry.open_source(simcash.unified(path))
        if shape == "unified"
        else experimental(path, shape)
    )
    table = source.table_with_role("interactions")
    assert table is not None
    shown = tuple(c.name for c in table.columns if c.visible)
    (row,) = source.ask(TableQuery("", table.name, columns=shown)).rows
    fields = dict(zip(shown, row, strict=True))
    assert (fields["agent_id"], fields["model"]) == ("A", "some:model")
    assert (fields["prompt_tokens"], fields["completion_tokens"]) == (3173, 31)
    assert fields["latency_seconds"] == 91.5
    assert fields["parsing_error"] is None
    assert max(len(str(cell)) for cell in row) < 100
    heavy = ("system_prompt", "user_prompt", "raw_response", "parsed_policy")
    (row,) = source.ask(TableQuery("", table.name, columns=heavy)).rows
    assert len(str(row[0])) == 20_000
    assert row[1:3] == ("What now?", "{}")
    assert json.loads(str(row[3])) == simcash.policy(0.25)
    assert source.ask(CountQuery("", "experiment_events")) == 2


def test_a_band_needs_two_samples_and_equal_ones_have_none_to_either_side() -> None:
    assert band([])["bootstrap_mean"] is None
    alone = band([5])
    assert (alone["bootstrap_mean"], alone["bootstrap_low"]) == (5, None)
    assert set(band([5, 5, 5]).values()) == {5}
    wide = band([0, 10])
    assert wide["bootstrap_high"] == pytest.approx(5 + 12.7062 * 5)
    many = band(list(range(100)))
    half = (float(str(many["bootstrap_high"])) - float(str(many["bootstrap_low"]))) / 2
    assert half == pytest.approx(5.757, abs=5e-3)  # t at 99 degrees of freedom is 1.9842


GAME = {
    "game_id": "g1",
    "scenario_config": "x.yaml",
    "master_seed": 9,
    "game_mode": "campaign",
    "config_json": "{}",
    "started_at": START,
    "status": "completed",
    "optimized_agents": '["A"]',
    "converged": False,
    "final_cost": 99.5,
}


def proposal(agent: str, number: int, *, accepted: bool) -> dict[str, Any]:
    return {
        "game_id": "g1",
        "agent_id": agent,
        "iteration_number": number,
        "trigger_tick": 0,
        "old_policy_json": json.dumps(simcash.policy(0.5)),
        "new_policy_json": json.dumps(simcash.policy(0.25)),
        "old_cost": 100.25,
        "new_cost": 50.5,
        "cost_improvement": 49.75,
        "was_accepted": accepted,
        "validation_errors": "[]",
        "llm_model": "m",
        "llm_latency_seconds": 1.5,
        "tokens_used": 10,
        "created_at": START,
    }


def test_a_game_is_an_experiment_whose_iterations_are_proposals(tmp_path: Path) -> None:
    path = simcash.create(tmp_path / "e.db", "game")
    simcash.insert(path, "game_sessions", [GAME])
    rows = [proposal("B", 1, accepted=False), proposal("A", 1, accepted=True)]
    simcash.insert(path, "policy_iterations", rows)
    source = telemetry.open_source(path)
    (found,) = source.ask(ExperimentsQuery()).experiments
    assert (found.experiment_id, found.status, found.runs) == ("g1", "completed", None)
    assert found.fields["master_seed"] == 9
    (iteration,) = source.ask(IterationsQuery("g1")).iterations
    assert iteration.costs_per_agent == {"A": 50.5, "B": 50.5}
    assert iteration.total_cost == 101.0
    assert iteration.accepted == {"A": True, "B": False}
    assert iteration.policies["A"] == simcash.policy(0.25)
    assert iteration.fields["old_cost"] == 200.5
    assert source.ask(RunsQuery()).runs == ()
    with pytest.raises(NothingFoundError, match="g1"):
        source.ask(IterationsQuery("g2"))


def castro(path: Path) -> Source:
    """Two iterations under two seeds; a policy from the beginning, A's replaced at iteration 2."""
    simcash.create(path, "castro")
    config = {
        "experiment_id": "c1",
        "experiment_name": "two banks",
        "created_at": START,
        "config_yaml": "",
        "config_hash": "",
        "cost_rates": "{}",
        "agent_configs": "[]",
        "model_name": "m",
        "reasoning_effort": "high",
        "num_seeds": 2,
        "max_iterations": 2,
        "convergence_threshold": 0.05,
        "convergence_window": 5,
    }
    simcash.insert(path, "experiment_config", [config])
    metrics = {
        "experiment_id": "c1",
        "total_cost_mean": 150.5,
        "total_cost_std": 0.5,
        "risk_adjusted_cost": 151.0,
        "settlement_rate_mean": 1.0,
        "failure_rate": 0.0,
        "best_seed": 1,
        "worst_seed": 2,
        "best_seed_cost": 150,
        "worst_seed_cost": 151,
        "converged": False,
        "created_at": START,
    }
    runs = []
    for number in (1, 2):
        row = {**metrics, "metric_id": f"m{number}", "iteration_number": number}
        simcash.insert(path, "iteration_metrics", [row])
        for seed in (2, 1):
            run = {
                "run_id": f"r{number}{seed}",
                "experiment_id": "c1",
                "iteration_number": number,
                "seed": seed,
                "total_cost": 149 + seed,
                "bank_a_cost": 100,
                "bank_b_cost": 49 + seed,
                "settlement_rate": 1.0,
                "raw_output": "{}",
                "created_at": START,
            }
            runs.append(run)
    simcash.insert(path, "simulation_runs", runs)
    policies = [(0, "BANK_A", 0.5), (0, "BANK_B", 0.5), (2, "BANK_A", 0.25)]
    rows = [
        {
            "iteration_id": str(i),
            "experiment_id": "c1",
            "iteration_number": number,
            "agent_id": agent,
            "policy_json": json.dumps(simcash.policy(fraction)),
            "policy_hash": "",
            "parameters": "{}",
            "created_at": START,
            "created_by": "init",
        }
        for i, (number, agent, fraction) in enumerate(policies)
    ]
    simcash.insert(path, "policy_iterations", rows)
    return telemetry.open_source(path)


def test_a_two_bank_experiment_has_runs_by_seed_and_means_over_them(tmp_path: Path) -> None:
    source = castro(tmp_path / "f.db")
    (found,) = source.ask(ExperimentsQuery()).experiments
    assert (found.name, found.status, found.runs) == ("two banks", "not converged", 4)
    runs = source.ask(RunsQuery()).runs
    assert [r.run_id for r in runs] == ["r11", "r12", "r21", "r22"]
    assert (runs[0].name, runs[0].iteration) == ("iteration 1, seed 1", 1)
    first, second = source.ask(IterationsQuery("c1")).iterations
    assert first.total_cost == 150.5
    assert first.costs_per_agent == {"BANK_A": 100, "BANK_B": 50.5}
    assert isinstance(first.costs_per_agent["BANK_A"], int)
    assert first.runs == ("r11", "r12")
    assert second.fields["bootstrap_mean"] == 150.5


def test_a_policy_stays_in_force_until_the_next_one(tmp_path: Path) -> None:
    first, second = castro(tmp_path / "f.db").ask(IterationsQuery("c1")).iterations
    assert first.policies == {"BANK_A": simcash.policy(0.5), "BANK_B": simcash.policy(0.5)}
    assert second.policies == {"BANK_A": simcash.policy(0.25), "BANK_B": simcash.policy(0.5)}
    assert first.accepted == {}


def test_rows_without_the_number_of_their_iteration_belong_to_none(tmp_path: Path) -> None:
    castro(tmp_path / "f.db").close()
    with duckdb.connect(str(tmp_path / "f.db")) as connection:
        for table in ("iteration_metrics", "simulation_runs", "policy_iterations"):
            simcash.loosen(connection, table, "nullif(iteration_number, 2)", "iteration_number")
    found = telemetry.open_source(tmp_path / "f.db").ask(IterationsQuery("c1"))
    (first,) = found.iterations
    assert (first.iteration, first.runs) == (1, ("r11", "r12"))
    assert first.policies["BANK_A"] == simcash.policy(0.5)
    assert [n for n in found.notes if n.startswith("Left out")] == [
        "Left out: 1 row of iteration_metrics without the number of an iteration.",
        "Left out: 2 rows of simulation_runs without the number of an iteration.",
        "Left out: 1 row of policy_iterations without the number of an iteration.",
    ]


def test_unified_iterations_without_a_number_are_said_to_be_left_out(tmp_path: Path) -> None:
    path = simcash.unified(tmp_path / "u.db")
    with duckdb.connect(str(path)) as connection:
        simcash.loosen(connection, "experiment_iterations", "nullif(iteration, 1)", "iteration")
    found = asked(telemetry.open_source(path))
    assert [i.iteration for i in found.iterations] == [0]
    said = "Left out: 1 row of experiment_iterations without the number of an iteration."
    assert said in found.notes


def test_later_two_bank_files_say_which_policies_were_kept(tmp_path: Path) -> None:
    castro(tmp_path / "f.db").close()
    with duckdb.connect(str(tmp_path / "f.db")) as connection:
        for table, columns in simcash.CASTRO_LATER.items():
            for name, kind in columns.items():
                connection.execute(f"ALTER TABLE {table} ADD COLUMN {name} {kind}")
        connection.execute("UPDATE policy_iterations SET was_accepted = iteration_number = 0")
        connection.execute("UPDATE iteration_metrics SET policy_was_accepted = false")
        connection.execute(
            "UPDATE iteration_metrics SET metric_id = 'm3', iteration_number = 3, "
            "policy_was_accepted = true WHERE iteration_number = 1"
        )
        connection.execute("UPDATE experiment_config SET master_seed = 7")
    source = telemetry.open_source(tmp_path / "f.db")
    (found,) = source.ask(ExperimentsQuery()).experiments
    assert found.fields["master_seed"] == 7
    listed = source.ask(IterationsQuery("c1"))
    second, third = listed.iterations
    assert (second.accepted, third.accepted) == (
        {"BANK_A": False, "BANK_B": False},
        {"BANK_A": True, "BANK_B": True},
    )
    assert second.policies["BANK_A"] == simcash.policy(0.25)
    assert third.policies["BANK_A"] == simcash.policy(0.5)
    assert "not stored" not in listed.notes[0]
