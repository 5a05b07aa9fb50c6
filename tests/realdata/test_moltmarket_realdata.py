"""The real MoltMarket run: the server's dump, its log, its tampered copies, and the oracle."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import telemetry
from telemetry.queries import (
    CountQuery,
    FacetQuery,
    OrderBookQuery,
    RunsQuery,
    SeriesQuery,
    SummaryQuery,
    TableQuery,
    VerifyQuery,
)
from telemetry.source import Source
from tests.builders.postgresql import running

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def folder(shared_data: Path) -> Path:
    return shared_data / "moltmarket"


@pytest.fixture(scope="module")
def dump(folder: Path) -> Iterator[str]:
    with running() as server:
        yield server.create(gzip.decompress((folder / "run.sql.gz").read_bytes()).decode())


@pytest.fixture(params=["server", "log"])
def source(request: pytest.FixtureRequest, folder: Path) -> Source:
    if request.param == "server":
        return telemetry.open_source(request.getfixturevalue("dump"))
    return telemetry.open_source(folder / "events.jsonl.gz")


def only_run(source: Source) -> Any:
    (run,) = source.ask(RunsQuery()).runs
    return run.run_id


def test_counts_equal_the_producers_own(source: Source, folder: Path):
    facts = json.loads((folder / "facts.json").read_text())["run"]
    run = only_run(source)
    types = dict(source.ask(FacetQuery(run, "events", "event_type")).values)
    assert types == facts["types"]
    assert source.ask(CountQuery(run, "trades")) == facts["trades"]
    assert source.ask(CountQuery(run, "attempts")) == facts["types"]["ORDER_REJECTED"]
    sides = {g[0]: g[1] for g in source.ask(SummaryQuery(run, "trades")).groups}
    assert sides["self-trade"] == facts["self_trades"]
    total = source.ask(SummaryQuery(run, "trades")).total
    assert (str(total[2]), str(total[5])) == (facts["volume"], facts["fees"])


def test_book_and_standings_equal_the_oracle_at_each_of_its_ticks(source: Source, folder: Path):
    run = only_run(source)
    for expected in json.loads((folder / "oracle.json").read_text()):
        book = source.ask(OrderBookQuery(run, expected["after_tick"]))
        for side, levels in (("bids", book.bids), ("asks", book.asks)):
            shown = [[f"{x.price:.8f}", f"{x.quantity:.8f}"] for x in levels]
            assert shown == expected[side][:10], (expected["after_tick"], side)
        for name in ("mid", "spread", "last_price"):
            value = getattr(book, name)
            assert (None if value is None else f"{value:.8f}") == expected[name]
        standings = [
            {
                "name": s.name,
                "equity": f"{s.equity:.8f}",
                "pnl": f"{s.pnl:.8f}",
                "pnl_pct": f"{s.pnl_pct:.2f}",
            }
            for s in book.standings
        ]
        assert standings == expected["leaderboard"]
        balances = {s.name: [f"{s.cash:.8f}", f"{s.asset:.8f}"] for s in book.standings}
        assert balances == expected["balances"]


def test_the_chain_is_sound_and_ends_where_the_run_row_says(source: Source, folder: Path):
    facts = json.loads((folder / "facts.json").read_text())["run"]
    verdict = source.ask(VerifyQuery(only_run(source)))
    assert (verdict.sound, verdict.checked) == (True, facts["events"])


@pytest.mark.parametrize(
    ("name", "broken"), [("payload", 3044), ("deleted", 5000), ("rehash_one", 6001)]
)
def test_each_tampered_copy_is_found_at_its_event(folder: Path, name: str, broken: int):
    source = telemetry.open_source(folder / f"tampered_{name}.jsonl.gz")
    verdict = source.ask(VerifyQuery(only_run(source)))
    assert (verdict.sound, verdict.broken_at) == (False, broken)


def test_the_producers_folder_opens_with_its_own_final_standings(folder: Path):
    native = folder / "native_run"
    source = telemetry.open_source(native)
    run = only_run(source)
    summary = json.loads((native / "summary.json").read_text())
    assert source.ask(CountQuery(run, "trades")) == summary["total_trades"]
    assert source.ask(VerifyQuery(run)).sound
    agents = {a["agent_id"]: a for a in json.loads((native / "agents.json").read_text())}
    page = source.ask(TableQuery(run, "agents", columns=("id", "cash_balance", "bankrupt_at_tick")))
    shown = {row[0]: (f"{row[1]:.8f}", row[2]) for row in page.rows}
    assert shown == {k: (a["cash_balance"], a["bankrupt_at_tick"]) for k, a in agents.items()}


def test_equity_of_the_snapshots_is_plotted_per_agent(dump: str):
    source = telemetry.open_source(dump)
    series = source.ask(SeriesQuery(only_run(source), "equity"))
    assert len(series.lines) == 10
    assert sum(len(line.tick) for line in series.lines) == 2010


def test_metrics_rebuilt_from_the_log_equal_every_snapshot(dump: str, folder: Path):
    stored, log = telemetry.open_source(dump), telemetry.open_source(folder / "events.jsonl.gz")
    for measure in (m.name for m in stored.measures):
        kept = stored.ask(SeriesQuery(only_run(stored), measure))
        rebuilt = log.ask(SeriesQuery(only_run(log), measure))
        assert (kept.measure.rebuilt, rebuilt.measure.rebuilt) == ("", "rebuilt from events")
        values = {line.agent_id: dict(zip(line.tick, line.value, strict=True))
                  for line in rebuilt.lines}  # fmt: skip
        for line in kept.lines:
            for tick, value in zip(line.tick, line.value, strict=True):
                assert values[line.agent_id][tick] == value, (measure, line.agent_id, tick)
