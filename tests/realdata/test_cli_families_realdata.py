"""On the real data of every family, commands print the numbers of facts.json and oracle.json."""

from __future__ import annotations

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.telemetry.command_line import ran

pytestmark = pytest.mark.sampled(4)

pytestmark = pytest.mark.realdata
Capsys = pytest.CaptureFixture[str]
CRISIS = "sim-18bced27"


def _lines(capsys: Capsys, *arguments: object, code: int = 0) -> list[dict[str, Any]]:
    result = ran(capsys, *arguments, "--format", "jsonl", "--quiet")
    assert (result.code, result.err) == (code, ""), result
    return [json.loads(line, parse_float=Decimal) for line in result.out.splitlines()]


class Facts:
    """The rows of the reference queries of one SimCash file."""

    def __init__(self, folder: Path, name: str) -> None:
        self.path = folder / "simcash" / name
        self._facts = json.loads((folder / "simcash" / "facts.json").read_text())[name]["facts"]

    def rows(self, name: str) -> list[dict[str, Any]]:
        fact = self._facts[name]
        return [dict(zip(fact["columns"], row, strict=True)) for row in fact["rows"]]


@pytest.fixture
def unified(shared_data: Path) -> Facts:
    return Facts(shared_data, "gen_unified.db")


@pytest.mark.parametrize("name", ["gen_unified.db", "exp1.db"])
def test_experiments_and_their_iterations(capsys: Capsys, shared_data: Path, name: str) -> None:
    facts = Facts(shared_data, name)
    expected = facts.rows("experiments")
    found = _lines(capsys, "experiments", facts.path)
    own = "experiment_id" if name == "gen_unified.db" else "run_id"
    assert [e["experiment_id"] for e in found] == [e[own] for e in expected]
    for experiment, told in zip(found, expected, strict=True):
        assert experiment["iterations"] == told["num_iterations"]
        assert experiment["convergence_reason"] == told["convergence_reason"]
        assert experiment["status"] == "converged"
        costs = [i for i in facts.rows("iterations") if i[own] == told[own]]
        listed = _lines(capsys, "iterations", facts.path, told[own])
        assert [(i["iteration"], i["total_cost"]) for i in listed] == [
            (i["iteration"], i["total"]) for i in costs
        ]
        assert [list(i["costs_per_agent"].values()) for i in listed] == [
            [i["a"], i["b"]] for i in costs
        ]
        (result,) = _lines(capsys, "results", facts.path, told[own])
        assert result["baseline"]["total_cost"] == costs[0]["total"]
        assert result["best"]["total_cost"] == min(i["total"] for i in costs)


def test_policies_and_their_differences(capsys: Capsys, shared_data: Path) -> None:
    facts = Facts(shared_data, "exp1.db")
    iterations = facts.rows("iterations")
    policies = _lines(capsys, "policies", facts.path, "exp1", "--agent", "BANK_A")
    path = "parameters.initial_liquidity_fraction"
    assert [float(p["policy"]["parameters"]["initial_liquidity_fraction"]) for p in policies] == [
        i["frac_a"] for i in iterations
    ]
    changed = _lines(capsys, "policies", facts.path, "exp1", "--iteration", 4, "--against", 3)
    (fraction,) = [c for c in changed if c["path"] == path]
    assert (fraction["agent"], float(fraction["old"]), float(fraction["new"])) == (
        "BANK_A", 0.16, 0.15,
    )  # fmt: skip


def test_runs_and_which_can_be_replayed(capsys: Capsys, unified: Facts) -> None:
    expected = {r["simulation_id"]: r for r in unified.rows("runs")}
    found = {r["simulation_id"]: r for r in _lines(capsys, "runs", unified.path)}
    assert found.keys() == expected.keys()
    for run_id, told in expected.items():
        names = ("experiment_id", "iteration", "sample_index", "rng_seed", "total_cost", "events")
        assert {n: found[run_id][n] for n in names} == {n: told[n] for n in names}
    everything = _lines(capsys, "list", unified.path)
    kinds = Counter(item["type"] for item in everything)
    assert kinds == {"experiment": 3, "run": 2, "experiment_run": len(expected) - 2}
    ((silent,),) = [list(row.values()) for row in unified.rows("runs_without_events")]
    assert sum(item["replayable"] is False for item in everything) == silent


@pytest.mark.parametrize(("fact", "run"), [("adv_crisis", CRISIS), ("crisis10", "sim-a3c5f418")])
def test_events_and_costs_of_a_run(capsys: Capsys, unified: Facts, fact: str, run: str) -> None:
    events = _lines(capsys, "events", unified.path, run, "--payload")
    types = {row["event_type"]: row["n"] for row in unified.rows(f"{fact}.events_by_type")}
    assert Counter(e["event_type"] for e in events) == types
    for event, told in zip(events, unified.rows(f"{fact}.first_events"), strict=False):
        assert (event["tick"], event["event_type"], event["agent_id"], event["tx_id"]) == (
            told["tick"], told["event_type"], told["agent_id"], told["tx_id"],
        )  # fmt: skip
        assert json.loads(event["payload"]) == json.loads(told["details"])
    costs = {row["agent_id"]: row for row in _lines(capsys, "costs", unified.path, run,
                                                    "--per", "agent")}  # fmt: skip
    for told in unified.rows(f"{fact}.cost_by_agent"):
        cost = costs[told["agent_id"]]
        assert (cost["cost"], cost["liquidity"], cost["delay"], cost["penalty"]) == (
            told["total"], told["liq"], told["delay"], told["pen"],
        )  # fmt: skip


