"""The six tables of a MoltMarket database as SQLAlchemy models.

Ids are text: the document says UUID, but the producer also writes names such as a test's. Times
have no zone; money is DECIMAL(20, 8) and stays exact.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Enum,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

MONEY = Numeric(20, 8)
SHARE = Numeric(10, 6)
_JSON: TypeEngine[Any] = JSON().with_variant(JSONB(), "postgresql")
_TIME: TypeEngine[Any] = Text().with_variant(TIMESTAMP(precision=3), "postgresql")

RUN_STATUS = ("created", "running", "stopped", "completed")
AGENT_STATUS = ("active", "bankrupt", "inactive")
ORDER_SIDE = ("bid", "ask")
ORDER_STATUS = ("open", "filled", "cancelled", "expired")


class Base(DeclarativeBase):
    """The registry of the MoltMarket tables."""


def _id() -> Mapped[str]:
    return mapped_column(Text, primary_key=True)


def _serial() -> Mapped[int]:
    return mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _run() -> Mapped[str]:
    return mapped_column(Text, ForeignKey("runs.id"))


def _created() -> Mapped[str | None]:
    return mapped_column(_TIME)


def _enum(name: str, values: tuple[str, ...]) -> Enum:
    return Enum(*values, name=name, native_enum=True, create_constraint=True)


class MarketRun(Base):
    """A run; `event_count` and `last_event_hash` say where its chain must end."""

    __tablename__ = "runs"
    id: Mapped[str] = _id()
    seed: Mapped[int] = mapped_column(BigInteger)
    scenario_version: Mapped[str] = mapped_column(String(64))
    status: Mapped[str] = mapped_column(_enum("RunStatus", RUN_STATUS), default="created")
    config: Mapped[Any] = mapped_column(_JSON)
    current_tick: Mapped[int] = mapped_column(BigInteger, default=0)
    event_count: Mapped[int] = mapped_column(BigInteger, default=0)
    last_event_hash: Mapped[str] = mapped_column(Text, default="GENESIS")
    created_at: Mapped[str | None] = _created()
    started_at: Mapped[str | None] = _created()
    stopped_at: Mapped[str | None] = _created()


class MarketAgent(Base):
    """An agent and its holdings now. `api_key_hash` is a secret that nothing shows or exports."""

    __tablename__ = "agents"
    __table_args__ = (Index("agents_run_id_api_key_hash_idx", "run_id", "api_key_hash"),)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    run_id: Mapped[str] = mapped_column(Text, ForeignKey("runs.id"), primary_key=True)
    api_key_hash: Mapped[str | None] = mapped_column(Text)
    name: Mapped[str] = mapped_column(String(128))
    cash_balance: Mapped[Decimal] = mapped_column(MONEY)
    asset_balance: Mapped[Decimal] = mapped_column(MONEY)
    status: Mapped[str] = mapped_column(_enum("AgentStatus", AGENT_STATUS), default="active")
    actions_this_tick: Mapped[int] = mapped_column(Integer, default=0)
    created_at: Mapped[str | None] = _created()
    bankrupt_at_tick: Mapped[int | None] = mapped_column(BigInteger)


class MarketEvent(Base):
    """An event of the append-only log; `event_seq` runs from 0 per run."""

    __tablename__ = "events"
    __table_args__ = (
        Index("events_run_id_tick_id_event_seq_idx", "run_id", "tick_id", "event_seq"),
        Index("events_run_id_event_type_idx", "run_id", "event_type"),
        Index("events_run_id_agent_id_idx", "run_id", "agent_id"),
        UniqueConstraint("run_id", "event_hash"),
    )
    id: Mapped[int] = _serial()
    run_id: Mapped[str] = _run()
    tick_id: Mapped[int] = mapped_column(BigInteger)
    event_seq: Mapped[int] = mapped_column(BigInteger)
    event_type: Mapped[str] = mapped_column(String(64))
    agent_id: Mapped[str | None] = mapped_column(Text)
    payload: Mapped[Any] = mapped_column(_JSON)
    prev_hash: Mapped[str] = mapped_column(String(64))
    event_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[str | None] = _created()


class MarketOrder(Base):
    """An order as it stands; partial fills stay "open"."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(
            "orders_run_id_side_price_sequence_num_idx", "run_id", "side", "price", "sequence_num"
        ),
        Index("orders_run_id_agent_id_status_idx", "run_id", "agent_id", "status"),
        UniqueConstraint("run_id", "sequence_num"),
    )
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    run_id: Mapped[str] = mapped_column(Text, ForeignKey("runs.id"), primary_key=True)
    agent_id: Mapped[str] = mapped_column(Text)
    side: Mapped[str] = mapped_column(_enum("OrderSide", ORDER_SIDE))
    price: Mapped[Decimal] = mapped_column(MONEY)
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    filled_quantity: Mapped[Decimal] = mapped_column(MONEY, default=Decimal(0))
    status: Mapped[str] = mapped_column(_enum("OrderStatus", ORDER_STATUS), default="open")
    tick_created: Mapped[int] = mapped_column(BigInteger)
    sequence_num: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[str | None] = _created()


class MarketTrade(Base):
    """A trade between a bid's and an ask's agent, which may be the same one."""

    __tablename__ = "trades"
    __table_args__ = (
        Index("trades_run_id_tick_id_idx", "run_id", "tick_id"),
        Index("trades_run_id_bid_agent_id_idx", "run_id", "bid_agent_id"),
        Index("trades_run_id_ask_agent_id_idx", "run_id", "ask_agent_id"),
    )
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    run_id: Mapped[str] = mapped_column(Text, ForeignKey("runs.id"), primary_key=True)
    tick_id: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[Decimal] = mapped_column(MONEY)
    quantity: Mapped[Decimal] = mapped_column(MONEY)
    bid_order_id: Mapped[str] = mapped_column(Text)
    ask_order_id: Mapped[str] = mapped_column(Text)
    bid_agent_id: Mapped[str] = mapped_column(Text)
    ask_agent_id: Mapped[str] = mapped_column(Text)
    fee_total: Mapped[Decimal] = mapped_column(MONEY)
    created_at: Mapped[str | None] = _created()


class MetricsSnapshot(Base):
    """An agent's metrics at a tick."""

    __tablename__ = "metrics_snapshots"
    __table_args__ = (
        Index("metrics_snapshots_run_id_tick_id_idx", "run_id", "tick_id"),
        Index("metrics_snapshots_run_id_agent_id_tick_id_idx", "run_id", "agent_id", "tick_id"),
    )
    id: Mapped[int] = _serial()
    run_id: Mapped[str] = _run()
    agent_id: Mapped[str] = mapped_column(Text)
    tick_id: Mapped[int] = mapped_column(BigInteger)
    cash_balance: Mapped[Decimal] = mapped_column(MONEY)
    asset_balance: Mapped[Decimal] = mapped_column(MONEY)
    equity: Mapped[Decimal] = mapped_column(MONEY)
    pnl: Mapped[Decimal] = mapped_column(MONEY)
    pnl_pct: Mapped[Decimal] = mapped_column(SHARE)
    max_equity: Mapped[Decimal] = mapped_column(MONEY)
    drawdown: Mapped[Decimal] = mapped_column(SHARE)
    trade_count: Mapped[int] = mapped_column(Integer)
    order_count: Mapped[int] = mapped_column(Integer)
    reject_count: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[str | None] = _created()
