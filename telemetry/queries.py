"""What may be asked of a source, as frozen values that window and command line build alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Generic, TypeVar

from telemetry.concepts import (
    Agent,
    AgentId,
    Audit,
    Band,
    Box,
    Column,
    Digests,
    ExperimentList,
    Facets,
    Fan,
    Flows,
    Funnel,
    Histogram,
    Intermediaries,
    IterationList,
    Lens,
    Means,
    NearMisses,
    Negotiation,
    OrderBook,
    PageKey,
    Points,
    Progress,
    RunDetail,
    RunId,
    RunList,
    RunSizes,
    Scene,
    Series,
    Settlings,
    Split,
    Summary,
    TablePage,
    TickPrice,
    TickRange,
    Timeline,
    Verdict,
    Why,
)
from telemetry.filters import Filter

A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True)
class Query(Generic[A_co]):
    """A question whose answer is of type `A_co`; hashable, so it can key a cache.

    `LACKING` says what a family that cannot answer it does not have. `KEPT`: an answer that took
    long is kept in the cache folder until the file changes.
    """

    LACKING: ClassVar[str] = "cannot answer this"
    KEPT: ClassVar[bool] = False


@dataclass(frozen=True)
class Where:
    """Which rows: all filters hold, the tick lies in `ticks`, one of `agents` takes part."""

    filters: tuple[Filter, ...] = ()
    ticks: TickRange | None = None
    agents: tuple[AgentId, ...] | None = None


@dataclass(frozen=True)
class Sort:
    column: str
    descending: bool = False


@dataclass(frozen=True)
class RunsQuery(Query[RunList]):
    """Every run; cheap, no counting."""


@dataclass(frozen=True)
class RunQuery(Query[RunDetail]):
    KEPT = True
    run_id: RunId


@dataclass(frozen=True)
class ContradictionsQuery(Query[tuple[str, ...]]):
    """Sentences for where the run's rows contradict each other; the rows are read for it."""

    KEPT = True
    run_id: RunId


@dataclass(frozen=True)
class ProgressQuery(Query[Progress]):
    """How far a run has come: cheap enough to be asked every second."""

    run_id: RunId


@dataclass(frozen=True)
class RunSizesQuery(Query[RunSizes]):
    """Row counts per table; may take long on large sources."""

    KEPT = True
    run_ids: tuple[RunId, ...]
    tables: tuple[str, ...] | None = None


@dataclass(frozen=True)
class AgentsQuery(Query[tuple[Agent, ...]]):
    run_id: RunId


@dataclass(frozen=True)
class SeriesQuery(Query[Series]):
    """`agents` None: all of them."""

    run_id: RunId
    measure: str
    agents: tuple[AgentId, ...] | None = None
    ticks: TickRange | None = None


@dataclass(frozen=True)
class FanQuery(Query[Fan]):
    """`max_ticks`: read at most so many evenly spaced ticks (said in the notes); None: all."""

    KEPT = True
    run_id: RunId
    measure: str
    ticks: TickRange | None = None
    max_ticks: int | None = None


@dataclass(frozen=True)
class BandQuery(Query[Band]):
    """Lowest, mean and highest value at every tick, from all rows; takes long on a large run."""

    KEPT = True
    run_id: RunId
    measure: str
    ticks: TickRange | None = None


@dataclass(frozen=True)
class LensQuery(Query[Lens]):
    """The values of all agents at no more than `max_ticks` ticks, and who stands apart.

    `max_ticks` None: all of them.
    """

    KEPT = True
    run_id: RunId
    measure: str
    ticks: TickRange | None = None
    max_ticks: int | None = 300


@dataclass(frozen=True)
class SettlingQuery(Query[Settlings]):
    """When each agent came within `epsilon` of its last value and stayed there, from all rows.

    `relative`: epsilon is a share of the last value's size.
    """

    KEPT = True
    run_id: RunId
    measure: str
    epsilon: float = 0.01
    relative: bool = True
    ticks: TickRange | None = None


@dataclass(frozen=True)
class TimelineQuery(Query[Timeline]):
    """`lanes` None: every lane that the source has; `ticks` None: the whole run.

    Over some ticks a lane of states begins with the first state that was written in them.
    """

    run_id: RunId
    lanes: tuple[str, ...] | None = None
    ticks: TickRange | None = None


@dataclass(frozen=True)
class ColumnsQuery(Query[tuple[Column, ...]]):
    """The columns of a table with `recorded` judged for this run (empty money columns …)."""

    KEPT = True
    run_id: RunId
    table: str


@dataclass(frozen=True)
class TableQuery(Query[TablePage]):
    """A page of rows; continue with `after=page.next`, or jump with `offset`.

    `columns` None: all that the table has, in order. Ties of the sort go by row key.
    """

    run_id: RunId
    table: str
    columns: tuple[str, ...] | None = None
    where: Where = field(default_factory=Where)
    sort: Sort | None = None
    limit: int = 500
    after: PageKey | None = None
    offset: int = 0


@dataclass(frozen=True)
class DigestQuery(Query[Digests]):
    """Digests of the rows tick by tick; RequestError where no engine works them out.

    `columns`: those that count, the tick first, in this order.
    """

    KEPT = True
    run_id: RunId
    table: str
    columns: tuple[str, ...]
    where: Where = field(default_factory=Where)


