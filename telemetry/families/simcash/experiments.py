"""Answers about experiments: the list of them, and the iterations of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import (
    Cell,
    Column,
    Experiment,
    ExperimentList,
    Iteration,
    IterationList,
    RunId,
)
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.simcash.bands import COLUMNS as BAND
from telemetry.families.simcash.bands import UNIT, band
from telemetry.families.simcash.listing import EXPERIMENTS
from telemetry.families.simcash.words import payload, unpacked
from telemetry.queries import ExperimentsQuery, IterationsQuery
from telemetry.values import cell

BOOTSTRAP = "bootstrap"
_LIGHT = tuple(c for c in EXPERIMENTS if c.role != "config")
_ADDED = (
    Column("status", "status", "text", role="status", derived=True, facet=True),
    Column("recorded_iterations", "iterations recorded", "int", derived=True),
    Column("replayable_runs", "replayable runs", "int", derived=True),
    Column("baseline_cost", "baseline cost", "int", unit=UNIT, derived=True),
    Column("lowest_cost", "lowest cost", "int", role="lowest_cost", unit=UNIT, derived=True),
    Column("last_cost", "last cost", "int", role="last_cost", unit=UNIT, derived=True),
)


def experiments(asker: Asker, query: ExperimentsQuery) -> ExperimentList:
    """Every experiment by the time it was created; costs come from its iterations, in cents."""
    known = [c for c in _LIGHT if asker.has("experiments", c.name)]
    columns = tuple(
        Column(c.name, c.label, c.kind, c.role, c.unit, facet=c.facet, visible=c.visible)
        for c in known
    )
    if not asker.has("experiments"):
        return ExperimentList((*columns, *_ADDED), ())
    listed = [asker.column("experiments", c.name) for c in known]
    order = [asker.column("experiments", n) for n in ("created_at", "experiment_id")]
    rows = asker.rows(sa.select(*listed).order_by(*order))
    runs, costs = _runs_of(asker), _totals(asker)
    found = []
    for row in rows:
        fields = {c.name: cell(v) for c, v in zip(known, row, strict=True)}
        found.append(_experiment(fields, runs, costs))
    return ExperimentList((*columns, *_ADDED), tuple(found))


def _experiment(
    fields: dict[str, Cell],
    runs: Mapping[str, tuple[int, int]] | None,
    costs: Mapping[str, list[Cell]],
) -> Experiment:
    own = str(fields["experiment_id"])
    totals = [c for c in costs.get(own, []) if isinstance(c, int | float)]
    status = _status(fields)
    fields |= {
        "status": status,
        "recorded_iterations": len(costs.get(own, [])),
        "replayable_runs": None if runs is None else runs.get(own, (0, 0))[1],
        "baseline_cost": totals[0] if totals else None,
        "lowest_cost": min(totals) if totals else None,
        "last_cost": totals[-1] if totals else None,
    }
    planned = fields.get("num_iterations")
    return Experiment(
        experiment_id=own,
        name=str(fields.get("experiment_name") or own),
        kind=str(fields.get("experiment_type") or ""),
        status=status,
        iterations=planned if isinstance(planned, int) else len(costs.get(own, [])),
        runs=None if runs is None else runs.get(own, (0, 0))[0],
        fields=fields,
    )


def _status(fields: Mapping[str, Cell]) -> str:
    """converged, or else finished or unfinished by whether it was completed."""
    if fields.get("converged"):
        return "converged"
    return "unfinished" if fields.get("completed_at") is None else "not converged"


def _runs_of(asker: Asker) -> dict[str, tuple[int, int]] | None:
    """Runs, and runs with events, per experiment; None where runs are not recorded."""
    if not asker.has("runs", "experiment_id"):
        return None
    own = asker.column("runs", "experiment_id")
    replayable = (
        sa.func.count().filter(asker.column("runs", "replayable"))
        if asker.has("runs", "replayable")
        else sa.literal(0)
    )
    rows = asker.rows(sa.select(own, sa.func.count(), replayable).group_by(own))
    return {str(e): (int(n), int(r)) for e, n, r in rows if e is not None}


def _totals(asker: Asker) -> dict[str, list[Cell]]:
    """The total cost of each iteration per experiment, in order."""
    if not asker.has("experiment_iterations", "costs_per_agent", "iteration"):
        return {}
    names = ("experiment_id", "iteration", "costs_per_agent")
    columns = [asker.column("experiment_iterations", n) for n in names]
    found: dict[str, list[Cell]] = {}
    for own, _, costs in asker.rows(sa.select(*columns).order_by(*columns[:2])):
        found.setdefault(str(own), []).append(total(numbers(costs)))
    return found


def iterations(asker: Asker, query: IterationsQuery) -> IterationList:
    """The iterations of one experiment; NothingFoundError where there is no such experiment."""
    _known(asker, query.experiment_id)
    linked = _linked(asker, query.experiment_id)
    names = (
        "iteration",
        "timestamp",
        "costs_per_agent",
        "accepted_changes",
        "policies",
        "evaluation_simulation_id",
        "bootstrap_simulation_ids",
    )
    if not asker.has("experiment_iterations", "iteration"):
        return IterationList(query.experiment_id, UNIT, (), (_NO_ITERATIONS,))
    own = asker.column("experiment_iterations", "experiment_id")
    columns = [asker.column("experiment_iterations", n) for n in names]
    of_it = (own == query.experiment_id, columns[0].is_not(None))
    rows = asker.rows(sa.select(*columns).where(*of_it).order_by(columns[0]))
    found = []
    for row in rows:
        stored = dict(zip(names, row, strict=True))
        found.append(_iteration(query.experiment_id, stored, linked.get(stored["iteration"], ())))
    keys = ("experiment_id", "iteration")
    notes = (
        *_notes(asker, found),
        *unnumbered(asker, query.experiment_id, ("experiment_iterations", *keys)),
    )
    return IterationList(query.experiment_id, UNIT, tuple(found), notes, _FIELDS)


_FIELDS = (
    Column("timestamp", "at", "time", role="start"),
    Column("purpose", "purpose", "text", role="purpose", derived=True),
    Column("evaluation_run", "evaluation run", "text", role="run_link"),
    Column("evaluation_cost", "cost of that run", "int", unit=UNIT, derived=True),
    *BAND,
)
_NO_ITERATIONS = "Iterations are not recorded in this database."
_Run = tuple[RunId, str | None, int | None, Cell]


def _known(asker: Asker, experiment_id: str) -> None:
    if not asker.has("experiments"):
        raise NothingFoundError("Experiments are not recorded in this database.")
    own = asker.column("experiments", "experiment_id")
    ids = [str(row[0]) for row in asker.rows(sa.select(own).order_by(own))]
    if experiment_id not in ids:
        has = f"it has {', '.join(ids[:20])}" if ids else "it has none"
        raise NothingFoundError(f"There is no experiment {experiment_id!r} here; {has}.")


def _linked(asker: Asker, experiment_id: str) -> dict[Any, list[_Run]]:
    """The runs of each iteration: its evaluation first, then the samples in order."""
    if not asker.has("runs", "experiment_id", "iteration"):
        return {}
    names = ("iteration", "simulation_id", "run_purpose", "sample_index", "total_cost")
    columns = [asker.column("runs", n) for n in names]
    rows = asker.rows(
        sa.select(*columns)
        .where(asker.column("runs", "experiment_id") == experiment_id)
        .order_by(columns[3].asc().nulls_first(), columns[1])
    )
    found: dict[Any, list[_Run]] = {}
    for iteration, run_id, purpose, sample, cost in rows:
        found.setdefault(iteration, []).append((run_id, purpose, sample, cell(cost)))
    return found


def _iteration(experiment_id: str, stored: Mapping[str, Any], runs: Sequence[_Run]) -> Iteration:
    costs = numbers(stored["costs_per_agent"])
    ids = list(dict.fromkeys([*_named_runs(stored), *(run[0] for run in runs)]))
    samples = [r[3] for r in runs if r[1] == BOOTSTRAP and isinstance(r[3], int | float)]
    evaluation = stored["evaluation_simulation_id"]
    if evaluation is None:
        evaluation = next((r[0] for r in runs if r[1] != BOOTSTRAP), None)
    fields: dict[str, Cell] = {
        "timestamp": cell(stored["timestamp"]),
        "evaluation_run": evaluation,
        "evaluation_cost": next((r[3] for r in runs if r[0] == evaluation), None),
        "purpose": next((r[1] for r in runs if r[0] == evaluation), None),
        "bootstrap_samples": len(samples),
        **band(samples),
    }
    return Iteration(
        experiment_id=experiment_id,
        iteration=int(stored["iteration"]),
        costs_per_agent=costs,
        total_cost=total(costs),
        accepted=flags(stored["accepted_changes"]),
        policies={k: unpacked(v) for k, v in payload(stored["policies"]).items()},
        runs=tuple(ids),
        fields=fields,
    )


def _named_runs(stored: Mapping[str, Any]) -> Iterable[str]:
    """The runs that the iteration's own row links to."""
    if stored["evaluation_simulation_id"] is not None:
        yield str(stored["evaluation_simulation_id"])
    listed = unpacked(stored["bootstrap_simulation_ids"])
    yield from (str(run) for run in listed) if isinstance(listed, list) else ()


