"""`diff`: where two runs part."""

from __future__ import annotations

from contextlib import ExitStack

import click

from telemetry.analysis.chosen import Chosen, labels
from telemetry.analysis.divergence import first_divergence
from telemetry.analysis.divergences import (
    ALSO,
    FLAT,
    also_rows,
    cells,
    flat_rows,
    headings,
    sentence,
    setting_rows,
)
from telemetry.cli.asking import find_run, opened
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.cli.progress import reported
from telemetry.concepts import Column, Divergence, RowDifference
from telemetry.queries import RunsQuery
from telemetry.source import Source


@click.command()
@click.argument("source")
@click.argument("run")
@click.argument("others", nargs=-1, required=True, metavar="[SOURCE2] RUN2")
@common
def diff(source: str, run: str, others: tuple[str, ...]) -> int:
    """The first tick, table, agent and column in which RUN and RUN2 differ.

    All rows are compared, by value; row ids and wall-clock times do not count. Exit code 0 where
    the runs are equal, 1 where they differ. CSV has a row for each cell that differs.

    \b
    Examples:
      telemetry diff money.db 2 3
      telemetry diff before.db 1 after.db 1 --format json
    """
    if len(others) > 2:
        raise click.UsageError("diff takes two runs: SOURCE RUN [SOURCE2] RUN2")
    output = Output()
    with ExitStack() as stack:
        first = stack.enter_context(opened(source, output))
        second = first
        if len(others) == 2 and others[0] != source:
            second = stack.enter_context(opened(others[0], output))
        pair = (chosen(first, run, output), chosen(second, others[-1], output))
        with reported("Comparing") as token:
            found = first_divergence(*pair, token)
    left, right = labels(pair)
    _print(output, found, f"run {left}", f"run {right}")
    return 0 if found.kind == "none" else 1


def chosen(source: Source, run: str, output: Output) -> Chosen:
    """The run that a command names."""
    run_id = find_run(source, run, output)
    listed = source.ask(RunsQuery(), current_token()).runs
    return Chosen(source, next(r for r in listed if r.run_id == run_id))


def _print(output: Output, found: Divergence, left: str, right: str) -> None:
    said = sentence(found, left, right)
    if output.format in ("csv", "jsonl"):
        output.rows(FLAT, flat_rows(found))
        output.note(said)
        output.notes(found.notes)
        return
    output.one(_object(found, said), _sections(found, said, left, right))
    if output.for_people:
        output.notes(found.notes)


def _sections(found: Divergence, said: str, left: str, right: str) -> list[Section]:
    sections: list[Section] = [("", (), [(said,)])]
    if found.first is not None:
        sections.append((found.first.label, headings(found.first, left, right), cells(found.first)))
    if found.also:
        sections.append(("", ALSO, also_rows(found, left, right)))
    if found.settings:
        columns = tuple(
            Column(name, label, "text")
            for name, label in (("configuration",) * 2, (left, left), (right, right))
        )
        sections.append(("", columns, setting_rows(found.settings)))
    return sections


def _object(found: Divergence, said: str) -> dict[str, object]:
    return {
        "kind": found.kind,
        "sentence": said,
        "first": None if found.first is None else _part(found.first),
        "also": [_part(part) for part in found.also],
        "settings": [
            {"key": s.path, "left": s.values[0], "right": s.values[1]} for s in found.settings
        ],
        "reordered": dict(found.reordered),
        "last_ticks": list(found.ends),
        "rows_compared": found.rows,
        "notes": list(found.notes),
    }


def _part(part: RowDifference) -> dict[str, object]:
    names = [column.name for column in part.columns]

    def row(cells: tuple[object, ...] | None) -> dict[str, object] | None:
        return None if cells is None else dict(zip(names, cells, strict=True))

    return {
        "table": part.table,
        "tick": part.tick,
        "agents": list(part.agents),
        "columns": [column.name for column in part.differing],
        "left": row(part.left),
        "right": row(part.right),
        "rows_left": part.left_rows,
        "rows_right": part.right_rows,
        "before_tick": part.before_tick,
        "before": row(part.before),
    }
