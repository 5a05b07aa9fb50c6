"""`compare` and `seeds`: runs side by side, and whether groups of them differ beyond seeds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import click

from telemetry.analysis import comparison, comparisons
from telemetry.analysis.chosen import Chosen, labels
from telemetry.analysis.divergences import setting_rows, setting_text
from telemetry.analysis.seeds import effects, seed_groups
from telemetry.analysis.settings import differing, settings_of_all
from telemetry.cancel import CancelToken
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.cli.progress import reported
from telemetry.cli.several import asked_runs, others_option
from telemetry.concepts import Align, Column, Quantity, SeedGroup, Setting
from telemetry.errors import NothingFoundError, RequestError

BESIDE = 6
"""So many runs stand side by side in text; more stand below each other."""
_measure = click.option("--measure", metavar="NAME", help="Also this measure, over ticks.")
_align = click.option(
    "--align", type=click.Choice(("tick", "share", "regime")), default="tick",
    help="What runs are laid over each other by: tick, share of the run, first regime switch.",
)  # fmt: skip
_tables = click.option(
    "--table", "tables", multiple=True, metavar="NAME",
    help="Only what this table amounts to, or runs for the run row (repeatable).",
)  # fmt: skip


@click.command()
@click.argument("source")
@click.argument("runs", nargs=-1)
@others_option
@click.option("--measure", metavar="NAME", help="This measure of each run, tick by tick.")
@_align
@_tables
@click.option(
    "--only", type=click.Choice(("totals", "configuration")),
    help="Rows of this alone: what runs came to, or the keys that differ.",
)  # fmt: skip
@common
def compare(
    source: str,
    runs: tuple[str, ...],
    *,
    others: tuple[tuple[str, str], ...],
    measure: str | None,
    align: Align,
    tables: tuple[str, ...],
    only: str | None,
) -> int:
    """Runs of a SOURCE side by side: the configuration keys that differ, and what they came to.

    RUNS are run ids; without any, or with `all`, every run. Differences are to the first run.
    With --measure there is a row for each run and tick: the mean over its agents.

    \b
    Examples:
      telemetry compare money.db 1 2
      telemetry compare money.db 1 --source other.db all --format csv
      telemetry compare money.db 1 3 --measure lambda_money --align regime
    """
    output = Output()
    with ExitStack() as stack:
        asked = asked_runs(stack, output, source, runs, others)
        names = labels(asked)
        with reported("Comparing") as token:
            if measure is not None:
                found = comparison.curves(asked, measure, align, token)
                output.notes(found.notes)
                output.note(f"x is the {found.axis}; values are means over agents.")
                return 0 if output.rows(
                    comparisons.PLACES, comparisons.place_rows(found, names)) else 1  # fmt: skip
            settings = () if only == "totals" else _settings(asked, token)
            if only == "configuration":
                rows = comparisons.setting_rows(settings, names)
                return 0 if output.rows(comparisons.SETTINGS, rows) else 1
            quantities = comparison.totals(asked, token, tables or None)
    if only is not None:
        rows = comparisons.long_rows(quantities, names)
        return 0 if output.rows(comparisons.LONG, rows) else 1
    _print(output, asked, names, settings, quantities)
    return 0


@click.command()
@click.argument("source")
@click.argument("runs", nargs=-1)
@others_option
@_measure
@_align
@_tables
@click.option(
    "--over", multiple=True, metavar="KEY",
    help="Runs of a group may differ in this key too, as in the seed (repeatable).",
)  # fmt: skip
@click.option("--against", metavar="GROUP", help="Hold the other groups against this one.")
@click.option("--group", "only", metavar="GROUP", help="Of this group alone, what is known.")
@click.option("--unpaired", is_flag=True, help="Do not pair runs of the same seed.")
@common
def seeds(
    source: str,
    runs: tuple[str, ...],
    *,
    others: tuple[tuple[str, str], ...],
    measure: str | None,
    align: Align,
    tables: tuple[str, ...],
    over: tuple[str, ...],
    against: str | None,
    only: str | None,
    unpaired: bool,
) -> int:
    """Runs of a SOURCE by configuration, seeds apart: means with 95 % t intervals, and n.

    GROUP is a number, as listed, or the beginning of a digest. Effects are the other group's
    mean less GROUP's: paired where both have the same seeds, else Welch's interval.

    \b
    Examples:
      telemetry seeds money.db
      telemetry seeds money.db --measure utility --against 1
      telemetry seeds sweep/ --over kappa --over mu --table runs --against 1
    """
    output = Output()
    with ExitStack() as stack:
        asked = asked_runs(stack, output, source, runs, others)
        with reported("Grouping") as token:
            groups = seed_groups(asked, token, over)
            quantities = comparison.totals(asked, token, tables or None)
            if measure is not None:
                found = comparison.curves(asked, measure, align, token)
                quantities = (*comparison.over_time(found), *quantities)
                output.notes(found.notes)
    if only is not None:
        return _alone(output, groups, quantities, _group(groups, only), against, unpaired)
    if against is None:
        return _groups(output, groups, quantities)
    return _effects(output, groups, quantities, _group(groups, against), unpaired)


def _alone(
    output: Output,
    groups: Sequence[SeedGroup],
    quantities: Sequence[Quantity],
    group: SeedGroup,
    against: str | None,
    unpaired: bool,
) -> int:
    """One group's means, or what sets it apart from another, as Compare shows them."""
    if against is None:
        rows = comparisons.mean_rows([group], quantities)
        return 0 if output.rows(comparisons.MEANS[1:], [row[1:] for row in rows]) else 1
    found = effects(quantities, _group(groups, against), group, "unpaired" if unpaired else "auto")
    rows = comparisons.known_rows(found)
    return 0 if output.rows(comparisons.EFFECTS, rows) else 1


