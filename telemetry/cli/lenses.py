"""`lens`: a measure of every agent, who stands apart, who is clamped, when each settles."""

from __future__ import annotations

from typing import Literal

import click

from telemetry.analysis import lenses
from telemetry.cli.asking import find_run, opened
from telemetry.cli.options import common, ticks_option
from telemetry.cli.output import Output
from telemetry.cli.progress import reported
from telemetry.concepts import Lens, RunId, Settlings, TickRange
from telemetry.errors import NothingFoundError
from telemetry.queries import HistogramQuery, RunQuery, SettlingQuery, Where
from telemetry.source import Source

Face = Literal["agents", "fan", "binding", "phase"]


@click.command()
@click.argument("source")
@click.argument("run")
@click.option("--measure", metavar="NAME", help="As `series` takes it; else the first usual one.")
@click.option(
    "--epsilon", type=click.FloatRange(min=0), default=0.01, show_default=True, metavar="E",
    help="How near its limit a settled value is: a share of the limit's size.",
)  # fmt: skip
@click.option("--absolute", is_flag=True, help="Epsilon is in the measure's own unit.")
@click.option(
    "--what", type=click.Choice(("agents", "fan", "binding", "phase")), default="agents",
    show_default=True,
    help="Each agent; quantiles by tick; which estimate binds; or two measures of each agent.",
)  # fmt: skip
@click.option(
    "--against", metavar="NAME",
    help="The other measure of a phase portrait; else what its family declares.",
)  # fmt: skip
@click.option(
    "--bins", type=click.IntRange(min=1), metavar="N",
    help="Count what binds in at most N stretches of ticks; each tick unless told.",
)  # fmt: skip
@ticks_option
@common
def lens(
    source: str,
    run: str,
    *,
    measure: str | None,
    epsilon: float,
    absolute: bool,
    what: Face,
    against: str | None,
    bins: int | None,
    ticks: TickRange | None,
) -> int:
    """A measure of every agent of a RUN: when it settles, who stands apart, who is clamped.

    An agent settles at the first tick from which on all its values are near its last one.

    \b
    Examples:
      telemetry lens money.db 5
      telemetry lens money.db 5 --measure utility --epsilon 0.001 --format csv
      telemetry lens money.db 5 --what binding
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        if what == "binding":
            return _binding(output, asked, run_id, bins, ticks)
        with reported("Looking") as token:
            names = (measure,) if measure else lenses.usual(asked)
            found = lenses.look(asked, run_id, names, ticks, token)
            if what == "fan":
                written = output.rows(lenses.FAN, lenses.fan_rows(found))
                output.notes(found.notes)
                return 0 if written else 1
            name = found.measure.name
            if what == "phase":
                names = (against,) if against else lenses.others(asked, found.measure)
                across = lenses.look(asked, run_id, names, ticks, token)
                columns = lenses.phase_columns(found.measure, across.measure)
                return 0 if output.rows(columns, lenses.phase_rows(found, across)) else 1
            settled = asked.ask(SettlingQuery(run_id, name, epsilon, not absolute, ticks), token)
    written = output.rows(lenses.AGENTS, lenses.agent_rows(settled, found))
    _explain(output, settled, found)
    return 0 if written else 1


def _explain(output: Output, settled: Settlings, found: Lens) -> None:
    """Of what it is, how many settle, what a limit and an outlier are."""
    unit = f" ({settled.measure.unit})" if settled.measure.unit else ""
    output.note(f"{settled.measure.label}{unit}. {lenses.headline(settled)}")
    if settled.agents:
        output.note(lenses.clamped(settled))
        output.note(found.rule)
        output.notes(found.notes)


def _binding(
    output: Output, source: Source, run_id: RunId, bins: int | None, ticks: TickRange | None
) -> int:
    table = lenses.binding_table(source)
    column = None if table is None else table.with_role(lenses.BINDS)
    span = ticks or source.ask(RunQuery(run_id)).run.ticks
    if table is None or column is None or not table.recorded or span is None:
        label = source.identity.family_label if table is None else source.name
        raise NothingFoundError(f"{label}: no updates record which of several estimates binds.")
    query = HistogramQuery(
        run_id, table.name, column.name, Where(ticks=ticks), bins or span.last - span.first + 1
    )
    with reported("Counting") as token:
        found = source.ask(query, token)
    written = output.rows(lenses.BINDING, lenses.binding_rows(found))
    if not written:
        output.note(f"Run {run_id} has no rows of {table.name}. {table.how_to_record}".strip())
    return 0 if written else 1
