"""A server's planner decides how a pass over all rows is read, which gives what SQL finds in any
case: a band in stretches, by several sessions of one state; agents one after the other."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from telemetry.answers import agents, passes
from telemetry.cancel import CancelToken
from telemetry.concepts import TickRange
from telemetry.engines import together
from telemetry.engines.postgresql import PostgreSQLDatabase
from telemetry.errors import QueryCancelled
from telemetry.location import parse_location
from telemetry.queries import AgentsQuery, BandQuery, BandsQuery, SettlingQuery, SplitQuery
from telemetry.source import Source
from tests.builders.answers import same
from tests.builders.postgresql import Server
from tests.telemetry.laid_out import executed, filled, opened

TICKS, AGENTS = 400, 30
FILL = f"""
INSERT INTO simulation_runs (scenario_name, start_time) VALUES ('a', '2026-01-01');
INSERT INTO tick_states (run_id, tick, current_mode, exchange_regime, active_pairs)
SELECT 1, t, 'both', 'mixed', '[]' FROM generate_series(0, {TICKS - 1}) t;
INSERT INTO agent_snapshots
(run_id, tick, agent_id, x, y, "inventory_A", "inventory_B", utility, lambda_money, lambda_changed,
"ask_A_in_B", "bid_A_in_B", "ask_A_in_M", "bid_A_in_M", "ask_B_in_M", "bid_B_in_M", p_min, p_max)
SELECT 1, t, a, 0, 0, 0, 0, t, CASE WHEN (t + a) % 7 > 0 THEN (t * 31 % 97) / 7.0 + a END, 0,
1, 1, 1, 1, 1, 1, 1, 1
FROM generate_series(3, {TICKS - 1}) t, generate_series(0, {AGENTS - 1}) a
WHERE t >= a * 9 AND t NOT IN (50, 51);
"""
AGGREGATE = (
    "SELECT tick, count({0}), avg({0}), min({0}), max({0}) FROM agent_snapshots WHERE {1}"
    " GROUP BY tick ORDER BY tick"
)
ALL_VISIBLE = (
    "SELECT relallvisible > 0.9 * relpages FROM pg_class WHERE relname = 'agent_snapshots'"
)
"""Without which the planner would not read an index alone."""
NUMBER = "CASE WHEN lambda_money <> 'NaN' THEN lambda_money END"


@pytest.fixture(autouse=True)
def readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three readers, and no run is too small for them."""
    monkeypatch.setattr(passes, "WORTH", 0.0)
    monkeypatch.setattr(together.os, "cpu_count", lambda: 3)


@pytest.fixture(scope="module")
def url(server: Server) -> str:
    return _laid_out(server)


def _laid_out(server: Server, more: str = "") -> str:
    url = filled(server, f"{FILL}{more}")
    name = parse_location(url).name
    deadline = time.monotonic() + 20
    while server.run(name, f"VACUUM ANALYZE; {ALL_VISIBLE}").strip() != "t":
        assert time.monotonic() < deadline
        time.sleep(0.1)  # a commit that is not forced to disk gets there by and by
    return url


@pytest.fixture
def source(url: str) -> Iterator[Source]:
    with opened(url) as found:
        yield found


def _by_sql(server: Server, url: str, ticks: str = "true", value: str = NUMBER) -> Any:
    printed = server.run(parse_location(url).name, AGGREGATE.format(value, ticks))
    rows = [line.split("|") for line in printed.splitlines()]
    return np.array([[float(cell) if cell else math.nan for cell in row] for row in rows])


def _band(source: Source, ticks: TickRange | None = None, measure: str = "lambda_money") -> Any:
    band = source.ask(BandQuery(1, measure, ticks))
    return np.column_stack([band.tick, band.count, band.mean, band.low, band.high])


def _sessions(asked: list[tuple[int, str]]) -> list[int]:
    """The sessions of the statements that add up."""
    return [session for session, text in asked if "avg(" in text and "EXPLAIN" not in text]


@pytest.mark.parametrize("ticks", [None, TickRange(40, 333), TickRange(0, 9)])
def test_stretches_are_what_sql_finds(
    server: Server, url: str, source: Source, ticks: TickRange | None
) -> None:
    inside = "true" if ticks is None else f"tick BETWEEN {ticks.first} AND {ticks.last}"
    with executed() as asked:
        np.testing.assert_allclose(_band(source, ticks), _by_sql(server, url, inside), rtol=1e-14)
    stretches = 1 if ticks == TickRange(0, 9) else passes.PLANNED_PARTS
    assert len(_sessions(asked)) == stretches
    assert len(set(_sessions(asked))) == min(3, stretches)


def test_what_no_index_holds_is_read_at_once(server: Server, url: str, source: Source) -> None:
    with executed() as asked:
        wanted = _by_sql(server, url, value="utility")
        np.testing.assert_allclose(_band(source, measure="utility"), wanted, rtol=1e-14)
    assert len(_sessions(asked)) == 1


