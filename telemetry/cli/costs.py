"""`costs`: what each tick cost each agent, and what each agent paid in all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

import click

from telemetry.cli.asking import absence, find_run, opened, where
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import Limit, common, limit_option, rows_options
from telemetry.cli.output import TEXT_ROWS, Output, cut
from telemetry.concepts import AgentId, Cell, Column, Table, TickRange
from telemetry.errors import NothingFoundError
from telemetry.export import streamed
from telemetry.queries import TableQuery
from telemetry.source import Source
from telemetry.text import money_text

ROLE = "costs"


@click.command()
@click.argument("source")
@click.argument("run")
@click.option(
    "--per", type=click.Choice(("tick", "agent")), default="tick",
    help="One row for each tick and agent (the default), or one for each agent.",
)  # fmt: skip
@rows_options
@limit_option
@common
def costs(
    source: str,
    run: str,
    per: str,
    filters: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    limit: Limit,
) -> int:
    """What each tick of a RUN cost each agent, by kind, and what it had paid so far.

    Text shows money, the exact formats whole cents.

    \b
    Examples:
      telemetry costs results.db sim-18bced27 --filter 'cost=>0'
      telemetry costs results.db sim-18bced27 --per agent --format csv
    """
    output = Output()
    with opened(source, output) as asked:
        table = _table(asked)
        run_id = find_run(asked, run, output)
        shown = [c for c in table.columns if c.role != "run" and (c.visible or not _text(output))]
        chosen = where(asked, table, filters, ticks, agents, output)
        query = TableQuery(run_id, table.name, tuple(c.name for c in shown), chosen)
        with streamed(asked, query, current_token()) as rows:
            if per == "agent":
                shown, totals = _per_agent(shown, rows)
                written = output.rows(shown, totals, _sum(shown, totals))
            else:
                written = _per_tick(shown, rows, limit, output)
    if not written:
        output.note(absence(table))
    return 0 if written else 1


def _table(source: Source) -> Table:
    table = source.table_with_role(ROLE)
    if table is None:
        label = source.identity.family_label
        raise NothingFoundError(f"{label} sources of this kind record no costs by tick.")
    if not table.recorded:
        raise NothingFoundError(
            f"Costs are not recorded in {source.name}. {table.how_to_record}".strip()
        )
    return table


def _text(output: Output) -> bool:
    return output.for_people


def _per_tick(
    shown: Sequence[Column], rows: Iterator[Sequence[Cell]], limit: Limit, output: Output
) -> int:
    most = limit.rows if limit.asked else (TEXT_ROWS if output.for_people else None)
    first = list(cut(rows, most)) if most is not None else []
    written = output.rows(shown, chain(first, rows) if most is None else first)
    if output.for_people and not limit.asked:
        total, more = 0, 0
        place = next((i for i, c in enumerate(shown) if c.role == "cost"), None)
        for row in chain(first, rows):
            value = None if place is None else row[place]
            total += value if isinstance(value, int) else 0
            more += 1
        if more > written:
            output.note(f"{written} of {more} rows shown; --limit all shows every one.")
        output.note(f"{money_text(total)} in all; --per agent shows each agent's share.")
    return written


def _per_agent(
    shown: Sequence[Column], rows: Iterator[Sequence[Cell]]
) -> tuple[list[Column], list[list[Cell]]]:
    """The sums of each agent's costs by kind, exact; what is accumulated already is left out."""
    agent = next(i for i, c in enumerate(shown) if c.role == "agent")
    kinds = [
        i
        for i, c in enumerate(shown)
        if c.unit is not None and (c.role or "").startswith("cost") and c.role != "cost_so_far"
    ]
    sums: dict[Cell, list[int]] = {}
    for row in rows:
        found = sums.setdefault(row[agent], [0] * len(kinds))
        for place, i in enumerate(kinds):
            value = row[i]
            found[place] += value if isinstance(value, int) else 0
    columns = [shown[agent], *(shown[i] for i in kinds)]
    return columns, [[name, *found] for name, found in sums.items()]


def _sum(shown: Sequence[Column], totals: Sequence[Sequence[Cell]]) -> list[Cell]:
    columns = zip(*totals, strict=True) if totals else [[] for _ in shown]
    numbers = [[v for v in column if isinstance(v, int)] for column in columns]
    return ["all", *(sum(column) for column in numbers[1:])]
