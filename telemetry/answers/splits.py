"""Splits: what the rows and measures of a run amount to in each state of its lanes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa

from telemetry.answers.bands import band, no_number, number_of
from telemetry.answers.folding import fold, whole_of
from telemetry.answers.measures import divisor, judged, spec_of
from telemetry.answers.offered import lanes
from telemetry.answers.passes import by_stretches
from telemetry.answers.runs import run_ticks
from telemetry.answers.states import crossed, places, states_of
from telemetry.answers.timeline import timeline
from telemetry.answers.values import floats, scaled, whole
from telemetry.answers.where import column_scale
from telemetry.concepts import (
    Cell,
    Column,
    Ints,
    Lane,
    Measure,
    RunId,
    Split,
    SplitQuantity,
    TickRange,
)
from telemetry.errors import RequestError
from telemetry.families.vocabulary import MeasureSpec, TableSpec
from telemetry.frozen import Frozen
from telemetry.queries import BandQuery, SplitQuery, TimelineQuery
from telemetry.reader import Reader

Row = tuple[Any, ...]
MEASURES = "measures"
MOST = 500
"""So many states at most: more are no overview, but a mistake in choosing the lane."""


def split(reader: Reader, query: SplitQuery) -> Split:
    """The tables' own aggregates and the measures' means, by the state at each row's tick.

    Rows are added up by tick in the database, whatever the lane; only these sums come here.
    """
    found = timeline(reader, TimelineQuery(query.run_id))
    lane = crossed(found, query.lanes, lanes(reader.layout))
    place = _Places(lane, query.ticks or run_ticks(reader, query.run_id))
    every = (*_tables(reader, query, place), *_measures(reader, query, place))
    quantities = [q for q in every if any(q.count) or q.function == "count"]
    known = place.known(quantities)
    return Split(
        lane.label,
        (*place.states, None)[:known],
        place.ticks[:known],
        ordered([_cut(quantity, known) for quantity in quantities]),
    )


def ordered(quantities: Sequence[SplitQuantity]) -> tuple[SplitQuantity, ...]:
    """Table by table, the whole before its groups, each with its numbers in their order."""
    tables = list(dict.fromkeys(q.table for q in quantities))
    names = list(dict.fromkeys((q.table, q.column.name) for q in quantities))

    def place(q: SplitQuantity) -> tuple[int, bool, str, int]:
        return (tables.index(q.table), q.group is not None, q.group or "",
                names.index((q.table, q.column.name)))  # fmt: skip

    return tuple(sorted(quantities, key=place))


class _Places:
    """Which state a tick belongs to, by number; the last number is for what is not recorded."""

    def __init__(self, lane: Lane, span: TickRange | None) -> None:
        self.lane, self.states = lane, states_of(lane)
        first, last = lane.first, lane.last
        if span is not None:
            first, last = np.maximum(first, span.first), np.minimum(last, span.last)
        lasting = np.maximum(last - first + 1, 0)
        if len(self.states) > MOST:
            raise RequestError(
                f"{lane.label} has {len(self.states)} states in this run, and a split by more than "
                f"{MOST} is no overview; choose another lane."
            )
        place = {state: i for i, state in enumerate(self.states)}
        number = [place[state] for state in lane.state]
        lasted = np.bincount(number, lasting, len(self.states)).astype(np.int64)
        every = int(lasted.sum()) if span is None else span.last - span.first + 1
        self.ticks = (*lasted.tolist(), every - int(lasted.sum()))

    def of(self, ticks: Sequence[Any]) -> Ints:
        known = [whole(tick) for tick in ticks]
        found = places(self.lane, np.array([t or 0 for t in known], np.int64))
        nowhere = np.array([t is None for t in known], bool)
        return np.where(nowhere, len(self.states), found)

    def known(self, quantities: Sequence[SplitQuantity]) -> int:
        """How many states there are to show: the last one only where something is in it."""
        beyond = self.ticks[-1] > 0 or any(quantity.count[-1] for quantity in quantities)
        return len(self.states) + beyond


def _cut(quantity: SplitQuantity, known: int) -> SplitQuantity:
    return SplitQuantity(
        quantity.table, quantity.label, quantity.group, quantity.column, quantity.function,
        quantity.count[:known], quantity.total[:known],
    )  # fmt: skip


def split_tables(reader: Reader) -> list[TableSpec]:
    """The tables whose rows have a tick and declare what they amount to."""
    return [
        table for table in reader.family.tables
        if table.summary is not None and table.tick is not None and table.run is not None
        and reader.layout.there(table.name)
    ]  # fmt: skip


def _tables(reader: Reader, query: SplitQuery, place: _Places) -> Iterator[SplitQuantity]:
    for table in split_tables(reader):
        if query.tables is None or table.name in query.tables or table.role in query.tables:
            yield from _table(reader, query, table, place)


class _Asked(Frozen):
    """An aggregate of a table: its column, and where its count and its sum stand in a row."""

    column: Column
    function: Any
    count: int
    total: int | None
    scale: int


def _table(
    reader: Reader, query: SplitQuery, table: TableSpec, place: _Places
) -> Iterator[SplitQuantity]:
    assert table.summary is not None
    assert table.tick is not None
    layout, tick = reader.layout, reader.column(table.name, table.tick)
    group = layout.element(table, layout.column_spec(table, table.summary.group))
    selected: list[Any] = [tick, group.label("value"), sa.func.count()]
    asked = list(_aggregates(reader, table, selected))
    labelled = [element.label(f"c{i}") for i, element in enumerate(selected)]
    statement = (
        sa.select(*labelled)
        .select_from(layout.selectable(table.name))
        .where(*_own(reader, table, query.run_id))
        .group_by(sa.text("1"), sa.text("2"))
    )
    rows = by_stretches(reader, statement, table, tick, query.run_id, query.ticks)
    if not rows and not table.always_written:
        return
    groups = sorted({row[1] for row in rows}, key=lambda g: (g is None, str(g)))
    number = {g: i for i, g in enumerate(groups)}
    state = place.of([row[0] for row in rows])
    states = len(place.states) + 1
    where = state + states * np.array([number[row[1]] for row in rows], np.int64)
    label = table.label[:1].lower() + table.label[1:]
    for one in asked:
        parts = fold(where, states * max(1, len(groups)), _column(rows, one.count),
                     None if one.total is None else _column(rows, one.total),
                     one.function)  # fmt: skip
        whole_run = whole_of(parts, states, one.function)
        listed = [(None, whole_run)] + [
            ("not recorded" if g is None else str(g), parts[i * states : (i + 1) * states])
            for i, g in enumerate(groups)
        ]
        for name, cells in listed if len(groups) > 1 else listed[:1]:
            yield SplitQuantity(
                str(table.name), label, name, one.column, one.function,
                tuple(count for count, _ in cells),
                tuple(scaled(total, one.scale) for _, total in cells),
            )  # fmt: skip


def _column(rows: Sequence[Row], place: int) -> list[Any]:
    """The cells of a column: all columns made at once would let no other thread work meanwhile."""
    return [row[place] for row in rows]


def _own(reader: Reader, table: TableSpec, run_id: RunId) -> list[sa.ColumnElement[bool]]:
    """The run's rows of a table; ticks are `by_stretches`' to limit: of two bounds an index may
    serve the one that says less."""
    run = reader.column(table.name, str(table.run)) == run_id
    return [run] if table.only is None else [run, table.only(reader)]


def _aggregates(reader: Reader, table: TableSpec, selected: list[Any]) -> Iterator[_Asked]:
    """The declared aggregates that are recorded; what they need is added to `selected`."""
    assert table.summary is not None
    layout = reader.layout
    for declared in table.summary.aggregates:
        column = Column(declared.name, declared.label, "int", derived=True)
        if declared.column is None:
            yield _Asked(column, "count", 2, None, 1)
            continue
        source = layout.column_spec(table, declared.column)
        if not layout.recorded(table, source) or source.role == "tick":
            continue  # the ticks of a state are told as such
        element = layout.number(table, source)
        selected.append(sa.func.count(element))
        count, total = len(selected) - 1, None
        if declared.function != "count":
            name = "sum" if declared.function == "avg" else declared.function
            selected.append(getattr(sa.func, name)(element))
            total = len(selected) - 1
            column = Column(declared.name, declared.label, "real", unit=source.unit, derived=True)
        yield _Asked(column, declared.function, count, total, column_scale(reader, source))


def _measures(reader: Reader, query: SplitQuery, place: _Places) -> Iterator[SplitQuantity]:
    """Means over agents and ticks; measures of one table are read in one go."""
    wanted = [m for m in reader.family.measures if m.default]
    if query.measures is not None:
        wanted = [spec_of(reader, name) for name in query.measures]
    together: dict[tuple[str, str], list[tuple[MeasureSpec, Measure]]] = {}
    for spec in wanted:
        measure, _, _ = judged(reader, spec, query.run_id)
        if not measure.recorded:
            continue
        if measure.rebuilt:
            found = band(reader, BandQuery(query.run_id, spec.name, query.ticks))
            total = np.where(found.count > 0, found.mean * found.count, 0.0)
            rows = list(zip(found.tick.tolist(), found.count.tolist(), total.tolist(), strict=True))
            yield _mean(spec, measure, place, rows, 0, 1)
        else:
            together.setdefault((spec.table, spec.tick), []).append((spec, measure))
    for specs in together.values():
        rows = _sums(reader, query, [spec for spec, _ in specs])
        for i, (spec, measure) in enumerate(specs):
            yield _mean(spec, measure, place, rows, i, divisor(reader, spec, query.run_id))


def _sums(reader: Reader, query: SplitQuery, specs: Sequence[MeasureSpec]) -> list[Row]:
    """(tick, then count, sum and highest of each measure), by tick."""

    def read(guarded: bool) -> list[Row]:
        table = reader.layout.table_spec(specs[0].table)
        tick = reader.column(table.name, specs[0].tick)
        values = [number_of(reader, spec, guarded=guarded) for spec in specs]
        sums = [f(v) for v in values for f in (sa.func.count, sa.func.sum, sa.func.max)]
        statement = (
            sa.select(tick, *sums)
            .select_from(reader.layout.selectable(table.name))
            .where(reader.column(table.name, str(table.run)) == query.run_id)
            .group_by(tick)
        )
        return by_stretches(reader, statement, table, tick, query.run_id, query.ticks)

    rows = read(guarded=False)
    odd = any(no_number(cell) for row in rows for cell in row[3::3])
    rows = read(guarded=True) if odd else rows
    return [(row[0], *(c for i in range(len(specs)) for c in row[1 + 3 * i : 3 + 3 * i]))
            for row in rows]  # fmt: skip


def _mean(
    spec: MeasureSpec, measure: Measure, place: _Places, rows: Sequence[Row], i: int, scale: int
) -> SplitQuantity:
    states = len(place.states) + 1
    counts, sums = [row[1 + 2 * i] for row in rows], [row[2 + 2 * i] for row in rows]
    totals, _ = floats(sums, scale)
    cells = fold(place.of([row[0] for row in rows]), states, counts, totals.tolist(), "sum")
    column = Column(spec.name, "mean over agents and ticks", "real", unit=measure.unit or None)
    total: tuple[Cell, ...] = tuple(t if n else None for n, t in cells)
    return SplitQuantity(
        MEASURES, measure.label, None, column, "avg", tuple(n for n, _ in cells), total
    )
