"""`means` and `pair`: what a parameter does to a result, and how a pair of runs came out."""

from __future__ import annotations

import math

import click

from telemetry.cli.asking import find_run, find_run_of, find_table, opened, where
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common, rows_options
from telemetry.cli.output import Output
from telemetry.concepts import AgentId, Cell, Column, Means, TickRange
from telemetry.queries import MeansQuery, PairQuery


@click.command()
@click.argument("table")
@click.argument("value")
@click.argument("source")
@click.argument("run", default="-")
@click.option(
    "--by", required=True, metavar="A,B", help="The columns whose values make the groups."
)
@rows_options
@common
def means(
    table: str,
    value: str,
    source: str,
    run: str,
    *,
    by: str,
    filters: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
) -> int:
    """The mean of column VALUE of a TABLE by the values of other columns, with n and its error.

    RUN may be left out where the table belongs to no run: the pairs of a sweep, say.

    \\b
    Examples:
      telemetry means pairs trading_effect sweep/ --by kappa
      telemetry means trades price money.db 2 --by exchange_pair_type,regime
    """
    output = Output()
    with opened(source, output) as asked:
        found = find_table(asked, table)
        query = MeansQuery(
            find_run_of(asked, found, run, output),
            found.name,
            value,
            tuple(name.strip() for name in by.split(",")),
            where(asked, found, filters, ticks, agents, output),
        )
        answer = asked.ask(query, current_token())
    written = output.rows(_columns(answer), _rows(answer))
    if answer.weight is not None:
        output.note(f"Means are weighted by {answer.weight.name}; n counts rows.")
    for note in answer.notes:
        output.note(note)
    if not written:
        output.note(f"No row of {found.name} that matches has a value of {value}.")
    return 0 if written else 1


@click.command()
@click.argument("source")
@click.argument("run")
@common
def pair(source: str, run: str) -> int:
    """How the pair of RUN and its baseline came out, and why, in one sentence.

    Example:  telemetry pair sweep/ balanced_active_1803b5543cbe
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        said = asked.ask(PairQuery(run_id), current_token())
    if output.for_people:
        click.echo(said)
    else:
        columns = (Column("run_id", "run", "text"), Column("why", "why", "text"))
        output.rows(columns, [(run_id, said)])
    return 0


def _columns(answer: Means) -> tuple[Column, ...]:
    unit = answer.value.unit
    return (
        *answer.by,
        Column("mean", f"mean {answer.value.label}", "real", unit=unit),
        Column("standard_error", "± standard error", "real", unit=unit),
        Column("n", "n", "int"),
    )


def _rows(answer: Means) -> list[tuple[Cell, ...]]:
    parts = zip(answer.keys, answer.mean, answer.error, answer.count, strict=True)
    return [(*key, _cell(mean), _cell(error), int(n)) for key, mean, error, n in parts]


def _cell(number: float) -> Cell:
    """NaN says that there is none, which is NULL in every format."""
    return None if math.isnan(number) else float(number)
