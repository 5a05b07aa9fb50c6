"""The dealer-ring recorder: the document's files, exact numbers, whole days, and what follows."""

from __future__ import annotations

import csv
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.bilancio.recorder import BilancioRecorder, BilancioRun
from telemetry.families.bilancio.rules import DETAILED
from telemetry.queries import RunsQuery, SeriesQuery, TableQuery
from telemetry.recording.folder import NOTE
from tests.builders import bilancio
from tests.telemetry.rings import Ring, read, written

FIELDS = {
    "trades": """run_id, regime, day, bucket, side, trader_id, ticket_id, issuer_id,
        maturity_day, face_value, price, unit_price, is_passthrough,
        outside_mid, dealer_mid, dealer_inventory_before, dealer_inventory_after,
        hit_inventory_limit, trader_cash_before, trader_cash_after,
        trader_safety_margin_before, trader_safety_margin_after,
        is_liquidity_driven, reduces_margin_below_zero""",
    "inventory_timeseries": """run_id, regime, day, bucket,
        dealer_inventory, max_capacity, capacity_pct,
        is_at_zero, hit_vbt_this_step,
        total_system_face, dealer_share_pct""",
    "system_state_timeseries": """run_id, regime, day,
        total_face_value, face_bucket_short, face_bucket_mid, face_bucket_long,
        total_cash, debt_to_money""",
    "repayment_events": """run_id, regime, trader_id, liability_id, maturity_day, face_value,
        outcome, buy_count, sell_count, net_cash_pnl, held_matching_maturity, strategy""",
}
"""The document's lists of fields, as it prints them."""
TRADE: dict[str, Any] = {
    "bucket": "mid", "side": "SELL", "trader_id": "H1", "ticket_id": "T1", "issuer_id": "H2",
    "maturity_day": 8, "face_value": 66, "price": Decimal("56.10"), "unit_price": "0.85",
    "is_passthrough": True, "outside_mid": 1, "dealer_mid": Decimal("1.0"),
    "dealer_inventory_before": 0, "dealer_inventory_after": 0, "hit_inventory_limit": False,
    "trader_cash_before": -1, "trader_cash_after": "55.10",
    "trader_safety_margin_before": "-1456.90", "trader_safety_margin_after": "-1400.80",
    "is_liquidity_driven": True, "reduces_margin_below_zero": False,
}  # fmt: skip
DEBT: dict[str, Any] = {
    "trader_id": "H1", "liability_id": "P1", "maturity_day": 1, "face_value": 60,
    "outcome": "repaid",
}  # fmt: skip
STOCK: dict[str, Any] = {
    "bucket": "short", "dealer_inventory": 1, "max_capacity": 4, "hit_vbt_this_step": False,
    "total_system_face": 80, "dealer_face": 20,
}  # fmt: skip
STATE: dict[str, Any] = {
    "face_bucket_short": 60, "face_bucket_mid": 0, "face_bucket_long": 30, "total_cash": 120,
}  # fmt: skip


@pytest.fixture
def recorder(tmp_path: Path) -> BilancioRecorder:
    return BilancioRecorder(tmp_path / "sweep")


def begin(recorder: BilancioRecorder, run_id: str = "r", **options: Any) -> BilancioRun:
    return recorder.begin_run(
        "active", seed=7, run_id=run_id, **{"detailed_logging": True, "durable": False, **options}
    )


def out_of(recorder: BilancioRecorder, run_id: str = "r") -> Path:
    return recorder.folder / "active" / "runs" / run_id / "out"


def tables(folder: Path, run_id: str, *names: str) -> list[list[dict[str, Any]]]:
    """All rows of tables, as our own reader gives them."""
    source = telemetry.open_source(folder)
    try:
        pages = [source.ask(TableQuery(run_id, name, limit=10_000)) for name in names]
    finally:
        source.close()
    return [
        [dict(zip([c.name for c in p.columns], row, strict=True)) for row in p.rows] for p in pages
    ]


