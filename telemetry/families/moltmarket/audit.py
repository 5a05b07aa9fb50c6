"""The invariants of an order-book run, in the order in which they are judged."""

from __future__ import annotations

from telemetry.concepts import Rule
from telemetry.families.auditing import AuditRule
from telemetry.families.moltmarket import audit_events, audit_tables

_CUT = "1e-8 a side: each pays the lower half of the fee, cut to 8 digits"

RULES = (
    AuditRule(
        Rule(
            "hash-chain",
            "The chain of hashes is whole",
            "each event's prev_hash is the hash of the one before and its event_hash that of its "
            "content; the run row names their number and the last hash",
        ),
        audit_tables.chain,
    ),
    AuditRule(
        Rule(
            "balance-steps",
            "Balances change by their changes",
            "BALANCE_UPDATED: new cash and asset = those before + cashDelta and assetDelta; "
            "DECAY_APPLIED: new cash = cash before − amount",
        ),
        audit_events.rule("balance-steps"),
    ),
    AuditRule(
        Rule(
            "trade-conserves",
            "A trade only moves cash and asset, less its fee",
            "the two balance updates after TRADE_EXECUTED: cash changes come to −fee, asset "
            "changes to 0; the buyer gets the quantity for price · quantity",
            _CUT,
        ),
        audit_events.rule("trade-conserves"),
    ),
    AuditRule(
        Rule(
            "trade-in-book",
            "A trade fills open orders within their limits",
            "TRADE_EXECUTED: both orders are open and their agents', quantity ≤ what is left of "
            "each, the ask's limit ≤ price ≤ the bid's limit",
        ),
        audit_events.rule("trade-in-book"),
    ),
    AuditRule(
        Rule(
            "ticks-complete",
            "Each tick is complete",
            "TICK_START and TICK_END once for each tick that ended, TICK_END counts the tick's "
            "trades",
        ),
        audit_events.rule("ticks-complete"),
    ),
    AuditRule(
        Rule(
            "agents-agree",
            "Agents hold what their events say",
            "agents: cash_balance and asset_balance are those of the agent's last event",
            "5e-9, the last digit kept",
        ),
        audit_tables.agents_agree,
    ),
    AuditRule(
        Rule(
            "trades-agree",
            "The table of trades agrees with the events",
            "trades: as many rows, as much quantity and fee as TRADE_EXECUTED events tell",
            "5e-9 a trade, the last digit kept",
        ),
        audit_tables.trades_agree,
    ),
)
