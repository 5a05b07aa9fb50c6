"""The order-book sample: nothing is made or lost but by fees and decay; the seed says it all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.queries import OrderBookQuery, RunsQuery, VerifyQuery
from telemetry.samples.order_book import Market, Scenario, simulate
from telemetry.samples.order_book.catalogue import SCENARIOS, write
from telemetry.samples.order_book.scenario import USUAL_BOTS
from tests.telemetry.markets import opened, rows

ODD = Scenario(
    name="odd", seed=9, ticks=60, bots={**USUAL_BOTS, "gambler": 1, "spammer": 1, "beginner": 1},
    news=((20, -0.2),), decay_every=10,
    fee_bps=7,
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole catalogue, recorded once."""
    path = tmp_path_factory.mktemp("market") / "market.db"
    told: list[float] = []
    write(path, lambda name, part: told.append(part))
    assert told == sorted(told)
    assert told[-1] == 1.0
    return path


def query(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture
def played(tmp_path: Path) -> Iterator[tuple[Market, Path]]:
    """A market with every kind of bot, after each of its ticks was checked."""
    path = tmp_path / "market.db"
    with MarketRecorder(path) as recorder:
        run = recorder.begin_run(ODD.name, seed=ODD.seed, run_id="odd")
        market = Market(ODD, run)
        bots = len(market.bots)
        for tick in range(ODD.ticks):
            market.step(tick)
            accounts = market.exchange.accounts.values()
            taken = market.exchange.fees + market.exchange.decayed
            assert sum(a.cash for a in accounts) + taken == bots * ODD.initial_cash
            assert sum(a.asset for a in accounts) == bots * ODD.initial_asset
            assert all(a.asset >= 0 for a in accounts)
            assert all(a.cash >= 0 or a.bankrupt for a in accounts)
            bid, ask = market.exchange.best("bid"), market.exchange.best("ask")
            assert bid is None or ask is None or bid < ask
            run.end_tick(tick)
        run.finish()
        yield market, path


def test_cash_and_asset_are_conserved_but_for_fees_and_decay(played: tuple[Market, Path]) -> None:
    market, path = played
    with opened(path) as source:
        agents = rows(source, "odd", "agents", "cash_balance", "asset_balance")
        fees = rows(source, "odd", "trades", "fee_total")
        told = rows(source, "odd", "events", "event_type", "payload")
    decay = sum(Decimal(json.loads(p)["amount"]) for k, p in told if k == "DECAY_APPLIED")
    assert decay == market.exchange.decayed > 0
    odd = sum(fee for (fee,) in fees) - market.exchange.fees
    assert 0 <= odd <= len(fees) * Decimal("1e-8")  # an odd fee is not split evenly
    total = sum(cash for cash, _ in agents) + market.exchange.fees + decay
    assert total == len(agents) * ODD.initial_cash
    assert sum(asset for _, asset in agents) == len(agents) * ODD.initial_asset


def test_trades_are_within_the_limits_of_both_orders(played: tuple[Market, Path]) -> None:
    sql = """
        SELECT count(*), sum(t.price > b.price), sum(t.price < a.price) FROM trades t
        JOIN orders b ON b.id = t.bid_order_id JOIN orders a ON a.id = t.ask_order_id
    """
    count, above, below = query(played[1], sql)[0]
    assert count > 30
    assert (above, below) == (0, 0)


def test_the_book_told_by_the_log_is_the_exchange_s_own(played: tuple[Market, Path]) -> None:
    market, path = played
    with opened(path) as source:
        book = source.ask(OrderBookQuery("odd", ODD.ticks, levels=1000))
    for side, levels in (("bid", book.bids), ("ask", book.asks)):
        own: dict[Decimal, Decimal] = {}
        for order in market.exchange.book[side]:
            own[order.price] = own.get(order.price, Decimal(0)) + order.left
        assert [(x.price, x.quantity) for x in levels] == list(own.items())
    cash = {a.id: a.cash for a in market.exchange.accounts.values()}
    assert {s.agent_id: s.cash for s in book.standings} == cash


def test_one_goes_bankrupt_one_is_held_back_and_one_errs(written: Path) -> None:
    sql = """SELECT a.name, count(*) FROM events e JOIN agents a USING (run_id)
             WHERE a.id = e.agent_id AND run_id = 'bad-news-2' AND event_type = '{}' GROUP BY 1"""
    assert query(written, sql.format("AGENT_BANKRUPT")) == [("Gambler_1", 1)]
    assert [name for name, _ in query(written, sql.format("RATE_LIMIT_HIT"))] == ["Spammer_1"]
    reasons = """SELECT DISTINCT json_extract(payload, '$.reasonCode') FROM events
                 WHERE event_type = 'ORDER_REJECTED'"""
    assert {code for (code,) in query(written, reasons)} == {
        "INVALID_PRICE",
        "INVALID_QUANTITY",
        "INSUFFICIENT_ASSET",
        "INSUFFICIENT_CASH",
        "ORDER_NOT_FOUND",
    }


def test_the_runs_contrast_and_every_chain_is_sound(written: Path) -> None:
    with opened(written) as source:
        listed = source.ask(RunsQuery()).runs
        assert {run.run_id: run.status for run in listed} == {
            "calm-1": "completed",
            "bad-news-2": "completed",
            "dear-trades-3": "completed",
            "halted-4": "stopped",
            "cut-off-5": "running",
        }
        for run in listed:
            assert source.ask(VerifyQuery(run.run_id)).sound
    fees = dict(query(written, "SELECT run_id, sum(fee_total) / count(*) FROM trades GROUP BY 1"))
    assert fees["dear-trades-3"] > 4 * fees["calm-1"]
    prices = "SELECT run_id, max(price) - min(price) FROM trades GROUP BY 1"
    swing = dict(query(written, prices))
    assert swing["bad-news-2"] > 2 * swing["calm-1"]
    assert all(
        count > 50 for _, count in query(written, "SELECT run_id, count(*) FROM trades GROUP BY 1")
    )


def test_the_same_seed_gives_the_same_rows_and_another_one_others(tmp_path: Path) -> None:
    short = [Scenario(name="s", seed=seed, ticks=25) for seed in (1, 1, 2)]
    for i, scenario in enumerate(short):
        write(tmp_path / f"{i}.db", scenarios=(scenario,))
    sql = "SELECT event_hash, created_at FROM events ORDER BY event_seq"
    first, second, other = (query(tmp_path / f"{i}.db", sql) for i in range(3))
    assert first == second
    assert first[-1] != other[-1]


def test_a_run_that_is_cut_off_can_be_looked_at(tmp_path: Path) -> None:
    with MarketRecorder(tmp_path / "m.db") as recorder:
        cut = Scenario(name="cut", seed=1, ticks=30, last_tick=4)
        assert simulate(cut, recorder) == "cut-1"
        assert recorder.resume_run("cut-1").last_tick == 4


def test_the_catalogue_is_small(written: Path) -> None:
    assert len(SCENARIOS) == 5
    assert written.stat().st_size < 20_000_000
    assert list(written.parent.iterdir()) == [written]
