"""The columns of the files of one run, as a person reads them: labels, units, roles."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.bilancio.circumstances import CIRCUMSTANCES
from telemetry.families.bilancio.column_words import (
    CASH,
    FACE,
    SHARE,
    C,
    day,
    hidden,
    is_one,
    logged,
    number,
    own,
    run,
)
from telemetry.families.vocabulary import Columns


def bucket_and_side(columns: Columns) -> sa.ColumnElement[Any]:
    """ "short SELL": what the summary of trades is split by."""
    bucket = sa.cast(columns.column("trades", "bucket"), sa.Text)
    return bucket + " " + sa.cast(columns.column("trades", "side"), sa.Text)


def counterparty(columns: Columns) -> sa.ColumnElement[Any]:
    """Whom the trader dealt with: the dealer of the bucket, or the outside dealer."""
    dealer = sa.literal("dealer ") + sa.cast(columns.column("trades", "bucket"), sa.Text)
    return sa.case((columns.column("trades", "is_passthrough"), "outside dealer"), else_=dealer)


def logged_default(columns: Columns) -> sa.ColumnElement[Any]:
    """1 for an obligation logged as defaulted, else 0; its mean is the default rate."""
    return sa.case((columns.column("repayment_events", "outcome") == "defaulted", 1), else_=0)


TRADES = (
    day(),
    C("bucket", "bucket", role="pair", facet=True),
    C("side", "side", role="direction", facet=True),
    C("trader_id", "trader", role="agent", facet=True),
    number("unit_price", "unit price", "cash per face", role="price"),
    number("price", "price", CASH, role="amount"),
    number("face_value", "face", FACE, role="quantity"),
    C("is_passthrough", "outside dealer", "flag", role="outside", facet=True,
      help="The trade was passed through to the outside dealer."),
    C("hit_inventory_limit", "at limit", "flag", facet=True,
      help="Passed through because the dealer was at its limit."),
    C("is_liquidity_driven", "for liquidity", "flag", facet=True),
    C("reduces_margin_below_zero", "unsafe", "flag", facet=True,
      help="Takes the trader's safety margin below zero."),
    C("issuer_id", "issuer", facet=True),
    C("maturity_day", "due on day", "int"),
    C("ticket_id", "ticket"),
    number("trader_safety_margin_before", "margin before", CASH),
    number("trader_safety_margin_after", "margin after", CASH),
    number("trader_cash_before", "cash before", CASH),
    number("trader_cash_after", "cash after", CASH),
    *hidden(
        C("dealer_inventory_before", "inventory before", "int"),
        C("dealer_inventory_after", "inventory after", "int"),
        number("dealer_cash_before", "dealer cash before", CASH),
        number("dealer_cash_after", "dealer cash after", CASH),
        number("dealer_bid_before", "bid before"),
        number("dealer_ask_before", "ask before"),
        number("dealer_bid_after", "bid after"),
        number("dealer_ask_after", "ask after"),
        number("vbt_mid_before", "outside mid before"),
        number("outside_mid", "outside mid", optional=True),
        number("dealer_mid", "dealer mid", optional=True),
        C("regime", "regime", role="regime"),
        C("bucket_and_side", "bucket and side", derive=bucket_and_side,
          needs=("bucket", "side")),
        C("outside_count", "through the outside dealer", "int",
          derive=is_one("trades", "is_passthrough"), needs=("is_passthrough",)),
        C("counterparty", "with", role="counterparty", derive=counterparty,
          needs=("bucket", "is_passthrough")),
        run(),
        logged(),
    ),
    *own(),
)  # fmt: skip
REPAYMENTS = (
    day("maturity_day", "due on day"),
    C("trader_id", "debtor", role="agent", facet=True),
    number("face_value", "face", FACE, role="amount"),
    C("outcome", "outcome", role="result", facet=True),
    C("strategy", "strategy", role="reason", facet=True),
    C("buy_count", "bought", "int"),
    C("sell_count", "sold", "int"),
    number("net_cash_pnl", "cash from trading", CASH),
    C("held_matching_maturity", "held a matching claim", "flag", optional=True, visible=False),
    C("liability_id", "obligation"),
    *hidden(
        C("logged_default", "default rate", "int", unit=SHARE, derive=logged_default,
          needs=("outcome",)),
        C("regime", "regime", role="regime"),
        run(),
        logged(),
    ),
    *own(),
)  # fmt: skip
OBLIGATIONS = (
    day("due_day", "due on day"),
    C("debtor", "debtor", role="agent", facet=True),
    C("creditor", "creditor", role="counterparty", facet=True),
    number("amount", "amount", FACE, role="amount"),
    C("outcome", "outcome", role="result", facet=True),
    C("strategy", "strategy", role="reason", facet=True),
    C("debtor_traded", "debtor traded", "flag", facet=True,
      help="The debtor traded with the dealer up to the day on which this fell due."),
    C("buy_count", "bought", "int"),
    C("sell_count", "sold", "int"),
    number("net_cash_pnl", "cash from trading", CASH),
    C("settled_day", "settled on day", "int"),
    *CIRCUMSTANCES,
    C("told_by", "told by", facet=True, visible=False,
      help="repayment_events: as logged. events: settled, or fell due unpaid, or never reached."),
    C("is_default", "default", "flag", visible=False),
    C("liability_id", "obligation"),
    run(),
    C("line", "row", "int", role="key", visible=False),
)  # fmt: skip
INVENTORY = (
    day(),
    C("bucket", "bucket", role="agent", facet=True),
    C("dealer_inventory", "inventory", "int", role="quantity", unit="tickets"),
    C("max_capacity", "capacity", "int", unit="tickets"),
    number("capacity_pct", "of capacity", "%"),
    number("dealer_share_pct", "dealer's share", "%"),
    number("total_system_face", "face outstanding", FACE),
    C("is_at_zero", "empty", "flag", facet=True),
    C("hit_vbt_this_step", "routed outside", "flag", facet=True),
    C("state", "state", role="state", facet=True),
    *hidden(C("regime", "regime", role="regime"), run(), logged()),
    *own(),
)
SYSTEM = (
    day(),
    number("total_face_value", "face outstanding", FACE),
    number("face_bucket_short", "short", FACE),
    number("face_bucket_mid", "mid", FACE),
    number("face_bucket_long", "long", FACE),
    number("total_cash", "cash", CASH),
    number("debt_to_money", "debt to money"),
    *hidden(
        C("agent", "agent", role="agent"), C("regime", "regime", role="regime"), run(), logged()
    ),
    *own(),
)
HORIZON = (
    day(),
    C("dealer_inventory", "dealer's inventory", "int", unit="tickets"),
    C("max_capacity", "dealer's capacity", "int", unit="tickets"),
    C("dealer_share_pct", "dealer's share", "real", unit="%"),
    number("total_face_value", "debt outstanding", FACE),
    C("repaid_face", "repaid so far", "real", unit=FACE),
    C("due_unpaid_face", "in default so far", "real", unit=FACE),
    number("total_cash", "cash", CASH),
    number("debt_to_money", "debt to money"),
    run(),
    C("line", "row", "int", role="key", visible=False),
)
METRICS = (
    day(),
    number("S_t", "due", FACE, help="Dues of the day."),
    number("gross_settled_t", "settled", FACE),
    number("phi_t", "settled on time", SHARE, help="φ: settled per due."),
    number("delta_t", "default rate", SHARE, help="δ = 1 − φ."),
    number("M_t", "money", CASH),
    number("G_t", "liquidity gap", CASH),
    number("Mbar_t", "money needed at least", CASH),
    number("Mpeak_t", "peak of money used", CASH),
    number("alpha_t", "netting", SHARE),
    number("v_t", "velocity"),
    number("HHIplus_t", "concentration of claims"),
    C("n_debtors", "debtors", "int"),
    C("n_creditors", "creditors", "int"),
    C("notes", "notes", optional=True),
    *hidden(C("agent", "agent", role="agent"), run()),
    *own(),
)
BALANCES = (
    C("agent_id", "agent", role="agent", facet=True),
    C("is_summary", "total", "flag", facet=True, help="A row that sums up, of no single agent."),
    number("assets_cash", "cash", CASH),
    number("assets_payable", "claims", FACE),
    number("liabilities_payable", "debts", FACE),
    number("liabilities_cash", "cash issued", CASH),
    number("net_financial", "net", CASH),
    number("total_financial_assets", "assets", CASH),
    number("total_financial_liabilities", "liabilities", CASH),
    C("item_name", "item"),
    number("amount", "amount", CASH),
    *hidden(
        C("item_type", "item type", facet=True),
        C("agent_kind", "kind"),
        C("agent_name", "name"),
        number("total_inventory_value", "inventory value"),
        number("total_nonfinancial_value", "non-financial value"),
        run(),
    ),
    *own(),
)
DEBTOR_SHARES = (
    day(),
    C("agent", "debtor", role="agent", facet=True),
    number("DS_t", "share of the shortfall", SHARE),
    run(),
    *own(),
)
INTRADAY = (
    day(),
    C("step", "step", "int"),
    C("payer", "payer", role="agent", facet=True),
    C("payee", "payee", role="counterparty", facet=True),
    number("amount", "amount", CASH, role="amount"),
    number("P_prefix", "paid so far", CASH),
    run(),
    *own(),
)
AGENTS = (
    C("agent", "agent", role="agent"),
    C("kind", "kind", role="agent_kind", facet=True),
    C("cash_at_start", "cash at start", "real", unit=CASH),
    C("owed", "debts", "real", unit=FACE),
    C("claims", "claims", "real", unit=FACE),
    C("cash_per_debt", "cash per debt", "real", role="start_ratio"),
    C("start", "start", role="start_group", facet=True),
    C("first_due_day", "first due on day", "int"),
    C("traded", "traded", "flag", facet=True),
    C("buy_count", "bought", "int"),
    C("sell_count", "sold", "int"),
    C("defaulted", "defaulted", "flag", role="result", facet=True),
    C("obligations", "obligations", "int"),
    C("defaults", "defaults", "int"),
    C("defaulted_face", "in default", "real", unit=FACE),
    number("cash_at_end", "cash at end", CASH),
    number("net_at_end", "net at end", CASH),
    C("default_count", "in default", "int", derive=is_one("agents", "defaulted"),
      needs=("defaulted",), visible=False),
    run(),
)  # fmt: skip
EVENTS = (
    C("line", "#", "int", role="sequence"),
    day(),
    C("phase", "phase", facet=True, visible=False),
    C("kind", "event", role="event", facet=True),
    C("agent", "agent", role="agent", facet=True),
    C("counterparty", "with", role="counterparty", facet=True),
    number("amount", "amount", role="amount"),
    C("due_day", "due on day", "int"),
    C("reference", "reference", role="transaction"),
    C("payload", "payload", "json", role="payload", visible=False),
    C("unreadable", "unreadable", optional=True, visible=False),
    run(),
)
DEALER_METRICS = (
    C("metric", "metric", role="name"),
    C("bucket", "bucket", facet=True),
    number("value", "value", role="amount"),
    run(),
    C("line", "row", "int", role="key", visible=False),
)
