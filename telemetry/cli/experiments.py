"""`experiments` and `iterations`: what lies above runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from telemetry.cli.asking import find_experiment, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.concepts import Cell, Column, Experiment, Iteration, IterationList
from telemetry.queries import ExperimentsQuery, IterationsQuery
from telemetry.text import CENTS, cell_text, money_text

_OWN = (
    Column("experiment_id", "Experiment", "text"),
    Column("name", "Name", "text"),
    Column("kind", "Kind", "text"),
    Column("status", "Status", "text"),
    Column("iterations", "Iterations", "int"),
    Column("runs", "Runs", "int"),
)
_SAID = {"name", "kind", "status", "iterations", "experiment"}
"""Roles of fields that an experiment's own columns say already."""


@click.command()
@click.argument("source")
@common
def experiments(source: str) -> int:
    """Every experiment of SOURCE with how it ended.

    Example:  telemetry experiments results.db --format json
    """
    output = Output()
    with opened(source, output) as asked:
        listed = asked.ask(ExperimentsQuery(), current_token())
    rows = [fields_of(experiment) for experiment in listed.experiments]
    named = {c.name for c in _OWN}
    columns = [*_OWN, *(c for c in listed.columns if c.name not in named)]
    if output.for_people:
        columns = [
            c
            for c in columns
            if c.visible
            and c.role not in _SAID
            and any(row.get(c.name) is not None for row in rows)
        ] or list(_OWN)
    written = output.rows(columns, ([row.get(c.name) for c in columns] for row in rows))
    output.notes(listed.notes)
    if not written:
        output.note(f"{source} has no experiments.")
    return 0 if written else 1


@click.command()
@click.argument("source")
@click.argument("experiment")
@common
def iterations(source: str, experiment: str) -> int:
    """The iterations of an EXPERIMENT: what they cost each agent, what was accepted, their runs.

    Costs are exactly as stored; text shows cents as money.

    Example:  telemetry iterations results.db exp2 --format json
    """
    output = Output()
    with opened(source, output) as asked:
        own = find_experiment(asked, experiment, output).experiment_id
        found = asked.ask(IterationsQuery(own), current_token())
    if output.for_people:
        written = output.rows(*iteration_table(found))
    else:
        written = output.objects(*_iteration_objects(found))
    output.notes(found.notes)
    if not written:
        output.note(f"{own} has no iterations.")
    return 0 if written else 1


def fields_of(experiment: Experiment) -> dict[str, Cell]:
    """An experiment's cells by column name; a field of the same name as an own one gives way."""
    return {
        **experiment.fields,
        "experiment_id": experiment.experiment_id,
        "name": experiment.name,
        "kind": experiment.kind,
        "status": experiment.status,
        "iterations": experiment.iterations,
        "runs": experiment.runs,
    }


def iteration_table(
    found: IterationList,
) -> tuple[list[Column], Iterator[list[Cell]]]:
    """For people: a column for each agent's cost, and whose changes were accepted."""
    agents = list(dict.fromkeys(a for i in found.iterations for a in i.costs_per_agent))
    columns = [
        Column("iteration", "Iteration", "int"),
        Column("total_cost", "Total cost", "real", unit=found.unit),
        *(Column(agent, agent, "real", unit=found.unit) for agent in agents),
        Column("accepted", "Accepted", "text"),
        Column("runs", "Runs", "int"),
    ]
    rows = (
        [
            item.iteration,
            item.total_cost,
            *(item.costs_per_agent.get(agent) for agent in agents),
            accepted_text(item),
            len(item.runs),
        ]
        for item in found.iterations
    )
    return columns, rows


def accepted_text(item: Iteration) -> str | None:
    """Whose change was kept; None where the recording does not say."""
    known = {agent: kept for agent, kept in item.accepted.items() if kept is not None}
    kept = [agent for agent, yes in known.items() if yes]
    return (", ".join(kept) or "none") if known else None


def in_unit(cell: Cell, unit: str | None) -> str:
    """A cost with its unit, for a sentence."""
    if unit == CENTS and isinstance(cell, int | float) and not isinstance(cell, bool):
        return money_text(cell)
    shown = cell_text(cell)
    return shown if cell is None or not unit else f"{shown} {unit}"


def _iteration_objects(
    found: IterationList,
) -> tuple[list[Column], Iterator[Sequence[object]]]:
    names = list(dict.fromkeys(name for i in found.iterations for name in i.fields))
    own = ("iteration", "total_cost", "costs_per_agent", "accepted", "runs")
    fields = [name for name in names if name not in own]
    columns = [Column(name, name, "text") for name in (*own, *fields)]
    rows = (
        (
            item.iteration,
            item.total_cost,
            dict(item.costs_per_agent),
            dict(item.accepted),
            list(item.runs),
            *(item.fields.get(name) for name in fields),
        )
        for item in found.iterations
    )
    return columns, rows
