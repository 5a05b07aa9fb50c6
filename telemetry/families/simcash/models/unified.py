"""The unified schema of SimCash, in full: 18 tables of runs, events and experiments.

A file of an older producer lacks the experiment tables and the columns that link runs to them.
Money is integer cents everywhere. JSON is stored as text.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Double, Index, Integer, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Small = Annotated[int, mapped_column(Integer())]


def _index(name: str, *columns: str) -> tuple[Index]:
    """An index under the producer's name, where it helps: DuckDB skips blocks without it."""
    return (Index(name, *columns, info={"needless_on": "duckdb"}),)


class Base(DeclarativeBase):
    """The registry of these tables."""

    type_annotation_map = {  # noqa: RUF012
        int: BigInteger(),
        str: Text(),
        float: Double(),
        datetime: DateTime(),
    }


class AgentQueueSnapshot(Base):
    """One transaction waiting in an agent's queue at the end of a day."""

    __tablename__ = "agent_queue_snapshots"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    queue_type: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    transaction_id: Mapped[str]


class AgentStateRegister(Base):
    """A number that a policy remembered, as it was set at a tick."""

    __tablename__ = "agent_state_registers"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    register_key: Mapped[str] = mapped_column(primary_key=True)
    register_value: Mapped[float]


class CollateralEvent(Base):
    """Collateral that an agent posted or withdrew; amounts are cents."""

    __tablename__ = "collateral_events"
    __table_args__ = _index("idx_collateral_sim_day", "simulation_id", "day")

    id: Mapped[Small] = mapped_column(primary_key=True)
    simulation_id: Mapped[str]
    agent_id: Mapped[str]
    tick: Mapped[int]
    day: Mapped[int]
    action: Mapped[str]
    amount: Mapped[int]
    reason: Mapped[str]
    layer: Mapped[str]
    balance_before: Mapped[int]
    posted_collateral_before: Mapped[int]
    posted_collateral_after: Mapped[int]
    available_capacity_after: Mapped[int]


class DailyAgentMetric(Base):
    """One agent's day. Costs are the day's own, not accumulated over days."""

    __tablename__ = "daily_agent_metrics"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[int] = mapped_column(primary_key=True)
    opening_balance: Mapped[int]
    closing_balance: Mapped[int]
    min_balance: Mapped[int]
    max_balance: Mapped[int]
    unsecured_cap: Mapped[int]
    peak_overdraft: Mapped[int]
    opening_posted_collateral: Mapped[int]
    closing_posted_collateral: Mapped[int]
    peak_posted_collateral: Mapped[int]
    collateral_capacity: Mapped[int]
    num_collateral_posts: Mapped[int]
    num_collateral_withdrawals: Mapped[int]
    num_arrivals: Mapped[int]
    num_sent: Mapped[int]
    num_received: Mapped[int]
    num_settled: Mapped[int]
    num_dropped: Mapped[int]
    queue1_peak_size: Mapped[int]
    queue1_eod_size: Mapped[int]
    liquidity_cost: Mapped[int]
    delay_cost: Mapped[int]
    collateral_cost: Mapped[int]
    split_friction_cost: Mapped[int]
    deadline_penalty_cost: Mapped[int]
    total_cost: Mapped[int]


class ExperimentEvent(Base):
    """Something that happened in an experiment.

    ``event_data`` of an ``llm_interaction`` holds prompts and response: 30 to 66 KB each.
    """

    __tablename__ = "experiment_events"
    __table_args__ = _index("idx_exp_event_iter", "experiment_id", "iteration")

    id: Mapped[Small] = mapped_column(primary_key=True)
    experiment_id: Mapped[str]
    iteration: Mapped[int]
    event_type: Mapped[str]
    event_data: Mapped[str]
    timestamp: Mapped[str]


class ExperimentIteration(Base):
    """What one iteration came to.

    ``costs_per_agent`` (cents), ``accepted_changes`` and ``policies`` are JSON objects by agent;
    ``accepted_changes`` may be all false although the policies change.
    """

    __tablename__ = "experiment_iterations"

    experiment_id: Mapped[str] = mapped_column(primary_key=True)
    iteration: Mapped[int] = mapped_column(primary_key=True)
    costs_per_agent: Mapped[str]
    accepted_changes: Mapped[str]
    policies: Mapped[str]
    timestamp: Mapped[str]
    evaluation_simulation_id: Mapped[str | None]
    bootstrap_simulation_ids: Mapped[str | None]


