"""The MoltMarket tables as a person reads them: labels, units, roles, derived columns."""

from __future__ import annotations

from typing import Any, cast

import sqlalchemy as sa

from telemetry.concepts import AgentId
from telemetry.families.moltmarket import models
from telemetry.families.moltmarket.words import describe_event
from telemetry.families.vocabulary import AggregateSpec, Columns, ColumnSpec, SummarySpec, TableSpec

C = ColumnSpec
FAILURES = ("ORDER_REJECTED", "RATE_LIMIT_HIT")
CASH = "CASH"
ASSET = "ASSET"


def _id(label: str = "id") -> ColumnSpec:
    return C("id", label, role="key", visible=False)


def _run() -> ColumnSpec:
    return C("run_id", "run", role="run", visible=False)


def _tick(name: str = "tick_id") -> ColumnSpec:
    return C(name, "tick", "int", role="tick")


def _made() -> ColumnSpec:
    return C("created_at", "recorded at", "time", visible=False)


def _money(name: str, label: str, unit: str, role: str | None = None) -> ColumnSpec:
    return C(name, label, "real", role=role, unit=unit)


def trading_pair(columns: Columns) -> sa.ColumnElement[Any]:
    """Who sold to whom, or "self-trade" where both orders were one agent's."""
    bid, ask = columns.column("trades", "bid_agent_id"), columns.column("trades", "ask_agent_id")
    return sa.case((bid == ask, "self-trade"), else_="between agents")


def named(table: str, column: str) -> Any:
    """The name of the agent whose id stands in `column`, the id where none is known."""

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        if not columns.has("agents", "id", "name", "run_id"):
            return columns.column(table, column)
        name, owner = columns.column("agents", "name"), columns.column("agents", "run_id")
        run, own = columns.column(table, "run_id"), columns.column(table, column)
        same = sa.and_(owner == run, columns.column("agents", "id") == own)
        told = sa.select(name).where(same).correlate(own.table).limit(1).scalar_subquery()
        return sa.func.coalesce(told, own)

    return derive


def _name(table: str, column: str, label: str) -> ColumnSpec:
    return C(
        f"{column.removesuffix('_id')}_name", label, facet=True, derive=named(table, column),
        needs=(column, "run_id"),
        help=f"The name of the agent in {column}.",
    )  # fmt: skip


def notional(columns: Columns) -> sa.ColumnElement[Any]:
    """price × quantity."""
    return columns.column("trades", "price") * columns.column("trades", "quantity")


def failures_only(columns: Columns) -> sa.ColumnElement[bool]:
    """Rejected orders and actions beyond the rate limit."""
    return columns.column("events", "event_type").in_(FAILURES)


def party(columns: Columns, agents: tuple[AgentId, ...]) -> sa.ColumnElement[bool]:
    """The event's own agent, or a side of the trade that its payload tells of."""
    ids = [str(a) for a in agents]
    sides = [payload_text(f"{s}AgentId", f"{s}_agent_id")(columns) for s in ("bid", "ask")]
    own = columns.column("events", "agent_id").in_(ids)
    return sa.or_(own, *(side.in_(ids) for side in sides))


def payload_text(*keys: str) -> Any:
    """The first of `keys` that the event's payload has, as text."""

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        payload = sa.type_coerce(columns.column("events", "payload"), sa.JSON())
        first, *others = (payload[key].as_string() for key in keys)
        # SQLite's coalesce wants two or more.
        return sa.func.coalesce(first, *others) if others else first

    return derive


def reason(columns: Columns) -> sa.ColumnElement[Any]:
    """The reason code of a rejection; RATE_LIMIT_HIT is its own reason."""
    kind = columns.column("events", "event_type")
    code = payload_text("reasonCode", "reason_code")(columns)
    return sa.case((kind == "RATE_LIMIT_HIT", "RATE_LIMIT_HIT"), else_=code)


RUN_COLUMNS = (
    C("id", "run", role="run"),
    C("scenario_version", "scenario", role="name"),
    C("seed", "seed", "int", role="seed"),
    C("status", "status", role="status", facet=True),
    C("current_tick", "current tick", "int"),
    C("event_count", "events", "int"),
    C("last_event_hash", "last hash", visible=False),
    C("created_at", "created", "time", visible=False),
    C("started_at", "started", "time", role="start"),
    C("stopped_at", "stopped", "time", role="end", visible=False),
)

TRADES = (
    _id(),
    _run(),
    _tick(),
    _name("trades", "bid_agent_id", "buyer"),
    _name("trades", "ask_agent_id", "seller"),
    C("bid_agent_id", "buyer id", role="buyer", visible=False),
    C("ask_agent_id", "seller id", role="seller", visible=False),
    _money("price", "price", "CASH per ASSET", "price"),
    _money("quantity", "quantity", ASSET, "quantity"),
    _money("fee_total", "fee", CASH),
    C("bid_order_id", "bid order", role="link", visible=False),
    C("ask_order_id", "ask order", role="link", visible=False),
    _made(),
    C("sides", "sides", role="pair", derive=trading_pair, facet=True,
      needs=("bid_agent_id", "ask_agent_id")),
    C("notional", "notional", "real", unit=CASH, derive=notional, needs=("price", "quantity")),
)  # fmt: skip

