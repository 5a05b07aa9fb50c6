"""`regimes` and `event-study`: every statistic by mode and regime, and what switches do."""

from __future__ import annotations

from contextlib import ExitStack

import click

from telemetry.analysis import event_study as study
from telemetry.analysis import regimes as analysis
from telemetry.analysis.chosen import Chosen, labels
from telemetry.cancel import CancelToken
from telemetry.cli.options import common, ticks_option
from telemetry.cli.output import Output, Section
from telemetry.cli.progress import reported
from telemetry.cli.several import asked_runs, others_option
from telemetry.concepts import Overlap, Split, Study, TickRange, Unit
from telemetry.errors import NothingFoundError

_lane = click.option(
    "--lane", "lanes", multiple=True, metavar="NAME",
    help="mode, regime, A<->M, dealer:short …, as `timeline` lists them; several are crossed.",
)  # fmt: skip


@click.command()
@click.argument("source")
@click.argument("runs", nargs=-1)
@others_option
@_lane
@click.option(
    "--table", "tables", multiple=True, metavar="NAME",
    help="Only what this table amounts to (repeatable); no measures unless they are named.",
)  # fmt: skip
@click.option(
    "--measure", "measures", multiple=True, metavar="NAME",
    help="The mean of this measure (repeatable), instead of the usual ones.",
)  # fmt: skip
@ticks_option
@click.option("--per-tick", is_flag=True, help="Counts and sums by the ticks of their state.")
@click.option("--by-run", is_flag=True, help="Each run by itself, not all of them together.")
@common
def regimes(
    source: str,
    runs: tuple[str, ...],
    *,
    others: tuple[tuple[str, str], ...],
    lanes: tuple[str, ...],
    tables: tuple[str, ...],
    measures: tuple[str, ...],
    ticks: TickRange | None,
    per_tick: bool,
    by_run: bool,
) -> int:
    """What RUNS came to in each mode, in each regime, or in each state of any lane.

    Counts, volume, prices, surplus, failures by reason, and means of measures. n is how many
    ticks a state lasted; ticks whose state is unknown are "not recorded". Without --lane, each
    lane of the source by itself.

    \b
    Examples:
      telemetry regimes money.db 4
      telemetry regimes money.db 1 4 --lane mode --lane regime --table trades --per-tick
    """
    output = Output()
    with ExitStack() as stack:
        asked = asked_runs(stack, output, source, runs, others)
        names = tuple(tables) or (() if measures else None)
        wanted = tuple(measures) or (() if tables else None)
        found: list[tuple[str | None, Split]] = []
        with reported("Splitting") as token:
            for several in (lanes,) if lanes else _each(asked, token):
                for name, some in _groups(asked, by_run):
                    split = analysis.split(
                        some, several, token, tables=names, measures=wanted, ticks=ticks
                    )
                    found.append((name, split))
    _print(output, found, per_tick)
    for _, split in found:
        output.notes(split.notes)
    return 0 if any(split.quantities for _, split in found) else 1


def _each(runs: tuple[Chosen, ...], token: CancelToken) -> list[tuple[str, ...]]:
    """Every lane that the first run with any has, each by itself."""
    for run in runs:
        found = analysis.lanes_in(run, token)
        if found:
            declared = {info.name for info in run.source.lanes}
            plain = [lane for lane in found if lane.name in declared]
            return [(lane.name,) for lane in plain or found]
    family = runs[0].source.identity.family_label if runs else "These"
    raise NothingFoundError(f"{family} runs record no lanes of states to split by.")


def _groups(runs: tuple[Chosen, ...], by_run: bool) -> list[tuple[str | None, tuple[Chosen, ...]]]:
    if not by_run:
        return [(labels(runs)[0] if len(runs) == 1 else None, runs)]
    return [(name, (run,)) for name, run in zip(labels(runs), runs, strict=True)]


def _print(output: Output, found: list[tuple[str | None, Split]], rates: bool) -> None:
    if not output.for_people:
        every = (analysis.long_rows(split, name) for name, split in found)
        output.rows(analysis.LONG, [row for some in every for row in some])
        return
    sections: list[Section] = []
    for name, split in found:
        of = f"run {name}" if name is not None else f"{split.runs} runs together"
        title = f"{split.label}, {of}; n: ticks in each state"
        rows = analysis.rows(split, rates=rates)
        sections.append((title, analysis.columns(split), rows))
    output.sections(sections)


@click.command("event-study")
@click.argument("source")
@click.argument("runs", nargs=-1)
@others_option
@click.option("--measure", required=True, metavar="NAME", help="As `series` takes it.")
@_lane
@click.option("--from", "before", metavar="STATE", help="Only switches from this state.")
@click.option("--to", "after", metavar="STATE", help="Only switches to this state.")
@click.option(
    "--window", type=click.IntRange(1, study.WIDEST), default=20, show_default=True, metavar="K",
    help="Ticks before and after the switch.",
)  # fmt: skip
@click.option("--relative", is_flag=True, help="Less the path's own value at offset −1.")
@click.option(
    "--overlap", type=click.Choice(("cut", "keep")), default="cut", show_default=True,
    help="Where other switches lie in the window: end it there, or keep all of it.",
)  # fmt: skip
@click.option(
    "--unit", type=click.Choice(("switch", "agent")), default="switch", show_default=True,
    help="What a path is: a switch (the mean over its agents), or each agent at each switch.",
)  # fmt: skip
@click.option("--together", is_flag=True, help="One path of all switches, whatever their states.")
@ticks_option
@common
def event_study(
    source: str,
    runs: tuple[str, ...],
    *,
    others: tuple[tuple[str, str], ...],
    measure: str,
    lanes: tuple[str, ...],
    before: str | None,
    after: str | None,
    window: int,
    relative: bool,
    overlap: Overlap,
    unit: Unit,
    together: bool,
    ticks: TickRange | None,
) -> int:
    """The average path of a measure around every switch of mode, regime or another lane.

    Over all switches of RUNS (all runs where none is named), with a 95 % t interval and n at
    every offset; offset 0 is the first tick of the new state.

    \b
    Examples:
      telemetry event-study money.db 4 --measure utility --lane mode --window 10
      telemetry event-study money.db --measure inventory_A --lane mode --to trade --relative
    """
    output = Output()
    with ExitStack() as stack:
        asked = asked_runs(stack, output, source, runs, others)
        with reported("Averaging") as token:
            lanes = lanes or next(iter(_each(asked, token)))
            found = study.event_study(
                asked,
                study.Asked(
                    measure, lanes, window, before, after, overlap, unit, relative, together, ticks
                ),
                token,
            )
    written = output.rows(study.PATHS, study.path_rows(found))
    _explain(output, found)
    return 0 if written else 1


def _explain(output: Output, found: Study) -> None:
    """What was averaged, over what, and how."""
    for path in found.paths:
        runs = "" if path.runs == 1 else f" of {path.runs} runs"
        output.note(
            f"{path.name}: {path.switches} switch{'' if path.switches == 1 else 'es'}{runs}."
        )
    unit = f" ({found.measure.unit})" if found.measure.unit else ""
    output.note(f"{found.measure.label}{unit} around switches of {found.label}.")
    output.note(study.method(found))
    output.notes(found.notes)
