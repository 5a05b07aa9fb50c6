"""The invariants of a VMT run, in the order in which they are judged."""

from __future__ import annotations

from telemetry.concepts import Rule
from telemetry.families.auditing import AuditRule
from telemetry.families.vmt import (
    audit_flows,
    audit_money,
    audit_quotes,
    audit_rows,
    audit_trades,
)

_HALF = "half a stored unit, for payments are whole"
_ROUNDING = "1e-9 of the larger number"

RULES = (
    AuditRule(
        Rule(
            "trade-conserves",
            "A trade only moves goods and money",
            "successful attempts: buyer and seller together hold as much A, B and M after as "
            "before, and the buyer's holdings change by the block and its payment",
        ),
        audit_trades.conserves,
    ),
    AuditRule(
        Rule(
            "goods-explained",
            "Goods change by trades and foraging alone",
            "between consecutive snapshots: ΔA and ΔB less what the agent's trades moved are 0 "
            "or more, and together at most forage_rate a tick",
        ),
        audit_flows.goods_explained,
    ),
    AuditRule(
        Rule(
            "money-explained",
            "Money changes by trades alone",
            "between consecutive snapshots: ΔM is the sum of what the agent's trades paid it",
        ),
        audit_flows.money_explained,
    ),
    AuditRule(
        Rule("no-negative-stock", "No stock is negative", "A, B and M of each snapshot are ≥ 0"),
        audit_rows.no_negative_stock,
    ),
    AuditRule(
        Rule(
            "both-gain",
            "Both sides of a trade gain",
            "buyer_surplus > 0 and seller_surplus > 0; where they are not recorded, U_final > "
            "U_init of both sides of each successful attempt",
        ),
        audit_trades.both_gain,
    ),
    AuditRule(
        Rule(
            "price-definition",
            "A price is what was paid for a unit",
            "price · block = payment: dB/dA for A<->B, dM/dA for A<->M, dM/dB for B<->M",
            _HALF,
        ),
        audit_trades.price_definition,
    ),
    AuditRule(
        Rule(
            "price-within-quotes",
            "A price lies within the quotes",
            "the seller's ask ≤ price ≤ the buyer's bid: those of the successful attempt, else "
            "those of the snapshots one tick before, for the first trade of both in a tick",
            f"{_ROUNDING}; with quotes of snapshots {_HALF}",
        ),
        audit_quotes.price_within_quotes,
    ),
    AuditRule(
        Rule(
            "pair-type-told",
            "The stored pair type is what changed hands",
            "exchange_pair_type is A<->M where A and M moved, B<->M where B and M, else A<->B",
        ),
        audit_trades.pair_type_told,
    ),
    AuditRule(
        Rule(
            "mode-allows",
            "Nothing is traded while the mode forbids it",
            "the mode of a trade's tick is not forage",
        ),
        audit_trades.mode_allows,
    ),
    AuditRule(
        Rule(
            "pair-active",
            "Only active pair types are traded",
            "active_pairs of a trade's tick names what changed hands",
        ),
        audit_trades.pair_active,
    ),
    AuditRule(
        Rule(
            "lambda-bounds",
            "λ lies within its bounds",
            "lambda_min ≤ λ ≤ lambda_max of config_json.params.lambda_bounds, in each snapshot",
            _ROUNDING,
        ),
        audit_money.lambda_bounds,
    ),
    AuditRule(
        Rule(
            "lambda-logged",
            "Each change of λ is logged",
            "where λ differs from the snapshot before, the last row of lambda_updates since then "
            "gives the new λ (kkt_lambda alone; steps of 1e-9 a tick need no row)",
            _ROUNDING,
        ),
        audit_money.lambda_logged,
    ),
    AuditRule(
        Rule(
            "lambda-estimate",
            "The smaller estimate binds",
            "lambda_hat = min(lambda_hat_A, lambda_hat_B)",
            _ROUNDING,
        ),
        audit_money.lambda_estimate,
    ),
    AuditRule(
        Rule(
            "one-state-per-tick",
            "One state a tick",
            "tick_states has exactly one row for each tick of the run",
        ),
        audit_rows.one_state_per_tick,
    ),
    AuditRule(
        Rule(
            "snapshots-complete",
            "Snapshots are complete",
            "each agent has one snapshot at every snapshot tick from its first to its last one",
        ),
        audit_rows.snapshots_complete,
    ),
    AuditRule(
        Rule(
            "run-row-agrees",
            "The run row agrees with its rows",
            "exchange_regime is what tick_states say (of several, it allows all their pairs); "
            "total_ticks and num_agents are as many as the rows name",
        ),
        audit_rows.run_row_agrees,
    ),
)
