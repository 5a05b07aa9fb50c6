"""Lines that an engine writes are those that we write from the values, to the byte."""

from __future__ import annotations

import io
import math
import random
import sqlite3
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.engines import lines, postgresql_copy, sqlite_lines
from telemetry.engines.sqlite import SQLiteDatabase
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


ODD_RUN = (
    "INSERT INTO simulation_runs (scenario_name, start_time, total_ticks, num_agents)"
    " VALUES ('odd', '2026-01-01', 4, 9)"
)
ODD_TRADES = (
    'INSERT INTO trades (run_id, tick, x, y, buyer_id, seller_id, "dA", "dB", "dM", price, '
    "direction, exchange_pair_type, buyer_surplus, seller_lambda) "
    "VALUES (1, ?, 0, ?, 0, 1, 1, 1, ?, ?, ?, ?, ?, ?)"
)
ODD_ROWS = [
    (
        place % 5,
        WHOLE[place % len(WHOLE)],
        WHOLE[-place % len(WHOLE)],
        0.5 if real is None or math.isnan(real) else real,
        TEXTS[place % len(TEXTS)] or "",
        TEXTS[(place * 7 + 3) % len(TEXTS)] or "",
        REALS[-place],
        REALS[place * 3 % len(REALS)],
    )
    for place, real in enumerate(REALS)
]


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
def counted(source: telemetry.Source) -> Iterator[list[int]]:
    """While inside, how many rows are written from their values."""
    found: list[int] = []
    plain = source.csv_lines

    def counting(query: TableQuery, write: Callable[..., str], *more: Any) -> Any:
        def write_and_count(rows: list[Any]) -> str:
            found.append(len(rows))
            return write(rows)

        return plain(query, write_and_count, *more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "csv_lines", counting)
        yield found


@pytest.fixture(scope="module")
def server_trades(server: Server) -> Iterator[telemetry.Source]:
    """Trades with every odd value in every column that can hold it."""
    url = server.create()
    initialise(url, "vmt")
    with psycopg.connect(url) as connection:
        connection.execute(ODD_RUN)
        connection.cursor().executemany(ODD_TRADES.replace("?", "%s"), ODD_ROWS)
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
        with counted(server_trades) as rows:
            written = by_engine(server_trades, query)
        assert written.count("\n") > 1
        assert rows == []
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
    with counted(source) as rows:
        by_engine(source, TableQuery(moltmarket.RUN, "trades", ("id", "price", "created_at")))
    assert rows == []
    source.close()


def test_a_type_that_is_not_known_to_be_written_alike_is_written_from_its_values(
    server_trades: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = TableQuery(1, "trades", ("id", "price"))
    monkeypatch.setattr(postgresql_copy, "_OF_TYPE", {})
    with counted(server_trades) as rows:
        assert by_engine(server_trades, query) == by_values(server_trades, query)
    assert sum(rows) == len(REALS)


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


AFTER = 2


@pytest.fixture
def file_of_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with odd trades, of which all but the first two are written by a process."""
    if not sqlite_lines.possible():
        pytest.skip("lines are written by a process on POSIX systems only")
    monkeypatch.setattr(SQLiteDatabase, "lines_after", AFTER - 1)
    monkeypatch.setattr(SQLiteDatabase, "lines_meanwhile", 1)
    monkeypatch.setattr(sqlite_lines, "_AT_ONCE", 1)  # a row that is odd does not hide another
    monkeypatch.setattr(sqlite_lines, "ROWS_AT_ONCE", 1)  # … nor tells the type of another
    path = tmp_path / "odd.db"
    initialise(str(path), "vmt")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(ODD_RUN)
        connection.executemany(ODD_TRADES, ODD_ROWS)
    return path


def test_a_process_writes_the_same_lines_of_a_file(file_of_trades: Path) -> None:
    with closing(telemetry.open_source(file_of_trades)) as source:
        query = TableQuery(1, "trades", sort=Sort("price"))
        assert len(source.table("trades").columns) > 20  # what is worked out too
        with counted(source) as rows:
            written = by_engine(source, query)
        assert sum(rows) == AFTER
        assert written == by_values(source, query)
        text_first = TableQuery(1, "trades", ("direction", "exchange_pair_type"))
        assert by_engine(source, text_first) == by_values(source, text_first)
        few = "".join(written.splitlines(keepends=True)[: AFTER + 1])
        assert by_engine(source, query, AFTER) == few
    assert sorted(p.name for p in file_of_trades.parent.iterdir()) == [file_of_trades.name]


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("direction", "x'6162'"),
        ("direction", "CAST(x'ff41' AS TEXT)"),
        ("price", "'much'"),
        ("price", "x'00'"),
        ("dM", "2.5"),
        ("x", "'far'"),
    ],
)
def test_a_value_of_another_kind_is_written_as_it_is(
    file_of_trades: Path, column: str, value: str
) -> None:
    with closing(sqlite3.connect(file_of_trades)) as connection, connection:
        connection.execute(f'UPDATE trades SET "{column}" = {value} WHERE id = {len(ODD_ROWS)}')
    with closing(telemetry.open_source(file_of_trades)) as source:
        query = TableQuery(1, "trades", ("id", column, "tick"))
        with counted(source) as rows:
            written = by_engine(source, query)
        assert sum(rows) > AFTER
        assert written == by_values(source, query)


def test_beside_a_writer_lines_are_written_from_the_values(file_of_trades: Path) -> None:
    with closing(sqlite3.connect(file_of_trades)) as writer:
        writer.execute("PRAGMA journal_mode = wal")
        writer.execute("UPDATE trades SET x = 7")
        writer.commit()
        with closing(telemetry.open_source(file_of_trades)) as source, counted(source) as rows:
            by_engine(source, TableQuery(1, "trades", ("id", "x")))
        assert sum(rows) == len(ODD_ROWS)


def test_a_cancelled_export_of_a_file_leaves_no_process(
    file_of_trades: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, started = subprocess.Popen, []

    def start(*arguments: Any, **named: Any) -> Any:
        started.append(plain(*arguments, **named))
        return started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    with closing(telemetry.open_source(file_of_trades)) as source:
        query, token = TableQuery(1, "trades", ("id", "price")), CancelToken()
        parts = source.csv_lines(query, lambda _: "", None, token)
        for _ in range(3):
            next(parts)
        token.cancel()
        with pytest.raises(QueryCancelled):
            list(parts)
    assert [process.returncode is not None for process in started] == [True]