class Experiment(Base):
    """A container of runs; costs are cents."""

    __tablename__ = "experiments"

    experiment_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_name: Mapped[str]
    experiment_type: Mapped[str]
    config: Mapped[str]
    scenario_path: Mapped[str | None]
    master_seed: Mapped[int]
    created_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    num_iterations: Mapped[int]
    converged: Mapped[bool]
    convergence_reason: Mapped[str | None]
    final_cost: Mapped[int | None]
    best_cost: Mapped[int | None]


class LsmCycle(Base):
    """Payments that a liquidity-saving mechanism settled against one another."""

    __tablename__ = "lsm_cycles"
    __table_args__ = _index("idx_lsm_sim_day", "simulation_id", "day")

    id: Mapped[Small] = mapped_column(primary_key=True)
    simulation_id: Mapped[str]
    tick: Mapped[int]
    day: Mapped[int]
    cycle_type: Mapped[str]
    cycle_length: Mapped[int]
    agents: Mapped[str]
    transactions: Mapped[str]
    settled_value: Mapped[int]
    total_value: Mapped[int]
    tx_amounts: Mapped[str | None]
    net_positions: Mapped[str | None]
    max_net_outflow: Mapped[int | None]
    max_net_outflow_agent: Mapped[str | None]


class PolicyDecision(Base):
    """What a policy decided about one transaction at a tick."""

    __tablename__ = "policy_decisions"
    __table_args__ = _index("idx_policy_sim_tick", "simulation_id", "tick")

    id: Mapped[Small] = mapped_column(primary_key=True)
    simulation_id: Mapped[str]
    agent_id: Mapped[str]
    tick: Mapped[int]
    day: Mapped[int]
    decision_type: Mapped[str]
    tx_id: Mapped[str]
    reason: Mapped[str | None]
    num_splits: Mapped[int | None]
    child_tx_ids: Mapped[str | None]


class PolicySnapshot(Base):
    """A policy as an agent held it from a tick on.

    Templates are stored as well, under the simulation "templates" with their name as the agent.
    """

    __tablename__ = "policy_snapshots"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    snapshot_day: Mapped[int] = mapped_column(primary_key=True)
    snapshot_tick: Mapped[int] = mapped_column(primary_key=True)
    policy_hash: Mapped[str]
    policy_json: Mapped[str]
    created_by: Mapped[str]


class SchemaMigration(Base):
    """A change of the schema that was applied; may be empty."""

    __tablename__ = "schema_migrations"

    version: Mapped[Small] = mapped_column(primary_key=True)
    applied_at: Mapped[datetime]
    description: Mapped[str]


class SimulationCheckpoint(Base):
    """A saved state from which a simulation can go on."""

    __tablename__ = "simulation_checkpoints"

    checkpoint_id: Mapped[str] = mapped_column(primary_key=True)
    simulation_id: Mapped[str]
    checkpoint_tick: Mapped[int]
    checkpoint_day: Mapped[int]
    checkpoint_timestamp: Mapped[datetime]
    state_json: Mapped[str]
    state_hash: Mapped[str]
    config_json: Mapped[str]
    config_hash: Mapped[str]
    checkpoint_type: Mapped[str]
    description: Mapped[str | None]
    created_by: Mapped[str]
    num_agents: Mapped[int]
    num_transactions: Mapped[int]
    total_size_bytes: Mapped[int]


class SimulationEvent(Base):
    """Everything that happened, in the order of tick, ``event_timestamp`` and row.

    ``event_id`` is random. ``agent_id`` is NULL for arrivals, settlements and netting: the parties
    are named in ``details``.
    """

    __tablename__ = "simulation_events"
    __table_args__ = _index("idx_sim_events_sim_tick", "simulation_id", "tick")

    event_id: Mapped[str] = mapped_column(primary_key=True)
    simulation_id: Mapped[str]
    tick: Mapped[int]
    day: Mapped[int]
    event_timestamp: Mapped[datetime]
    event_type: Mapped[str]
    details: Mapped[str]
    agent_id: Mapped[str | None]
    tx_id: Mapped[str | None]
    created_at: Mapped[datetime]