def table(folder: Path, run_id: str, name: str) -> list[dict[str, Any]]:
    return tables(folder, run_id, name)[0]


# Random runs in, the same out


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 2**32), days=st.integers(0, 8), per_write=st.integers(1, 3))
def test_any_run_is_read_back_as_it_was_played(
    tmp_path_factory: pytest.TempPathFactory, seed: int, days: int, per_write: int
) -> None:
    recorder = BilancioRecorder(tmp_path_factory.mktemp("sweep") / "sweep")
    with begin(recorder, ticks_per_commit=per_write) as run:
        ring = Ring(run, seed).play(range(days + 1))
    for name, rows in ring.rows.items():
        blank = dict.fromkeys(bilancio.METRICS) if name == "metrics" else {}
        assert read(out_of(recorder) / f"{name}.csv") == written([blank | row for row in rows])
    read_back = tables(recorder.folder, "r", *ring.rows)
    for rows, found in zip(ring.rows.values(), read_back, strict=True):
        assert [{k: row[k] for k in rows[i]} for i, row in enumerate(found)] == rows
        assert len(found) == len(rows)
    assert list(out_of(recorder).glob(".*")) == []


def test_the_files_have_the_document_s_fields_in_its_order(recorder: BilancioRecorder) -> None:
    with begin(recorder) as run:
        run.log_trade(0, **TRADE)
        run.log_repayment(0, **DEBT)
        run.log_inventory(0, **STOCK)
        run.log_system_state(0, **STATE)
        run.log_day_metrics(0, S_t=60, gross_settled_t=15)
        run.end_tick(0)
    for name, listed in FIELDS.items():
        first, *rows, end = (out_of(recorder) / f"{name}.csv").read_bytes().split(b"\r\n")
        assert first.decode().split(",") == re.findall(r"\w+", listed)
        assert (len(rows), end) == (1, b"")
    with (out_of(recorder) / "metrics.csv").open(newline="") as file:
        assert next(csv.reader(file)) == bilancio.METRICS
    registry = recorder.folder / "active" / "registry" / "experiments.csv"
    assert registry.read_bytes().split(b"\r\n")[0].decode().split(",") == bilancio.REGISTRY


def test_numbers_are_written_as_python_prints_them(recorder: BilancioRecorder) -> None:
    exact = ("0E-13", "0E+23", "40312.50000000000000000000001", "-1456.90")
    with begin(recorder) as run:
        for cash in exact:
            run.log_trade(0, **{**TRADE, "trader_cash_after": Decimal(cash)})
        run.log_system_state(0, **STATE)
        run.end_tick(0)
    assert [r["trader_cash_after"] for r in read(out_of(recorder) / "trades.csv")] == list(exact)
    assert read(out_of(recorder) / "trades.csv")[0]["is_passthrough"] == "True"


def test_shares_totals_and_rates_follow(recorder: BilancioRecorder) -> None:
    with begin(recorder) as run:
        run.log_inventory(0, **STOCK)
        run.log_inventory(0, **{**STOCK, "bucket": "mid", "dealer_inventory": 0, "max_capacity": 0})
        run.log_system_state(0, **STATE)
        run.log_day_metrics(0, S_t=60, gross_settled_t=15)
        run.end_tick(0)
        run.log_system_state(1, **{**STATE, "total_cash": 0})
        run.log_day_metrics(1, S_t=40, gross_settled_t=0)
        run.end_tick(1)
    stock = read(out_of(recorder) / "inventory_timeseries.csv")
    shown = [(r["capacity_pct"], r["is_at_zero"], r["dealer_share_pct"]) for r in stock]
    assert shown == [("25", "False", "25"), ("0", "True", "25")]
    state = read(out_of(recorder) / "system_state_timeseries.csv")
    told = [(r["total_face_value"], r["debt_to_money"]) for r in state]
    assert told == [("90", "0.75"), ("90", "")]  # no money, no ratio: not recorded, not zero
    (row,) = read(recorder.folder / "active" / "registry" / "experiments.csv")
    assert (row["status"], row["phi_total"], row["delta_total"]) == ("completed", "0.15", "0.85")


