"""The market recorder: a chained log, tables that follow from it, and values refused by name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.hash_chain import GENESIS, canonical_json
from telemetry.families.moltmarket.recorder import MarketRecorder, MarketRun
from telemetry.families.moltmarket.rules import EVENTS
from telemetry.queries import OrderBookQuery, SeriesQuery, VerifyQuery
from tests.telemetry.markets import DERIVED, Played, Player, opened, rows

KEY = "c0ffee" * 10 + "beef"


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is not there yet, or empty."""
    if request.param == "postgresql":
        return request.getfixturevalue("server").create()
    return f"{request.param}:///{tmp_path / 'market'}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test records to."""
    return tmp_path / "market.db"


@pytest.fixture
def recorder(path: Path) -> Iterator[MarketRecorder]:
    with MarketRecorder(path) as recorder:
        yield recorder


def begin(recorder: MarketRecorder, run_id: str = "r", **options: Any) -> MarketRun:
    return recorder.begin_run("v1", seed=42, run_id=run_id, **options)


def enter(run: MarketRun, *names: str, cash: object = 1000, tick: int = 0) -> None:
    for name in names:
        run.log_agent_created(tick, agent_id=name, name=name, initial_cash=cash, initial_asset=10)  # type: ignore[arg-type]


def order(run: MarketRun, key: str, agent: str, side: str, price: object, tick: int = 0) -> None:
    run.log_order_placed(tick, order_id=key, agent_id=agent, side=side, price=price, quantity=2)  # type: ignore[arg-type]


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    """What another program reads of the file."""
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def dump(location: str, run_id: str = "r") -> dict[str, list[tuple[Any, ...]]]:
    """Every derived row, without the numbers that the database gives."""
    with opened(location) as source:
        found = {}
        for table in DERIVED:
            listed = rows(source, run_id, table)
            cut = slice(1, None) if table == "metrics_snapshots" else slice(None)
            found[table] = sorted((row[cut] for row in listed), key=str)
        return found


# Random runs in, the same out


def check_read_back(location: str, run_id: str, played: Played) -> None:
    """What our reader gives is what was said, and what the market's own books say."""
    with opened(location) as source:
        verdict = source.ask(VerifyQuery(run_id))
        assert (verdict.sound, verdict.problem) == (True, "")
        events = rows(source, run_id, "events", "tick_id", "event_type", "agent_id", "payload")
        own = ("RUN_CREATED", "RUN_STARTED", "RUN_STOPPED", "TICK_START", "TICK_END")
        told = [(t, k, a, json.loads(p)) for t, k, a, p in events if k not in own]
        assert told == [expected(*said) for said in played.said]
        agents = rows(source, run_id, "agents", "id", "cash_balance", "asset_balance",
                      "status", "bankrupt_at_tick")  # fmt: skip
        assert {row[0]: row[1:] for row in agents} == {
            name: (
                cash,
                played.asset[name],
                "bankrupt" if name in played.bankrupt else "active",
                played.bankrupt.get(name),
            )
            for name, cash in played.cash.items()
        }
        orders = rows(source, run_id, "orders", "id", "agent_id", "side", "price", "quantity",
                      "filled_quantity", "status", "tick_created", "sequence_num")  # fmt: skip
        assert {row[0]: row[1:] for row in orders} == {
            name: (
                *(o[n] for n in ("agent_id", "side", "price", "quantity", "filled", "status")),
                o["tick"],
                i,
            )
            for i, (name, o) in enumerate(played.orders.items())
        }
        names = ("price", "quantity", "bid_order_id", "ask_order_id", "bid_agent_id",
                 "ask_agent_id")  # fmt: skip
        trades = rows(source, run_id, "trades", "id", "tick_id", *names, "fee_total")
        assert {row[0]: row[1:] for row in trades} == {
            t["trade_id"]: (t["tick"], *(t[n] for n in names), t["fee"]) for t in played.trades
        }


