"""What the market recorder refuses, by the name of the field, and what it keeps to itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.recorder import MarketRecorder, MarketRun
from telemetry.queries import VerifyQuery
from tests.telemetry.markets import opened, rows
from tests.telemetry.test_moltmarket_recorder import KEY, begin, enter, order, query

pytestmark = pytest.mark.sampled(4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test records to."""
    return tmp_path / "market.db"


@pytest.fixture
def recorder(path: Path) -> Iterator[MarketRecorder]:
    with MarketRecorder(path) as recorder:
        yield recorder


def trade(run: MarketRun, **change: Any) -> None:
    """A trade of the two orders of `market`, changed."""
    told = {"trade_id": "t", "price": 100, "quantity": 1, "bid_order_id": "b", "ask_order_id": "s",
            "bid_agent_id": "a", "ask_agent_id": "c", "fee": "0.00000003"}  # fmt: skip
    run.log_trade(0, **{**told, **change})


@pytest.fixture
def market(recorder: MarketRecorder) -> MarketRun:
    """Two agents with an order each: b(id) of a, s(ell) of c."""
    run = begin(recorder)
    enter(run, "a", "c")
    order(run, "b", "a", "bid", 100)
    order(run, "s", "c", "ask", 100)
    return run


NAN = Decimal("NaN")


@pytest.mark.parametrize(
    ("kind", "values", "words"),
    [
        ("ORDER_PLACED", {"price": 1.5}, r"ORDER_PLACED\.price must be a Decimal, not 1\.5"),
        ("ORDER_PLACED", {"price": NAN}, r"ORDER_PLACED\.price must be a finite number, not NaN"),
        ("ORDER_PLACED", {"price": -1}, r"ORDER_PLACED\.price must be 1E-8 or more, not -1"),
        ("ORDER_PLACED", {"price": 0}, r"ORDER_PLACED\.price must be 1E-8 or more"),
        ("ORDER_PLACED", {"quantity": "1.123456789"}, r"quantity must have at most 8 decimals"),
        ("ORDER_PLACED", {"quantity": 10**12}, r"quantity must be below 10\^12"),
        ("ORDER_PLACED", {"quantity": "90071992.6"}, r"quantity must be within ±90071992\.5"),
        ("ORDER_PLACED", {"quantity": True}, r"quantity must be a Decimal, not True"),
        ("ORDER_PLACED", {"side": "buy"}, r"ORDER_PLACED\.side must be one of bid, ask"),
        ("ORDER_PLACED", {"agent_id": "x"}, r"no agent 'x'; log AGENT_CREATED first"),
        ("ORDER_PLACED", {"order_id": "b"}, r"order_id 'b' is open already"),
        ("ORDER_PLACED", {"order_id": "\0"}, r"order_id must not contain a NUL"),
        ("ORDER_PLACED", {"order_id": None}, r"ORDER_PLACED\.order_id is required"),
        ("ORDER_PLACED", {"colour": 1}, r"ORDER_PLACED has no field colour; its fields are order"),
        ("ORDER_CANCELLED", {"order_id": "x"}, r"ORDER_CANCELLED\.order_id 'x' is not open"),
        ("ORDER_CANCELLED", {"agent_id": "c"}, r"order_id 'b' is an order of 'a'"),
        ("AGENT_CREATED", {"agent_id": "a"}, r"AGENT_CREATED\.agent_id 'a' is in the run already"),
        ("AGENT_CREATED", {"initial_cash": -1}, r"initial_cash must be 0 or more, not -1"),
        ("AGENT_CREATED", {"name": "n" * 129}, r"name must have at most 128 characters, not 129"),
        ("BALANCE_UPDATED", {"new_cash": 5}, r"new_cash must be 999\.0+, as the events so far"),
        ("BALANCE_UPDATED", {"asset_delta": -11}, r"new_asset must be 0 or more, not -1"),
        ("DECAY_APPLIED", {"amount": -1}, r"DECAY_APPLIED\.amount must be 0 or more"),
        ("DECAY_APPLIED", {"new_cash": 1}, r"DECAY_APPLIED\.new_cash must be 998"),
        ("AGENT_BANKRUPT", {"final_cash": 1}, r"AGENT_BANKRUPT\.final_cash must be 1000"),
        ("RATE_LIMIT_HIT", {"limit": 1.0}, r"RATE_LIMIT_HIT\.limit must be a whole number"),
        ("SCENARIO_EVENT", {"params": {"p": NAN}}, r"SCENARIO_EVENT\.params must be plain JSON"),
        ("SCENARIO_EVENT", {"params": {"p": [float("nan")]}}, r"params .*p\[0\]: nan"),
        ("SCENARIO_EVENT", {"params": {"p": "\ud800"}}, r"params p: must be valid Unicode"),
        ("SCENARIO_EVENT", {"params": {1: 2}}, r"params must be plain JSON"),
        ("TICK_END", {}, r"TICK_END is written by the recorder itself"),
        ("NEWS", {}, r"There is no event 'NEWS'; there are RUN_CREATED"),
    ],
)
def test_a_wrong_event_is_refused_by_the_name_of_its_field(
    market: MarketRun, path: Path, kind: str, values: dict[str, Any], words: str
) -> None:
    right: dict[str, dict[str, Any]] = {
        "ORDER_PLACED": {
            "order_id": "n",
            "agent_id": "a",
            "side": "bid",
            "price": 1,
            "quantity": 1,
        },
        "ORDER_CANCELLED": {"order_id": "b", "agent_id": "a", "reason": "r"},
        "AGENT_CREATED": {"agent_id": "n", "name": "n", "initial_cash": 1, "initial_asset": 1},
        "BALANCE_UPDATED": {"agent_id": "a", "cash_delta": -1, "asset_delta": 0, "reason": "r"},
        "DECAY_APPLIED": {"agent_id": "a", "amount": 2},
        "AGENT_BANKRUPT": {"agent_id": "a"},
        "RATE_LIMIT_HIT": {"agent_id": "a", "actions_attempted": 2, "limit": 1},
        "SCENARIO_EVENT": {"event_type": "news", "params": {}},
    }
    with pytest.raises(RecordingError, match=words) as refusal:
        market.record(kind, 0, {**right.get(kind, {}), **values})
    assert "\n" not in str(refusal.value)
    if kind in right:
        market.record(kind, 0, right[kind])
    market.end_tick(0)
    sound(path)


