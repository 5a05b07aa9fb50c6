"""The values that a row of each file takes, as types for editors and type checkers.

An `Exact` is a Decimal, a whole number or the text of a number; a float is refused.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NotRequired, TypedDict

Exact = Decimal | int | str


class RunParameters(TypedDict, total=False):
    """What a registry tells of a run before it starts."""

    phase: str
    n_agents: int
    kappa: Exact
    concentration: Exact
    mu: Exact
    monotonicity: Exact
    maturity_days: int
    Q_total: Exact
    S1: Exact
    L0: Exact
    default_handling: str
    dealer_enabled: bool


class TradeRow(TypedDict):
    """A trade; `is_passthrough`: the outside dealer made it, `hit_inventory_limit`: because the
    dealer was full (SELL) or empty (BUY)."""

    bucket: str
    side: str
    trader_id: str
    ticket_id: str
    issuer_id: str
    maturity_day: int
    face_value: Exact
    price: Exact
    unit_price: Exact
    is_passthrough: bool
    outside_mid: Exact
    dealer_mid: Exact
    dealer_inventory_before: int
    dealer_inventory_after: int
    hit_inventory_limit: bool
    trader_cash_before: Exact
    trader_cash_after: Exact
    trader_safety_margin_before: Exact
    trader_safety_margin_after: Exact
    is_liquidity_driven: bool
    reduces_margin_below_zero: bool


class InventoryRow(TypedDict):
    """The dealer's stock of a bucket; `dealer_face` is what the dealers hold of
    `total_system_face`. Percentages follow from these."""

    bucket: str
    dealer_inventory: int
    max_capacity: int
    hit_vbt_this_step: bool
    total_system_face: Exact
    dealer_face: Exact


class SystemStateRow(TypedDict):
    """Face outstanding by bucket, and all cash; total and ratio follow from these."""

    face_bucket_short: Exact
    face_bucket_mid: Exact
    face_bucket_long: Exact
    total_cash: Exact


class RepaymentRow(TypedDict):
    """What became of a debt; the debtor's trades until then, and its strategy, follow."""

    trader_id: str
    liability_id: str
    maturity_day: int
    face_value: Exact
    outcome: str
    held_matching_maturity: NotRequired[bool]


class DayMetricsRow(TypedDict):
    """Dues of a day and what was settled of them; φ and δ follow."""

    S_t: Exact
    gross_settled_t: Exact
    M_t: NotRequired[Exact]
    G_t: NotRequired[Exact]
    Mbar_t: NotRequired[Exact]
    Mpeak_t: NotRequired[Exact]
    alpha_t: NotRequired[Exact]
    v_t: NotRequired[Exact]
    HHIplus_t: NotRequired[Exact]
    n_debtors: NotRequired[int]
    n_creditors: NotRequired[int]
    notes: NotRequired[str]


class BalanceRow(TypedDict):
    """What one agent, or the whole system, is left with."""

    agent_id: str
    agent_kind: NotRequired[str]
    agent_name: NotRequired[str]
    amount: NotRequired[Exact]
    assets_cash: NotRequired[Exact]
    assets_payable: NotRequired[Exact]
    item_name: NotRequired[str]
    item_type: NotRequired[str]
    liabilities_cash: NotRequired[Exact]
    liabilities_payable: NotRequired[Exact]
    net_financial: NotRequired[Exact]
    total_financial_assets: NotRequired[Exact]
    total_financial_liabilities: NotRequired[Exact]
    total_inventory_value: NotRequired[Exact]
    total_nonfinancial_value: NotRequired[Exact]
