"""The database of the first two-bank experiments: runs, policies and prompts, no ticks.

Only later files say which policies were accepted, and have the experiment's own seeds.
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


class ExperimentConfig(Base):
    """The experiment that the file is about."""

    __tablename__ = "experiment_config"

    experiment_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_name: Mapped[str]
    created_at: Mapped[datetime]
    config_yaml: Mapped[str]
    config_hash: Mapped[str]
    cost_rates: Mapped[Json]
    agent_configs: Mapped[Json]
    model_name: Mapped[str]
    reasoning_effort: Mapped[str]
    num_seeds: Mapped[Small]
    max_iterations: Mapped[Small]
    convergence_threshold: Mapped[float]
    convergence_window: Mapped[Small]
    master_seed: Mapped[Small | None]
    seed_matrix: Mapped[Json | None]
    notes: Mapped[str | None]


class IterationMetric(Base):
    """What the seeds of one iteration came to, in cents."""

    __tablename__ = "iteration_metrics"

    metric_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_id: Mapped[str]
    iteration_number: Mapped[Small]
    total_cost_mean: Mapped[float]
    total_cost_std: Mapped[float]
    risk_adjusted_cost: Mapped[float]
    settlement_rate_mean: Mapped[float]
    failure_rate: Mapped[float]
    best_seed: Mapped[Small]
    worst_seed: Mapped[Small]
    best_seed_cost: Mapped[int]
    worst_seed_cost: Mapped[int]
    converged: Mapped[bool]
    policy_was_accepted: Mapped[bool | None]
    is_best_iteration: Mapped[bool | None]
    comparison_to_best: Mapped[str | None]
    created_at: Mapped[datetime]


class LlmInteraction(Base):
    """One question to a language model and its answer."""

    __tablename__ = "llm_interactions"

    interaction_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_id: Mapped[str]
    iteration_number: Mapped[Small]
    prompt_text: Mapped[str]
    prompt_hash: Mapped[str]
    response_text: Mapped[str]
    response_hash: Mapped[str]
    model_name: Mapped[str]
    reasoning_effort: Mapped[str]
    tokens_used: Mapped[Small]
    latency_seconds: Mapped[float]
    created_at: Mapped[datetime]
    error_message: Mapped[str | None]


class PolicyIteration(Base):
    """A policy that was in force from an iteration on, or in that one only if it was rejected."""

    __tablename__ = "policy_iterations"

    iteration_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_id: Mapped[str]
    iteration_number: Mapped[Small]
    agent_id: Mapped[str]
    policy_json: Mapped[str]
    policy_hash: Mapped[str]
    parameters: Mapped[Json]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    was_accepted: Mapped[bool | None]
    is_best: Mapped[bool | None]


class SimulationRun(Base):
    """One simulation of two banks under one seed; costs are cents."""

    __tablename__ = "simulation_runs"

    run_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_id: Mapped[str]
    iteration_number: Mapped[Small]
    seed: Mapped[Small]
    total_cost: Mapped[int]
    bank_a_cost: Mapped[int]
    bank_b_cost: Mapped[int]
    settlement_rate: Mapped[float]
    collateral_cost: Mapped[int | None]
    delay_cost: Mapped[int | None]
    overdraft_cost: Mapped[int | None]
    eod_penalty: Mapped[int | None]
    bank_a_final_balance: Mapped[int | None]
    bank_b_final_balance: Mapped[int | None]
    total_arrivals: Mapped[Small | None]
    total_settlements: Mapped[Small | None]
    raw_output: Mapped[Json]
    verbose_log: Mapped[str | None]
    created_at: Mapped[datetime]


class ValidationError(Base):
    """A proposed policy that could not be used."""

    __tablename__ = "validation_errors"

    error_id: Mapped[str] = mapped_column(primary_key=True)
    experiment_id: Mapped[str]
    iteration_number: Mapped[Small]
    agent_id: Mapped[str]
    attempt_number: Mapped[Small]
    policy_json: Mapped[str]
    error_messages: Mapped[Json]
    error_category: Mapped[str | None]
    was_fixed: Mapped[bool]
    fix_attempt_count: Mapped[Small]
    created_at: Mapped[datetime]
