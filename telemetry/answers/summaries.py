"""What many runs come to, and what their rows hold, by a statement for hundreds of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import sqlalchemy as sa

from telemetry.answers.aggregates import aggregated, in_units, summary, summary_columns
from telemetry.answers.values import cell
from telemetry.concepts import Cell, Column, RunId, Summaries, Summary
from telemetry.families.vocabulary import SummarySpec, TableSpec
from telemetry.queries import RunCellsQuery, SummariesQuery, SummaryQuery
from telemetry.reader import Reader

AT_ONCE = 500
"""Runs that one statement adds up, so that a withdrawn question ends soon."""
Row = tuple[Any, ...]


def summaries(reader: Reader, query: SummariesQuery) -> Summaries:
    """A summary a run, in their order; RequestError where the table declares none."""
    table = reader.layout.table_spec(query.table)
    declared, run = table.summary, table.run
    if declared is None or run is None or not reader.has(table.name, run):
        each = [summary(reader, SummaryQuery(r, query.table)) for r in query.run_ids]
        return _together(each[0].columns if each else (), each)
    columns = summary_columns(reader, table, declared)
    nothing = _of_no_rows(reader, table, declared)
    found: list[Summary] = []
    for some in _parts(query.run_ids):
        groups, totals = _added_up(reader, table, declared, some)
        for run_id in map(str, some):
            total = totals.get(run_id, nothing)
            own = groups.get(run_id, [])
            found.append(in_units(reader, table, declared, columns, own, total))
        reader.token.report(len(found), len(query.run_ids), "runs")
    return _together(columns, found)


def _together(columns: tuple[Column, ...], each: Sequence[Summary]) -> Summaries:
    return Summaries(columns, tuple(s.groups for s in each), tuple(s.total for s in each))


def _added_up(
    reader: Reader, table: TableSpec, declared: SummarySpec, some: tuple[RunId, ...]
) -> tuple[dict[str, list[Row]], dict[str, Row]]:
    """The groups of each run, and what all of its rows come to, by the text of its id."""
    run = reader.column(table.name, str(table.run))
    group, elements = aggregated(reader, table, declared)
    own = [run.in_(some), *reader.along_ticks(table.name)]
    if table.only is not None:
        own.append(table.only(reader))
    source = reader.layout.selectable(table.name)
    whole = sa.select(run.label("run"), *elements).select_from(source).where(*own)
    split = sa.select(run.label("run"), group.label("value"), *elements).select_from(source)
    groups: dict[str, list[Row]] = {}
    for row in reader.rows(split.where(*own).group_by(sa.text("1"), sa.text("2"))):
        groups.setdefault(str(row[0]), []).append(row[1:])
    reader.token.check()
    totals = reader.connection.execute(whole.group_by(sa.text("1")))  # typed as those of one run
    return groups, {str(row[0]): tuple(row[1:]) for row in totals}


def _of_no_rows(reader: Reader, table: TableSpec, declared: SummarySpec) -> Row:
    """What the aggregates come to where there is nothing to add up."""
    elements = aggregated(reader, table, declared)[1]
    none = sa.select(*elements).select_from(reader.layout.selectable(table.name)).where(sa.false())
    return reader.one(none) or ()


def run_cells(reader: Reader, query: RunCellsQuery) -> tuple[Cell, ...]:
    """The column's cell of each run, None where there is no such run."""
    spec = reader.family.runs
    table = reader.layout.table_spec(spec.table)
    element = reader.layout.element(table, reader.layout.column_spec(table, query.column))
    own = reader.column(spec.table, spec.id)
    known: dict[str, Cell] = {}
    for some in _parts(query.run_ids):
        statement = sa.select(own, element).select_from(reader.layout.selectable(spec.table))
        rows = reader.rows(statement.where(own.in_(some)))
        known.update({str(run): cell(value) for run, value in rows})
    return tuple(known.get(str(run_id)) for run_id in query.run_ids)


def _parts(run_ids: tuple[RunId, ...]) -> Iterator[tuple[RunId, ...]]:
    for start in range(0, len(run_ids), AT_ONCE):
        yield run_ids[start : start + AT_ONCE]
