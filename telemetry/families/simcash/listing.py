"""Experiments, iterations and their events under the same names, whichever shape stores them."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.families.simcash.sql import (
    decoded,
    first_of,
    labelled,
    real_at,
    text_at,
    text_under,
    whole_at,
    yes_or_no,
)
from telemetry.families.vocabulary import ColumnSpec, Stored

C = ColumnSpec
_E, _I, _H = "experiments", "experiment_iterations", "experiment_events"
LLM = "llm_interaction"

EXPERIMENT_NEEDS = ("experiments.experiment_id|experiments.run_id",)
ITERATION_NEEDS = ("experiment_iterations.experiment_id|experiment_iterations.run_id",)
EVENT_NEEDS = ("experiment_events.experiment_id|experiment_events.run_id",)


def _id(stored: Stored, table: str) -> sa.ColumnElement[Any] | None:
    return first_of(stored, (table, "experiment_id"), (table, "run_id"))


def experiments(stored: Stored) -> sa.Select[Any]:
    """Every experiment; seed and scenario come from the configuration where no column has them."""
    config = decoded(stored.column(_E, "config")) if stored.has(_E, "config") else None
    told = {
        "master_seed": None if config is None else whole_at(config, "$.master_seed"),
        "scenario_path": None if config is None else text_at(config, "$.scenario_path"),
    }
    either = {
        name: sa.func.coalesce(*known) if len(known) > 1 else (known[0] if known else None)
        for name, value in told.items()
        for known in [[e for e in (first_of(stored, (_E, name)), value) if e is not None]]
    }
    plain = ("experiment_name", "experiment_type", "created_at", "completed_at", "num_iterations")
    ends = ("converged", "convergence_reason", "final_cost", "best_cost", "config")
    return sa.select(
        *labelled(
            experiment_id=_id(stored, _E),
            **{name: first_of(stored, (_E, name)) for name in plain},
            **either,
            evaluation_mode=None if config is None else text_at(config, "$.evaluation.mode"),
            max_iterations=(
                None if config is None else whole_at(config, "$.convergence.max_iterations")
            ),
            **{name: first_of(stored, (_E, name)) for name in ends},
        )
    ).select_from(stored.table(_E))


def iterations(stored: Stored) -> sa.Select[Any]:
    """Every iteration as stored, with the links that this shape has."""
    names = (
        "iteration",
        "timestamp",
        "costs_per_agent",
        "accepted_changes",
        "policies",
        "evaluation_simulation_id",
        "bootstrap_simulation_ids",
    )
    return sa.select(
        *labelled(
            experiment_id=_id(stored, _I),
            **{name: first_of(stored, (_I, name)) for name in names},
        )
    ).select_from(stored.table(_I))


def happenings(stored: Stored) -> sa.Select[Any]:
    """Every event of an experiment, with the agent and the cost that its payload names."""
    data = decoded(stored.column(_H, "event_data"))
    return sa.select(
        *labelled(
            id=stored.column(_H, "id"),
            experiment_id=_id(stored, _H),
            iteration=stored.column(_H, "iteration"),
            event_type=stored.column(_H, "event_type"),
            timestamp=stored.column(_H, "timestamp"),
            agent_id=text_at(data, "$.agent_id"),
            total_cost=whole_at(data, "$.total_cost"),
            event_data=stored.column(_H, "event_data"),
        )
    ).select_from(stored.table(_H))


def interactions(stored: Stored) -> sa.Select[Any]:
    """Every question to a language model, with what the iteration says of the agent's change;
    prompts and response are read only where asked for."""
    data = decoded(stored.column(_H, "event_data"))
    agent = text_at(data, "$.agent_id")
    joined, accepted = _with_marks(stored, agent)
    texts = ("model", "parsing_error", "system_prompt", "user_prompt", "raw_response")
    return (
        sa.select(
            *labelled(
                id=stored.column(_H, "id"),
                experiment_id=_id(stored, _H),
                iteration=stored.column(_H, "iteration"),
                timestamp=stored.column(_H, "timestamp"),
                agent_id=agent,
                accepted=accepted,
                prompt_tokens=whole_at(data, "$.prompt_tokens"),
                completion_tokens=whole_at(data, "$.completion_tokens"),
                latency_seconds=real_at(data, "$.latency_seconds"),
                **{name: text_at(data, f"$.{name}") for name in texts},
                parsed_policy=text_at(data, "$.parsed_policy"),
            )
        )
        .select_from(joined)
        .where(stored.column(_H, "event_type") == LLM)
    )


def _with_marks(
    stored: Stored, agent: sa.ColumnElement[Any]
) -> tuple[sa.FromClause, sa.ColumnElement[Any] | None]:
    """The events with their iterations, and what these mark of the agent; None: no marks here."""
    events = stored.table(_H)
    own, other = _id(stored, _H), _id(stored, _I)
    if own is None or other is None or not stored.has(_I, "iteration", "accepted_changes"):
        return events, None
    same = sa.and_(own == other, stored.column(_H, "iteration") == stored.column(_I, "iteration"))
    marks = decoded(stored.column(_I, "accepted_changes"))
    mark = yes_or_no(text_under(marks, agent))
    return events.outerjoin(stored.table(_I), same), mark


_EXPERIMENT = C("experiment_id", "experiment", role="experiment", facet=True)
_ITERATION = C("iteration", "iteration", "int", role="iteration")

EXPERIMENTS = (
    _EXPERIMENT,
    C("experiment_name", "name", role="name"),
    C("experiment_type", "type", role="kind", facet=True),
    C("scenario_path", "scenario"),
    C("master_seed", "master seed", "int", role="master_seed"),
    C("created_at", "created", "time", role="start"),
    C("completed_at", "completed", "time", role="end"),
    C("num_iterations", "iterations", "int", role="iterations"),
    C("max_iterations", "iterations at most", "int", visible=False),
    C("evaluation_mode", "evaluation", facet=True),
    C("converged", "converged", "flag", role="converged", facet=True),
    C("convergence_reason", "reason", role="reason"),
    C("best_cost", "best cost", "int", role="best_cost", unit="cents"),
    C("final_cost", "final cost", "int", role="final_cost", unit="cents"),
    C("config", "configuration", "json", role="config", visible=False),
)
ITERATIONS = (
    _EXPERIMENT,
    _ITERATION,
    C("timestamp", "at", "time", role="start"),
    C("costs_per_agent", "costs per agent", "json", help="Integer cents by agent."),
    C("accepted_changes", "accepted", "json"),
    C("evaluation_simulation_id", "evaluation run", role="run_link"),
    C("bootstrap_simulation_ids", "bootstrap runs", "json", visible=False),
    C("policies", "policies", "json", role="payload", visible=False),
)
HAPPENINGS = (
    C("id", "id", "int", role="key", visible=False),
    _EXPERIMENT,
    _ITERATION,
    C("timestamp", "at", "time", role="start"),
    C("event_type", "event", role="event", facet=True),
    C("agent_id", "agent", role="agent", facet=True),
    C("total_cost", "total cost", "int", role="cost", unit="cents"),
    C("event_data", "payload", "json", role="payload", visible=False),
)
INTERACTIONS = (
    C("id", "id", "int", role="key", visible=False),
    _EXPERIMENT,
    _ITERATION,
    C("agent_id", "agent", role="agent", facet=True),
    C("model", "model", role="model", facet=True),
    C(
        "accepted",
        "accepted",
        "flag",
        role="accepted",
        facet=True,
        help="What the iteration marks of this agent's change.",
    ),
    C("prompt_tokens", "prompt tokens", "int", role="prompt_tokens"),
    C("completion_tokens", "completion tokens", "int", role="completion_tokens"),
    C("latency_seconds", "latency", "real", role="latency", unit="s"),
    C("parsing_error", "error", role="error", facet=True),
    C("timestamp", "at", "time", role="start"),
    C("system_prompt", "system prompt", role="system_prompt", visible=False),
    C("user_prompt", "prompt", role="prompt", visible=False),
    C("raw_response", "response", role="response", visible=False),
    C("parsed_policy", "policy", "json", role="policy", visible=False),
)
