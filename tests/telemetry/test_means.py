"""Means of a column by others: weights, numbers written in many ways, and what is not there."""

from __future__ import annotations

import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry.answers import means as answering
from telemetry.errors import NothingFoundError, RequestError
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import MeansQuery, PairQuery, Where
from tests.builders import bilancio as b
from tests.builders import simcash, vmt

STRATEGIES = ("no_trade", "round_trip")
_PER = ("count", "face", "default_count", "default_face", "default_rate")
BY_RUN = [
    "run_id", "kappa", "concentration", "mu", "outside_mid_ratio", "seed", "delta_passive",
    "delta_active", "trading_effect", *(f"{n}_{s}" for s in STRATEGIES for n in _PER),
]  # fmt: skip


def outcomes(run_id: str, **cells: object) -> dict[str, object]:
    return {"run_id": run_id, "kappa": "1", "concentration": "1", "mu": "0", **cells}


def write_sweep(folder: Path) -> Path:
    """Six pairs over two values of κ, one written in two ways, one pair that failed."""
    b.write_experiment(folder, pairs=1)
    b.put_csv(folder / "aggregate" / "comparison.csv", b.COMPARISON, (
        b.pair_row(1, "0.6", "0.6", kappa="0.5"),
        b.pair_row(2, "0.9", "0.4", trading_effect="0.5", kappa="0.50"),
        b.pair_row(3, "0.1", "0.4", trading_effect="-0.3", kappa="4"),
        b.pair_row(4, "0", "0E-28", kappa="4", mu="1", total_trades=0),
        b.pair_row(5, "0.6", None, kappa="4", mu="1"),
        b.pair_row(6, "0.3", "0.3", kappa="0.5"),
    ))  # fmt: skip
    b.put_csv(folder / "aggregate" / "dealer_usage_by_run.csv", b.USAGE, (
        {"run_id": "active_6", "dealer_trade_count": 3, "n_traders_using_dealer": 2,
         "frac_defaulted_that_traded": "0.25"},
    ))  # fmt: skip
    b.put_csv(folder / "aggregate" / "strategy_outcomes_by_run.csv", BY_RUN, (
        outcomes("active_1", face_no_trade=100, default_rate_no_trade="0.5",
                 face_round_trip=0, default_rate_round_trip="0.0"),
        outcomes("active_2", face_no_trade=300, default_rate_no_trade="0.1",
                 face_round_trip=50, default_rate_round_trip="1"),
    ))  # fmt: skip
    return folder


@pytest.fixture
def source(tmp_path: Path) -> telemetry.Source:
    return telemetry.open_source(write_sweep(tmp_path / "sweep"))


def ask(source: telemetry.Source, value: str, *by: str, **more: object):
    return source.ask(MeansQuery("", "pairs", value, by, **more))  # type: ignore[arg-type]


def test_one_number_written_in_two_ways_is_one_group(source: telemetry.Source) -> None:
    found = ask(source, "trading_effect", "kappa")

    assert found.keys == ((Decimal("0.5"),), (Decimal("4"),))
    assert found.mean == pytest.approx([0.5 / 3, -0.15])
    assert list(found.count) == [3, 2]


def test_rows_without_a_value_do_not_count_and_are_no_zero(source: telemetry.Source) -> None:
    found = ask(source, "trading_effect", "kappa", "mu")

    assert [tuple(map(str, key)) for key in found.keys] == [
        ("0.5", "0.5"),
        ("4", "0.5"),
        ("4", "1"),
    ]
    assert list(found.count) == [3, 1, 1]
    only_failed = Where((Filter.parse("pair", "5"),))
    alone = ask(source, "trading_effect", "kappa", where=only_failed)
    assert list(alone.count) == [0]
    assert math.isnan(alone.mean[0])


def test_the_error_is_that_of_the_mean(source: telemetry.Source) -> None:
    found = ask(source, "trading_effect", "kappa")

    values = np.array([0.0, 0.5, 0.0])
    assert found.error[0] == pytest.approx(values.std(ddof=1) / math.sqrt(3))
    one = ask(source, "trading_effect", "kappa", where=Where((Filter.parse("pair", "3"),)))
    assert math.isnan(one.error[0])


