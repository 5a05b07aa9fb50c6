"""The VMT tables as a person meets them: names, summaries, and what explains a row."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from telemetry.families.vmt import columns as c
from telemetry.families.vmt import models, sentences
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


def _table(model: Any, label: str, listed: tuple[ColumnSpec, ...], **more: Any) -> TableSpec:
    table = cast(sa.Table, model.__table__)
    more.setdefault("role", table.name)
    return TableSpec(table.name, label, model=table, columns=listed, **more)


_DEBUG = "Record the run with log level “debug” to see every attempt."
_AGENT = ("agent_id",)

TABLES = (
    _table(
        models.SimulationRun,
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
        models.Trade,
        "Trades",
        t.TRADES,
        agents=("buyer_id", "seller_id"),
        summary=TRADE_SUMMARY,
        explain=sentences.trade,
    ),
    _table(
        models.TradeAttempt,
        "Attempts",
        t.ATTEMPTS,
        role="attempts",
        agents=("buyer_id", "seller_id"),
        summary=ATTEMPT_SUMMARY,
        how_to_record=_DEBUG,
        explain=explain_attempt,
    ),
    _table(models.AgentSnapshot, "Agent snapshots", c.SNAPSHOTS, role="states", agents=_AGENT),
    _table(models.ResourceSnapshot, "Resources", c.RESOURCES, role="resources"),
    _table(models.Decision, "Decisions", c.DECISIONS, agents=_AGENT),
    _table(models.TickState, "Tick states", c.TICK_STATES),
    _table(models.ModeChange, "Mode changes", c.MODE_CHANGES, explain=sentences.mode_change),
    _table(
        models.LambdaUpdate,
        "λ updates",
        c.LAMBDA_UPDATES,
        agents=_AGENT,
        explain=sentences.lambda_update,
        how_to_record="They are recorded in runs with money mode “kkt_lambda”.",
    ),
    _table(
        models.Pairing,
        "Pairings",
        c.PAIRINGS,
        agents=("agent_i", "agent_j"),
        explain=sentences.pairing,
    ),
    _table(models.Preference, "Preferences", c.PREFERENCES, agents=_AGENT),
)
