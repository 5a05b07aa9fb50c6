"""`means` and `pair` say what the Experiment view shows."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from tests.builders import vmt
from tests.telemetry.command_line import ran, refused
from tests.telemetry.test_means import write_sweep

Capsys = pytest.CaptureFixture[str]


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return write_sweep(tmp_path / "sweep")


def test_an_effect_by_a_parameter_has_mean_error_and_n(sweep: Path, capsys: Capsys):
    found = ran(
        capsys, "means", "pairs", "trading_effect", sweep, "--by", "kappa", "--format", "jsonl"
    ).lines()
    low, high = (row for row in found if row["n"])
    effects = [0.0, 0.5, 0.0]
    assert (low["n"], high["n"]) == (3, 2)
    assert low["mean"] == pytest.approx(sum(effects) / 3)
    spread = math.sqrt(sum((e - sum(effects) / 3) ** 2 for e in effects) / 2)
    assert low["standard_error"] == pytest.approx(spread / math.sqrt(3))
    assert high["mean"] == pytest.approx((-0.3 + 0) / 2)


def test_filters_choose_the_rows_and_a_group_of_one_has_no_error(sweep: Path, capsys: Capsys):
    [row] = ran(
        capsys, "means", "pairs", "trading_effect", sweep, "--by", "kappa,mu",
        "--filter", "trading_effect=<0", "--format", "jsonl",
    ).lines()  # fmt: skip
    assert (row["n"], row["mean"], row["standard_error"]) == (1, -0.3, None)
    result = ran(capsys, "means", "pairs", "trading_effect", sweep, "--by", "mu", "--filter",
                 "kappa=99")  # fmt: skip
    assert result.code == 1
    assert "No row of pairs" in result.err


def test_weighted_means_say_so(sweep: Path, capsys: Capsys):
    result = ran(capsys, "means", "strategy_outcomes", "default_rate", sweep, "--by", "strategy")
    assert result.code == 0
    assert "weighted by" in result.err


def test_means_of_a_table_of_a_run_equal_sql_by_hand(tmp_path: Path, capsys: Capsys):
    path = vmt.build("money_full", tmp_path / "money.db", runs=1)
    found = ran(
        capsys, "means", "trades", "price", path, "1", "--by", "exchange_pair_type", "--format",
        "jsonl",
    ).lines()  # fmt: skip
    sql = (
        "SELECT exchange_pair_type, AVG(price), COUNT(price) FROM trades WHERE run_id=1 GROUP BY 1"
    )
    by_hand = {pair: (mean, n) for pair, mean, n in vmt.query(path, sql)}
    assert {row["exchange_pair_type"]: (row["mean"], row["n"]) for row in found} == {
        pair: (pytest.approx(mean), n) for pair, (mean, n) in by_hand.items()
    }


def test_a_column_that_is_not_there_is_refused(sweep: Path, capsys: Capsys):
    said = refused(capsys, 2, "means", "pairs", "trading_effect", sweep, "--by", "color")
    assert "color" in said


def test_a_pair_tells_why_in_a_sentence(sweep: Path, capsys: Capsys):
    result = ran(capsys, "pair", sweep, "active_1")
    assert result.code == 0
    assert "0.6 in both" in result.out
    [row] = ran(capsys, "pair", sweep, "active_1", "--format", "jsonl").lines()
    assert row == {"run_id": "active_1", "why": result.out.strip()}


def test_a_family_without_pairs_says_so(tmp_path: Path, capsys: Capsys):
    path = vmt.build("money_full", tmp_path / "money.db", runs=1)
    assert "compare no pairs" in refused(capsys, 1, "pair", path, "1")