def test_a_strategy_follows_from_the_trades_before(recorder: BilancioRecorder) -> None:
    buy = {**TRADE, "side": "BUY", "maturity_day": 1}
    with begin(recorder) as run:
        run.log_repayment(0, **{**DEBT, "liability_id": "before"})
        run.log_trade(0, **buy)
        run.log_repayment(0, **{**DEBT, "liability_id": "bought", "maturity_day": 5})
        run.log_repayment(0, **{**DEBT, "liability_id": "matching"})
        run.log_repayment(0, **{**DEBT, "liability_id": "of another", "trader_id": "H2"})
        run.log_trade(0, **TRADE)
        run.log_repayment(0, **{**DEBT, "liability_id": "both"})
        run.log_system_state(0, **STATE)
        run.end_tick(0)
    found = {
        r["liability_id"]: (
            r["buy_count"], r["sell_count"], r["net_cash_pnl"], r["held_matching_maturity"],
            r["strategy"],
        )
        for r in read(out_of(recorder) / "repayment_events.csv")
    }  # fmt: skip
    assert found == {
        "before": ("0", "0", "0", "False", "no_trade"),
        "bought": ("1", "0", "-56.10", "False", "hold_to_maturity"),
        "matching": ("1", "0", "-56.10", "True", "hold_to_maturity"),
        "of another": ("0", "0", "0", "False", "no_trade"),
        "both": ("1", "1", "0.00", "True", "round_trip"),
    }


def test_without_detailed_logging_the_four_files_are_not_written(
    recorder: BilancioRecorder,
) -> None:
    with begin(recorder, detailed_logging=False) as run:
        assert [name for name in (*DETAILED, "metrics") if run.keeps(name)] == ["metrics"]
        run.log_trade(0, **TRADE)
        with pytest.raises(RecordingError, match=r"trades\.price must be 0 or more"):
            run.log_trade(0, **{**TRADE, "price": -1})
        run.log_day_metrics(0, S_t=60, gross_settled_t=15)
        run.log_event(0, "PhaseA")
        run.end_tick(0)
    assert sorted(p.name for p in out_of(recorder).iterdir()) == ["events.jsonl", "metrics.csv"]


def test_no_rows_means_no_file(recorder: BilancioRecorder) -> None:
    with begin(recorder) as run:
        run.log_system_state(0, **STATE)
        run.end_tick(0)
    assert [p.name for p in out_of(recorder).iterdir()] == ["system_state_timeseries.csv"]


def test_a_finished_run_opens_with_its_registry_its_balances_and_its_dealer(
    recorder: BilancioRecorder,
) -> None:
    options = {"kappa": "0.25", "mu": 1, "n_agents": 3, "maturity_days": 5, "S1": Decimal("1.50")}
    with begin(recorder, scenario={"name": "Ring", "β": ["0.25"]}, **options) as run:
        run.log_event(0, "CashMinted", "setup", to="H1", amount=Decimal("833.3333333333333333333"))
        run.log_inventory(0, **STOCK)
        run.log_system_state(0, **STATE)
        run.log_day_metrics(0, S_t=60, gross_settled_t=60)
        run.end_tick(0)
        run.log_balance(agent_id="H1", assets_cash="60.50", net_financial=-3)
        run.set_dealer_metrics({"dealer_total_pnl": Decimal("1.5"), "total_trades": 0})
    source = telemetry.open_source(recorder.folder)
    try:
        (found,) = source.ask(RunsQuery()).runs
        assert (found.run_id, found.status) == ("r", "completed")
        assert found.fields["kappa"] == Decimal("0.25")
        assert found.fields["S1"] == Decimal("1.50")
        line = source.ask(SeriesQuery("r", "capacity_pct")).lines[0]
        assert (line.agent_id, line.value.tolist()) == ("short", [25.0])
    finally:
        source.close()
    (balance,) = table(recorder.folder, "r", "balances")
    assert (balance["assets_cash"], balance["net_financial"]) == (Decimal("60.50"), -3)
    (event,) = table(recorder.folder, "r", "events")
    assert event["amount"] == Decimal("833.3333333333333333333")
    metrics = {r["metric"]: r["value"] for r in table(recorder.folder, "r", "dealer_metrics")}
    assert metrics == {"dealer_total_pnl": Decimal("1.5"), "total_trades": 0}
    scenario = recorder.folder / "active" / "runs" / "r" / "scenario.yaml"
    assert json.loads(scenario.read_text("utf-8")) == {"name": "Ring", "β": ["0.25"]}


