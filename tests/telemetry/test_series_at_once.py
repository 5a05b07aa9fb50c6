"""One agent's series that an engine gives as whole columns is the one that its rows give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import duckdb
import numpy as np
import psycopg
import pytest

import telemetry
from telemetry.concepts import Series, TickRange
from telemetry.engines.duckdb import DuckDBDatabase
from telemetry.engines.postgresql import PostgreSQLDatabase
from telemetry.queries import SeriesQuery
from telemetry.upgrade import initialise
from tests.builders import moltmarket
from tests.builders.postgresql import Server

REALS = (
    1.5, None, 0.0, -0.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, math.nan, 2**53 + 1.0, 1 / 3,
)  # fmt: skip
DECIMALS = (
    "1500.00000001", "0", "-0.00000001", "999999999999.99999999", "123456789012.12345678", "NaN",
    None, "0.1", "-7",
)  # fmt: skip
RUN = (
    "INSERT INTO simulation_runs (run_id, scenario_name, start_time, total_ticks, num_agents)"
    " VALUES ({}, 'odd', TIMESTAMP '2026-01-01', 4, 9)"
)
ROW = (
    'INSERT INTO agent_snapshots (run_id, agent_id, tick, x, y, "inventory_A", "inventory_B", '
    '"inventory_M", utility, utility_type, lambda_money) '
    "VALUES (?, ?, ?, 0, 0, ?, 2, 0, ?, 'ces', ?)"
)
ROWS = [
    *((1, 0, tick, 2**31 - 1 - tick, real or 0.0, real) for tick, real in enumerate(REALS)),
    *((1, 7, 3 * tick, tick, 1.0, None) for tick in range(5)),
    *((2, 0, tick, tick, 1.0, None) for tick in range(5)),
]


def both_ways(
    source: telemetry.Source, query: SeriesQuery, quickly: bool, patch: pytest.MonkeyPatch
) -> Series:
    """The series of rows, which that of whole columns equals; whether there were such."""
    kind: Any = type(source._database)
    plain: Callable[..., Any] = kind.arrays
    given = []

    def noted(*arguments: Any) -> Any:
        given.append(plain(*arguments))
        return given[-1]

    patch.setattr(kind, "arrays", noted)
    found = source.ask(query)
    patch.setattr(kind, "arrays", lambda *_: None)
    rows = source.ask(query)
    patch.setattr(kind, "arrays", plain)
    assert bool(given) == quickly
    assert (found.measure, found.step) == (rows.measure, rows.step)
    assert (found.constant, found.notes) == (rows.constant, rows.notes)
    for line, other in zip(found.lines, rows.lines, strict=True):
        assert (line.agent_id, line.mark) == (other.agent_id, other.mark)
        assert type(line.agent_id) is type(other.agent_id)
        for mine, theirs in ((line.tick, other.tick), (line.value, other.value)):
            assert mine.dtype == theirs.dtype
            np.testing.assert_array_equal(mine, theirs)
        assert np.array_equal(np.signbit(line.value), np.signbit(other.value))
    return rows


@pytest.fixture(scope="module", params=["PostgreSQL", "DuckDB"])
def snapshots(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[telemetry.Source]:
    """Two runs, of which the second records no λ; ticks stand in no order."""
    if request.param == "DuckDB":
        url = str(tmp_path_factory.mktemp("duck") / "odd.duckdb")
        initialise(f"duckdb:///{url}", "vmt")
        with duckdb.connect(url) as file:
            for run in (1, 2):
                file.execute(RUN.format(run))
            file.executemany(ROW, ROWS[::-1])
    else:
        url = server.create()
        initialise(url, "vmt")
        with psycopg.connect(url) as connection:
            for run in (1, 2):
                connection.execute(RUN.format(run))
            connection.cursor().executemany(ROW.replace("?", "%s"), ROWS[::-1])
    with closing(telemetry.open_source(url)) as source:
        assert isinstance(source._database, DuckDBDatabase | PostgreSQLDatabase)
        yield source


def test_whole_columns_are_what_the_rows_are(
    snapshots: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = SeriesQuery(1, "lambda_money", (0,))
    found = both_ways(snapshots, asked, True, monkeypatch)
    assert found.lines[0].tick.tolist() == list(range(len(REALS)))
    np.testing.assert_array_equal(found.lines[0].value, np.array(REALS, np.float64))
    for query in (
        SeriesQuery(1, "utility", (0,), TickRange(2, 5)),
        SeriesQuery(1, "inventory_A", (0,)),
        SeriesQuery(1, "lambda_money", (7,)),
        SeriesQuery(1, "lambda_money", (99,)),
        SeriesQuery(1, "inventory_M", (0,)),
        SeriesQuery(2, "lambda_money", (0,)),
        SeriesQuery(2, "inventory_M", (0,)),
    ):
        both_ways(snapshots, query, True, monkeypatch)
    assert not snapshots.ask(SeriesQuery(2, "lambda_money", (0,))).measure.recorded
    for query in (
        SeriesQuery(1, "lambda_money"),
        SeriesQuery(1, "lambda_money", (0, 7)),
        SeriesQuery(1, "lambda_new", (0,)),
        SeriesQuery(1, "inventory_A", ("7",)),
    ):
        both_ways(snapshots, query, False, monkeypatch)


@pytest.fixture
def market(server: Server) -> Iterator[tuple[str, psycopg.Connection[Any]]]:
    url = server.create()
    initialise(url, "moltmarket")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # states need no agents
        connection.execute(
            "INSERT INTO runs (id, seed, scenario_version, status, config, current_tick, "
            "event_count, last_event_hash) VALUES (%s, 1, 'v1', 'completed', '{}', 9, 0, 'x')",
            (moltmarket.RUN,),
        )
        yield url, connection


def _filled(connection: psycopg.Connection[Any], values: tuple[str | None, ...]) -> None:
    connection.execute("DELETE FROM metrics_snapshots")
    for place, number in enumerate(values):
        connection.execute(
            "INSERT INTO metrics_snapshots (run_id, agent_id, tick_id, cash_balance, asset_balance,"
            " equity, pnl, pnl_pct, max_equity, drawdown, trade_count, order_count, reject_count)"
            " VALUES (%s, 'a', %s, 1, 1, %s, 0, 0, 0, 0, 0, 0, 0)",
            (moltmarket.RUN, place, number),
        )


def test_decimals_are_the_nearest_doubles_also_where_a_cast_would_fail(
    market: tuple[str, psycopg.Connection[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, connection = market
    connection.execute("ALTER TABLE metrics_snapshots ALTER equity DROP NOT NULL")
    _filled(connection, DECIMALS)
    query = SeriesQuery(moltmarket.RUN, "equity", ("a",))
    with closing(telemetry.open_source(url)) as source:
        found = both_ways(source, query, True, monkeypatch)
        assert found.lines[0].agent_id == "a"
    connection.execute("ALTER TABLE metrics_snapshots ALTER equity TYPE numeric")
    _filled(connection, (*DECIMALS, "1e400", "-1e400", "1e-400"))
    with closing(telemetry.open_source(url)) as source:
        found = both_ways(source, query, False, monkeypatch)
        assert found.lines[0].value[-3:].tolist() == [math.inf, -math.inf, 0.0]


def test_a_row_without_a_tick_is_said_to_be_left_out(
    market: tuple[str, psycopg.Connection[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, connection = market
    _filled(connection, ("1", "2", "3"))
    for key in connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'metrics_snapshots'::regclass "
        "AND contype = 'p'"
    ):
        connection.execute(f'ALTER TABLE metrics_snapshots DROP CONSTRAINT "{key[0]}"')
    connection.execute("ALTER TABLE metrics_snapshots ALTER tick_id DROP NOT NULL")
    connection.execute("UPDATE metrics_snapshots SET tick_id = NULL WHERE tick_id = 1")
    query = SeriesQuery(moltmarket.RUN, "equity", ("a",))
    with closing(telemetry.open_source(url)) as source:
        found = both_ways(source, query, True, monkeypatch)
    assert found.lines[0].tick.tolist() == [0, 2]
    assert len(found.notes) == 1


def test_columns_in_another_order_are_put_in_that_of_ticks(
    snapshots: telemetry.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind: Any = type(snapshots._database)
    plain = kind.arrays

    def turned(*arguments: Any) -> Any:
        tick, value = plain(*arguments)
        return tick[::-1], value[::-1]

    query = SeriesQuery(1, "lambda_money", (0,))
    expected = snapshots.ask(query).lines[0]
    monkeypatch.setattr(kind, "arrays", turned)
    found = snapshots.ask(query).lines[0]
    np.testing.assert_array_equal(found.tick, expected.tick)
    np.testing.assert_array_equal(found.value, expected.value)
