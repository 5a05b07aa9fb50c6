"""The note beside an exported file: where its rows come from and how to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from telemetry import __version__
from telemetry.cancel import CancelToken
from telemetry.concepts import TickRange
from telemetry.engines.fingerprints import text_fingerprint
from telemetry.errors import NothingFoundError, RequestError
from telemetry.export.formats import CONVENTIONS, Format, json_text
from telemetry.filters import Filter
from telemetry.frozen import Frozen, asdict, defaults
from telemetry.queries import Query, RunQuery, RunSizesQuery, Sort, Where

if TYPE_CHECKING:
    from telemetry.concepts import Cell, Column, Fingerprint, RunId
    from telemetry.source import Source

PROGRAM = "vmt-log-viewer"
ALL_ROWS = "Nothing was thinned: every row that matches stands in the file."


def sidecar_path(path: Path) -> Path:
    """`trades.csv` → `trades.csv.json`."""
    return path.with_name(path.name + ".json")


def provenance(
    source: Source, run_id: RunId | None, token: CancelToken | None = None
) -> dict[str, object]:
    """Program, time and source, as every sidecar begins; the location has no password."""
    return {
        "program": PROGRAM,
        "version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **of_source(source, run_id, token),
    }


def of_source(
    source: Source, run_id: RunId | None, token: CancelToken | None = None
) -> dict[str, object]:
    """What source and run it is; the same each time it is asked while they do not change."""
    identity = source.identity
    run = None if run_id == "" else run_id  # "": what is asked for lies above all runs
    return {
        "source": {
            "location": identity.location,
            "family": identity.family,
            "vintage": identity.vintage,
            "engine": identity.engine,
            "fingerprint": fingerprint_of(source, run, token).as_values(),
        },
        "scales": dict(source.scales),
        "run": run,
    }


def fingerprint_of(
    source: Source, run_id: RunId | None, token: CancelToken | None = None
) -> Fingerprint:
    """The source's fingerprint. On a server, where no bytes can be read, it covers the run: its
    row as it stands there, and how many rows each table has of it."""
    found = source.fingerprint(token)
    if "server" not in found.facts or run_id is None:
        return found
    run = source.ask(RunQuery(run_id), token).run
    counts = source.ask(RunSizesQuery((run_id,)), token).counts.get(run_id, {})
    text = json_text([list(found.facts.values()), dict(run.fields), dict(counts)])
    of = "server, database, schema, the row of the run and its row counts"
    facts: dict[str, Cell] = {**found.facts, "rows": sum(n for n in counts.values() if n)}
    return text_fingerprint(text, of, facts)


def selection(where: Where, sort: Sort | None, limit: int | None) -> dict[str, object]:
    """Which rows were written, in the words of the filter grammar."""
    return {
        "filters": [str(item) for item in where.filters],
        "ticks": None if where.ticks is None else str(where.ticks),
        "agents": None if where.agents is None else list(where.agents),
        "sort": None if sort is None else ("-" if sort.descending else "") + sort.column,
        "limit": limit,
    }


def asked(query: Query[Any]) -> dict[str, object]:
    """The question itself: its kind and every part of it that is not left at its default."""
    values: dict[str, object] = {"kind": type(query).__name__}
    usual = defaults(type(query))
    for name, value in asdict(query).items():
        if name not in usual or value != usual[name]:
            values[name] = _plain(value)
    return values


def spelt(source: Source, query: Query[Any], token: CancelToken | None = None) -> str | None:
    """The statement that gives the rows; None where no single one does, and of text files, whose
    statement is as long as their views."""
    with suppress(RequestError, NothingFoundError):
        found = source.statement(query, token)
        return None if found.files else found.text
    return None


def thinned(notes: Sequence[str]) -> str:
    """How what is shown was thinned, in one text."""
    return " ".join(note if note.endswith(".") else f"{note}." for note in notes) or (
        "Nothing was thinned."
    )


def contents(
    columns: Iterable[Column], left_out: Mapping[str, str], rows: int, format: Format
) -> dict[str, object]:
    """What stands in the file, and which columns do not and why."""
    return {
        "columns": [
            {
                "name": column.name,
                "label": column.label,
                "kind": column.kind,
                "unit": column.unit,
                "derived": column.derived,
                "recorded": column.recorded,
            }
            for column in columns
        ],
        "columns_left_out": [{"name": name, "why": why} for name, why in left_out.items()],
        "rows": rows,
        "format": format,
        "conventions": CONVENTIONS[format],
    }


def _plain(value: object) -> Any:
    if isinstance(value, Filter | TickRange):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Frozen):
        found = {name: _plain(item) for name, item in asdict(value).items()}
        return {name: item for name, item in found.items() if item not in (None, [])}
    return value
