"""`flows`: who gives what to whom, who passes it on, and how fast money turns over."""

from __future__ import annotations

from typing import Literal

import click

from telemetry.analysis import circulation
from telemetry.cli.asking import find_run, opened
from telemetry.cli.options import Limit, common, limit_option, ticks_option
from telemetry.cli.output import TEXT_ROWS, Output, cut
from telemetry.cli.progress import reported
from telemetry.concepts import Cell, Good, TickRange
from telemetry.errors import NothingFoundError, RequestError
from telemetry.queries import FlowsQuery, IntermediariesQuery
from telemetry.source import Source

What = Literal["edges", "agents", "velocity"]
Rows = list[tuple[Cell, ...]]


@click.command()
@click.argument("source")
@click.argument("run")
@click.option("--good", metavar="NAME", help="Only this one: A, B, M, payments, ASSET, cash …")
@click.option(
    "--what", type=click.Choice(("edges", "agents", "velocity")), default="edges",
    show_default=True, help="Who gave whom how much; what agents passed on; money's velocity.",
)  # fmt: skip
@ticks_option
@limit_option
@common
def flows(
    source: str,
    run: str,
    *,
    good: str | None,
    what: What,
    ticks: TickRange | None,
    limit: Limit,
) -> int:
    """Who gives what to whom in a RUN: goods, money, payments, claims.

    An agent passes on what it took first and gave later; money's velocity is its turnover per
    tick by the mean stock of it.

    \b
    Examples:
      telemetry flows money.db 2 --good M --ticks 100~200
      telemetry flows money.db 2 --what agents
      telemetry flows market.db - --what velocity
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        meant = _goods(asked, good)
        rows: Rows = []
        with reported("Adding up flows") as token:
            for one in meant:
                if what == "edges":
                    found = asked.ask(FlowsQuery(run_id, one.name, ticks), token)
                    rows += circulation.edge_rows(found)
                    output.notes(found.notes)
                elif what == "agents":
                    passed = asked.ask(IntermediariesQuery(run_id, one.name, ticks), token)
                    rows += circulation.agent_rows(passed)
                elif one.money:
                    turned = circulation.velocity(asked, run_id, one, ticks, token)
                    rows.append(circulation.velocity_row(turned))
                    output.note(circulation.velocity_text(turned))
    return _print(output, rows, what, limit, meant)


def _goods(source: Source, name: str | None) -> list[Good]:
    """The goods that are meant; NothingFoundError where nothing changes hands, with the reason."""
    family = source.identity.family_label
    if not source.goods:
        raise NothingFoundError(f"{family} sources {FlowsQuery.LACKING}.")
    if name is None:
        known = [good for good in source.goods if good.recorded]
        if not known:
            raise NothingFoundError(source.goods[0].reason)
        return known
    found = next((good for good in source.goods if good.name == name), None)
    if found is None:
        known_names = ", ".join(good.name for good in source.goods)
        raise RequestError(f"There is no good {name!r}; what changes hands here is {known_names}.")
    if not found.recorded:
        raise NothingFoundError(found.reason)
    return [found]


def _print(output: Output, rows: Rows, what: What, limit: Limit, goods: list[Good]) -> int:
    columns = {"edges": circulation.EDGES, "agents": circulation.AGENTS,
               "velocity": circulation.VELOCITY}[what]  # fmt: skip
    most = limit.rows if limit.asked else (TEXT_ROWS if output.for_people else None)
    written = output.rows(columns, cut(rows, most))
    if what == "agents" and written:
        output.note(f"{circulation.PASSED}, row by row.")
    if what == "velocity" and written:
        output.note(f"{circulation.TURNS}.")
    if not written:
        names = ", ".join(good.label for good in goods)
        told = "is money" if what == "velocity" else "changed hands"
        output.note(f"Nothing of {names} {told} in these ticks.")
    elif not limit.asked and written < len(rows):
        output.note(f"{written} of {len(rows)} rows shown; --limit all shows every one.")
    return 0 if written else 1
