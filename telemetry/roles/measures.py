"""Measures and lanes of a mapped database, from columns and from named values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa

from telemetry.families.vocabulary import ColumnSpec, LaneSpec, MeasureSpec, Stored, TableSpec
from telemetry.frozen import replace
from telemetry.roles.tables import WHOLE, Mapped, Select
from telemetry.roles.words import label_of

FIRST = 4
"""Measures that are drawn until the user chooses others."""
FEW = 24
"""Agents of whom each has a lane of its own."""
_LANES = ("mode", "regime", "state")
Found = tuple[TableSpec | None, MeasureSpec, bool]
"""What a measure is read from, the measure, and whether it is of the run, not of an agent."""


def measures_of(
    places: Sequence[Mapped], named: dict[str, tuple[str, ...]], metadata: sa.MetaData
) -> tuple[tuple[TableSpec, ...], tuple[MeasureSpec, ...]]:
    """The measures of all tables, and the tables that some of them are read from."""
    found: list[Found] = []
    for place in places:
        if place.tick is None or place.run is None:
            continue
        if place.own.kind == "states":
            found += _of_columns(place, metadata)
        elif place.own.kind == "values":
            found += _of_names(place, named.get(place.name, ()), metadata)
    inner = tuple(table for table, _, _ in found if table is not None)
    told = list(_told_apart([measure for _, measure, _ in found]))
    whole = {m.name for m, (_, _, of_run) in zip(told, found, strict=True) if of_run}
    return inner, tuple(_drawn_first(told, whole))


def _told_apart(measures: Iterable[MeasureSpec]) -> Iterable[MeasureSpec]:
    """Measures of one name get their table's name before it."""
    taken: set[str] = set()
    for m in measures:
        name = m.name if m.name not in taken else f"{m.group}: {m.name}"
        while name in taken:
            name += "_"
        taken.add(name)
        yield replace(m, name=name)


def _drawn_first(measures: Sequence[MeasureSpec], whole: set[str]) -> Iterable[MeasureSpec]:
    """The first few of agents are drawn until the user chooses; where there are none, of runs.

    Of those of runs (the names in `whole`) the first is to be seen against the second.
    """
    own = [m for m in measures if m.name not in whole]
    of_runs = [m for m in measures if m.name in whole]
    first = {m.name for m in (own or of_runs)[:FIRST]}
    against = {one.name: other.name for one, other in pairwise(of_runs[:2])}
    for m in measures:
        yield replace(m, default=m.name in first, against=against.get(m.name, ""))


def _of_columns(place: Mapped, metadata: sa.MetaData) -> list[Found]:
    group = label_of(place.name)
    of_run = place.own.with_role("agent") is None
    at = (str(place.agent), str(place.tick))
    found: list[Found] = [
        (None, _measure(name, group, place.name, name, *at), of_run)
        for name in place.own.all_with("measure")
    ]
    for number, name in enumerate(place.own.all_with("run_measure")):
        table = _inner(f"{place.name} #{number}", place, metadata, _once_a_tick(place, name))
        found.append((table, _measure(name, group, table.name, "value", "of", "tick"), True))
    return found


def _of_names(place: Mapped, names: Sequence[str], metadata: sa.MetaData) -> list[Found]:
    found: list[Found] = []
    for number, name in enumerate(names):
        table = _inner(f"{place.name} #{number}", place, metadata, _of_one_name(place, name))
        measure = _measure(name, label_of(place.name), table.name, "value", "of", "tick")
        found.append((table, measure, place.own.with_role("agent") is None))
    return found


def _measure(name: str, group: str, table: str, column: str, agent: str, tick: str) -> MeasureSpec:
    return MeasureSpec(name, label_of(name), "", group, table, column, agent, tick)


def _inner(name: str, place: Mapped, metadata: sa.MetaData, select: Select) -> TableSpec:
    columns = (
        ColumnSpec("run", "run", role="run"),
        ColumnSpec("tick", "tick", "int", role="tick"),
        ColumnSpec("of", "of"),
        ColumnSpec("value", "value", "real", decimal_text=_written(place)),
    )
    return TableSpec(
        name, name, None, metadata.tables[place.name], columns, key=("rowid",), run="run",
        agents=("of",), select=select, inner=True,
    )  # fmt: skip


def _written(place: Mapped) -> bool:
    value = place.own.with_role("value")
    known = None if value is None else place.evidence.column(value)
    return known is not None and (known.written or known.kind == "text")


def _parts(place: Mapped, table: sa.TableClause) -> tuple[sa.ColumnElement[Any], ...]:
    """Run and tick of a row, and the agent where the table has one."""
    given = dict(place.given)

    def one(name: str) -> sa.ColumnElement[Any]:
        if name in given:
            return sa.literal_column(given[name])
        return place.read(name, table)

    return one(str(place.run)), one(str(place.tick)), one(str(place.agent))


def _once_a_tick(place: Mapped, name: str) -> Select:
    """One value a run and tick: of all rows the smallest, should they differ."""

    def build(stored: Stored) -> sa.Select[Any]:
        table = stored.table(place.name)
        run, tick, _ = _parts(place, table)
        value = sa.func.min(place.read(name, table))
        of: Any = sa.literal_column(f"'{WHOLE}'")
        columns = (run.label("run"), tick.label("tick"), of.label("of"), value.label("value"))
        return sa.select(*columns).select_from(table).group_by(run, tick)

    return build


def _of_one_name(place: Mapped, name: str) -> Select:
    """The rows of one named value; those that are marked as none hold NULL."""

    def build(stored: Stored) -> sa.Select[Any]:
        table = stored.table(place.name)
        run, tick, of = _parts(place, table)
        value: sa.ColumnElement[Any] = table.c[str(place.own.with_role("value"))]
        none = place.own.with_role("no_value")
        if none is not None:
            value = sa.case((is_true(table.c[none]), sa.null()), else_=value)
        columns = [run.label("run"), tick.label("tick"), of.label("of"), value.label("value")]
        if "rowid" in table.c:
            columns.append(table.c["rowid"].label("rowid"))
        return sa.select(*columns).select_from(table).where(called(place, table) == name)

    return build


def called(place: Mapped, table: sa.FromClause) -> sa.ColumnElement[Any]:
    """The column of names, as text; as it is where an index may serve it."""
    name = str(place.own.with_role("measure_name"))
    known = place.evidence.column(name)
    column: sa.ColumnElement[Any] = table.c[name]
    return column if known is not None and known.kind == "text" else sa.cast(column, sa.Text)


def is_true(flag: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a flag is set, however an engine or a file writes that."""
    return sa.func.lower(sa.cast(flag, sa.Text)).in_(("1", "true", "t"))


def lanes_of(places: Sequence[Mapped]) -> tuple[LaneSpec, ...]:
    """A lane for each state of the run, or of each agent where these are few."""
    found: dict[str, LaneSpec] = {}
    for place in places:
        if place.tick is None or place.run is None or place.own.kind != "states":
            continue
        agent = place.own.with_role("agent")
        known = None if agent is None else place.evidence.column(agent)
        if known is not None and known.distinct > FEW:
            continue
        for role in _LANES:
            for name in place.own.all_with(role):
                lane = name if name not in found else f"{label_of(place.name)}: {name}"
                found[lane] = LaneSpec(lane, label_of(name), (place.name, name), by=agent)
    return tuple(found.values())
