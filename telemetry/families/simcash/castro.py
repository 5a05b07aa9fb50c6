"""The first two-bank experiments: runs under seeds, policies and prompts, without ticks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import sqlalchemy as sa

from telemetry.concepts import Cell, RunDetail, RunId
from telemetry.families.asker import Asker
from telemetry.families.simcash import castro_answers, shapes
from telemetry.families.simcash.bands import UNIT
from telemetry.families.simcash.models import castro as models
from telemetry.families.simcash.words import money
from telemetry.families.vocabulary import Columns, ColumnSpec, FamilySpec, RunSpec, TableSpec
from telemetry.frozen import replace
from telemetry.queries import ExperimentsQuery, IterationsQuery

C = ColumnSpec
_R = "simulation_runs"
_EXPERIMENT = C("experiment_id", "experiment", role="experiment", facet=True)
_ITERATION = C("iteration_number", "iteration", "int", role="iteration")
_AGENT = C("agent_id", "agent", role="agent", facet=True)
_CREATED = C("created_at", "at", "time", role="start")


def _cents(name: str, label: str, role: str | None = None, kind: Any = "int") -> ColumnSpec:
    return C(name, label, kind, role=role, unit=UNIT)


def _text(name: str, label: str, role: str) -> ColumnSpec:
    """Long text, read only where it is asked for."""
    return C(name, label, role=role, visible=False)


def _name(columns: Columns) -> sa.ColumnElement[Any]:
    number, seed = columns.column(_R, "iteration_number"), columns.column(_R, "seed")
    return sa.func.concat("iteration ", number, ", seed ", seed)


RUN_COLUMNS = (
    C("run_id", "run", role="run"),
    C("name", "name", role="name", derive=_name, needs=("iteration_number", "seed")),
    _EXPERIMENT,
    _ITERATION,
    C("seed", "seed", "int", role="seed"),
    _cents("total_cost", "total cost", "cost"),
    _cents("bank_a_cost", "cost of BANK_A"),
    _cents("bank_b_cost", "cost of BANK_B"),
    C("settlement_rate", "settlement rate", "real"),
    _cents("collateral_cost", "collateral cost"),
    _cents("delay_cost", "delay cost"),
    _cents("overdraft_cost", "overdraft cost"),
    _cents("eod_penalty", "penalty at the day's end"),
    _cents("bank_a_final_balance", "final balance of BANK_A"),
    _cents("bank_b_final_balance", "final balance of BANK_B"),
    C("total_arrivals", "arrivals", "int"),
    C("total_settlements", "settlements", "int"),
    _CREATED,
)
_CONFIGS = (
    _EXPERIMENT,
    C("experiment_name", "name", role="name"),
    C("created_at", "created", "time", role="start"),
    C("model_name", "model", role="model", facet=True),
    C("reasoning_effort", "reasoning effort", facet=True),
    C("num_seeds", "seeds", "int"),
    C("max_iterations", "iterations at most", "int"),
    C("convergence_threshold", "convergence threshold", "real"),
    C("convergence_window", "convergence window", "int"),
    C("master_seed", "master seed", "int", role="master_seed"),
    C("notes", "notes"),
    C("config_hash", "configuration hash", visible=False),
    C("cost_rates", "cost rates", "json", visible=False),
    C("agent_configs", "agents", "json", visible=False),
    C("seed_matrix", "seeds of the iterations", "json", visible=False),
    _text("config_yaml", "configuration", "config"),
)
_METRICS = (
    C("metric_id", "id", role="key", visible=False),
    _EXPERIMENT,
    _ITERATION,
    _cents("total_cost_mean", "mean cost", "cost", "real"),
    _cents("total_cost_std", "standard deviation", None, "real"),
    _cents("risk_adjusted_cost", "risk-adjusted cost", None, "real"),
    C("settlement_rate_mean", "settlement rate", "real"),
    C("failure_rate", "failure rate", "real"),
    C("best_seed", "best seed", "int"),
    _cents("best_seed_cost", "best seed's cost"),
    C("worst_seed", "worst seed", "int"),
    _cents("worst_seed_cost", "worst seed's cost"),
    C("policy_was_accepted", "accepted", "flag", role="accepted", facet=True),
    C("is_best_iteration", "best so far", "flag", facet=True),
    C("comparison_to_best", "against the best"),
    C("converged", "converged", "flag", role="converged", facet=True),
    _CREATED,
)
_POLICIES = (
    C("iteration_id", "id", role="key", visible=False),
    _EXPERIMENT,
    _ITERATION,
    _AGENT,
    C("created_by", "created by", facet=True),
    C("was_accepted", "accepted", "flag", role="accepted", facet=True),
    C("is_best", "best so far", "flag", facet=True),
    C("parameters", "parameters", "json"),
    _CREATED,
    C("policy_hash", "hash", visible=False),
    C("policy_json", "policy", "json", role="policy", visible=False),
)
_TALKS = (
    C("interaction_id", "id", role="key", visible=False),
    _EXPERIMENT,
    _ITERATION,
    _CREATED,
    C("model_name", "model", role="model", facet=True),
    C("reasoning_effort", "reasoning effort", facet=True),
    C("tokens_used", "tokens", "int", role="tokens"),
    C("latency_seconds", "latency", "real", role="latency", unit="s"),
    C("error_message", "error", role="error"),
    C("prompt_hash", "prompt hash", visible=False),
    C("response_hash", "response hash", visible=False),
    _text("prompt_text", "prompt", "prompt"),
    _text("response_text", "response", "response"),
)
_ERRORS = (
    C("error_id", "id", role="key", visible=False),
    _EXPERIMENT,
    _ITERATION,
    _AGENT,
    C("attempt_number", "attempt", "int"),
    C("error_category", "category", role="kind", facet=True),
    C("was_fixed", "fixed", "flag", facet=True),
    C("fix_attempt_count", "attempts to fix", "int"),
    C("error_messages", "messages", "json", role="reason"),
    _CREATED,
    C("policy_json", "policy", "json", role="policy", visible=False),
)
_LOGS = (
    C("raw_output", "output", "json", role="config", visible=False),
    _text("verbose_log", "log", "log"),
)


def _table(
    model: Any, label: str, role: str, shown: tuple[ColumnSpec, ...], key: str, **more: Any
) -> TableSpec:
    table = cast(sa.Table, model.__table__)
    agents = ("agent_id",) if _AGENT in shown else ()
    settings: dict[str, Any] = {"run": None, "sort": "iteration_number", **more}
    return TableSpec(
        table.name, label, role, table, shown, key=(key,), tick=None, agents=agents, **settings
    )


_ORDER: dict[str, Any] = {"order": ("created_at",)}
TABLES = (
    _table(models.SimulationRun, "Runs", "runs", (*RUN_COLUMNS, *_LOGS), "run_id", run="run_id"),
    _table(
        models.ExperimentConfig,
        "Experiments",
        "experiments",
        _CONFIGS,
        "experiment_id",
        sort="created_at",
    ),
    _table(models.IterationMetric, "Iterations", "iterations", _METRICS, "metric_id", **_ORDER),
    _table(models.PolicyIteration, "Policies", "policies", _POLICIES, "iteration_id", **_ORDER),
    _table(
        models.LlmInteraction,
        "Language model interactions",
        "interactions",
        _TALKS,
        "interaction_id",
        **_ORDER,
    ),
    _table(
        models.ValidationError,
        "Validation errors",
        "validation_errors",
        _ERRORS,
        "error_id",
        **_ORDER,
    ),
)


def _status(fields: Mapping[str, Cell]) -> str:
    """A row is written when its simulation has finished."""
    return "completed"


def _extra(fields: Mapping[str, Cell], config: object) -> Mapping[str, Cell]:
    return {}


def _detail(asker: Asker, run_id: RunId, found: RunDetail) -> RunDetail:
    shown = tuple(
        (c.label, money(v) if c.unit == UNIT else v)
        for c in RUN_COLUMNS
        for v in [found.run.fields.get(c.name)]
        if c.name not in ("run_id", "name")
    )
    said = ("Ticks and events of this run were not recorded, so it cannot be replayed.",)
    problem = found.config_problem
    return replace(found, facts=shown, warnings=said if problem is None else (*said, problem))


FAMILY = FamilySpec(
    name="simcash",
    label="SimCash payments",
    recognise=shapes.castro,
    runs=RunSpec(
        table=_R,
        id="run_id",
        name="name",
        config="raw_output",
        columns=RUN_COLUMNS,
        extra=_extra,
        extra_columns=(),
        status=_status,
        tick_tables=(),
        experiment="experiment_id",
        iteration="iteration_number",
        order=("experiment_id", "iteration_number", "seed"),
    ),
    tables=TABLES,
    measures=(),
    lanes=(),
    scales=lambda asker, vintage: (),
    detail=_detail,
    answers={
        ExperimentsQuery: castro_answers.experiments,
        IterationsQuery: castro_answers.iterations,
    },
)