def _settings(asked: Sequence[Chosen], token: CancelToken) -> tuple[Setting, ...]:
    return differing([found or {} for found in settings_of_all(asked, token)])


def _print(
    output: Output,
    asked: Sequence[Chosen],
    names: Sequence[str],
    settings: tuple[Setting, ...],
    quantities: Sequence[Quantity],
) -> None:
    if output.format in ("csv", "jsonl"):
        output.rows(comparisons.LONG, comparisons.long_rows(quantities, names))
        return
    if output.for_people and len(asked) > BESIDE:
        output.note(f"{len(asked)} runs do not fit beside each other; --format csv has them all.")
        output.rows(comparisons.LONG, comparisons.long_rows(quantities, names))
        return
    heads = (Column("key", "configuration", "text"),
             *(Column(name, name, "text") for name in names))  # fmt: skip
    sections: list[Section] = []
    if settings:
        sections.append(("", heads, setting_rows(settings)))
    sections.append(("", comparisons.beside_columns(names), comparisons.beside_rows(quantities)))
    output.one(_object(asked, names, settings, quantities), sections)


def _object(
    asked: Sequence[Chosen],
    names: Sequence[str],
    settings: Sequence[Setting],
    quantities: Sequence[Quantity],
) -> dict[str, object]:
    return {
        "runs": [
            {"source": run.source.location, "run": run.run_id, "name": run.run.name}
            for run in asked
        ],
        "settings": [
            {"key": s.path, "values": [
                v if t else None for v, t in zip(s.values, s.there, strict=True)]}
            for s in settings
        ],
        "quantities": [
            {"table": q.table, "group": q.group, "quantity": q.column.label,
             "unit": q.column.unit, "values": dict(zip(names, q.values, strict=True)),
             "differences": [comparison.difference(v, q.values[0]) for v in q.values]}
            for q in quantities
        ],
    }  # fmt: skip


def _group(groups: Sequence[SeedGroup], text: str) -> SeedGroup:
    """The group of this number or digest; RequestError where there is none."""
    wanted = text.strip().removeprefix("group").strip()
    for number, group in enumerate(groups, start=1):
        if wanted == str(number) or (len(wanted) > 3 and group.digest.startswith(wanted)):
            return group
    raise RequestError(f"There is no group {text!r}; there are 1 to {len(groups)}.")


def _groups(output: Output, groups: Sequence[SeedGroup], quantities: Sequence[Quantity]) -> int:
    listed, means = comparisons.group_rows(groups), comparisons.mean_rows(groups, quantities)
    if output.format in ("csv", "jsonl"):
        output.rows(comparisons.MEANS, means)
        return 0
    keys = [list(group.settings.items()) for group in groups]
    value = {
        "groups": [
            {"group": g.name, "digest": g.digest, "n": len(g.runs), "seeds": list(g.seeds),
             "settings": {path: setting_text(v) for path, v in pairs}}
            for g, pairs in zip(groups, keys, strict=True)
        ],
        "means": [dict(zip((c.name for c in comparisons.MEANS), row, strict=True))
                  for row in means],
    }  # fmt: skip
    output.one(value, [("", comparisons.GROUPS, listed), ("", comparisons.MEANS, means)])
    return 0


def _effects(
    output: Output,
    groups: Sequence[SeedGroup],
    quantities: Sequence[Quantity],
    against: SeedGroup,
    unpaired: bool,
) -> int:
    columns = (Column("group", "group", "text"), *comparisons.EFFECTS)
    rows = [
        (group.name, *row)
        for group in groups
        if group is not against
        for row in comparisons.effect_rows(
            effects(quantities, against, group, "unpaired" if unpaired else "auto")
        )
    ]
    if not rows:
        raise NothingFoundError("All runs have one configuration: there is no other group.")
    output.rows(columns, rows)
    output.note(
        f"Difference: the group's mean less that of {against.name}, with its 95 % t interval; "
        "effect size in standard deviations."
    )
    return 0
