"""The note beside an exported file: where its rows come from and how to read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry import __version__
from telemetry.concepts import Column, RunId
from telemetry.export.formats import CONVENTIONS, Format
from telemetry.queries import Sort, Where

if TYPE_CHECKING:
    from telemetry.source import Source

PROGRAM = "vmt-log-viewer"


def sidecar_path(path: Path) -> Path:
    """`trades.csv` → `trades.csv.json`."""
    return path.with_name(path.name + ".json")


def provenance(source: Source, run_id: RunId | None) -> dict[str, object]:
    """Program, time and source, as every sidecar begins; the location has no password."""
    identity = source.identity
    return {
        "program": PROGRAM,
        "version": __version__,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": {
            "location": identity.location,
            "family": identity.family,
            "vintage": identity.vintage,
            "engine": identity.engine,
        },
        "scales": dict(source.scales),
        "run": None if run_id == "" else run_id,  # "": what is asked for lies above all runs
    }


def selection(where: Where, sort: Sort | None, limit: int | None) -> dict[str, object]:
    """Which rows were written, in the words of the filter grammar."""
    return {
        "filters": [str(item) for item in where.filters],
        "ticks": None if where.ticks is None else str(where.ticks),
        "agents": None if where.agents is None else list(where.agents),
        "sort": None if sort is None else ("-" if sort.descending else "") + sort.column,
        "limit": limit,
    }


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
