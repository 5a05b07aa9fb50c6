"""The invariants of a payment run, in the order in which they are judged."""

from __future__ import annotations

from telemetry.concepts import Rule
from telemetry.families.auditing import AuditRule
from telemetry.families.simcash import audit_balances, audit_costs, audit_payments

RULES = (
    AuditRule(
        Rule(
            "balance-steps",
            "Balances change by their changes",
            "tick_agent_states: balance − the balance one tick before = balance_change",
        ),
        audit_balances.steps,
    ),
    AuditRule(
        Rule(
            "money-conserved",
            "Payments neither make nor lose money",
            "balance_change of all agents together is what they returned at the tick "
            "(LiquidityReturn), negative; the first tick, which holds the openings, is left out",
        ),
        audit_balances.conserved,
    ),
    AuditRule(
        Rule(
            "payments-explain",
            "Settlements explain each change of a balance",
            "balance_change = received − sent (RtgsImmediateSettlement, Queue2LiquidityRelease) "
            "− returned (LiquidityReturn); ticks with netting and the first one are left out",
        ),
        audit_balances.explained,
    ),
    AuditRule(
        Rule(
            "settlement-balance",
            "A settlement takes its amount from the sender",
            "RtgsImmediateSettlement: sender_balance_before − amount = sender_balance_after",
        ),
        audit_payments.sender_pays,
    ),
    AuditRule(
        Rule(
            "settled-amounts",
            "What is settled is settled whole, after it arrived",
            "transactions: settled ones have amount_settled = amount and settlement_tick ≥ "
            "arrival_tick, others neither a settlement_tick nor the whole amount settled",
        ),
        audit_payments.settled_whole,
    ),
    AuditRule(
        Rule(
            "settlements-agree",
            "Settlement events agree with their transactions",
            "the event's amount and tick are the transaction's amount and settlement_tick",
        ),
        audit_payments.events_agree,
    ),
    AuditRule(
        Rule(
            "cost-parts",
            "A cost is at least the sum of its parts",
            "CostAccrual: total − (liquidity + delay + collateral + penalty + split friction), "
            "which is shown as other, is ≥ 0",
        ),
        audit_costs.parts,
    ),
    AuditRule(
        Rule(
            "cost-deltas",
            "Cost changes are what was charged",
            "tick_agent_states: each cost delta is the sum of that part in the tick's CostAccrual "
            "events of the agent",
        ),
        audit_costs.deltas,
    ),
    AuditRule(
        Rule(
            "costs-accumulate",
            "Costs of a day add up",
            "tick_agent_states: each cost so far − that one tick before, in one day, = its delta",
        ),
        audit_costs.accumulate,
    ),
    AuditRule(
        Rule(
            "day-costs",
            "A day's cost is at least the sum of its parts",
            "daily_agent_metrics: total_cost − the five costs ≥ 0 (the rest is other)",
        ),
        audit_costs.day_parts,
    ),
    AuditRule(
        Rule(
            "day-balances",
            "A day ends where its last tick does, and begins where the day before ended",
            "closing_balance = balance at the day's last tick; opening_balance = closing_balance "
            "of the day before",
        ),
        audit_balances.days,
    ),
    AuditRule(
        Rule(
            "day-extremes",
            "A day's extremes hold its balances",
            "min_balance ≤ opening_balance, closing_balance ≤ max_balance",
        ),
        audit_balances.extremes,
    ),
    AuditRule(
        Rule(
            "run-row-agrees",
            "The run row agrees with its rows",
            "total_transactions and total_settlements count the transactions and the settled "
            "ones; total_cost is the sum of daily_agent_metrics.total_cost",
        ),
        audit_payments.run_row_agrees,
    ),
)
