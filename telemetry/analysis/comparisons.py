"""Comparisons in rows: runs beside each other, groups of seeds, and effects with intervals."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

from telemetry.analysis.comparison import difference
from telemetry.analysis.seeds import estimate, told
from telemetry.concepts import Cell, Column, Curves, Effect, Quantity, SeedGroup, Setting
from telemetry.text import cell_text

Row = tuple[Cell, ...]

LONG = (
    Column("run", "run", "text", role="run"),
    Column("table", "table", "text"),
    Column("group", "group", "text"),
    Column("quantity", "quantity", "text"),
    Column("unit", "unit", "text"),
    Column("value", "value", "real"),
    Column("difference", "less the first", "real"),
)
PLACES = (
    Column("run", "run", "text", role="run"),
    Column("x", "x", "real"),
    Column("tick", "tick", "int", role="tick"),
    Column("value", "value", "real"),
)
SETTINGS = (
    Column("key", "key", "text"),
    Column("run", "run", "text", role="run"),
    Column("value", "value", "text", help="As JSON where it is no text; null: no such key."),
)
GROUPS = (
    Column("group", "group", "text"),
    Column("n", "runs", "int"),
    Column("seeds", "seeds", "text"),
    Column("settings", "what is its own", "text"),
    Column("digest", "digest", "text"),
)
MEANS = (
    Column("group", "group", "text"),
    Column("quantity", "quantity", "text"),
    Column("mean", "mean", "real"),
    Column("low", "95 % from", "real"),
    Column("high", "to", "real"),
    Column("n", "n", "int"),
    Column("unit", "unit", "text"),
)
EFFECTS = (
    Column("quantity", "quantity", "text"),
    Column("difference", "difference", "real"),
    Column("low", "95 % from", "real"),
    Column("high", "to", "real"),
    Column("size", "effect size", "real", help="Difference in standard deviations."),
    Column("n_a", "n", "int", help="Runs of the group that the others are held against."),
    Column("n_b", "other n", "int"),
    Column("mean_a", "mean", "real", help="Of the group that the others are held against."),
    Column("mean_b", "other mean", "real"),
    Column("method", "method", "text"),
    Column("unit", "unit", "text"),
    Column("note", "note", "text"),
)


def long_rows(quantities: Sequence[Quantity], names: Sequence[str]) -> list[Row]:
    """A row for each quantity and run, with its difference to the first run."""
    return [
        (name, q.table, q.group, q.column.label, q.column.unit, value,
         difference(value, q.values[0]))
        for q in quantities
        for name, value in zip(names, q.values, strict=True)
    ]  # fmt: skip


def setting_rows(settings: Sequence[Setting], names: Sequence[str]) -> list[Row]:
    """A row for each key and run, the value in full."""
    return [
        (s.path, name, _exact(value) if there else None)
        for s in settings
        for name, value, there in zip(names, s.values, s.there, strict=True)
    ]


def beside_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Columns for `beside_rows`: the first run, and each other with its difference to it."""
    others = [
        Column(column, label, "real")  # their texts stand to the right, as numbers do
        for name in names[1:]
        for column, label in ((name, name), (f"{name} − {names[0]}", "difference"))
    ]
    return (Column("quantity", "quantity", "text"), Column(names[0], names[0], "real"), *others)


def beside_rows(quantities: Sequence[Quantity]) -> list[Row]:
    """A row for each quantity, as people read it: runs side by side, differences signed."""
    rows: list[Row] = []
    for q in quantities:
        cells: list[Cell] = [_text(q.values[0], q)]
        for value in q.values[1:]:
            cells += [_text(value, q), difference_text(value, q)]
        rows.append((q.name + (f" ({q.column.unit})" if _said(q) else ""), *cells))
    return rows


def difference_text(value: Cell, quantity: Quantity) -> str | None:
    """How much `value` is more than the first run's, with its sign; None where nobody can say."""
    apart = difference(value, quantity.values[0])
    if apart is None:
        return None
    text = cell_text(apart, quantity.column, digits=4)
    negative = text.startswith("-")
    return text.replace("-", "−", 1) if negative else f"+{text}" if apart else "="


def place_rows(found: Curves, names: Sequence[str]) -> list[Row]:
    """A row for each run and recorded tick; no value is NULL."""
    return [
        (names[curve.run], float(x), int(tick), None if math.isnan(value) else float(value))
        for curve in found.curves
        for x, tick, value in zip(curve.x, curve.tick, curve.value, strict=True)
    ]


def group_rows(groups: Sequence[SeedGroup]) -> list[Row]:
    """A row for each group: its runs counted, their seeds, and what sets it apart."""
    return [
        (g.name, len(g.runs), ", ".join("?" if s is None else str(s) for s in g.seeds),
         told(g) or "–", g.digest)
        for g in groups
    ]  # fmt: skip


def mean_rows(groups: Sequence[SeedGroup], quantities: Sequence[Quantity]) -> list[Row]:
    """A row for each group and quantity: the mean over its runs, its 95 % t interval, and n."""
    rows: list[Row] = []
    for group in groups:
        for q in quantities:
            values = [q.values[run] for run in group.runs]
            found = estimate([float(v) for v in values if v is not None and not isinstance(v, str)])
            ends = (_cell(found.mean), _cell(found.low), _cell(found.high))
            rows.append((group.name, q.name, *ends, found.n, q.column.unit))
    return rows


def effect_rows(effects: Sequence[Effect]) -> list[Row]:
    """A row for each effect; what cannot be told is NULL."""
    return [
        (e.name, _cell(e.difference.mean), _cell(e.difference.low), _cell(e.difference.high),
         _cell(e.size), e.a.n, e.b.n, _cell(e.a.mean), _cell(e.b.mean), e.method,
         e.unit or None, e.note or None)
        for e in effects
    ]  # fmt: skip


def known_rows(effects: Sequence[Effect]) -> list[Row]:
    """As `effect_rows`, without quantities that one of the groups has no value of."""
    return effect_rows([e for e in effects if e.a.n and e.b.n])


def _exact(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _cell(number: float) -> Cell:
    return None if math.isnan(number) else number


def _said(quantity: Quantity) -> bool:
    return bool(quantity.column.unit) and quantity.column.kind != "int"


def _text(value: Cell, quantity: Quantity) -> str | None:
    return None if value is None else cell_text(value, quantity.column)
