"""`why`, `near-misses` and `funnel`: what stood in the way, and by how much."""

from __future__ import annotations

import click

from telemetry.analysis import whys
from telemetry.cli.asking import find_run, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.cli.progress import reported
from telemetry.concepts import AgentId, TickRange, Why
from telemetry.errors import RequestError
from telemetry.queries import FunnelQuery, NearMissesQuery, WhyQuery


@click.command()
@click.argument("source")
@click.argument("run")
@click.option("--tick", type=int, metavar="N", help="When.")
@click.option("--agents", metavar="A,B", help="Both agents, in any order.")
@click.option("--key", metavar="ID", help="The row of the attempts, where they are not of two.")
@common
def why(source: str, run: str, *, tick: int | None, agents: str | None, key: str | None) -> int:
    """Why two agents did not trade at a tick: the gates in order, each with its signed margin.

    Where attempts are not recorded the gates are judged from snapshots, quotes and pairings; what
    cannot be judged says what is missing. Exit code 1 where it failed.

    \b
    Examples:
      telemetry why legacy.db 1 --tick 57 --agents 0,1
      telemetry why payments.db run-7 --key tx00104 --format json
    """
    output = Output()
    with opened(source, output) as asked:
        query = WhyQuery(find_run(asked, run, output), tick, _agents(agents), _key(key))
        found = asked.ask(query, current_token())
    if output.for_people:
        output.sections(_sections(found))
    else:
        output.rows(whys.GATES, whys.gate_rows(found))
    output.notes(found.notes)
    return 0 if found.happened else 1


@click.command("near-misses")
@click.argument("source")
@click.argument("run")
@click.option("--tick", type=int, metavar="N", help="Of this tick alone.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, metavar="N",
    help="The nearest N (50 unless told).",
)  # fmt: skip
@common
def near_misses(source: str, run: str, *, tick: int | None, limit: int) -> int:
    """Negotiations that failed by the least: the utility that the worse side was short of.

    Example:  telemetry near-misses legacy.db 1 --limit 10
    """
    output = Output()
    with opened(source, output) as asked:
        ticks = None if tick is None else TickRange(tick, tick)
        query = NearMissesQuery(find_run(asked, run, output), ticks, limit)
        with reported("Ranking") as token:
            found = asked.ask(query, token)
    written = output.rows(whys.MISSES, whys.miss_rows(found))
    output.notes(found.notes)
    if not written:
        output.note("No failed negotiations are recorded here.")
    return 0 if written else 1


@click.command()
@click.argument("source")
@click.argument("run")
@click.option("--ticks", metavar="A~B", help="Only ticks from A to B, both included.")
@common
def funnel(source: str, run: str, *, ticks: str | None) -> int:
    """At which gate how many attempts failed, by pair type, mode and regime.

    Of other families: payments, rejected orders and defaults by the reason, and whose they were.

    \b
    Examples:
      telemetry funnel legacy.db 1 --format csv
      telemetry funnel payments.db run-7
    """
    output = Output()
    with opened(source, output) as asked:
        query = FunnelQuery(find_run(asked, run, output), _ticks(ticks))
        with reported("Counting") as token:
            found = asked.ask(query, token)
    written = output.rows(whys.funnel_columns(found), whys.funnel_rows(found))
    output.notes(found.notes)
    if not written:
        output.note(f"No {found.of} are recorded here.")
    return 0 if written else 1


def _sections(found: Why) -> list[Section]:
    sections: list[Section] = [(whys.verdict(found), (), [(f"Judged from {found.told_by}.",)])]
    columns = whys.GATES[1:6]
    rows = whys.gate_rows(found)
    for case in found.cases:
        own = [
            tuple("" if cell is None else cell for cell in row[1:6])
            for row in rows
            if row[0] == case.label
        ]
        tries = "" if case.tries is None else f" ({case.tries} tries)"
        sections.append((f"{case.label}{tries}", columns, own))
    return sections


def _agents(text: str | None) -> tuple[AgentId, ...]:
    if text is None:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2 or not all(parts):
        raise RequestError(f"--agents wants two agents as A,B, not {text!r}.")
    return tuple(int(part) if part.lstrip("-").isdigit() else part for part in parts)


def _key(text: str | None) -> int | str | None:
    return int(text) if text is not None and text.isdigit() else text


def _ticks(text: str | None) -> TickRange | None:
    try:
        return None if text is None else TickRange.parse(text)
    except ValueError as error:
        raise RequestError(f"--ticks wants A~B: {error}.") from error
