"""`export` and `demo`: the commands that write files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from telemetry.cli.asking import column_names, find_run, find_table, opened, sorting, where
from telemetry.cli.options import Limit, common, limit_option, rows_options, setting
from telemetry.cli.output import Output
from telemetry.cli.progress import reported
from telemetry.concepts import AgentId, Column, RunId, TickRange
from telemetry.errors import RequestError
from telemetry.export import FORMATS, ExportReport, Format, write_run, write_table
from telemetry.filters import Filter, parse_assignment
from telemetry.queries import TableQuery, Where
from telemetry.source import Source

_WRITTEN = (Column("path", "File", "text"), Column("rows", "Rows", "int"))


@click.command()
@click.argument("source")
@click.argument("run")
@click.option(
    "--output", "-o", "target", required=True, metavar="DIR|FILE",
    help="A folder, or for a single --table a file ending in .csv, .json or .jsonl.",
)  # fmt: skip
@click.option(
    "--table", "-t", "tables", multiple=True, metavar="NAME",
    help="Only this table (may be repeated); all recorded ones unless told.",
)  # fmt: skip
@click.option("--columns", metavar="A,B,C", help="Only these columns, into a file.")
@click.option("--sort", metavar="[-]COLUMN", help="Order by a column, into a file.")
@click.option("--all-columns", is_flag=True, help="Also columns that are empty in this run.")
@rows_options
@limit_option
@common
def export(
    source: str,
    run: str,
    target: str,
    tables: tuple[str, ...],
    columns: str | None,
    sort: str | None,
    all_columns: bool,
    filters: tuple[str, ...],
    ticks: TickRange | None,
    agents: tuple[AgentId, ...] | None,
    limit: Limit,
) -> int:
    """Write a RUN, or one table of it, to files; each has a .json beside it that says what it is.

    NULL is an empty field, numbers keep every digit. Nothing half-written remains.

    \b
    Examples:
      telemetry export money.db 2 -o results
      telemetry export money.db 2 -o money.csv --table trades --filter 'dM=>0'
    """
    output = Output()
    path = Path(target)
    with opened(source, output) as asked:
        run_id = find_run(asked, run, output)
        names = [find_table(asked, name).name for name in tables]
        if _is_folder(target):
            if columns is not None or sort is not None or limit.asked:
                raise RequestError(
                    "--columns, --sort and --limit are for one table; name it with --table and "
                    "a file ending in .csv, .json or .jsonl with -o."
                )
            if setting("saved") is not None:
                raise RequestError("A saved filter is of one table; export that with --table.")
            parsed = tuple(Filter.parse(*parse_assignment(text)) for text in filters)
            limits = Where(parsed, ticks, agents)
            reports = _folder(asked, run_id, path, names, limits, all_columns, output)
        else:
            if len(names) != 1:
                raise RequestError(
                    f"{path} is one file; name the table for it with --table, or a folder with -o."
                )
            found = asked.table(names[0])
            query = TableQuery(
                run_id,
                found.name,
                column_names(found, columns),
                where(asked, found, filters, ticks, agents, output),
                sorting(found, sort),
            )
            reports = [_file(asked, query, path, all_columns, limit)]
    return _report(output, reports)


@click.command()
@click.argument("directory", metavar="DIR")
@common
def demo(directory: str) -> int:
    """Write demo databases of every family to DIR, recorded by small honest economies.

    Example:  telemetry demo demo && telemetry runs demo/*.db
    """
    from telemetry.samples.demo import write_demo

    output = Output()
    with reported("Simulating") as token:

        def progress(what: str, done: float) -> None:
            token.check()
            token.report(round(done * 1000), 1000, what)

        paths = write_demo(directory, progress)
    output.rows(_WRITTEN[:1], [(str(path),) for path in paths])
    return 0


def _folder(
    source: Source,
    run_id: RunId,
    path: Path,
    names: Sequence[str],
    limits: Where,
    all_columns: bool,
    output: Output,
) -> list[ExportReport]:
    with reported("Exporting") as token:
        return write_run(
            source,
            run_id,
            path,
            format=_format(output.format),
            drop_empty=not all_columns,
            tables=names or None,
            where=limits,
            token=token,
        )


def _file(
    source: Source, query: TableQuery, path: Path, all_columns: bool, limit: Limit
) -> ExportReport:
    with reported("Exporting") as token:
        return write_table(
            source,
            query,
            path,
            format=_format(path.suffix[1:]),
            drop_empty=not all_columns,
            limit=limit.rows,
            token=token,
        )


def _format(name: str) -> Format:
    return next((known for known in FORMATS if known == name), "csv")


def _is_folder(target: str) -> bool:
    """Whether -o names a folder; RequestError for a file of a kind that is not written."""
    path = Path(target)
    if path.is_dir() or target.endswith(("/", os.sep)) or not path.suffix:
        return True
    if path.suffix[1:] not in FORMATS:
        raise RequestError(
            f"{path} would be a file of an unknown kind; end it in .csv, .json or .jsonl, "
            "or for a folder in /."
        )
    return False


def _report(output: Output, reports: Sequence[ExportReport]) -> int:
    for report in reports:
        if report.left_out:
            left = ", ".join(report.left_out)
            output.note(f"{report.path.name} leaves out {left} (--all-columns keeps them).")
        output.notes(report.notes)
    output.rows(_WRITTEN, [(str(report.path), report.rows) for report in reports])
    return 0 if any(report.rows for report in reports) else 1
