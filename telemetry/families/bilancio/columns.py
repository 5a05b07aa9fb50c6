"""The columns of every table as a person reads them: labels, units, roles, derived ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from telemetry.families.bilancio.circumstances import CIRCUMSTANCES
from telemetry.families.vocabulary import Columns, ColumnSpec, Doubt

C = ColumnSpec
CASH = "cash"
FACE = "face value"
SHARE = "share"


def number(name: str, label: str, unit: str | None = None, **more: Any) -> ColumnSpec:
    """An exact decimal, stored as the text that Python printed."""
    return C(name, label, "real", unit=unit, decimal_text=True, **more)


def hidden(*columns: ColumnSpec) -> tuple[ColumnSpec, ...]:
    return tuple(replace(c, visible=False) for c in columns)


def _run(label: str = "run") -> ColumnSpec:
    return C("run_id", label, role="run", visible=False)


def _own() -> tuple[ColumnSpec, ...]:
    """What every table of a CSV file ends with."""
    return (
        C("line", "row", "int", role="key", visible=False, help="The row's number in its file."),
        C("unreadable", "unreadable", optional=True, visible=False,
          help="What could not be read in this row, as it is written there."),
    )  # fmt: skip


def _logged() -> ColumnSpec:
    return C("logged_run", "run as logged", visible=False, help="run_id in the file itself.")


def _day(name: str = "day", label: str = "day") -> ColumnSpec:
    return C(name, label, "int", role="tick")


def bucket_and_side(columns: Columns) -> sa.ColumnElement[Any]:
    """ "short SELL": what the summary of trades is split by."""
    bucket = sa.cast(columns.column("trades", "bucket"), sa.Text)
    return bucket + " " + sa.cast(columns.column("trades", "side"), sa.Text)


def logged_default(columns: Columns) -> sa.ColumnElement[Any]:
    """1 for an obligation logged as defaulted, else 0; its mean is the default rate."""
    return sa.case((columns.column("repayment_events", "outcome") == "defaulted", 1), else_=0)


def _is_one(table: str, name: str) -> Any:
    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        return sa.cast(columns.column(table, name), sa.Integer)

    return derive


PARAMETERS = (
    number("kappa", "κ", role="parameter", facet=True, help="Liquidity: initial cash per debt."),
    number("concentration", "c", role="parameter", facet=True,
           help="Dirichlet concentration of debts; small: unequal."),
    number("mu", "μ", role="parameter", facet=True, help="How late debts fall due, 0 to 1."),
)  # fmt: skip
OUTSIDE = number("outside_mid_ratio", "ρ", role="parameter", facet=True,
                 help="Outside dealer's mid price per unit of face.")  # fmt: skip
DELTAS = (
    number("delta_passive", "default rate passive", SHARE, role="baseline"),
    number("delta_active", "default rate active", SHARE, role="treated"),
    number("trading_effect", "effect", SHARE, role="effect", help="δ passive − δ active."),
)
RUNS = (
    C("run_id", "run", role="run"),
    C("title", "what", role="name"),
    C("regime", "regime", role="regime", facet=True),
    C("status", "status", role="status", facet=True),
    C("pair", "pair", "int", role="pair_number"),
    C("other_run", "pair's other run", role="run_link"),
    C("seed", "seed", "int", role="seed"),
    *PARAMETERS,
    OUTSIDE,
    number("monotonicity", "monotonicity"),
    number("delta_total", "default rate", SHARE),
    number("delta_other", "other's default rate", SHARE),
    number("trading_effect", "effect", SHARE, help="δ passive − δ active."),
    number("trading_relief_ratio", "relief", SHARE),
    number("phi_total", "settled on time", SHARE),
    C("n_agents", "agents", "int"),
    C("default_handling", "on default", facet=True),
    C("error", "error"),
    C("files_missing", "without files", "flag", facet=True,
      help="Known from the registry alone; its folder is not here."),
    C("files", "files", "int", visible=False, help="Files in its out/ folder."),
    C("replayable", "replayable", "flag", role="replayable", visible=False,
      derive=lambda c: sa.func.coalesce(c.column("runs", "files"), 0) > 0, needs=("files",),
      help="Has files in its out/ folder."),
    *hidden(
        number("face_value", "ticket size"),
        number("big_entity_share", "big entities' share"),
        number("Q_total", "Q"),
        number("S1", "total dues"),
        number("L0", "initial cash", CASH),
        C("maturity_days", "horizon", "int", unit="days"),
        C("time_to_stability", "days until stable", "int"),
        C("dealer_enabled", "dealer", "flag"),
        C("phase", "phase"),
        C("experiment_id", "experiment", role="experiment"),
        C("folder", "folder"),
    ),
)  # fmt: skip
EXPERIMENTS = (
    C("experiment_id", "experiment", role="experiment"),
    C("name", "name", role="name"),
    C("kind", "arms", role="kind"),
    C("status", "status", role="status", facet=True),
    C("runs", "runs", "int"),
    C("pairs", "pairs", "int"),
    C("completed_pairs", "compared", "int"),
    C("pairs_improved", "fewer defaults", "int"),
    C("pairs_unchanged", "no difference", "int"),
    C("pairs_worsened", "more defaults", "int"),
    C("mean_delta_passive", "mean default rate passive", "real", unit=SHARE),
    C("mean_delta_active", "mean default rate active", "real", unit=SHARE),
    C("mean_trading_effect", "mean effect", "real", unit=SHARE),
    C("mean_relief_ratio", "mean relief", "real", unit=SHARE),
    C("description", "description", optional=True),
    C("created_at", "created", "time", role="start", optional=True),
    C("completed_at", "completed", "time", role="end", optional=True),
)
USAGE = (
    C("dealer_trade_count", "trades", "int"),
    C("trader_dealer_trade_count", "trades of households", "int"),
    C("n_traders_using_dealer", "traders", "int"),
    number("total_face_traded", "face traded", FACE),
    number("total_cash_volume", "cash volume", CASH),
    number("dealer_active_fraction", "days with inventory", SHARE),
    number("dealer_empty_fraction", "days empty", SHARE),
    number("vbt_usage_fraction", "days routed outside", SHARE),
    number("mean_debt_to_money", "mean debt to money"),
    number("final_debt_to_money", "final debt to money"),
    number("debt_shrink_rate", "debt shrunk by", SHARE),
    number("frac_defaulted_that_traded", "defaulted face of traders", SHARE,
           help="Share of the face in default whose debtor had traded with the dealer."),
    number("frac_repaid_that_traded", "repaid face of traders", SHARE),
)  # fmt: skip
PAIRS = (
    C("pair", "pair", "int", role="pair_number"),
    *PARAMETERS,
    OUTSIDE,
    C("seed", "seed", "int", role="seed"),
    *DELTAS,
    C("result", "result", role="result", facet=True),
    C(
        "explanation",
        "why no difference",
        role="reason",
        facet=True,
        help="Where defaulters were not logged, the run's defaults tell whether they had traded.",
    ),
    C("total_trades", "trades", "int"),
    C("passive_run_id", "passive run", role="baseline_run"),
    C("active_run_id", "active run", role="treated_run"),
    number("trading_relief_ratio", "relief", SHARE),
    *hidden(
        C("passive_status", "passive status", facet=True),
        C("active_status", "active status", facet=True),
        number("phi_passive", "settled on time passive", SHARE),
        number("phi_active", "settled on time active", SHARE),
        number("monotonicity", "monotonicity", facet=True),
        number("face_value", "ticket size"),
        number("big_entity_share", "big entities' share"),
        number("dealer_total_pnl", "dealer's profit", CASH),
        number("dealer_total_return", "dealer's return"),
        *USAGE,
        C("experiment_id", "experiment", role="experiment"),
        C("unreadable", "unreadable", optional=True),
    ),
)
TRADES = (
    _day(),
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
          derive=_is_one("trades", "is_passthrough"), needs=("is_passthrough",)),
        _run(),
        _logged(),
    ),
    *_own(),
)  # fmt: skip
REPAYMENTS = (
    _day("maturity_day", "due on day"),
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
        _run(),
        _logged(),
    ),
    *_own(),
)  # fmt: skip
OBLIGATIONS = (
    _day("due_day", "due on day"),
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
    _run(),
    C("line", "row", "int", role="key", visible=False),
)  # fmt: skip
INVENTORY = (
    _day(),
    C("bucket", "bucket", role="agent", facet=True),
    C("dealer_inventory", "inventory", "int", role="quantity", unit="tickets"),
    C("max_capacity", "capacity", "int", unit="tickets"),
    number("capacity_pct", "of capacity", "%"),
    number("dealer_share_pct", "dealer's share", "%"),
    number("total_system_face", "face outstanding", FACE),
    C("is_at_zero", "empty", "flag", facet=True),
    C("hit_vbt_this_step", "routed outside", "flag", facet=True),
    C("state", "state", role="state", facet=True),
    *hidden(C("regime", "regime", role="regime"), _run(), _logged()),
    *_own(),
)
SYSTEM = (
    _day(),
    number("total_face_value", "face outstanding", FACE),
    number("face_bucket_short", "short", FACE),
    number("face_bucket_mid", "mid", FACE),
    number("face_bucket_long", "long", FACE),
    number("total_cash", "cash", CASH),
    number("debt_to_money", "debt to money"),
    *hidden(
        C("agent", "agent", role="agent"), C("regime", "regime", role="regime"), _run(), _logged()
    ),
    *_own(),
)
HORIZON = (
    _day(),
    C("dealer_inventory", "dealer's inventory", "int", unit="tickets"),
    C("max_capacity", "dealer's capacity", "int", unit="tickets"),
    C("dealer_share_pct", "dealer's share", "real", unit="%"),
    number("total_face_value", "debt outstanding", FACE),
    C("repaid_face", "repaid so far", "real", unit=FACE),
    C("due_unpaid_face", "in default so far", "real", unit=FACE),
    number("total_cash", "cash", CASH),
    number("debt_to_money", "debt to money"),
    _run(),
    C("line", "row", "int", role="key", visible=False),
)
METRICS = (
    _day(),
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
    *hidden(C("agent", "agent", role="agent"), _run()),
    *_own(),
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
        _run(),
    ),
    *_own(),
)
DEBTOR_SHARES = (
    _day(),
    C("agent", "debtor", role="agent", facet=True),
    number("DS_t", "share of the shortfall", SHARE),
    _run(),
    *_own(),
)
INTRADAY = (
    _day(),
    C("step", "step", "int"),
    C("payer", "payer", role="agent", facet=True),
    C("payee", "payee", role="counterparty", facet=True),
    number("amount", "amount", CASH, role="amount"),
    number("P_prefix", "paid so far", CASH),
    _run(),
    *_own(),
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
    C("default_count", "in default", "int", derive=_is_one("agents", "defaulted"),
      needs=("defaulted",), visible=False),
    _run(),
)  # fmt: skip
EVENTS = (
    C("line", "#", "int", role="sequence"),
    _day(),
    C("phase", "phase", facet=True, visible=False),
    C("kind", "event", role="event", facet=True),
    C("agent", "agent", role="agent", facet=True),
    C("counterparty", "with", role="counterparty", facet=True),
    number("amount", "amount", role="amount"),
    C("due_day", "due on day", "int"),
    C("reference", "reference", role="transaction"),
    C("payload", "payload", "json", role="payload", visible=False),
    C("unreadable", "unreadable", optional=True, visible=False),
    _run(),
)
DEALER_METRICS = (
    C("metric", "metric", role="name"),
    C("bucket", "bucket", facet=True),
    number("value", "value", role="amount"),
    _run(),
    C("line", "row", "int", role="key", visible=False),
)
_EXPERIMENT = C("experiment_id", "experiment", role="experiment", visible=False)
DEALER_USAGE = (
    C("run_id", "active run", role="treated_run"),
    *PARAMETERS,
    OUTSIDE,
    *DELTAS,
    *USAGE,
    number("trading_relief_ratio", "relief", SHARE, visible=False),
    _EXPERIMENT,
    *_own(),
)
_ONLY_REPAID = Doubt(
    "pairs",
    "delta_active",
    "Every rate is 0 because only repaid obligations were logged: Pairs shows defaults in {n} of "
    "the active runs.",
)
STRATEGY_BY_RUN = (
    C("run_id", "active run", role="treated_run"),
    C("strategy", "strategy", role="reason", facet=True),
    C("count", "obligations", "int"),
    number("face", "face", FACE),
    C("default_count", "defaults", "int"),
    number("default_face", "face in default", FACE),
    number("default_rate", "default rate", SHARE, weight="face", doubt=_ONLY_REPAID),
    *PARAMETERS,
    OUTSIDE,
    *DELTAS,
    C("seed", "seed", "int", role="seed", visible=False),
    _EXPERIMENT,
    *_own(),
)
STRATEGY_OVERALL = (
    C("strategy", "strategy", role="reason", facet=True),
    *PARAMETERS,
    OUTSIDE,
    C("runs_using_strategy", "runs", "int"),
    number("total_face", "face", FACE),
    number("default_face", "face in default", FACE),
    number("default_rate", "default rate", SHARE, weight="total_face", doubt=_ONLY_REPAID),
    number("mean_trading_effect", "mean effect", SHARE, weight="runs_using_strategy"),
    _EXPERIMENT,
    *_own(),
)
