"""Questions about measures and states along ticks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.queries.query import Query

if TYPE_CHECKING:
    from telemetry.concepts import (
        AgentId,
        Band,
        Bands,
        Fan,
        Lens,
        RunId,
        Scene,
        Series,
        Settlings,
        TickRange,
        Timeline,
    )


class SeriesQuery(Query["Series"]):
    """`agents` None: all of them."""

    run_id: RunId
    measure: str
    agents: tuple[AgentId, ...] | None = None
    ticks: TickRange | None = None


class FanQuery(Query["Fan"]):
    """`max_ticks`: read at most so many evenly spaced ticks (said in the notes); None: all."""

    KEPT = True
    run_id: RunId
    measure: str
    ticks: TickRange | None = None
    max_ticks: int | None = None


class BandQuery(Query["Band"]):
    """Lowest, mean and highest value at every tick, from all rows; takes long on a large run."""

    KEPT = True
    run_id: RunId
    measure: str
    ticks: TickRange | None = None


class BandsQuery(Query["Bands"]):
    """What `BandQuery` gives of each of these runs, over all of its ticks, in their order."""

    KEPT = True
    run_ids: tuple[RunId, ...]
    measure: str


class LensQuery(Query["Lens"]):
    """The values of all agents at no more than `max_ticks` ticks, and who stands apart.

    `max_ticks` None: all of them.
    """

    KEPT = True
    run_id: RunId
    measure: str
    ticks: TickRange | None = None
    max_ticks: int | None = 300


class SettlingQuery(Query["Settlings"]):
    """When each agent came within `epsilon` of its last value and stayed there, from all rows.

    `relative`: epsilon is a share of the last value's size.
    """

    KEPT = True
    run_id: RunId
    measure: str
    epsilon: float = 0.01
    relative: bool = True
    ticks: TickRange | None = None


class TimelineQuery(Query["Timeline"]):
    """`lanes` None: every lane that the source has; `ticks` None: the whole run.

    Over some ticks a lane of states begins with the first state that was written in them.
    """

    run_id: RunId
    lanes: tuple[str, ...] | None = None
    ticks: TickRange | None = None


class SceneQuery(Query["Scene"]):
    run_id: RunId
    tick: int
    measure: str | None = None
