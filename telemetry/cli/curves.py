"""`series` and `timeline`: what changes over ticks."""

from __future__ import annotations

import click

from telemetry.cli.asking import find_run, opened, spell
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import Limit, as_option, common, limit_option, range_options
from telemetry.cli.output import TEXT_ROWS, Output, cut
from telemetry.concepts import AgentId, Column, Series, TickRange
from telemetry.export import Language
from telemetry.export.files import series_rows
from telemetry.queries import SeriesQuery, TimelineQuery

_LANE_COLUMNS = (
    Column("lane", "Lane", "text"),
    Column("first_tick", "First tick", "int"),
    Column("last_tick", "Last tick", "int"),
    Column("state", "State", "text"),
)


@click.command()
@click.argument("source")
@click.argument("run")
@click.argument("measure")
@range_options
@limit_option
@as_option
@common
def series(
    source: str,
    run: str,
    measure: str,
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    limit: Limit,
    language: Language | None,
) -> int:
    """A MEASURE of agents over ticks: one row per agent and tick.

    Example:  telemetry series money.db 2 lambda_money --agent 0 --ticks 10~50 --format csv
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        query = SeriesQuery(run_id, measure, agents, ticks)
        if language is not None:
            return spell(asked, query, language, limit)
        found = asked.ask(query, current_token())
    total = sum(len(line.tick) for line in found.lines)
    rows = limit.rows if limit.asked else (TEXT_ROWS if output.for_people else None)
    columns, lines = series_rows(found)
    written = output.rows(columns, cut(lines, rows))
    _explain(output, found, written, total)
    if not limit.asked and written < total:
        output.note(f"{written} of {total} values shown; --limit all shows every one.")
    return 0 if written else 1


@click.command()
@click.argument("source")
@click.argument("run")
@click.option(
    "--lane",
    "lanes",
    multiple=True,
    metavar="NAME",
    help="mode, regime, pairs (all of them) or another lane of the source; may be repeated.",
)
@common
def timeline(source: str, run: str, lanes: tuple[str, ...]) -> int:
    """The states of a RUN over ticks: one row per lane and interval, both ends included.

    Example:  telemetry timeline money.db 2 --lane mode
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        query = TimelineQuery(run_id, lanes or None)
        found = asked.ask(query, current_token())
    rows = (
        (lane.name, int(first), int(last), state)
        for lane in found.lanes
        for first, last, state in zip(lane.first, lane.last, lane.state, strict=True)
    )
    written = output.rows(_LANE_COLUMNS, rows)
    output.notes(found.notes)
    if not written and not found.notes:
        output.note(f"Nothing is recorded of this run that lasts over ticks ({source}).")
    return 0 if written else 1


def _explain(output: Output, found: Series, written: int, total: int) -> None:
    measure = found.measure
    output.notes(found.notes)
    if total:
        return
    if not measure.recorded and not found.notes:
        output.note(measure.reason or f"{measure.name} is not recorded in this run.")
    elif measure.recorded:
        output.note(f"{measure.name} has no values for these agents and ticks.")
    if found.constant is not None:
        output.note(f"By configuration it is {found.constant!r} for all agents.")
