"""One recorder, three databases: what is recorded reads back the same from each."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.vmt.recorder import VmtRecorder, VmtRun
from telemetry.queries import RunsQuery, TableQuery
from tests.builders.postgresql import Server
from tests.telemetry.test_vmt_recorder import AGENT, ATTEMPT, STEP, TRADE, money_run

TABLES = ("agent_snapshots", "trades", "trade_attempts", "lambda_updates", "tick_states")


@pytest.fixture(params=["sqlite", "duckdb", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database that is not there yet, or empty."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("server")
        return server.create()
    return f"{request.param}:///{tmp_path / 'runs'}"


def record(run: VmtRun, ticks: range) -> None:
    """Some ticks with every table that matters."""
    for tick in ticks:
        run.log_tick_state(tick, "both", "mixed", ["A<->M"])
        for agent in range(3):
            run.log_agent_snapshot(tick, **{**AGENT, "agent_id": agent, "utility": 0.1 * tick})
        run.log_trade(tick, **TRADE)
        run.log_attempt(tick, **ATTEMPT)
        run.log_lambda_update(tick, **STEP)
        run.end_tick(tick)


def rows(location: str, table: str, run_id: int = 1) -> list[tuple]:
    """All rows of a table, as our own reader gives them."""
    source = telemetry.open_source(location)
    try:
        found = source.stream(TableQuery(run_id, table))
        return [row for chunk in found for row in chunk]
    finally:
        source.close()


def test_every_target_keeps_the_same_rows(place: str, tmp_path: Path):
    plain = str(tmp_path / "plain.db")
    for location in (place, plain):
        with VmtRecorder(location) as recorder, money_run(recorder) as run:
            record(run, range(4))
    for table in TABLES:
        assert rows(place, table) == rows(plain, table)
        assert rows(place, table)


def test_columns_and_rows_are_stored_alike(place: str):
    agents = {name: [value] * 3 for name, value in AGENT.items()} | {"agent_id": np.arange(3)}
    with VmtRecorder(place) as recorder:
        with money_run(recorder) as singly:
            for agent in range(3):
                singly.log_agent_snapshot(0, **{**AGENT, "agent_id": agent})
            singly.end_tick(0)
        with money_run(recorder) as together:
            together.record_columns("agent_snapshots", 0, agents)
            together.end_tick(0)
    one, other = (rows(place, "agent_snapshots", run) for run in (1, 2))
    assert [row[2:] for row in one] == [row[2:] for row in other]
    assert len(one) == 3


def test_rows_and_columns_of_a_tick_are_stored_in_the_order_in_which_they_came(tmp_path: Path):
    fewer = {name: value for name, value in AGENT.items() if name != "ask_A_in_M"}
    columns = {name: [value] * 2 for name, value in fewer.items()} | {"agent_id": [1, 2]}
    path = str(tmp_path / "runs.db")
    with VmtRecorder(path) as recorder, money_run(recorder) as run:
        run.log_agent_snapshot(0, **{**AGENT, "agent_id": 0})
        run.record_columns("agent_snapshots", 0, columns)
        run.log_agent_snapshot(0, **{**AGENT, "agent_id": 3})
        run.end_tick(0)
    assert [row[3] for row in sorted(rows(path, "agent_snapshots"))] == [0, 1, 2, 3]


def test_a_wrong_column_leaves_the_tick_as_it_was(place: str):
    with VmtRecorder(place) as recorder, money_run(recorder) as run:
        run.log_trade(0, **TRADE)
        columns = {name: [value] * 2 for name, value in AGENT.items()} | {"x": [0, "left"]}
        with pytest.raises(RecordingError, match=r"agent_snapshots\.x of row 1 must be"):
            run.record_columns("agent_snapshots", 0, columns)
        run.end_tick(0)
    assert rows(place, "agent_snapshots") == []
    assert len(rows(place, "trades")) == 1


def _record_in_a_process(url: str, name: str) -> None:
    with VmtRecorder(url) as recorder, recorder.begin_run(name, exchange_regime="mixed") as run:
        for tick in range(20):
            run.log_trade(tick, **TRADE)
            run.end_tick(tick)


def test_several_processes_record_to_one_empty_server_at_once(server: Server):
    url = server.create()
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_record_in_a_process, args=(url, f"run {n}")) for n in range(3)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    source = telemetry.open_source(url)
    try:
        runs = source.ask(RunsQuery()).runs
    finally:
        source.close()
    assert sorted(run.name for run in runs) == ["run 0", "run 1", "run 2"]
    assert all(len(rows(url, "trades", run.run_id)) == 20 for run in runs)


def test_a_lost_connection_is_one_sentence_and_loses_nothing_committed(server: Server):
    url = server.create()
    database = url.split("/")[3].split("?")[0]
    with VmtRecorder(url) as recorder:
        run = money_run(recorder)
        record(run, range(3))

        def lose(*_: object) -> None:
            assert server.drop_connections(database) == 1

        event.listen(recorder._target.engine, "commit", lose, once=True)
        with pytest.raises(RecordingError, match=r"^Cannot write to postgresql://") as failure:
            record(run, range(3, 4))
        assert "\n" not in str(failure.value)
        with pytest.raises(RecordingError, match="stopped when a write failed"):
            run.log_trade(4, **TRADE)
        with money_run(recorder) as again:
            record(again, range(1))
    ticks = [row[2] for row in rows(url, "trades")]
    assert ticks == [0, 1, 2]
    assert len(rows(url, "trades", 2)) == 1
