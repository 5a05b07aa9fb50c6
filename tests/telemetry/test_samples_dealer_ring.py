"""The dealer-ring sample: cash is conserved, prices stay within bounds, pairs differ for cause."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

import telemetry
from telemetry.families.bilancio.recorder import BilancioRecorder, Pair
from telemetry.families.bilancio.rules import STRATEGIES
from telemetry.frozen import replace
from telemetry.queries import ExperimentsQuery, PairQuery, RunsQuery, TableQuery
from telemetry.samples.dealer_ring import Economy, Scenario, simulate
from telemetry.samples.dealer_ring.catalogue import SCENARIOS, write
from telemetry.samples.dealer_ring.dealer import Dealer, Outside
from telemetry.samples.dealer_ring.ring import build
from tests.telemetry.rings import read

FEW = (SCENARIOS[4], SCENARIOS[13], SCENARIOS[20])


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole catalogue, recorded once."""
    folder = tmp_path_factory.mktemp("demo") / "dealer_ring"
    told: list[float] = []
    write(folder, lambda name, part: told.append(part))
    assert told == sorted(told)
    assert told[-1] == 1.0
    return folder


def trades_of(folder: Path, number: int) -> list[dict[str, str]]:
    return read(folder / f"active/runs/balanced_active_{number:03}/out/trades.csv")


@pytest.mark.parametrize("scenario", FEW)
@pytest.mark.parametrize("regime", ["passive", "active"])
def test_cash_is_conserved_and_every_debt_comes_to_one_end(
    tmp_path: Path, scenario: Scenario, regime: str
) -> None:
    run = BilancioRecorder(tmp_path / "ring").begin_run(
        regime, seed=1, detailed_logging=regime == "active"
    )
    economy = Economy(scenario, run, build(scenario), with_dealers=regime == "active")
    debts = [t for agent in economy.agents for t in agent.owes]
    start = sum(cash for cash, _ in economy.holders().values())
    for day in range(scenario.days + 1):
        economy.step(day)
        run.end_tick(day)
        assert sum(cash for cash, _ in economy.holders().values()) == start
        assert all(agent.cash >= 0 for agent in economy.agents)
        held = [t.id for _, holds in economy.holders().values() for t in holds]
        owed = [t.id for agent in economy.agents for t in agent.owes]
        assert sorted(held) == sorted(owed)
        if economy.desk is not None:
            dealers = economy.desk.dealers.values()
            assert all(len(d.holds) <= d.capacity and d.cash >= 0 for d in dealers)
            assert all(t.bucket(day) == d.bucket for d in dealers for t in d.holds)
    run.finish()
    ended = [t.id for t in (*economy.repaid, *economy.defaulted)]
    assert sorted(ended) == sorted(t.id for t in debts)


def test_prices_are_within_those_of_the_outside_dealer(sweep: Path) -> None:
    seen: set[tuple[str, str]] = set()
    for number, scenario in enumerate(SCENARIOS, start=1):
        low = scenario.outside_mid - scenario.outside_spread / 2
        high = scenario.outside_mid + scenario.outside_spread / 2
        for trade in trades_of(sweep, number):
            unit, passed = Decimal(trade["unit_price"]), trade["is_passthrough"] == "True"
            assert low <= unit <= high
            assert Decimal(trade["price"]) == unit * Decimal(trade["face_value"])
            if passed:
                assert unit == (low if trade["side"] == "SELL" else high)
                assert trade["dealer_inventory_before"] == trade["dealer_inventory_after"]
            seen.add((trade["is_passthrough"], trade["hit_inventory_limit"]))
    # Passed through for lack of cash is told apart from passed through at the limit.
    assert seen == {("False", "False"), ("True", "False"), ("True", "True")}


def test_the_limit_is_hit_where_the_dealer_is_full_or_empty(sweep: Path) -> None:
    for number, scenario in enumerate(SCENARIOS, start=1):
        for trade in trades_of(sweep, number):
            if trade["hit_inventory_limit"] == "True":
                full = scenario.capacity if trade["side"] == "SELL" else 0
                assert trade["dealer_inventory_before"] == str(full)


def test_a_dealer_asks_more_than_it_bids_and_less_the_more_it_holds() -> None:
    outside = Outside(Decimal("0.9"), Decimal("0.2"))
    dealer = Dealer("short", 3, Decimal(100), outside)
    quotes = []
    for _ in range(dealer.capacity + 1):
        quotes.append((dealer.bid(), dealer.ask()))
        dealer.holds.append(build(Scenario(seed=1))[0].owes[0])
    assert all(outside.bid <= bid < ask <= outside.ask for bid, ask in quotes)
    assert all(later[0] < earlier[0] for earlier, later in pairwise(quotes))


