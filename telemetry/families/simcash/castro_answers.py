"""Experiments and iterations of the first two-bank experiments."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, Column, Experiment, ExperimentList, Iteration, IterationList
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.simcash.bands import COLUMNS as BAND
from telemetry.families.simcash.bands import UNIT, band
from telemetry.families.simcash.experiments import total, unnumbered
from telemetry.families.simcash.words import unpacked
from telemetry.queries import ExperimentsQuery, IterationsQuery
from telemetry.values import cell

_C, _M, _R, _P = "experiment_config", "iteration_metrics", "simulation_runs", "policy_iterations"
_FIELDS = (
    ("experiment_id", "experiment", "text"),
    ("experiment_name", "name", "text"),
    ("created_at", "created", "time"),
    ("model_name", "model", "text"),
    ("reasoning_effort", "reasoning effort", "text"),
    ("num_seeds", "seeds", "int"),
    ("max_iterations", "iterations at most", "int"),
    ("convergence_threshold", "convergence threshold", "real"),
    ("master_seed", "master seed", "int"),
    ("notes", "notes", "text"),
)
_BANKS = {"BANK_A": "bank_a_cost", "BANK_B": "bank_b_cost"}
_Policies = dict[int, dict[str, tuple[object, bool | None]]]
"""By iteration and agent: the policy, and whether it was kept (None: not recorded)."""

_COLUMNS = (
    Column("timestamp", "at", "time", role="start"),
    *BAND,
    Column("total_cost_std", "standard deviation", "real", unit=UNIT),
    Column("settlement_rate_mean", "settlement rate", "real"),
    Column("failure_rate", "failure rate", "real"),
    Column("best_seed", "best seed", "int"),
    Column("best_seed_cost", "best seed's cost", "int", unit=UNIT),
    Column("worst_seed", "worst seed", "int"),
    Column("worst_seed_cost", "worst seed's cost", "int", unit=UNIT),
    Column("is_best_iteration", "best so far", "flag"),
    Column("comparison_to_best", "against the best", "text"),
    Column("converged", "converged", "flag", role="converged"),
)
_ACCEPTED = "policy_was_accepted"


def experiments(asker: Asker, query: ExperimentsQuery) -> ExperimentList:
    """Every experiment of the file (usually one); costs in cents are means over its seeds."""
    names = [f[0] for f in _FIELDS]
    listed = [asker.column(_C, n) for n in names]
    found = []
    for row in asker.rows(sa.select(*listed).order_by(asker.column(_C, "created_at"))):
        fields: dict[str, Cell] = {n: cell(v) for n, v in zip(names, row, strict=True)}
        found.append(_experiment(asker, fields))
    columns = (
        *(Column(name, label, kind) for name, label, kind in _FIELDS),  # type: ignore[arg-type]
        Column("recorded_iterations", "iterations recorded", "int", derived=True),
        Column("baseline_cost", "baseline cost", "real", unit=UNIT, derived=True),
        Column("lowest_cost", "lowest cost", "real", unit=UNIT, derived=True),
        Column("last_cost", "last cost", "real", unit=UNIT, derived=True),
    )
    return ExperimentList(columns, tuple(found))


def _experiment(asker: Asker, fields: dict[str, Cell]) -> Experiment:
    own = fields["experiment_id"]
    number = asker.column(_M, "iteration_number")
    rows = asker.rows(
        sa.select(number, asker.column(_M, "total_cost_mean"), asker.column(_M, "converged"))
        .where(asker.column(_M, "experiment_id") == own)
        .order_by(number)
    )
    runs = asker.rows(sa.select(sa.func.count()).where(asker.column(_R, "experiment_id") == own))
    costs = [r[1] for r in rows if r[1] is not None]
    fields |= {
        "recorded_iterations": len(rows),
        "baseline_cost": costs[0] if costs else None,
        "lowest_cost": min(costs, default=None),
        "last_cost": costs[-1] if costs else None,
    }
    planned = fields.get("max_iterations")
    done = isinstance(planned, int) and len(rows) >= planned
    return Experiment(
        experiment_id=str(own),
        name=str(fields.get("experiment_name") or own),
        kind="",
        status="converged"
        if any(r[2] for r in rows)
        else ("not converged" if done else "unfinished"),
        iterations=len(rows),
        runs=int(runs[0][0]),
        fields=fields,
    )


def iterations(asker: Asker, query: IterationsQuery) -> IterationList:
    """The iterations that have metrics; costs per bank are means over the seeds, in cents."""
    own = query.experiment_id
    ids = [str(r[0]) for r in asker.rows(sa.select(asker.column(_C, "experiment_id")))]
    if own not in ids:
        has = f"it has {', '.join(ids[:20])}" if ids else "it has none"
        raise NothingFoundError(f"There is no experiment {own!r} here; {has}.")
    names = (
        "iteration_number",
        "total_cost_mean",
        "total_cost_std",
        "settlement_rate_mean",
        "failure_rate",
        "best_seed",
        "worst_seed",
        "best_seed_cost",
        "worst_seed_cost",
        "converged",
        "is_best_iteration",
        "comparison_to_best",
        _ACCEPTED,
        "created_at",
    )
    columns = [asker.column(_M, n) for n in names]
    of_it = (asker.column(_M, "experiment_id") == own, columns[0].is_not(None))
    rows = asker.rows(sa.select(*columns).where(*of_it).order_by(columns[0]))
    runs, policies = _runs(asker, own), _policies(asker, own)
    found = []
    for row in rows:
        stored: dict[str, Cell] = {n: cell(v) for n, v in zip(names, row, strict=True)}
        number = int(row[0])
        found.append(_iteration(own, number, stored, runs.get(number, []), policies))
    said = "" if asker.has(_M, _ACCEPTED) else "; which changes were accepted is not stored"
    keys = ("experiment_id", "iteration_number")
    notes = (
        f"Costs per bank are means over the seeds{said}.",
        *unnumbered(asker, own, *((table, *keys) for table in (_M, _R, _P))),
    )
    return IterationList(own, UNIT, tuple(found), notes, _COLUMNS)


def _iteration(
    own: str,
    number: int,
    stored: dict[str, Cell],
    runs: Sequence[tuple[Any, ...]],
    policies: _Policies,
) -> Iteration:
    costs: dict[str, Cell] = {
        bank: _mean([r[2 + i] for r in runs]) for i, bank in enumerate(_BANKS)
    }
    in_force: dict[str, object] = {}
    for since in sorted(policies):
        if since <= number:
            tried = policies[since].items()
            in_force |= {a: p for a, (p, kept) in tried if kept is not False or since == number}
    kept = stored.pop(_ACCEPTED)
    fields = {k: v for k, v in stored.items() if k not in ("iteration_number", "total_cost_mean")}
    fields["timestamp"] = fields.pop("created_at")
    stored_total = stored["total_cost_mean"]
    return Iteration(
        experiment_id=own,
        iteration=number,
        costs_per_agent={bank: cost for bank, cost in costs.items() if cost is not None},
        total_cost=total(costs) if stored_total is None else stored_total,
        accepted={} if kept is None else dict.fromkeys(_BANKS, bool(kept)),
        policies=in_force,
        runs=tuple(str(r[0]) for r in runs),
        fields={**fields, "bootstrap_samples": len(runs), **band([cell(r[1]) for r in runs])},
    )


def _runs(asker: Asker, own: str) -> dict[int, list[tuple[Any, ...]]]:
    """Run id, total cost and each bank's cost per iteration, by seed."""
    names = ("iteration_number", "run_id", "total_cost", *_BANKS.values())
    columns = [asker.column(_R, n) for n in names]
    rows = asker.rows(
        sa.select(*columns)
        .where(asker.column(_R, "experiment_id") == own, columns[0].is_not(None))
        .order_by(asker.column(_R, "seed"), columns[1])
    )
    found: dict[int, list[tuple[Any, ...]]] = {}
    for number, *rest in rows:
        found.setdefault(int(number), []).append(tuple(rest))
    return found


def _policies(asker: Asker, own: str) -> _Policies:
    """The last policy of each agent per iteration that brought new ones."""
    names = ("iteration_number", "agent_id", "policy_json", "was_accepted")
    columns = [asker.column(_P, n) for n in names]
    rows = asker.rows(
        sa.select(*columns)
        .where(asker.column(_P, "experiment_id") == own, columns[0].is_not(None))
        .order_by(asker.column(_P, "created_at"))
    )
    found: _Policies = {}
    for number, agent, policy, kept in rows:
        found.setdefault(int(number), {})[str(agent)] = (unpacked(policy), kept)
    return found


def _mean(values: Sequence[Any]) -> Cell:
    """The mean of whole cents: a whole number where it is one."""
    known = [v for v in values if v is not None]
    if not known:
        return None
    mean = Fraction(sum(known), len(known))
    return int(mean) if mean.denominator == 1 else float(mean)
