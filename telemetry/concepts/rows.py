"""Rows and what they amount to: pages, facets, summaries, histograms, points."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts.schema import Column, Table
from telemetry.concepts.values import Cell, Floats, Ints
from telemetry.frozen import Frozen


class PageKey(Frozen):
    """Where a page ends: the sort value and the row key of its last row; opaque to callers."""

    values: tuple[Cell, ...]


class TablePage(Frozen):
    """Rows `rows[i][j]` of column `columns[j]`; `keys[i]` identifies the row in its table.

    `next` continues after the last row (None: this was the last page).
    """

    table: Table
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[int | str, ...]
    next: PageKey | None
    notes: tuple[str, ...] = ()


class Facets(Frozen):
    """How often each value of a column occurs among the filtered rows, most frequent first."""

    column: Column
    values: tuple[tuple[Cell, int], ...]
    total: int
    distinct: int


class Summary(Frozen):
    """Aggregates of exactly the filtered rows: one row a group, and `total` over all of them.

    `columns[0]` is the group; the others are aggregates. NULL aggregates stay None.
    """

    columns: tuple[Column, ...]
    groups: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]


class Summaries(Frozen):
    """Summaries of many runs of one table, by the places of the runs; `columns` are of them all."""

    columns: tuple[Column, ...]
    groups: tuple[tuple[tuple[Cell, ...], ...], ...]
    totals: tuple[tuple[Cell, ...], ...]

    def of(self, run: int) -> Summary:
        """What the run at that place comes to; IndexError where there is none."""
        return Summary(self.columns, self.groups[run], self.totals[run])


class Histogram(Frozen):
    """Row counts per tick bin and group: `counts[group]` int64[n] for bins starting at `start`.

    Bin i holds ticks start[i] … start[i] + width − 1.
    """

    start: Ints
    width: int
    counts: Mapping[str, Ints]


class Means(Frozen):
    """The mean of column `value` for every combination of values of the columns `by`.

    `keys[i]` is a combination, ascending, NULL last; `mean` float64[n] in the unit that the
    column is shown in, NaN where no row has a value; `count` int64[n] the rows that it stands on;
    `error` float64[n] its standard error (s/√n), NaN below two rows and for weighted means.
    `weight` is the column that the means are weighted by, None: every row counts once. `notes`
    say why the means are not what they seem.
    """

    value: Column
    by: tuple[Column, ...]
    keys: tuple[tuple[Cell, ...], ...]
    mean: Floats
    count: Ints
    error: Floats
    weight: Column | None = None
    notes: tuple[str, ...] = ()


class Points(Frozen):
    """Rows as points: `x` and `y` float64[n], `group` and `key` of each; `total` rows matched.

    Where `total` exceeds n, rows were thinned evenly and `notes` says so.
    """

    x: Floats
    y: Floats
    group: tuple[str, ...]
    key: tuple[int | str, ...]
    total: int
    notes: tuple[str, ...] = ()
