"""Experiment folders as the producer writes them: its headers, its line ends, its numbers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any


def _names(text: str) -> list[str]:
    return text.split()


TRADES = _names(
    "run_id regime day bucket side trader_id ticket_id issuer_id maturity_day face_value price "
    "unit_price is_passthrough dealer_inventory_before dealer_cash_before dealer_bid_before "
    "dealer_ask_before vbt_mid_before trader_cash_before trader_safety_margin_before "
    "dealer_inventory_after dealer_cash_after dealer_bid_after dealer_ask_after trader_cash_after "
    "trader_safety_margin_after is_liquidity_driven reduces_margin_below_zero hit_inventory_limit"
)
REPAYMENTS = _names(
    "run_id regime trader_id liability_id maturity_day face_value outcome buy_count sell_count "
    "net_cash_pnl strategy"
)
INVENTORY = _names(
    "run_id regime day bucket dealer_inventory max_capacity capacity_pct is_at_zero "
    "hit_vbt_this_step total_system_face dealer_share_pct"
)
SYSTEM = _names(
    "run_id regime day total_face_value face_bucket_short face_bucket_mid face_bucket_long "
    "total_cash debt_to_money"
)
METRICS = _names(
    "G_t HHIplus_t M_t Mbar_t Mpeak_t S_t alpha_t day delta_t gross_settled_t n_creditors "
    "n_debtors notes phi_t v_t"
)
BALANCES = _names(
    "agent_id agent_kind agent_name amount assets_cash assets_payable item_name item_type "
    "liabilities_cash liabilities_payable net_financial total_financial_assets "
    "total_financial_liabilities total_inventory_value total_nonfinancial_value"
)
REGISTRY = _names(
    "run_id phase seed n_agents kappa concentration mu monotonicity maturity_days Q_total S1 L0 "
    "scenario_yaml events_jsonl balances_csv metrics_csv metrics_html run_html default_handling "
    "dealer_enabled status time_to_stability phi_total delta_total error"
)
COMPARISON = _names(
    "kappa concentration mu monotonicity seed face_value outside_mid_ratio big_entity_share "
    "delta_passive delta_active trading_effect trading_relief_ratio phi_passive phi_active "
    "passive_run_id passive_status active_run_id active_status dealer_total_pnl "
    "dealer_total_return total_trades"
)
CONTROL_COMPARISON = _names(
    "kappa concentration mu monotonicity seed delta_control delta_treatment delta_reduction "
    "relief_ratio phi_control phi_treatment control_run_id control_status treatment_run_id "
    "treatment_status"
)
USAGE = _names(
    "run_id kappa concentration mu outside_mid_ratio delta_passive delta_active trading_effect "
    "trading_relief_ratio dealer_trade_count trader_dealer_trade_count n_traders_using_dealer "
    "total_face_traded total_cash_volume dealer_active_fraction dealer_empty_fraction "
    "vbt_usage_fraction mean_debt_to_money final_debt_to_money debt_shrink_rate "
    "frac_defaulted_that_traded frac_repaid_that_traded"
)
Row = Mapping[str, object]


def csv_text(header: Sequence[str], rows: Iterable[Row], newline: str = "\r\n") -> str:
    """A CSV file as Python's csv writes it; what a row lacks is blank."""
    lines = [",".join(header)]
    lines += [",".join("" if r.get(n) is None else str(r[n]) for n in header) for r in rows]
    return newline.join(lines) + newline


def put(path: Path, text: str, encoding: str = "utf-8") -> Path:
    """Write `text` byte for byte, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def put_csv(path: Path, header: Sequence[str], rows: Iterable[Row], newline: str = "\r\n") -> Path:
    return put(path, csv_text(header, rows, newline))


def trade(run_id: str, day: int, side: str, trader: str, **more: object) -> dict[str, object]:
    """A trade of 66 face at 0.85 through the outside dealer, unless told otherwise."""
    usual: dict[str, object] = dict.fromkeys(TRADES, "0")
    usual |= {
        "run_id": run_id, "regime": "active", "day": day, "bucket": "mid", "side": side,
        "trader_id": trader, "ticket_id": "TKT_1", "issuer_id": "H3", "maturity_day": 8,
        "face_value": "66", "price": "56.10", "unit_price": "0.85", "is_passthrough": True,
        "dealer_cash_before": "0E-13", "dealer_cash_after": "0E-13", "vbt_mid_before": "1.0",
        "trader_safety_margin_before": "-1456.90", "trader_safety_margin_after": "-1456.90",
        "is_liquidity_driven": False, "reduces_margin_below_zero": False,
        "hit_inventory_limit": False,
    }  # fmt: skip
    return usual | more


def stock(run_id: str, day: int, bucket: str, held: int, most: int = 4, **more: object) -> Row:
    """The dealer's inventory of a bucket on a day."""
    return {
        "run_id": run_id, "regime": "active", "day": day, "bucket": bucket,
        "dealer_inventory": held, "max_capacity": most, "capacity_pct": 100 * held / most,
        "is_at_zero": held == 0, "hit_vbt_this_step": False, "total_system_face": "80",
        "dealer_share_pct": "25",
    } | more  # fmt: skip


