"""Questions about the rows of a table: pages, counts, and what they add up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.queries.query import Query, Sort, Where

if TYPE_CHECKING:
    from telemetry.concepts import (
        Column,
        Digests,
        Facets,
        Flows,
        Histogram,
        Intermediaries,
        Means,
        PageKey,
        Points,
        RunId,
        Split,
        Summaries,
        Summary,
        TablePage,
        TickRange,
    )


class ColumnsQuery(Query["tuple[Column, ...]"]):
    """The columns of a table with `recorded` judged for this run (empty money columns …)."""

    KEPT = True
    run_id: RunId
    table: str


class TableQuery(Query["TablePage"]):
    """A page of rows; continue with `after=page.next`, or jump with `offset`.

    `columns` None: all that the table has, in order. Ties of the sort go by row key.
    """

    run_id: RunId
    table: str
    columns: tuple[str, ...] | None = None
    where: Where = Where()
    sort: Sort | None = None
    limit: int = 500
    after: PageKey | None = None
    offset: int = 0


class DigestQuery(Query["Digests"]):
    """Digests of the rows tick by tick; RequestError where no engine works them out.

    `columns`: those that count, the tick first, in this order.
    """

    KEPT = True
    run_id: RunId
    table: str
    columns: tuple[str, ...]
    where: Where = Where()


class CountQuery(Query["int"]):
    KEPT = True
    run_id: RunId
    table: str
    where: Where = Where()


class FacetQuery(Query["Facets"]):
    """`limit` None: every value."""

    KEPT = True
    run_id: RunId
    table: str
    column: str
    where: Where = Where()
    limit: int | None = None


class SummaryQuery(Query["Summary"]):
    """The table's own aggregates (count, volume, mean price, surplus …) by its own group."""

    KEPT = True
    run_id: RunId
    table: str
    where: Where = Where()


class SummariesQuery(Query["Summaries"]):
    """What `SummaryQuery` gives of each of these runs, all rows of them, in their order."""

    KEPT = True
    run_ids: tuple[RunId, ...]
    table: str


class HistogramQuery(Query["Histogram"]):
    """Rows per tick bin, at most `bins` bins, split by the values of column `by`."""

    KEPT = True
    run_id: RunId
    table: str
    by: str | None = None
    where: Where = Where()
    bins: int = 100


class PointsQuery(Query["Points"]):
    """Rows as points of column `y` over column `x`, grouped by column `by`."""

    KEPT = True
    run_id: RunId
    table: str
    x: str
    y: str
    by: str | None = None
    where: Where = Where()
    limit: int = 50_000


class MeansQuery(Query["Means"]):
    """The mean of column `value` by the values of the columns `by` (an effect by parameters)."""

    KEPT = True
    run_id: RunId
    table: str
    value: str
    by: tuple[str, ...]
    where: Where = Where()


class SplitQuery(Query["Split"]):
    """What a run came to in each state of a lane, or of several lanes crossed.

    `tables` None: all that declare what they amount to. `measures` None: those that a source
    starts with. A lane is named as `Timeline` names it ("mode", "A<->M", "dealer:short").
    """

    LACKING = "record no lanes of states"
    KEPT = True
    run_id: RunId
    lanes: tuple[str, ...]
    tables: tuple[str, ...] | None = None
    measures: tuple[str, ...] | None = None
    ticks: TickRange | None = None


class FlowsQuery(Query["Flows"]):
    """How much of a good every agent gave to every other; `ticks` None: in the whole run."""

    LACKING = "record nothing that changes hands between agents"
    KEPT = True
    run_id: RunId
    good: str
    ticks: TickRange | None = None


class IntermediariesQuery(Query["Intermediaries"]):
    """What each agent took, gave and passed on of a good, in the order of the rows."""

    LACKING = FlowsQuery.LACKING
    KEPT = True
    run_id: RunId
    good: str
    ticks: TickRange | None = None
