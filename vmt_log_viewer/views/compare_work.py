"""What the Compare view asks of the analyses, in a worker, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import numpy as np
from PySide6.QtGui import QColor

from telemetry.analysis import comparison, comparisons
from telemetry.analysis.chosen import Chosen, labels
from telemetry.analysis.divergences import FLAT, flat_rows, setting_text
from telemetry.analysis.seeds import bands, effects, seed_groups, told
from telemetry.analysis.settings import differing, settings_of_all
from telemetry.cancel import CancelToken
from telemetry.concepts import (
    Align,
    Cell,
    Column,
    Curves,
    Divergence,
    Quantity,
    SeedGroup,
    Setting,
)
from telemetry.errors import NothingFoundError
from telemetry.export import recipes
from telemetry.frozen import Frozen
from telemetry.text import one_line
from vmt_log_viewer.background.exporting import Frame, Late
from vmt_log_viewer.plots.compare_lines import CompareBand, CompareLine
from vmt_log_viewer.theme import NAMED

Row = tuple[Cell, ...]
FEW = 8
"""Up to so many runs (or groups) each have a line (or band) and a name of their own."""
BESIDE = 5
"""Up to so many runs stand in columns; more are rows."""
COLORS = ("blue", "vermillion", "green", "orange", "purple", "sky", "grey", "yellow")


NOTHING = (
    "Choose runs in the Library (Ctrl+click for several), then Compare in their menu. "
    "Two runs also show where they part."
)


class Totals(Frozen):
    """What the runs came to, what they were set to, and which of them differ by seed alone."""

    quantities: tuple[Quantity, ...]
    settings: tuple[Setting, ...]
    groups: tuple[SeedGroup, ...]


class Told(Frozen):
    """A table that a page shows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]


def offer(name: str, runs: int, *, alone: bool) -> tuple[str, str]:
    """What is said, and on the button, while nothing is compared; `alone`: the only open source."""
    if runs > 1:
        return NOTHING, f"Compare all runs of {name}"
    held = "one run" if runs else "no runs"
    return (
        f"{name} holds {held}. Open another source to compare with it." if alone else NOTHING
    ), ""


def color(place: int) -> QColor:
    return QColor(NAMED[COLORS[place % len(COLORS)]])


def names(runs: Sequence[Chosen]) -> tuple[str, ...]:
    """Short names with what the run is called, where they are few enough to be read."""
    short = labels(runs)
    if len(runs) > FEW:
        return short
    called = (one_line(run.run.name, limit=40) for run in runs)
    return tuple(
        f"{name} · {title}" if title and title != name else name
        for name, title in zip(short, called, strict=True)
    )


def read_totals(runs: Sequence[Chosen], token: CancelToken) -> Totals:
    """All that is no curve."""
    found = [found or {} for found in settings_of_all(runs, token)]
    return Totals(comparison.totals(runs, token), differing(found), seed_groups(runs, token))


def read_curves(
    runs: Sequence[Chosen], measures: Sequence[str], align: Align, token: CancelToken
) -> Curves:
    """The first of `measures` that some run has values of; NothingFoundError where none has."""
    for measure in measures[:-1]:
        with suppress(NothingFoundError):
            return comparison.curves(runs, measure, align, token)
    return comparison.curves(runs, measures[-1], align, token)


def lines(found: Curves, called: Sequence[str]) -> tuple[CompareLine, ...]:
    return tuple(
        CompareLine(called[c.run], color(c.run), c.x, c.value, c.tick, c.step)
        for c in found.curves
        if len(c.x)
    )


def shades(found: Curves, groups: Sequence[SeedGroup]) -> tuple[CompareBand, ...]:
    """Groups of seeds as mean and 95 % t interval; too many of them as one band of all runs."""
    if len(groups) <= FEW and any(len(group.runs) > 1 for group in groups):
        return tuple(
            CompareBand(
                _band_name(groups[b.group]), color(b.group), b.x, b.mean, b.low, b.high, b.n,
                "95 % t interval",
            )
            for b in bands(found, groups)
        )  # fmt: skip
    everyone = SeedGroup("", "", tuple(range(len(found.curves))), (None,) * len(found.curves), {})
    return tuple(
        CompareBand(f"all {len(everyone.runs)} runs: mean, lowest to highest", color(0), b.x,
                    b.mean, low, high, b.n, "lowest to highest")
        for b in bands(found, [everyone])
        for low, high in (_range(found, b.x),)
    )  # fmt: skip


def _band_name(group: SeedGroup) -> str:
    n = len(group.runs)
    about = told(group, 2)
    return f"{about or 'one configuration'} ({n} run{'' if n == 1 else 's'})"