def state(run_id: str, day: int, face: object, cash: object, ratio: object) -> Row:
    return {
        "run_id": run_id, "regime": "active", "day": day, "total_face_value": face,
        "face_bucket_short": face, "face_bucket_mid": 0, "face_bucket_long": 0,
        "total_cash": cash, "debt_to_money": ratio,
    }  # fmt: skip


def event(kind: str, day: int, phase: str = "simulation", **more: object) -> dict[str, object]:
    return {"kind": kind, "day": day, "phase": phase} | more


EVENTS: tuple[dict[str, Any], ...] = (
    event("CashMinted", 0, "setup", to="H1", amount=100, instr_id="C_1", alias="LIQ_H1"),
    event("CashMinted", 0, "setup", to="H2", amount=20, instr_id="C_2", alias="LIQ_H2"),
    event("PayableCreated", 0, "setup", debtor="H1", creditor="H2", amount=60, due_day=1,
          payable_id="PAY_1", alias="P_H1_H2"),
    event("PayableCreated", 0, "setup", debtor="H2", creditor="H3", amount=90, due_day=2,
          payable_id="PAY_2", alias="P_H2_H3"),
    event("PayableCreated", 0, "setup", debtor="H3", creditor="H1", amount=0, due_day=7,
          payable_id="PAY_3", alias="P_H3_H1"),
    event("PhaseA", 0),
    event("dealer_trade", 0, trader="H2", side="sell", ticket_id="TKT_1", bucket="mid",
          price=56.1, unit_price=0.85, face=66.0, is_passthrough=True, is_liquidity_driven=False),
    event("PhaseA", 1),
    event("CashTransferred", 1, frm="H1", to="H2", amount=60, instr_id="C_3"),
    event("PayableSettled", 1, pid="PAY_1", contract_id="PAY_1", alias="P_H1_H2", debtor="H1",
          creditor="H2", amount=60),
    event("PhaseC", 1),
    event("PhaseA", 2),
    event("SubphaseB2", 2),
)  # fmt: skip
"""H1 pays H2 on day 1; H2, who sold a claim on day 0, does not pay H3 on day 2; the run ends."""


def put_events(path: Path, events: Iterable[Row] = EVENTS, newline: str = "\n") -> Path:
    return put(path, "".join(json.dumps(e) + newline for e in events))


def write_run(folder: Path, *, active: bool = True, newline: str = "\r\n") -> Path:
    """A run folder of three days; the four logs only where the dealer was active."""
    run_id, out = folder.name, folder / "out"
    put(folder / "scenario.yaml", "version: 1\nname: Small ring\nagents:\n- id: H1\n")
    put_events(out / "events.jsonl")
    put_csv(out / "metrics.csv", METRICS, (
        {"day": 1, "S_t": 60, "gross_settled_t": 60, "phi_t": 1, "delta_t": 0, "M_t": "120.0"},
        {"day": 2, "S_t": 90, "gross_settled_t": 0, "phi_t": 0, "delta_t": 1, "M_t": "120.0"},
    ), newline)  # fmt: skip
    put_csv(out / "balances.csv", BALANCES, (
        {"agent_id": "H1", "assets_cash": "40.0", "net_financial": "40.0"},
        {"agent_id": "H2", "assets_cash": "136.10", "net_financial": "46.10"},
        {"agent_id": "SYSTEM", "assets_cash": "176.10", "net_financial": 0},
        {"agent_id": "SYSTEM", "agent_kind": "system", "agent_name": "System Total",
         "amount": "176.10", "item_name": "Total Assets", "item_type": "summary"},
    ), newline)  # fmt: skip
    put_csv(out / "metrics_ds.csv", ("DS_t", "agent", "day"), (
        {"DS_t": 1, "agent": "H1", "day": 1}, {"DS_t": 1, "agent": "H2", "day": 2},
    ), newline)  # fmt: skip
    put(out / "metrics_intraday.csv", f"day{newline}")
    if active:
        _write_logs(out, run_id, newline)
    return folder


