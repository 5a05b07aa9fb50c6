"""Measures over ticks: lines of agents, fans of the population, lanes of states."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from telemetry.concepts.schema import Measure
from telemetry.concepts.values import AgentId, Floats, Ints, TickRange
from telemetry.frozen import Frozen


class Line(Frozen):
    """One agent's values: `tick` int64[n] ascending, `value` float64[n], NaN where NULL.

    In a series of more than a million values `tick` is int32[n] where all of them fit.
    `mark`, where present, is one short text per value ("" for none), e.g. a clamp.
    """

    agent_id: AgentId
    tick: Ints
    value: Floats
    mark: tuple[str, ...] | None = None


class Series(Frozen):
    """A measure of one or more agents over ticks, exact and complete for what was asked.

    `constant` is a value the configuration fixes for all agents where rows are not recorded.
    `step` is the usual distance of recorded ticks: a larger one is a gap.
    """

    measure: Measure
    lines: tuple[Line, ...]
    step: int
    constant: float | None = None
    notes: tuple[str, ...] = ()


class Fan(Frozen):
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


class Band(Frozen):
    """Lowest, mean and highest value of a measure at every tick, over all agents that have one.

    `tick` int64[n] ascending; `low`, `mean` and `high` float64[n], NaN where no agent has a value;
    `count` int64[n] the values each stands on. Nothing is thinned.
    """

    measure: Measure
    tick: Ints
    low: Floats
    mean: Floats
    high: Floats
    count: Ints
    step: int
    constant: float | None = None
    notes: tuple[str, ...] = ()


class Bands(Frozen):
    """Bands of many runs end to end: run i's are at start[i] … start[i + 1] − 1 of the arrays.

    `start` int64[runs + 1]; `tick`, `low`, `mean`, `high` and `count` as a `Band` has them; run i
    has measures[kind[i]], step[i], constant[i], and said[i] as notes.
    """

    measures: tuple[Measure, ...]
    kind: Ints
    start: Ints
    tick: Ints
    low: Floats
    mean: Floats
    high: Floats
    count: Ints
    step: Ints
    constant: tuple[float | None, ...]
    said: tuple[tuple[str, ...], ...]

    def of(self, run: int) -> Band:
        """The band of the run at that place; IndexError where there is none."""
        own = slice(int(self.start[run]), int(self.start[run + 1]))
        return Band(
            self.measures[int(self.kind[run])],
            self.tick[own],
            self.low[own],
            self.mean[own],
            self.high[own],
            self.count[own],
            int(self.step[run]),
            self.constant[run],
            self.said[run],
        )


class Digests(Frozen):
    """What the rows of each tick come to: equal digests are equal rows.

    `tick` int64[n] ascending, `rows` int64[n] how many there are; `content` int64[n, 2] does not
    depend on their order within the tick, `order` int64[n] on their order in the whole table. Rows
    whose digests differ may be equal all the same (1 and 1.0).
    """

    tick: Ints
    rows: Ints
    content: Ints
    order: Ints


class Stretches(Frozen):
    """Where the state was the same: `names[code[i]]` from float64 `begin[i]` to before `end[i]`.

    Neighbours of one state without a tick between them are one stretch.
    """

    begin: Floats
    end: Floats
    code: Ints
    names: tuple[str, ...]


class Lane(Frozen, dict=True):
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
        i = int(self.first.searchsorted(tick, side="right")) - 1
        return self.state[i] if i >= 0 and tick <= self.last[i] else None

    @cached_property
    def stretches(self) -> Stretches:
        """The intervals as numbers, worked out once."""
        import numpy as np

        codes: dict[str, int] = {}
        code = np.array([codes.setdefault(s, len(codes)) for s in self.state], np.int64)
        fresh = np.ones(code.size, dtype=np.bool_)
        fresh[1:] = (code[1:] != code[:-1]) | (self.first[1:] != self.last[:-1] + 1)
        start = np.flatnonzero(fresh)
        stop = np.append(start[1:], code.size)[: start.size] - 1
        begin = self.first[start].astype(np.float64)
        return Stretches(begin, self.last[stop] + 1.0, code[start], tuple(codes))


class Timeline(Frozen):
    """The lanes of a run over `ticks` (None for a run without rows)."""

    ticks: TickRange | None
    lanes: tuple[Lane, ...]
    notes: tuple[str, ...] = ()

    def lane(self, name: str) -> Lane | None:
        return next((lane for lane in self.lanes if lane.name == name), None)