def test_both_runs_of_a_pair_start_from_one_ring(sweep: Path) -> None:
    starts = []
    for regime in ("passive", "active"):
        path = sweep / regime / "runs" / f"balanced_{regime}_005" / "out" / "events.jsonl"
        lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        starts.append([line for line in lines if line["phase"] == "setup"])
    assert starts[0] == starts[1]
    assert len(starts[0]) == 12 + 12 * 4


def test_the_sweep_opens_with_its_pairs_and_why_they_differ(sweep: Path) -> None:
    source = telemetry.open_source(sweep)
    try:
        (experiment,) = source.ask(ExperimentsQuery()).experiments
        runs = source.ask(RunsQuery()).runs
        pairs = source.ask(
            TableQuery("balanced_active_001", "pairs", columns=("result", "explanation"))
        ).rows
        told = source.ask(PairQuery("balanced_active_005"))
    finally:
        source.close()
    assert (experiment.runs, experiment.fields["completed_pairs"]) == (48, 24)
    assert {run.status for run in runs} == {"completed"}
    assert {result for result, _ in pairs} == {"fewer defaults", "more defaults", "no difference"}
    assert {why for _, why in pairs} == {
        None,
        "nobody defaulted",
        "defaulters had traded, in vain",
    }
    assert told.startswith("Pair 5 has fewer defaults with the dealer: 0.2873 instead of 0.6426")


def test_the_aggregates_are_what_the_files_say(sweep: Path) -> None:
    outcomes = {r["run_id"]: r for r in read(sweep / "aggregate/strategy_outcomes_by_run.csv")}
    usage = {r["run_id"]: r for r in read(sweep / "aggregate/dealer_usage_by_run.csv")}
    registry = {r["run_id"]: r for r in read(sweep / "active/registry/experiments.csv")}
    used = set()
    for number in range(1, len(SCENARIOS) + 1):
        name = f"balanced_active_{number:03}"
        debts = read(sweep / f"active/runs/{name}/out/repayment_events.csv")
        lost = sum(Decimal(r["face_value"]) for r in debts if r["outcome"] == "defaulted")
        face = sum(Decimal(r["face_value"]) for r in debts)
        assert float(outcomes[name]["total_face_value"]) == float(face)
        assert float(outcomes[name]["default_face_total"]) == float(lost)
        assert Decimal(registry[name]["S1"]) == face
        assert abs(Decimal(registry[name]["delta_total"]) - lost / face) < Decimal("1e-20")
        counts = {s: sum(r["strategy"] == s for r in debts) for s in STRATEGIES}
        assert {s: int(outcomes[name][f"count_{s}"]) for s in STRATEGIES} == counts
        assert int(usage[name]["dealer_trade_count"]) == len(trades_of(sweep, number))
        used |= {s for s, n in counts.items() if n}
    assert used == set(STRATEGIES)
    summary = json.loads((sweep / "aggregate/summary.json").read_text("utf-8"))
    assert (summary["total_pairs"], summary["completed_pairs"]) == (24, 24)
    worsened = summary["pairs_worsened"]
    assert summary["pairs_with_improvement"] + summary["pairs_unchanged"] + worsened == 24


def test_the_same_scenarios_give_the_same_files(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write(tmp_path / name, scenarios=FEW[:1])
    other = replace(FEW[0], seed=7)
    write(tmp_path / "other", scenarios=(other,))
    first, second, third = (
        {
            p.relative_to(tmp_path / name): p.read_bytes()
            for p in (tmp_path / name).rglob("*")
            if p.is_file()
        }
        for name in ("first", "second", "other")
    )
    assert first == second
    assert first != third


def test_a_pair_that_failed_is_listed_with_blank_results(tmp_path: Path) -> None:
    recorder = BilancioRecorder(tmp_path / "ring")
    passive = simulate(FEW[0], recorder, "passive")
    active = recorder.begin_run("active", seed=1, run_id="broken")
    active.finish("failed")
    recorder.write_aggregates([Pair(passive, "broken", FEW[0].outside_mid)])
    (row,) = read(tmp_path / "ring" / "aggregate" / "comparison.csv")
    assert (row["delta_passive"], row["trading_effect"], row["total_trades"]) == ("", "", "")
    assert (row["passive_status"], row["active_status"]) == ("completed", "failed")
