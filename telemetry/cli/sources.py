"""`identify`, `runs` and `show`: what a source is and what it holds."""

from __future__ import annotations

from collections.abc import Sequence

import click

from telemetry.cli.asking import find_experiment, find_run, opened, where
from telemetry.cli.interrupt import current_token
from telemetry.cli.options import common
from telemetry.cli.output import Output, Section
from telemetry.concepts import Cell, Column, Identity, Run, RunDetail, RunList, Summary, Table
from telemetry.filters import Filter
from telemetry.frozen import replace
from telemetry.queries import ContradictionsQuery, RunQuery, RunSizesQuery, RunsQuery, SummaryQuery
from telemetry.source import Source
from telemetry.text import bytes_text, in_units

_DEEPEST = 200
_NAME = Column("name", "Name", "text")
_VALUE = Column("value", "Value", "text")
_RUN = Column("run_id", "Run", "text", role="run", derived=True, visible=False)
_FIRST = Column("first_tick", "First tick", "int", derived=True)
_LAST = Column("last_tick", "Last tick", "int", derived=True)
_STATUS = Column("status", "Status", "text", derived=True)


@click.command()
@click.argument("source")
@common
def identify(source: str) -> int:
    """What SOURCE is: family, vintage, engine, its tables and what is missing.

    Example:  telemetry identify money.db
    """
    output = Output()
    with opened(source, output) as asked:
        identity = asked.identity
        output.one(_identity(asked, identity), _identity_sections(asked, identity))
    return 0


@click.command()
@click.argument("source")
@click.option(
    "--filter", "-f", "filters", multiple=True, metavar="COLUMN=EXPR", help="Only such runs."
)
@click.option("--experiment", "-e", metavar="ID", help="Only the runs of this experiment.")
@common
def runs(source: str, filters: tuple[str, ...], experiment: str | None) -> int:
    """Every run of SOURCE, one row each, by experiment where they belong to one.

    \b
    Examples:
      telemetry runs money.db --filter 'regime_seen=mixed'
      telemetry runs results.db --experiment exp2 --filter run_purpose=bootstrap
    """
    output = Output()
    with opened(source, output) as asked:
        listed = asked.ask(RunsQuery(), current_token())
        if experiment is not None:
            wanted_id = find_experiment(asked, experiment, output).experiment_id
            some = tuple(run for run in listed.runs if run.experiment_id == wanted_id)
            listed = replace(listed, runs=some)
    columns = _run_columns(listed)
    wanted = where(asked, Table("runs", "Runs", "runs", columns, True), filters, None, None, output)
    known = {column.name: column for column in columns}
    rows = []
    for run in listed.runs:
        fields = _run_fields(run)
        if all(_holds(f, fields.get(f.column), known[f.column]) for f in wanted.filters):
            rows.append(tuple(fields.get(column.name) for column in columns))
    shown = list(range(len(columns)))
    if output.for_people:
        shown = _telling(columns, rows, output)
    written = output.rows([columns[i] for i in shown], ([r[i] for i in shown] for r in rows))
    if not written:
        output.note("No runs match." if listed.runs else f"{source} has no runs.")
    return 0 if written else 1


def _holds(wanted: Filter, cell: Cell, column: Column) -> bool:
    return wanted.expr.matches(in_units(cell, column.unit), column.kind)


@click.command()
@click.argument("source")
@click.argument("run")
@common
def show(source: str, run: str) -> int:
    """One RUN in full: its row, size, trades by pair type, warnings, configuration.

    Example:  telemetry show money.db 2 --format json
    """
    output = Output()
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        detail = asked.ask(RunQuery(run_id), current_token())
        detail = detail.completed(asked.ask(ContradictionsQuery(run_id), current_token()))
        sizes = asked.ask(RunSizesQuery((run_id,)), current_token()).counts[run_id]
        trades = asked.table_with_role("trades")
        summary = None
        if trades is not None and trades.recorded:
            summary = asked.ask(SummaryQuery(run_id, trades.name), current_token())
        value = _detail(detail, dict(sizes), summary)
        output.one(value, [] if not output.for_people else _detail_sections(detail, sizes, summary))
    return 0


def _identity(source: Source, identity: Identity) -> dict[str, object]:
    return {
        "location": identity.location,
        "name": identity.name,
        "family": identity.family,
        "family_label": identity.family_label,
        "vintage": identity.vintage,
        "engine": identity.engine,
        "size_bytes": identity.size_bytes,
        "scales": dict(source.scales),
        "tables": [
            {
                "name": table.name,
                "role": table.role,
                "recorded": table.recorded,
                "columns": [c.name for c in table.columns if c.recorded],
                "columns_missing": [c.name for c in table.columns if not c.recorded],
            }
            for table in identity.tables
        ],
        "measures": [
            {"name": m.name, "unit": m.unit, "recorded": m.recorded} for m in source.measures
        ],
        "lanes": [{"name": lane.name, "recorded": lane.recorded} for lane in source.lanes],
        "missing": list(identity.missing),
        "notes": list(identity.notes),
    }


