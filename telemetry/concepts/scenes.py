"""Moments: the grid at a tick, and a negotiation of two agents."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from telemetry.concepts.rows import TablePage
from telemetry.concepts.values import AgentId, Floats
from telemetry.frozen import Frozen, field

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class AgentMark(Frozen):
    """An agent on the grid; `value` is the measure asked for, NaN where not recorded."""

    agent_id: AgentId
    x: float
    y: float
    target_x: float | None
    target_y: float | None
    value: float


class ResourceMark(Frozen):
    x: float
    y: float
    kind: str
    amount: float


class TradeMark(Frozen):
    """A trade of the tick: from seller to buyer at (x, y), with what it was."""

    key: int | str
    buyer_id: AgentId
    seller_id: AgentId
    x: float | None
    y: float | None
    pair: str


class Scene(Frozen, dict=True):
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

    @cached_property
    def numbers(self) -> Floats:
        """float64[agents, 5] of each: x, y, target_x, target_y, value; NaN where there is none."""
        import numpy as np

        rows = [(a.x, a.y, a.target_x, a.target_y, a.value) for a in self.agents]
        return np.array(rows, np.float64).reshape(len(rows), 5)

    @cached_property
    def alone(self) -> npt.NDArray[np.bool_]:
        """bool[agents]: whether no other agent is in the agent's cell."""
        import numpy as np

        cells = self.numbers[:, 0] + 1j * self.numbers[:, 1]
        _, which, count = np.unique(cells, return_inverse=True, return_counts=True)
        found: npt.NDArray[np.bool_] = count[which] == 1
        return found

    @cached_property
    def together(self) -> tuple[tuple[int, ...], ...]:
        """The places in `agents` of those that share a cell, cell by cell."""
        cells: dict[tuple[float, float], list[int]] = {}
        for place, alone in enumerate(self.alone.tolist()):
            if not alone:
                mark = self.agents[place]
                cells.setdefault((mark.x, mark.y), []).append(place)
        return tuple(map(tuple, cells.values()))

    @cached_property
    def places(self) -> dict[AgentId, int]:
        """Where in `agents` each is."""
        return {mark.agent_id: place for place, mark in enumerate(self.agents)}


class Negotiation(Frozen):
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
