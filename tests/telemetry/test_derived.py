"""Derived columns as the VMT document defines them: pair, price, surplus, mode, regime, margins."""

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

import telemetry
from telemetry import queries as q
from telemetry.filters import Filter
from tests.builders import vmt

pytestmark = pytest.mark.sampled(4)


def _cells(source: telemetry.Source, run: int, table: str, *columns: str) -> list[tuple]:
    return list(source.ask(q.TableQuery(run, table, columns, limit=10_000)).rows)


@pytest.mark.parametrize("vintage", vmt.VINTAGES)
def test_the_pair_is_told_by_what_changed_hands(tmp_path: Path, vintage: str):
    source = telemetry.open_source(vmt.build(vintage, tmp_path / "runs.db", ticks=31))
    for run in (1, 2):
        regime = vmt.regime_of(vintage, run)
        pairs = {"barter_only": ["A<->B"], "mixed": ["A<->M", "B<->M", "A<->B"]}[regime]
        rows = _cells(source, run, "trades", "tick", "pair_type")
        assert len(rows) >= 4
        assert rows == [(tick, pairs[tick // 3 % len(pairs)]) for tick, _ in rows]
    source.close()


def test_a_stored_pair_that_contradicts_the_amounts_is_warned_of(tmp_path: Path):
    source = telemetry.open_source(vmt.build("money_p2", tmp_path / "runs.db", ticks=31))
    wrong = sum(pair != "A<->B" for (pair,) in _cells(source, 1, "trades", "pair_type"))
    assert wrong > 0
    warnings = source.ask(q.ContradictionsQuery(1)).warnings
    assert any(f"contradicts the amounts in {wrong} trades" in w for w in warnings)
    others = source.ask(q.ContradictionsQuery(2)).warnings
    assert not any("contradicts the amounts" in w for w in others)
    assert not any("contradicts" in w for w in source.ask(q.RunQuery(1)).warnings)  # no pass
    source.close()


TRADES = [
    # dA, dB, dM, stored pair → pair, implied price
    ((2, 1, 0, "A<->B"), ("A<->B", 0.5)),
    ((4, 0, 3, "A<->M"), ("A<->M", 0.75)),
    ((0, 4, 3, "B<->M"), ("B<->M", 0.75)),
    ((4, 0, 3, "A<->B"), ("A<->M", 0.75)),
    ((0, 4, 3, None), ("B<->M", 0.75)),
    ((2, 1, None, "A<->B"), ("A<->B", 0.5)),
    ((0, 0, 0, "A<->M"), ("A<->M", None)),
    ((0, 5, 0, "A<->B"), ("A<->B", None)),
    ((0, 0, 0, None), (None, None)),
    ((2, 3, 4, "B<->M"), ("B<->M", 4 / 3)),
    ((2, 3, 4, "M<->A"), ("M<->A", 2.0)),
    ((-2, 1, 0, "A<->B"), ("A<->B", -0.5)),
    ((1, 3, 0, "A<->B"), ("A<->B", 3.0)),
]


@pytest.mark.parametrize(("stored", "wanted"), TRADES, ids=range(len(TRADES)))
def test_the_price_is_that_of_the_pair_and_null_where_nothing_was_given(
    tmp_path: Path, stored: tuple, wanted: tuple
):
    path = vmt.create("money", tmp_path / "runs.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="s")
    names = ("dA", "dB", "dM", "exchange_pair_type")
    vmt.insert(
        path,
        "trades",
        run_id=1,
        tick=0,
        x=0,
        y=0,
        buyer_id=0,
        seller_id=1,
        price=9.0,
        direction="",
        **dict(zip(names, stored, strict=True)),
    )
    source = telemetry.open_source(path)
    ((pair, price),) = _cells(source, 1, "trades", "pair_type", "implied_price")
    assert (pair, price) == wanted
    source.close()


def test_the_price_does_not_depend_on_the_scale_of_goods(tmp_path: Path):
    source = telemetry.open_source(vmt.build("head_decimal", tmp_path / "runs.db", ticks=4))
    rows = _cells(source, 2, "trades", "dA", "dB", "implied_price", "price")
    assert rows == [(Decimal(2), Decimal(1), 0.5, 0.5)] * 2
    source.close()


def test_total_surplus_is_the_sum_and_null_where_either_side_is(tmp_path: Path):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=7)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE trades SET buyer_surplus = NULL WHERE run_id = 2 AND tick = 3")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert _cells(source, 2, "trades", "total_surplus") == [(0.75,), (None,), (0.75,)]
    source.close()


@pytest.mark.parametrize("vintage", vmt.VINTAGES)
@pytest.mark.parametrize("table", ["trades", "trade_attempts"])
def test_mode_and_regime_of_a_row_are_those_of_its_tick(tmp_path: Path, vintage: str, table: str):
    source = telemetry.open_source(vmt.build(vintage, tmp_path / "runs.db", ticks=31))
    for run in (1, 2):
        rows = _cells(source, run, table, "tick", "mode", "regime")
        assert len(rows) >= 4
        for tick, mode, regime in rows:
            no_mode = vintage == "barter" or (vintage == "mode" and run == 2)
            assert mode == (None if no_mode else vmt.mode_of(vintage, run, tick))
            money = vintage in ("money", "money_p2", "money_full")
            assert regime == (vmt.regime_of(vintage, run) if money else None)
    recorded = {c.name: c.recorded for c in source.table(table).columns}
    assert recorded["mode"] == (vintage != "barter")
    assert recorded["regime"] == (vintage in ("money", "money_p2", "money_full"))
    source.close()


def test_trades_of_a_mode_and_of_a_regime_are_found_by_filter(tmp_path: Path):
    """The fourth question of the VMT document."""
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=31)
    source = telemetry.open_source(path)
    for column, stored, value in (
        ("mode", "current_mode", "trade"),
        ("regime", "exchange_regime", "mixed"),
    ):
        where = q.Where((Filter.parse(column, value),))
        found = source.ask(q.TableQuery(1, "trades", ("id",), where)).rows
        wanted = vmt.query(
            path,
            "SELECT t.id FROM trades t JOIN tick_states s ON t.run_id = s.run_id "
            f"AND t.tick = s.tick WHERE t.run_id = 1 AND s.{stored} = ? ORDER BY t.tick, t.id",
            value,
        )
        assert list(found) == wanted != []
        assert source.ask(q.CountQuery(1, "trades", where)) == len(wanted)
        facets = source.ask(q.FacetQuery(1, "trades", column, where))
        assert facets.values == ((value, len(wanted)),)
    source.close()


def test_money_in_units_is_divided_by_the_runs_own_scale(tmp_path: Path):
    path = vmt.build("money_full", tmp_path / "runs.db", ticks=7)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE simulation_runs SET money_scale = 100 WHERE run_id = 1")
    connection.execute("UPDATE simulation_runs SET money_scale = 0 WHERE run_id = 2")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    rows = _cells(source, 1, "trades", "dM", "dM_units")
    assert rows
    assert all(units == minor / 100 for minor, units in rows)
    rows = _cells(source, 1, "agent_snapshots", "inventory_M", "inventory_M_units")
    assert rows[0] == (100, 1.0)
    assert {units for _, units in _cells(source, 2, "trades", "dM", "dM_units")} == {None}
    source.close()


ATTEMPTS = [
    # dA tried, dB, seller's A, buyer's B → missing stock
    ((3, 2, 3, 2), 0),
    ((4, 2, 3, 2), 1),
    ((3, 5, 3, 2), 3),
    ((4, 5, 3, 2), 1),
    ((0, 0, 0, 0), 0),
]


@pytest.mark.parametrize(("stored", "missing"), ATTEMPTS)
def test_missing_stock_is_the_block_less_what_its_giver_holds(
    tmp_path: Path, stored: tuple, missing: int
):
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=1)
    block, counter, seller, buyer = stored
    connection = sqlite3.connect(path)
    connection.execute(
        "UPDATE trade_attempts SET dA_attempted = ?, dB_calculated = ?, seller_A_init = ?, "
        "buyer_B_init = ?",
        (block, counter, seller, buyer),
    )
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert set(_cells(source, 1, "trade_attempts", "missing_stock")) == {(missing,)}
    source.close()


def test_missing_stock_is_in_units_where_goods_are(tmp_path: Path):
    source = telemetry.open_source(vmt.build("head_decimal", tmp_path / "runs.db", ticks=1))
    reason = Filter.parse("result_reason", "seller_insufficient_A")
    page = source.ask(
        q.TableQuery(2, "trade_attempts", ("dA_attempted", "missing_stock"), q.Where((reason,)))
    )
    assert page.rows == ((Decimal(6), Decimal(1)),)
    source.close()


def test_gains_and_the_gap_of_the_quotes_have_their_sign(tmp_path: Path):
    source = telemetry.open_source(vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=1))
    rows = _cells(
        source, 1, "trade_attempts", "result_reason", "buyer_gain", "seller_gain", "quote_gap"
    )
    by_reason = {row[0]: row[1:] for row in rows}
    assert by_reason["utility_improves_both"] == (0.5, 0.25, 0.75)
    assert by_reason["both_utility_no_improvement"] == (-0.5, -1.0, 0.75)
    assert by_reason["buyer_utility_no_improvement"] == (-0.5, 0.25, 0.75)
    assert by_reason["seller_utility_no_improvement"] == (0.5, -1.0, 0.75)
    source.close()


