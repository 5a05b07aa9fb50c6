"""Writing what a view shows: queries as exact files, pictures as they are drawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry import __version__
from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, RunId
from telemetry.errors import RequestError
from telemetry.export import (
    PROGRAM,
    Format,
    Worked,
    asked,
    fingerprint_of,
    of_source,
    thinned,
    write_cells,
    write_picture,
    write_run,
    write_series,
    write_table,
)
from telemetry.frozen import Frozen, replace
from telemetry.queries import ColumnsQuery, Query, SeriesQuery, TableQuery
from telemetry.text import CENTS, MONEY, UNITS, in_units
from vmt_log_viewer.state.saved_view import SavedView

if TYPE_CHECKING:
    from telemetry.source import Source

DATA_FORMATS = ("csv", "jsonl", "json")


class Order(Frozen):
    """What to write and where. `drop_empty`: leave out columns that are empty in this run."""

    path: Path
    format: str
    drop_empty: bool = True


class Late(Sequence[tuple[Cell, ...]]):
    """Rows that are worked out once somebody looks at them: what is shown is seldom exported.

    `make` may run in a worker: what it is given has to be all that it needs.
    """

    def __init__(self, make: Callable[..., Sequence[tuple[Cell, ...]]], *given: Any) -> None:
        self._make = partial(make, *given)

    @cached_property
    def _rows(self) -> Sequence[tuple[Cell, ...]]:
        return self._make()

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: Any) -> Any:
        return self._rows[place]


class Frame(Frozen):
    """Rows that a view worked out and shows; `name` tells them from others of the same view.

    A view is asked for them whenever something changes: `Late` ones cost nothing then. `again` says
    what gives them in other tools: a query that is one statement, or a command. It is called in a
    worker.
    """

    name: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    again: Callable[[], Query[Any] | Worked] | None = None

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
        return Frame(self.name, tuple(columns), rows, self.again)


class Shown(Frozen):
    """What the files of an export say of the view that they show, besides their own rows.

    `thinning` is what was left out where it is drawn, `said` the view's own line about itself.
    `sources` are those of `view`, in its order, and are asked for their fingerprints.
    """

    run_id: RunId | None = None
    view: SavedView | None = None
    sources: tuple[Source, ...] = ()
    said: str = ""
    thinning: tuple[str, ...] = ()

    def about(self, token: CancelToken) -> dict[str, object]:
        """For the note beside a file."""
        found: dict[str, object] = {"shows": self.said} if self.said else {}
        if self.view is not None:
            view = fingerprinted(self.view, self.sources, self.run_id, token)
            found["view"] = view.as_json()
        return found


def fingerprinted(
    view: SavedView, sources: tuple[Source, ...], run_id: RunId | None, token: CancelToken
) -> SavedView:
    """The view with the fingerprints of its sources as they are now; `run_id` is of the first."""
    return view.with_fingerprints(
        fingerprint_of(source, None if place else run_id, token).as_values()
        for place, source in enumerate(sources)
    )


def write_drawn(
    source: Source,
    request: tuple[Query[object], ...],
    content: bytes,
    order: Order,
    shown: Shown,
    token: CancelToken,
) -> str:
    """Write a picture that says where it comes from; one sentence about it."""
    about = {
        "program": PROGRAM,
        "version": __version__,
        **of_source(source, shown.run_id, token),
        "query": [asked(query) for query in request],
        "thinned": thinned(shown.thinning),
        **shown.about(token),
    }
    created = datetime.now(UTC).isoformat(timespec="seconds")
    own = Path(source.identity.location)
    path, _ = write_picture(order.path, content, about, created, protected=own)
    return f"The picture was written to {path}."


def write_queries(
    source: Source,
    queries: tuple[Query[object], ...],
    order: Order,
    token: CancelToken,
    frames: tuple[Frame, ...] = (),
    shown: Shown | None = None,
) -> str:
    """Write every query and frame to a file of its own; one sentence about what was written."""
    written, alone = [], len(queries) + len(frames) == 1
    shown = shown or Shown()
    about = shown.about(token)
    for number, query in enumerate(queries):
        path = order.path if alone else _numbered(order.path, query, number)
        written.append(_write(source, query, path, order, about, token))
    for frame in (frame.with_units() for frame in frames):
        path = order.path if alone else _beside(order.path, frame.name)
        report = write_cells(
            source,
            frame.name,
            frame.columns,
            frame.rows,
            path,
            run_id=shown.run_id,
            format=order.format,  # type: ignore[arg-type]
            token=token,
            about=about,
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
    source: Source,
    query: Query[object],
    path: Path,
    order: Order,
    about: dict[str, object],
    token: CancelToken,
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
            about=about,
        )
    elif isinstance(query, SeriesQuery):
        kind: Format = order.format  # type: ignore[assignment]
        report = write_series(source, query, path, format=kind, token=token, about=about)
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