def _notes(asker: Asker, found: list[Iteration]) -> tuple[str, ...]:
    said = []
    changed = any(a.policies != b.policies for a, b in pairwise(found))
    if changed and not any(v for i in found for v in i.accepted.values()):
        said.append(
            "No change is marked as accepted although policies change: the marks of this "
            "recording cannot be relied on."
        )
    if not asker.has("runs", "experiment_id"):
        said.append("The runs of the iterations are not recorded in this database.")
    return tuple(said)


def unnumbered(asker: Asker, experiment_id: str, *tables: tuple[str, str, str]) -> tuple[str, ...]:
    """A sentence for the rows of each table (its name, its columns of the experiment and of the
    iteration) that do not say which iteration they are of."""
    said = []
    for table, of, number in tables:
        if not asker.has(table, of, number):
            continue
        own = (asker.column(table, of) == experiment_id, asker.column(table, number).is_(None))
        n = asker.rows(sa.select(sa.func.count()).where(*own))[0][0]
        if n:
            rows = "1 row" if n == 1 else f"{n} rows"
            said.append(f"Left out: {rows} of {table} without the number of an iteration.")
    return tuple(said)


def numbers(text: Any) -> dict[str, Cell]:
    """Agent → number, exactly as the stored JSON writes it; None for what is no number."""
    found: dict[str, Cell] = {}
    for agent, value in payload(text).items():
        real = isinstance(value, int | float) and not isinstance(value, bool)
        found[agent] = value if isinstance(value, int | float) and real else None
    return found


def flags(text: Any) -> dict[str, bool | None]:
    return {a: v if isinstance(v, bool) else None for a, v in payload(text).items()}


def total(costs: Mapping[str, Cell]) -> Cell:
    """The sum over agents; None where an agent's cost is missing or there are none."""
    values = [v for v in costs.values() if isinstance(v, int | float)]
    return sum(values) if values and len(values) == len(costs) else None
