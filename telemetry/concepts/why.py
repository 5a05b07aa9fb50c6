"""Why something did not happen: gates in their order, the first that failed, and by how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from telemetry.concepts.values import AgentId, RunId
from telemetry.frozen import Frozen

GateState = Literal["passed", "failed", "not judged"]


class Gate(Frozen):
    """One condition. `margin` is signed: by how much it held (≥ 0) or was missed (< 0), in `unit`.

    None: the gate has no measure, or it is not recorded; `sentence` then says what is missing.
    """

    name: str
    label: str
    state: GateState
    sentence: str
    margin: float | None = None
    unit: str = ""


class Case(Frozen):
    """One way in which it could have happened (who buys what), with its gates in order.

    `key` is the row of the attempts table that came closest, where tries are recorded.
    """

    label: str
    gates: tuple[Gate, ...]
    tries: int | None = None
    key: int | str | None = None

    @property
    def failed(self) -> Gate | None:
        """The first gate that failed; a gate that cannot be judged is no failure."""
        return next((gate for gate in self.gates if gate.state == "failed"), None)

    @property
    def reached(self) -> int:
        """How many gates come before the first that failed."""
        failed = self.failed
        return len(self.gates) if failed is None else self.gates.index(failed)


class Why(Frozen):
    """Why it did or did not happen; `cases` come closest first.

    `happened` None: that is not recorded. `told_by` says what the gates were judged from.
    """

    run_id: RunId
    about: str
    happened: bool | None
    cases: tuple[Case, ...]
    told_by: str
    tick: int | None = None
    agents: tuple[AgentId, ...] = ()
    notes: tuple[str, ...] = ()


class NearMiss(Frozen):
    """Something that did not happen, and by how little: `margin` ≤ 0, in `unit`, at `gate`."""

    tick: int
    agents: tuple[AgentId, AgentId]
    kind: str
    gate: str
    margin: float
    unit: str
    tries: int
    sentence: str
    key: int | str | None = None


class NearMisses(Frozen):
    """The nearest first; `total` negotiations failed in all, in the range that was asked for."""

    misses: tuple[NearMiss, ...]
    total: int
    notes: tuple[str, ...] = ()


class Funnel(Frozen):
    """How many came how far. `by` names what splits them (pair, mode, regime).

    `counts[group][gate]` failed at that gate, of `tries[group]`; `gates` are in order, the last
    one counts what passed them all. `of` says what is counted. Where gates have no order they are
    reasons, the commonest first, and `what` calls them so.
    """

    by: tuple[str, ...]
    gates: tuple[tuple[str, str], ...]
    counts: Mapping[tuple[str, ...], Mapping[str, int]]
    of: str
    notes: tuple[str, ...] = ()
    what: str = "gate"

    def tries(self, group: tuple[str, ...]) -> int:
        """All that were tried in a group."""
        return sum(self.counts[group].values())
