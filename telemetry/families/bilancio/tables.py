"""The tables of runs and of sweeps, with what sums them up and what puts a row into words."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.bilancio import columns as c
from telemetry.families.bilancio import models, words
from telemetry.families.bilancio import sweep_columns as s
from telemetry.families.vocabulary import (
    Aggregate,
    AggregateSpec,
    Columns,
    ColumnSpec,
    SummarySpec,
    TableSpec,
)


def defaults_only(stored: Columns) -> sa.ColumnElement[bool]:
    """Obligations that fell due and were not paid."""
    found: sa.ColumnElement[bool] = stored.column("obligations", "is_default").is_(sa.true())
    return found


def _summary(group: str, *aggregates: tuple[str, str, Aggregate, str | None]) -> SummarySpec:
    return SummarySpec(group, tuple(AggregateSpec(*aggregate) for aggregate in aggregates))


def _of_run(model: sa.Table, label: str, shown: tuple[ColumnSpec, ...], **more: Any) -> TableSpec:
    """A table of each run; its rows are told apart by their lines."""
    name = more.pop("name", model.name)
    defaults: dict[str, Any] = {
        "role": name, "key": ("line",), "tick": "day", "sort": "line",
        "how_to_record": "The producer writes it with detailed logging.",
    }  # fmt: skip
    return TableSpec(name, label, model=model, columns=shown, **(defaults | more))


def _of_sweep(model: sa.Table, label: str, shown: tuple[ColumnSpec, ...], **more: Any) -> TableSpec:
    """A table above runs: whatever run is asked for, it is the whole sweep's."""
    defaults: dict[str, Any] = {
        "role": model.name, "key": ("experiment_id", "line"), "run": None, "tick": None,
        "sort": None,
    }  # fmt: skip
    return TableSpec(model.name, label, model=model, columns=shown, **(defaults | more))


_BY_STRATEGY = _summary(
    "strategy",
    ("count", "obligations", "count", None),
    ("face", "face", "sum", "amount"),
    ("bought", "bought", "sum", "buy_count"),
    ("sold", "sold", "sum", "sell_count"),
)
TABLES = (
    TableSpec("runs", "Runs", "runs", models.RUNS, s.RUNS, ("run_id",), tick=None, sort=None),
    _of_sweep(models.EXPERIMENTS, "Experiments", s.EXPERIMENTS, key=("experiment_id",)),
    _of_sweep(models.PAIRS, "Pairs", s.PAIRS, key=("experiment_id", "pair"), summary=_summary(
        "result",
        ("pairs", "pairs", "count", None),
        ("passive", "mean default rate passive", "avg", "delta_passive"),
        ("active", "mean default rate active", "avg", "delta_active"),
        ("effect", "mean effect", "avg", "trading_effect"),
        ("trades", "mean trades", "avg", "total_trades"),
    )),
    _of_run(models.TRADES, "Trades", c.TRADES, sort="day", agents=("trader_id",),
            explain=words.describe_trade, always_written=True, how_to_record="", summary=_summary(
        "bucket_and_side",
        ("trade_count", "trades", "count", None),
        ("face", "face", "sum", "face_value"),
        ("volume", "cash", "sum", "price"),
        ("avg_price", "mean unit price", "avg", "unit_price"),
        ("outside", "through the outside dealer", "sum", "outside_count"),
    )),
    _of_run(models.OBLIGATIONS, "Defaults", c.OBLIGATIONS, name="defaults", role="attempts",
            of="obligations", only=defaults_only, tick="due_day", sort="due_day",
            agents=("debtor",), explain=words.describe_obligation, summary=_BY_STRATEGY,
            always_written=True, how_to_record=""),
    _of_run(models.REPAYMENTS, "Repayment outcomes", c.REPAYMENTS, role="repayments",
            tick="maturity_day", sort="maturity_day", agents=("trader_id",), summary=_summary(
        "strategy",
        ("count", "obligations", "count", None),
        ("face", "face", "sum", "face_value"),
        ("default_rate", "default rate", "avg", "logged_default"),
    )),
    _of_run(models.OBLIGATIONS, "Obligations", c.OBLIGATIONS, tick="due_day", sort="due_day",
            agents=("debtor", "creditor"), explain=words.describe_obligation,
            summary=_summary(
        "outcome",
        ("count", "obligations", "count", None),
        ("face", "face", "sum", "amount"),
        ("bought", "bought", "sum", "buy_count"),
        ("sold", "sold", "sum", "sell_count"),
    )),
    _of_run(models.INVENTORY, "Dealer inventory", c.INVENTORY, role="inventory", sort="day",
            agents=("bucket",)),
    _of_run(models.SYSTEM, "Debt and money", c.SYSTEM, role="system_state", sort="day"),
    _of_run(models.HORIZON, "Inventory and debt", c.HORIZON, sort="day"),
    _of_run(models.METRICS, "Days", c.METRICS, sort="day"),
    _of_run(models.AGENTS, "Agents", c.AGENTS, key=("agent",), tick=None, sort="agent",
            agents=("agent",), summary=_summary(
        "start",
        ("agents", "agents", "count", None),
        ("owed", "debts", "sum", "owed"),
        ("defaulted", "in default", "sum", "default_count"),
        ("lost", "face in default", "sum", "defaulted_face"),
    )),
    _of_run(models.BALANCES, "Balances at the end", c.BALANCES, tick=None, agents=("agent_id",)),
    _of_run(models.DEBTOR_SHARES, "Debtor shares", c.DEBTOR_SHARES, sort="day", agents=("agent",)),
    _of_run(models.INTRADAY, "Payments within days", c.INTRADAY, sort="day",
            agents=("payer", "payee")),
    _of_run(models.EVENTS, "Events", c.EVENTS, agents=("agent", "counterparty"),
            explain=words.describe_event),
    _of_run(models.DEALER_METRICS, "Dealer's results", c.DEALER_METRICS, tick=None),
    _of_sweep(models.DEALER_USAGE, "Dealer usage", s.DEALER_USAGE),
    _of_sweep(models.STRATEGY_BY_RUN, "Strategy outcomes by run", s.STRATEGY_BY_RUN,
              summary=_summary(
        "strategy",
        ("obligations", "obligations", "sum", "count"),
        ("face", "face", "sum", "face"),
        ("defaults", "defaults", "sum", "default_count"),
        ("default_face", "face in default", "sum", "default_face"),
    )),
    _of_sweep(models.STRATEGY_OVERALL, "Strategy outcomes", s.STRATEGY_OVERALL, summary=_summary(
        "strategy",
        ("face", "face", "sum", "total_face"),
        ("default_face", "face in default", "sum", "default_face"),
        ("runs", "runs", "sum", "runs_using_strategy"),
    )),
)  # fmt: skip