def test_an_agents_events_are_all_that_name_it(capsys: Capsys, unified: Facts) -> None:
    ((complete,),) = [list(row.values()) for row in unified.rows("agent_filter_complete")]
    found = _lines(capsys, "replay", unified.path, CRISIS, "--agent", "METRO_CENTRAL")
    assert len(found) == complete + 6  # six more name it only in JSON within JSON
    assert all(event["words"] for event in found)


def test_a_run_is_found_by_experiment_iteration_and_purpose(capsys: Capsys, unified: Facts) -> None:
    direct = ran(capsys, "replay", unified.path, "exp2-20251215-083049-8cf596-iter5-evaluation")
    through = ran(capsys, "replay", unified.path, "exp2", "--simulation", "5:evaluation")
    assert (direct.code, direct.out) == (0, through.out)
    assert through.out.startswith("Tick 0\n")


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("events.jsonl.gz", None),
        ("native_run", None),
        ("tampered_payload.jsonl.gz", 3044),
        ("tampered_deleted.jsonl.gz", 5000),
        ("tampered_rehash_one.jsonl.gz", 6001),
    ],
)
def test_the_first_broken_link_is_named(
    capsys: Capsys, shared_data: Path, name: str, broken: int | None
) -> None:
    code = 0 if broken is None else 1
    (verdict,) = _lines(capsys, "verify", shared_data / "moltmarket" / name, code=code)
    assert (verdict["sound"], verdict["broken_at"]) == (broken is None, broken)


def test_order_book_and_standings_equal_the_oracle(capsys: Capsys, shared_data: Path) -> None:
    folder = shared_data / "moltmarket"
    for told in json.loads((folder / "oracle.json").read_text()):
        tick = told["after_tick"]
        result = ran(
            capsys, "book", folder / "events.jsonl.gz", "-", "--tick", tick, "--format", "json",
        )  # fmt: skip
        book = json.loads(result.out, parse_float=Decimal, parse_int=Decimal)
        for side in ("bids", "asks"):
            levels = [[level["price"], level["quantity"]] for level in book[side]]
            assert levels == [[Decimal(p), Decimal(n)] for p, n in told[side]], (tick, side)
        for name in ("mid", "spread", "last_price"):
            assert book[name] == (None if told[name] is None else Decimal(told[name])), (tick, name)
        standings = [(s["name"], s["equity"], s["pnl"]) for s in book["standings"]]
        assert standings == [
            (s["name"], Decimal(s["equity"]), Decimal(s["pnl"])) for s in told["leaderboard"]
        ]


def test_events_of_the_market_are_counted_by_type(capsys: Capsys, shared_data: Path) -> None:
    folder = shared_data / "moltmarket"
    types = json.loads((folder / "facts.json").read_text())["run"]["types"]
    events = _lines(capsys, "events", folder / "events.jsonl.gz", "-")
    assert Counter(event["event_type"] for event in events) == types


def test_a_grid_economy_without_a_log_is_replayed_from_its_tables(
    capsys: Capsys, shared_data: Path
) -> None:
    path = shared_data / "vmt" / "money_full.db"
    told = _lines(capsys, "replay", path, 3)
    rows = {name: len(_lines(capsys, "table", name, path, 3))
            for name in ("trades", "pairings", "mode_changes")}  # fmt: skip
    kinds = Counter(event["event_type"] for event in told)
    assert kinds["pair"] + kinds["unpair"] == rows["pairings"]
    assert (kinds["trades"], kinds["mode_changes"]) == (rows["trades"], rows["mode_changes"])
    assert [event["tick"] for event in told] == sorted(event["tick"] for event in told)


def test_a_sweep_lists_its_experiment_and_says_what_it_lacks(
    capsys: Capsys, shared_data: Path
) -> None:
    path = shared_data / "bilancio" / "detailed_instrumentation_sweep"
    (experiment,) = _lines(capsys, "experiments", path)
    summary = json.loads((path / "aggregate" / "summary.json").read_text())
    assert experiment["pairs"] == summary["total_pairs"]
    for command in ("verify", "iterations", "policies"):
        more = [] if command == "verify" else [experiment["experiment_id"]]
        result = ran(capsys, command, path, *more)
        assert (result.code, result.out) == (1, "")
        assert result.err.startswith("telemetry: ")
        assert result.err.count("\n") == 1
    runs = path / "active" / "runs"
    run = sorted(folder.name for folder in runs.iterdir())[0]
    events = _lines(capsys, "events", path, run)
    written = (runs / run / "out" / "events.jsonl").read_text().splitlines()
    assert len(events) == len(written)
