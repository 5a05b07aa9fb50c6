"""Two agents and two goods, as an Edgeworth box needs them."""

from __future__ import annotations

from telemetry.concepts.values import AgentId, Floats
from telemetry.frozen import Frozen


class Holder(Frozen):
    """One side of the box: what it held before, in units, and what is known of its utility.

    `kind` is the utility type as stored. `bundles` float64[n, 2] and `utilities` float64[n] are
    distinct bundles whose utility was recorded, of which the parameters can be worked out where
    they are not recorded; `money` float64[n] is what the money held then may have been worth in
    it (λ·M), for it is not recorded whether a utility counts it. `ask` and `bid` are its quotes,
    second good per first.
    """

    agent_id: AgentId
    kind: str | None
    first: float
    second: float
    bundles: Floats
    utilities: Floats
    money: Floats
    ask: float | None = None
    bid: float | None = None


class Move(Frozen):
    """A tried block: what the first holder would gain of each good (negative: give)."""

    first: float
    second: float
    success: bool
    feasible: bool
    key: int | str | None = None


class Box(Frozen):
    """Both holders before they met, and what they tried; the first one's origin is lower left."""

    tick: int
    goods: tuple[str, str]
    holders: tuple[Holder, Holder]
    moves: tuple[Move, ...]
    notes: tuple[str, ...] = ()
