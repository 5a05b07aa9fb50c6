"""What stands above runs: pairs and why they differ or not, dealer usage, strategies."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import telemetry
from telemetry.filters import Filter
from telemetry.queries import (
    ExperimentsQuery,
    FacetQuery,
    PairQuery,
    PointsQuery,
    RunsQuery,
    Sort,
    SummaryQuery,
    TableQuery,
    Where,
)
from tests.builders import bilancio as b


def _usage(run_id: str, **more: object) -> dict[str, object]:
    return {"run_id": run_id, "dealer_trade_count": 3, "final_debt_to_money": "0.5"} | more


@pytest.fixture
def source(tmp_path: Path) -> telemetry.Source:
    folder = b.write_experiment(tmp_path / "sweep", pairs=1)
    b.put_csv(folder / "aggregate" / "comparison.csv", b.COMPARISON, (
        b.pair_row(1, "0.6", "0.6"),
        b.pair_row(2, "0.9", "0.4", trading_effect="0.5"),
        b.pair_row(3, "0.1", "0.4", trading_effect="-0.3", kappa="4"),
        b.pair_row(4, "0", "0E-28"),
        b.pair_row(5, "0.6", "0.6", total_trades=0),
        b.pair_row(6, "0.6", "0.6"),
        b.pair_row(7, "0.6", "0.6"),
        b.pair_row(8, "0.6", None),
    ))  # fmt: skip
    b.put_csv(folder / "aggregate" / "dealer_usage_by_run.csv", b.USAGE, (
        _usage("active_6", frac_defaulted_that_traded="0.0"),
        _usage("active_7", frac_defaulted_that_traded="0.25"),
        _usage("active_1"),
    ))  # fmt: skip
    return telemetry.open_source(folder)


def _pairs(source: telemetry.Source, *names: str, **more: object) -> list[tuple[object, ...]]:
    return list(source.ask(TableQuery("", "pairs", names, **more)).rows)  # type: ignore[arg-type]


def test_pairs_are_told_apart_by_the_sign_of_the_effect_as_a_number(
    source: telemetry.Source,
) -> None:
    found = dict(_pairs(source, "pair", "result"))

    assert found == {
        1: "no difference", 2: "fewer defaults", 3: "more defaults", 4: "no difference",
        5: "no difference", 6: "no difference", 7: "no difference", 8: "not compared",
    }  # fmt: skip


def test_a_pair_without_a_difference_says_why(source: telemetry.Source) -> None:
    found = dict(_pairs(source, "pair", "explanation"))

    assert found == {
        1: "traded; defaulters not logged",
        2: None,
        3: None,
        4: "nobody defaulted",
        5: "nobody traded",
        6: "defaulters had never traded",
        7: "defaulters had traded, in vain",
        8: "a run did not finish",
    }


def test_lenders_that_are_idle_and_that_lend_are_a_pair_as_well(tmp_path: Path) -> None:
    arms = ("bank_idle", "bank_lend")
    b.write_experiment(tmp_path, arms=arms, comparison=False)
    row = {
        "kappa": 1, "seed": 42, "delta_idle": "0.6", "delta_lend": "0.4", "phi_idle": "0.4",
        "bank_lending_effect": "0.2", "bank_lending_relief_ratio": "0.5", "phi_lend": "0.6",
        "idle_run_id": "bank_idle_1", "idle_status": "completed",
        "lend_run_id": "bank_lend_1", "lend_status": "completed",
    }  # fmt: skip
    same = row | {"delta_lend": "0.6", "bank_lending_effect": 0, "lend_run_id": "bank_lend_2"}
    b.put_csv(tmp_path / "aggregate" / "comparison.csv", tuple(row), (row, same))
    source = telemetry.open_source(tmp_path)

    names = ("delta_passive", "delta_active", "trading_effect", "result", "explanation")
    assert _pairs(source, *names) == [
        (Decimal("0.6"), Decimal("0.4"), Decimal("0.2"), "fewer defaults", None),
        (Decimal("0.6"), Decimal("0.6"), 0, "no difference", None),
    ]
    told = source.ask(PairQuery("bank_lend_1"))
    assert told.startswith("Pair 1 has fewer defaults in bank_lend: 0.4 instead of 0.6")
    source.close()


def test_a_pair_that_failed_has_blank_deltas_and_no_zero(source: telemetry.Source) -> None:
    names = ("delta_passive", "delta_active", "trading_effect", "active_status")
    found = _pairs(source, *names, where=Where((Filter.parse("pair", "8"),)))

    assert found == [(Decimal("0.6"), None, None, "failed")]
    summary = source.ask(SummaryQuery("", "pairs")).groups
    assert ("not compared", 1, 0.6, None, None, 3.0) in summary


def test_pairs_are_filtered_sorted_counted_and_drawn_by_numbers(source: telemetry.Source) -> None:
    best = _pairs(source, "pair", sort=Sort("trading_effect", descending=True), limit=2)
    assert best[0] == (2,)
    assert _pairs(source, "pair", where=Where((Filter.parse("kappa", ">1"),))) == [(3,)]
    assert source.ask(FacetQuery("", "pairs", "kappa")).values == (
        (Decimal("0.25"), 7), (Decimal(4), 1),
    )  # fmt: skip
    points = source.ask(PointsQuery("", "pairs", "delta_passive", "delta_active", "result"))
    assert points.total == 8
    assert (points.x[1], points.y[1], points.group[1]) == (0.9, 0.4, "fewer defaults")


def test_the_experiment_counts_its_pairs(source: telemetry.Source) -> None:
    found = source.ask(ExperimentsQuery()).experiments

    assert [(e.experiment_id, e.kind, e.iterations, e.runs) for e in found] == [
        ("sweep", "active/passive", None, 2)
    ]
    fields = found[0].fields
    assert [fields[n] for n in ("pairs", "completed_pairs", "pairs_improved", "pairs_unchanged",
                                "pairs_worsened")] == [8, 7, 1, 5, 1]  # fmt: skip
    assert fields["mean_trading_effect"] == pytest.approx((0.5 - 0.3) / 7)


def test_runs_carry_their_side_of_the_pair(source: telemetry.Source) -> None:
    runs = {r.run_id: r.fields for r in source.ask(RunsQuery()).runs}

    assert runs["passive_1"]["delta_other"] == Decimal("0.6")
    assert str(runs["active_1"]["trading_effect"]) == "0E-28"
    assert runs["active_1"]["S1"] == Decimal("15000.01796328173601348000250")
    assert runs["active_1"]["dealer_enabled"] is True


def test_control_and_treatment_are_passive_and_active(tmp_path: Path) -> None:
    arms = ("control", "treatment")
    folder = b.write_experiment(tmp_path / "old", arms=arms, comparison=False, pairs=1)
    row = {"kappa": "0.5", "seed": 42, "delta_control": "0.6", "delta_treatment": "0.4",
           "delta_reduction": "0.2", "relief_ratio": "0.33", "phi_control": "0.4",
           "control_run_id": "control_1", "treatment_run_id": "treatment_1",
           "control_status": "completed", "treatment_status": "completed"}  # fmt: skip
    b.put_csv(folder / "aggregate" / "comparison.csv", b.CONTROL_COMPARISON, [row])
    source = telemetry.open_source(folder)

    names = ("delta_passive", "delta_active", "trading_effect", "trading_relief_ratio", "result")
    assert _pairs(source, *names) == [
        (Decimal("0.6"), Decimal("0.4"), Decimal("0.2"), Decimal("0.33"), "fewer defaults")
    ]
    runs = {r.run_id: r.fields for r in source.ask(RunsQuery()).runs}
    assert runs["treatment_1"]["other_run"] == "control_1"
    assert runs["control_1"]["delta_other"] == Decimal("0.4")


def test_strategies_have_a_row_each_whatever_their_names(tmp_path: Path) -> None:
    folder = b.write_experiment(tmp_path / "sweep", pairs=1)
    strategies = ("no_trade", "hold_to_maturity", "new_one")
    parts = ("count", "face", "default_count", "default_face", "default_rate")
    header = ["run_id", "kappa", "seed", *(f"{p}_{s}" for s in strategies for p in parts)]
    cells = {f"{p}_{s}": 10 * i + j for i, s in enumerate(strategies) for j, p in enumerate(parts)}
    b.put_csv(folder / "aggregate" / "strategy_outcomes_by_run.csv", header, [
        {"run_id": "active_1", "kappa": "0.25", "seed": 42} | cells,
    ])  # fmt: skip
    source = telemetry.open_source(folder)

    names = ("run_id", "strategy", "count", "face", "default_count", "default_rate", "kappa")
    found = source.ask(TableQuery("", "strategy_outcomes", names)).rows
    assert found == (
        ("active_1", "no_trade", 0, Decimal(1), 2, Decimal(4), Decimal("0.25")),
        ("active_1", "hold_to_maturity", 10, Decimal(11), 12, Decimal(14), Decimal("0.25")),
        ("active_1", "new_one", 20, Decimal(21), 22, Decimal(24), Decimal("0.25")),
    )


def test_aggregates_that_are_missing_or_empty_are_zero_rows(tmp_path: Path) -> None:
    folder = b.write_experiment(tmp_path / "sweep", pairs=1, comparison=False)
    b.put(folder / "aggregate" / "dealer_usage_by_run.csv", "")
    source = telemetry.open_source(folder)

    for table in ("pairs", "dealer_usage", "strategy_outcomes", "strategy_outcomes_overall"):
        assert source.ask(TableQuery("active_1", table)).rows == (), table
    assert source.ask(ExperimentsQuery()).experiments[0].fields["pairs"] is None


def test_new_columns_of_the_comparison_are_offered(tmp_path: Path) -> None:
    folder = b.write_experiment(tmp_path / "sweep", pairs=1)
    rows = [b.pair_row(1, "0.6", "0.5", trading_effect="0.1", delta_lender="0.3", seed="new")]
    header = [*b.COMPARISON, "delta_lender"]
    b.put_csv(folder / "aggregate" / "comparison.csv", header, rows)

    found = _pairs(telemetry.open_source(folder), "delta_lender", "seed", "unreadable")
    assert found == [("0.3", None, "seed: new")]


def test_the_aggregates_alone_are_enough_to_open_an_experiment(tmp_path: Path) -> None:
    rows = [b.pair_row(1, "0.6", "0.5", trading_effect="0.1")]
    b.put_csv(tmp_path / "sweep" / "aggregate" / "comparison.csv", b.COMPARISON, rows)
    source = telemetry.open_source(tmp_path / "sweep")

    assert _pairs(source, "active_run_id", "result") == [("active_1", "fewer defaults")]
    assert source.ask(RunsQuery()).runs == ()
