"""Transactions that are sent to a PostgreSQL server without waiting for it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.queries import VerifyQuery
from tests.builders.killing import nursery
from tests.builders.postgresql import Server
from tests.builders.simcash_rows import SETTING
from tests.telemetry.markets import Player
from tests.telemetry.test_vmt_recorder import AGENT, TRADE

TOGETHER = 4
KILLED = f"""
from telemetry.families.vmt.recorder import VmtRecorder
from tests.telemetry.test_vmt_recorder import TRADE

def work(place, name):
    with VmtRecorder(place) as recorder:
        run = recorder.begin_run(name, exchange_regime="mixed", ticks_per_commit={TOGETHER})
        for tick in range(10**6):
            for _ in range(3):
                run.log_trade(tick, **TRADE)
            run.end_tick(tick)
            say(tick)
"""


def found(server: Server, url: str, sql: str) -> list[str]:
    return server.run(url.split("@/")[1].split("?")[0], sql).splitlines()


def test_a_killed_recorder_has_lost_fewer_ticks_than_it_commits_together(server: Server):
    url = server.create()
    VmtRecorder(url).close()
    with nursery(KILLED) as children:
        said = [children.kill_after(number + 5, url, f"run {number}") for number in range(10)]
    for run, last in enumerate(said, 1):
        whole = f"SELECT tick, count(*) FROM trades WHERE run_id = {run} GROUP BY 1 ORDER BY 1"
        ticks = found(server, url, whole)
        assert ticks == [f"{tick}|3" for tick in range(len(ticks))]
        assert last is not None
        assert len(ticks) > last + 1 - TOGETHER


def test_what_the_server_refuses_is_said_at_the_latest_when_the_run_is_finished(server: Server):
    url = server.create()
    with VmtRecorder(url) as recorder:
        run = recorder.begin_run("r", exchange_regime="mixed", ticks_per_commit=2)
        run.log_trade(0, **TRADE)
        run.end_tick(0)
        found(server, url, "ALTER TABLE trades ADD CHECK (tick <> 1)")
        run.log_trade(1, **TRADE)

        def go_on() -> None:
            run.end_tick(1)  # fails already where the server has answered by then
            run.finish()

        with pytest.raises(RecordingError, match=r"^Cannot write to postgresql://.*violates check"):
            go_on()
        with pytest.raises(RecordingError, match="stopped when a write failed"):
            run.log_trade(2, **TRADE)
        with recorder.begin_run("again", exchange_regime="mixed") as again:
            again.log_trade(0, **TRADE)
            again.end_tick(0)
    assert found(server, url, "SELECT run_id, tick FROM trades") == ["1|0", "2|0"]
    assert found(server, url, "SELECT count(*) FROM simulation_runs WHERE end_time IS NULL") == [
        "1"
    ]


def test_a_lost_connection_is_one_sentence_where_ticks_are_on_their_way(server: Server):
    url = server.create()
    with VmtRecorder(url) as recorder:
        run = recorder.begin_run("r", exchange_regime="mixed", ticks_per_commit=2)
        run.log_trade(0, **TRADE)
        run.end_tick(0)
        assert server.drop_connections(url.split("/")[3].split("?")[0]) == 1
        run.log_trade(1, **TRADE)
        with pytest.raises(RecordingError, match=r"^Cannot write to postgresql://") as failure:
            run.end_tick(1)
        assert "\n" not in str(failure.value)
        assert recorder._target.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_texts_arrive_as_they_are_whatever_arrays_mean_by_them(server: Server):
    url = server.create()
    odd = ['"', "\\", "{,}", "NULL", "", "a\tb\nc", "Å€😀", "'", None]
    with SimCashRecorder(url) as recorder:
        with recorder.begin_run(SETTING, simulation_id="r", ticks_per_commit=2) as run:
            for text in odd:
                run.log_event(0, "Odd", {"text": text}, agent_id=text)
            run.end_tick(0)
    told = "SELECT details::json ->> 'text' IS NOT DISTINCT FROM agent_id, count(*), "
    same = told + "count(agent_id) FROM simulation_events GROUP BY 1"
    assert found(server, url, same) == [f"t|{len(odd)}|{len(odd) - 1}"]
    kept = "SELECT to_json(agent_id) FROM simulation_events ORDER BY event_timestamp"
    assert [line or None for line in found(server, url, kept)] == [
        '"\\""', '"\\\\"', '"{,}"', '"NULL"', '""', '"a\\tb\\nc"', '"Å€😀"', '"\'"', None,
    ]  # fmt: skip


def test_numbers_arrive_to_the_last_digit_also_infinite_ones(server: Server):
    url = server.create()
    odd = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 123456789012345.67]
    with VmtRecorder(url) as recorder:
        with recorder.begin_run("r", exchange_regime="mixed", ticks_per_commit=2) as run:
            for agent, (number, price) in enumerate(zip(odd, [*odd[1:], None], strict=True)):
                row = {**AGENT, "agent_id": agent, "utility": number, "p_min": price}
                run.log_agent_snapshot(0, **{**row, "p_max": math.inf, "ask_A_in_M": -math.inf})
            run.end_tick(0)
    kept = "SELECT utility, p_min, p_max, ask_A_in_M FROM agent_snapshots ORDER BY agent_id"
    told = found(server, url, kept.replace("ask_A_in_M", '"ask_A_in_M"'))
    lines = [[float(cell) if cell else None for cell in line.split("|")] for line in told]
    assert [line[0] for line in lines] == odd
    assert [line[1] for line in lines] == [*odd[1:], None]
    assert {tuple(line[2:]) for line in lines} == {(math.inf, -math.inf)}


def test_a_market_sent_ahead_is_chained_as_one_that_is_waited_for(server: Server, tmp_path: Path):
    url, plain = server.create(), str(tmp_path / "plain.db")
    for place in (url, plain):
        with MarketRecorder(place) as recorder:
            with recorder.begin_run("v1", seed=1, run_id="r", ticks_per_commit=4) as run:
                Player(run, 7, agents=5).play(range(11))
        source = telemetry.open_source(place)
        try:
            verdict = source.ask(VerifyQuery("r"))
        finally:
            source.close()
        assert (verdict.sound, verdict.problem) == (True, "")
        assert verdict.checked > 50
        with MarketRecorder(place) as recorder:
            recorder.rebuild("r")


def test_a_market_that_another_program_went_on_with_is_left_to_it(server: Server):
    url = server.create()
    with MarketRecorder(url) as recorder:
        run = recorder.begin_run("v1", seed=1, run_id="r", ticks_per_commit=2)
        run.end_tick(0)
        run._store.commit_ended()  # or the change would come before the tick, or after it
        found(server, url, "UPDATE runs SET last_event_hash = 'theirs'")

        def go_on() -> None:
            run.end_tick(1)  # fails already where the server has answered by then
            run.finish()

        with pytest.raises(RecordingError, match=r"^Run r has been changed by another program"):
            go_on()
        assert recorder._target.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
    assert found(server, url, "SELECT last_event_hash FROM runs") == ["theirs"]
    assert found(server, url, "SELECT max(tick_id) FROM events") == ["0"]


def test_a_session_that_records_finds_rows_by_index(server: Server):
    """A plan made while a table is nearly empty, kept for good, would read all of it later."""
    with MarketRecorder(server.create()) as recorder, recorder._target.transaction() as connection:
        for way in ("seqscan", "hashjoin", "mergejoin"):
            assert connection.exec_driver_sql(f"SHOW enable_{way}").scalar() == "off"
