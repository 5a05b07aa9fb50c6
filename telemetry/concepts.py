"""The few things that every screen, command and export sees, whatever the family behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

import numpy as np
import numpy.typing as npt

Cell = None | bool | int | float | Decimal | str | bytes
"""A value exactly as stored (or exactly scaled): None is NULL, and is neither 0 nor ""."""
RunId = int | str
AgentId = int | str
Kind = Literal["int", "real", "text", "json", "flag", "time"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, order=True)
class TickRange:
    """Ticks from `first` to `last`, both included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> TickRange:
        """`"3~9"` or `"5"` as a range; ValueError for anything else."""
        first, sep, last = text.partition("~")
        low = int(first)
        high = int(last) if sep else low
        if high < low:
            raise ValueError(f"{text!r} ends before it begins")
        return cls(low, high)

    def __contains__(self, tick: int) -> bool:
        return self.first <= tick <= self.last

    def __str__(self) -> str:
        return f"{self.first}~{self.last}"


@dataclass(frozen=True)
class Column:
    """One column of a table as this source (or run) has it.

    `name` is the table's own column name, or a derived column's. `recorded` is False where the
    source lacks the column or a run left it at its default: its cells then mean nothing.
    `role` is the family-free meaning a view may look for: run, tick, agent, buyer, seller, pair,
    direction, mode, regime, price, surplus, buyer_surplus, seller_surplus, result, reason, x, y,
    target_x, target_y, kind, amount, quantity, config, payload, name, start, end, seed, status …
    """

    name: str
    label: str
    kind: Kind
    role: str | None = None
    unit: str | None = None
    recorded: bool = True
    derived: bool = False
    visible: bool = True
    facet: bool = False
    optional: bool = False
    help: str = ""


@dataclass(frozen=True)
class Table:
    """A table that a source offers, its columns in the order they are shown.

    `recorded` False: the source has no such table; `how_to_record` then says what to do.
    """

    name: str
    label: str
    role: str | None
    columns: tuple[Column, ...]
    recorded: bool
    how_to_record: str = ""

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)

    def with_role(self, role: str) -> Column | None:
        """The first *recorded* column that plays `role`, else None."""
        return next((c for c in self.columns if c.role == role and c.recorded), None)


@dataclass(frozen=True)
class Measure:
    """A number per agent and tick that can be plotted.

    `group` bundles measures in a chooser ("Money", "Inventory", "Quotes" …); `reason` says why
    a measure cannot be had where `recorded` is False.
    """

    name: str
    label: str
    unit: str
    group: str
    recorded: bool
    reason: str = ""
    help: str = ""
    default: bool = False


@dataclass(frozen=True)
class LaneInfo:
    """A lane that a source can draw: `name` is what is asked for, `kind` colours its states."""

    name: str
    label: str
    recorded: bool
    reason: str = ""


