"""The fan's second stage: lowest, mean and highest of every tick over all rows, and kept."""

from __future__ import annotations

from benchmarks.frame import Pair, Room, line, ratio
from benchmarks.lines.bare import LAMBDA_PER_TICK, driver, forget
from telemetry import open_source
from telemetry.queries import BandQuery

BAND = BandQuery(1, "lambda_money")
AGGREGATE = "sqlite3 driver, mean, min, max by tick over all rows"


@line("fan of λ, all rows, in the background", against=AGGREGATE, bar=ratio(0.7))
def band(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    return Pair(
        lambda: source.ask(BAND), lambda: bare.execute(LAMBDA_PER_TICK).fetchall(), before=forget
    )


@line("the same after reopening", against=AGGREGATE, bar=ratio(0.05), rounds=3)
def band_again(room: Room) -> Pair:
    bare = driver(room, room.large)

    def reopened() -> None:
        source = open_source(str(room.large))
        source.ask(BAND)
        source.close()

    reopened()
    return Pair(reopened, lambda: bare.execute(LAMBDA_PER_TICK).fetchall())
