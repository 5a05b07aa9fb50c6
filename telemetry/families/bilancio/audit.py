"""The invariants of a dealer-ring run, in the order in which they are judged."""

from __future__ import annotations

from telemetry.concepts import Rule
from telemetry.families.auditing import AuditRule
from telemetry.families.bilancio import audit_cash, audit_market

_ROUNDING = "1e-9 of the larger number: what 28 digits may lose"

RULES = (
    AuditRule(
        Rule(
            "trade-cash",
            "A trade moves its price",
            "trades: trader_cash_after = trader_cash_before − price (BUY) or + price (SELL)",
            _ROUNDING,
        ),
        audit_market.trader_cash,
    ),
    AuditRule(
        Rule(
            "trade-price",
            "A price is what a unit of face costs, times the face",
            "trades: price = unit_price · face_value",
            _ROUNDING,
        ),
        audit_market.price,
    ),
    AuditRule(
        Rule(
            "dealer-trades",
            "The dealer trades what it takes on, and nothing that it passes on",
            "trades: dealer cash changes by the price and its inventory the other way; neither "
            "changes where the trade is passed through",
            _ROUNDING,
        ),
        audit_market.dealer,
    ),
    AuditRule(
        Rule(
            "inventory-shares",
            "The dealer's inventory agrees with its shares",
            "inventory_timeseries: dealer_inventory ≥ 0, capacity_pct = 100 · inventory / "
            "capacity, is_at_zero where the inventory is 0",
            _ROUNDING,
        ),
        audit_market.inventory,
    ),
    AuditRule(
        Rule(
            "face-adds-up",
            "Face values add up",
            "system_state_timeseries: short + mid + long = total_face_value",
            _ROUNDING,
        ),
        audit_cash.face,
    ),
    AuditRule(
        Rule(
            "debt-to-money",
            "Debt to money is debt over money",
            "system_state_timeseries: debt_to_money · total_cash = total_face_value",
            _ROUNDING,
        ),
        audit_cash.debt_to_money,
    ),
    AuditRule(
        Rule(
            "cash-constant",
            "No cash is made or lost",
            "system_state_timeseries: total_cash is that of the day before, until the first trade: "
            "what the outside dealer holds and is paid is not in it",
            _ROUNDING,
        ),
        audit_cash.constant,
    ),
    AuditRule(
        Rule(
            "cash-owed",
            "The cash that agents hold is what the central bank owes",
            "balances: Σ assets_cash = Σ liabilities_cash",
            _ROUNDING,
        ),
        audit_cash.owed,
    ),
    AuditRule(
        Rule(
            "net-worth",
            "What agents are worth is what they hold less what they owe",
            "balances: net_financial = total_financial_assets − total_financial_liabilities",
            _ROUNDING,
        ),
        audit_cash.net_worth,
    ),
    AuditRule(
        Rule(
            "payables-settled",
            "A debt is settled once, whole, when it is due",
            "events: each PayableSettled names a PayableCreated of the same amount, not before "
            "and only once",
            _ROUNDING,
        ),
        audit_cash.settled,
    ),
    AuditRule(
        Rule(
            "day-rates",
            "Settled and defaulted shares make one",
            "metrics: phi_t + delta_t = 1 and phi_t · S_t = what was settled on time, at most "
            "gross_settled_t",
            _ROUNDING,
        ),
        audit_cash.rates,
    ),
)
