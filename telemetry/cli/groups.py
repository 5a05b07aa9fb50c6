"""`facets` and `summary`: rows counted and summed by what they have in common."""

from __future__ import annotations

import click

from telemetry.cli.asking import absence, find_run_of, find_table, opened, where
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import Limit, common, limit_option, rows_options
from telemetry.cli.output import TEXT_ROWS, Output
from telemetry.concepts import AgentId, Column, TickRange
from telemetry.queries import FacetQuery, SummaryQuery


@click.command()
@click.argument("source")
@click.argument("run")
@click.argument("table")
@click.argument("column")
@rows_options
@limit_option
@common
def facets(
    source: str,
    run: str,
    table: str,
    column: str,
    filters: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    limit: Limit,
) -> int:
    """How often each value of a COLUMN of a TABLE occurs in a RUN, most frequent first.

    Example:  telemetry facets money.db 2 trades exchange_pair_type
    """
    output = Output()
    with opened(source, output) as asked:
        found = find_table(asked, table)
        chosen = where(asked, found, filters, ticks, agents, output)
        run_id = find_run_of(asked, found, run, output)
        rows = limit.rows if limit.asked else (TEXT_ROWS if output.for_people else None)
        query = FacetQuery(run_id, found.name, column, chosen, rows)
        counted = asked.ask(query, current_token())
    kind = counted.column.kind
    columns = (
        Column("value", counted.column.label, kind, recorded=counted.column.recorded),
        Column("count", "Count", "int"),
    )
    written = output.rows(columns, counted.values)
    if not written:
        output.note(absence(found))
    elif written < counted.distinct and not limit.asked:
        output.note(f"{written} of {counted.distinct} values shown; --limit all shows every one.")
    return 0 if written else 1


@click.command()
@click.argument("source")
@click.argument("run")
@click.argument("table", default="trades")
@rows_options
@common
def summary(
    source: str,
    run: str,
    table: str,
    filters: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
) -> int:
    """Aggregates of a TABLE of a RUN by group: trades by pair type, attempts by reason.

    Text adds a last line over all rows.

    Example:  telemetry summary money.db 2 trades
    """
    output = Output()
    with opened(source, output) as asked:
        found = find_table(asked, table)
        chosen = where(asked, found, filters, ticks, agents, output)
        run_id = find_run_of(asked, found, run, output)
        answer = asked.ask(SummaryQuery(run_id, found.name, chosen), current_token())
    written = output.rows(answer.columns, answer.groups, ("all", *answer.total[1:]))
    if not written:
        output.note(absence(found))
    return 0 if written else 1
