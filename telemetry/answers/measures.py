"""Measures: which there are, whether a run records one, and what stands in where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from telemetry.answers.runs import decode_config
from telemetry.answers.tables import used
from telemetry.answers.where import column_scale
from telemetry.concepts import Cell, Measure, RunId
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.vocabulary import ColumnSpec, MeasureSpec, TableSpec
from telemetry.frozen import replace
from telemetry.layout import Layout
from telemetry.reader import Reader
from telemetry.text import per_unit, shown_unit


def spec_of(reader: Reader, name: str) -> MeasureSpec:
    """The declared measure of that name; RequestError where the family has none."""
    spec = reader.family.measure(name)
    if spec is None:
        known = ", ".join(m.name for m in reader.family.measures)
        if not known:
            raise NothingFoundError(
                f"{reader.family.label} sources of this kind record no measures of agents by tick."
            )
        raise RequestError(f"There is no measure {name!r}; this family has {known}.")
    return spec


def place_of(reader: Reader, spec: MeasureSpec) -> tuple[TableSpec, ColumnSpec]:
    """The table and column that a measure is read from."""
    table = reader.layout.table_spec(spec.table)
    return table, reader.layout.column_spec(table, spec.column)


def judged(
    reader: Reader, spec: MeasureSpec, run_id: RunId
) -> tuple[Measure, float | None, tuple[str, ...]]:
    """The measure as this run has it, the constant that may stand in, and what to say of it."""
    measure = declared(reader.layout, spec)
    table, _ = place_of(reader, spec)
    if measure.recorded and not measure.rebuilt:
        asked = (reader.layout.column_spec(table, n) for n in spec.evidence or (spec.column,))
        known = [c for c in asked if reader.layout.recorded(table, c)]
        evident = any(used(reader, table, column, run_id) for column in known)
        if not evident and _can_rebuild(reader.layout, spec):
            measure = replace(measure, rebuilt=_origin(spec))
        elif not evident:
            measure = replace(measure, recorded=False, reason=_why_not(reader, spec, run_id))
    if measure.recorded:
        said = f"{spec.label} is {measure.rebuilt}: {spec.table} of this run hold no values."
        return measure, None, (said,) if measure.rebuilt else ()
    constant = run_constant(reader, spec, run_id)
    if constant is None:
        return measure, None, (measure.reason,)
    said = f"{measure.reason} The configuration fixes it at {constant:g} for every agent."
    return measure, constant, (said,)


def _why_not(reader: Reader, spec: MeasureSpec, run_id: RunId) -> str:
    """Why a run has no values of a measure that the source has a column for."""
    table = reader.layout.table_spec(spec.table)
    some = sa.select(sa.literal(1)).select_from(reader.layout.selectable(spec.table)).limit(1)
    if table.run is not None:
        some = some.where(reader.column(spec.table, table.run) == run_id)
    if reader.one(some) is None:
        why = f"it has no rows of {spec.table}. {table.how_to_record}".strip()
    else:
        why = f"every row of {spec.table} leaves {spec.column} empty or at its default."
    return f"{spec.label} is not recorded in run {run_id}: {why}"


def run_constant(reader: Reader, spec: MeasureSpec, run_id: RunId) -> float | None:
    """The value that the run's configuration fixes for `spec`, if any."""
    facts = None if spec.constant is None else run_facts(reader, run_id)
    return None if facts is None or spec.constant is None else spec.constant(*facts)


def run_facts(reader: Reader, run_id: RunId) -> tuple[Mapping[str, Cell], object] | None:
    """The run row by its columns, and its decoded configuration; None for an unknown run."""
    runs = reader.family.runs
    names = [c.name for c in runs.columns if reader.has(runs.table, c.name)]
    config = reader.column(runs.table, runs.config) if runs.config else sa.null()
    row = reader.one(
        sa.select(*(reader.column(runs.table, n) for n in names), config.label("config_"))
        .select_from(reader.layout.selectable(runs.table))
        .where(reader.column(runs.table, runs.id) == run_id)
    )
    if row is None:
        return None
    return dict(zip(names, row, strict=False)), decode_config(row[-1])[0]


def divisor(reader: Reader, spec: MeasureSpec, run_id: RunId) -> int:
    """What stored values are divided by: the source's scale times the run's own."""
    return divisors(reader, spec, (run_id,))[str(run_id)]


def divisors(reader: Reader, spec: MeasureSpec, run_ids: Sequence[RunId]) -> Mapping[str, int]:
    """`divisor` of each of the runs, by the text of its id."""
    _, column = place_of(reader, spec)
    scale = column_scale(reader, column) * per_unit(spec.unit)
    return {run: scale * own for run, own in own_divisors(reader, spec.divisor, run_ids).items()}


def own_divisor(reader: Reader, name: str | None, run_id: RunId) -> int:
    """What column `name` of the run row divides values by; 1 where there is none."""
    return own_divisors(reader, name, (run_id,))[str(run_id)]


def own_divisors(reader: Reader, name: str | None, run_ids: Sequence[RunId]) -> dict[str, int]:
    """`own_divisor` of each of the runs, by the text of its id."""
    runs, found = reader.family.runs, {str(run_id): 1 for run_id in run_ids}
    if name is None or not reader.has(runs.table, name):
        return found
    run = reader.column(runs.table, runs.id)
    own = sa.select(run, reader.column(runs.table, name)).where(run.in_(run_ids))
    for run_id, divides in reader.rows(own):
        if isinstance(divides, int) and divides > 0:
            found[str(run_id)] = divides
    return found


def _can_rebuild(layout: Layout, spec: MeasureSpec) -> bool:
    return spec.rebuild is not None and layout.there(spec.rebuilt_from)


def _origin(spec: MeasureSpec) -> str:
    return f"rebuilt from {spec.rebuilt_from}"


def declared(layout: Layout, spec: MeasureSpec) -> Measure:
    """The measure as the source has it, whatever a run holds of it."""
    table = layout.table_spec(spec.table)
    column = layout.column_spec(table, spec.column)
    there = layout.there(spec.table)
    recorded = (
        there and layout.recorded(table, column) and layout.has(spec.table, spec.agent, spec.tick)
    )
    reason, rebuilt = "", ""
    if not recorded and _can_rebuild(layout, spec):
        recorded, rebuilt = True, _origin(spec)
    if not recorded:
        what = f"column {spec.column} of {spec.table}" if there else f"table {spec.table}"
        reason = f"{spec.label} is not recorded: this database has no {what}."
    unit = shown_unit(spec.unit)
    return Measure(
        spec.name, spec.label, unit, spec.group, recorded, reason, spec.help, spec.default, rebuilt,
        spec.against, spec.phase,
    )  # fmt: skip
