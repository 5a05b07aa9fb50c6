"""The audit database of a game of optimising agents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from sqlalchemy import BigInteger, DateTime, Double, Integer, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Small = Annotated[int, mapped_column(Integer())]


class Base(DeclarativeBase):
    """The registry of these tables."""

    type_annotation_map = {  # noqa: RUF012
        int: BigInteger(),
        str: Text(),
        float: Double(),
        datetime: DateTime(),
    }


class GameSession(Base):
    """A game of optimising agents; costs are floating-point cents."""

    __tablename__ = "game_sessions"

    game_id: Mapped[str] = mapped_column(primary_key=True)
    scenario_config: Mapped[str]
    master_seed: Mapped[int]
    game_mode: Mapped[str]
    config_json: Mapped[str]
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    status: Mapped[str]
    optimized_agents: Mapped[str]
    total_iterations: Mapped[Small | None]
    converged: Mapped[bool | None]
    final_cost: Mapped[float | None]


class IterationContext(Base):
    """The samples on which an agent's iteration was judged."""

    __tablename__ = "iteration_context"

    game_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    iteration_number: Mapped[Small] = mapped_column(primary_key=True)
    monte_carlo_seeds: Mapped[str]
    num_samples: Mapped[Small]
    best_seed: Mapped[Small]
    worst_seed: Mapped[Small]
    best_seed_cost: Mapped[float]
    worst_seed_cost: Mapped[float]
    best_seed_verbose_output: Mapped[str | None]
    worst_seed_verbose_output: Mapped[str | None]
    cost_mean: Mapped[float]
    cost_std: Mapped[float]
    settlement_rate_mean: Mapped[float]


class LlmInteractionLog(Base):
    """One question to a language model and its answer."""

    __tablename__ = "llm_interaction_log"

    interaction_id: Mapped[str] = mapped_column(primary_key=True)
    game_id: Mapped[str]
    agent_id: Mapped[str]
    iteration_number: Mapped[Small]
    system_prompt: Mapped[str]
    user_prompt: Mapped[str]
    raw_response: Mapped[str]
    parsed_policy_json: Mapped[str | None]
    parsing_error: Mapped[str | None]
    llm_reasoning: Mapped[str | None]
    request_timestamp: Mapped[datetime]
    response_timestamp: Mapped[datetime]


class PolicyDiff(Base):
    """What changed in an agent's policy at an iteration."""

    __tablename__ = "policy_diffs"

    game_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    iteration_number: Mapped[Small] = mapped_column(primary_key=True)
    diff_summary: Mapped[str]
    parameter_changes_json: Mapped[str | None]
    payment_tree_changed: Mapped[bool]
    collateral_tree_changed: Mapped[bool]
    parameters_snapshot_json: Mapped[str]


class PolicyIteration(Base):
    """An agent's old and proposed policy with their costs."""

    __tablename__ = "policy_iterations"

    game_id: Mapped[str] = mapped_column(primary_key=True)
    agent_id: Mapped[str] = mapped_column(primary_key=True)
    iteration_number: Mapped[Small] = mapped_column(primary_key=True)
    trigger_tick: Mapped[Small]
    old_policy_json: Mapped[str]
    new_policy_json: Mapped[str]
    old_cost: Mapped[float]
    new_cost: Mapped[float]
    cost_improvement: Mapped[float]
    was_accepted: Mapped[bool]
    validation_errors: Mapped[str]
    llm_model: Mapped[str]
    llm_latency_seconds: Mapped[float]
    tokens_used: Mapped[Small]
    created_at: Mapped[datetime]