def _write_logs(out: Path, run_id: str, newline: str) -> None:
    put_csv(out / "trades.csv", TRADES, (
        trade(run_id, 0, "SELL", "H2"),
        trade(run_id, 0, "BUY", "H1", price="75.90", unit_price="1.15", is_passthrough=False,
              trader_cash_after="40312.50000000000000000000001"),
        trade(run_id, 1, "BUY", "H3", bucket="long", face_value="0E+2", price="0E-13",
              unit_price="1.2", hit_inventory_limit=True),
    ), newline)  # fmt: skip
    put_csv(out / "repayment_events.csv", REPAYMENTS, (
        {"run_id": run_id, "regime": "active", "trader_id": "H1", "liability_id": "PAY_1",
         "maturity_day": 1, "face_value": 60, "outcome": "repaid", "buy_count": 1,
         "sell_count": 0, "net_cash_pnl": "-75.90", "strategy": "hold_to_maturity"},
    ), newline)  # fmt: skip
    put_csv(out / "inventory_timeseries.csv", INVENTORY, (
        stock(run_id, 0, "short", 0), stock(run_id, 0, "long", 1),
        stock(run_id, 1, "short", 4), stock(run_id, 1, "long", 1, hit_vbt_this_step=True),
        stock(run_id, 2, "short", 4), stock(run_id, 2, "long", 0),
    ), newline)  # fmt: skip
    put_csv(out / "system_state_timeseries.csv", SYSTEM, (
        state(run_id, 0, 160, "120.00000000000029999999999", "1.333333333333333333333333333"),
        state(run_id, 1, 90, 120, "0.75"),
        state(run_id, 2, 0, "120", "0E+23"),
    ), newline)  # fmt: skip
    put(out / "dealer_metrics.json", json.dumps(
        {"dealer_total_pnl": 1.5, "dealer_pnl_by_bucket": {"short": 0.0, "long": 1.5},
         "total_trades": 3, "mean_margin_at_default": None}, indent=2,
    ))  # fmt: skip


def pair_row(number: int, passive: object, active: object, **more: object) -> dict[str, object]:
    """A row of comparison.csv; blank deltas make a pair that failed."""
    failed = passive is None or active is None
    effect = None if failed else more.get("trading_effect", "0E-28")
    return {
        "kappa": "0.25", "concentration": "0.2", "mu": "0.5", "monotonicity": 0,
        "seed": 41 + number, "face_value": 20, "outside_mid_ratio": "0.75",
        "big_entity_share": "0.25", "delta_passive": passive, "delta_active": active,
        "trading_relief_ratio": None if failed else 0,
        "passive_run_id": f"passive_{number}", "passive_status": "completed",
        "active_run_id": f"active_{number}", "active_status": "failed" if failed else "completed",
        "dealer_total_pnl": "0.0", "dealer_total_return": "0.0", "total_trades": 3,
    } | more | {"trading_effect": effect}  # fmt: skip


def registry_row(run_id: str, number: int, **more: object) -> dict[str, object]:
    return {
        "run_id": run_id, "phase": "balanced", "seed": 41 + number, "n_agents": 3, "kappa": "0.25",
        "concentration": "0.2", "mu": "0.5", "monotonicity": 0, "maturity_days": 10,
        "Q_total": 10000, "S1": "15000.01796328173601348000250", "L0": "52499.99999999999999999999",
        "default_handling": "fail-fast", "dealer_enabled": run_id.startswith("active"),
        "status": "completed", "time_to_stability": 2, "phi_total": "0.4", "delta_total": "0.6",
    } | more  # fmt: skip


def write_experiment(
    folder: Path,
    *,
    arms: tuple[str, str] = ("passive", "active"),
    registry: bool = True,
    comparison: bool = True,
    pairs: int = 2,
) -> Path:
    """Pairs of runs in two arms, with their registries and comparison as asked."""
    for number in range(1, pairs + 1):
        for arm, active in zip(arms, (False, True), strict=True):
            write_run(folder / arm / "runs" / f"{arm}_{number}", active=active)
    if registry:
        for arm in arms:
            rows = (registry_row(f"{arm}_{n}", n) for n in range(1, pairs + 1))
            put_csv(folder / arm / "registry" / "experiments.csv", REGISTRY, rows)
    if comparison:
        rows = (pair_row(n, "0.6", "0.6") for n in range(1, pairs + 1))
        put_csv(folder / "aggregate" / "comparison.csv", COMPARISON, rows)
    return folder
