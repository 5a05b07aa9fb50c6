"""A measure of every agent under the lens: who stands apart, who is clamped, who has settled."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts.schema import Measure
from telemetry.concepts.values import AgentId, Floats, Ints, TickRange
from telemetry.frozen import Frozen


class Outlier(Frozen):
    """An agent outside the fences at `share` of the ticks read at which it has a value.

    `distance` is how far beyond its fence it was at most, in interquartile ranges (inf where
    these were 0).
    """

    agent_id: AgentId
    share: float
    distance: float


class Lens(Frozen):
    """Every agent's values at `tick` int64[n]: `value` float64[agents, n], NaN where there is none.

    `quantiles` are a `Fan`'s. `outliers` come by share, then by distance; `rule` says in words
    who is one. `bounds` are what the configuration keeps the measure within, None where it does
    not say; `at_low` and `at_high` int64[n] count the agents that stand on them.
    """

    measure: Measure
    tick: Ints
    quantiles: Mapping[str, Floats]
    count: Ints
    step: int
    agents: tuple[AgentId, ...]
    value: Floats
    outliers: tuple[Outlier, ...]
    rule: str
    bounds: tuple[float, float] | None
    at_low: Ints
    at_high: Ints
    notes: tuple[str, ...] = ()

    def line(self, agent: AgentId) -> Floats:
        """The values of one agent; KeyError where there is no such agent."""
        if agent not in self.agents:
            raise KeyError(agent)
        line: Floats = self.value[self.agents.index(agent)]
        return line


class Settling(Frozen):
    """When an agent came within the tolerance of its limit, its last value, and stayed there.

    `settled` is the first tick from which on every value is within; that is `last` where only
    the last value is, which is no settling. `values` are counted from `first` to `last`,
    `at_low` and `at_high` of them stand on the bounds (0 where these are not recorded).
    """

    agent_id: AgentId
    limit: float
    settled: int
    first: int
    last: int
    values: int
    at_low: int
    at_high: int

    @property
    def stays(self) -> bool:
        """Whether it settled before its last value."""
        return self.settled < self.last


class Settlings(Frozen):
    """Every agent's settling: |value − limit| ≤ `epsilon`, times |limit| where `relative`."""

    measure: Measure
    epsilon: float
    relative: bool
    ticks: TickRange | None
    agents: tuple[Settling, ...]
    bounds: tuple[float, float] | None
    notes: tuple[str, ...] = ()
