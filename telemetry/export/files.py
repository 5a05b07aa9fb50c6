"""Tables, series and whole runs → files, each with a `.json` note of where it comes from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from telemetry.cancel import CancelToken
from telemetry.concepts import Column
from telemetry.errors import NothingFoundError, RequestError
from telemetry.export.alongside import alongside
from telemetry.export.columns import csv_writer
from telemetry.export.formats import FORMATS, Format, Row, json_text, write_rows
from telemetry.export.sidecar import (
    ALL_ROWS,
    asked,
    contents,
    provenance,
    selection,
    sidecar_path,
    spelt,
)
from telemetry.export.staging import Staging, sentences, staged
from telemetry.frozen import Frozen, field, replace
from telemetry.queries import (
    ColumnsQuery,
    ContradictionsQuery,
    RunQuery,
    SeriesQuery,
    TableQuery,
    Where,
)

if TYPE_CHECKING:
    from telemetry.concepts import Line, RunDetail, RunId, Series, Table
    from telemetry.source import Source

EMPTY = "empty in this run"
ABSENT = "not recorded in this database"


class ExportReport(Frozen):
    """A file that was written. `left_out` maps columns that it lacks to why they were left out."""

    path: Path
    sidecar: Path
    rows: int
    columns: tuple[str, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def write_table(
    source: Source,
    query: TableQuery,
    path: str | os.PathLike[str],
    *,
    format: Format = "csv",
    drop_empty: bool = True,
    limit: int | None = None,
    token: CancelToken | None = None,
    about: Mapping[str, object] | None = None,
) -> ExportReport:
    """Write every row that `query` matches (its page limit is ignored; `limit` is not).

    Without `query.columns`, all columns are written but those without a value in this run,
    which `drop_empty=False` writes too. `about` is what the note beside the file says besides.
    ExportError where the file cannot be written, NothingFoundError where the source has no such
    table.
    """

    def head(token: CancelToken) -> Mapping[str, object]:
        return {**provenance(source, query.run_id, token), **(about or {})}

    with _staged(source) as files, alongside(head, token) as told:
        return _table(files, source, query, Path(path), format, drop_empty, limit, told, token)


def write_series(
    source: Source,
    series: Series | SeriesQuery,
    path: str | os.PathLike[str],
    *,
    run_id: RunId | None = None,
    format: Format = "csv",
    token: CancelToken | None = None,
    about: Mapping[str, object] | None = None,
) -> ExportReport:
    """Write one row per agent and tick: agent_id, tick, value and, where there are any, mark.

    `run_id` says which run a ready Series belongs to; a query knows its own.
    """
    where, query, sql = Where(), None, None
    if isinstance(series, SeriesQuery):
        run_id, query = series.run_id, asked(series)
        sql = spelt(source, series, token)
        where = Where(ticks=series.ticks, agents=series.agents)
        series = source.ask(series, token)
    columns, rows = series_rows(series)
    head: dict[str, object] = {
        **provenance(source, run_id, token),
        "series": series.measure.name,
        "unit": series.measure.unit,
        "constant": series.constant,
        "notes": list(series.notes),
        **selection(where, None, None),
        "query": query,
        "sql": sql,
        "thinned": ALL_ROWS,
        **(about or {}),
    }
    with _staged(source) as files:
        return _write(files, Path(path), columns, rows, format, head, {}, series.notes)


def write_cells(
    source: Source,
    name: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    path: str | os.PathLike[str],
    *,
    run_id: RunId | None = None,
    format: Format = "csv",
    token: CancelToken | None = None,
    about: Mapping[str, object] | None = None,
) -> ExportReport:
    """Write rows that a view worked out (`name` says what they are), as exact as they are."""
    head = {
        **provenance(source, run_id, token),
        "table": name,
        "thinned": ALL_ROWS,
        **(about or {}),
    }
    with _staged(source) as files:
        return _write(files, Path(path), columns, iter(rows), format, head, {}, ())


def write_run(
    source: Source,
    run_id: RunId,
    directory: str | os.PathLike[str],
    *,
    format: Format = "csv",
    drop_empty: bool = True,
    tables: Sequence[str] | None = None,
    where: Where | None = None,
    token: CancelToken | None = None,
) -> list[ExportReport]:
    """Write the recorded tables of a run (or `tables`) to a folder, with its run row as run.json
    and its configuration as stored; all files appear together at the end, or none.

    Ticks and agents limit the tables that have them (the others say so in their notes);
    RequestError where a filter names a column that one of the tables lacks.
    """
    folder = Path(directory)
    where = where or Where()
    detail = source.ask(RunQuery(run_id), token)
    detail = detail.completed(source.ask(ContradictionsQuery(run_id), token))
    names = [t.name for t in source.tables if t.recorded and t.role != "runs"]
    chosen = [source.table(name) for name in (names if tables is None else tables)]
    limits = [(table, *_applicable(table, where)) for table in chosen]
    reports = []
    head = provenance(source, run_id, token)
    taken: set[str] = set()
    with _staged(source) as files:
        files.folder(folder)
        if tables is None:
            _run_files(files, head, detail, folder)
        for table, suited, notes in limits:
            query = TableQuery(run_id, table.name, where=suited)
            path = folder / f"{_free(table.name, taken)}.{format}"
            report = _table(
                files, source, query, path, format, drop_empty, None, lambda: head, token
            )
            reports.append(replace(report, notes=(*report.notes, *notes)))
    return reports


def _free(name: str, taken: set[str]) -> str:
    """A table's name as that of a file here, whatever signs an unknown database gave it."""
    found = re.sub(r"[^\w.() -]+", "_", name).strip(". ") or "table"
    while found.lower() in taken:
        found += "_"
    taken.add(found.lower())
    return found


