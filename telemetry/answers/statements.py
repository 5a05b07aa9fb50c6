"""The statement behind a question, for whoever wants to ask it without this program."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.answers import tables
from telemetry.answers.flows import edges_statement
from telemetry.answers.measures import divisor, judged, spec_of
from telemetry.answers.series import rows_of
from telemetry.errors import NothingFoundError, RequestError
from telemetry.queries import FlowsQuery, Query, SeriesQuery, TableQuery
from telemetry.reader import Reader

_SERIES = ("agent_id", "tick", "value", "mark")


def select_of(reader: Reader, query: Query[Any]) -> tuple[sa.Select[Any], dict[str, int]]:
    """The one statement whose rows answer `query`, and what some of its columns are divided by.

    RequestError for a question that is answered from several statements, NothingFoundError where
    nothing is recorded that one could be asked about.
    """
    if isinstance(query, TableQuery):
        spec = reader.layout.table_spec(query.table)
        if not reader.layout.there(spec.name):
            raise NothingFoundError(tables.absent(spec))
        return tables.whole(reader, query)
    if isinstance(query, SeriesQuery):
        return _series(reader, query)
    if isinstance(query, FlowsQuery):
        return edges_statement(reader, query)
    raise RequestError(
        f"What a {type(query).__name__} gives is worked out by this program from several "
        "statements; copy its rows instead."
    )


def _series(reader: Reader, query: SeriesQuery) -> tuple[sa.Select[Any], dict[str, int]]:
    spec = spec_of(reader, query.measure)
    measure, _, _ = judged(reader, spec, query.run_id)
    if not measure.recorded:
        raise NothingFoundError(measure.reason or f"{measure.name} is not recorded in this run.")
    if measure.rebuilt:
        raise RequestError(
            f"{measure.label} is {measure.rebuilt}, which no single statement does; copy its rows "
            "instead."
        )
    statement = rows_of(reader, spec, query)
    chosen = list(statement.selected_columns)
    named = [e.element.label(n) for e, n in zip(chosen, _SERIES, strict=False)]
    scale = divisor(reader, spec, query.run_id)
    return statement.with_only_columns(*named), {"value": scale} if scale != 1 else {}
