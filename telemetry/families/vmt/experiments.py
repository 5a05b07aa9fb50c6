"""Experiments above VMT runs: three tables beside the producer's own, and what they answer.

They link runs as SimCash's do (experiment_id, iteration, sample_index, run_purpose), yet in a
table of their own, so that the producer's tables and their readers stay as they are. They exist
only in a database in which an experiment was recorded.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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
from telemetry.families.vocabulary import Columns, ColumnSpec
from telemetry.queries import ExperimentsQuery, IterationsQuery

PURPOSES = ("initial", "bootstrap", "evaluation", "best", "final")
TABLES = sa.MetaData()
EXPERIMENTS = sa.Table(
    "experiments",
    TABLES,
    sa.Column("experiment_id", sa.Text, primary_key=True),
    sa.Column("experiment_name", sa.Text, nullable=False),
    sa.Column("experiment_type", sa.Text, nullable=False),
    sa.Column("config", sa.Text),
    sa.Column("master_seed", sa.BigInteger),
    sa.Column("created_at", sa.Text, nullable=False),
    sa.Column("completed_at", sa.Text),
    sa.Column("converged", sa.Integer),
    sa.Column("convergence_reason", sa.Text),
)
ITERATIONS = sa.Table(
    "experiment_iterations",
    TABLES,
    sa.Column("experiment_id", sa.Text, primary_key=True),
    sa.Column("iteration", sa.Integer, primary_key=True),
    sa.Column("parameters", sa.Text),
    sa.Column("timestamp", sa.Text, nullable=False),
)
LINKS = sa.Table(
    "experiment_runs",
    TABLES,
    sa.Column("run_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("experiment_id", sa.Text, nullable=False, index=True),
    sa.Column("iteration", sa.Integer),
    sa.Column("sample_index", sa.Integer),
    sa.Column("run_purpose", sa.Text),
)
_COLUMNS = (
    Column("experiment_name", "name", "text", role="name"),
    Column("experiment_type", "type", "text", role="type", facet=True),
    Column("master_seed", "master seed", "int", role="seed"),
    Column("created_at", "created", "time", role="start"),
    Column("completed_at", "completed", "time", role="end"),
    Column("convergence_reason", "ended because", "text", role="reason"),
    Column("status", "status", "text", role="status", derived=True, facet=True),
)


def _linked(name: str) -> Any:
    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        link = columns.column("experiment_runs", "run_id")
        own = columns.column("simulation_runs", "run_id")
        found = sa.select(columns.column("experiment_runs", name)).where(link == own)
        return found.correlate(own.table).scalar_subquery()

    return derive


def _link(name: str, label: str, kind: Any, role: str | None = None) -> ColumnSpec:
    return ColumnSpec(
        name,
        label,
        kind,
        role,
        derive=_linked(name),
        needs=(f"experiment_runs.{name}",),
        visible=False,
        facet=name == "run_purpose",
    )


RUN_LINKS = (
    _link("experiment_id", "experiment", "text", "experiment"),
    _link("iteration", "iteration", "int"),
    _link("sample_index", "sample", "int", "sample"),
    _link("run_purpose", "purpose", "text", "purpose"),
)


def experiments(asker: Asker, query: ExperimentsQuery) -> ExperimentList:
    """Every experiment by the time it was created."""
    names = [c.name for c in EXPERIMENTS.c if c.name != "config"]
    columns = [asker.column("experiments", name) for name in names]
    rows = asker.rows(sa.select(*columns).order_by(columns[4], columns[0]))
    iterations, runs = _counts(asker, "experiment_iterations"), _counts(asker, "experiment_runs")
    found = []
    for row in rows:
        fields: dict[str, Cell] = dict(zip(names, row, strict=True))
        own = str(fields["experiment_id"])
        fields["status"] = status(fields)
        found.append(
            Experiment(
                own,
                str(fields["experiment_name"]),
                str(fields["experiment_type"]),
                str(fields["status"]),
                iterations.get(own, 0),
                runs.get(own, 0),
                fields,
            )
        )
    return ExperimentList(_COLUMNS, tuple(found))


def iterations(asker: Asker, query: IterationsQuery) -> IterationList:
    """The iterations of one experiment with their runs; they have parameters, and no costs."""
    own = query.experiment_id
    known = [
        str(row[0]) for row in asker.rows(sa.select(asker.column("experiments", "experiment_id")))
    ]
    if own not in known:
        has = f"it has {', '.join(sorted(known)[:20])}" if known else "it has none"
        raise NothingFoundError(f"There is no experiment {own!r} here; {has}.")
    told = _rows(asker, "experiment_iterations", own, "iteration", "parameters", "timestamp")
    links = _rows(asker, "experiment_runs", own, "iteration", "run_id", "run_purpose")
    stored: dict[int, tuple[object, Cell]] = {at: (_decoded(p), when) for at, p, when in told}
    runs: dict[int, list[tuple[RunId, Cell]]] = {}
    for at, run_id, purpose in links:
        if at is not None:
            runs.setdefault(int(at), []).append((run_id, purpose))
    found = tuple(
        _iteration(own, at, stored.get(at, ({}, None)), runs.get(at, []))
        for at in sorted({*stored, *runs})
    )
    return IterationList(own, "", found, (), (Column("timestamp", "at", "time", role="start"),))


def status(fields: Mapping[str, Cell]) -> str:
    """converged, else finished or unfinished by whether it was completed."""
    if fields.get("converged"):
        return "converged"
    return "unfinished" if fields.get("completed_at") is None else "finished"


def _iteration(
    own: str, at: int, stored: tuple[object, Cell], runs: list[tuple[RunId, Cell]]
) -> Iteration:
    parameters, when = stored
    first = sorted(runs, key=lambda run: run[1] == "bootstrap")
    return Iteration(
        experiment_id=own,
        iteration=at,
        costs_per_agent={},
        total_cost=None,
        accepted={},
        policies={"run": parameters} if parameters else {},
        runs=tuple(run_id for run_id, _ in first),
        fields={"timestamp": when},
    )


def _rows(asker: Asker, table: str, own: str, *names: str) -> list[tuple[Any, ...]]:
    columns = [asker.column(table, name) for name in names]
    mine = asker.column(table, "experiment_id") == own
    return asker.rows(sa.select(*columns).where(mine).order_by(*columns[:2]))


def _counts(asker: Asker, table: str) -> dict[str, int]:
    own = asker.column(table, "experiment_id")
    return dict(asker.rows(sa.select(own, sa.func.count()).group_by(own)))


def _decoded(text: object) -> object:
    try:
        return json.loads(str(text)) if text is not None else {}
    except (ValueError, RecursionError):
        return {}
