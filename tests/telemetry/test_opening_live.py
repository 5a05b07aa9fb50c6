"""Reading beside another program that writes: neither hinders the other, nothing goes stale."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import telemetry
from telemetry.cancel import CancelToken
from telemetry.engines.sqlite import SQLiteDatabase
from telemetry.errors import ChangedError, LockedError, QueryCancelled, SourceError
from telemetry.queries import CountQuery, RunQuery, RunsQuery, TableQuery
from telemetry.source import Source
from tests.builders import vmt
from tests.builders.questions import one_of_each
from tests.builders.traces import traces
from tests.builders.writers import Writer

RENAME = "UPDATE simulation_runs SET scenario_name = '{}'"
A_TICK = """
INSERT INTO agent_snapshots (run_id, tick, agent_id, x, y, inventory_A, inventory_B, utility)
WITH RECURSIVE agent(id) AS (SELECT 0 UNION ALL SELECT id + 1 FROM agent WHERE id < {last})
SELECT 1, {tick}, id, 0, 0, 1, 1, 0.5 FROM agent
"""


@pytest.fixture(autouse=True)
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SQLiteDatabase, "patience", 0.3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return vmt.build("money_full", tmp_path / "runs.db", ticks=16)


@pytest.fixture
def rollback(tmp_path: Path) -> Path:
    return vmt.build("money_full", tmp_path / "runs.db", ticks=16, journal="delete")


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    with Writer(path) as process:
        process.do("PRAGMA wal_autocheckpoint=0")
        yield process


def _names(source: Source) -> set[str]:
    return {run.name for run in source.ask(RunsQuery()).runs}


@pytest.mark.parametrize("commits", [0, 1, 2, 5])
def test_what_a_live_writer_has_committed_is_seen_and_its_files_are_untouched(
    path: Path, writer: Writer, commits: int
):
    writer.do("SELECT count(*) FROM simulation_runs")
    for i in range(commits):
        writer.do(RENAME.format(f"commit {i + 1}"))
    before = traces(path.parent)

    source = telemetry.open_source(path)
    expected = {f"commit {commits}"} if commits else {vmt.SCENARIO, "scenario 2"}
    assert _names(source) == expected
    for query in one_of_each(source):
        source.ask(query)

    assert traces(path.parent) == before
    writer.do(RENAME.format("after we have read"))
    assert _names(source) == {"after we have read"}
    source.close()


def test_what_a_writer_has_not_committed_is_not_seen(path: Path, writer: Writer):
    writer.do(RENAME.format("first"), RENAME.format("second"), "BEGIN", RENAME.format("third"))
    source = telemetry.open_source(path)
    assert _names(source) == {"second"}
    writer.do("COMMIT")
    assert _names(source) == {"third"}
    source.close()


def test_a_long_read_does_not_block_a_wal_writer_and_sees_one_state(path: Path, writer: Writer):
    writer.do("DELETE FROM agent_snapshots", A_TICK.format(tick=0, last=4999))
    source = telemetry.open_source(path)
    rows = source.stream(TableQuery(1, "agent_snapshots", ("tick",)))
    first = next(rows)

    for tick in range(1, 5):
        writer.do(A_TICK.format(tick=tick, last=9))
    writer.do("PRAGMA wal_checkpoint(PASSIVE)")

    assert len(first) + sum(map(len, rows)) == 5000
    assert source.ask(CountQuery(1, "agent_snapshots")) == 5040
    source.close()


def test_a_writer_may_close_while_we_read(path: Path, writer: Writer):
    writer.do(A_TICK.format(tick=100, last=4999), RENAME.format("last words"))
    source = telemetry.open_source(path)
    rows = source.stream(TableQuery(1, "agent_snapshots", ("tick",)))
    first = next(rows)

    writer.close()

    assert len(first) + sum(map(len, rows)) == 5000 + 64
    assert _names(source) == {"last words"}
    source.close()


def test_a_source_opened_before_its_writer_sees_what_it_writes(path: Path):
    source = telemetry.open_source(path)
    assert "late" not in _names(source)
    with Writer(path) as late:
        for name in ("late", "later", "latest"):
            late.do(RENAME.format(name))
            assert _names(source) == {name}
    assert _names(source) == {"latest"}
    source.close()


def test_a_file_that_is_changed_under_a_stream_raises_instead_of_mixing_states(path: Path):
    with Writer(path) as first:
        first.do(A_TICK.format(tick=100, last=4999))
    source = telemetry.open_source(path)
    rows = source.stream(TableQuery(1, "agent_snapshots"))
    next(rows)

    with Writer(path) as second:  # whose closing moves its rows into the file
        second.do("UPDATE agent_snapshots SET utility = 7")

    with pytest.raises(ChangedError, match="try again"):
        for _chunk in rows:
            pass
    everything = [row for chunk in source.stream(TableQuery(1, "agent_snapshots")) for row in chunk]
    assert len(everything) == 5064
    source.close()


def test_a_question_whose_file_was_changed_is_asked_anew(
    path: Path, monkeypatch: pytest.MonkeyPatch
):
    source = telemetry.open_source(path)
    asked = []

    def disturbed(self: Source, answer, query, token):
        asked.append(query)
        if len(asked) == 1:
            raise ChangedError("changed")
        return answered(self, answer, query, token)

    answered = Source._answered
    monkeypatch.setattr(Source, "_answered", disturbed)
    assert source.ask(RunQuery(1)).run.run_id == 1
    assert len(asked) == 2
    source.close()


def test_switching_to_wal_while_open_leaves_no_trace_and_nothing_stale(rollback: Path):
    source = telemetry.open_source(rollback)
    assert _names(source) == {vmt.SCENARIO, "scenario 2"}
    with Writer(rollback) as writer:
        writer.do("PRAGMA journal_mode=wal", RENAME.format("in the wal"))
        assert _names(source) == {"in the wal"}
    before = traces(rollback.parent)
    assert _names(source) == {"in the wal"}
    source.close()
    assert traces(rollback.parent) == before


def test_switching_from_wal_while_open_leaves_nothing_stale(path: Path):
    source = telemetry.open_source(path)
    assert _names(source) == {vmt.SCENARIO, "scenario 2"}
    with Writer(path) as writer:
        writer.do("PRAGMA journal_mode=delete", RENAME.format("no wal any more"))
    before = traces(path.parent)
    assert _names(source) == {"no wal any more"}
    source.close()
    assert traces(path.parent) == before


def test_vacuuming_while_open_leaves_nothing_stale(path: Path):
    source = telemetry.open_source(path)
    with Writer(path) as writer:
        writer.do("DELETE FROM preferences", "VACUUM", RENAME.format("smaller"))
        assert _names(source) == {"smaller"}
    assert _names(source) == {"smaller"}
    source.close()


def test_a_rollback_writer_in_a_transaction_does_not_hinder_us(rollback: Path):
    source = telemetry.open_source(rollback)
    with Writer(rollback) as writer:
        writer.do("BEGIN IMMEDIATE", RENAME.format("not yet"))
        before = traces(rollback.parent)
        assert _names(source) == {vmt.SCENARIO, "scenario 2"}
        assert traces(rollback.parent) == before
        writer.do("COMMIT")
    assert _names(source) == {"not yet"}
    source.close()


def test_a_writer_that_locks_everything_is_said_soon(rollback: Path):
    with Writer(rollback) as writer:
        writer.do("BEGIN EXCLUSIVE", RENAME.format("mine"))
        before = traces(rollback.parent)
        with pytest.raises(
            LockedError, match=r"locked by (process \d+ \(|another program).*try again"
        ):
            telemetry.open_source(rollback)
        assert traces(rollback.parent) == before


def test_a_wal_writer_in_exclusive_mode_is_read_from_a_private_copy(path: Path):
    """Its WAL index is in its own memory: there is none beside the file."""
    with Writer(path) as writer:
        writer.do("PRAGMA locking_mode=EXCLUSIVE", RENAME.format("mine"))
        before = traces(path.parent)
        assert "runs.db-shm" not in before
        source = telemetry.open_source(path)
        assert _names(source) == {"mine"}
        writer.do(RENAME.format("mine again"))
        assert _names(source) == {"mine again"}
        source.close()
        assert set(traces(path.parent)) == set(before)


def test_waiting_for_a_lock_ends_when_it_is_released(
    rollback: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(SQLiteDatabase, "patience", 1e6)  # ends by being cancelled, or never
    source = telemetry.open_source(rollback)
    with Writer(rollback) as writer:
        writer.do("BEGIN EXCLUSIVE", RENAME.format("released"))
        waiting = threading.Timer(0.3, writer.do, ["COMMIT"])
        waiting.start()
        assert _names(source) == {"released"}
        waiting.join()
    source.close()


def test_waiting_for_a_lock_can_be_cancelled(rollback: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(SQLiteDatabase, "patience", 1e6)  # ends by being cancelled, or never
    source = telemetry.open_source(rollback)
    token = CancelToken()
    with Writer(rollback) as writer:
        writer.do("BEGIN EXCLUSIVE")
        cancelling = threading.Timer(0.2, token.cancel)
        cancelling.start()
        with pytest.raises(QueryCancelled):
            source.ask(RunsQuery(), token)
        cancelling.join()
    source.close()


def test_a_file_that_was_deleted_is_said(path: Path):
    source = telemetry.open_source(path)
    path.unlink()
    with pytest.raises(SourceError, match="no longer there"):
        source.ask(RunsQuery())
    assert source.identity.size_bytes is None
    assert list(path.parent.iterdir()) == []
    source.close()


def test_a_file_that_was_replaced_is_said(path: Path):
    source = telemetry.open_source(path)
    other = vmt.build("barter", path.with_name("other.db"), runs=1, ticks=2)
    os.replace(other, path)
    with pytest.raises(SourceError, match="replaced by another file; open it again"):
        source.ask(RunsQuery())
    source.close()
    again = telemetry.open_source(path)
    assert again.identity.vintage == "barter"
    again.close()


def test_a_file_that_was_overwritten_in_place_is_an_error_and_not_a_crash(path: Path):
    source = telemetry.open_source(path)
    other = vmt.build("barter", path.with_name("other.db"), runs=1, ticks=2)
    shutil.copyfile(other, path)
    with pytest.raises(SourceError):
        source.ask(TableQuery(1, "tick_states"))
    source.close()


def test_a_database_that_is_being_filled_shows_whole_ticks_and_grows(path: Path, writer: Writer):
    writer.do("DELETE FROM agent_snapshots")
    source = telemetry.open_source(path)
    stop = threading.Event()

    def fill() -> None:
        tick = 0
        while not stop.is_set():
            writer.do(A_TICK.format(tick=tick, last=6))
            tick += 1
            if tick % 40 == 0:
                writer.do("PRAGMA wal_checkpoint(PASSIVE)")

    filling = threading.Thread(target=fill)
    filling.start()
    seen = []
    try:
        deadline = time.monotonic() + 30
        while len(set(seen)) < 15 and time.monotonic() < deadline:
            rows = source.ask(CountQuery(1, "agent_snapshots"))
            assert rows % 7 == 0
            detail = source.ask(RunQuery(1))
            page = source.ask(TableQuery(1, "agent_snapshots", ("tick",), limit=100_000))
            assert len(page.rows) % 7 == 0
            assert detail.run.ticks is not None
            seen.append(len(page.rows))
    finally:
        stop.set()
        filling.join()
    assert seen == sorted(seen)
    assert len(set(seen)) >= 15
    source.close()


def test_all_parts_of_one_answer_are_of_one_state(path: Path, writer: Writer):
    """A run's detail takes many statements: what it counts and what it spans must agree."""
    writer.do(*(f"DELETE FROM {t}" for t in ("agent_snapshots", "tick_states", "trades")))
    writer.do("DELETE FROM trade_attempts")
    source = telemetry.open_source(path)
    stop = threading.Event()

    def fill() -> None:
        agent = 0
        while not stop.is_set():  # after each commit: as many ticks as there are agents
            writer.do(
                "INSERT INTO agent_snapshots (run_id, tick, agent_id, x, y, inventory_A, "
                f"inventory_B, utility) VALUES (1, {agent}, {agent}, 0, 0, 1, 1, 0.5)"
            )
            agent += 1

    filling = threading.Thread(target=fill)
    filling.start()
    try:
        seen = 0
        deadline = time.monotonic() + 30
        while seen < 200 and time.monotonic() < deadline:
            detail = source.ask(RunQuery(1))
            seen = detail.agents or 0
            if detail.run.ticks is not None:
                assert detail.run.ticks.last + 1 == seen
    finally:
        stop.set()
        filling.join()
    assert seen >= 200
    source.close()
