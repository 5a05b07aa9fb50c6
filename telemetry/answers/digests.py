"""Digests of a table's rows tick by tick, by which runs are held against each other."""

from __future__ import annotations

from telemetry.answers import csv_lines
from telemetry.concepts import Digests
from telemetry.engines.lines import ByValuesError
from telemetry.errors import RequestError
from telemetry.queries import DigestQuery, Sort, TableQuery
from telemetry.reader import Reader


def digests(reader: Reader, query: DigestQuery) -> Digests:
    """Worked out by the engine, over the stored values in the order of ticks and then of keys."""
    asked = TableQuery(
        query.run_id, query.table, query.columns, query.where, Sort(query.columns[0])
    )
    try:
        select, fields = csv_lines.as_stored(reader, asked)
        tick, rows, found = reader.engine_digests(select, fields)
    except ByValuesError:
        raise RequestError(
            f"Digests of {query.table} cannot be worked out here; its rows can be compared."
        ) from None
    return Digests(tick, rows, found[:, :2].copy(), found[:, 2].copy())
