"""The tables of a VMT telemetry database, in its last money vintage, as SQLAlchemy models.

Sources: the producer's own table definitions (column order is theirs) and the document "Money
Telemetry Database Schema Extensions" (money columns, ``tick_states``, ``lambda_updates`` and the
money columns of ``trade_attempts``, which stand last because they were only ever specified).

A file of an older vintage lacks some of these columns or tables; a reader selects what the file
has and reports the rest as not recorded. Nullable here means nullable in the *widest* vintage.
"""

from __future__ import annotations

from sqlalchemy import (
    REAL,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeEngine

# SQLite has one integer and one float; elsewhere money in minor units needs 64 bits of each.
_INTEGER = BigInteger().with_variant(Integer(), "sqlite")
_REAL: TypeEngine[float] = Double().with_variant(REAL(), "sqlite")
_NULL = text("NULL")
_ZERO = text("0")
_ONE = text("1")
_BARTER_PAIR = "A<->B"


class Base(DeclarativeBase):
    """The registry of the VMT tables; ``Base.metadata.create_all`` makes an empty database."""

    type_annotation_map = {int: _INTEGER, float: _REAL, str: Text()}  # noqa: RUF012


def _key() -> Mapped[int]:
    """An AUTOINCREMENT primary key: ids are never used twice, even after a deletion."""
    return mapped_column(primary_key=True, autoincrement=True)


def _run() -> Mapped[int]:
    return mapped_column(ForeignKey("simulation_runs.run_id"))


class SimulationRun(Base):
    """One run of a scenario.

    ``exchange_regime``, ``money_mode`` and ``money_scale`` keep their defaults in files of the
    original producer even for money runs; ``tick_states`` and ``config_json`` hold the truth.
    ``end_time`` and ``total_ticks`` are NULL until the run is finished.
    """

    __tablename__ = "simulation_runs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    run_id: Mapped[int] = _key()
    scenario_name: Mapped[str | None]
    start_time: Mapped[str | None]
    end_time: Mapped[str | None]
    total_ticks: Mapped[int | None]
    num_agents: Mapped[int | None]
    grid_width: Mapped[int | None]
    grid_height: Mapped[int | None]
    config_json: Mapped[str | None]
    exchange_regime: Mapped[str | None] = mapped_column(server_default="barter_only")
    money_mode: Mapped[str | None] = mapped_column(server_default=_NULL)
    money_scale: Mapped[int | None] = mapped_column(server_default=_ONE)


class AgentSnapshot(Base):
    """The state of one agent at the end of one tick.

    Quotes may be NULL (no quote) or huge (a marginal utility divided by an epsilon); money is in
    minor units, ``money_scale`` of the run converts it.
    """

    __tablename__ = "agent_snapshots"
    __table_args__ = (
        Index("idx_agent_snapshots_run_tick", "run_id", "tick"),
        Index("idx_agent_snapshots_agent", "run_id", "agent_id", "tick"),
        Index("idx_agent_snapshots_money", "run_id", "tick", "inventory_M", "lambda_money"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    agent_id: Mapped[int]
    x: Mapped[int]
    y: Mapped[int]
    inventory_A: Mapped[int]
    inventory_B: Mapped[int]
    inventory_M: Mapped[int | None] = mapped_column(server_default=_ZERO)
    utility: Mapped[float]
    ask_A_in_B: Mapped[float | None]
    bid_A_in_B: Mapped[float | None]
    p_min: Mapped[float | None]
    p_max: Mapped[float | None]
    ask_A_in_M: Mapped[float | None] = mapped_column(server_default=_NULL)
    bid_A_in_M: Mapped[float | None] = mapped_column(server_default=_NULL)
    ask_B_in_M: Mapped[float | None] = mapped_column(server_default=_NULL)
    bid_B_in_M: Mapped[float | None] = mapped_column(server_default=_NULL)
    perceived_price_A: Mapped[float | None] = mapped_column(server_default=_NULL)
    perceived_price_B: Mapped[float | None] = mapped_column(server_default=_NULL)
    lambda_money: Mapped[float | None] = mapped_column(server_default=_NULL)
    lambda_changed: Mapped[int | None] = mapped_column(server_default=_ZERO)
    target_agent_id: Mapped[int | None]
    target_x: Mapped[int | None]
    target_y: Mapped[int | None]
    utility_type: Mapped[str | None]


class ResourceSnapshot(Base):
    """What lay on one grid cell at one tick; written every few ticks, and only for cells in use.

    The state at a tick is the latest snapshot tick at or before it, that tick's rows only.
    """

    __tablename__ = "resource_snapshots"
    __table_args__ = (
        Index("idx_resource_snapshots_run_tick", "run_id", "tick"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    x: Mapped[int]
    y: Mapped[int]
    resource_type: Mapped[str]
    amount: Mapped[int]


class Decision(Base):
    """What one agent meant to do in one tick: its partner or its place to forage.

    ``alternatives`` is text, ``partner:surplus`` joined by ``"; "``; it is never parsed as SQL or
    JSON. ``claimed_resource_pos`` is text as well, ``"x,y"``.
    """

    __tablename__ = "decisions"
    __table_args__ = (
        Index("idx_decisions_run_tick", "run_id", "tick"),
        Index("idx_decisions_agent", "run_id", "agent_id", "tick"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    agent_id: Mapped[int]
    chosen_partner_id: Mapped[int | None]
    surplus_with_partner: Mapped[float | None]
    target_type: Mapped[str]
    target_x: Mapped[int | None]
    target_y: Mapped[int | None]
    num_neighbors: Mapped[int]
    alternatives: Mapped[str | None]
    mode: Mapped[str | None]
    claimed_resource_pos: Mapped[str | None] = mapped_column(server_default=_NULL)
    is_paired: Mapped[int | None] = mapped_column(server_default=_ZERO)
    is_foraging_committed: Mapped[int | None] = mapped_column(server_default=_ZERO)


class Trade(Base):
    """One exchange that happened: the buyer received ``dA`` (or ``dB`` where it paid money).

    ``price`` is dB/dA for barter, dM/dA and dM/dB for money. The first money vintage leaves
    ``exchange_pair_type`` at its default for money trades; ``direction`` and ``dM`` tell.
    """

    __tablename__ = "trades"
    __table_args__ = (
        Index("idx_trades_run_tick", "run_id", "tick"),
        Index("idx_trades_agents", "run_id", "buyer_id", "seller_id"),
        Index("idx_trades_money", "run_id", "tick", "exchange_pair_type", "dM"),
        Index("idx_trades_surplus", "run_id", "buyer_surplus", "seller_surplus"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    x: Mapped[int]
    y: Mapped[int]
    buyer_id: Mapped[int]
    seller_id: Mapped[int]
    dA: Mapped[int]
    dB: Mapped[int]
    dM: Mapped[int | None] = mapped_column(server_default=_ZERO)
    price: Mapped[float]
    direction: Mapped[str]
    exchange_pair_type: Mapped[str | None] = mapped_column(server_default=_BARTER_PAIR)
    buyer_lambda: Mapped[float | None] = mapped_column(server_default=_NULL)
    seller_lambda: Mapped[float | None] = mapped_column(server_default=_NULL)
    buyer_surplus: Mapped[float | None] = mapped_column(server_default=_NULL)
    seller_surplus: Mapped[float | None] = mapped_column(server_default=_NULL)


class TradeAttempt(Base):
    """One price and block that two agents tried; most fail, and ``result_reason`` says why.

    The rows of a negotiation share run, tick, buyer, seller and direction and are in id order.
    """

    __tablename__ = "trade_attempts"
    __table_args__ = (
        Index("idx_trade_attempts_run_tick", "run_id", "tick"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    buyer_id: Mapped[int]
    seller_id: Mapped[int]
    direction: Mapped[str]
    price: Mapped[float]
    buyer_ask: Mapped[float]
    buyer_bid: Mapped[float]
    seller_ask: Mapped[float]
    seller_bid: Mapped[float]
    surplus: Mapped[float]
    dA_attempted: Mapped[int]
    dB_calculated: Mapped[int]
    buyer_A_init: Mapped[int]
    buyer_B_init: Mapped[int]
    buyer_U_init: Mapped[float]
    buyer_A_final: Mapped[int]
    buyer_B_final: Mapped[int]
    buyer_U_final: Mapped[float]
    buyer_improves: Mapped[int]
    seller_A_init: Mapped[int]
    seller_B_init: Mapped[int]
    seller_U_init: Mapped[float]
    seller_A_final: Mapped[int]
    seller_B_final: Mapped[int]
    seller_U_final: Mapped[float]
    seller_improves: Mapped[int]
    buyer_feasible: Mapped[int]
    seller_feasible: Mapped[int]
    result: Mapped[str]
    result_reason: Mapped[str]
    exchange_pair_type: Mapped[str | None] = mapped_column(server_default=_BARTER_PAIR)
    dM_attempted: Mapped[int | None] = mapped_column(server_default=_ZERO)
    buyer_lambda: Mapped[float | None] = mapped_column(server_default=_NULL)
    seller_lambda: Mapped[float | None] = mapped_column(server_default=_NULL)
    buyer_M_init: Mapped[int | None] = mapped_column(server_default=_ZERO)
    seller_M_init: Mapped[int | None] = mapped_column(server_default=_ZERO)
    buyer_M_final: Mapped[int | None] = mapped_column(server_default=_ZERO)
    seller_M_final: Mapped[int | None] = mapped_column(server_default=_ZERO)


class ModeChange(Base):
    """A switch of the mode schedule; only switches are here, so the first ``old_mode`` began it."""

    __tablename__ = "mode_changes"
    __table_args__ = (
        Index("idx_mode_changes_run_tick", "run_id", "tick"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    old_mode: Mapped[str]
    new_mode: Mapped[str]


class TickState(Base):
    """Mode, regime and active pair types of one tick; ``active_pairs`` is a JSON array as text."""

    __tablename__ = "tick_states"
    __table_args__ = (
        UniqueConstraint("run_id", "tick"),
        Index("idx_tick_states_run_tick", "run_id", "tick"),
        Index("idx_tick_states_mode", "run_id", "current_mode", "exchange_regime"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    current_mode: Mapped[str]
    exchange_regime: Mapped[str]
    active_pairs: Mapped[str]


class LambdaUpdate(Base):
    """One step of an agent's λ in KKT mode; only steps larger than the recorder's ε are here."""

    __tablename__ = "lambda_updates"
    __table_args__ = (
        Index("idx_lambda_updates_run_agent", "run_id", "agent_id", "tick"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    agent_id: Mapped[int]
    lambda_old: Mapped[float]
    lambda_new: Mapped[float]
    lambda_hat_A: Mapped[float]
    lambda_hat_B: Mapped[float]
    lambda_hat: Mapped[float]
    clamped: Mapped[int]
    clamp_type: Mapped[str | None]


class Pairing(Base):
    """Two agents who agreed to meet (``pair``) or gave each other up (``unpair``), and why."""

    __tablename__ = "pairings"
    __table_args__ = (
        Index("idx_pairings_run_tick", "run_id", "tick"),
        Index("idx_pairings_agents", "run_id", "agent_i", "agent_j"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    agent_i: Mapped[int]
    agent_j: Mapped[int]
    event: Mapped[str]
    reason: Mapped[str]
    surplus_i: Mapped[float | None]
    surplus_j: Mapped[float | None]


class Preference(Base):
    """One entry of an agent's ranked list of partners in a tick; rank 0 is the best."""

    __tablename__ = "preferences"
    __table_args__ = (
        Index("idx_preferences_run_tick", "run_id", "tick"),
        Index("idx_preferences_agent", "run_id", "agent_id", "tick"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = _key()
    run_id: Mapped[int] = _run()
    tick: Mapped[int]
    agent_id: Mapped[int]
    partner_id: Mapped[int]
    rank: Mapped[int]
    surplus: Mapped[float]
    discounted_surplus: Mapped[float]
    distance: Mapped[int]
    pair_type: Mapped[str | None] = mapped_column(server_default=_NULL)
