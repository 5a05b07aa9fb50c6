"""Runs by mode and regime: every statistic split by state, over several runs, and as rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from telemetry.analysis.chosen import Chosen
from telemetry.answers.folding import fold
from telemetry.answers.splits import ordered
from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, Lane, Split, SplitQuantity, TickRange
from telemetry.errors import NothingFoundError
from telemetry.frozen import replace
from telemetry.queries import SplitQuery, TimelineQuery
from telemetry.source import Source
from telemetry.text import CENTS, in_units, shown_unit

Row = tuple[Cell, ...]
FIRST = ("mode", "regime")
"""Lanes that a split begins with where a source has them."""
LONG = (
    Column("run", "run", "text", role="run"),
    Column("lane", "lane", "text"),
    Column("state", "state", "text"),
    Column("ticks", "ticks", "int", help="How many ticks the state lasted."),
    Column("table", "table", "text"),
    Column("group", "group", "text"),
    Column("quantity", "quantity", "text"),
    Column("unit", "unit", "text"),
    Column("value", "value", "real"),
    Column("per_tick", "per tick", "real"),
    Column("n", "n", "int", help="Values that it stands on."),
)


def lanes_of(source: Source) -> tuple[str, ...]:
    """The lanes to begin with, those of mode and regime first; () where there are none."""
    known = [lane.name for lane in source.lanes if lane.recorded]
    return tuple(sorted(known, key=lambda n: FIRST.index(n) if n in FIRST else len(FIRST)))


def lanes_in(run: Chosen, token: CancelToken | None = None) -> tuple[Lane, ...]:
    """Every lane that this run has states of, as they are named in a split."""
    found = run.source.ask(TimelineQuery(run.run_id), token)
    order = {name: i for i, name in enumerate(lanes_of(run.source))}
    known = [lane for lane in found.lanes if lane.state]
    return tuple(sorted(known, key=lambda lane: order.get(lane.name, len(order))))


def split(
    runs: Sequence[Chosen],
    lanes: tuple[str, ...],
    token: CancelToken | None = None,
    *,
    tables: tuple[str, ...] | None = None,
    measures: tuple[str, ...] | None = None,
    ticks: TickRange | None = None,
) -> Split:
    """The runs' numbers by state, put together: sums add up, means count each row once.

    Runs without the lane are left out, which the notes say; NothingFoundError where all are.
    """
    token = token or CancelToken()
    found, reasons = [], []
    for i, run in enumerate(runs):
        try:
            query = SplitQuery(run.run_id, lanes, tables, measures, ticks)
            found.append(run.source.ask(query, token))
        except NothingFoundError as error:
            reasons.append(str(error))
        if len(runs) > 1:
            token.report(i + 1, len(runs), "runs")
    if not found:
        raise NothingFoundError(reasons[0] if reasons else "There are no runs.")
    return _together(found, left_out(reasons))


def left_out(reasons: Sequence[str]) -> tuple[str, ...]:
    """Why runs are left out: one sentence, however many they are."""
    if len(reasons) < 2:
        return tuple(reasons)
    return (f"{len(reasons)} runs are left out; the first one: {reasons[0]}",)


def _together(found: Sequence[Split], notes: tuple[str, ...]) -> Split:
    if len(found) == 1 and not notes:
        return found[0]
    named = list(dict.fromkeys(s for one in found for s in one.states if s is not None))
    beyond = any(None in one.states for one in found)
    states: tuple[str | None, ...] = (*named, *((None,) if beyond else ()))
    place = {state: i for i, state in enumerate(states)}
    ticks = [0] * len(states)
    parts: dict[tuple[str, str, str | None, str], list[tuple[Split, SplitQuantity]]] = {}
    for one in found:
        for state, lasted in zip(one.states, one.ticks, strict=True):
            ticks[place[state]] += lasted
        for q in one.quantities:
            parts.setdefault((q.table, q.label, q.group, q.column.name), []).append((one, q))
    quantities = ordered([_sum(own, states) for own in parts.values()])
    return Split(found[0].label, states, tuple(ticks), quantities, len(found), notes)


def beside(one: Split, other: Split) -> Split:
    """Two splits of the same runs and lanes as one: the numbers of both."""
    both = _together((one, other), tuple(dict.fromkeys((*one.notes, *other.notes))))
    lasted = dict(zip((*one.states, *other.states), (*one.ticks, *other.ticks), strict=True))
    return replace(both, ticks=tuple(lasted[state] for state in both.states), runs=one.runs)


def _sum(own: Sequence[tuple[Split, SplitQuantity]], states: Sequence[str | None]) -> SplitQuantity:
    first = own[0][1]
    place = np.array([states.index(s) for one, _ in own for s in one.states], np.int64)
    counts = [n for _, q in own for n in q.count]
    cells = fold(place, len(states), counts, [t for _, q in own for t in q.total], first.function)
    return SplitQuantity(
        first.table, first.label, first.group, first.column, first.function,
        tuple(n for n, _ in cells), tuple(t for _, t in cells),
    )  # fmt: skip


def per_tick(found: Split, quantity: SplitQuantity, state: int) -> Cell:
    """A count or sum by the ticks of its state; None of other numbers and of no ticks."""
    value, ticks = quantity.value(state), found.ticks[state]
    if not quantity.adds_up or not ticks or value is None or isinstance(value, str | bytes):
        return None
    return float(value) / ticks


def state_name(state: str | None) -> str:
    return "not recorded" if state is None else state


def columns(found: Split) -> tuple[Column, ...]:
    """Headings of `rows`: the number, its unit, and each state with its ticks."""
    states = zip(found.states, found.ticks, strict=True)
    named = [f"{state_name(state)} (n = {n})" for state, n in states]
    heads = (Column("quantity", "quantity", "text"), Column("unit", "unit", "text"))
    return (*heads, *(Column(name, name, "real") for name in named))


def rows(found: Split, *, rates: bool = False) -> tuple[Row, ...]:
    """A row for each number, beside each other by state; with `rates` per tick where it adds up."""
    return tuple(
        (
            f"{q.name}{' per tick' if rates and q.adds_up else ''}",
            shown_unit(q.column.unit),
            *(shown(found, q, i, rates=rates) for i in range(len(found.states))),
        )
        for q in found.quantities
    )


def shown(found: Split, quantity: SplitQuantity, state: int, *, rates: bool = False) -> Cell:
    """A number as people see it, cents in units; with `rates` per tick where it adds up."""
    rated = rates and quantity.adds_up
    value = per_tick(found, quantity, state) if rated else quantity.value(state)
    return in_units(value, CENTS) if quantity.column.unit == CENTS else value


def long_rows(found: Split, run: str | None = None) -> tuple[Row, ...]:
    """A row for each number and state, under `LONG`; `run` None: of all runs together."""
    return tuple(
        (
            run, found.label, None if state is None else state, found.ticks[i], q.table, q.group,
            q.label if q.table == "measures" else q.column.label, q.column.unit, q.value(i),
            per_tick(found, q, i), q.count[i],
        )
        for q in found.quantities
        for i, state in enumerate(found.states)
    )  # fmt: skip
