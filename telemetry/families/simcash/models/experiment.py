"""The experiment databases that came before the unified schema, in their newer form.

The legacy form has the three ``experiment`` tables only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Double, Integer, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Small = Annotated[int, mapped_column(Integer())]
Json = Annotated[Any, mapped_column(JSON())]


class Base(DeclarativeBase):
    """The registry of these tables."""

    type_annotation_map = {  # noqa: RUF012
        int: BigInteger(),
        str: Text(),
        float: Double(),
        datetime: DateTime(),
    }


class AgentStateRegister(Base):
    """A number that a policy remembered, as it was set at a tick."""

    __tablename__ = "agent_state_registers"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    tick: Mapped[Small] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    register_key: Mapped[str] = mapped_column(primary_key=True)
    register_value: Mapped[float | None]


class ExperimentEvent(Base):
    """Something that happened in an experiment (``run_id``)."""

    __tablename__ = "experiment_events"

    id: Mapped[Small] = mapped_column(primary_key=True)
    run_id: Mapped[str]
    iteration: Mapped[Small]
    event_type: Mapped[str]
    event_data: Mapped[Json]
    timestamp: Mapped[str]


class ExperimentIteration(Base):
    """What one iteration came to: JSON objects by agent, costs in cents."""

    __tablename__ = "experiment_iterations"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    iteration: Mapped[Small] = mapped_column(primary_key=True)
    costs_per_agent: Mapped[Json]
    accepted_changes: Mapped[Json]
    policies: Mapped[Json]
    timestamp: Mapped[str]


class Experiment(Base):
    """An experiment; its id is called ``run_id``. Times are ISO text."""

    __tablename__ = "experiments"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_name: Mapped[str]
    experiment_type: Mapped[str]
    config: Mapped[Json]
    created_at: Mapped[str]
    completed_at: Mapped[str | None]
    num_iterations: Mapped[Small | None]
    converged: Mapped[bool | None]
    convergence_reason: Mapped[str | None]


class PolicyEvaluation(Base):
    """A proposed policy weighed against the one in force; costs are cents."""

    __tablename__ = "policy_evaluations"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    iteration: Mapped[Small] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    evaluation_mode: Mapped[str]
    proposed_policy: Mapped[Json]
    old_cost: Mapped[Small]
    new_cost: Mapped[Small]
    context_simulation_cost: Mapped[Small]
    accepted: Mapped[bool]
    acceptance_reason: Mapped[str]
    delta_sum: Mapped[Small]
    num_samples: Mapped[Small]
    sample_details: Mapped[Json | None]
    scenario_seed: Mapped[Small | None]
    timestamp: Mapped[str]
    settlement_rate: Mapped[float | None]
    avg_delay: Mapped[float | None]
    cost_breakdown: Mapped[Json | None]
    cost_std_dev: Mapped[Small | None]
    confidence_interval_95: Mapped[Json | None]
    agent_stats: Mapped[Json | None]


class SimulationEvent(Base):
    """Everything that happened in a simulation."""

    __tablename__ = "simulation_events"

    event_id: Mapped[str] = mapped_column(primary_key=True)
    simulation_id: Mapped[str | None]
    tick: Mapped[Small | None]
    day: Mapped[Small | None]
    event_timestamp: Mapped[datetime | None]
    event_type: Mapped[str | None]
    details: Mapped[str | None]
    agent_id: Mapped[str | None]
    tx_id: Mapped[str | None]
    created_at: Mapped[datetime | None]


class Simulation(Base):
    """One run within an experiment (``experiment_run_id``)."""

    __tablename__ = "simulations"

    simulation_id: Mapped[str] = mapped_column(primary_key=True)
    config_file: Mapped[str | None]
    config_name: Mapped[str | None]
    description: Mapped[str | None]
    rng_seed: Mapped[int | None]
    ticks_per_day: Mapped[Small | None]
    num_days: Mapped[Small | None]
    num_agents: Mapped[Small | None]
    status: Mapped[str | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    total_arrivals: Mapped[Small | None]
    total_settlements: Mapped[Small | None]
    total_cost_cents: Mapped[int | None]
    duration_seconds: Mapped[float | None]
    ticks_per_second: Mapped[float | None]
    config_json: Mapped[str | None]
    experiment_run_id: Mapped[str | None]
    experiment_iteration: Mapped[Small | None]
