"""Who gives what to whom: goods that change hands, edges between agents, and who passes them on."""

from __future__ import annotations

from telemetry.concepts.values import AgentId, Cell, Floats, Ints, TickRange
from telemetry.frozen import Frozen


class FlowLeg(Frozen):
    """Rows in which the agent in column `giver` gives `amount` to the one in column `taker`.

    `only` are the filters that tell these rows from others: (column, expression).
    """

    giver: str
    taker: str
    amount: str
    only: tuple[tuple[str, str], ...] = ()


class Good(Frozen):
    """Something that changes hands in the rows of `table`, at the tick in its column `tick`.

    `money`: it is what others are paid with; `stock` names the measure that says how much of it
    agents hold, else "". `unit` is that of all amounts. `reason` says why it cannot be had where
    `recorded` is False.
    """

    name: str
    label: str
    unit: str
    table: str
    tick: str
    legs: tuple[FlowLeg, ...]
    money: bool = False
    stock: str = ""
    recorded: bool = True
    reason: str = ""


class Flows(Frozen):
    """What of a good went from whom to whom: edge i from `agents[giver[i]]` to `agents[taker[i]]`.

    `quantity[i]` exactly in the good's unit, `count[i]` rows, by leg `leg[i]` of the good: a pair
    may have an edge for each leg, and one in either direction. `ticks` None: the whole run.
    """

    good: Good
    ticks: TickRange | None
    agents: tuple[AgentId, ...]
    giver: Ints
    taker: Ints
    quantity: tuple[Cell, ...]
    count: Ints
    leg: Ints
    notes: tuple[str, ...] = ()

    @property
    def amount(self) -> Floats:
        """`quantity` as float64[n]; NaN where it is no number."""
        import numpy as np

        known = (None if isinstance(q, str | bytes) else q for q in self.quantity)
        return np.array([np.nan if q is None else float(q) for q in known], np.float64)


class Passing(Frozen):
    """What an agent took, gave, and passed on: took first and gave later.

    `passed` = given + min(0, lowest of (taken − given) so far): what it gave without ever giving
    more than it had taken before.
    """

    agent_id: AgentId
    taken: float
    given: float
    passed: float
    rows: int


class Intermediaries(Frozen):
    """Every agent that took or gave a good, those who passed on the most first."""

    good: Good
    ticks: TickRange | None
    agents: tuple[Passing, ...]
    notes: tuple[str, ...] = ()


class Velocity(Frozen):
    """How often money turns over: `turnover` per tick by the mean `stock`, NaN where not known.

    velocity = turnover ÷ ticks ÷ stock, the stock being the sum over agents, averaged over the
    recorded ticks. `reason` says why there is none.
    """

    good: Good
    turnover: float
    ticks: int
    stock: float
    velocity: float
    reason: str = ""
