"""Runs: the list of them, one in full, and how large they are."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.answers.agents import agents_seen
from telemetry.answers.values import cell, decimal_cell
from telemetry.concepts import (
    Cell,
    Findings,
    Progress,
    Run,
    RunDetail,
    RunId,
    RunList,
    RunSizes,
    TickRange,
)
from telemetry.errors import NothingFoundError
from telemetry.frozen import replace
from telemetry.queries import ContradictionsQuery, ProgressQuery, RunQuery, RunSizesQuery, RunsQuery
from telemetry.reader import Reader

LIST_CONFIG_BYTES = 1_000_000
"""A configuration larger than this is not read to list runs (its seed is then not shown)."""


def runs(reader: Reader, query: RunsQuery) -> RunList:
    """Every run, in the order of their ids."""
    spec = reader.family.runs
    if not reader.has(spec.table, spec.id):
        return RunList((), ())
    config = _config_element(reader)
    if config is not None:
        size = sa.func.length(sa.cast(config, sa.Text))
        config = sa.case((size <= LIST_CONFIG_BYTES, config), else_=None)
    rows = _run_rows(reader, config, None, ticks=spec.ticks_listed)
    listed = tuple(_run(reader, row) for row in rows)
    table = reader.layout.table_spec(spec.table)
    described = tuple(
        reader.layout.describe_column(table, c) for c in (*spec.columns, *spec.extra_columns)
    )
    return RunList(described, listed)


def run(reader: Reader, query: RunQuery) -> RunDetail:
    """One run with its configuration; NothingFoundError where there is none of that id."""
    spec = reader.family.runs
    known = reader.has(spec.table, spec.id)
    config_of = _config_element(reader)
    rows = _run_rows(reader, config_of, query.run_id, spec.ticks_listed) if known else []
    if not rows:
        raise NothingFoundError(f"There is no run {query.run_id!r} in this source.")
    found = _run(reader, rows[0])
    if not spec.ticks_listed:
        found = replace(found, ticks=run_ticks(reader, query.run_id))
    text = rows[0][len(reader.family.runs.columns)]
    config, problem = decode_config(text)
    grid = reader.family.runs.grid
    sides = tuple(found.fields.get(g) for g in grid) if grid else (None, None)
    width, height = sides
    detail = RunDetail(
        run=found,
        facts=(),
        warnings=(),
        notes=(),
        config=config,
        config_text=text if isinstance(text, str) else None,
        config_problem=problem,
        grid=(width, height) if isinstance(width, int) and isinstance(height, int) else None,
        agents=agents_seen(reader, query.run_id),
    )
    return reader.family.detail(reader, query.run_id, detail)


def contradictions(reader: Reader, query: ContradictionsQuery) -> Findings:
    """What the family finds in the rows of the run; nothing where it looks for nothing."""
    look = reader.family.contradictions
    return Findings() if look is None else look(reader, query.run_id)


def progress(reader: Reader, query: ProgressQuery) -> Progress:
    """How far the run has come; NothingFoundError where it is gone."""
    spec = reader.family.runs
    rows = _run_rows(reader, None, query.run_id, False) if reader.has(spec.table, spec.id) else []
    if not rows:
        raise NothingFoundError(f"There is no run {query.run_id!r} in this source.")
    status = _run(reader, rows[0]).status
    under_way = status.lower() in spec.under_way
    return Progress(run_ticks(reader, query.run_id), status, under_way)


def run_sizes(reader: Reader, query: RunSizesQuery) -> RunSizes:
    """Exact row counts of the recorded tables, per run; None of rows that were not kept of it."""
    counts: dict[RunId, dict[str, int | None]] = {run_id: {} for run_id in query.run_ids}
    levels = _levels(reader, query.run_ids)
    for done, table in enumerate(reader.family.tables):
        if not reader.layout.there(table.name) or table.run is None or table.inner:
            continue
        if query.tables is not None and table.name not in query.tables:
            continue
        column = reader.column(table.name, table.run)
        statement = (
            sa.select(column, sa.func.count())
            .select_from(reader.layout.selectable(table.name))
            .where(column.in_(query.run_ids), *([] if table.only is None else [table.only(reader)]))
            .group_by(column)
        )
        found = dict(reader.rows(statement))
        for run_id in query.run_ids:
            count = int(found.get(run_id, 0))
            left_out = count == 0 and levels.get(run_id) in table.left_out_at
            counts[run_id][table.name] = None if left_out else count
        reader.token.report(done + 1, len(reader.family.tables), "tables")
    return RunSizes(counts)


def _levels(reader: Reader, run_ids: tuple[RunId, ...]) -> dict[RunId, str]:
    """How much was kept of each run, where the family's runs say so."""
    spec = reader.family.runs
    if spec.level is None or not reader.has(spec.table, spec.id):
        return {}
    column = reader.column(spec.table, spec.id)
    statement = (
        sa.select(column, reader.column(spec.table, spec.level))
        .select_from(reader.layout.selectable(spec.table))
        .where(column.in_(run_ids))
    )
    return dict(reader.rows(statement))


def run_ticks(reader: Reader, run_id: RunId) -> TickRange | None:
    """First and last tick that the run's rows name; None where it has no rows."""
    if reader.connection.dialect.name == "duckdb":
        return _ticks_in_one_pass(reader, run_id)
    ends = _tick_ends(reader, sa.literal(run_id))
    found = reader.one(sa.select(*ends)) if ends else None
    return None if found is None else _ticks(found)


