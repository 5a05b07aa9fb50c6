"""`trades`, `attempts` and `table`: rows of a run, filtered, sorted, streamed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from telemetry.cli.asking import (
    absence,
    column_names,
    find_run_of,
    find_table,
    opened,
    sorting,
    spell,
    where,
)
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import Limit, as_option, common, limit_option, rows_options
from telemetry.cli.output import TEXT_ROWS, Output
from telemetry.export import Language
from telemetry.frozen import replace
from telemetry.queries import ColumnsQuery, CountQuery, TableQuery
from telemetry.source import Source

if TYPE_CHECKING:
    from telemetry.concepts import AgentId, Column, RunId, Table, TickRange

F = TypeVar("F", bound=Callable[..., Any])
_PAGE = 10_000  # up to here a limited answer is one page, which the database cuts itself


def _table_options(command: F) -> F:
    for option in (
        click.option(
            "--all-columns", is_flag=True,
            help="In text also the columns that are empty in this run or hold little.",
        ),
        click.option("--columns", metavar="A,B,C", help="Only these columns, in this order."),
        click.option(
            "--sort", metavar="[-]COLUMN", help="Order by a column; with - the largest first."
        ),
    ):  # fmt: skip
        command = option(command)
    return rows_options(limit_option(as_option(common(command))))


@click.command()
@click.argument("source")
@click.argument("run")
@_table_options
def trades(source: str, run: str, **options: Any) -> int:
    """The trades of a RUN.

    \b
    Examples:
      telemetry trades money.db 2 --filter 'dM=>0' --sort -price
      telemetry trades money.db 2 --filter mode=trade --filter regime=mixed
    """
    return _rows("trades", source, run, **options)


@click.command()
@click.argument("source")
@click.argument("run")
@_table_options
def attempts(source: str, run: str, **options: Any) -> int:
    """The trade attempts of a RUN, also those that failed.

    Example:  telemetry attempts money.db 2 --filter result=fail --ticks 5~9
    """
    return _rows("attempts", source, run, **options)


@click.command()
@click.argument("name")
@click.argument("source")
@click.argument("run", default="-")
@_table_options
def table(name: str, source: str, run: str, **options: Any) -> int:
    """The rows of table NAME of a RUN; `identify` lists the tables.

    RUN may be left out where the source has only one, or the table belongs to no run.

    \b
    Examples:
      telemetry table tick_states money.db 2
      telemetry table lambda_updates money.db 2 --sort agent_id
      telemetry table llm_interactions results.db --filter 'latency_seconds=>60'
      telemetry table agent_snapshots money.db 2 --agent 0 \\
          --columns tick,lambda_money,inventory_M
    """
    return _rows(name, source, run, **options)


def _rows(
    name: str,
    location: str,
    run: str,
    *,
    filters: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    sort: str | None,
    columns: str | None,
    all_columns: bool,
    limit: Limit,
    language: Language | None,
) -> int:
    output = Output()
    with opened(location, output) as source:
        asked = find_table(source, name)
        query = TableQuery(
            find_run_of(source, asked, run, output),
            asked.name,
            column_names(asked, columns),
            where(source, asked, filters, ticks, agents, output),
            sorting(asked, sort),
        )
        if language is not None:
            return spell(source, query, language, limit)
        judged = _judged(source, query.run_id, asked.name)
        if output.for_people and query.columns is None and not all_columns:
            query = _for_people(query, judged, output)
        described = tuple(judged.get(c.name, c) for c in source.stream_columns(query))
        return _print(source, query, asked, described, limit, output)


def _print(
    source: Source,
    query: TableQuery,
    asked: Table,
    columns: tuple[Column, ...],
    limit: Limit,
    output: Output,
) -> int:
    rows = limit.rows if limit.asked else (TEXT_ROWS if output.for_people else None)
    if rows is not None and rows <= _PAGE:
        page = source.ask(replace(query, limit=rows), current_token())
        written = output.rows(columns, page.rows)
        more = page.next is not None
    else:
        written = output.query(source, query, columns, rows)
        more = False
    if more and not limit.asked:
        count = CountQuery(query.run_id, query.table, query.where)
        total = source.ask(count, current_token())
        output.note(f"{written} of {total} rows shown; --limit all shows every one.")
    if not written:
        output.note(absence(asked))
    return 0 if written else 1


def _for_people(query: TableQuery, judged: Mapping[str, Column], output: Output) -> TableQuery:
    """Without the columns that say nothing in this run, which a note names."""
    visible = tuple(c.name for c in judged.values() if c.visible and c.recorded)
    absent = [c.name for c in judged.values() if c.visible and not c.recorded]
    if not visible:
        return query
    if absent:
        output.note(f"Not recorded in this run: {', '.join(absent)} (--all-columns shows them).")
    return replace(query, columns=visible)


def _judged(source: Source, run_id: RunId, name: str) -> dict[str, Column]:
    """The columns of a table by their names, those without a value in this run not recorded."""
    found = source.ask(ColumnsQuery(run_id, name), current_token())
    return {column.name: column for column in found}
