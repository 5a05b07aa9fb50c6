"""On every real SimCash sample, experiments and iterations are the numbers of its own SQL."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import telemetry
from telemetry.queries import (
    ExperimentsQuery,
    FacetQuery,
    IterationsQuery,
    RunsQuery,
    TableQuery,
    Where,
)
from telemetry.source import Source

pytestmark = pytest.mark.realdata
CASTRO = "exp3_gpt51_opus4_session2_run1.db"
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "simcash"


@pytest.fixture(scope="module")
def reference(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "facts.json").read_text("utf-8"))
    return found


@pytest.fixture(scope="module")
def unified(folder: Path) -> Iterator[Source]:
    source = telemetry.open_source(folder / "gen_unified.db")
    yield source
    source.close()


def facts(reference: dict[str, Any], file: str, name: str) -> Rows:
    found = reference[file]["facts"][name]
    return [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]


def rows(source: Source, run: str, table: str, *names: str, where: Where | None = None) -> Rows:
    query = TableQuery(run, table, columns=names, where=where or Where())
    return [dict(zip(names, row, strict=True)) for chunk in source.stream(query) for row in chunk]


@pytest.mark.parametrize("file", ["exp1.db", "gen_unified.db"])
def test_experiments(file: str, folder: Path, reference: dict[str, Any]) -> None:
    found = telemetry.open_source(folder / file).ask(ExperimentsQuery()).experiments
    expected = facts(reference, file, "experiments")
    assert len(found) == len(expected)
    for experiment, row in zip(found, expected, strict=True):
        assert experiment.experiment_id in (row.get("experiment_id"), row.get("run_id"))
        assert experiment.iterations == row["num_iterations"]
        for name, value in row.items():
            if name != "run_id":
                assert experiment.fields[name] == value, name
        assert experiment.fields["master_seed"] == 42


@pytest.mark.parametrize("file", ["exp1.db", "gen_unified.db"])
def test_iterations(file: str, folder: Path, reference: dict[str, Any]) -> None:
    source = telemetry.open_source(folder / file)
    for expected in facts(reference, file, "iterations"):
        own = expected.get("experiment_id") or expected["run_id"]
        iteration = source.ask(IterationsQuery(own)).iterations[expected["iteration"]]
        assert iteration.iteration == expected["iteration"]
        costs = {"BANK_A": expected["a"], "BANK_B": expected["b"]}
        assert (iteration.costs_per_agent, iteration.total_cost) == (costs, expected["total"])
        assert iteration.accepted == json.loads(expected["acc"])
        for bank, letter in (("BANK_A", "a"), ("BANK_B", "b")):
            policy: Any = iteration.policies[bank]
            assert policy["policy_id"] == expected[f"pid_{letter}"]
            share = policy["parameters"]["initial_liquidity_fraction"]
            assert share == expected[f"frac_{letter}"]


def test_best_and_last_cost(folder: Path, reference: dict[str, Any]) -> None:
    (expected,) = facts(reference, "exp1.db", "best_final")
    (found,) = telemetry.open_source(folder / "exp1.db").ask(ExperimentsQuery()).experiments
    assert found.fields["lowest_cost"] == expected["best"]
    assert found.fields["last_cost"] == expected["final"]
    assert found.fields["recorded_iterations"] == expected["n"]


def test_language_model_interactions(folder: Path, reference: dict[str, Any]) -> None:
    source = telemetry.open_source(folder / "exp1.db")
    names = ("model", "prompt_tokens", "completion_tokens", "latency_seconds", "parsing_error")
    found = rows(source, "", "llm_interactions", *names)
    (expected,) = facts(reference, "exp1.db", "llm_totals")
    assert len(found) == expected["calls"]
    for name in ("prompt_tokens", "completion_tokens"):
        assert sum(r[name] for r in found) == expected[name]
    assert sum(r["latency_seconds"] for r in found) == pytest.approx(expected["latency"], abs=1e-6)
    assert sum(r["parsing_error"] is not None for r in found) == expected["errors"]
    assert {r["model"] for r in found} == {m["m"] for m in facts(reference, "exp1.db", "models")}
    kinds = source.ask(FacetQuery("", "experiment_events", "event_type")).values
    assert dict(kinds) == {
        r["event_type"]: r["n"] for r in facts(reference, "exp1.db", "event_types")
    }


def test_castro_experiment_and_metrics(folder: Path, reference: dict[str, Any]) -> None:
    source = telemetry.open_source(folder / "castro_wal.db")
    (config,) = facts(reference, CASTRO, "config")
    (found,) = source.ask(ExperimentsQuery()).experiments
    for name, value in config.items():
        assert found.fields[name] == value, name
    assert (found.runs, found.iterations, found.status) == (50, 5, "unfinished")
    listed = source.ask(IterationsQuery(found.experiment_id)).iterations
    for iteration, row in zip(listed, facts(reference, CASTRO, "metrics"), strict=True):
        assert iteration.iteration == row["iteration_number"]
        assert iteration.total_cost == row["total_cost_mean"]
        for name in set(row) - {"iteration_number", "total_cost_mean"}:
            assert iteration.fields[name] == row[name], name


def test_castro_runs_and_policies(folder: Path, reference: dict[str, Any]) -> None:
    source = telemetry.open_source(folder / "castro_wal.db")
    runs = source.ask(RunsQuery()).runs
    own = runs[0].experiment_id
    assert own is not None
    listed = source.ask(IterationsQuery(own)).iterations
    for iteration, row in zip(listed, facts(reference, CASTRO, "runs_by_iter"), strict=True):
        of_it = [r for r in runs if r.iteration == row["iteration_number"]]
        costs = [int(str(r.fields["total_cost"])) for r in of_it]
        found = (len(costs), sum(costs), min(costs), max(costs))
        assert found == (row["n"], row["cost"], row["mn"], row["mx"])
        assert [r.fields["seed"] for r in of_it] == list(range(row["s0"], row["s1"] + 1))
        assert iteration.runs == tuple(r.run_id for r in of_it)
    policies = {
        (r["iteration_number"], r["agent_id"]): r for r in facts(reference, CASTRO, "policies")
    }
    in_force: dict[str, Any] = {}
    for iteration in listed:
        for (number, agent), row in policies.items():
            if number <= iteration.iteration:
                in_force[agent] = json.loads(row["p"])
        for agent, parameters in in_force.items():
            policy: Any = iteration.policies[agent]
            assert policy["parameters"] == parameters


def test_castro_interactions_and_errors(folder: Path, reference: dict[str, Any]) -> None:
    source = telemetry.open_source(folder / "castro_wal.db")
    names = ("iteration_number", "model_name", "tokens_used", "error_message")
    found = rows(source, "", "llm_interactions", *names)
    expected = facts(reference, CASTRO, "llm")
    assert found == [{n: r[n] for n in names} for r in expected]
    errors = facts(reference, CASTRO, "errors")
    assert rows(source, "", "validation_errors", *errors[0]) == errors


def test_iterations_link_to_their_runs(unified: Source, reference: dict[str, Any]) -> None:
    for row in facts(reference, "gen_unified.db", "iteration_link"):
        listed = unified.ask(IterationsQuery(row["experiment_id"])).iterations
        iteration = listed[row["iteration"]]
        assert (iteration.fields["evaluation_run"] is not None) == row["linked"]
        assert iteration.fields["evaluation_cost"] == row["total_cost"]
        assert iteration.runs[0] == iteration.fields["evaluation_run"]


def test_bootstrap_samples_of_an_iteration(unified: Source) -> None:
    listed = unified.ask(IterationsQuery("exp2-20251215-083049-8cf596")).iterations
    assert [i.fields["bootstrap_samples"] for i in listed] == [5, 0, 0, 0, 0, 5, 0, 0, 0, 0, 5]
    assert listed[0].fields["bootstrap_mean"] == 99600
    assert listed[10].fields["bootstrap_mean"] == 120673.4
    assert len(listed[10].runs) == 6
