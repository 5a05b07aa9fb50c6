"""Lines that an engine writes are those that we write from the values, to the byte."""

from __future__ import annotations

import io
import math
import random
import struct
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.engines import lines, postgresql_copy
from telemetry.errors import QueryCancelled
from telemetry.export import streamed, write_query, write_rows
from telemetry.filters import Filter
from telemetry.queries import Sort, TableQuery, Where
from telemetry.upgrade import initialise
from tests.builders import moltmarket
from tests.builders.postgresql import Server

TEXTS = (
    None, "", "a", " a", "a ", "a,b", 'say "x"', "two\nlines", "\r", "\t", "x\x1f", "\x01", "#x",
    "\u00a0a", "a\u2003", "\u2028", "é–ü", "NaN", "1e+20", "Infinity", "\\.", "\\N", "%s %(a)s",
    "''", "🙂", " ", ", ",
)  # fmt: skip
_CHANCE = random.Random(5)
REALS = (
    None, 0.0, -0.0, 5.0, -3.0, 1e-4, 1e-5, 1.5e-7, 999999999999999.0, 1e15, 1234567890123456.5,
    -1e15, 4503599627370497.5, 1e16, 9007199254740993.0, 123456789012345678.0, 1e21, 1e22, 1e300,
    5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 0.1, 1 / 3, 2.5,
    *(struct.unpack("d", _CHANCE.randbytes(8))[0] for _ in range(200)),
    *(_CHANCE.uniform(-1, 1) * 10 ** _CHANCE.randint(-8, 20) for _ in range(200)),
    *(float(_CHANCE.randint(-(10**17), 10**17)) for _ in range(100)),
)  # fmt: skip
WHOLE = (0, 1, -1, 2**31, -(2**63), 2**63 - 1)
DECIMALS = (
    "0", "0.00000000", "1.50", "-7", "1e-7", "123456789012345678901234567890.12", "1e45", "1e-25",
    "0.0000000000000000000000000", "NaN", "Infinity", "-Infinity", "99999999999999999999",
)  # fmt: skip


def by_values(source: telemetry.Source, query: TableQuery) -> str:
    found = io.StringIO()
    with streamed(source, query) as rows:
        write_rows(found, source.stream_columns(query), rows)
    return found.getvalue()


def by_engine(source: telemetry.Source, query: TableQuery, limit: int | None = None) -> str:
    found = io.StringIO()
    write_query(found, source, query, limit=limit)
    return found.getvalue()


@contextmanager
def no_values(source: telemetry.Source) -> Iterator[None]:
    """While inside, what the engine does not write itself is an error."""

    def refuse(*_: object) -> str:
        raise AssertionError("written from the values")

    plain = source.csv_lines
    source.csv_lines = lambda query, _, *more: plain(query, refuse, *more)  # type: ignore
    try:
        yield
    finally:
        del source.csv_lines


@pytest.fixture(scope="module")
def server_trades(server: Server) -> Iterator[telemetry.Source]:
    """Trades with every odd value in every column that can hold it."""
    url = server.create()
    initialise(url, "vmt")
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO simulation_runs (scenario_name, start_time, total_ticks, num_agents)"
            " VALUES ('odd', '2026-01-01', 4, 9)"
        )
        rows = [
            (
                place % 5,
                WHOLE[place % len(WHOLE)],
                WHOLE[-place % len(WHOLE)],
                0.5 if real is None else real,
                TEXTS[place % len(TEXTS)] or "",
                TEXTS[(place * 7 + 3) % len(TEXTS)] or "",
                REALS[-place],
                REALS[place * 3 % len(REALS)],
            )
            for place, real in enumerate(REALS)
        ]
        connection.cursor().executemany(
            'INSERT INTO trades (run_id, tick, x, y, buyer_id, seller_id, "dA", "dB", "dM", price, '
            "direction, exchange_pair_type, buyer_surplus, seller_lambda) "
            "VALUES (1, %s, 0, %s, 0, 1, 1, 1, %s, %s, %s, %s, %s, %s)",
            rows,
        )
    source = telemetry.open_source(url)
    yield source
    source.close()


