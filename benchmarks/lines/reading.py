"""Opening, λ of one agent, and the fan over all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks.frame import Pair, Room, line, ratio, seconds
from benchmarks.lines.bare import CONTRADICTING, LAMBDA_OF_ONE, LAMBDA_PER_TICK, driver, forget
from telemetry import open_source
from telemetry.queries import (
    AgentsQuery,
    ContradictionsQuery,
    FanQuery,
    RunQuery,
    RunsQuery,
    SeriesQuery,
)

AT_FIRST = 200
SMALL = "the same on 10 k snapshots (50 ticks)"


@line("open, list the runs, first plot, first time", against=SMALL, bar=ratio(1.3))
def opening(room: Room) -> Pair:
    return _opening(room, forget)


@line("the same once more", against=SMALL, bar=ratio(1.3))
def opening_again(room: Room) -> Pair:
    return _opening(room, None)


@line(
    "the warning that pair types contradict, asked after that",
    against="sqlite3 driver, the same pass",
    bar=ratio(1.3),
    rounds=3,
)
def contradictions(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    return Pair(
        lambda: source.ask(ContradictionsQuery(1)),
        lambda: bare.execute(CONTRADICTING).fetchall(),
        before=forget,
    )


def _opening(room: Room, before: Callable[[], object] | None) -> Pair:
    def first_plot(path: Path) -> None:
        source = open_source(str(path))
        source.ask(RunsQuery())
        source.ask(RunQuery(1))
        source.ask(AgentsQuery(1))
        source.ask(FanQuery(1, "lambda_money", max_ticks=50))
        source.close()

    large, small = room.large, room.small
    return Pair(lambda: first_plot(large), lambda: first_plot(small), before)


@line("λ of one agent", against="sqlite3 driver, the same rows", bar=ratio(1.3))
def one_agent(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    return Pair(
        lambda: source.ask(SeriesQuery(1, "lambda_money", (5,))),
        lambda: bare.execute(LAMBDA_OF_ONE).fetchall(),
    )


@line(
    "fan of λ, first picture: exact quantiles at 200 ticks",
    against="sqlite3 driver, mean, min, max over all rows",
    bar=seconds(0.5),
    rounds=3,
)
def first_fan(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    return Pair(
        lambda: source.ask(FanQuery(1, "lambda_money", max_ticks=AT_FIRST)),
        lambda: bare.execute(LAMBDA_PER_TICK).fetchall(),
        before=forget,
    )
