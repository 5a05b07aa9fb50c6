"""`replay` and `events`: a run told tick by tick, in words or as a stream of events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import click

from telemetry.analysis.replay import LOG, Chosen, Happening, agent_names, replayed, told_tables
from telemetry.cli.asking import find_experiment, find_run, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import Limit, common, limit_option, range_options
from telemetry.cli.output import TEXT_ROWS, Output, cut
from telemetry.cli.simulations import run_of
from telemetry.concepts import AgentId, Cell, Column, RunId, TickRange
from telemetry.source import Source

F = TypeVar("F", bound=Callable[..., Any])
_FIRST = ("buyer", "agent")
_SECOND = ("seller", "partner")
_APART = ("run", "tick", "event", "agent", "key", "payload")


def _stream_options(command: F) -> F:
    for option in (
        click.option("--payload", is_flag=True, help="Also what the event carries, as stored."),
        click.option(
            "--transaction", metavar="ID",
            help="Only events that name this transaction or order (the id, or its beginning).",
        ),
        click.option(
            "--type", "-t", "types", multiple=True, metavar="T",
            help="Only events of this type, or rows of this table (may be repeated).",
        ),
        click.option(
            "--simulation", metavar="N[:PURPOSE]",
            help="RUN is an experiment: its run of iteration N, as 5, 5:evaluation or 5.3.",
        ),
    ):  # fmt: skip
        command = option(command)
    return range_options(limit_option(common(command)))


@click.command()
@click.argument("source")
@click.argument("run")
@_stream_options
def replay(source: str, run: str, limit: Limit, payload: bool, **chosen: Any) -> int:
    """A RUN told tick by tick in words; the exact formats give a stream of events.

    \b
    Examples:
      telemetry replay results.db sim-18bced27 --ticks 10~20
      telemetry replay results.db exp2 --simulation 5:evaluation --type Arrival
      telemetry replay money.db 2 --agent 0 --format jsonl
    """
    output = Output()
    with opened(source, output) as asked:
        run_id, wanted = _wanted(asked, run, output, **chosen)
        with replayed(asked, run_id, wanted, current_token()) as found:
            some = cut(found, limit.rows)
            if output.for_people:
                names = agent_names(asked, run_id, current_token())
                written = output.replay(_lines(some, names))
            else:
                columns = _columns(asked, words=True, payload=payload)
                written = output.objects(columns, _objects(some, columns))
    return _done(written, wanted, run_id, output)


@click.command()
@click.argument("source")
@click.argument("run")
@_stream_options
def events(source: str, run: str, limit: Limit, payload: bool, **chosen: Any) -> int:
    """The events of a RUN in their order, one row each; payloads only with --payload.

    Where a family keeps no log of events, they are its trades, pairings and changes.

    \b
    Examples:
      telemetry events results.db sim-18bced27 --type LsmBilateralOffset --format json
      telemetry events market-run/ aa8e373e --ticks 5 --payload --format jsonl
    """
    output = Output()
    rows = limit.rows if limit.asked else (TEXT_ROWS if output.for_people else None)
    with opened(source, output) as asked:
        run_id, wanted = _wanted(asked, run, output, **chosen)
        with replayed(asked, run_id, wanted, current_token()) as found:
            columns = _columns(asked, words=not _has_log(asked), payload=payload)
            if output.for_people:
                columns = [c for c in columns if c.visible]
            written = output.objects(columns, _objects(cut(found, rows), columns))
            if not limit.asked and written == rows and next(found, None) is not None:
                output.note(f"{written} rows shown; --limit all shows every one.")
    return _done(written, wanted, run_id, output)


def _wanted(
    source: Source,
    run: str,
    output: Output,
    *,
    simulation: str | None,
    types: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    transaction: str | None,
) -> tuple[RunId, Chosen]:
    if simulation is None:
        run_id = find_run(source, run, output)
    else:
        own = find_experiment(source, run, output).experiment_id
        run_id = run_of(source, own, simulation)
        output.note(f"Run {run_id}.")
    return run_id, Chosen(types, ticks, agents, transaction)


def _done(written: int, wanted: Chosen, run_id: RunId, output: Output) -> int:
    if not written:
        none = wanted == Chosen()
        output.note(f"No events of run {run_id} are recorded." if none else "No events match.")
    return 0 if written else 1


def _has_log(source: Source) -> bool:
    return [t.role for t in told_tables(source)] == [LOG]


def _columns(source: Source, *, words: bool, payload: bool) -> list[Column]:
    """Tick, type and agents under one name in every family, then what a log has besides."""
    columns = [
        Column("tick", "Tick", "int"),
        Column("event_type", "Event", "text"),
        Column("agent_id", "Agent", "text"),
    ]
    log = told_tables(source)[0] if _has_log(source) else None
    if log is None:
        columns.append(Column("other_agent", "Other agent", "text"))
    else:
        named = {c.name for c in columns}
        columns += [
            c for c in log.columns if c.recorded and c.role not in _APART and c.name not in named
        ]
    if words:
        columns.append(Column("words", "What happened", "text"))
    if payload:
        columns.append(Column("payload", "Payload", "json"))
    return columns


def _objects(found: Iterable[Happening], columns: Sequence[Column]) -> Iterator[Sequence[object]]:
    for happening in found:
        known: dict[str, object] = {
            **happening.row,
            "tick": happening.tick,
            "event_type": happening.kind,
            "agent_id": _who(happening, _FIRST),
            "other_agent": _who(happening, _SECOND),
            "words": happening.words,
            "payload": _payload(happening),
        }
        yield [known.get(column.name) for column in columns]


def _who(happening: Happening, roles: Sequence[str]) -> Cell:
    for role in roles:
        column = happening.table.with_role(role)
        if column is not None:
            return happening.row.get(column.name)
    return None


def _payload(happening: Happening) -> Cell:
    column = happening.table.with_role("payload")
    return None if column is None else happening.row.get(column.name)


def _lines(
    found: Iterable[Happening], names: Mapping[str, str]
) -> Iterator[tuple[int | None, str, str]]:
    """What happened in words, with the agents' names for their ids where they have some."""
    ids = sorted((re.escape(own) for own, name in names.items() if own != name), key=len)
    known = re.compile("|".join(reversed(ids))) if ids else None
    for happening in found:
        words = happening.words
        if known is not None:
            words = known.sub(lambda m: names[m[0]], words)
        yield happening.tick, happening.kind, words
