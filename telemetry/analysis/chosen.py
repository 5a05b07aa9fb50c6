"""The runs that somebody compares, from whatever sources, and what to call each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Run, RunId
from telemetry.queries import RunQuery, RunsQuery
from telemetry.source import Source


@dataclass(frozen=True)
class Chosen:
    """One run of an open source; `run.ticks` may be unknown where a list of runs says none."""

    source: Source
    run: Run

    @property
    def run_id(self) -> RunId:
        return self.run.run_id

    @property
    def key(self) -> tuple[str, RunId]:
        """What tells this run from every other one."""
        return self.source.key, self.run.run_id


def every_run(source: Source, token: CancelToken | None = None) -> tuple[Chosen, ...]:
    """All runs of a source, in their order."""
    return tuple(Chosen(source, run) for run in source.ask(RunsQuery(), token).runs)


def in_full(chosen: Chosen, token: CancelToken | None = None) -> Chosen:
    """The run as a look at it alone tells: with its ticks."""
    return Chosen(chosen.source, chosen.source.ask(RunQuery(chosen.run_id), token).run)


def labels(runs: Sequence[Chosen]) -> tuple[str, ...]:
    """A short name for each run: its id, with its source where they come from several."""
    names = {run.source.key: run.source.name for run in runs}
    if len(names) <= 1:
        return tuple(str(run.run_id) for run in runs)
    apart = len(set(names.values())) == len(names)
    if not apart:
        places = {key: f"{name} ({i + 1})" for i, (key, name) in enumerate(names.items())}
        names = places
    return tuple(f"{names[run.source.key]} {run.run_id}" for run in runs)


def field_with_role(chosen: Chosen, role: str, token: CancelToken | None = None) -> Cell:
    """The run row's first value of a column that plays `role`; None where there is none."""
    for column in chosen.source.ask(RunsQuery(), token).columns:
        if column.role == role and chosen.run.fields.get(column.name) is not None:
            return chosen.run.fields[column.name]
    return None
