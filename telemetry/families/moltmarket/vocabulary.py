"""The MoltMarket family's declaration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telemetry.concepts import Cell, FlowLeg, RunDetail, RunId
from telemetry.engines import Shape
from telemetry.families.asker import Asker
from telemetry.families.moltmarket import audit, folder, metrics, proofs
from telemetry.families.moltmarket.migrations import SCHEMA
from telemetry.families.moltmarket.tables import RUN_COLUMNS, TABLES
from telemetry.families.moltmarket.why import why
from telemetry.families.vocabulary import (
    FamilySpec,
    FlowSpec,
    FolderSpec,
    LaneSpec,
    MeasureSpec,
    RunSpec,
    ScaleSpec,
)
from telemetry.frozen import replace
from telemetry.queries import AgentsQuery, OrderBookQuery, PricesQuery, VerifyQuery, WhyQuery

DOCUMENT = "as in the document"
PRODUCER = "as the producer writes it"


def recognise(shape: Shape) -> str | None:
    """Told by the chained events and the runs' last hash; the spelling gives the vintage."""
    if not shape.has("runs", "id", "last_event_hash"):
        return None
    if not shape.has("events", "run_id", "event_seq", "event_type", "payload", "event_hash"):
        return None
    return DOCUMENT if shape.has("agents", "bankrupted_at_tick") else PRODUCER


def _scales(asker: Asker, vintage: str) -> tuple[ScaleSpec, ...]:
    return ()


def _status(fields: Mapping[str, Cell]) -> str:
    return str(fields.get("status") or "unknown")


def _extra(fields: Mapping[str, Cell], config: object) -> Mapping[str, Cell]:
    return {}


def _detail(asker: Asker, run_id: RunId, found: RunDetail) -> RunDetail:
    fields = found.run.fields
    ticks = found.run.ticks
    facts: tuple[tuple[str, Cell], ...] = (
        ("Scenario", fields.get("scenario_version")),
        ("Status", found.run.status),
        ("Seed", fields.get("seed")),
        ("Ticks", None if ticks is None else f"{ticks.first} to {ticks.last}"),
        ("Current tick (run row)", fields.get("current_tick")),
        ("Events (run row)", fields.get("event_count")),
        ("Last event hash", fields.get("last_event_hash")),
        ("Started", fields.get("started_at")),
        ("Stopped", fields.get("stopped_at")),
        *proofs.agent_facts(asker, run_id),
    )
    told = (found.config_problem, proofs.unread_lines(asker, run_id))
    return replace(found, facts=facts, warnings=tuple(text for text in told if text))


def _measure(
    name: str, label: str, unit: str, group: str, *, default: bool = False, phase: str = ""
) -> MeasureSpec:
    return MeasureSpec(
        name,
        label,
        unit,
        group,
        "metrics_snapshots",
        name,
        tick="tick_id",
        default=default,
        rebuild=metrics.rebuild(name),
        rebuilt_from="events",
        phase=phase,
    )


MEASURES = (
    _measure("equity", "Equity", "CASH", "Holdings", default=True, phase="asset_balance"),
    _measure("cash_balance", "Cash", "CASH", "Holdings", default=True, phase="asset_balance"),
    _measure("asset_balance", "Asset", "ASSET", "Holdings", default=True),
    _measure("pnl", "PnL", "CASH", "Result", default=True),
    _measure("pnl_pct", "PnL %", "%", "Result"),
    _measure("max_equity", "Highest equity", "CASH", "Result"),
    _measure("drawdown", "Drawdown", "share", "Result"),
    _measure("trade_count", "Trades so far", "trades", "Counts"),
    _measure("order_count", "Orders so far", "orders", "Counts"),
    _measure("reject_count", "Rejections so far", "rejections", "Counts"),
)
LANES: tuple[LaneSpec, ...] = ()
_BUYER, _SELLER = "bid_agent_id", "ask_agent_id"
FLOWS = (
    FlowSpec("ASSET", "Asset", "ASSET", "trades", (FlowLeg(_SELLER, _BUYER, "quantity"),),
             stock="asset_balance"),
    FlowSpec("CASH", "Cash (price × quantity, before fees)", "CASH", "trades",
             (FlowLeg(_BUYER, _SELLER, "notional"),), money=True, stock="cash_balance"),
)  # fmt: skip

_ANSWERS: dict[type[Any], Any] = {
    VerifyQuery: proofs.verify_run,
    OrderBookQuery: proofs.order_book,
    PricesQuery: proofs.prices,
    AgentsQuery: proofs.agents,
    WhyQuery: why,
}

FAMILY = FamilySpec(
    name="moltmarket",
    label="MoltMarket order book",
    recognise=recognise,
    runs=RunSpec(
        table="runs",
        id="id",
        name="scenario_version",
        config="config",
        columns=RUN_COLUMNS,
        extra=_extra,
        extra_columns=(),
        status=_status,
        tick_tables=("events", "trades", "metrics_snapshots"),
    ),
    tables=TABLES,
    measures=MEASURES,
    lanes=LANES,
    scales=_scales,
    detail=_detail,
    answers=_ANSWERS,
    folder=FolderSpec("MoltMarket run folder", folder.recognise, folder.views),
    schema=SCHEMA,
    audit=audit.RULES,
    flows=FLOWS,
)
