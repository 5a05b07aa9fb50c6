"""The tables of the unified and the experiment databases as a person reads them."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import AgentId
from telemetry.families.simcash import (
    columns,
    costs,
    events,
    listing,
    payments,
    replay,
    runs,
    states,
)
from telemetry.families.simcash.kept import left_out_at
from telemetry.families.simcash.sql import names
from telemetry.families.simcash.units import with_units
from telemetry.families.vocabulary import Columns, ColumnSpec, TableSpec

TEMPLATES = "templates"
_EVENTS_LEVEL = "They are recorded with persistence level “events” or “full”."
_FULL_LEVEL = "They are recorded with full replay data (persistence level “full”)."
_WITHOUT_RUN: dict[str, Any] = {"run": None, "tick": None}
_EXPERIMENTAL = {**_WITHOUT_RUN, "how_to_record": "They are recorded by experiments."}
_Specs = tuple[TableSpec | None, ...]


def in_cycle(found: Columns, agents: tuple[AgentId, ...]) -> sa.ColumnElement[bool]:
    """The JSON list of the cycle's agents names one of them."""
    text = sa.cast(found.column("lsm_cycles", "agents"), sa.Text())
    written = {json.dumps(str(a), ensure_ascii=f) for a in agents for f in (True, False)}
    return sa.or_(*(names(text, w) for w in sorted(written)))


def templates_only(found: Columns) -> sa.ColumnElement[bool]:
    return found.column("policy_snapshots", "simulation_id") == TEMPLATES


def tables(models: sa.MetaData) -> tuple[TableSpec, ...]:
    """Those of the declared tables that databases with `models` may have."""
    groups = (
        _of_runs,
        _of_payments,
        _of_agents,
        _of_queues,
        _of_policies,
        _of_experiments,
        _of_models,
        _of_the_file,
    )
    return tuple(spec for group in groups for spec in group(models) if spec is not None)


def _spec(
    models: sa.MetaData,
    name: str,
    label: str,
    role: str,
    shown: tuple[ColumnSpec, ...],
    *made_of: str,
    **more: Any,
) -> TableSpec | None:
    """The table, or None where `models` has none of the tables that it is made of."""
    model = next((models.tables[n] for n in made_of or (name,) if n in models.tables), None)
    if model is None:
        return None
    shown = tuple(c for column in shown for c in with_units(column, name))
    more.setdefault("run", "simulation_id")
    more.setdefault("left_out_at", left_out_at(made_of or (name,)))
    more.setdefault("agents", ("agent_id",) if any(c.name == "agent_id" for c in shown) else ())
    return TableSpec(name, label, role, model, shown, **more)


def _of_runs(models: sa.MetaData) -> _Specs:
    """Runs, their ticks and events."""
    return (
        _spec(
            models,
            "runs",
            "Runs",
            "runs",
            (*runs.COLUMNS, runs.CONFIG),
            "simulation_runs",
            "simulations",
            select=runs.select,
            needs=runs.NEEDS,
            key=("simulation_id",),
            tick=None,
            sort="simulation_id",
        ),
        _spec(
            models,
            "ticks",
            "Ticks",
            "ticks",
            states.TICKS,
            "simulation_events",
            select=states.ticks,
            needs=states.TICK_NEEDS,
            key=("tick",),
        ),
        _spec(
            models,
            "simulation_events",
            "Events",
            "events",
            events.COLUMNS,
            key=("rowid",),
            order=("event_timestamp",),
            taking_part=events.taking_part,
            explain=replay.explain,
            summary=events.SUMMARY,
            how_to_record=_EVENTS_LEVEL,
        ),
    )


def _of_payments(models: sa.MetaData) -> _Specs:
    """Transactions and how they were netted."""
    return (
        _spec(
            models,
            "transactions",
            "Transactions",
            "trades",
            payments.TRANSACTIONS,
            key=("tx_id",),
            tick="arrival_tick",
            sort="arrival_tick",
            agents=("sender_id", "receiver_id"),
            summary=payments.SUMMARY,
            always_written=True,
        ),
        _spec(
            models,
            "unsettled",
            "Failed transactions",
            "attempts",
            payments.FAILED,
            "transactions",
            of="transactions",
            only=payments.failed,
            key=("tx_id",),
            tick="arrival_tick",
            sort="arrival_tick",
            agents=("sender_id", "receiver_id"),
            summary=payments.FAILED_SUMMARY,
            always_written=True,
            explain=payments.explain,
        ),
        _spec(
            models,
            "lsm_cycles",
            "Netting cycles",
            "cycles",
            columns.CYCLES,
            taking_part=in_cycle,
        ),
    )