def test_without_any_index_it_is_read_at_once(server: Server) -> None:
    names = "idx_agent_snapshots_money, idx_agent_snapshots_run_tick, idx_agent_snapshots_agent"
    url = _laid_out(server, f"DROP INDEX IF EXISTS {names};")
    left = "SELECT count(*) FROM pg_indexes WHERE indexdef LIKE '%agent_snapshots%tick%'"
    assert server.run(parse_location(url).name, left).strip() == "0"
    with opened(url) as source, executed() as asked:
        np.testing.assert_allclose(_band(source), _by_sql(server, url), rtol=1e-14)
    assert len(_sessions(asked)) == 1


def test_little_is_read_at_once(url: str, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passes, "WORTH", 10_000.0)
    with executed() as asked:
        _band(source)
    assert len(_sessions(asked)) == 1


def test_nan_is_left_out_of_every_pass(server: Server) -> None:
    odd = """
    UPDATE agent_snapshots SET lambda_money = 'NaN' WHERE tick IN (70, 71) AND agent_id = 0;
    UPDATE agent_snapshots SET lambda_money = 'NaN' WHERE tick = 8;
    """
    with opened(_laid_out(server, odd)) as source, opened(_laid_out(server, odd.replace(
        "'NaN'", "NULL"))) as other:  # fmt: skip
        band = source.ask(BandQuery(1, "lambda_money"))
        np.testing.assert_allclose(_band(source), _band(other), rtol=1e-14)
        assert not np.isnan(band.high[band.tick == 70]).any()
        assert (band.count[band.tick == 8], band.notes) == (0, ())
        for query in (
            BandsQuery((1,), "lambda_money"),
            SettlingQuery(1, "lambda_money", epsilon=0.5),
            SplitQuery(1, ("mode",), measures=("lambda_money",)),
        ):
            assert same(*(each.ask(query) for each in (source, other)))


def test_sessions_beside_each_other_see_one_state(server: Server, url: str) -> None:
    database, name = PostgreSQLDatabase(parse_location(url)), parse_location(url).name
    count = sa.text("SELECT count(*) FROM simulation_runs")
    try:
        with database.connection() as first:
            begun = first.execute(count).scalar_one()
            server.run(name, "INSERT INTO simulation_runs (scenario_name) VALUES ('later')")
            with database.beside(first, CancelToken()) as second:
                assert second is not None
                assert second.connection.driver_connection is not first.connection.driver_connection
                assert first.execute(count).scalar_one() == begun
                assert second.execute(count).scalar_one() == begun
                with pytest.raises(sa.exc.InternalError, match="read-only"):
                    second.execute(sa.text("DELETE FROM simulation_runs"))
        with database.connection() as third:
            assert third.execute(count).scalar_one() == begun + 1
    finally:
        database.close()


ROOM_FOR_ONE = "ALTER ROLE one_reader CONNECTION LIMIT 1"
NO_SNAPSHOTS = "REVOKE EXECUTE ON FUNCTION pg_export_snapshot() FROM PUBLIC"
ROWS_ELSEWHERE = """
CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER other FOREIGN DATA WRAPPER elsewhere;
CREATE FOREIGN TABLE far (n int) SERVER other
"""


@pytest.mark.parametrize("why", [ROOM_FOR_ONE, NO_SNAPSHOTS, ROWS_ELSEWHERE])
def test_where_no_other_session_can_be_one_reads_all(server: Server, why: str) -> None:
    role = "DROP ROLE IF EXISTS one_reader; CREATE ROLE one_reader LOGIN IN ROLE pg_read_all_data;"
    url = _laid_out(server)
    name = parse_location(url).name
    server.run("postgres", role)
    server.run(name, why)
    with opened(server.url(name, "one_reader")) as source, executed() as asked:
        np.testing.assert_allclose(_band(source), _by_sql(server, url), rtol=1e-14)
    assert len(_sessions(asked)) == passes.PLANNED_PARTS
    assert len(set(_sessions(asked))) == 1


def test_a_cancel_ends_all_sessions(source: Source) -> None:
    told: list[tuple[int, int | None, str]] = []

    def stop(*said: Any) -> None:
        told.append(said)
        token.cancel()

    token = CancelToken(stop)
    with pytest.raises(QueryCancelled):
        source.ask(BandQuery(1, "lambda_money"), token)
    assert told[0][1:] == (TICKS - 3, "ticks")


def test_agents_are_found_one_after_the_other_where_that_costs_less(
    url: str, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for step, way in ((0.0, "WITH RECURSIVE"), (1e9, "GROUP BY")):
        monkeypatch.setattr(agents, "A_STEP", step)
        with executed() as asked:
            found.append(source.ask(AgentsQuery(1)))
        assert way in asked[-1][1]
    assert found[0] == found[1]
    assert [agent.agent_id for agent in found[0]] == list(range(AGENTS))
    assert found[0][20].first_tick == 180
