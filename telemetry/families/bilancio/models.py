"""The tables that the files of an experiment are read as, with what each column holds."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()
WHOLE, NUMBER, FLAG, TEXT, REAL = "whole", "number", "flag", "text", "real"
"""What a column holds. NUMBER is text here: an exact decimal as Python printed it."""
_TYPES: dict[str, type[Any]] = {
    WHOLE: sa.BigInteger,
    NUMBER: sa.Text,
    FLAG: sa.Boolean,
    TEXT: sa.Text,
    REAL: sa.Double,
}
_DUCKDB = {WHOLE: "BIGINT", NUMBER: "VARCHAR", FLAG: "BOOLEAN", TEXT: "VARCHAR", REAL: "DOUBLE"}


def _table(name: str, **kinds: str) -> sa.Table:
    columns: list[sa.Column[Any]] = [
        sa.Column(column, _TYPES[kind], info={"kind": kind})
        for kind, columns in kinds.items()
        for column in columns.split()
    ]
    return sa.Table(name, METADATA, *columns)


@cache
def kinds(table: sa.Table) -> Mapping[str, str]:
    """What each declared column of `table` holds."""
    return {c.name: c.info["kind"] for c in table.c}


def duckdb_types(table: sa.Table) -> dict[str, str]:
    return {name: _DUCKDB[kind] for name, kind in kinds(table).items()}


RUNS = _table(
    "runs",
    text=(
        "run_id experiment_id title regime other_run status default_handling phase error folder "
        "scenario"
    ),
    whole="pair seed n_agents maturity_days time_to_stability files",
    number=(
        "kappa concentration mu monotonicity outside_mid_ratio face_value big_entity_share Q_total "
        "S1 L0 phi_total delta_total delta_other trading_effect trading_relief_ratio"
    ),
    flag="dealer_enabled files_missing",
)
EXPERIMENTS = _table(
    "experiments",
    text="experiment_id name kind status description created_at completed_at",
    whole="runs pairs completed_pairs pairs_improved pairs_unchanged pairs_worsened",
    real="mean_delta_passive mean_delta_active mean_trading_effect mean_relief_ratio",
)
TRADES = _table(
    "trades",
    text="run_id logged_run regime bucket side trader_id ticket_id issuer_id unreadable",
    whole="line day maturity_day dealer_inventory_before dealer_inventory_after",
    number=(
        "face_value price unit_price outside_mid dealer_mid vbt_mid_before dealer_cash_before "
        "dealer_bid_before dealer_ask_before dealer_cash_after dealer_bid_after dealer_ask_after "
        "trader_cash_before trader_cash_after trader_safety_margin_before "
        "trader_safety_margin_after"
    ),
    flag="is_passthrough hit_inventory_limit is_liquidity_driven reduces_margin_below_zero",
)
REPAYMENTS = _table(
    "repayment_events",
    text="run_id logged_run regime trader_id liability_id outcome strategy unreadable",
    whole="line maturity_day buy_count sell_count",
    number="face_value net_cash_pnl",
    flag="held_matching_maturity",
)
INVENTORY = _table(
    "inventory_timeseries",
    text="run_id logged_run regime bucket state unreadable",
    whole="line day dealer_inventory max_capacity",
    number="capacity_pct total_system_face dealer_share_pct",
    flag="is_at_zero hit_vbt_this_step",
)
SYSTEM = _table(
    "system_state_timeseries",
    text="run_id logged_run regime agent unreadable",
    whole="line day",
    number=(
        "total_face_value face_bucket_short face_bucket_mid face_bucket_long total_cash "
        "debt_to_money"
    ),
)
METRICS = _table(
    "metrics",
    text="run_id agent notes unreadable",
    whole="line day n_debtors n_creditors",
    number="S_t M_t G_t Mbar_t Mpeak_t alpha_t gross_settled_t v_t phi_t delta_t HHIplus_t",
)
BALANCES = _table(
    "balances",
    text="run_id agent_id agent_kind agent_name item_name item_type unreadable",
    whole="line",
    number=(
        "amount assets_cash assets_payable liabilities_cash liabilities_payable net_financial "
        "total_financial_assets total_financial_liabilities total_inventory_value "
        "total_nonfinancial_value"
    ),
    flag="is_summary",
)
DEBTOR_SHARES = _table(
    "debtor_shares", text="run_id agent unreadable", whole="line day", number="DS_t"
)
INTRADAY = _table(
    "intraday",
    text="run_id payer payee unreadable",
    whole="line day step",
    number="amount P_prefix",
)
EVENTS = _table(
    "events",
    text="run_id kind phase agent counterparty reference payload unreadable",
    whole="line day due_day",
    number="amount",
)
DEALER_METRICS = _table("dealer_metrics", text="run_id metric bucket", whole="line", number="value")
OBLIGATIONS = _table(
    "obligations",
    text="run_id liability_id debtor creditor outcome strategy told_by",
    whole="line due_day settled_day buy_count sell_count",
    number="amount net_cash_pnl",
    flag="is_default debtor_traded",
)
AGENTS = _table(
    "agents",
    text="run_id agent kind start",
    whole="first_due_day buy_count sell_count obligations defaults",
    real="cash_at_start owed claims cash_per_debt defaulted_face",
    number="cash_at_end net_at_end",
    flag="defaulted traded",
)
HORIZON = _table(
    "horizon",
    text="run_id",
    whole="line day dealer_inventory max_capacity",
    number="total_face_value total_cash debt_to_money",
    real="dealer_share_pct repaid_face due_unpaid_face",
)
_USAGE_COUNTS = "dealer_trade_count trader_dealer_trade_count n_traders_using_dealer"
_USAGE = (
    "total_face_traded total_cash_volume dealer_active_fraction dealer_empty_fraction "
    "vbt_usage_fraction mean_debt_to_money final_debt_to_money debt_shrink_rate "
    "frac_defaulted_that_traded frac_repaid_that_traded"
)
_PARAMETERS = "kappa concentration mu"
PAIRS = _table(
    "pairs",
    text="experiment_id passive_run_id passive_status active_run_id active_status result "
    "explanation unreadable",
    whole=f"pair seed total_trades {_USAGE_COUNTS}",
    number=(
        f"{_PARAMETERS} monotonicity face_value outside_mid_ratio big_entity_share delta_passive "
        "delta_active trading_effect trading_relief_ratio phi_passive phi_active "
        f"dealer_total_pnl dealer_total_return {_USAGE}"
    ),
)
DEALER_USAGE = _table(
    "dealer_usage",
    text="experiment_id run_id unreadable",
    whole=f"line {_USAGE_COUNTS}",
    number=(
        f"{_PARAMETERS} outside_mid_ratio delta_passive delta_active trading_effect "
        f"trading_relief_ratio {_USAGE}"
    ),
)
STRATEGY_BY_RUN = _table(
    "strategy_outcomes",
    text="experiment_id run_id strategy unreadable",
    whole="line seed count default_count",
    number=f"{_PARAMETERS} outside_mid_ratio delta_passive delta_active trading_effect face "
    "default_face default_rate",
)
STRATEGY_OVERALL = _table(
    "strategy_outcomes_overall",
    text="experiment_id strategy unreadable",
    whole="line runs_using_strategy",
    number=f"{_PARAMETERS} outside_mid_ratio total_face default_face default_rate "
    "mean_trading_effect",
)
