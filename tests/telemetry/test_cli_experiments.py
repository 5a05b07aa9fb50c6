"""Experiments, replay, costs, policies and proofs on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from telemetry.analysis.policies import difference, leaves
from tests.builders import moltmarket, simcash, vmt
from tests.builders.simcash import ALONE, EXPERIMENT, INITIAL, SAMPLES, SECOND
from tests.telemetry.command_line import ran, refused

Capsys = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _bugs_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEMETRY_DEBUG", "1")


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simcash.unified(tmp_path_factory.mktemp("payments") / "results.db")


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    moltmarket.write_log(folder / "events.jsonl", moltmarket.small_market())
    return folder


@pytest.fixture(scope="module")
def economy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return vmt.build("money_full", tmp_path_factory.mktemp("vmt") / "m.db", runs=1, ticks=12)


def test_a_difference_names_paths_and_tells_absent_from_null() -> None:
    old = {"a": {"b": 1, "gone": None}, "list": [1, 2], "flag": 1, "d.t": 0}
    new = {"a": {"b": 2, "come": None}, "list": [1, 3, 4], "flag": True, "d.t": 1}
    found = [(c.path, c.change, c.old, c.new) for c in difference(old, new)]
    assert sorted(found) == [
        ('["d.t"]', "changed", 0, 1),
        ("a.b", "changed", 1, 2),
        ("a.come", "added", None, None),
        ("a.gone", "removed", None, None),
        ("flag", "changed", 1, True),
        ("list[1]", "changed", 2, 3),
        ("list[2]", "added", None, 4),
    ]
    assert difference(old, old) == []


def test_a_policy_nested_deeper_than_python_recurses_is_compared() -> None:
    deep: object = 1
    for _ in range(5_000):
        deep = {"n": deep}
    ((path, value),) = leaves(deep).items()
    assert (path.count("n"), value) == (5_000, 1)


def test_the_listing_tells_experiments_runs_of_their_own_and_of_experiments(
    capsys: Capsys, payments: Path
) -> None:
    rows = ran(capsys, "list", payments, "--format", "json").json()
    assert [(r["type"], r["id"]) for r in rows] == [
        ("experiment", EXPERIMENT),
        ("run", ALONE),
        *(("experiment_run", run) for run in (INITIAL, SECOND, *SAMPLES)),
    ]
    text = ran(capsys, "list", payments).out
    assert "Experiments: 1\n" in text
    assert "Standalone runs: 1 (1 replayable)\n" in text


def test_runs_are_limited_to_an_experiment_by_id_or_name(capsys: Capsys, payments: Path) -> None:
    for name in (EXPERIMENT, "seven"):
        rows = ran(capsys, "runs", payments, "--experiment", name, "--format", "jsonl").lines()
        assert [r["simulation_id"] for r in rows] == [INITIAL, SECOND, *SAMPLES]
    assert EXPERIMENT in refused(capsys, 1, "runs", payments, "--experiment", "nope")


@pytest.mark.parametrize(
    ("text", "run"),
    [
        ("1", SECOND),
        ("1:evaluation", SECOND),
        ("iter1:eval", SECOND),
        ("0:init", INITIAL),
        ("1.2", SAMPLES[2]),
        ("1:bootstrap:0", SAMPLES[0]),
        ("iter1.sample1", SAMPLES[1]),
    ],
)
def test_a_run_of_an_experiment_is_named_by_iteration_and_purpose_or_sample(
    capsys: Capsys, payments: Path, text: str, run: str
) -> None:
    result = ran(capsys, "replay", payments, EXPERIMENT, "--simulation", text)
    assert f"Run {run}." in result.err


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [("nine", 2, "5:evaluation"), ("7", 1, "iterations with runs: 0, 1"), ("1:best", 1, SECOND)],
)
def test_a_run_of_an_experiment_that_is_not_there_is_said_with_what_there_is(
    capsys: Capsys, payments: Path, text: str, code: int, said: str
) -> None:
    arguments = ["replay", payments, EXPERIMENT, "--simulation", text]
    assert said in refused(capsys, code, *arguments)


def test_an_experiment_in_the_place_of_a_run_says_how_to_replay_it(
    capsys: Capsys, payments: Path
) -> None:
    assert "--simulation" in refused(capsys, 1, "replay", payments, EXPERIMENT)


def test_results_name_baseline_and_best(capsys: Capsys, payments: Path) -> None:
    found = ran(capsys, "results", payments, EXPERIMENT, "--format", "json").json()
    costs = [i["total_cost"] for i in found["iterations"]]
    assert found["baseline"]["total_cost"] == costs[0]
    assert found["best"]["total_cost"] == min(costs)
    listed = ran(capsys, "iterations", payments, EXPERIMENT, "--format", "json").json()
    assert [sum(i["costs_per_agent"].values()) for i in listed] == costs
    assert all(isinstance(i["accepted"], dict) for i in listed)


def test_costs_are_cents_for_programs_and_money_for_people(capsys: Capsys, payments: Path) -> None:
    rows = ran(capsys, "costs", payments, ALONE, "--format", "jsonl").lines()
    total = sum(row["cost"] for row in rows)
    assert total > 0
    by_agent = ran(capsys, "costs", payments, ALONE, "--per", "agent", "--format", "jsonl").lines()
    assert sum(row["cost"] for row in by_agent) == total
    text = ran(capsys, "costs", payments, ALONE, "--per", "agent").out.splitlines()
    assert [line.split()[1] for line in text if line.startswith(" all")] == [
        f"{total // 100}.{total % 100:02d}"
    ]


def test_events_carry_no_payload_unless_asked(capsys: Capsys, payments: Path, market: Path) -> None:
    for arguments in ([payments, ALONE], [market, "-"]):
        plain = ran(capsys, "events", *arguments, "--format", "jsonl").lines()
        full = ran(capsys, "events", *arguments, "--payload", "--format", "jsonl").lines()
        assert len(plain) == len(full) > 5
        assert all({"tick", "event_type"} <= event.keys() for event in plain)
        assert not any("payload" in event or "details" in event for event in plain)
        assert any(isinstance(json.loads(e["payload"]), dict) for e in full if e["payload"])


def test_events_of_a_type_agent_or_order_alone(capsys: Capsys, market: Path) -> None:
    def kinds(*arguments: object) -> list[object]:
        found = ran(capsys, "events", market, "-", *arguments, "--format", "jsonl").lines()
        return [event["event_type"] for event in found]

    assert kinds("--type", "TICK_END", "--type", "RUN_STARTED") == ["RUN_STARTED", "TICK_END"]
    assert kinds("--transaction", "o3") == ["ORDER_PLACED", "TRADE_EXECUTED"]
    assert "TRADE_EXECUTED" in kinds("--agent", "b", "--ticks", "1")
    assert "ORDER_REJECTED" in refused(capsys, 1, "events", market, "-", "--type", "NOPE")


def test_a_family_without_a_log_is_told_from_its_tables_in_their_order(
    capsys: Capsys, economy: Path
) -> None:
    told = ran(capsys, "replay", economy, "1", "--format", "jsonl").lines()
    ticks = [event["tick"] for event in told]
    assert ticks == sorted(ticks)
    names = ("trades", "pairings", "mode_changes", "lambda_updates")
    counts = [vmt.query(economy, f"SELECT count(*) FROM {n} WHERE run_id = 1")[0][0] for n in names]
    assert len(told) == sum(counts)
    assert counts[0] > 0
    only = ran(capsys, "replay", economy, "1", "--type", "trades", "--agent", 0).out
    assert all(" buys " in line for line in only.splitlines() if line.startswith("  "))
    attempts = ran(capsys, "replay", economy, "1", "--type", "attempts", "--format", "jsonl")
    assert {event["event_type"] for event in attempts.lines()} == {"trade_attempts"}


def test_a_broken_chain_is_exit_code_one_with_the_event(capsys: Capsys, tmp_path: Path) -> None:
    events = moltmarket.small_market()
    events[5]["payload"]["price"] = "1.00000000"
    log = moltmarket.write_log(tmp_path / "events.jsonl", events)
    result = ran(capsys, "verify", log, "--format", "json")
    assert (result.code, result.json()[0]["broken_at"]) == (1, 5)
    assert "broken at event 5" in ran(capsys, "verify", log, moltmarket.RUN).out


def test_the_book_is_that_after_the_last_tick_unless_told(capsys: Capsys, market: Path) -> None:
    found = ran(capsys, "book", market, "-", "--format", "json").json()
    assert (found["tick"], found["asks"]) == (2, [])
    earlier = ran(capsys, "book", market, "-", "--tick", 0, "--format", "json").json()
    assert [(a["price"], a["quantity"]) for a in earlier["asks"]] == [(101, 3)]
    assert "0~2" in refused(capsys, 1, "book", market, "-", "--tick", 9)


def test_the_levels_the_leaderboard_and_the_prices_are_rows(capsys: Capsys, market: Path) -> None:
    def rows(*more: object) -> list[str]:
        return ran(capsys, "book", market, "-", *more, "--format", "csv").out.splitlines()

    assert rows("--tick", 1, "--only", "levels") == [
        "side,level,price,quantity,orders",
        "ask,1,101.00000000,2.00000000,1",
        "bid,1,99.00000000,1.00000000,1",
    ]
    assert rows("--tick", 1, "--only", "leaderboard")[1].startswith("1,a,active,0.99999999,0.04,")
    assert rows("--only", "prices")[1] == "1,101.00000000,101.00000000,101.00000000,1"


def test_a_run_is_found_by_the_beginning_of_its_id(capsys: Capsys, market: Path) -> None:
    result = ran(capsys, "show", market, "determinism", "--format", "json")
    assert (result.code, result.err) == (0, f"Run {moltmarket.RUN}.\n")
    refused(capsys, 1, "show", market, "det")


def test_run_may_be_left_out_only_where_it_is_clear(capsys: Capsys, payments: Path) -> None:
    found = ran(capsys, "table", "experiments", payments, "--format", "jsonl").lines()
    assert [e["experiment_id"] for e in found] == [EXPERIMENT]
    assert "6 runs" in refused(capsys, 2, "table", "transactions", payments)


@pytest.mark.parametrize(
    "command",
    [
        ["experiments"],
        ["iterations", "x"],
        ["results", "x"],
        ["policies", "x"],
        ["costs", "1"],
        ["verify"],
        ["book", "1"],
        ["replay", "x", "--simulation", "1"],
        ["runs", "--experiment", "x"],
    ],
)
def test_what_a_family_lacks_is_one_sentence(
    capsys: Capsys, economy: Path, command: list[str]
) -> None:
    name, *rest = command
    assert "VMT grid economy sources" in refused(capsys, 1, name, economy, *rest)


@pytest.mark.parametrize("format", ["json", "csv"])
def test_runs_of_every_family_say_their_run_id(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str
):
    path = simcash.unified(tmp_path / "unified.db")
    result = ran(capsys, "runs", path, "--format", format)
    rows = (
        result.json()
        if format == "json"
        else [dict(zip(result.csv()[0], row, strict=True)) for row in result.csv()[1:]]
    )
    assert rows
    assert all(row["run_id"] == row["simulation_id"] for row in rows)
    assert "run_id" not in ran(capsys, "runs", path).out.splitlines()[1]
