"""`list`: everything that a source holds, experiments above runs."""

from __future__ import annotations

from collections.abc import Sequence

import click

from telemetry.analysis.replay import told_tables
from telemetry.cli.asking import opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.concepts import Cell, Column, Experiment, ExperimentList, Run, RunList
from telemetry.errors import NothingFoundError
from telemetry.queries import ExperimentsQuery, RunsQuery
from telemetry.source import Source

_EXPERIMENTS = (
    Column("experiment", "Experiment", "text"),
    Column("name", "Name", "text"),
    Column("kind", "Kind", "text"),
    Column("iterations", "Iterations", "int"),
    Column("runs", "Runs", "int"),
    Column("status", "Status", "text"),
    Column("reason", "Reason", "text"),
)
_RUNS = (
    Column("run", "Run", "text"),
    Column("name", "Name", "text"),
    Column("experiment", "Experiment", "text"),
    Column("iteration", "Iteration", "int"),
    Column("purpose", "Purpose", "text"),
    Column("sample", "Sample", "int"),
    Column("status", "Status", "text"),
    Column("events", "Events", "int"),
    Column("replayable", "Replayable", "flag"),
)
_ROW = (Column("type", "Type", "text"), Column("id", "Id", "text"))
_KIND = {True: "experiment_run", False: "run"}


@click.command("list")
@click.argument("source")
@common
def everything(source: str) -> int:
    """All that SOURCE holds: experiments and how they ended, and which runs can be replayed.

    The exact formats give one row for each experiment and run; `type` tells them apart.

    Example:  telemetry list results.db
    """
    output = Output()
    with opened(source, output) as asked:
        listed = asked.ask(RunsQuery(), current_token())
        found = _experiments(asked)
        replayable = bool(told_tables(asked))
    above = [_experiment(e, found) for e in found.experiments]
    runs = [(run.experiment_id is not None, _run(run, listed, replayable)) for run in listed.runs]
    if output.for_people:
        output.sections(_sections(above, runs))
    else:
        columns = list({c.name: c for c in (*_ROW, *_EXPERIMENTS[1:], *_RUNS[1:])}.values())
        rows = [("experiment", e["experiment"], e) for e in above]
        rows += [(_KIND[belongs], run["run"], run) for belongs, run in runs]
        output.rows(
            columns, ((kind, own, *(r.get(c.name) for c in columns[2:])) for kind, own, r in rows)
        )
    if not above and not runs:
        output.note(f"{source} holds neither experiments nor runs.")
        return 1
    return 0


def _experiments(source: Source) -> ExperimentList:
    try:
        return source.ask(ExperimentsQuery(), current_token())
    except NothingFoundError:
        return ExperimentList((), ())


def _experiment(experiment: Experiment, found: ExperimentList) -> dict[str, Cell]:
    reason = next((c.name for c in found.columns if c.role == "reason"), None)
    return {
        "experiment": experiment.experiment_id,
        "name": experiment.name,
        "kind": experiment.kind,
        "iterations": experiment.iterations,
        "runs": experiment.runs,
        "status": experiment.status,
        "reason": None if reason is None else experiment.fields.get(reason),
    }


def _run(run: Run, listed: RunList, told: bool) -> dict[str, Cell]:
    """A run as listed; where nothing says so, one is replayable that has ticks and events."""
    by_role = {c.role: run.fields.get(c.name) for c in listed.columns if c.role}
    replayable = by_role.get("replayable")
    if replayable is None and (not told or run.ticks is not None):
        replayable = told
    return {
        "run": run.run_id,
        "name": run.name,
        "experiment": run.experiment_id,
        "iteration": run.iteration,
        "purpose": by_role.get("purpose"),
        "sample": by_role.get("sample"),
        "status": run.status,
        "events": by_role.get("events"),
        "replayable": replayable,
    }


def _sections(
    above: Sequence[dict[str, Cell]], runs: Sequence[tuple[bool, dict[str, Cell]]]
) -> list[Section]:
    alone = [run for belongs, run in runs if not belongs]
    below = [run for belongs, run in runs if belongs]
    return [
        _section("Experiments", _EXPERIMENTS, above),
        _section("Runs" if not above else "Standalone runs", _RUNS, alone),
        _section("Runs of experiments", _RUNS, below),
    ]


def _section(title: str, columns: Sequence[Column], rows: Sequence[dict[str, Cell]]) -> Section:
    """A heading with the number of rows, and the columns that hold something."""
    filled = [c for c in columns if any(row[c.name] not in (None, "") for row in rows)]
    again = sum(row.get("replayable") is True for row in rows)
    counted = f"{title}: {len(rows)}"
    if any(row.get("replayable") is not None for row in rows):
        counted += f" ({again} replayable)"
    return counted, filled, [tuple(row[c.name] for c in filled) for row in rows]
