"""The runs of a mapped database: a table that lists them, the runs its rows name, or one alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, RunDetail, RunId
from telemetry.families.asker import Asker
from telemetry.families.vocabulary import Columns, ColumnSpec, RunSpec, Stored, TableSpec
from telemetry.frozen import Frozen, replace
from telemetry.roles.columns import specs_of
from telemetry.roles.evidence import TableEvidence
from telemetry.roles.named import named_columns
from telemetry.roles.tables import ONLY_RUN, Mapped

_FACTS = 40
_FEW = 50_000
"""Rows that may be read once for each run."""
_UNDER_WAY = frozenset(("unfinished", "running", "paused", "started", "active", "pending",
                        "in progress"))  # fmt: skip


class Runs(Frozen):
    """How runs are listed, the table that they are listed from, and what is told of one."""

    spec: RunSpec
    table: TableSpec
    detail: Callable[[Asker, RunId, RunDetail], RunDetail]


def runs_of(
    places: Sequence[Mapped],
    named: Mapping[str, tuple[str, ...]],
    experiments: TableEvidence | None,
    metadata: sa.MetaData,
    name: str,
) -> Runs:
    """The runs of a database called `name`, whose mapped tables are `places`."""
    listed = next((p for p in places if p.own.kind == "runs" and p.run is not None), None)
    rows = [p for p in places if p is not listed and p.run is not None]
    if listed is not None:
        return _listed(listed, rows, named, experiments, metadata)
    naming = [p for p in rows if p.run not in dict(p.given)]
    if naming:
        best = max(naming, key=lambda p: (p.tick is not None, p.own.kind == "states"))
        return _named_by_rows(best, rows, named, metadata)
    return _only_one(rows, named, metadata, name)


def _listed(
    place: Mapped,
    rows: Sequence[Mapped],
    named: Mapping[str, tuple[str, ...]],
    experiments: TableEvidence | None,
    metadata: sa.MetaData,
) -> Runs:
    own = place.own
    columns = specs_of(place.evidence, own, place.dialect)
    columns = tuple(_experiment_name(c, place, experiments) for c in columns)
    columns += named_columns(place.name, str(place.run), columns, rows, named)
    table = TableSpec(
        place.name, "Runs", "runs", metadata.tables[place.name], columns, (str(place.run),),
        place.run, None, sort=place.run, secret=own.all_with("secret"),
        select=place.select() if place.asked else None,
    )  # fmt: skip
    status = own.with_role("status")
    return _runs(table, rows, own.with_role("name"), status, own.with_role("config"),
                 own.with_role("experiment"), own.with_role("iteration"),
                 own.all_with("start"))  # fmt: skip


def _named_by_rows(
    place: Mapped,
    rows: Sequence[Mapped],
    named: Mapping[str, tuple[str, ...]],
    metadata: sa.MetaData,
) -> Runs:
    """Runs that are told only by the rows of other tables: each number or name that occurs."""
    run = str(place.run)
    parameters = place.own.all_with("parameter")
    known = {c.name: c for c in specs_of(place.evidence, place.own, place.dialect)}
    told = (replace(known[run], role="run", visible=True, label="run"),
            *(known[p] for p in parameters))  # fmt: skip
    name = _free("runs", metadata)
    told = (*_titles(name, known[run], told), *told)
    told += named_columns(name, run, told, rows, named)
    hops = any(index[:1] == (run,) for index in place.evidence.indices)
    select = _hopping(place, run) if hops and not parameters else _grouping(place, run, parameters)
    table = TableSpec(
        name, "Runs", "runs", metadata.tables[place.name], told, (run,), run, None, sort=run,
        select=select,
    )  # fmt: skip
    return _runs(table, rows, told[0].name)


def _titles(runs: str, run: ColumnSpec, told: Sequence[ColumnSpec]) -> tuple[ColumnSpec, ...]:
    """What a run is called that has a number alone."""
    if run.kind != "int" or any(column.name == "name" for column in told):
        return ()

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        number = sa.cast(columns.column(runs, run.name), sa.Text)
        return sa.literal("run ", sa.Text) + number

    return (ColumnSpec("name", "name", role="name", derive=derive),)


def _only_one(
    rows: Sequence[Mapped],
    named: Mapping[str, tuple[str, ...]],
    metadata: sa.MetaData,
    name: str,
) -> Runs:
    table_name = _free("runs", metadata)
    columns: tuple[ColumnSpec, ...] = (
        ColumnSpec("run", "run", "int", role="run"),
        ColumnSpec("name", "name", role="name"),
    )
    columns += named_columns(table_name, "run", columns, rows, named)
    model = sa.Table(table_name, metadata, sa.Column("run", sa.BigInteger))

    def select(stored: Stored) -> sa.Select[Any]:
        only: Any = sa.literal_column(str(ONLY_RUN), sa.BigInteger)
        called: Any = sa.literal(name, sa.Text)
        return sa.select(only.label("run"), called.label("name"))

    table = TableSpec(table_name, "Runs", "runs", model, columns, ("run",), "run", None,
                      sort="run", select=select)  # fmt: skip
    return _runs(table, rows, "name")


def _runs(
    table: TableSpec,
    rows: Sequence[Mapped],
    name: str | None,
    status: str | None = None,
    config: str | None = None,
    experiment: str | None = None,
    iteration: str | None = None,
    order: tuple[str, ...] = (),
) -> Runs:
    timed = [p for p in rows if p.tick is not None]
    spec = RunSpec(
        table=table.name,
        id=str(table.run),
        name=name or str(table.run),
        config=config,
        columns=table.columns,
        extra=lambda fields, config: {},
        extra_columns=(),
        status=lambda fields: _status(fields, status),
        tick_tables=tuple(p.name for p in timed),
        experiment=experiment,
        iteration=iteration,
        order=order,
        ticks_listed=all(_ends_known(p) for p in timed),
        under_way=_UNDER_WAY,
    )
    return Runs(spec, table, lambda asker, run_id, found: _detail(table, found))


def _status(fields: Mapping[str, Cell], status: str | None) -> str:
    told = fields.get(status) if status is not None else None
    return "recorded" if told is None else str(told)


def _ends_known(place: Mapped) -> bool:
    """Whether the first and last tick of a run are found without reading all rows."""
    last = place.evidence.last
    if place.evidence.complete or place.dialect == "duckdb" or (last is not None and last <= _FEW):
        return True  # DuckDB reads the ticks of all runs at once
    real = place.run not in dict(place.given)
    lead = (place.run,) if real else (place.tick,)
    return any(index[:1] == lead for index in place.evidence.indices)


def _detail(table: TableSpec, found: RunDetail) -> RunDetail:
    fields, ticks = found.run.fields, found.run.ticks
    told: list[tuple[str, Cell]] = [("Status", found.run.status)]
    if ticks is not None:
        told.append(("Ticks", f"{ticks.first} to {ticks.last}"))
    if found.agents:
        told.append(("Agents", found.agents))
    known = {"status", "config", "run", "payload"}
    told += [
        (column.label, fields[column.name])
        for column in table.columns
        if column.visible
        and column.name != table.run
        and fields.get(column.name) not in (None, "")
        and column.role not in known
    ][:_FACTS]
    problem = (found.config_problem,) if found.config_problem else ()
    return replace(found, facts=tuple(told), warnings=problem)


def _grouping(place: Mapped, run: str, parameters: Sequence[str]) -> Any:
    def build(stored: Stored) -> sa.Select[Any]:
        table = stored.table(place.name)
        own = place.read(run, table)
        told = [sa.func.min(place.read(p, table)).label(p) for p in parameters]
        return (
            sa.select(own.label(run), *told)
            .select_from(table)
            .where(own.is_not(None))
            .group_by(own)
        )

    return build


def _hopping(place: Mapped, run: str) -> Any:
    """Distinct runs by hopping along the index."""

    def build(stored: Stored) -> sa.Select[Any]:
        table = stored.table(place.name)
        own = place.read(run, table)
        hop = sa.select(sa.func.min(own).label(run)).cte("hops", recursive=True)
        following = sa.select(sa.func.min(own)).select_from(table).where(own > hop.c[run])
        hop = hop.union_all(sa.select(following.scalar_subquery()).where(hop.c[run].is_not(None)))
        return sa.select(hop.c[run].label(run)).where(hop.c[run].is_not(None))

    return build


def _experiment_name(
    column: ColumnSpec, place: Mapped, experiments: TableEvidence | None
) -> ColumnSpec:
    """The experiment's name where its number refers to a table that has one."""
    if column.role != "experiment" or experiments is None:
        return column
    target = place.evidence.keys.refers.get(column.name)
    name = next((c.name for c in experiments.columns if c.name.lower().endswith("name")), None)
    if target is None or name is None or place.asked:
        return column
    there, key = target[0], target[1] or "id"
    own_name = column.name

    def derive(columns: Columns) -> sa.ColumnElement[Any]:
        own = columns.column(place.name, own_name)
        known, called_ = columns.column(there, key), columns.column(there, name)
        told = sa.select(called_).where(known == own).correlate(own.table).limit(1)
        return sa.func.coalesce(sa.cast(told.scalar_subquery(), sa.Text), sa.cast(own, sa.Text))

    return replace(column, kind="text", derive=derive, needs=(column.name,))


def _free(name: str, metadata: sa.MetaData) -> str:
    taken = {table.lower() for table in metadata.tables}
    while name in taken:
        name += "_"
    return name