def test_a_server_writes_the_same_lines(
    server_trades: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_copy, "_SOME", 1)  # a row that is odd does not hide another
    stored = tuple(c.name for c in server_trades.table("trades").columns if not c.derived)
    for query in (
        TableQuery(1, "trades", stored),
        TableQuery(1, "trades", ("id", "price")),
        TableQuery(1, "trades", ("id", "direction")),
        TableQuery(1, "trades", stored, sort=Sort("direction", descending=True)),
        TableQuery(1, "trades", stored, Where((Filter.parse("direction", "/%/"),))),
        TableQuery(1, "trades", stored, Where((Filter.parse("price", ">1e300"),))),
    ):
        with no_values(server_trades):
            written = by_engine(server_trades, query)
        assert written.count("\n") > 1
        assert written == by_values(server_trades, query)


def test_a_limit_cuts_the_lines_of_a_server(server_trades: telemetry.Source) -> None:
    query = TableQuery(1, "trades", ("id", "tick", "price"))
    assert by_engine(server_trades, query, 3) == "".join(
        by_values(server_trades, query).splitlines(keepends=True)[:4]
    )


def test_a_server_writes_decimals_times_and_json_as_we_do(server: Server) -> None:
    url = server.create(moltmarket.write_sql(moltmarket.small_market()))
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE trades ALTER price TYPE numeric")
        for place, number in enumerate(DECIMALS):
            connection.execute(
                "INSERT INTO trades VALUES (%s, %s, 1, %s, 1, 'b', 'a', 'c', 'd', 0, "
                "timestamp '2026-01-02 03:04:05' + %s * interval '1 ms')",
                (f"odd {place}", moltmarket.RUN, number, place),
            )
        odd = '{"a": 40312.50000000000000000001, "b": " x, y "}'
        connection.execute("UPDATE events SET payload = %s WHERE event_seq = 1", (odd,))
    source = telemetry.open_source(url)
    for table in ("trades", "events", "orders"):
        query = TableQuery(moltmarket.RUN, table)
        assert by_engine(source, query) == by_values(source, query)
    with no_values(source):
        by_engine(source, TableQuery(moltmarket.RUN, "trades", ("id", "price", "created_at")))
    source.close()


def test_a_type_that_is_not_known_to_be_written_alike_is_written_from_its_values(
    server_trades: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = TableQuery(1, "trades", ("id", "price"))
    monkeypatch.setattr(postgresql_copy, "_OF_TYPE", {})
    assert by_engine(server_trades, query) == by_values(server_trades, query)
    with no_values(server_trades), pytest.raises(AssertionError, match="from the values"):
        by_engine(server_trades, query)


def test_what_an_engine_began_is_ended_from_the_values(
    server_trades: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = TableQuery(1, "trades", ("id", "price"))
    written = by_engine(server_trades, query)

    def two_rows(*_: object, **__: object) -> lines.Lines:
        yield "".join(written.splitlines(keepends=True)[1:3]), 2
        raise lines.ByValuesError

    monkeypatch.setattr(server_trades._database, "lines", two_rows)
    assert by_engine(server_trades, query) == written


def test_an_export_from_a_server_that_is_cancelled_ends_and_the_next_one_works(
    server_trades: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql_copy, "_SOME", 1)
    query, token = TableQuery(1, "trades", ("id", "price")), CancelToken()
    parts = server_trades.csv_lines(query, lambda _: "", None, token)
    next(parts)
    token.cancel()
    with pytest.raises(QueryCancelled):
        list(parts)
    left = server_trades.csv_lines(query, lambda _: "")
    next(left)
    left.close()
    assert by_engine(server_trades, query) == by_values(server_trades, query)