# Days are whole


def test_a_day_becomes_visible_as_a_whole_when_it_ends(recorder: BilancioRecorder) -> None:
    run = begin(recorder)
    run.log_trade(0, **TRADE)
    run.log_system_state(0, **STATE)
    assert [p.name for p in out_of(recorder).iterdir()] == [NOTE]
    run.end_tick(0)
    run.log_trade(1, **TRADE)
    run.log_system_state(1, **STATE)
    run.finish()
    for name in ("trades", "system_state_timeseries"):
        assert [row["day"] for row in read(out_of(recorder) / f"{name}.csv")] == ["0"]


def test_a_day_larger_than_memory_is_still_whole(recorder: BilancioRecorder) -> None:
    run = begin(recorder)
    for _ in range(9_000):
        run.log_trade(0, **TRADE)
    assert not (out_of(recorder) / "trades.csv").exists()
    run.log_system_state(0, **STATE)
    run.end_tick(0)
    run.log_trade(1, **TRADE)
    run.log_system_state(1, **STATE)
    run.end_tick(1)
    run.finish()
    days = [row["day"] for row in read(out_of(recorder) / "trades.csv")]
    assert days == ["0"] * 9_000 + ["1"]


def test_a_day_without_its_system_state_stays_open(recorder: BilancioRecorder) -> None:
    with begin(recorder) as run:
        run.log_trade(0, **TRADE)
        with pytest.raises(RecordingError, match="system_state_timeseries has no row of day 0"):
            run.end_tick(0)
        run.log_system_state(0, **STATE)
        with pytest.raises(RecordingError, match="system_state_timeseries has day 0 already"):
            run.log_system_state(0, **STATE)
        run.log_inventory(0, **STOCK)
        with pytest.raises(RecordingError, match="has day 0 of bucket short already"):
            run.log_inventory(0, **STOCK)
        run.end_tick(0)
    assert len(read(out_of(recorder) / "trades.csv")) == 1


def test_an_exception_leaves_the_run_as_failed_with_its_whole_days(
    recorder: BilancioRecorder,
) -> None:
    def crash() -> None:
        with begin(recorder) as run:
            Ring(run, 1).play(range(3))
            run.log_trade(3, **TRADE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        crash()
    (row,) = read(recorder.folder / "active" / "registry" / "experiments.csv")
    assert (row["status"], row["error"]) == ("failed", "the simulation stopped after day 2")
    assert len(read(out_of(recorder) / "system_state_timeseries.csv")) == 3


def test_runs_of_both_arms_are_listed_at_once(recorder: BilancioRecorder) -> None:
    active, passive = begin(recorder), recorder.begin_run("passive", seed=7, run_id="p")
    source = telemetry.open_source(recorder.folder)
    try:
        found = {run.run_id: run.status for run in source.ask(RunsQuery()).runs}
    finally:
        source.close()
    assert found == {"r": "running", "p": "running"}
    active.finish()
    passive.finish()
