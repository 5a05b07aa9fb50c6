"""Audits: which invariants a run was held against, and where it breaks them."""

from __future__ import annotations

from telemetry.concepts.values import AgentId, RunId
from telemetry.frozen import Frozen


class Rule(Frozen):
    """An invariant that a family declares; `formula` and `tolerance` are text for people."""

    name: str
    label: str
    formula: str
    tolerance: str = "exact"


class Fault(Frozen):
    """One place where a rule is broken, in a sentence with the numbers.

    `table` and `key` name the row, where one row is at fault; `tick` and `agents` when and who.
    """

    sentence: str
    tick: int | None = None
    agents: tuple[AgentId, ...] = ()
    table: str | None = None
    key: int | str | None = None


class RuleVerdict(Frozen):
    """What became of one rule: `checked` rows were held against it, `faults` of them broke it.

    `first` are the earliest faults, not all of them. `unjudged` says why the rule could not be
    judged ("not recorded: …"); then nothing was checked, and that is no acquittal.
    """

    rule: Rule
    checked: int = 0
    faults: int = 0
    first: tuple[Fault, ...] = ()
    unjudged: str = ""

    @property
    def state(self) -> str:
        """ "faults", "sound" or "not judged"."""
        if self.unjudged:
            return "not judged"
        return "faults" if self.faults else "sound"


class Audit(Frozen):
    """The verdicts of a run, in the order of the family's rules."""

    run_id: RunId
    verdicts: tuple[RuleVerdict, ...]

    @property
    def faults(self) -> int:
        """Faults of all rules together."""
        return sum(verdict.faults for verdict in self.verdicts)

    @property
    def judged(self) -> int:
        """Rules that could be judged."""
        return sum(not verdict.unjudged for verdict in self.verdicts)

    @property
    def sound(self) -> bool:
        """No judged rule found a fault, and at least one could be judged."""
        return self.judged > 0 and self.faults == 0