def exported_columns(
    source: Source, query: TableQuery, drop_empty: bool, token: CancelToken | None = None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The columns that a file of `query` has, and those left out with the reason."""
    if query.columns is not None:
        return query.columns, {}
    judged = source.ask(ColumnsQuery(query.run_id, query.table), token)
    if not drop_empty:
        return tuple(column.name for column in judged), {}
    declared = source.table(query.table)
    left_out = {}
    for column in judged:
        if not column.recorded:
            known = declared.column(column.name)
            left_out[column.name] = EMPTY if known is not None and known.recorded else ABSENT
    return tuple(c.name for c in judged if c.name not in left_out), left_out


@contextmanager
def streamed(
    source: Source, query: TableQuery, token: CancelToken | None = None
) -> Iterator[Iterator[Row]]:
    """All rows of `query` one by one; the source is let go of on leaving, however that happens."""
    chunks = source.stream(query, token)
    try:
        yield chain.from_iterable(chunks)
    finally:
        if isinstance(chunks, Generator):
            chunks.close()


def write_query(
    stream: TextIO,
    source: Source,
    query: TableQuery,
    format: Format = "csv",
    *,
    limit: int | None = None,
    token: CancelToken | None = None,
) -> int:
    """Write all rows of `query` (its page limit is ignored; `limit` is not); how many there were.

    The same in a file and on standard output; constant memory.
    """
    columns = source.stream_columns(query)
    if format != "csv":
        with streamed(source, query, token) as rows:
            return write_rows(stream, columns, islice(rows, limit), format)
    lines = csv_writer()
    stream.write(lines([[column.name for column in columns]]))
    written = 0
    with closing(source.csv_lines(query, lines, limit, token)) as parts:
        for text, count in parts:
            stream.write(text)
            written += count
    return written


def series_rows(series: Series) -> tuple[tuple[Column, ...], Iterator[Row]]:
    """The columns and rows of a series written long: one row per agent and tick."""
    marked = any(line.mark is not None for line in series.lines)
    columns = [
        Column("agent_id", "Agent", "int", role="agent"),
        Column("tick", "Tick", "int", role="tick"),
        Column("value", series.measure.label, "real", unit=series.measure.unit),
    ]
    if marked:
        columns.append(Column("mark", "Mark", "text"))
    return tuple(columns), chain.from_iterable(_line_rows(line, marked) for line in series.lines)


def _line_rows(line: Line, marked: bool) -> Iterator[Row]:
    ticks, values = line.tick.tolist(), line.value.tolist()
    for i, (tick, value) in enumerate(zip(ticks, values, strict=True)):
        cell = None if value != value else value
        if marked:
            yield line.agent_id, tick, cell, line.mark[i] if line.mark is not None else None
        else:
            yield line.agent_id, tick, cell


def _staged(source: Source) -> AbstractContextManager[Staging]:
    """Staging that refuses to replace the opened file itself."""
    return staged(protected=Path(source.identity.location))


def _table(
    files: Staging,
    source: Source,
    query: TableQuery,
    path: Path,
    format: Format,
    drop_empty: bool,
    limit: int | None,
    head: Callable[[], Mapping[str, object]],
    token: CancelToken | None,
) -> ExportReport:
    table = source.table(query.table)
    if not table.recorded:
        how = f" {table.how_to_record}" if table.how_to_record else ""
        raise NothingFoundError(f"{table.label} are {ABSENT}, so nothing was written.{how}")
    names, left_out = exported_columns(source, query, drop_empty, token)
    query = replace(query, columns=names)
    columns = source.stream_columns(query)
    told = {
        "table": query.table,
        **selection(query.where, query.sort, limit),
        "query": asked(query),
        "sql": spelt(source, query, token),
        "thinned": ALL_ROWS if limit is None else f"At most the first {limit} rows were written.",
    }

    def write(data: TextIO) -> int:
        return write_query(data, source, query, format, limit=limit, token=token)

    return _written(files, path, columns, write, format, lambda: {**head(), **told}, left_out, ())


def _write(
    files: Staging,
    path: Path,
    columns: Sequence[Column],
    rows: Iterator[Row],
    format: Format,
    head: Mapping[str, object],
    left_out: Mapping[str, str],
    notes: Sequence[str],
) -> ExportReport:
    def write(data: TextIO) -> int:
        return write_rows(data, columns, rows, format)

    return _written(files, path, columns, write, format, lambda: head, left_out, notes)


def _written(
    files: Staging,
    path: Path,
    columns: Sequence[Column],
    write: Callable[[TextIO], int],
    format: Format,
    head: Callable[[], Mapping[str, object]],
    left_out: Mapping[str, str],
    notes: Sequence[str],
) -> ExportReport:
    if format not in FORMATS:
        raise RequestError(f"There is no file format {format!r}; use csv, json or jsonl.")
    data = files.open(path)
    count = _guarded(path, lambda: write(data))
    beside = sidecar_path(path)
    said = {**head(), **contents(columns, left_out, count, format)}
    _write_json(files.open(beside), beside, said)
    names = tuple(column.name for column in columns)
    return ExportReport(path, beside, count, names, dict(left_out), tuple(notes))


def _run_files(files: Staging, head: Mapping[str, object], detail: RunDetail, folder: Path) -> None:
    """The run row as run.json, and the configuration exactly as stored."""
    run = detail.run
    row = {
        **head,
        "fields": dict(run.fields),
        "status": run.status,
        "ticks": None if run.ticks is None else str(run.ticks),
        "warnings": list(detail.warnings),
        "notes": list(detail.notes),
        "config_problem": detail.config_problem,
    }
    path = folder / "run.json"
    _write_json(files.open(path), path, row)
    if detail.config_text is not None:
        text = detail.config_text
        path = folder / ("config.json" if detail.config_problem is None else "config.txt")
        stream = files.open(path)
        _guarded(path, lambda: stream.write(text))


def _write_json(stream: TextIO, path: Path, value: object) -> None:
    text = json_text(value, indent=2) + "\n"
    _guarded(path, lambda: stream.write(text))


def _guarded(path: Path, write: Callable[[], int]) -> int:
    with sentences(path):
        return write()


def _applicable(table: Table, where: Where) -> tuple[Where, tuple[str, ...]]:
    """`where` as far as `table` has ticks and agents, and a note for what it has not."""
    for item in where.filters:
        column = table.column(item.column)
        if column is None:
            raise RequestError(
                f"{table.name} has no column {item.column!r}, so it cannot be filtered by it; "
                "name the tables that have it with --table."
            )
        item.check(column.kind)
    notes = []
    suited = where
    roles = {column.role for column in table.columns}
    if where.ticks is not None and "tick" not in roles:
        suited = replace(suited, ticks=None)
        notes.append(f"{table.name} has no ticks: all its rows were written.")
    if where.agents is not None and not roles & {"agent", "buyer", "seller"}:
        suited = replace(suited, agents=None)
        notes.append(f"{table.name} names no agents: all its rows were written.")
    return suited, tuple(notes)