def _range(found: Curves, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest of all curves at each place, NaN where there is none."""
    low, high = np.full(len(x), np.inf), np.full(len(x), -np.inf)
    for curve in found.curves:
        if not len(curve.x):
            continue
        exact = np.isin(curve.x, x).all()
        values = curve.value
        places = np.searchsorted(x, curve.x) if exact else np.arange(len(x))
        if not exact:
            values = np.interp(x, curve.x, curve.value, left=np.nan, right=np.nan)
        low[places] = np.fmin(low[places], values)
        high[places] = np.fmax(high[places], values)
    nowhere = ~np.isfinite(low) | ~np.isfinite(high)
    return np.where(nowhere, np.nan, low), np.where(nowhere, np.nan, high)


def totals_table(found: Totals, called: Sequence[str]) -> Told:
    """Quantities beside each other for a few runs; a row for each of many."""
    if len(called) <= BESIDE:
        return Told(comparisons.beside_columns(called),
                    tuple(comparisons.beside_rows(found.quantities)))  # fmt: skip
    columns = tuple(
        Column(str(i), q.name, q.column.kind, unit=q.column.unit)
        for i, q in enumerate(found.quantities)
    )
    rows = tuple((name, *(q.values[i] for q in found.quantities)) for i, name in enumerate(called))
    return Told((Column("run", "run", "text"), *columns), rows)


def settings_table(found: Totals, called: Sequence[str]) -> Told:
    """Only the keys that differ, runs in columns where they are few."""
    parts = [
        (s.path, *(setting_text(v, there=t, limit=80) for v, t in zip(s.values, s.there,
                                                                     strict=True)))
        for s in found.settings
    ]  # fmt: skip
    if len(called) <= BESIDE:
        heads = (Column("key", "key", "text"), *(Column(n, n, "text") for n in called))
        return Told(heads, tuple(parts))
    heads = (Column("run", "run", "text"), *(Column(str(p[0]), str(p[0]), "text") for p in parts))
    return Told(heads, tuple((name, *(p[i + 1] for p in parts)) for i, name in enumerate(called)))


def groups_table(found: Totals) -> Told:
    return Told(comparisons.GROUPS, tuple(comparisons.group_rows(found.groups)))


def effects_table(found: Totals, curves: Curves | None, row: int) -> Told:
    """The group in `row` less the first, with intervals; the first one's means for itself.

    The measure of `curves` comes first, as its mean over the ticks and as its last value.
    Quantities without a value in one of the groups are left out.
    """
    first, other = found.groups[0], found.groups[row]
    over = () if curves is None else comparison.over_time(curves)
    quantities = (*over, *found.quantities)
    if other is first:
        rows = comparisons.mean_rows([first], quantities)
        return Told(comparisons.MEANS[1:], tuple(row[1:] for row in rows))
    rows = comparisons.known_rows(effects(quantities, first, other))
    return Told(comparisons.EFFECTS, tuple(rows))


def curves_frame(found: Curves, runs: Sequence[Chosen]) -> Frame:
    """A row for each run and tick, for an export."""
    rows = Late(comparisons.place_rows, found, labels(runs))
    again = partial(recipes.curves, pairs(runs), found.measure.name, found.align)
    return Frame("curves", comparisons.PLACES, rows, again)


def totals_frame(found: Totals, runs: Sequence[Chosen]) -> Frame:
    """A row for each quantity and run with every digit; what is seen is rounded."""
    rows = Late(comparisons.long_rows, found.quantities, labels(runs))
    again = partial(recipes.compared, pairs(runs), "totals", _tables(found))
    return Frame("totals", comparisons.LONG, rows, again)


def settings_frame(found: Totals, runs: Sequence[Chosen]) -> Frame:
    """A row for each key that differs and run, values in full."""
    rows = Late(comparisons.setting_rows, found.settings, labels(runs))
    again = partial(recipes.compared, pairs(runs), "configuration")
    return Frame("configuration", comparisons.SETTINGS, rows, again)


def parting_frame(found: Divergence, runs: Sequence[Chosen]) -> Frame:
    """What differs at the first tick that does."""
    again = partial(recipes.parting, *pairs(runs))
    return Frame("first-difference", FLAT, Late(flat_rows, found), again)


def effects_frame(
    found: Totals, runs: Sequence[Chosen], curves: Curves | None, row: int, told: Told
) -> Frame:
    """What the page of seeds shows of the group in `row`."""
    measure, align = (None, "tick") if curves is None else (curves.measure.name, curves.align)
    again = partial(recipes.effects, pairs(runs), measure, align, row + 1, _tables(found))
    return Frame("effects", told.columns, told.rows, again)


def pairs(runs: Sequence[Chosen]) -> list[recipes.Run]:
    """Each run with its source."""
    return [(run.source, run.run_id) for run in runs]


def _tables(found: Totals) -> tuple[str, ...]:
    return tuple(dict.fromkeys(quantity.table for quantity in found.quantities))
