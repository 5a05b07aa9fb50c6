"""Bands are what SQL finds over all rows, however many connections read them."""

import math
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

import telemetry
from telemetry.analysis import comparison
from telemetry.analysis.chosen import MANY, every_run
from telemetry.answers import bands_of_runs
from telemetry.cancel import CancelToken
from telemetry.concepts import TickRange
from telemetry.engines import together
from telemetry.errors import QueryCancelled
from telemetry.queries import BandQuery, BandsQuery, Query
from telemetry.source import Source
from tests.builders import vmt
from tests.builders.answers import same

TICKS = 400


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """λ of agents that enter late, are away for a while, and have NULL at some ticks."""
    path = vmt.create("money", tmp_path_factory.mktemp("bands") / "bands.db")
    connection = vmt.connect(path)
    rows = [
        (tick, agent, None if (tick + agent) % 7 == 0 else (tick * 31 % 97) / 7 + agent)
        for tick in range(3, TICKS)
        for agent in range(5)
        if tick >= agent * 20 and not (agent == 2 and 100 <= tick < 160) and tick not in (50, 51)
    ]
    with connection:
        connection.execute("INSERT INTO simulation_runs (scenario_name) VALUES ('a')")
        connection.executemany(
            "INSERT INTO agent_snapshots (run_id, tick, agent_id, x, y, inventory_A, inventory_B, "
            "utility, lambda_money) VALUES (1, ?, ?, 0, 0, 0, 0, 0, ?)",
            rows,
        )
    connection.close()
    return path


@pytest.fixture
def source(database: Path) -> Iterator[Source]:
    source = telemetry.open_source(database)
    yield source
    source.close()


def _by_sql(path: Path, ticks: str = "1") -> list[tuple[float, ...]]:
    found = vmt.query(
        path,
        "SELECT tick, count(lambda_money), avg(lambda_money), min(lambda_money), "
        f"max(lambda_money) FROM agent_snapshots WHERE run_id = 1 AND {ticks} GROUP BY tick",
    )
    return [tuple(math.nan if v is None else float(str(v)) for v in row) for row in found]


def _rows(source: Source, ticks: TickRange | None = None) -> list[tuple[float, ...]]:
    band = source.ask(BandQuery(1, "lambda_money", ticks))
    columns = (band.tick, band.count, band.mean, band.low, band.high)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@pytest.mark.parametrize("readers", [1, 4])
def test_a_band_is_what_sql_finds_however_many_read(
    source: Source, database: Path, monkeypatch: pytest.MonkeyPatch, readers: int
):
    monkeypatch.setattr(together, "MOST_READERS", readers)
    monkeypatch.setattr(together.os, "cpu_count", lambda: 8)
    np.testing.assert_array_equal(_rows(source), _by_sql(database))
    some = _rows(source, TickRange(40, 333))
    np.testing.assert_array_equal(some, _by_sql(database, "tick BETWEEN 40 AND 333"))


def test_beside_a_writer_one_connection_reads_alone(database: Path, tmp_path: Path):
    path = tmp_path / "live.db"
    path.write_bytes(database.read_bytes())
    with closing(vmt.connect(path)) as writer:
        for price in (5.0, 6.0):  # the first transaction leaves readers no mark to read at
            with writer:
                writer.execute("UPDATE agent_snapshots SET lambda_money = ? WHERE id = 9", [price])
        source = telemetry.open_source(path)
        try:
            threads = _threads_during(source)
            assert threads == {threading.current_thread().name}
            np.testing.assert_array_equal(_rows(source), _by_sql(path))
        finally:
            source.close()


def _threads_during(source: Source) -> set[str]:
    seen: set[str] = set()
    token = CancelToken(lambda *_: seen.add(threading.current_thread().name))
    source.ask(BandQuery(1, "lambda_money"), token)
    return seen


def test_values_that_are_no_numbers_are_left_out_and_said(database: Path, tmp_path: Path):
    path = tmp_path / "odd.db"
    path.write_bytes(database.read_bytes())
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE agent_snapshots SET lambda_money = 'odd' WHERE tick = 70")
        connection.execute("PRAGMA journal_mode=DELETE")
    source = telemetry.open_source(path)
    try:
        band = source.ask(BandQuery(1, "lambda_money"))
    finally:
        source.close()
    assert band.notes == ("Values of lambda_money that are no numbers are left out.",)
    at = band.tick.tolist().index(70)
    assert band.count[at] == 0
    assert np.isnan(band.mean[at])
    rest = [row for row in _by_sql(database) if row[0] != 70]
    np.testing.assert_array_equal(np.delete(band.mean, at), [row[2] for row in rest])


