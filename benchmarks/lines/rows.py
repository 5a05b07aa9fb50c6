"""Pages of a table's rows, and all of them as CSV."""

from __future__ import annotations

from benchmarks.frame import Pair, Room, line, milliseconds, ratio
from benchmarks.lines.bare import ALL_TRADES, driver, shell
from telemetry.export import write_table
from telemetry.filters import Filter
from telemetry.queries import Sort, TableQuery, Where

PAGE = " LIMIT 501"


@line("first page of trades, by tick", against="sqlite3 driver", bar=milliseconds(150))
def first_page(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    return Pair(
        lambda: source.ask(TableQuery(1, "trades")),
        lambda: bare.execute(ALL_TRADES + PAGE).fetchall(),
    )


@line("jump to the last trade", against="sqlite3 driver", bar=milliseconds(150))
def last_page(room: Room) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    backwards = ALL_TRADES.replace("tick, id", "tick DESC, id DESC") + PAGE
    return Pair(
        lambda: source.ask(TableQuery(1, "trades", sort=Sort("tick", descending=True))),
        lambda: bare.execute(backwards).fetchall(),
    )


@line("CSV of all trades, stored columns", against="sqlite3 shell", bar=ratio(1.0), rounds=3)
def whole_table(room: Room) -> Pair:
    source = room.open(room.large)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", columns=stored)
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: shell(room.large, ALL_TRADES, room.folder / "shell.csv"),
    )


@line("CSV of the trades of a filter", against="sqlite3 shell", bar=ratio(1.0), rounds=3)
def filtered_table(room: Room) -> Pair:
    source = room.open(room.large)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", stored, Where((Filter.parse("price", ">1"),)))
    bare = ALL_TRADES.replace("ORDER", "AND price > 1 ORDER")
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: shell(room.large, bare, room.folder / "shell.csv"),
    )
