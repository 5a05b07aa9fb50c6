"""`policies`: what agents played in an experiment's iterations, and what changed between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import click

from telemetry.analysis.policies import difference, leaves
from telemetry.cli.asking import find_experiment, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.concepts import Cell, Column, Iteration, IterationList
from telemetry.errors import NothingFoundError
from telemetry.export.formats import json_text
from telemetry.queries import IterationsQuery

_DIFFERENCE = tuple(Column(n, n, "text") for n in ("agent", "path", "change", "old", "new"))
_WHOLE = tuple(Column(name, name, "text") for name in ("iteration", "agent", "accepted", "policy"))
_LEAVES = tuple(Column(name, name, "text") for name in ("agent", "path", "value"))
_CHANGES = (Column("iteration", "Iteration", "int"), *_DIFFERENCE)


@click.command()
@click.argument("source")
@click.argument("experiment")
@click.option("--iteration", type=int, metavar="N", help="Only the policies of iteration N.")
@click.option("--against", type=int, metavar="M", help="What changed from iteration M to N.")
@click.option("--agent", metavar="A", help="Only the policy of this agent.")
@common
def policies(
    source: str, experiment: str, iteration: int | None, against: int | None, agent: str | None
) -> int:
    """The policies of an EXPERIMENT. Without --iteration, text shows how they changed.

    A difference is one row per value: its path in the policy, what it was, what it became.
    --against compares with the last iteration unless --iteration names one.

    \b
    Examples:
      telemetry policies results.db exp1
      telemetry policies results.db exp1 --iteration 4 --against 3
      telemetry policies results.db exp1 --iteration 4 --agent BANK_A --format json
    """
    output = Output()
    with opened(source, output) as asked:
        own = find_experiment(asked, experiment, output).experiment_id
        found = asked.ask(IterationsQuery(own), current_token())
    _check_agent(found, agent)
    if against is not None:
        newer = _named(found, found.iterations[-1].iteration if iteration is None else iteration)
        rows = list(_changed(_named(found, against), newer, agent))
        output.objects(_DIFFERENCE, rows)
        if not rows:
            output.note(f"The policies of iterations {against} and {newer.iteration} are equal.")
        return 0
    chosen = found.iterations if iteration is None else (_named(found, iteration),)
    if not output.for_people:
        written = output.objects(_WHOLE, _policies(chosen, agent))
    elif iteration is None:
        written = output.rows(_CHANGES, _evolution(chosen, agent))
        output.note("Changes from each iteration to the next; --iteration N shows whole policies.")
    else:
        written = output.rows(_LEAVES, _listed(chosen, agent))
    return 0 if written or any(i.policies for i in chosen) else 1


def _check_agent(found: IterationList, agent: str | None) -> None:
    known = list(dict.fromkeys(a for i in found.iterations for a in i.policies))
    if not known:
        raise NothingFoundError(f"No policies are recorded for {found.experiment_id}.")
    if agent is not None and agent not in known:
        raise NothingFoundError(
            f"There is no policy of {agent!r} in {found.experiment_id}; agents are "
            f"{', '.join(known)}."
        )


def _named(found: IterationList, number: int) -> Iteration:
    for item in found.iterations:
        if item.iteration == number:
            return item
    known = [i.iteration for i in found.iterations]
    has = f"it has {known[0]} to {known[-1]}" if known else "it has none"
    raise NothingFoundError(f"There is no iteration {number} in {found.experiment_id}; {has}.")


def _policies(chosen: Sequence[Iteration], agent: str | None) -> Iterator[Sequence[object]]:
    for item in chosen:
        for name, policy in item.policies.items():
            if agent is None or name == agent:
                yield item.iteration, name, item.accepted.get(name), policy


def _listed(chosen: Sequence[Iteration], agent: str | None) -> Iterator[Sequence[Cell]]:
    for _, name, _, policy in _policies(chosen, agent):
        for path, value in leaves(policy).items():
            yield str(name), path, _shown(value)


def _changed(old: Iteration, new: Iteration, agent: str | None) -> Iterator[Sequence[object]]:
    for name in dict.fromkeys((*old.policies, *new.policies)):
        if agent is None or name == agent:
            for c in difference(old.policies.get(name, {}), new.policies.get(name, {})):
                yield name, c.path, c.change, c.old, c.new


def _evolution(chosen: Sequence[Iteration], agent: str | None) -> Iterator[Sequence[Cell]]:
    for old, new in pairwise(chosen):
        for name, path, change, before, after in _changed(old, new, agent):
            was = "" if change == "added" else _shown(before)
            yield (
                new.iteration,
                str(name),
                str(path),
                str(change),
                was,
                "" if change == "removed" else _shown(after),
            )


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)
