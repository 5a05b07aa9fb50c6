"""The versions of the VMT schema: from barter to money, with the defaults of the document."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.families.vmt.vintages import DECIMAL
from telemetry.migrations.vocabulary import Growing, SchemaSpec, Step

_BARTER = (
    "simulation_runs",
    "agent_snapshots",
    "resource_snapshots",
    "decisions",
    "trades",
    "trade_attempts",
)
_SNAPSHOT_MONEY = (
    "inventory_M",
    "lambda_money",
    "ask_A_in_M",
    "bid_A_in_M",
    "ask_B_in_M",
    "bid_B_in_M",
    "perceived_price_A",
    "perceived_price_B",
    "lambda_changed",
)
_TRADE_MONEY = (
    "dM",
    "exchange_pair_type",
    "buyer_lambda",
    "seller_lambda",
    "buyer_surplus",
    "seller_surplus",
)
_ATTEMPT_MONEY = (
    "exchange_pair_type",
    "dM_attempted",
    "buyer_lambda",
    "seller_lambda",
    "buyer_M_init",
    "seller_M_init",
    "buyer_M_final",
    "seller_M_final",
)


def _metadata() -> sa.MetaData:
    from telemetry.families.vmt.models import Base

    return Base.metadata


def _barter(growing: Growing) -> None:
    growing.add_tables(*_BARTER)
    growing.allow_null("agent_snapshots", "ask_A_in_B", "bid_A_in_B", "p_min", "p_max")


def _modes(growing: Growing) -> None:
    growing.add_tables("mode_changes")
    growing.add_columns("decisions", "mode")


def _money(growing: Growing) -> None:
    growing.add_columns("simulation_runs", "exchange_regime", "money_mode", "money_scale")
    growing.add_columns("agent_snapshots", *_SNAPSHOT_MONEY)
    growing.add_columns("trades", *_TRADE_MONEY)
    growing.add_tables("tick_states", "lambda_updates")
    growing.add_columns("tick_states", "exchange_regime")


def _pairings(growing: Growing) -> None:
    growing.add_columns("decisions", "claimed_resource_pos", "is_paired", "is_foraging_committed")
    growing.add_tables("pairings", "preferences")


def _attempts(growing: Growing) -> None:
    growing.add_columns("trade_attempts", *_ATTEMPT_MONEY)


SCHEMA = SchemaSpec(
    family="vmt",
    declared=_metadata,
    steps=(
        Step(1, "barter", _barter),
        Step(2, "mode schedule", _modes),
        Step(3, "money", _money),
        Step(4, "pairings", _pairings),
        Step(5, "money of attempts", _attempts),
    ),
    engines=("sqlite", "postgresql", "duckdb"),
    run=("simulation_runs", "run_id"),
    run_column="run_id",
    frozen={
        DECIMAL: "its quantities are stored × 10 000, and those of new runs would not be; "
        "record to a new file."
    },
)
