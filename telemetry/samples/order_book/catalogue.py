"""The scenarios of the demo, chosen to differ in news, fees, bots and how they end."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.samples.order_book.scenario import USUAL_BOTS, Scenario
from telemetry.samples.order_book.simulation import simulate

#: Told what is being recorded, and which part of the whole (0 to 1) is done.
Progress = Callable[[str, float], None]

_ODD_BOTS = {**USUAL_BOTS, "gambler": 1, "spammer": 1, "beginner": 1}
SCENARIOS = (
    Scenario(name="calm", seed=1, ticks=160),
    Scenario(name="bad-news", seed=2, ticks=200, bots=_ODD_BOTS, news=((60, -0.12), (140, 0.08))),
    Scenario(name="dear-trades", seed=3, ticks=120, fee_bps=80, decay_bps=100, decay_every=20),
    Scenario(
        name="halted", seed=4, ticks=200, bots=_ODD_BOTS, last_tick=79, stop_reason="halted by hand"
    ),
    Scenario(name="cut-off", seed=5, ticks=200, last_tick=49),
)


def write(
    place: str | os.PathLike[str],
    progress: Progress | None = None,
    *,
    scenarios: tuple[Scenario, ...] = SCENARIOS,
) -> None:
    """Record the scenarios into a database, made if absent: a path (SQLite) or a URL.

    The same scenarios give the same rows, also their times.
    """
    total = sum(_length(scenario) for scenario in scenarios)
    done = 0
    clock = _times()
    with MarketRecorder(place, clock=lambda: next(clock)) as recorder:
        for scenario in scenarios:
            simulate(scenario, recorder, _teller(progress, scenario.name, done, total),
                     ticks_per_commit=20)  # fmt: skip
            done += _length(scenario)


def _length(scenario: Scenario) -> int:
    return scenario.ticks if scenario.last_tick is None else scenario.last_tick + 1


def _times() -> Iterator[datetime]:
    """A clock by which every event takes a millisecond."""
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    while True:
        yield now
        now += timedelta(milliseconds=1)


def _teller(
    progress: Progress | None, name: str, done: int, total: int
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda tick: progress(name, (done + tick + 1) / total)