def _identity_sections(source: Source, identity: Identity) -> list[Section]:
    facts: list[tuple[Cell, ...]] = [
        ("location", identity.location),
        ("family", identity.family_label),
        ("vintage", identity.vintage),
        ("engine", identity.engine),
        ("size", bytes_text(identity.size_bytes)),
        *(("scale of " + name, str(value)) for name, value in source.scales.items()),
    ]
    tables: list[tuple[Cell, ...]] = []
    for table in identity.tables:
        missing = [c.name for c in table.columns if not c.recorded and not c.derived]
        state = "all columns" if not missing else f"lacks {', '.join(missing)}"
        tables.append((table.name, table.role, state if table.recorded else "not recorded"))
    columns = [Column("table", "Table", "text"), Column("role", "Role", "text"), _VALUE]
    measures = [m.name for m in source.measures if m.recorded]
    return [
        ("", [_NAME, _VALUE], facts),
        ("Tables", columns, tables),
        ("Measures", (), [(", ".join(measures),)]),
    ]


def _run_columns(listed: RunList) -> tuple[Column, ...]:
    """The run row's own columns, and those that every family's answer has, once."""
    names = {column.name for column in listed.columns}
    extra = (column for column in (_FIRST, _LAST, _STATUS) if column.name not in names)
    own_id = () if _RUN.name in names else (_RUN,)
    return (*own_id, *listed.columns, *extra)


def _telling(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], output: Output
) -> list[int]:
    """The columns that tell a person something; a note names those that are empty in every run."""
    shown = [
        i
        for i, c in enumerate(columns)
        if c.visible and (c.recorded or any(row[i] is not None for row in rows))
    ]
    empty = [i for i in shown if rows and all(row[i] is None for row in rows)]
    if empty:
        names = ", ".join(columns[i].name for i in empty)
        output.note(f"Null in every run, so left out: {names}.")
    return [i for i in shown if i not in empty]


def _run_fields(run: Run) -> dict[str, Cell]:
    first, last = (None, None) if run.ticks is None else (run.ticks.first, run.ticks.last)
    extra: dict[str, Cell] = {"first_tick": first, "last_tick": last, "status": run.status}
    return {"run_id": run.run_id, **extra, **run.fields}


def _detail(
    detail: RunDetail, sizes: dict[str, int | None], summary: Summary | None
) -> dict[str, object]:
    return {
        **_run_fields(detail.run),
        "rows": sizes,
        "facts": dict(detail.facts),
        "trades": [] if summary is None else _groups(summary),
        "warnings": list(detail.warnings),
        "notes": list(detail.notes),
        **_configuration(detail),
    }


def _configuration(detail: RunDetail) -> dict[str, object]:
    """The configuration decoded, or as stored where that cannot be done."""
    problem = detail.config_problem
    if problem is None and _deeper(detail.config, _DEEPEST):
        problem = f"The configuration is nested more than {_DEEPEST} levels deep."
    if problem is None:
        return {"config": detail.config, "config_problem": None}
    return {"config": None, "config_problem": problem, "config_text": detail.config_text}


def _deeper(value: object, levels: int) -> bool:
    """Whether containers are nested deeper than `levels`, found without recursion."""
    layer = [value]
    for _ in range(levels + 1):
        inner: list[object] = []
        for item in layer:
            if isinstance(item, dict):
                inner.extend(item.values())
            elif isinstance(item, list):
                inner.extend(item)
        layer = inner
    return bool(layer)


def _groups(summary: Summary) -> list[dict[str, Cell]]:
    names = [column.name for column in summary.columns]
    return [dict(zip(names, group, strict=True)) for group in summary.groups]


def _detail_sections(detail: RunDetail, sizes: object, summary: Summary | None) -> list[Section]:
    run = detail.run
    facts: Sequence[tuple[Cell, ...]] = [
        ("run", str(run.run_id)),
        *((label, value) for label, value in detail.facts),
    ]
    counted = list(dict(sizes).items()) if isinstance(sizes, dict) else []
    configuration = [] if detail.config_text is None else [("--format json shows it.",)]
    problem = [] if detail.config_problem is None else [(detail.config_problem,)]
    return [
        (run.name or f"Run {run.run_id}", [_NAME, _VALUE], facts),
        ("Warnings", (), [(text,) for text in detail.warnings]),
        ("Rows", [Column("table", "Table", "text"), Column("rows", "Rows", "int")], counted),
        ("Trades", () if summary is None else summary.columns, _summary_rows(summary)),
        ("Notes", (), [(text,) for text in detail.notes]),
        ("Configuration", (), problem or configuration),
    ]


def _summary_rows(summary: Summary | None) -> Sequence[tuple[Cell, ...]]:
    return () if summary is None else summary.groups