def test_a_band_says_how_far_it_is_and_can_be_cancelled(source: Source):
    told: list[tuple[int, int | None, str]] = []

    def stop(done: int, total: int | None, what: str) -> None:
        told.append((done, total, what))
        token.cancel()

    token = CancelToken(stop)
    with pytest.raises(QueryCancelled):
        source.ask(BandQuery(1, "lambda_money"), token)
    assert told[0][1:] == (TICKS - 3, "ticks")
    whole = source.ask(BandQuery(1, "lambda_money"))
    assert same(whole, source.ask(BandQuery(1, "lambda_money")))


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Twelve runs, some of them odd: what a run's rows alone do not tell, and what they do."""
    path = vmt.create("money", tmp_path / "runs.db")
    odd = {4: None, 5: "odd", 6: 1.5, 7: 0.0}  # 3 has no rows at all; 0 is the default of nothing
    with closing(vmt.connect(path)) as connection, connection:
        for run_id in range(1, 13):
            connection.execute(
                "INSERT INTO simulation_runs (scenario_name, money_scale) VALUES ('a', ?)",
                [100 if run_id == 8 else 1],
            )
            connection.executemany(
                "INSERT INTO agent_snapshots (run_id, tick, agent_id, x, y, inventory_A, "
                "inventory_B, inventory_M, utility, lambda_money) "
                "VALUES (?, ?, ?, 0, 0, ?, 0, ?, 0, ?)",
                [
                    (run_id, 2 * tick, agent, tick * run_id, 0 if run_id == 9 else 7 * tick,
                     odd.get(run_id, tick / 7 + agent + run_id))
                    for tick in reversed(range(30)) for agent in range(3) if run_id != 3
                ],
            )  # fmt: skip
        connection.execute("UPDATE agent_snapshots SET tick = 3.5 WHERE run_id = 10 AND tick = 4")
        connection.execute("UPDATE agent_snapshots SET lambda_money = NULL WHERE run_id = 11 "
                           "AND tick = 6")  # fmt: skip
    return path


@pytest.mark.parametrize("at_once", [2, 50])
@pytest.mark.parametrize("measure", ["lambda_money", "inventory_M", "inventory_A", "p_min"])
def test_bands_of_many_runs_are_those_of_each(
    runs: Path, monkeypatch: pytest.MonkeyPatch, measure: str, at_once: int
):
    monkeypatch.setattr(bands_of_runs, "AT_ONCE", at_once)
    monkeypatch.setattr(bands_of_runs, "KEPT", 6)
    source = telemetry.open_source(runs)
    asked = (12, *range(1, 12), 77)
    told: list[tuple[int, int | None, str]] = []
    found = source.ask(BandsQuery(asked, measure), CancelToken(lambda *said: told.append(said)))
    for place, run_id in enumerate(asked):
        alone = source.ask(BandQuery(run_id, measure))
        assert same(found.of(place), alone), run_id
    assert found.of(0).measure.recorded is (measure != "p_min")
    assert not told or told[-1] == (13, 13, "runs")
    source.close()


def test_curves_of_many_runs_take_few_statements(runs: Path, monkeypatch: pytest.MonkeyPatch):
    source = telemetry.open_source(runs)
    chosen = [run for run in every_run(source) if run.run_id in (1, 2, *range(6, 10), 11, 12)]
    assert len(chosen) == MANY
    asked: list[Query[object]] = []
    ask = source.ask
    monkeypatch.setattr(
        source, "ask", lambda query, token: asked.append(query) or ask(query, token)
    )
    together = comparison.curves(chosen, "lambda_money")
    assert [type(query) for query in asked] == [BandsQuery]
    monkeypatch.setattr(comparison, "MANY", 99)
    assert same(comparison.curves(chosen, "lambda_money"), together)
    monkeypatch.setattr(comparison, "MANY", MANY)
    monkeypatch.setattr(comparison, "SHORT_RUN", 20)  # a long run is read by several connections
    asked.clear()
    assert same(comparison.curves(chosen, "lambda_money"), together)
    assert {type(query) for query in asked} == {BandQuery}
    source.close()


def test_no_runs_have_no_bands(source: Source):
    found = source.ask(BandsQuery((), "lambda_money"))
    with pytest.raises(IndexError):
        found.of(0)
