"""Pages of a table's rows, and all of them as CSV."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.frame import Pair, Room, line, milliseconds, ratio
from benchmarks.lines.bare import ALL_TRADES, driver, forget, shell
from telemetry.export import write_table
from telemetry.filters import Filter
from telemetry.queries import Sort, SummaryQuery, TableQuery, Where

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


@line("CSV of all trades, stored columns", against="sqlite3 shell", bar=ratio(1.0))
def whole_table(room: Room) -> Pair:
    source = room.open(room.large)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", columns=stored)
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: shell(room.large, ALL_TRADES, room.folder / "shell.csv"),
    )


@line("CSV of the trades of a filter", against="sqlite3 shell", bar=ratio(1.0))
def filtered_table(room: Room) -> Pair:
    source = room.open(room.large)
    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    query = TableQuery(1, "trades", stored, Where((Filter.parse("price", ">1"),)))
    bare = ALL_TRADES.replace("ORDER", "AND price > 1 ORDER")
    return Pair(
        lambda: write_table(source, query, room.folder / "ours.csv"),
        lambda: shell(room.large, bare, room.folder / "shell.csv"),
    )


FIRST = milliseconds(150)


def _page(room: Room, query: TableQuery, condition: str, order: str) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    statement = f"SELECT * FROM trades WHERE run_id = 1 {condition}ORDER BY {order}{PAGE}"
    return Pair(lambda: source.ask(query), lambda: bare.execute(statement).fetchall())


@line("first trades of one buyer (an index serves it)", against="sqlite3 driver", bar=FIRST)
def of_a_buyer(room: Room) -> Pair:
    query = TableQuery(1, "trades", where=Where((Filter.parse("buyer_id", "150"),)))
    return _page(room, query, "AND buyer_id = 150 ", "tick, id")


@line("first trades of a pair type (worked out, no index)", against="sqlite3 driver", bar=FIRST)
def of_a_pair(room: Room) -> Pair:
    query = TableQuery(1, "trades", where=Where((Filter.parse("pair_type", "B<->M"),)))
    return _page(room, query, "AND dM <> 0 AND dA = 0 AND dB <> 0 ", "tick, id")


@line("a filter that no trade fulfils (all are read)", against="sqlite3 driver", bar=ratio(1.3))
def of_none(room: Room) -> Pair:
    query = TableQuery(1, "trades", where=Where((Filter.parse("price", ">1000000"),)))
    return _page(room, query, "AND price > 1000000 ", "tick, id")


@line("trades by price, highest first (no index)", against="sqlite3 driver", bar=ratio(1.3))
def by_price(room: Room) -> Pair:
    query = TableQuery(1, "trades", sort=Sort("price", descending=True))
    return _page(room, query, "", "price DESC, id DESC")


def _summed(room: Room, before: Callable[[], object] | None) -> Pair:
    source, bare = room.open(room.large), driver(room, room.large)
    statement = (
        "SELECT exchange_pair_type, count(*), sum(dA), sum(dB), sum(dM), avg(price), "
        "avg(buyer_surplus), avg(seller_surplus) FROM trades WHERE run_id = 1 GROUP BY 1"
    )
    return Pair(
        lambda: source.ask(SummaryQuery(1, "trades")),
        lambda: bare.execute(statement).fetchall(),
        before,
    )


@line("summary of all trades by pair", against="sqlite3 driver, GROUP BY", bar=ratio(1.3))
def summary(room: Room) -> Pair:
    return _summed(room, forget)


@line("the same a second time", against="sqlite3 driver, GROUP BY", bar=ratio(0.05))
def summary_again(room: Room) -> Pair:
    return _summed(room, None)