def decode_config(text: Any) -> tuple[object, str | None]:
    """The decoded configuration, or None and why it cannot be decoded."""
    if text is None or isinstance(text, dict | list):
        return text, None
    try:
        return json.loads(text), None
    except RecursionError:
        return None, "The configuration is nested too deeply to be decoded; its text is shown."
    except (TypeError, ValueError) as error:
        return None, f"The configuration is not valid JSON: {error}."


def _config_element(reader: Reader) -> sa.ColumnElement[Any] | None:
    spec = reader.family.runs
    if spec.config is None or not reader.has(spec.table, spec.config):
        return None
    return reader.column(spec.table, spec.config)


def _run_rows(
    reader: Reader,
    config: sa.ColumnElement[Any] | None,
    run_id: RunId | None,
    ticks: bool = True,
) -> list[tuple[Any, ...]]:
    """Rows of declared columns, then configuration, then the first and last ticks if asked."""
    spec = reader.family.runs
    table = reader.layout.table_spec(spec.table)
    own_id = reader.column(spec.table, spec.id)
    elements = [reader.layout.element(table, c) for c in spec.columns]
    asked = own_id if run_id is None else sa.literal(run_id)
    ends = _tick_ends(reader, asked) if ticks else []
    tail = [sa.null() if config is None else config, *ends]
    statement = sa.select(*(e.label(f"c{i}") for i, e in enumerate((*elements, *tail))))
    known = (n for n in spec.order if reader.has(spec.table, n))
    first = (reader.column(spec.table, n).asc().nulls_first() for n in known)
    statement = statement.select_from(reader.layout.selectable(spec.table))
    statement = statement.order_by(*first, own_id)
    if run_id is not None:
        statement = statement.where(own_id == run_id)
    return reader.rows(statement)


def _tick_ends(reader: Reader, run_id: sa.ColumnElement[Any]) -> list[sa.ColumnElement[Any]]:
    """First and last tick of each tick table as scalar sub-selects that an index answers.

    DuckDB has no use for an index here; it groups once for all runs where it may.
    """
    grouping = reader.connection.dialect.name == "duckdb"
    ends: list[sa.ColumnElement[Any]] = []
    for descending in (False, True):
        for name in reader.family.runs.tick_tables:
            table = reader.layout.table_spec(name)
            if not reader.has(name, str(table.run), str(table.tick)):
                continue
            alias = reader.layout.selectable(name).alias(
                f"{name}_{'last' if descending else 'first'}"
            )
            tick = alias.c[str(table.tick)]
            of_run = alias.c[str(table.run)] == run_id
            if grouping:
                end = sa.func.max(tick) if descending else sa.func.min(tick)
                ends.append(sa.select(end).where(of_run).scalar_subquery())
                continue
            inner = sa.select(tick).where(of_run, tick.between(-(2**63), 2**63 - 1))
            ordered = inner.order_by(tick.desc() if descending else tick.asc()).limit(1)
            ends.append(ordered.scalar_subquery())
    return ends


def _ticks_in_one_pass(reader: Reader, run_id: RunId) -> TickRange | None:
    """First and last tick of one run where no index finds them: each table is read once."""
    parts = []
    for name in reader.family.runs.tick_tables:
        table = reader.layout.table_spec(name)
        if reader.has(name, str(table.run), str(table.tick)):
            tick = reader.column(name, str(table.tick))
            of_run = reader.column(name, str(table.run)) == run_id
            parts.append(sa.select(sa.func.min(tick), sa.func.max(tick)).where(of_run))
    if not parts:
        return None
    statement: Any = sa.union_all(*parts)
    first, last = zip(*reader.rows(statement), strict=True)
    return _ticks((*first, *last))


def _ticks(ends: tuple[Any, ...]) -> TickRange | None:
    half = len(ends) // 2
    numbers = (int, float)
    first = [math.ceil(t) for t in ends[:half] if isinstance(t, numbers)]
    last = [math.floor(t) for t in ends[half:] if isinstance(t, numbers)]
    return TickRange(min(first), max(last)) if first and last else None


def _run(reader: Reader, row: tuple[Any, ...]) -> Run:
    spec = reader.family.runs
    fields: dict[str, Cell] = {
        c.name: decimal_cell(v) if c.decimal_text else cell(v)
        for c, v in zip(spec.columns, row, strict=False)
    }
    tail = row[len(spec.columns) :]
    config, _ = decode_config(tail[0])
    fields.update(spec.extra(fields, config))
    name = fields.get(spec.name)
    experiment = fields.get(spec.experiment) if spec.experiment else None
    iteration = fields.get(spec.iteration) if spec.iteration else None
    return Run(
        run_id=_run_id(fields, spec.id),
        name="" if name is None else str(name),
        status=spec.status(fields),
        ticks=_ticks(tail[1:]),
        fields=fields,
        experiment_id=None if experiment is None else str(experiment),
        iteration=iteration if isinstance(iteration, int) else None,
    )


def _run_id(fields: Mapping[str, Cell], name: str) -> RunId:
    value = fields.get(name)
    return value if isinstance(value, int | str) else str(value)
