"""The report of several runs: what they were set to, what they came to, and where two part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from xml.etree import ElementTree as Tree

from telemetry.analysis import comparison, comparisons
from telemetry.analysis.chosen import Chosen, in_full
from telemetry.analysis.divergence import first_divergence
from telemetry.analysis.divergences import cells, headings, sentence, setting_rows
from telemetry.analysis.seeds import seed_groups
from telemetry.analysis.settings import differing, settings_of_all
from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column
from telemetry.errors import NothingFoundError, QueryCancelled, TelemetryError
from telemetry.report.charts import curves_chart, figure
from telemetry.report.page import element, said, section, table

BESIDE = 6
"""So many runs stand side by side; of more each has a row of its own."""
MEASURES = 8
DRAWN = 40
"""Runs that are drawn over each other; more would be a smear, and the page says so."""
_RUNS = (
    Column("run", "run", "text"), Column("source", "source", "text"),
    Column("name", "name", "text"), Column("status", "status", "text"),
    Column("ticks", "ticks", "text"),
)  # fmt: skip
Part = Callable[[Sequence[Chosen], Sequence[str], CancelToken], Iterator[Tree.Element]]


def comparison_parts(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[tuple[str, list[Tree.Element]]]:
    """The sections of a comparison; one that fails says why in its place."""
    parts: list[tuple[str, Part]] = [
        ("runs", _runs), ("settings", _settings), ("totals", _totals), ("measures", _measures),
        ("seeds", _seeds),
    ]  # fmt: skip
    if len(runs) == 2:
        parts.append(("first difference", _parting))
    for name, make in parts:
        token.check()
        try:
            yield name, list(make(runs, names, token))
        except QueryCancelled:
            raise
        except TelemetryError as error:
            yield name, [section(name.capitalize(), said(str(error), "warning"))]


def _runs(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[Tree.Element]:
    if len(runs) <= BESIDE:  # more would take long where a list does not say their ticks
        runs = [in_full(run, token) for run in runs]
    rows: list[tuple[Cell, ...]] = [
        (name, c.source.name, c.run.name, c.run.status,
         None if c.run.ticks is None else str(c.run.ticks))
        for name, c in zip(names, runs, strict=True)
    ]  # fmt: skip
    yield section("The runs", table(_RUNS, rows))


def _settings(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[Tree.Element]:
    found = differing([found or {} for found in settings_of_all(runs, token)])
    if not found:
        text = "No key of the configurations differs, or none is recorded."
        yield section("Configuration", said(text, "quiet"))
        return
    rows = setting_rows(found)
    note = "only the keys that differ"
    if len(runs) <= BESIDE:
        columns = [Column("key", "key", "text"), *(Column(n, n, "text") for n in names)]
        yield section("Configuration", table(columns, rows), note=note)
        return
    columns = [Column("run", "run", "text"), *(Column(s.path, s.path, "text") for s in found)]
    turned = [(name, *(row[i + 1] for row in rows)) for i, name in enumerate(names)]
    yield section("Configuration", table(columns, turned), note=note)


def _totals(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[Tree.Element]:
    found = comparison.totals(runs, token)
    if not found:
        return
    if len(runs) <= BESIDE:
        rows = comparisons.beside_rows(found)
        yield section(
            "What they came to", table(comparisons.beside_columns(names), rows),
            note="with differences to the first run",
        )  # fmt: skip
        return
    wide = [q for q in found if q.group is None] or list(found)
    columns = [Column("run", "run", "text"), *(
        Column(f"q{i}", q.name, q.column.kind, unit=q.column.unit) for i, q in enumerate(wide)
    )]  # fmt: skip
    turned = [(name, *(q.values[i] for q in wide)) for i, name in enumerate(names)]
    yield section("What they came to", table(columns, turned), note="groups are left out")


def _measures(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[Tree.Element]:
    known = [m for m in comparison.measures_of(runs) if m.recorded]
    wanted = ([m for m in known if m.default] or known)[:MEASURES]
    figures: list[Tree.Element] = []
    for measure in wanted:
        with suppress(NothingFoundError):
            found = comparison.curves(runs[:DRAWN], measure.name, "tick", token)
            parts = (measure.unit, "mean over agents", *found.notes[:3])
            about = " · ".join(part.rstrip(".") for part in parts if part)
            figures.append(figure(measure.label, about, curves_chart(found, names)))
    if figures:
        left = len(runs) - DRAWN
        more = said(f"The first {DRAWN} runs are drawn, {left} are not.", "quiet")
        pages = element("div", *figures, class_="two")
        yield section("Measures over ticks", pages, more if left > 0 else None)


def _seeds(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[Tree.Element]:
    """Groups of runs that share all but the seed, where there are such."""
    groups = seed_groups(runs, token)
    if any(len(group.runs) > 1 for group in groups):
        rows = comparisons.group_rows(groups)
        note = "runs of one configuration, seeds apart"
        yield section("Seeds", table(comparisons.GROUPS, rows), note=note)


def _parting(
    runs: Sequence[Chosen], names: Sequence[str], token: CancelToken
) -> Iterator[Tree.Element]:
    left, right = (f"run {name}" for name in names)
    found = first_divergence(runs[0], runs[1], token)
    told = said(" ".join((sentence(found, left, right), *found.notes)))
    rows = None
    if found.first is not None:
        rows = table(headings(found.first, left, right), cells(found.first))
    yield section("First difference", told, rows)
