"""`results`: what an experiment came to, iteration by iteration."""

from __future__ import annotations

import click

from telemetry.cli.asking import find_experiment, opened
from telemetry.cli.experiments import accepted_text, fields_of, in_unit
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.concepts import (
    Cell,
    Column,
    Experiment,
    ExperimentList,
    Iteration,
    IterationList,
)
from telemetry.errors import NothingFoundError
from telemetry.queries import ExperimentsQuery, IterationsQuery
from telemetry.source import Source
from telemetry.text import cell_text

_NAME = Column("name", "Name", "text")
_VALUE = Column("value", "Value", "text")
_UNTOLD = ("config", "iterations", "experiment", "name", "kind", "status")


@click.command()
@click.argument("source")
@click.argument("experiment")
@common
def results(source: str, experiment: str) -> int:
    """What an EXPERIMENT came to: baseline, best, each iteration, and why it ended.

    Example:  telemetry results results.db exp2
    """
    output = Output()
    with opened(source, output) as asked:
        listed = asked.ask(ExperimentsQuery(), current_token())
        own = find_experiment(asked, experiment, output)
        found = _iterations(asked, own.experiment_id)
    costs = [i for i in found.iterations if _cost(i) is not None]
    if output.for_people:
        output.sections(_sections(own, listed, found, costs))
    else:
        output.one({**fields_of(own), **_summary(found, costs)}, [])
    output.notes((*listed.notes, *found.notes))
    return 0


def _iterations(source: Source, experiment_id: str) -> IterationList:
    """The iterations; none for families whose experiments have none."""
    try:
        return source.ask(IterationsQuery(experiment_id), current_token())
    except NothingFoundError as error:
        return IterationList(experiment_id, "", (), (str(error),))


def _summary(found: IterationList, costs: list[Iteration]) -> dict[str, object]:
    first, best, last = _ends(costs)
    return {
        "unit": found.unit,
        "baseline": _point(first),
        "best": _point(best),
        "last": _point(last),
        "saved_pct": _saved(first, best),
        "iterations": [
            {
                "iteration": item.iteration,
                "total_cost": item.total_cost,
                "best_so_far": _lowest(costs, item),
                "costs_per_agent": dict(item.costs_per_agent),
                "accepted": dict(item.accepted),
                "runs": list(item.runs),
            }
            for item in found.iterations
        ],
    }


def _sections(
    own: Experiment, listed: ExperimentList, found: IterationList, costs: list[Iteration]
) -> list[Section]:
    first, best, last = _ends(costs)
    facts: list[tuple[Cell, ...]] = [("experiment", own.experiment_id), ("status", own.status)]
    for column in listed.columns:
        value = own.fields.get(column.name)
        told = column.visible and not column.derived and column.role not in _UNTOLD
        if told and value is not None:
            facts.append((column.label, in_unit(value, column.unit)))
    for label, item in (("baseline", first), ("best", best), ("last", last)):
        if item is not None:
            cost = in_unit(item.total_cost, found.unit)
            facts.append((label, f"{cost} at iteration {item.iteration}"))
    saved = _saved(first, best)
    if saved is not None:
        facts.append(("saved", f"{saved:.1f} % of the baseline"))
    columns = (
        Column("iteration", "Iteration", "int"),
        Column("total_cost", "Total cost", "real", unit=found.unit),
        Column("best_so_far", "Best so far", "real", unit=found.unit),
        Column("accepted", "Accepted", "text"),
        Column("runs", "Runs", "int"),
        Column("mark", "", "text"),
    )
    rows = [
        (i.iteration, i.total_cost, _lowest(costs, i), accepted_text(i), len(i.runs), mark)
        for i in found.iterations
        for mark in ["best" if i is best else "baseline" if i is first else ""]
    ]
    return [
        (own.name, (_NAME, _VALUE), [(n, cell_text(v, limit=2000)) for n, v in facts]),
        ("Iterations", columns, rows),
    ]


def _ends(costs: list[Iteration]) -> tuple[Iteration | None, Iteration | None, Iteration | None]:
    """The first iteration, the cheapest (the earliest of equals) and the last."""
    if not costs:
        return None, None, None
    return costs[0], min(costs, key=_known), costs[-1]


def _cost(item: Iteration) -> int | float | None:
    cost = item.total_cost
    return cost if isinstance(cost, int | float) and not isinstance(cost, bool) else None


def _known(item: Iteration) -> int | float:
    cost = _cost(item)
    assert cost is not None
    return cost


def _lowest(costs: list[Iteration], item: Iteration) -> Cell:
    """The smallest total cost up to this iteration."""
    return min((_known(c) for c in costs if c.iteration <= item.iteration), default=None)


def _point(item: Iteration | None) -> dict[str, object] | None:
    if item is None:
        return None
    return {"iteration": item.iteration, "total_cost": item.total_cost, "runs": list(item.runs)}


def _saved(first: Iteration | None, best: Iteration | None) -> float | None:
    """By how many percent of the baseline the best iteration is cheaper."""
    if first is None or best is None or not _known(first):
        return None
    return 100 * (_known(first) - _known(best)) / _known(first)