def expected(tick: int, kind: str, values: dict[str, Any]) -> tuple[Any, ...]:
    """An event as the log must hold it; what the recorder works out is left to the agents' rows."""
    payload = {
        f.key: f"{values[f.name] or Decimal(0):.8f}" if f.amount else values[f.name]
        for f in EVENTS[kind]
        if f.name in values
    }
    return tick, kind, values.get("agent_id"), Within(payload)


class Within(dict[str, Any]):
    """Equal to a payload that holds all this, and beside it only what the recorder works out."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict):
            return NotImplemented
        extra = set(other) - set(self)
        own = {"newCash", "newAsset", "finalCash", "finalAsset"}
        return extra <= own and all(k in other and other[k] == v for k, v in self.items())


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    seed=st.integers(0, 2**32),
    ticks=st.integers(0, 12),
    every=st.integers(1, 6),
    per_commit=st.integers(1, 4),
    max_rows=st.sampled_from([1, 7, 20_000]),
)
@example(
    seed=21_969, ticks=9, every=1, per_commit=1, max_rows=1
)  # pays nothing for next to nothing
def test_any_run_is_read_back_as_it_was_played(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    ticks: int,
    every: int,
    per_commit: int,
    max_rows: int,
) -> None:
    path = tmp_path_factory.mktemp("run") / "market.db"
    with MarketRecorder(path) as recorder:
        options = {"ticks_per_commit": per_commit, "max_rows": max_rows}
        with begin(recorder, snapshot_every=every, **options) as run:
            played = Player(run, seed).play(range(ticks + 1))
        check_read_back(str(path), "r", played)
        before = dump(str(path))
        connection = sqlite3.connect(path)
        with connection:
            for table in DERIVED:
                connection.execute(f"DELETE FROM {table}")
        connection.close()
        recorder.rebuild("r")
    assert dump(str(path)) == before


def test_every_target_reads_back_the_same_and_is_rebuilt_the_same(place: str) -> None:
    with MarketRecorder(place) as recorder:
        with begin(recorder, ticks_per_commit=2, max_rows=30) as run:
            played = Player(run, 5).play(range(40))
            run.log_agent_created(
                40,
                agent_id="late",
                name="late",
                initial_cash=0,
                initial_asset=0,
                api_key_hash=KEY,
            )
            zero = dict.fromkeys(("initial_cash", "initial_asset"), Decimal(0))
            told = {"agent_id": "late", "name": "late", **zero}
            played.said.append((40, "AGENT_CREATED", told))
            played.cash["late"] = played.asset["late"] = Decimal(0)
            run.end_tick(40)
    check_read_back(place, "r", played)
    before = dump(place)
    assert len(before["trades"]) > 10
    assert len(before["metrics_snapshots"]) == 8 * 4 + 5
    with MarketRecorder(place) as recorder:
        with recorder._target.transaction() as connection:
            for table in ("orders", "trades", "metrics_snapshots"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
            connection.exec_driver_sql("UPDATE agents SET cash_balance = 1, status = 'inactive'")
        recorder.rebuild("r")
        assert dump_later(recorder, place) == before
        with recorder._target.transaction() as connection:
            kept = connection.exec_driver_sql(
                "SELECT api_key_hash FROM agents WHERE id = 'late'"
            ).scalar()
    assert kept == KEY


def dump_later(recorder: MarketRecorder, place: str) -> dict[str, list[tuple[Any, ...]]]:
    """The derived rows, read after the recorder let go: DuckDB lets nobody read before."""
    recorder.close()
    return dump(place)


def test_metrics_recorded_are_those_that_the_reader_works_out_from_the_log(path: Path) -> None:
    with MarketRecorder(path) as recorder, begin(recorder, snapshot_every=1) as run:
        Player(run, 11).play(range(30))
    names = ("equity", "pnl", "pnl_pct", "max_equity", "drawdown", "trade_count", "order_count")
    with opened(path) as source:
        recorded = [source.ask(SeriesQuery("r", name)) for name in names]
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TABLE metrics_snapshots")
    connection.close()
    with opened(path) as source:
        for series in recorded:
            again = source.ask(SeriesQuery("r", series.measure.name))
            assert shape(again) == shape(series)
            assert shape(series)


def shape(series: Any, last: int = 29) -> dict[Any, list[tuple[int, float]]]:
    """By agent, what holds up to the last tick; the log alone tells of the end after it as well."""
    return {
        x.agent_id: [(t, round(v, 8)) for t, v in zip(x.tick, x.value, strict=True) if t <= last]
        for x in series.lines
    }


# The log


def test_the_log_of_a_run_tells_its_beginning_its_ticks_and_its_end(
    recorder: MarketRecorder, path: Path
) -> None:
    with begin(recorder, config={"tradingFeeBps": 10}) as run:
        enter(run, "a")
        run.log_rate_limit(0, agent_id="a", actions_attempted=11, limit=10)
        order(run, "o", "a", "bid", 99)
        run.end_tick(0)
        run.end_tick(1)
    sql = "SELECT tick_id, event_seq, event_type, payload FROM events ORDER BY event_seq"
    found = [(t, s, k, json.loads(p)) for t, s, k, p in query(path, sql)]
    told = {"config": {"tradingFeeBps": 10}, "seed": 42, "scenarioVersion": "v1"}
    assert found[0] == (0, 0, "RUN_CREATED", told)
    assert [(t, k) for t, _, k, _ in found] == [
        (0, "RUN_CREATED"),
        (0, "AGENT_CREATED"),
        (0, "RATE_LIMIT_HIT"),
        (0, "RUN_STARTED"),
        (0, "TICK_START"),
        (0, "ORDER_PLACED"),
        (0, "TICK_END"),
        (1, "TICK_START"),
        (1, "TICK_END"),
        (2, "RUN_STOPPED"),
    ]
    assert found[5][3] == {
        "orderId": "o",
        "agentId": "a",
        "side": "bid",
        "price": "99.00000000",
        "quantity": "2.00000000",
    }
    assert found[6][3] == {"tickId": 0, "ordersProcessed": 1, "tradesExecuted": 0}
    assert found[9][3] == {"reason": "completed"}
    count, last = query(path, "SELECT count(*), max(event_seq) FROM events")[0]
    tip = query(path, f"SELECT event_hash FROM events WHERE event_seq = {last}")[0][0]
    sql = "SELECT status, current_tick, event_count, last_event_hash FROM runs"
    assert query(path, sql) == [("completed", 2, count, tip)]
    assert query(path, "SELECT prev_hash FROM events WHERE event_seq = 0") == [(GENESIS,)]


def test_a_run_is_visible_as_unfinished_at_once(recorder: MarketRecorder, path: Path) -> None:
    run = begin(recorder)
    assert query(path, "SELECT status, event_count FROM runs") == [("created", 1)]
    enter(run, "a")
    run.end_tick(0)
    assert query(path, "SELECT status, current_tick FROM runs") == [("running", 0)]
    run.finish("failed")
    assert query(path, "SELECT status FROM runs") == [("running",)]


def test_a_run_may_be_stopped_for_a_reason(recorder: MarketRecorder, path: Path) -> None:
    run = begin(recorder)
    run.end_tick(0)
    run.stop("budget spent")
    assert query(path, "SELECT status, stopped_at IS NULL FROM runs") == [("stopped", 0)]
    with opened(path) as source:
        assert source.ask(VerifyQuery("r")).sound


def test_rows_of_a_tick_that_never_ended_are_not_stored(
    recorder: MarketRecorder, path: Path
) -> None:
    with begin(recorder, max_rows=3) as run:
        enter(run, "a")
        run.end_tick(0)
        for i in range(9):
            order(run, f"o{i}", "a", "bid", 99, tick=1)
    assert query(path, "SELECT count(*) FROM orders") == [(0,)]
    assert query(path, "SELECT count(*) FROM metrics_snapshots") == [(1,)]
    with opened(path) as source:
        verdict = source.ask(VerifyQuery("r"))
    assert (verdict.sound, verdict.checked) == (True, 6)


def test_ids_belong_to_their_run(recorder: MarketRecorder, path: Path) -> None:
    for name in ("first", "second"):
        with begin(recorder, run_id=name) as run:
            enter(run, "a")
            order(run, "o", "a", "ask", 101)
            run.end_tick(0)
    assert query(path, "SELECT run_id, id FROM orders") == [("first", "o"), ("second", "o")]
    with pytest.raises(RecordingError, match=r"There is a run 'first' .*resume it or choose"):
        begin(recorder, run_id="first")


def test_the_constraints_of_the_document_are_the_database_s_own(
    recorder: MarketRecorder, path: Path
) -> None:
    with begin(recorder) as run:
        enter(run, "a")
        order(run, "o", "a", "ask", 101)
        run.end_tick(0)
    connection = sqlite3.connect(path)
    for table, key in (("events", "event_hash"), ("orders", "sequence_num")):
        names = [r[1] for r in connection.execute(f"PRAGMA table_info({table})") if r[1] != "id"]
        given = ", ".join(["'x' || id" if table == "orders" else "NULL", *names])
        with pytest.raises(sqlite3.IntegrityError, match=f"run_id, {table}.{key}"):
            connection.execute(
                f"INSERT INTO {table} (id, {', '.join(names)}) SELECT {given} FROM {table}"
            )
    connection.close()


@pytest.mark.parametrize(
    "config",
    [
        {"z": 1.0, "a": 1e21, "m": [1e-7, -0.0, 123456789012345680000], "10": 1, "9": 2},
        {"é": "\u2028\u007f", "\ufb00": {"\U0001f600": None}, "big": 2**53 + 1, "no": False},
    ],
)
def test_a_configuration_of_any_plain_values_verifies(place: str, config: dict[str, Any]) -> None:
    with MarketRecorder(place) as recorder, begin(recorder, config=config) as run:
        run.end_tick(0)
    with opened(place) as source:
        assert source.ask(VerifyQuery("r")).sound
        (payload,) = rows(source, "r", "events", "payload")[0]
    assert canonical_json(json.loads(payload)["config"]) == canonical_json(config)


def test_the_book_that_the_log_tells_is_the_book_of_the_orders(
    recorder: MarketRecorder, path: Path
) -> None:
    with begin(recorder) as run:
        Player(run, 3).play(range(25))
    with opened(path) as source:
        book = source.ask(OrderBookQuery("r", 25, levels=1000))
    told = {(side, x.price, x.quantity, x.orders) for side, levels in
            (("bid", book.bids), ("ask", book.asks)) for x in levels}  # fmt: skip
    sql = """SELECT side, price, sum(quantity - filled_quantity), count(*) FROM orders
             WHERE status = 'open' GROUP BY side, price"""
    found = {(s, Decimal(f"{p:.8f}"), Decimal(f"{q:.8f}"), n) for s, p, q, n in query(path, sql)}
    assert told == found
    assert told


def test_a_run_can_be_written_as_the_producer_s_own_folder(
    recorder: MarketRecorder, path: Path, tmp_path: Path
) -> None:
    with begin(recorder, config={"tradingFeeBps": 10}) as run:
        played = Player(run, 21).play(range(12))
    recorder.write_folder("r", tmp_path / "native")
    with opened(tmp_path / "native") as source:
        assert source.ask(VerifyQuery("r")).sound
        held = rows(source, "r", "agents", "id", "cash_balance", "asset_balance")
        assert {name: (cash, asset) for name, cash, asset in held} == {
            name: (cash, played.asset[name]) for name, cash in played.cash.items()
        }
        assert len(rows(source, "r", "trades", "id")) == len(played.trades)
    with pytest.raises(RecordingError, match="it is there already; choose another"):
        recorder.write_folder("r", tmp_path / "native")
    with pytest.raises(RecordingError, match="There is no run 'x' here"):
        recorder.write_folder("x", tmp_path / "other")
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == ["native"]
