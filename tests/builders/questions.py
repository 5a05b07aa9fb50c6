"""Every question that a source can be asked, so that a test can ask them all."""

from collections.abc import Iterator

import telemetry
from telemetry import queries as q
from telemetry.concepts import TickRange
from telemetry.errors import NothingFoundError, RequestError
from telemetry.filters import Filter
from tests.effort import effort

WHOLLY = effort(4, 1)
"""Every so many measures are asked for in every way, the others in two."""


def every_query(
    source: telemetry.Source, run_id: int | str = 1, *, thorough: bool = True
) -> Iterator[q.Query[object]]:
    """Each kind of query, over each table, measure and lane (`thorough`: and column)."""
    yield q.RunsQuery()
    yield q.RunQuery(run_id)
    yield q.RunSizesQuery((run_id,))
    yield q.ContradictionsQuery(run_id)
    yield q.AgentsQuery(run_id)
    yield q.ProgressQuery(run_id)
    yield q.TimelineQuery(run_id)
    yield q.TimelineQuery(run_id, ticks=TickRange(2, 20))
    for place, measure in enumerate(source.measures):
        yield q.SeriesQuery(run_id, measure.name)
        yield q.BandQuery(run_id, measure.name)
        if place % WHOLLY:
            continue
        yield q.SeriesQuery(run_id, measure.name, (0, 1), TickRange(2, 20))
        yield q.FanQuery(run_id, measure.name)
        yield q.FanQuery(run_id, measure.name, max_ticks=5)
        yield q.BandsQuery((run_id,), measure.name)
        yield q.SceneQuery(run_id, 15, measure.name)
    yield q.SceneQuery(run_id, 15)
    yield q.NegotiationQuery(run_id, 15, (0, 1))
    yield q.WhyQuery(run_id, 15, (0, 1))
    yield q.BoxQuery(run_id, 15, (0, 1))
    yield q.NearMissesQuery(run_id)
    yield q.FunnelQuery(run_id)
    yield q.AuditQuery(run_id)
    for table in source.tables:
        yield from _of_table(source, table.name, run_id, thorough=thorough)


def one_of_each(source: telemetry.Source, run_id: int | str = 1) -> list[q.Query[object]]:
    """One query of every kind, those that touch the most."""
    found: dict[type, q.Query[object]] = {}
    for query in every_query(source, run_id, thorough=False):
        found.setdefault(type(query), query)
    trades = next(t for t in source.tables if t.role == "trades").name
    for query in _of_table(source, trades, run_id, thorough=False):
        found[type(query)] = query
    return list(found.values())


def about(
    source: telemetry.Source, run_id: int | str, table: str, each: int = 2
) -> list[q.Query[object]]:
    """Every kind of question about one table, and at most `each` of every other kind."""
    found: list[q.Query[object]] = list(_of_table(source, table, run_id, thorough=False))
    counts: dict[type, int] = {}
    for query in every_query(source, run_id, thorough=False):
        counts[type(query)] = counts.get(type(query), 0) + 1
        if counts[type(query)] <= each:
            found.append(query)
    return found


def _of_table(
    source: telemetry.Source, name: str, run_id: int | str, *, thorough: bool
) -> Iterator[q.Query[object]]:
    table = source.table(name)
    yield q.ColumnsQuery(run_id, name)
    yield q.TableQuery(run_id, name)
    yield q.CountQuery(run_id, name)
    if source._family.table(name).summary is not None:
        yield q.SummaryQuery(run_id, name)
        yield q.SummariesQuery((run_id,), name)
    if table.with_role("tick") is not None:
        where = q.Where(ticks=TickRange(3, 12))
        yield q.TableQuery(run_id, name, where=where, limit=3)
        yield q.HistogramQuery(run_id, name)
    first = table.columns[0].name
    for column in table.columns if thorough else table.columns[-2:]:
        yield q.TableQuery(run_id, name, sort=q.Sort(column.name, descending=True), limit=4)
        yield q.FacetQuery(run_id, name, column.name)
        if column.kind in ("int", "real", "flag"):
            yield q.MeansQuery(run_id, name, column.name, (first,))
        yield q.TableQuery(run_id, name, (column.name,), limit=2, offset=1)
        yield q.PointsQuery(run_id, name, first, column.name, column.name, limit=10)
        yield q.HistogramQuery(run_id, name, column.name, bins=7)
        for text in ("null", "!null"):
            where = q.Where((Filter.parse(column.name, text),))
            yield q.CountQuery(run_id, name, where)


def ask_everything(
    source: telemetry.Source, run_id: int | str = 1, *, thorough: bool = False
) -> dict[str, int]:
    """Ask it all; how many answers there were by kind. Only a sentence of what a family lacks may
    be raised."""
    answered: dict[str, int] = {}
    for query in every_query(source, run_id, thorough=thorough):
        kind = type(query).__name__
        try:
            source.ask(query)
        except (NothingFoundError, RequestError):
            kind = "nothing found"
        answered[kind] = answered.get(kind, 0) + 1
        if isinstance(query, q.TableQuery):
            for _chunk in source.stream(query):
                pass
    return answered
