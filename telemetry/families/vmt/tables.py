"""The VMT tables as a person meets them: names, summaries, and what explains a row."""

from __future__ import annotations

from typing import Any

from telemetry.families.vmt import columns as c
from telemetry.families.vmt import sentences
from telemetry.families.vmt import trading_columns as t
from telemetry.families.vmt.verdicts import explain_attempt
from telemetry.families.vocabulary import AggregateSpec, ColumnSpec, SummarySpec, TableSpec

TRADE_SUMMARY = SummarySpec(
    "pair_type",
    (
        AggregateSpec("trade_count", "trades", "count"),
        AggregateSpec("sum_dA", "Σ ΔA", "sum", "dA"),
        AggregateSpec("sum_dB", "Σ ΔB", "sum", "dB"),
        AggregateSpec("sum_dM", "Σ ΔM", "sum", "dM"),
        AggregateSpec("avg_price", "mean price", "avg", "price"),
        AggregateSpec("avg_buyer_surplus", "mean buyer surplus", "avg", "buyer_surplus"),
        AggregateSpec("avg_seller_surplus", "mean seller surplus", "avg", "seller_surplus"),
        AggregateSpec("avg_total_surplus", "mean surplus", "avg", "total_surplus"),
        AggregateSpec("sum_total_surplus", "Σ surplus", "sum", "total_surplus"),
    ),
)
ATTEMPT_SUMMARY = SummarySpec(
    "result_reason",
    (
        AggregateSpec("attempt_count", "attempts", "count"),
        AggregateSpec("avg_buyer_gain", "mean buyer ΔU", "avg", "buyer_gain"),
        AggregateSpec("avg_seller_gain", "mean seller ΔU", "avg", "seller_gain"),
        AggregateSpec("max_missing_stock", "largest shortage", "max", "missing_stock"),
    ),
)


def _table(name: str, label: str, listed: tuple[ColumnSpec, ...], **more: Any) -> TableSpec:
    more.setdefault("role", name)
    return TableSpec(name, label, model=None, columns=listed, **more)


_DEBUG = "Record the run with log level “debug” to see every attempt."
_AGENT = ("agent_id",)

TABLES = (
    _table(
        "simulation_runs",
        "Runs",
        (
            *c.RUN_COLUMNS,
            ColumnSpec("config_json", "configuration", "json", role="config", visible=False),
        ),
        role="runs",
        key=("run_id",),
        tick=None,
        sort="run_id",
    ),
    _table(
        "trades",
        "Trades",
        t.TRADES,
        agents=("buyer_id", "seller_id"),
        summary=TRADE_SUMMARY,
        explain=sentences.trade,
    ),
    _table(
        "trade_attempts",
        "Attempts",
        t.ATTEMPTS,
        role="attempts",
        agents=("buyer_id", "seller_id"),
        summary=ATTEMPT_SUMMARY,
        how_to_record=_DEBUG,
        explain=explain_attempt,
    ),
    _table("agent_snapshots", "Agent snapshots", c.SNAPSHOTS, role="states", agents=_AGENT),
    _table("resource_snapshots", "Resources", c.RESOURCES, role="resources"),
    _table("decisions", "Decisions", c.DECISIONS, agents=_AGENT),
    _table("tick_states", "Tick states", c.TICK_STATES),
    _table("mode_changes", "Mode changes", c.MODE_CHANGES, explain=sentences.mode_change),
    _table(
        "lambda_updates",
        "λ updates",
        c.LAMBDA_UPDATES,
        agents=_AGENT,
        explain=sentences.lambda_update,
        how_to_record="They are recorded in runs with money mode “kkt_lambda”.",
    ),
    _table(
        "pairings",
        "Pairings",
        c.PAIRINGS,
        agents=("agent_i", "agent_j"),
        explain=sentences.pairing,
    ),
    _table("preferences", "Preferences", c.PREFERENCES, agents=_AGENT),
)