def sound(path: Path) -> None:
    with opened(path) as source:
        assert source.ask(VerifyQuery("r")).sound


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fee": 0.1}, r"TRADE_EXECUTED\.fee must be a Decimal, not 0\.1"),
        ({"fee": "-0.1"}, r"TRADE_EXECUTED\.fee must be 0 or more"),
        ({"quantity": 3}, r"quantity must be at most 2\.0+, which is left of order 'b', not 3"),
        ({"bid_order_id": "s", "bid_agent_id": "c"}, r"bid_order_id 's' is no bid"),
        ({"ask_order_id": "gone"}, r"ask_order_id 'gone' is not open"),
        ({"ask_agent_id": "a"}, r"ask_order_id 's' is an order of 'c'"),
    ],
)
def test_a_trade_that_cannot_be_is_refused(
    market: MarketRun, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecordingError, match=words):
        trade(market, **change)
    trade(market)
    market.end_tick(0)


def test_an_agent_without_cash_must_be_declared_bankrupt_before_its_tick_ends(
    market: MarketRun, path: Path
) -> None:
    market.log_balance(0, agent_id="a", cash_delta=-1001, asset_delta=0)
    with pytest.raises(
        RecordingError, match=r"agents\.cash_balance of a is -1\.0+ .*tick 0; log it as"
    ):
        market.end_tick(0)
    market.log_agent_bankrupt(0, agent_id="a")
    with pytest.raises(RecordingError, match=r"ORDER_PLACED\.agent_id 'a' is bankrupt"):
        order(market, "n", "a", "bid", 1)
    market.end_tick(0)
    assert query(path, "SELECT id, status FROM orders") == [("b", "cancelled"), ("s", "open")]
    assert query(path, "SELECT status, cash_balance, bankrupt_at_tick FROM agents LIMIT 1") == [
        ("bankrupt", -1, 0)
    ]


def test_a_key_is_never_stored_nor_repeated(recorder: MarketRecorder, path: Path) -> None:
    run = begin(recorder)
    told = {"agent_id": "a", "name": "a", "initial_cash": 1, "initial_asset": 1}
    with pytest.raises(RecordingError, match=r"agents\.api_key_hash must be a SHA-256") as refusal:
        run.log_agent_created(0, **told, api_key_hash="sk-my-secret-key")
    assert "secret" not in str(refusal.value)
    run.log_agent_created(0, **told, api_key_hash=KEY)
    run.end_tick(0)
    run.finish()
    assert query(path, "SELECT api_key_hash FROM agents") == [(KEY,)]
    assert not query(path, f"SELECT 1 FROM events WHERE payload LIKE '%{KEY}%'")
    assert KEY not in repr(run._ledger.__dict__.get("_agents"))
    with opened(path) as source:
        assert KEY not in str(rows(source, "r", "agents"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": 1.0}, r"RUN_CREATED\.seed must be a whole number"),
        ({"seed": 2**63}, r"RUN_CREATED\.seed must fit 64 bits"),
        ({"config": {"a": {1}}}, r"RUN_CREATED\.config must be plain JSON values; a: "),
        ({"config": {"fee": Decimal(1)}}, r"RUN_CREATED\.config must be plain JSON values; fee: "),
        ({"run_id": 7}, r"runs\.id must be text"),
        ({"snapshot_every": 0}, r"RUN_CREATED\.snapshot_every must be 1 or more"),
        ({"ticks_per_commit": 0}, r"ticks_per_commit must be 1 or more"),
    ],
)
def test_a_wrong_run_is_refused_by_name(
    recorder: MarketRecorder, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(RecordingError, match=words):
        recorder.begin_run("v1", **{"seed": 1, **options})


def test_columns_are_refused_since_events_are_chained(market: MarketRun) -> None:
    with pytest.raises(RecordingError, match=re.escape("one event at a time")):
        market.record_columns("events", 0, {"tick_id": [0]})