@dataclass(frozen=True)
class Identity:
    """What a source turned out to be. `location` never holds a password."""

    location: str
    name: str
    family: str
    family_label: str
    vintage: str
    engine: str
    size_bytes: int | None
    tables: tuple[Table, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Run:
    """One run as its run row and its data tell. `ticks` comes from the data; None: no rows.

    `fields` holds every light column of the run row under its own name, and derived ones.
    """

    run_id: RunId
    name: str
    status: str
    ticks: TickRange | None
    fields: Mapping[str, Cell]
    experiment_id: str | None = None
    iteration: int | None = None


@dataclass(frozen=True)
class RunList:
    """All runs of a source; `columns` describes the keys of each run's `fields`, in order."""

    columns: tuple[Column, ...]
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class RunDetail:
    """One run in full: `facts` are (label, value) to show, `warnings` whole sentences.

    `config` is the decoded configuration, or None; `config_text` the text as stored (it may be
    no JSON: `config_problem` then says so). `notes` say what was inferred. `agents` counts those
    that the rows name, None where states are not recorded.
    """

    run: Run
    facts: tuple[tuple[str, Cell], ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    config: object
    config_text: str | None
    config_problem: str | None
    grid: tuple[int, int] | None
    agents: int | None = None


@dataclass(frozen=True)
class RunSizes:
    """Row counts per run and table name, for the runs that were asked."""

    counts: Mapping[RunId, Mapping[str, int]]


@dataclass(frozen=True)
class Agent:
    """An agent of a run; `kind` is its type where recorded (utility, bank, bot …)."""

    agent_id: AgentId
    label: str
    kind: str | None
    first_tick: int | None
    last_tick: int | None


@dataclass(frozen=True)
class Line:
    """One agent's values: `tick` int64[n] ascending, `value` float64[n], NaN where NULL.

    `mark`, where present, is one short text per value ("" for none), e.g. a clamp.
    """

    agent_id: AgentId
    tick: Ints
    value: Floats
    mark: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Series:
    """A measure of one or more agents over ticks, exact and complete for what was asked.

    `constant` is a value the configuration fixes for all agents where rows are not recorded.
    `step` is the usual distance of recorded ticks: a larger one is a gap.
    """

    measure: Measure
    lines: tuple[Line, ...]
    step: int
    constant: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fan:
    """A measure over the population: float64[n] per quantile at `tick` int64[n].

    `quantiles` maps "min", "q05", "q25", "median", "q75", "q95", "max"; `count` int64[n] is the
    number of values each stands on. `notes` says which ticks were read when not all were.
    """

    measure: Measure
    tick: Ints
    quantiles: Mapping[str, Floats]
    count: Ints
    step: int
    constant: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lane:
    """States of one lane: `state[i]` holds from `first[i]` to `last[i]`, both included.

    A tick that lies in no interval was not recorded.
    """

    name: str
    label: str
    first: Ints
    last: Ints
    state: tuple[str, ...]

    def at(self, tick: int) -> str | None:
        """The state at `tick`, None where not recorded."""
        i = int(np.searchsorted(self.first, tick, side="right")) - 1
        return self.state[i] if i >= 0 and tick <= self.last[i] else None


@dataclass(frozen=True)
class Timeline:
    """The lanes of a run over `ticks` (None for a run without rows)."""

    ticks: TickRange | None
    lanes: tuple[Lane, ...]
    notes: tuple[str, ...] = ()

    def lane(self, name: str) -> Lane | None:
        return next((lane for lane in self.lanes if lane.name == name), None)


@dataclass(frozen=True)
class PageKey:
    """Where a page ends: the sort value and the row key of its last row; opaque to callers."""

    values: tuple[Cell, ...]


@dataclass(frozen=True)
class TablePage:
    """Rows `rows[i][j]` of column `columns[j]`; `keys[i]` identifies the row in its table.

    `next` continues after the last row (None: this was the last page).
    """

    table: Table
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    keys: tuple[int | str, ...]
    next: PageKey | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facets:
    """How often each value of a column occurs among the filtered rows, most frequent first."""

    column: Column
    values: tuple[tuple[Cell, int], ...]
    total: int
    distinct: int


@dataclass(frozen=True)
class Summary:
    """Aggregates of exactly the filtered rows: one row a group, and `total` over all of them.

    `columns[0]` is the group; the others are aggregates. NULL aggregates stay None.
    """

    columns: tuple[Column, ...]
    groups: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...]


@dataclass(frozen=True)
class Histogram:
    """Row counts per tick bin and group: `counts[group]` int64[n] for bins starting at `start`.

    Bin i holds ticks start[i] … start[i] + width − 1.
    """

    start: Ints
    width: int
    counts: Mapping[str, Ints]


@dataclass(frozen=True)
class Points:
    """Rows as points: `x` and `y` float64[n], `group` and `key` of each; `total` rows matched.

    Where `total` exceeds n, rows were thinned evenly and `notes` says so.
    """

    x: Floats
    y: Floats
    group: tuple[str, ...]
    key: tuple[int | str, ...]
    total: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class AgentMark:
    """An agent on the grid; `value` is the measure asked for, NaN where not recorded."""

    agent_id: AgentId
    x: float
    y: float
    target_x: float | None
    target_y: float | None
    value: float


@dataclass(frozen=True)
class ResourceMark:
    x: float
    y: float
    kind: str
    amount: float


@dataclass(frozen=True)
class TradeMark:
    """A trade of the tick: from seller to buyer at (x, y), with what it was."""

    key: int | str
    buyer_id: AgentId
    seller_id: AgentId
    x: float | None
    y: float | None
    pair: str


@dataclass(frozen=True)
class Scene:
    """The grid at a tick. `resource_tick` is the snapshot that the resources come from.

    `width`/`height` are the grid's cells, from the run row or else the largest coordinate seen.
    """

    tick: int
    width: int
    height: int
    agents: tuple[AgentMark, ...]
    resources: tuple[ResourceMark, ...]
    resource_tick: int | None
    trades: tuple[TradeMark, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Negotiation:
    """Everything recorded of two agents at one tick.

    `attempts` in the order they were tried (possibly none recorded: see its table), `trades`
    that came of it, `states` of both agents before (the last tick recorded before) and at the
    tick. `verdicts` explain each attempt in words, `margins` by how much it failed.
    """

    tick: int
    agents: tuple[AgentId, AgentId]
    attempts: TablePage
    trades: TablePage
    states: TablePage
    verdicts: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Experiment:
    """A container of runs. `fields` holds its row's light columns under their own names.

    `runs` counts the runs that name it, None where runs are not recorded in this source.
    """

    experiment_id: str
    name: str
    kind: str
    status: str
    iterations: int | None
    runs: int | None
    fields: Mapping[str, Cell]


@dataclass(frozen=True)
class ExperimentList:
    """All experiments of a source; `columns` describes the keys of their `fields`."""

    columns: tuple[Column, ...]
    experiments: tuple[Experiment, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Iteration:
    """One iteration of an experiment, as stored.

    `costs_per_agent` and `total_cost` are in the family's own unit (integer cents in payments);
    `accepted` says per agent whether its change was kept; `policies` are decoded. `best_so_far`
    is the smallest total cost up to here. `runs` are the runs of this iteration.
    """

    experiment_id: str
    iteration: int
    costs_per_agent: Mapping[str, Cell]
    total_cost: Cell
    accepted: Mapping[str, bool | None]
    policies: Mapping[str, object]
    runs: tuple[RunId, ...]
    fields: Mapping[str, Cell]


@dataclass(frozen=True)
class IterationList:
    """The iterations of one experiment, ascending; `unit` is that of the costs."""

    experiment_id: str
    unit: str
    iterations: tuple[Iteration, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """Whether a recording can be trusted. `broken_at` names the first bad event, None: none is.

    `checked` events were looked at; `problem` is the sentence that says what is wrong there.
    """

    run_id: RunId
    checked: int
    sound: bool
    broken_at: int | None
    problem: str


@dataclass(frozen=True)
class Level:
    """One price of an order book: the quantity open there and how many orders it comes from."""

    price: Decimal
    quantity: Decimal
    orders: int


@dataclass(frozen=True)
class Standing:
    """One agent's place on the leaderboard; `pnl` is against its initial holdings at `mid`."""

    rank: int
    agent_id: AgentId
    name: str
    status: str
    cash: Decimal
    asset: Decimal
    equity: Decimal
    pnl: Decimal
    pnl_pct: Decimal


@dataclass(frozen=True)
class OrderBook:
    """Bids and asks after `tick`, best first, rebuilt from events.

    `mid` and `spread` are None where a side is empty; `last_price` is the last trade's.
    """

    tick: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    mid: Decimal | None
    spread: Decimal | None
    last_price: Decimal | None
    standings: tuple[Standing, ...]
    notes: tuple[str, ...] = ()
