"""What every question is, and the parts that many share: which rows, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from telemetry.frozen import Frozen

if TYPE_CHECKING:
    from telemetry.concepts import AgentId, TickRange
    from telemetry.filters import Filter

A_co = TypeVar("A_co", covariant=True)


class Query(Frozen, Generic[A_co]):
    """A question whose answer is of type `A_co`; hashable, so it can key a cache.

    `LACKING` says what a family that cannot answer it does not have. `KEPT`: an answer that took
    long is kept in the cache folder until the source changes.
    """

    LACKING: ClassVar[str] = "cannot answer this"
    KEPT: ClassVar[bool] = False


class Where(Frozen):
    """Which rows: all filters hold, the tick lies in `ticks`, one of `agents` takes part."""

    filters: tuple[Filter, ...] = ()
    ticks: TickRange | None = None
    agents: tuple[AgentId, ...] | None = None


class Sort(Frozen):
    column: str
    descending: bool = False
