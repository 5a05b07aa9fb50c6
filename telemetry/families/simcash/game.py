"""The audit database of a game: what agents proposed and were told, without any runs."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any, cast

import sqlalchemy as sa

from telemetry.concepts import (
    Cell,
    Column,
    Experiment,
    ExperimentList,
    Iteration,
    IterationList,
    RunDetail,
    RunId,
)
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.simcash import shapes
from telemetry.families.simcash.bands import UNIT
from telemetry.families.simcash.experiments import total, unnumbered
from telemetry.families.simcash.models import game as models
from telemetry.families.simcash.words import unpacked
from telemetry.families.vocabulary import ColumnSpec, FamilySpec, RunSpec, TableSpec
from telemetry.queries import ExperimentsQuery, IterationsQuery
from telemetry.values import cell

C = ColumnSpec
_GAME = C("game_id", "game", role="experiment", facet=True)
_AGENT = C("agent_id", "agent", role="agent", facet=True)
_ITERATION = C("iteration_number", "iteration", "int", role="iteration")


def _cents(name: str, label: str, role: str | None = None) -> ColumnSpec:
    return C(name, label, "real", role=role, unit=UNIT)


def _text(name: str, label: str, role: str) -> ColumnSpec:
    """Long text, read only where it is asked for."""
    return C(name, label, role=role, visible=False)


SESSIONS = (
    _GAME,
    C("scenario_config", "scenario", role="name"),
    C("game_mode", "mode", role="kind", facet=True),
    C("status", "status", role="status", facet=True),
    C("master_seed", "master seed", "int", role="master_seed"),
    C("started_at", "started", "time", role="start"),
    C("completed_at", "completed", "time", role="end"),
    C("total_iterations", "iterations", "int", role="iterations"),
    C("converged", "converged", "flag", role="converged", facet=True),
    _cents("final_cost", "final cost", "final_cost"),
    C("optimized_agents", "optimised agents", "json"),
    C("config_json", "configuration", "json", role="config", visible=False),
)
_PROPOSALS = (
    _GAME,
    _ITERATION,
    _AGENT,
    _cents("old_cost", "old cost"),
    _cents("new_cost", "new cost", "cost"),
    _cents("cost_improvement", "improvement"),
    C("was_accepted", "accepted", "flag", role="accepted", facet=True),
    C("validation_errors", "validation errors", "json", role="reason"),
    C("llm_model", "model", role="model", facet=True),
    C("llm_latency_seconds", "latency", "real", role="latency", unit="s"),
    C("tokens_used", "tokens", "int", role="tokens"),
    C("trigger_tick", "at tick", "int"),
    C("created_at", "at", "time", role="start"),
    _text("old_policy_json", "old policy", "old_policy"),
    _text("new_policy_json", "new policy", "policy"),
)
_TALKS = (
    C("interaction_id", "interaction", role="key", visible=False),
    _GAME,
    _ITERATION,
    _AGENT,
    C("request_timestamp", "asked", "time", role="start"),
    C("response_timestamp", "answered", "time", role="end"),
    C("parsing_error", "error", role="error", facet=True),
    _text("system_prompt", "system prompt", "system_prompt"),
    _text("user_prompt", "prompt", "prompt"),
    _text("raw_response", "response", "response"),
    _text("parsed_policy_json", "policy", "policy"),
    _text("llm_reasoning", "reasoning", "reasoning"),
)
_DIFFS = (
    _GAME,
    _ITERATION,
    _AGENT,
    C("diff_summary", "change", role="reason"),
    C("parameter_changes_json", "parameters changed", "json"),
    C("payment_tree_changed", "payment tree changed", "flag", facet=True),
    C("collateral_tree_changed", "collateral tree changed", "flag", facet=True),
    _text("parameters_snapshot_json", "parameters", "policy"),
)
_CONTEXTS = (
    _GAME,
    _ITERATION,
    _AGENT,
    C("num_samples", "samples", "int"),
    _cents("cost_mean", "mean cost", "cost"),
    _cents("cost_std", "standard deviation"),
    C("best_seed", "best seed", "int"),
    _cents("best_seed_cost", "best seed's cost"),
    C("worst_seed", "worst seed", "int"),
    _cents("worst_seed_cost", "worst seed's cost"),
    C("settlement_rate_mean", "settlement rate", "real"),
    C("monte_carlo_seeds", "seeds", "json", visible=False),
    _text("best_seed_verbose_output", "best seed's log", "log"),
    _text("worst_seed_verbose_output", "worst seed's log", "log"),
)


def _table(
    model: Any, label: str, role: str, shown: tuple[ColumnSpec, ...], *key: str
) -> TableSpec:
    table = cast(sa.Table, model.__table__)
    agents = ("agent_id",) if _AGENT in shown else ()
    return TableSpec(
        table.name,
        label,
        role,
        table,
        shown,
        key=key or ("game_id", "iteration_number", "agent_id"),
        run=None,
        tick=None,
        agents=agents,
        sort=None,
    )


TABLES = (
    _table(models.GameSession, "Games", "experiments", SESSIONS, "game_id"),
    _table(models.PolicyIteration, "Proposed policies", "evaluations", _PROPOSALS),
    _table(
        models.LlmInteractionLog,
        "Language model interactions",
        "interactions",
        _TALKS,
        "request_timestamp",
        "interaction_id",
    ),
    _table(models.PolicyDiff, "Policy changes", "policy_changes", _DIFFS),
    _table(models.IterationContext, "Samples", "contexts", _CONTEXTS),
)
_LIGHT = tuple(c for c in SESSIONS if c.role != "config")


def experiments(asker: Asker, query: ExperimentsQuery) -> ExperimentList:
    """Every game by its start; its iterations are those in which agents proposed something."""
    known = [c for c in _LIGHT if asker.has("game_sessions", c.name)]
    listed = [asker.column("game_sessions", c.name) for c in known]
    rows = asker.rows(sa.select(*listed).order_by(asker.column("game_sessions", "started_at")))
    found = []
    for row in rows:
        fields: dict[str, Cell] = {c.name: cell(v) for c, v in zip(known, row, strict=True)}
        own, planned = str(fields["game_id"]), fields.get("total_iterations")
        found.append(
            Experiment(
                experiment_id=own,
                name=str(fields.get("scenario_config") or own),
                kind=str(fields.get("game_mode") or ""),
                status="converged" if fields.get("converged") else str(fields.get("status")),
                iterations=planned if isinstance(planned, int) else None,
                runs=None,
                fields=fields,
            )
        )
    columns = tuple(Column(c.name, c.label, c.kind, c.role, c.unit, facet=c.facet) for c in known)
    return ExperimentList(columns, tuple(found))


def iterations(asker: Asker, query: IterationsQuery) -> IterationList:
    """What the agents of a game proposed, iteration by iteration; costs are those proposed."""
    ids = [str(e.experiment_id) for e in experiments(asker, ExperimentsQuery()).experiments]
    if query.experiment_id not in ids:
        has = f"it has {', '.join(ids[:20])}" if ids else "it has none"
        raise NothingFoundError(f"There is no game {query.experiment_id!r} here; {has}.")
    names = ("iteration_number", "agent_id", "new_cost", "was_accepted", "new_policy_json")
    more = ("old_cost", "created_at")
    listed = [asker.column("policy_iterations", n) for n in (*names, *more)]
    own = asker.column("policy_iterations", "game_id")
    of_it = (own == query.experiment_id, listed[0].is_not(None))
    rows = asker.rows(sa.select(*listed).where(*of_it).order_by(*listed[:2]))
    found = tuple(
        _iteration(query.experiment_id, int(number), list(group))
        for number, group in groupby(rows, key=lambda row: row[0])
    )
    columns = (
        Column("timestamp", "at", "time", role="start"),
        Column("old_cost", "cost before", "real", unit=UNIT),
    )
    notes = unnumbered(
        asker, query.experiment_id, ("policy_iterations", "game_id", "iteration_number")
    )
    return IterationList(query.experiment_id, UNIT, found, notes, columns)


def _iteration(game_id: str, number: int, rows: list[tuple[Any, ...]]) -> Iteration:
    costs: dict[str, Cell] = {str(r[1]): cell(r[2]) for r in rows}
    return Iteration(
        experiment_id=game_id,
        iteration=number,
        costs_per_agent=costs,
        total_cost=total(costs),
        accepted={str(r[1]): r[3] for r in rows},
        policies={str(r[1]): unpacked(r[4]) for r in rows},
        runs=(),
        fields={
            "timestamp": cell(rows[0][6]),
            "old_cost": total({str(r[1]): cell(r[5]) for r in rows}),
        },
    )


def _no_status(fields: Mapping[str, Cell]) -> str:
    return "unknown"


def _no_extra(fields: Mapping[str, Cell], config: object) -> Mapping[str, Cell]:
    return {}


def _as_found(asker: Asker, run_id: RunId, found: RunDetail) -> RunDetail:
    return found


FAMILY = FamilySpec(
    name="simcash",
    label="SimCash payments",
    recognise=shapes.game,
    runs=RunSpec("runs", "run_id", "run_id", None, (), _no_extra, (), _no_status, ()),
    tables=TABLES,
    measures=(),
    lanes=(),
    scales=lambda asker, vintage: (),
    detail=_as_found,
    answers={ExperimentsQuery: experiments, IterationsQuery: iterations},
)
