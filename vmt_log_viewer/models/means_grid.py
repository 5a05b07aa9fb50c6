"""Means as rows to read and export, and as a grid of two columns' values."""

from __future__ import annotations

import math

import numpy as np

from telemetry.concepts import Cell, Column, Floats, Ints, Means, Table
from telemetry.frozen import Frozen
from telemetry.text import MONEY, cell_text, shown_unit

FACTOR = 1.96  # standard errors to either side of a mean: 95 % where it is normal
_NUMBERS = ("int", "real")
_NO_VALUE = ("parameter", "seed", "pair_number", "key", "sequence", "tick", "iteration", "day")
_NO_GROUP = ("experiment", "run", "key", "error")


class Grid(Frozen):
    """Means by two columns: `mean[j, i]` for `across[i]` and `up[j]`, NaN where there is none;
    `count[j, i]` rows, −1 where the combination does not occur at all."""

    across: tuple[Cell, ...]
    up: tuple[Cell, ...]
    mean: Floats
    count: Ints


def value_columns(table: Table) -> tuple[Column, ...]:
    """The numbers of a table that a mean says something of: weighted rates first. Of pairs it is
    their effect that comes first; elsewhere what only repeats their outcome comes last."""
    found = [
        c
        for c in table.columns
        if c.recorded and c.kind in _NUMBERS and c.role not in _NO_VALUE and not c.optional
    ]
    first = ("effect",) if table.role == "pairs" else ()
    last = () if table.role == "pairs" else ("effect", "baseline", "treated")
    return tuple(
        sorted(found, key=lambda c: (c.weight is None, c.role not in first, c.role in last))
    )


def group_columns(table: Table) -> tuple[Column, ...]:
    """What rows can be grouped by: strategies and results where there are any, parameters."""
    found = [
        c
        for c in table.columns
        if c.recorded and c.role not in _NO_GROUP and (c.role == "parameter" or c.facet)
    ]
    names = tuple(c for c in found if c.role != "parameter")
    swept = tuple(c for c in found if c.role == "parameter")
    return (*swept, *names) if table.with_role("effect") and len(names) != 1 else (*names, *swept)


def grid_of(means: Means) -> Grid:
    """`means` by exactly two columns as a grid, both in the order of their values."""
    across = tuple(dict.fromkeys(key[0] for key in means.keys))
    up = tuple(dict.fromkeys(key[1] for key in sorted(means.keys, key=lambda k: _order(k[1]))))
    mean = np.full((len(up), len(across)), math.nan)
    count = np.full((len(up), len(across)), -1, dtype=np.int64)
    x, y = ({cell: i for i, cell in enumerate(cells)} for cells in (across, up))
    for key, value, n in zip(means.keys, means.mean, means.count, strict=True):
        mean[y[key[1]], x[key[0]]] = value
        count[y[key[1]], x[key[0]]] = n
    return Grid(across, up, mean, count)


def half_width(error: float) -> float:
    """Half of the 95 % interval of a mean with this standard error."""
    return FACTOR * error


def means_rows(means: Means) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """A row a combination: its values, the mean, the rows it stands on, and its 95 % interval."""
    unit = shown_unit(means.value.unit) or None
    label = means.value.label
    columns = (
        *means.by,
        Column("mean", f"mean {label}", "real", unit=unit, derived=True),
        Column("n", "rows", "int", derived=True),
        Column("low_95", "95 % from", "real", unit=unit, derived=True),
        Column("high_95", "95 % to", "real", unit=unit, derived=True),
    )
    rows = []
    for key, mean, n, error in zip(means.keys, means.mean, means.count, means.error, strict=True):
        half = half_width(float(error))
        cells = (mean, mean - half, mean + half)
        told = [None if math.isnan(cell) else float(cell) for cell in cells]
        rows.append((*key, told[0], int(n), told[1], told[2]))
    return columns, tuple(rows)


def about(means: Means) -> str:
    """What the means are of, in words."""
    n, unit = int(means.count.sum()), shown_unit(means.value.unit)
    told = unit if unit and unit not in means.value.label else ""
    words = [f"mean {means.value.label}" + (f" ({told})" if told else "")]
    words += [means.value.help.rstrip(".")] if means.value.help else []
    words.append(f"{n} row" if n == 1 else f"{n} rows")
    if means.weight is not None:
        words.append(f"weighted by {means.weight.label}")
    elif not np.isnan(means.error).all():
        words.append("strokes: 95 % of the mean")
    return " · ".join(words)


def key_text(cell: Cell, column: Column) -> str:
    """A value that rows are grouped by, as an axis shows it."""
    return cell_text(cell, column)


def value_text(value: float, unit: str | None, digits: int = 3) -> str:
    """A mean for people: so many significant digits, money to the cent."""
    if math.isnan(value):
        return "–"
    if shown_unit(unit) == MONEY:
        return f"{value:,.2f}".replace(",", "\u202f").replace("-", "−")
    return f"{value + 0.0:.{digits}g}".replace("-", "−") if abs(value) < 1000 else f"{value:.0f}"


def _order(cell: Cell) -> tuple[int, float, str]:
    if cell is None:
        return 2, 0.0, ""
    if isinstance(cell, str | bytes):
        return 1, 0.0, str(cell)
    return 0, float(cell), ""
