"""How a family declares what must be true of its runs; telemetry/answers/audit.py executes it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from telemetry.engines.columns import ColumnKind, Columns
from telemetry.families.asker import Asker
from telemetry.frozen import Frozen

if TYPE_CHECKING:
    from telemetry.concepts import Cell, Fault, Ints, Rule, RunId, TickRange


class Judged(Frozen):
    """What a rule found: rows checked, how many break it, the first of these, or why it is none."""

    checked: int = 0
    faults: int = 0
    first: tuple[Fault, ...] = ()
    unjudged: str = ""


@dataclass
class Counted:
    """Rows that were judged from arrays: how many break the rule, and the ticks of the first."""

    checked: int = 0
    faults: int = 0
    ticks: list[int] = field(default_factory=list)

    def add(self, judged: int, faulty: Ints, most: int) -> None:
        """Of later ticks: how many rows were judged, and the tick of each that is at fault."""
        import numpy as np

        self.checked += judged
        if len(self.ticks) < most and faulty.size:
            self.ticks += np.sort(faulty)[: most - len(self.ticks)].tolist()
        self.faults += faulty.size


class Auditing(Protocol):
    """One run under audit, as its family's rules see it.

    `fields` and `config` are the run row and the decoded configuration, `ticks` what the rows
    cover; a rule gives at most `first` faults.
    """

    @property
    def asker(self) -> Asker: ...

    @property
    def run_id(self) -> RunId: ...

    @property
    def fields(self) -> Mapping[str, Cell]: ...

    @property
    def config(self) -> object: ...

    @property
    def ticks(self) -> TickRange | None: ...

    @property
    def first(self) -> int: ...

    def lacking(self, table: str, *names: str) -> str:
        """Why nothing of `table` can be judged: it, a column, or every row is missing; else ""."""
        ...

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for all rules that ask for it by this name."""
        ...

    def rows(
        self,
        table: str,
        build: Callable[[TickRange | None], sa.Select[Any]],
        tell: Callable[[Mapping[str, Any]], str],
    ) -> Judged:
        """Judge the rows of `table`, some ticks at a time (None: all at once).

        `build` selects them labelled: "fault" (1, 0, or NULL where a row cannot be judged), "key",
        and if there are "tick", "agent", "other" and what `tell` needs for its sentence.
        """
        ...

    def columns(
        self,
        table: str,
        build: Callable[[TickRange], sa.Select[Any]],
        kinds: Sequence[ColumnKind],
    ) -> Generator[Columns]:
        """What `build` selects as arrays, some ticks at a time, in about the parts of `rows`.

        ByValuesError where `table` is small, or cannot be read so: then `rows` judges it.
        """
        ...

    def told(
        self,
        table: str,
        build: Callable[[TickRange | None], sa.Select[Any]],
        tell: Callable[[Mapping[str, Any]], str],
        counted: Counted,
    ) -> Judged:
        """What was counted from arrays, with its first faults read as `rows` reads them."""
        ...


class AuditRule(Frozen):
    """An invariant of a family's runs: what it says, and how a run is held against it."""

    rule: Rule
    judge: Callable[[Auditing], Judged]


def fault_where(broken: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """1 where `broken` holds, 0 where it does not, NULL where it cannot be told."""
    return sa.cast(broken, sa.Integer)  # not by cases, which would work it out twice


def within(tick: sa.ColumnElement[Any], window: TickRange | None) -> sa.ColumnElement[bool]:
    """Whether a row's tick lies in `window`; None: always."""
    return sa.true() if window is None else tick.between(window.first, window.last)