EVENTS = (
    _id(),
    _run(),
    C("event_seq", "#", "int", role="sequence"),
    _tick(),
    C("event_type", "event", role="event", facet=True),
    _name("events", "agent_id", "agent"),
    C("agent_id", "agent id", role="agent", visible=False),
    C("payload", "payload", "json", role="payload", visible=False),
    C("prev_hash", "previous hash", role="link", visible=False),
    C("event_hash", "hash", role="link", visible=False),
    _made(),
)

ATTEMPTS = (
    _id(),
    _run(),
    C("event_seq", "#", "int", role="sequence"),
    _tick(),
    _name("events", "agent_id", "agent"),
    C("agent_id", "agent id", role="agent", visible=False),
    C("event_type", "event", role="result", facet=True),
    C("reason_code", "reason", role="reason", derive=reason, needs=("payload",), facet=True),
    C("details", "details", derive=payload_text("details"), needs=("payload",)),
    C("payload", "payload", "json", role="payload", visible=False),
)

ORDERS = (
    _id("order"),
    _run(),
    _tick("tick_created"),
    _name("orders", "agent_id", "agent"),
    C("agent_id", "agent id", role="agent", visible=False),
    C("side", "side", role="direction", facet=True),
    _money("price", "price", "CASH per ASSET", "price"),
    _money("quantity", "quantity", ASSET, "quantity"),
    _money("filled_quantity", "filled", ASSET),
    C("status", "status", role="status", facet=True),
    C("sequence_num", "#", "int", visible=False),
    _made(),
)

AGENTS = (
    C("id", "agent", role="agent"),
    _run(),
    C("name", "name", role="name"),
    C("status", "status", role="status", facet=True),
    _money("cash_balance", "cash", CASH, "quantity"),
    _money("asset_balance", "asset", ASSET, "quantity"),
    C("actions_this_tick", "actions this tick", "int", visible=False),
    C("bankrupt_at_tick", "bankrupt at tick", "int"),
    C("bankrupted_at_tick", "bankrupt at tick", "int", visible=False),
    _made(),
)

METRICS = (
    _id(),
    _run(),
    _tick(),
    C("agent_id", "agent", role="agent"),
    _money("cash_balance", "cash", CASH, "quantity"),
    _money("asset_balance", "asset", ASSET, "quantity"),
    _money("equity", "equity", CASH),
    _money("pnl", "PnL", CASH),
    _money("pnl_pct", "PnL %", "%"),
    _money("max_equity", "highest equity", CASH),
    _money("drawdown", "drawdown", "share"),
    C("trade_count", "trades", "int"),
    C("order_count", "orders", "int"),
    C("reject_count", "rejections", "int"),
    _made(),
)


def _table(
    model: Any, name: str, label: str, columns: tuple[ColumnSpec, ...], **more: Any
) -> TableSpec:
    table = cast(sa.Table, model.__table__)
    more.setdefault("role", name)
    more.setdefault("tick", "tick_id")
    more.setdefault("sort", more["tick"])
    return TableSpec(name, label, model=table, columns=columns, **more)


TABLES = (
    _table(
        models.MarketRun,
        "runs",
        "Runs",
        (*RUN_COLUMNS, C("config", "configuration", "json", role="config", visible=False)),
        run="id",
        tick=None,
        sort="id",
    ),
    _table(
        models.MarketTrade,
        "trades",
        "Trades",
        TRADES,
        agents=("bid_agent_id", "ask_agent_id"),
        summary=SummarySpec(
            "sides",
            (
                AggregateSpec("trade_count", "trades", "count"),
                AggregateSpec("volume", "volume", "sum", "quantity"),
                AggregateSpec("turnover", "turnover", "sum", "notional"),
                AggregateSpec("avg_price", "mean price", "avg", "price"),
                AggregateSpec("fees", "fees", "sum", "fee_total"),
            ),
        ),
    ),
    _table(
        models.MarketEvent,
        "attempts",
        "Rejections",
        ATTEMPTS,
        agents=("agent_id",),
        of="events",
        only=failures_only,
        always_written=True,
        sort="tick_id",
        order=("event_seq",),
        explain=describe_event,
    ),
    _table(models.MetricsSnapshot, "metrics_snapshots", "Metrics", METRICS, role="states",
           agents=("agent_id",)),
    _table(models.MarketOrder, "orders", "Orders", ORDERS, tick="tick_created",
           agents=("agent_id",)),
    _table(
        models.MarketEvent,
        "events",
        "Events",
        EVENTS,
        agents=("agent_id",),
        taking_part=party,
        sort="tick_id",
        order=("event_seq",),
        explain=describe_event,
    ),
    _table(models.MarketAgent, "agents", "Agents", AGENTS, tick=None, sort="name", agents=("id",),
           secret=("api_key_hash",)),
)  # fmt: skip