class SimulationRun(Base):
    """One run; alone, or within an experiment."""

    __tablename__ = "simulation_runs"
    __table_args__ = _index("idx_sim_experiment", "experiment_id")

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    config_name: Mapped[str]
    config_hash: Mapped[str]
    description: Mapped[str | None]
    start_time: Mapped[datetime]
    end_time: Mapped[datetime | None]
    ticks_per_day: Mapped[int]
    num_days: Mapped[int]
    rng_seed: Mapped[int]
    status: Mapped[str]
    total_transactions: Mapped[int]
    total_settlements: Mapped[int | None]
    total_cost: Mapped[int | None]
    duration_seconds: Mapped[float | None]
    experiment_id: Mapped[str | None]
    iteration: Mapped[int | None]
    sample_index: Mapped[int | None]
    run_purpose: Mapped[str | None]
    persistence_level: Mapped[str | None]


class Simulation(Base):
    """The run once more, with its configuration, where the command line recorded it."""

    __tablename__ = "simulations"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    config_file: Mapped[str]
    config_hash: Mapped[str]
    rng_seed: Mapped[int]
    ticks_per_day: Mapped[int]
    num_days: Mapped[int]
    num_agents: Mapped[int]
    config_json: Mapped[str | None]
    status: Mapped[str]
    started_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    total_arrivals: Mapped[int | None]
    total_settlements: Mapped[int | None]
    total_cost_cents: Mapped[int | None]
    duration_seconds: Mapped[float | None]
    ticks_per_second: Mapped[float | None]


class TickAgentState(Base):
    """One agent at the end of a tick.

    The cost columns accumulate within a day and begin anew with the next one, so a ``_delta`` is
    negative at the first tick of a day.
    """

    __tablename__ = "tick_agent_states"
    __table_args__ = _index("idx_tick_states_sim_tick", "simulation_id", "tick")

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[int]
    balance: Mapped[int]
    balance_change: Mapped[int]
    unsecured_cap: Mapped[int]
    posted_collateral: Mapped[int]
    liquidity_cost: Mapped[int]
    delay_cost: Mapped[int]
    collateral_cost: Mapped[int]
    penalty_cost: Mapped[int]
    split_friction_cost: Mapped[int]
    liquidity_cost_delta: Mapped[int]
    delay_cost_delta: Mapped[int]
    collateral_cost_delta: Mapped[int]
    penalty_cost_delta: Mapped[int]
    split_friction_cost_delta: Mapped[int]


class TickQueueSnapshot(Base):
    """One transaction waiting in an agent's queue at the end of a tick."""

    __tablename__ = "tick_queue_snapshots"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[int] = mapped_column(primary_key=True)
    queue_type: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    tx_id: Mapped[str]


class Transaction(Base):
    """A payment from arrival to settlement; amounts are cents.

    ``total_delay_ticks`` may stay 0 for delayed payments; settlement less arrival tells.
    """

    __tablename__ = "transactions"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    tx_id: Mapped[str] = mapped_column(primary_key=True)
    sender_id: Mapped[str]
    receiver_id: Mapped[str]
    amount: Mapped[int]
    priority: Mapped[int]
    is_divisible: Mapped[bool]
    arrival_tick: Mapped[int]
    arrival_day: Mapped[int]
    deadline_tick: Mapped[int]
    settlement_tick: Mapped[int | None]
    settlement_day: Mapped[int | None]
    status: Mapped[str]
    overdue_since_tick: Mapped[int | None]
    drop_reason: Mapped[str | None]
    amount_settled: Mapped[int]
    queue1_ticks: Mapped[int]
    queue2_ticks: Mapped[int]
    total_delay_ticks: Mapped[int]
    delay_cost: Mapped[int]
    parent_tx_id: Mapped[str | None]
    split_index: Mapped[int | None]
    rtgs_priority: Mapped[str | None]
    rtgs_submission_tick: Mapped[int | None]
    declared_rtgs_priority: Mapped[str | None]
