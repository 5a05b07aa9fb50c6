"""Thousands of runs in one database, and a run with ten million attempts."""

from __future__ import annotations

from benchmarks.frame import Pair, Room, line, milliseconds, ratio, seconds
from benchmarks.lines.bare import driver
from telemetry.filters import Filter
from telemetry.queries import RunsQuery, Sort, TableQuery, Where

RUNS = "SELECT * FROM simulation_runs"
PAGE = "SELECT * FROM trade_attempts WHERE run_id = 1 {}ORDER BY {} LIMIT 501"


@line(
    "list 3 000 runs with their ticks", against="sqlite3 driver, run rows alone", bar=seconds(0.5)
)
def runs(room: Room) -> Pair:
    path = room.database("vmt-runs")
    source, bare = room.open(path), driver(room, path)
    return Pair(lambda: source.ask(RunsQuery()), lambda: bare.execute(RUNS).fetchall())


def _attempts(room: Room, query: TableQuery, order: str, condition: str = "") -> Pair:
    path = room.database("vmt-attempts")
    source, bare = room.open(path), driver(room, path)
    statement = PAGE.format(condition and f"AND {condition} ", order)
    return Pair(lambda: source.ask(query), lambda: bare.execute(statement).fetchall())


@line("first page of 10 M attempts", against="sqlite3 driver", bar=milliseconds(150))
def first_attempts(room: Room) -> Pair:
    return _attempts(room, TableQuery(1, "trade_attempts"), "tick, id")


@line("last page of 10 M attempts", against="sqlite3 driver", bar=milliseconds(150))
def last_attempts(room: Room) -> Pair:
    last = TableQuery(1, "trade_attempts", sort=Sort("tick", descending=True))
    return _attempts(room, last, "tick DESC, id DESC")


@line("first page of the successes among 10 M", against="sqlite3 driver", bar=milliseconds(150))
def successes(room: Room) -> Pair:
    wanted = Where((Filter.parse("result", "success"),))
    query = TableQuery(1, "trade_attempts", where=wanted)
    return _attempts(room, query, "tick, id", "result = 'success'")


@line("10 M attempts by price, highest first", against="sqlite3 driver", bar=ratio(1.3), rounds=2)
def by_price(room: Room) -> Pair:
    query = TableQuery(1, "trade_attempts", sort=Sort("price", descending=True))
    return _attempts(room, query, "price DESC, id DESC")
