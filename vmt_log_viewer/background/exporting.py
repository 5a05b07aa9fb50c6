"""Writing what a view shows: queries as exact files, pictures as they are drawn."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, RunId
from telemetry.errors import RequestError
from telemetry.export import write_cells, write_run, write_series, write_table
from telemetry.queries import ColumnsQuery, Query, SeriesQuery, TableQuery
from telemetry.text import CENTS, MONEY, UNITS, in_units

if TYPE_CHECKING:
    from telemetry.source import Source

DATA_FORMATS = ("csv", "jsonl", "json")


@dataclass(frozen=True)
class Order:
    """What to write and where. `drop_empty`: leave out columns that are empty in this run."""

    path: Path
    format: str
    drop_empty: bool = True


@dataclass(frozen=True)
class Frame:
    """Rows that a view worked out and shows; `name` tells them from others of the same view."""

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def with_units(self) -> Frame:
        """Beside each column in cents another in units, as every export of money has."""
        columns: list[Column] = []
        places: list[tuple[int, str | None]] = []
        for place, column in enumerate(self.columns):
            columns.append(column)
            places.append((place, None))
            if column.unit == CENTS:
                columns.append(replace(column, name=column.name + UNITS, kind="real", unit=MONEY))
                places.append((place, CENTS))
        rows = tuple(
            tuple(row[i] if unit is None else in_units(row[i], unit) for i, unit in places)
            for row in self.rows
        )
        return Frame(self.name, tuple(columns), rows)


def write_queries(
    source: Source,
    queries: tuple[Query[object], ...],
    order: Order,
    token: CancelToken,
    frames: tuple[Frame, ...] = (),
) -> str:
    """Write every query and frame to a file of its own; one sentence about what was written."""
    written, alone = [], len(queries) + len(frames) == 1
    for number, query in enumerate(queries):
        path = order.path if alone else _numbered(order.path, query, number)
        written.append(_write(source, query, path, order, token))
    for frame in (frame.with_units() for frame in frames):
        path = order.path if alone else _beside(order.path, frame.name)
        report = write_cells(
            source,
            frame.name,
            frame.columns,
            frame.rows,
            path,
            format=order.format,  # type: ignore[arg-type]
        )
        written.append((report.path, report.rows))
    rows = sum(rows for _, rows in written)
    names = ", ".join(path.name for path, _ in written)
    return f"{rows} rows were written to {names} in {order.path.parent}."


def write_whole_run(source: Source, run_id: RunId, order: Order, token: CancelToken) -> str:
    """Write every recorded table of a run to the folder `order.path`."""
    reports = write_run(
        source, run_id, order.path, format=order.format, drop_empty=order.drop_empty, token=token
    )  # type: ignore[arg-type]
    rows = sum(report.rows for report in reports)
    return f"{rows} rows in {len(reports)} files were written to {order.path}."


def _write(
    source: Source, query: Query[object], path: Path, order: Order, token: CancelToken
) -> tuple[Path, int]:
    if isinstance(query, TableQuery):
        exact = _without_empty(source, query, token) if order.drop_empty else query
        report = write_table(
            source,
            exact,
            path,
            format=order.format,  # type: ignore[arg-type]
            drop_empty=order.drop_empty,
            token=token,
        )
    elif isinstance(query, SeriesQuery):
        report = write_series(source, query, path, format=order.format, token=token)  # type: ignore[arg-type]
    else:
        raise RequestError(f"{type(query).__name__} cannot be exported; export a table or series.")
    return report.path, report.rows


def _without_empty(source: Source, query: TableQuery, token: CancelToken) -> TableQuery:
    """The query without those of its columns that hold nothing in this run."""
    if query.columns is None:
        return query
    judged = source.ask(ColumnsQuery(query.run_id, query.table), token)
    empty = {column.name for column in judged if not column.recorded}
    return replace(query, columns=tuple(name for name in query.columns if name not in empty))


def _numbered(path: Path, query: Query[object], number: int) -> Path:
    """A file beside `path` named after what it holds."""
    about = getattr(query, "measure", None) or getattr(query, "table", None) or str(number + 1)
    return _beside(path, about)


def _beside(path: Path, about: str) -> Path:
    safe = re.sub(r"[^\w.-]+", "_", about)
    return path.with_name(f"{path.stem}-{safe}{path.suffix}")
