"""What the files of a Bilancio run accept, in the order of the document, and what follows from it.

Source: "Plan 022: Enhanced Instrumentation for Dealer Ring Experiments" (the seed).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.recording.checks import RowCheck
from telemetry.recording.rules import RefusedValue, Rule, choice, integer, shown, text

REGIMES = ("passive", "active", "control", "treatment")
BUCKETS = ("short", "mid", "long")
SIDES = ("SELL", "BUY")
OUTCOMES = ("repaid", "defaulted")
STRATEGIES = ("no_trade", "hold_to_maturity", "sell_before", "round_trip")
DETAILED = (
    "trades",
    "repayment_events",
    "inventory_timeseries",
    "system_state_timeseries",
)
"""The four files that are written only where detailed logging is on."""

_RUN = "run_id regime"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


COLUMNS: Mapping[str, tuple[str, ...]] = {
    "trades": _names(
        f"{_RUN} day bucket side trader_id ticket_id issuer_id maturity_day face_value price "
        "unit_price is_passthrough outside_mid dealer_mid dealer_inventory_before "
        "dealer_inventory_after hit_inventory_limit trader_cash_before trader_cash_after "
        "trader_safety_margin_before trader_safety_margin_after is_liquidity_driven "
        "reduces_margin_below_zero"
    ),
    "repayment_events": _names(
        f"{_RUN} trader_id liability_id maturity_day face_value outcome buy_count sell_count "
        "net_cash_pnl held_matching_maturity strategy"
    ),
    "inventory_timeseries": _names(
        f"{_RUN} day bucket dealer_inventory max_capacity capacity_pct is_at_zero "
        "hit_vbt_this_step total_system_face dealer_share_pct"
    ),
    "system_state_timeseries": _names(
        f"{_RUN} day total_face_value face_bucket_short face_bucket_mid face_bucket_long "
        "total_cash debt_to_money"
    ),
    "metrics": _names(
        "G_t HHIplus_t M_t Mbar_t Mpeak_t S_t alpha_t day delta_t gross_settled_t n_creditors "
        "n_debtors notes phi_t v_t"
    ),
    "balances": _names(
        "agent_id agent_kind agent_name amount assets_cash assets_payable item_name item_type "
        "liabilities_cash liabilities_payable net_financial total_financial_assets "
        "total_financial_liabilities total_inventory_value total_nonfinancial_value"
    ),
    "experiments": _names(
        "run_id phase seed n_agents kappa concentration mu monotonicity maturity_days Q_total S1 "
        "L0 scenario_yaml events_jsonl balances_csv metrics_csv metrics_html run_html "
        "default_handling dealer_enabled status time_to_stability phi_total delta_total "
        "error"
    ),
}
_OPTIONAL = frozenset((*COLUMNS["metrics"], *COLUMNS["balances"], *COLUMNS["experiments"]))
_OPTIONAL -= {"day", "agent_id", "run_id", "seed", "status", "S_t", "gross_settled_t"}
_OPTIONAL |= {"debt_to_money"}


def number(minimum: int | None = None) -> Rule:
    """An exact number of any precision: Decimal, whole number or text of one; a float is refused.

    A whole number stays one; all are written as Python prints them.
    """

    def check(value: object) -> object:
        if isinstance(value, bool | float) or not isinstance(value, Decimal | int | str):
            raise RefusedValue(f"must be a Decimal, not {shown(value)}")
        try:
            found = Decimal(value)
        except ArithmeticError:
            raise RefusedValue(f"must be a decimal number, not {shown(value)}") from None
        if not found.is_finite():
            raise RefusedValue(f"must be a finite number, not {found}")
        if minimum is not None and found < minimum:
            raise RefusedValue(f"must be {minimum} or more, not {found}")
        return value if type(value) is int else found

    plain = "(type({v}) is int or type({v}) is DECIMAL and {v}.is_finite())"
    if minimum is not None:
        plain += f" and {minimum} <= {{v}}"
    return Rule(check, plain, words={"DECIMAL": Decimal})


def word() -> Rule:
    """Text without line ends, so that a row stays one line."""
    any_text = text()

    def check(value: object) -> object:
        if type(value) is str and value.isascii() and value.isprintable():
            return value
        found = str(any_text(value))
        if found.splitlines() not in ([], [found]):
            raise RefusedValue(f"must be one line of text, not {shown(value)}")
        return found

    # Whatever ends a line cannot be printed.
    return Rule(check, "type({v}) is str and {v}.isascii() and {v}.isprintable()")


def yes_or_no() -> Rule:
    """A bool, written as True or False."""

    def check(value: object) -> object:
        if not isinstance(value, bool):
            raise RefusedValue(f"must be True or False, not {shown(value)}")
        return value

    return Rule(check, "type({v}) is bool")


def _each(names: str, rule: Rule) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_RULES: Mapping[str, Rule] = {
    **_each("bucket", choice(BUCKETS)),
    **_each("side", choice(SIDES)),
    **_each("outcome", choice(OUTCOMES)),
    **_each("strategy", choice(STRATEGIES)),
    **_each("status", choice(("running", "completed", "failed"))),
    **_each("day maturity_day seed time_to_stability", integer()),
    **_each("n_agents maturity_days n_creditors n_debtors buy_count sell_count", integer(0)),
    **_each("dealer_inventory dealer_inventory_before dealer_inventory_after", integer(0)),
    **_each("max_capacity", integer(0)),
    **_each("is_passthrough hit_inventory_limit is_liquidity_driven is_at_zero", yes_or_no()),
    **_each("reduces_margin_below_zero hit_vbt_this_step dealer_enabled", yes_or_no()),
    **_each("held_matching_maturity", yes_or_no()),
    **_each("face_value price unit_price outside_mid dealer_mid total_cash", number(0)),
    **_each("total_face_value face_bucket_short face_bucket_mid face_bucket_long", number(0)),
    **_each("capacity_pct total_system_face dealer_share_pct debt_to_money", number(0)),
    **_each("trader_cash_before trader_cash_after net_cash_pnl", number()),
    **_each("trader_safety_margin_before trader_safety_margin_after", number()),
    **_each("S_t gross_settled_t M_t Mbar_t Mpeak_t phi_t", number(0)),
    **_each("G_t HHIplus_t alpha_t delta_t v_t", number()),
    **_each("amount assets_cash assets_payable liabilities_cash liabilities_payable", number()),
    **_each("net_financial total_financial_assets total_financial_liabilities", number()),
    **_each("total_inventory_value total_nonfinancial_value", number()),
    **_each("kappa concentration mu monotonicity Q_total S1 L0 phi_total delta_total", number()),
}


def row_checks() -> dict[str, RowCheck]:
    """A check for every file; run, regime and day are the recorder's own."""
    checks = {}
    for name, columns in COLUMNS.items():
        table = sa.Table(
            name,
            sa.MetaData(),
            *(sa.Column(column, sa.Text, nullable=column in _OPTIONAL) for column in columns),
        )
        rules = {column: _RULES.get(column) or word() for column in columns}
        given = () if name == "experiments" else ("run_id", "regime", "day")
        checks[name] = RowCheck(table, rules, given=given)
    return checks