def _of_agents(models: sa.MetaData) -> _Specs:
    """What agents held and what it cost them."""
    by_agent = ("tick", "agent_id")
    return (
        _spec(
            models,
            "costs",
            "Costs",
            "costs",
            costs.COLUMNS,
            "simulation_events",
            select=costs.select,
            needs=costs.NEEDS,
            key=by_agent,
            how_to_record=_EVENTS_LEVEL,
        ),
        _spec(
            models,
            "tick_agent_states",
            "Agent states",
            "states",
            states.STATES,
            key=by_agent,
            how_to_record=_FULL_LEVEL,
        ),
        _spec(
            models,
            "daily_agent_metrics",
            "Daily metrics",
            "daily",
            states.DAYS,
            select=states.days,
            needs=states.DAY_NEEDS,
            key=("day", "agent_id"),
            sort="day",
        ),
        _spec(models, "collateral_events", "Collateral", "collateral", columns.COLLATERAL),
    )


def _of_queues(models: sa.MetaData) -> _Specs:
    """What waited."""
    by_agent = ("tick", "agent_id")
    return (
        _spec(
            models,
            "queue_sizes",
            "Queue sizes",
            "queues",
            states.QUEUE_SIZES,
            "tick_queue_snapshots",
            select=states.queue_sizes,
            needs=states.QUEUE_NEEDS,
            key=by_agent,
            how_to_record=_FULL_LEVEL,
        ),
        _spec(
            models,
            "tick_queue_snapshots",
            "Queued transactions",
            "queued",
            columns.QUEUES,
            key=("tick", "agent_id", "queue_type", "position"),
            how_to_record=_FULL_LEVEL,
        ),
        _spec(
            models,
            "agent_queue_snapshots",
            "Queues at the end of days",
            "day_queues",
            columns.DAY_QUEUES,
            key=("day", "agent_id", "queue_type", "position"),
            tick="day",
            sort="day",
        ),
    )


def _of_policies(models: sa.MetaData) -> _Specs:
    """What policies decided and remembered."""
    return (
        _spec(models, "policy_decisions", "Decisions", "decisions", columns.DECISIONS),
        _spec(
            models,
            "policy_snapshots",
            "Policies",
            "policies",
            columns.POLICIES,
            key=("snapshot_tick", "agent_id"),
            tick="snapshot_tick",
            sort="snapshot_tick",
        ),
        _spec(
            models,
            "policy_templates",
            "Policy templates",
            "policy_templates",
            columns.POLICIES[3:],
            "policy_snapshots",
            of="policy_snapshots",
            only=templates_only,
            key=("agent_id",),
            sort="agent_id",
            **_WITHOUT_RUN,
        ),
        _spec(
            models,
            "agent_state_registers",
            "Policy registers",
            "registers",
            columns.REGISTERS,
            key=("tick", "agent_id", "register_key"),
        ),
    )


def _of_experiments(models: sa.MetaData) -> _Specs:
    """Experiments and what their iterations came to."""
    return (
        _spec(
            models,
            "experiments",
            "Experiments",
            "experiments",
            listing.EXPERIMENTS,
            select=listing.experiments,
            needs=listing.EXPERIMENT_NEEDS,
            key=("experiment_id",),
            sort="created_at",
            **_EXPERIMENTAL,
        ),
        _spec(
            models,
            "experiment_iterations",
            "Iterations",
            "iterations",
            listing.ITERATIONS,
            select=listing.iterations,
            needs=listing.ITERATION_NEEDS,
            key=("experiment_id", "iteration"),
            sort="experiment_id",
            **_EXPERIMENTAL,
        ),
        _spec(
            models,
            "policy_evaluations",
            "Policy evaluations",
            "evaluations",
            columns.EVALUATIONS,
            key=("run_id", "iteration", "agent_id"),
            sort="run_id",
            **_EXPERIMENTAL,
        ),
    )


def _of_models(models: sa.MetaData) -> _Specs:
    """What happened in experiments, and what language models were asked."""
    return (
        _spec(
            models,
            "experiment_events",
            "Experiment events",
            "experiment_events",
            listing.HAPPENINGS,
            select=listing.happenings,
            needs=listing.EVENT_NEEDS,
            sort="id",
            **_EXPERIMENTAL,
        ),
        _spec(
            models,
            "llm_interactions",
            "Language model interactions",
            "interactions",
            listing.INTERACTIONS,
            "experiment_events",
            select=listing.interactions,
            needs=listing.EVENT_NEEDS,
            sort="id",
            **_EXPERIMENTAL,
        ),
    )


def _of_the_file(models: sa.MetaData) -> _Specs:
    """What belongs to the file rather than to a run."""
    return (
        _spec(
            models,
            "simulation_checkpoints",
            "Checkpoints",
            "checkpoints",
            columns.CHECKPOINTS,
            key=("checkpoint_id",),
            tick="checkpoint_tick",
            sort="checkpoint_tick",
        ),
        _spec(
            models,
            "schema_migrations",
            "Schema migrations",
            "migrations",
            columns.MIGRATIONS,
            key=("version",),
            sort="version",
            **_WITHOUT_RUN,
        ),
    )
