"""The same work on PostgreSQL, against its own psql and the bare driver."""

from __future__ import annotations

from typing import Any

import psycopg

from benchmarks.frame import Pair, Room, line, milliseconds, ratio, seconds
from benchmarks.large.postgresql import psql
from benchmarks.lines.bare import ALL_TRADES, LAMBDA_OF_ONE, LAMBDA_PER_TICK, forget
from benchmarks.make_large import served
from telemetry import open_source
from telemetry.export import write_table
from telemetry.filters import Filter
from telemetry.queries import (
    BandQuery,
    CountQuery,
    FanQuery,
    RunsQuery,
    SeriesQuery,
    TableQuery,
    Where,
)

BAND = BandQuery(1, "lambda_money")


def driver(room: Room, url: str) -> psycopg.Connection[Any]:
    """A connection of the bare driver that is held while the line lasts."""
    found = psycopg.connect(url)
    room.leaving.callback(found.close)
    return found


@line("PostgreSQL: λ of one agent", against="psycopg, the same rows", bar=ratio(1.3))
def one_agent(room: Room) -> Pair:
    url = room.served("vmt")
    source, bare = room.open(url), driver(room, url)
    return Pair(
        lambda: source.ask(SeriesQuery(1, "lambda_money", (5,))),
        lambda: bare.execute(LAMBDA_OF_ONE).fetchall(),
    )


@line("PostgreSQL: fan of λ, all rows", against="psql, mean, min, max by tick", bar=ratio(0.7))
def band(room: Room) -> Pair:
    url = room.served("vmt")
    source = room.open(url)
    return Pair(
        lambda: source.ask(BAND),
        lambda: psql(url, LAMBDA_PER_TICK),
        before=forget,
    )


@line("PostgreSQL: the same a second time", against="psql, the same", bar=ratio(0.05))
def band_again(room: Room) -> Pair:
    url = room.served("vmt")
    source = room.open(url)
    source.ask(BAND)
    return Pair(lambda: source.ask(BAND), lambda: psql(url, LAMBDA_PER_TICK))


@line("PostgreSQL: the same after reopening", against="psql, the same", bar=ratio(0.05))
def band_reopened(room: Room) -> Pair:
    url = room.served("vmt")

    def reopened() -> None:
        source = open_source(url)
        source.ask(BAND)
        source.close()

    reopened()
    return Pair(reopened, lambda: psql(url, LAMBDA_PER_TICK))


@line("PostgreSQL: fan of λ, first picture", against="psql, the same", bar=seconds(0.5))
def first_fan(room: Room) -> Pair:
    url = room.served("vmt")
    source = room.open(url)
    return Pair(
        lambda: source.ask(FanQuery(1, "lambda_money", max_ticks=200)),
        lambda: psql(url, LAMBDA_PER_TICK),
        before=forget,
    )


@line("PostgreSQL: first page of trades", against="psycopg", bar=milliseconds(150))
def first_page(room: Room) -> Pair:
    url = room.served("vmt")
    source, bare = room.open(url), driver(room, url)
    return Pair(
        lambda: source.ask(TableQuery(1, "trades")),
        lambda: bare.execute(f"{ALL_TRADES} LIMIT 501").fetchall(),
    )


@line("PostgreSQL: CSV of all trades", against="psql \\copy", bar=ratio(1.0), rounds=5)
def whole_table(room: Room) -> Pair:
    url = room.served("vmt")
    source = room.open(url)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", columns=stored)
    there = room.folder / "psql.csv"
    copied = f"\\copy ({ALL_TRADES}) TO '{there}' (FORMAT csv, HEADER)"
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: psql(url, copied),
    )


@line("PostgreSQL: CSV of the trades of a filter", against="psql \\copy", bar=ratio(1.0), rounds=5)
def filtered_table(room: Room) -> Pair:
    url = room.served("vmt")
    source = room.open(url)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", stored, Where((Filter.parse("price", ">1"),)))
    bare = ALL_TRADES.replace("ORDER", "AND price > 1 ORDER")
    copied = f"\\copy ({bare}) TO '{room.folder / 'psql.csv'}' (FORMAT csv, HEADER)"
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: psql(url, copied),
    )


@line("PostgreSQL: jump to the last trade", against="psycopg", bar=milliseconds(150))
def last_page(room: Room) -> Pair:
    url = room.served("vmt")
    source, bare = room.open(url), driver(room, url)
    rows = source.ask(CountQuery(1, "trades"))
    backwards = ALL_TRADES.replace("tick, id", "tick DESC, id DESC")
    return Pair(
        lambda: source.ask(TableQuery(1, "trades", offset=rows - 500)),
        lambda: bare.execute(f"{backwards} LIMIT 501").fetchall(),
    )


@line(
    "PostgreSQL: open and list 3 000 runs",
    against="psycopg, the runs alone",
    bar=milliseconds(500),
)
def listing(room: Room) -> Pair:
    url = served("pg-vmt-runs", room.databases)
    bare = driver(room, url)

    def ours() -> None:
        source = open_source(url)
        source.ask(RunsQuery())
        source.close()

    return Pair(ours, lambda: bare.execute("SELECT * FROM simulation_runs").fetchall())