def classify_strategy(buy_count: int, sell_count: int, held_matching: bool) -> str:
    """How a debtor used the dealer before its debt fell due, by the logic of the document."""
    if buy_count == 0 and sell_count == 0:
        return "no_trade"
    if held_matching and sell_count == 0:
        return "hold_to_maturity"
    if buy_count > 0 and sell_count > 0:
        return "round_trip" if sell_count >= buy_count else "sell_before"
    return "sell_before" if sell_count > 0 else "hold_to_maturity"


def at_inventory_limit(side: str, inventory: int, max_capacity: int) -> bool:
    """Whether the dealer can take no more (the trader sells) or has none to give (it buys)."""
    return inventory >= max_capacity if side == "SELL" else inventory <= 0


def percentage(part: Decimal, whole: Decimal) -> Decimal:
    """0 to 100; 0 of nothing is 0, as the producer has it."""
    return 100 * part / whole if whole else Decimal(0)


def check_limit(side: object, before: object, *, passed: object, limit: object) -> None:
    """Passed through is one thing, passed through *because* of the limit another.

    Raises `RecordingError` where a trade that the dealer made itself claims the limit, or where
    the dealer had something to sell.
    """
    if limit is True and passed is False:
        raise RecordingError(
            "trades.hit_inventory_limit must be False where is_passthrough is: the dealer made "
            "the trade itself."
        )
    if limit is True and side == "BUY" and isinstance(before, int) and before > 0:
        raise RecordingError(
            "trades.hit_inventory_limit must be False for a BUY while dealer_inventory_before is "
            f"{before}: only a dealer without inventory is at its limit."
        )
