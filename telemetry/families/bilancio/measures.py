"""What can be plotted: the dealer's inventory by bucket, the system by day, debtors by day."""

from __future__ import annotations

from telemetry.concepts import FlowLeg
from telemetry.families.vocabulary import FlowSpec, LaneSpec, MeasureSpec

_INVENTORY, _SYSTEM = "Dealer by bucket", "Debt and money"
_DAYS, _DEBTORS = "Days", "Debtors"


def _bucket(
    name: str, label: str, unit: str, *, default: bool = False, against: str = ""
) -> MeasureSpec:
    return MeasureSpec(
        name, label, unit, _INVENTORY, "inventory_timeseries", name, agent="bucket", tick="day",
        default=default, against=against,
    )  # fmt: skip


def _system(name: str, label: str, unit: str, *, default: bool = False) -> MeasureSpec:
    return MeasureSpec(
        name, label, unit, _SYSTEM, "system_state_timeseries", name, agent="agent", tick="day",
        default=default,
    )  # fmt: skip


def _of_day(column: str, label: str, unit: str, name: str | None = None) -> MeasureSpec:
    return MeasureSpec(
        name or column, label, unit, _DAYS, "metrics", column, agent="agent", tick="day",
        default=column in ("S_t", "delta_t"),
    )  # fmt: skip


MEASURES = (
    _bucket("dealer_inventory", "Inventory", "tickets", default=True, against="total_face_value"),
    _bucket("capacity_pct", "Capacity used", "%", default=True),
    _bucket("max_capacity", "Capacity", "tickets"),
    _bucket("dealer_share_pct", "Dealer's share", "%"),
    _bucket("total_system_face", "Face outstanding in the bucket", "face value"),
    _system("debt_to_money", "Debt to money", "ratio", default=True),
    _system("total_face_value", "Face outstanding", "face value", default=True),
    _system("total_cash", "Cash", "cash"),
    _system("face_bucket_short", "Face outstanding, short", "face value"),
    _system("face_bucket_mid", "Face outstanding, mid", "face value"),
    _system("face_bucket_long", "Face outstanding, long", "face value"),
    _of_day("S_t", "Due", "face value", "due"),
    _of_day("gross_settled_t", "Settled", "face value", "settled"),
    _of_day("phi_t", "Settled on time", "share", "settled_on_time"),
    _of_day("delta_t", "Default rate", "share", "default_rate"),
    _of_day("M_t", "Money", "cash", "money"),
    _of_day("G_t", "Liquidity gap", "cash", "liquidity_gap"),
    _of_day("Mbar_t", "Money needed at least", "cash", "money_needed"),
    _of_day("Mpeak_t", "Peak of money used", "cash", "money_peak"),
    _of_day("alpha_t", "Netting", "share", "netting"),
    _of_day("v_t", "Velocity", "per day", "velocity"),
    _of_day("HHIplus_t", "Concentration of claims", "index", "concentration_of_claims"),
    _of_day("n_debtors", "Debtors", "agents", "debtors"),
    _of_day("n_creditors", "Creditors", "agents", "creditors"),
    MeasureSpec(
        "shortfall_share", "Share of the shortfall", "share", _DEBTORS, "debtor_shares", "DS_t",
        agent="agent", tick="day",
    ),
)  # fmt: skip
LANES = (LaneSpec("dealer", "Dealer", ("inventory_timeseries", "state"), by="bucket"),)
_TRADER, _DEALER = "trader_id", "counterparty"
_SELLS, _BUYS = (("side", "SELL"),), (("side", "BUY"),)


def _traded(amount: str, *, for_it: bool) -> tuple[FlowLeg, ...]:
    """What moves in trades: claims from whoever sells, and `for_it` cash from whoever buys."""
    to_dealer, to_trader = (_BUYS, _SELLS) if for_it else (_SELLS, _BUYS)
    return (FlowLeg(_TRADER, _DEALER, amount, to_dealer),
            FlowLeg(_DEALER, _TRADER, amount, to_trader))  # fmt: skip


FLOWS = (
    FlowSpec("claims", "Claims (face value)", "face value", "trades",
             _traded("face_value", for_it=False)),
    FlowSpec("cash", "Cash for claims", "cash", "trades", _traded("price", for_it=True),
             money=True, stock="total_cash"),
    FlowSpec("repayments", "Debts repaid", "cash", "obligations",
             (FlowLeg("debtor", "creditor", "amount", (("settled_day", "!null"),)),),
             tick="settled_day", money=True, stock="total_cash"),
    FlowSpec("intraday", "Payments within days", "cash", "intraday",
             (FlowLeg("payer", "payee", "amount"),), money=True, stock="total_cash"),
)  # fmt: skip
