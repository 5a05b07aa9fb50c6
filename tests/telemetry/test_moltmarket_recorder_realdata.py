"""The recorder makes of real recordings what their producer made: each hash, and each table."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from telemetry.families.moltmarket.recorder import MarketRecorder
from tests.builders.postgresql import Server
from tests.telemetry.markets import opened, rows
from tests.telemetry.test_moltmarket_recorder import query

pytestmark = pytest.mark.realdata

OWN = ("RUN_CREATED", "RUN_STARTED", "RUN_STOPPED")


def told_again(place: str, events: list[dict[str, Any]]) -> None:
    """Say to the recorder what happened, and leave to it what it says by itself."""
    times = iter([datetime.fromisoformat(event["createdAt"]) for event in events])
    first = events[0]["payload"]
    with MarketRecorder(place, clock=lambda: next(times)) as recorder:
        run = recorder.begin_run(
            first["scenarioVersion"],
            seed=first["seed"],
            config=first["config"],
            run_id=events[0]["runId"],
            ticks_per_commit=50,
        )
        for event in events:
            kind, tick = event["eventType"], event["tickId"]
            if kind == "TICK_START":
                run.begin_tick(tick)
            elif kind == "TICK_END":
                run.end_tick(tick)
            elif kind not in OWN:
                run.record(kind, tick, {_snake(k): v for k, v in event["payload"].items()})
        run.finish()


def _snake(key: str) -> str:
    return re.sub("[A-Z]", lambda m: f"_{m[0].lower()}", key)


def decoded(lines: Iterable[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def recorded(
    shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, Any]]]:
    """The real run recorded anew, and its real events."""
    with gzip.open(shared_data / "moltmarket" / "events.jsonl.gz", "rt") as file:
        events = decoded(file)
    path = tmp_path_factory.mktemp("again") / "again.db"
    told_again(str(path), events)
    return path, events


def check_log(path: Path, events: list[dict[str, Any]]) -> None:
    columns = "tick_id, event_seq, event_type, agent_id, payload, prev_hash, event_hash"
    found = query(path, f"SELECT {columns}, created_at FROM events ORDER BY event_seq")
    keys = ("tickId", "eventSeq", "eventType", "agentId", "payload", "prevHash", "eventHash")
    assert [(*row[:4], json.loads(row[4]), *row[5:7]) for row in found] == [
        tuple(event[key] for key in keys) for event in events
    ]
    assert [row[7] for row in found] == [
        event["createdAt"].replace("T", " ").removesuffix("Z") for event in events
    ]


def test_every_event_gets_the_hash_that_its_producer_gave_it(
    recorded: tuple[Path, list[dict[str, Any]]],
) -> None:
    check_log(*recorded)


def test_a_run_with_bankruptcies_and_rate_limits_gets_its_hashes_too(
    shared_data: Path, tmp_path: Path
) -> None:
    native = shared_data / "moltmarket" / "native_run"
    with (native / "events.jsonl").open(encoding="utf-8") as file:
        events = decoded(file)
    path = tmp_path / "again.db"
    told_again(str(path), events)
    check_log(path, events)
    summary = json.loads((native / "summary.json").read_text())
    sql = "SELECT event_count, last_event_hash FROM runs"
    assert query(path, sql) == [(summary["event_count"], summary["final_event_hash"])]
    columns = ("id", "cash_balance", "asset_balance", "status", "bankrupt_at_tick")
    with opened(path) as source:
        agents = {row[0]: row[1:] for row in rows(source, summary["run_id"], "agents", *columns)}
    assert agents == {
        a["agent_id"]: (
            Decimal(a["cash_balance"]),
            Decimal(a["asset_balance"]),
            a["status"],
            a["bankrupt_at_tick"],
        )
        for a in json.loads((native / "agents.json").read_text())
    }


def test_a_run_is_written_as_the_folder_that_its_producer_wrote(
    shared_data: Path, tmp_path: Path
) -> None:
    real, again = shared_data / "moltmarket" / "native_run", tmp_path / "again"
    with (real / "events.jsonl").open(encoding="utf-8") as file:
        events = decoded(file)
    told_again(str(tmp_path / "again.db"), events)
    with MarketRecorder(tmp_path / "again.db") as recorder:
        recorder.write_folder(events[0]["runId"], again)
    for name in ("events.jsonl", "trades.jsonl"):
        with (real / name).open(encoding="utf-8") as file, (again / name).open() as mine:
            assert decoded(mine) == decoded(file)
    told = {
        name: json.loads((again / name).read_text()) for name in ("agents.json", "summary.json")
    }
    assert told["agents.json"] == json.loads((real / "agents.json").read_text())
    summary = json.loads((real / "summary.json").read_text())
    unlike = {"saved_at", "seed", "config"}  # the producer forgets the seed and most settings
    assert {k: v for k, v in told["summary.json"].items() if k not in unlike} == {
        k: v for k, v in summary.items() if k not in unlike
    }
    assert summary["config"].items() <= told["summary.json"]["config"].items()


@pytest.fixture(scope="module")
def dump(server: Server, shared_data: Path) -> str:
    return server.create(
        gzip.decompress((shared_data / "moltmarket/run.sql.gz").read_bytes()).decode()
    )


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("runs", "id seed scenario_version status current_tick event_count last_event_hash"),
        ("agents", "id name cash_balance asset_balance status actions_this_tick bankrupt_at_tick"),
        ("orders", "id agent_id side price quantity filled_quantity status tick_created "
         "sequence_num"),
        ("trades", "id tick_id price quantity bid_order_id ask_order_id bid_agent_id ask_agent_id "
         "fee_total"),
        ("metrics_snapshots", "agent_id tick_id cash_balance asset_balance equity pnl pnl_pct "
         "drawdown max_equity trade_count order_count reject_count"),
    ],
)  # fmt: skip
def test_every_table_is_what_the_producer_has_in_it(
    recorded: tuple[Path, list[dict[str, Any]]], dump: str, table: str, columns: str
) -> None:
    path, events = recorded
    run_id = events[0]["runId"]
    found = []
    for place in (str(path), dump):
        with opened(place) as source:
            found.append(sorted(rows(source, run_id, table, *columns.split()), key=str))
    assert found[0] == found[1]
    assert found[0]
