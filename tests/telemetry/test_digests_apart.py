"""Digests of ticks: they suspect every tick that differs, and tell a change of places from one."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import duckdb
import pytest

from telemetry.analysis import digests_apart
from telemetry.analysis.chosen import every_run
from telemetry.analysis.digests_apart import Suspects, suspects
from telemetry.analysis.divergence import first_divergence
from telemetry.cancel import CancelToken
from telemetry.detect import open_source
from telemetry.queries import DigestQuery
from tests.builders import simcash, vmt

STATES = ("tick", "agent_id", "x", "utility", "lambda_money", "utility_type")


@pytest.fixture(autouse=True)
def _small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests_apart, "LARGE", 1)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    first = vmt.build("money_full", tmp_path / "first.db", runs=1, ticks=30, agents=4)
    second = tmp_path / "second.db"
    shutil.copy(first, second)
    with sqlite3.connect(second) as connection:
        for statement in (
            "UPDATE agent_snapshots SET id = -id WHERE tick = 12",
            "UPDATE agent_snapshots SET utility = utility + 1e-9 WHERE tick = 17 AND agent_id = 2",
            "UPDATE agent_snapshots SET lambda_money = NULL WHERE tick = 19 AND agent_id = 1",
            "UPDATE agent_snapshots SET utility_type = '' WHERE tick = 20 AND agent_id = 0",
            "DELETE FROM agent_snapshots WHERE tick = 29",
        ):
            assert connection.execute(statement).rowcount > 0
    connection.close()
    return first, second


def suspected(first: Path, second: Path, table: str, columns: tuple[str, ...]) -> Suspects | None:
    sources = [open_source(str(path)) for path in (first, second)]
    try:
        one, other = (every_run(source)[0] for source in sources)
        queries = [DigestQuery(run.run_id, table, columns) for run in (one, other)]
        return suspects((one, other), (queries[0], queries[1]), CancelToken())
    finally:
        for source in sources:
            source.close()


def test_every_tick_that_differs_is_suspected_and_a_change_of_places_is_told(pair):
    rows = 2 * 4 * (30 - 4)
    found = suspected(*pair, "agent_snapshots", STATES)
    assert found == Suspects((17, 19, 20, 29), (12,), rows)


def test_two_equal_rows_in_place_of_two_others_do_not_cancel_out(pair):
    for path, x in zip(pair, (5, 6), strict=True):
        with sqlite3.connect(path) as connection:
            connection.execute(
                "UPDATE agent_snapshots SET agent_id = 0, x = ?, utility = 1.0, lambda_money = 1.0,"
                " utility_type = 'ces' WHERE tick = 3", (x,),
            )  # fmt: skip
        connection.close()
    assert suspected(*pair, "agent_snapshots", STATES).ticks[0] == 3


def test_values_that_two_agents_exchange_do_not_cancel_out(pair):
    with sqlite3.connect(pair[0]) as connection:
        for agent, x in ((0, 7), (1, 8)):
            connection.execute(
                "UPDATE agent_snapshots SET x = ? WHERE tick = 3 AND agent_id = ?", (x, agent)
            )
    connection.close()
    shutil.copy(pair[0], pair[1])
    with sqlite3.connect(pair[1]) as connection:
        connection.execute("UPDATE agent_snapshots SET x = 15 - x WHERE tick = 3 AND agent_id < 2")
    connection.close()
    assert suspected(*pair, "agent_snapshots", STATES).ticks == (3,)


def test_duckdb_works_out_its_own(tmp_path: Path):
    first = simcash.unified(tmp_path / "first.db")
    second = tmp_path / "second.db"
    shutil.copy(first, second)
    columns = ("tick", "event_type", "details")
    assert suspected(first, second, "simulation_events", columns).ticks == ()
    with duckdb.connect(str(second)) as connection:
        (tick,) = connection.execute("SELECT max(tick) FROM simulation_events").fetchone()
        connection.execute("UPDATE simulation_events SET details = '{}' WHERE tick = ?", (tick,))
    assert suspected(first, second, "simulation_events", columns).ticks == (tick,)


def test_a_divergence_is_the_same_with_digests_as_without(pair, monkeypatch):
    def told() -> object:
        sources = [open_source(str(path)) for path in pair]
        try:
            return first_divergence(*(every_run(source)[0] for source in sources))
        finally:
            for source in sources:
                source.close()

    monkeypatch.setattr(digests_apart, "LARGE", 110)  # the agents' states alone
    with_digests = told()
    monkeypatch.setattr(digests_apart, "LARGE", 1_000_000)
    without = told()
    assert (with_digests.kind, with_digests.first, with_digests.reordered) == (
        without.kind, without.first, without.reordered,
    )  # fmt: skip
    assert with_digests.first.tick == 17
