"""The runs that somebody compares, from whatever sources, and what to call each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from telemetry.cancel import CancelToken
from telemetry.concepts import Run, RunId
from telemetry.frozen import Frozen
from telemetry.queries import RunQuery, RunsQuery
from telemetry.source import Source

SHORT = 12
"""Characters of a run's id that are read at a glance."""
MANY = 8
"""So many runs of a source are asked for together; of fewer each may be known already."""


class Chosen(Frozen):
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


def by_source(runs: Sequence[Chosen]) -> list[list[Chosen]]:
    """The runs of each source, in their order."""
    found: dict[str, list[Chosen]] = {}
    for run in runs:
        found.setdefault(run.source.key, []).append(run)
    return list(found.values())


def in_full(chosen: Chosen, token: CancelToken | None = None) -> Chosen:
    """The run as a look at it alone tells: with its ticks."""
    return Chosen(chosen.source, chosen.source.ask(RunQuery(chosen.run_id), token).run)


def labels(runs: Sequence[Chosen]) -> tuple[str, ...]:
    """A short name for each run: its id, with its source where they come from several.

    A source of which only one run is meant is name enough where that run's id is long.
    """
    names = {run.source.key: run.source.name for run in runs}
    if len(names) <= 1:
        return tuple(str(run.run_id) for run in runs)
    if len(set(names.values())) < len(names):
        names = {key: f"{name} ({i + 1})" for i, (key, name) in enumerate(names.items())}
    many = Counter(run.source.key for run in runs)
    return tuple(
        names[run.source.key]
        if many[run.source.key] == 1 and len(str(run.run_id)) > SHORT
        else f"{names[run.source.key]} {run.run_id}"
        for run in runs
    )