def test_a_rate_is_weighted_by_what_it_is_a_share_of(source: telemetry.Source) -> None:
    found = source.ask(MeansQuery("", "strategy_outcomes", "default_rate", ("strategy",)))

    assert found.keys == (("no_trade",), ("round_trip",))
    assert found.mean == pytest.approx([(100 * 0.5 + 300 * 0.1) / 400, 1.0])
    assert list(found.count) == [2, 1]  # a run in which nobody did so says nothing
    assert found.weight is not None
    assert found.weight.name == "face"


def test_rates_that_are_all_0_are_doubted_where_the_pairs_contradict_them(tmp_path: Path) -> None:
    folder = write_sweep(tmp_path / "sweep")
    rates = MeansQuery("", "strategy_outcomes", "default_rate", ("strategy",))
    assert telemetry.open_source(folder).ask(rates).notes == ()
    b.put_csv(folder / "aggregate" / "strategy_outcomes_by_run.csv", BY_RUN, (
        outcomes("active_3", kappa="4", face_no_trade=100, default_rate_no_trade="0.0"),
    ))  # fmt: skip
    repaid = telemetry.open_source(folder)
    (why,) = repaid.ask(rates).notes
    assert "only repaid obligations were logged" in why
    assert "defaults in 4 of" in why
    kept = Where((Filter.parse("kappa", "4"),))
    (why,) = repaid.ask(replace(rates, where=kept)).notes
    assert "defaults in 1 of" in why
    count = MeansQuery("", "strategy_outcomes", "face", ("strategy",))
    assert repaid.ask(count).notes == ()


def test_cents_become_money(tmp_path: Path) -> None:
    source = telemetry.open_source(simcash.unified(tmp_path / "u.db"))

    found = source.ask(MeansQuery(simcash.SAMPLES[0], "runs", "total_cost", ("run_purpose",)))

    assert found.mean == pytest.approx([simcash.SAMPLE_COSTS[0] / 100])


def test_a_run_of_another_engine_is_asked_the_same(tmp_path: Path) -> None:
    source = telemetry.open_source(vmt.build("money_full", tmp_path / "m.db", runs=1))

    found = source.ask(MeansQuery(1, "trades", "price", ("exchange_pair_type",)))

    assert found.count.sum() > 0
    assert np.isfinite(found.mean).all()


def test_too_many_groups_are_refused(
    source: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "MOST", 1)
    with pytest.raises(RequestError, match="more than 1 values of pair"):
        ask(source, "trading_effect", "pair")


def test_a_table_that_is_not_there_has_no_means(tmp_path: Path) -> None:
    source = telemetry.open_source(simcash.create(tmp_path / "e.db", "simulations"))

    found = source.ask(MeansQuery("", "llm_interactions", "latency_seconds", ("model",)))

    assert found.keys == ()


@pytest.mark.parametrize(
    ("run", "told"),
    [
        (
            "active_1",
            ["no difference", "0.6 in both", "the one debtor in default had traded before"],
        ),
        ("active_2", ["fewer defaults", "0.4 instead of 0.9", "+0.5", "not logged"]),
        ("active_3", ["more defaults", "-0.3"]),
        ("active_4", ["nobody defaulted in either run", "nobody traded"]),
        ("active_5", ["was not compared", "its active run failed"]),
        ("active_6", ["no difference", "3 trades were made, by 2 traders", "25 % of the face"]),
    ],
)
def test_why_a_pair_came_out_as_it_did_is_one_sentence(
    source: telemetry.Source, run: str, told: list[str]
) -> None:
    sentence = source.ask(PairQuery(run))

    assert sentence.endswith(".")
    assert "\n" not in sentence
    for words in told:
        assert words in sentence


def test_a_run_of_no_pair_and_a_family_without_pairs_say_so(
    source: telemetry.Source, tmp_path: Path
) -> None:
    with pytest.raises(NothingFoundError, match="No pair has passive_1"):
        source.ask(PairQuery("passive_1"))
    other = telemetry.open_source(simcash.create(tmp_path / "e.db", "unified"))
    with pytest.raises(NothingFoundError, match="compare no pairs of runs"):
        other.ask(PairQuery("x"))