@pytest.mark.parametrize(
    ("a", "b", "good"), [(0.5, 0.75, "A"), (0.75, 0.5, "B"), (0.5, 0.5, "both")]
)
def test_the_good_that_binds_is_the_one_with_the_smaller_estimate(
    tmp_path: Path, a: float, b: float, good: str
):
    path = vmt.create("money", tmp_path / "runs.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="s")
    vmt.insert(
        path,
        "lambda_updates",
        run_id=1,
        tick=0,
        agent_id=0,
        lambda_old=1,
        lambda_new=1,
        lambda_hat_A=a,
        lambda_hat_B=b,
        lambda_hat=min(a, b),
        clamped=0,
    )
    source = telemetry.open_source(path)
    assert _cells(source, 1, "lambda_updates", "binding_good") == [(good,)]
    source.close()


@pytest.mark.parametrize(
    ("vintage", "name"),
    [
        ("barter", "barter"),
        ("mode", "mode schedule"),
        ("money_p2", "money, first"),
        ("money", "money"),
        ("money_full", "money"),
        ("head_decimal", "decimal"),
    ],
)
def test_the_vintage_is_told_by_columns_and_not_by_name(tmp_path: Path, vintage: str, name: str):
    source = telemetry.open_source(vmt.build(vintage, tmp_path / "another name", ticks=2))
    assert (source.identity.family, source.identity.vintage) == ("vmt", name)
    source.close()


def test_goods_of_the_decimal_vintage_are_in_units_and_the_program_says_that_it_inferred_so(
    tmp_path: Path,
):
    path = vmt.build("head_decimal", tmp_path / "runs.db", ticks=2)
    source = telemetry.open_source(path)
    assert source.scales["goods"] == 10_000
    assert "inferred from the vintage" in source.identity.notes[0]
    assert _cells(source, 1, "agent_snapshots", "inventory_A")[0] == (Decimal(10),)
    assert source.ask(q.SeriesQuery(1, "inventory_A", (0,))).lines[0].value[0] == 10.0
    assert source.ask(q.SceneQuery(1, 0)).resources[0].amount == 1.0
    where = q.Where((Filter.parse("inventory_A", ">=12.5"),))
    ((n,),) = vmt.query(
        path, "SELECT count(*) FROM agent_snapshots WHERE run_id = 1 AND inventory_A >= 125000"
    )
    assert source.ask(q.CountQuery(1, "agent_snapshots", where)) == n > 0

    source.set_scale(100)
    assert _cells(source, 1, "agent_snapshots", "inventory_A")[0] == (Decimal(1000),)
    assert source.identity.notes == ("Quantities are shown divided by 100, as set by you.",)
    source.set_scale(None)
    assert source.scales["goods"] == 10_000
    source.close()

    preset = telemetry.open_source(path, scale=1)
    assert _cells(preset, 1, "agent_snapshots", "inventory_A")[0] == (100_000,)
    preset.close()


@pytest.mark.parametrize("later", ["money", "head_decimal"])
def test_a_file_keeps_its_vintage_when_a_later_program_has_added_its_tables(
    later: str, tmp_path: Path
):
    for name, vintage in (("barter", "barter"), ("mode", "mode schedule")):
        path = vmt.build(name, tmp_path / f"{name}.db", runs=1, ticks=2)
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE agent_snapshots SET inventory_A = 5000, inventory_B = 5000")
        source = telemetry.open_source(vmt.opened_by(later, path))
        assert source.identity.vintage == vintage
        assert _cells(source, 1, "agent_snapshots", "inventory_A")[0] == (5000,)
        source.close()


def test_small_quantities_of_the_decimal_vintage_are_shown_as_stored_and_that_is_said(
    tmp_path: Path,
):
    path = vmt.build("head_decimal", tmp_path / "runs.db", ticks=2)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE agent_snapshots SET inventory_A = 7, inventory_B = 9")
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    assert source.scales["goods"] == 1
    assert "shown as stored" in source.identity.notes[0]
    source.close()