@dataclass(frozen=True)
class CountQuery(Query[int]):
    KEPT = True
    run_id: RunId
    table: str
    where: Where = field(default_factory=Where)


@dataclass(frozen=True)
class FacetQuery(Query[Facets]):
    """`limit` None: every value."""

    KEPT = True
    run_id: RunId
    table: str
    column: str
    where: Where = field(default_factory=Where)
    limit: int | None = None


@dataclass(frozen=True)
class SummaryQuery(Query[Summary]):
    """The table's own aggregates (count, volume, mean price, surplus …) by its own group."""

    KEPT = True
    run_id: RunId
    table: str
    where: Where = field(default_factory=Where)


@dataclass(frozen=True)
class HistogramQuery(Query[Histogram]):
    """Rows per tick bin, at most `bins` bins, split by the values of column `by`."""

    KEPT = True
    run_id: RunId
    table: str
    by: str | None = None
    where: Where = field(default_factory=Where)
    bins: int = 100


@dataclass(frozen=True)
class PointsQuery(Query[Points]):
    """Rows as points of column `y` over column `x`, grouped by column `by`."""

    KEPT = True
    run_id: RunId
    table: str
    x: str
    y: str
    by: str | None = None
    where: Where = field(default_factory=Where)
    limit: int = 50_000


@dataclass(frozen=True)
class MeansQuery(Query[Means]):
    """The mean of column `value` by the values of the columns `by` (an effect by parameters)."""

    KEPT = True
    run_id: RunId
    table: str
    value: str
    by: tuple[str, ...]
    where: Where = field(default_factory=Where)


@dataclass(frozen=True)
class SplitQuery(Query[Split]):
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


@dataclass(frozen=True)
class FlowsQuery(Query[Flows]):
    """How much of a good every agent gave to every other; `ticks` None: in the whole run."""

    LACKING = "record nothing that changes hands between agents"
    KEPT = True
    run_id: RunId
    good: str
    ticks: TickRange | None = None


@dataclass(frozen=True)
class IntermediariesQuery(Query[Intermediaries]):
    """What each agent took, gave and passed on of a good, in the order of the rows."""

    LACKING = FlowsQuery.LACKING
    KEPT = True
    run_id: RunId
    good: str
    ticks: TickRange | None = None


@dataclass(frozen=True)
class SceneQuery(Query[Scene]):
    run_id: RunId
    tick: int
    measure: str | None = None


@dataclass(frozen=True)
class NegotiationQuery(Query[Negotiation]):
    """All that two agents tried at a tick, whichever of them bought."""

    run_id: RunId
    tick: int
    agents: tuple[AgentId, AgentId]


@dataclass(frozen=True)
class ExperimentsQuery(Query[ExperimentList]):
    """Every experiment; empty where the source has none."""

    LACKING = "have no experiments"


@dataclass(frozen=True)
class IterationsQuery(Query[IterationList]):
    experiment_id: str
    LACKING = "have no experiments with iterations"


@dataclass(frozen=True)
class PairQuery(Query[str]):
    """How the pair that run `run_id` is the treated one of came out, and why: one sentence."""

    LACKING = "compare no pairs of runs"
    run_id: RunId


@dataclass(frozen=True)
class VerifyQuery(Query[Verdict]):
    """Can this run's recording be trusted: the family's own proof (a hash chain)."""

    LACKING = "carry no proof of their own (no chain of hashes) that could be verified"
    run_id: RunId


@dataclass(frozen=True)
class AuditQuery(Query[Audit]):
    """Which invariants this run breaks. `rules` None: all of the family; `first` faults of each.

    RequestError for a rule that the family does not have.
    """

    LACKING = "declare no rules that a run could be held against"
    run_id: RunId
    rules: tuple[str, ...] | None = None
    first: int = 20


@dataclass(frozen=True)
class WhyQuery(Query[Why]):
    """Why two agents did not trade at a tick, or why the row `key` of the attempts failed.

    Families whose attempts are between two agents want `tick` and `agents`, others `key`.
    """

    LACKING = "do not say why something failed"
    run_id: RunId
    tick: int | None = None
    agents: tuple[AgentId, ...] = ()
    key: int | str | None = None


@dataclass(frozen=True)
class NearMissesQuery(Query[NearMisses]):
    """Negotiations that failed by the least, the nearest first; `ticks` None: the whole run."""

    LACKING = "record no negotiations that could be missed narrowly"
    run_id: RunId
    ticks: TickRange | None = None
    limit: int = 50


@dataclass(frozen=True)
class FunnelQuery(Query[Funnel]):
    """At which gate how many attempts failed, by what splits them."""

    LACKING = "record no attempts with gates"
    run_id: RunId
    ticks: TickRange | None = None


@dataclass(frozen=True)
class BoxQuery(Query[Box]):
    """The Edgeworth box of two agents as they met at `tick`, in the goods that they barter."""

    LACKING = "have no two goods that two agents could divide"
    run_id: RunId
    tick: int
    agents: tuple[AgentId, AgentId]


@dataclass(frozen=True)
class OrderBookQuery(Query[OrderBook]):
    """The book and the standings after `tick`; `levels` per side."""

    LACKING = "have no order book"
    run_id: RunId
    tick: int
    levels: int = 10


@dataclass(frozen=True)
class PricesQuery(Query[tuple[TickPrice, ...]]):
    """The prices of each tick in which something was traded, by tick."""

    LACKING = "have no order book"
    run_id: RunId
