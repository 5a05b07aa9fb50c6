"""The runs that a command is about where they may be of several sources."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import click

from telemetry.analysis.chosen import Chosen, every_run
from telemetry.cli.asking import opened
from telemetry.cli.diffs import chosen
from telemetry.cli.interrupt import current_token
from telemetry.cli.output import Output
from telemetry.errors import NothingFoundError

ALL = "all"
others_option = click.option(
    "--source", "others", nargs=2, multiple=True, metavar="SOURCE RUN",
    help="Also a run of another source, or all of them (repeatable).",
)  # fmt: skip


def asked_runs(
    stack: ExitStack,
    output: Output,
    source: str,
    runs: Sequence[str],
    others: Sequence[tuple[str, str]],
) -> tuple[Chosen, ...]:
    """The runs that are meant, each once, in the order in which they are named."""
    found: dict[tuple[str, object], Chosen] = {}
    sources = {}
    for location, run in (*((source, run) for run in runs or (ALL,)), *others):
        if location not in sources:
            sources[location] = stack.enter_context(opened(location, output))
        own = sources[location]
        some = every_run(own, current_token()) if run == ALL else (chosen(own, run, output),)
        found.update({one.key: one for one in some})
    if not found:
        raise NothingFoundError(f"{source} has no runs to compare.")
    return tuple(found.values())
