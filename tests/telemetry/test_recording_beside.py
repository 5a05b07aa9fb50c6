"""SQLite is written by a process of its own while the simulator computes."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.recorder import MarketRecorder
from telemetry.families.simcash.recorder import SimCashRecorder
from telemetry.families.vmt.recorder import VmtRecorder, VmtRun
from telemetry.queries import VerifyQuery
from telemetry.recording import scribe, target
from telemetry.recording.recorder import Recorder
from telemetry.recording.scribe import Scribe
from tests.builders import vmt
from tests.builders.killing import nursery
from tests.builders.simcash_rows import SETTING
from tests.telemetry.markets import Player, opened
from tests.telemetry.test_moltmarket_recorder import dump
from tests.telemetry.test_vmt_recorder import TRADE, money_run

TOGETHER = 4
NOW = datetime(2026, 11, 21, 12)
TICKS = "SELECT tick, count(*) FROM trades WHERE run_id = ? GROUP BY 1 ORDER BY 1"
KILLED = f"""
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.recording import scribe
from tests.telemetry.test_vmt_recorder import TRADE

scribe.ROWS_BEFORE = 1

def work(place, name):
    with VmtRecorder(place) as recorder:
        run = recorder.begin_run(name, exchange_regime="mixed", ticks_per_commit={TOGETHER})
        for tick in range(10**6):
            for _ in range(30):
                run.log_trade(tick, **TRADE)
            run.end_tick(tick)
            if recorder._target.scribe._number:
                say(tick)
"""


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is started by the first transaction, and waited for."""
    start = Scribe._start

    def and_wait(self: Scribe) -> None:
        start(self)
        assert self._process is not None
        assert select.select([self._process.stdout], [], [], 30)[0]

    monkeypatch.setattr(scribe, "ROWS_BEFORE", 1)
    monkeypatch.setattr(Scribe, "_start", and_wait)


def scribe_of(recorder: Recorder) -> Scribe:
    found = recorder._target.scribe
    assert found is not None
    return found


def trade(run: VmtRun, *ticks: int) -> None:
    for tick in ticks:
        run.log_trade(tick, **TRADE)
        run.end_tick(tick)


def begun(recorder: VmtRecorder) -> VmtRun:
    """A run of which ten ticks are recorded, the last of them by the other process."""
    run = money_run(recorder, ticks_per_commit=2)
    trade(run, *range(10))
    assert scribe_of(recorder)._number > 1
    return run


def ticks(path: Path, run: int = 1) -> list[object]:
    return [row[0] for row in vmt.query(path, TICKS, run)]


@pytest.mark.usefixtures("at_once")
def test_a_market_written_by_the_other_process_is_the_same(tmp_path: Path) -> None:
    for name, together in (("alone", 1), ("beside", TOGETHER)):
        with MarketRecorder(tmp_path / name, clock=lambda: NOW) as recorder:
            told = {"seed": 1, "run_id": "r", "ticks_per_commit": together}
            with recorder.begin_run("v1", **told) as run:  # type: ignore[arg-type]
                Player(run, 7, agents=5).play(range(30))
            assert bool(scribe_of(recorder)._number) == (together > 1)
        with opened(tmp_path / name) as source:
            verdict = source.ask(VerifyQuery("r"))
        assert (verdict.sound, verdict.problem) == (True, "")
    alone, beside = dump(str(tmp_path / "alone")), dump(str(tmp_path / "beside"))
    assert alone == beside
    assert all(alone.values())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
def test_a_killed_simulator_has_lost_fewer_ticks_than_it_commits_together(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    VmtRecorder(path).close()
    with nursery(KILLED) as children:
        said = [children.kill_after(3, str(path), f"run {number}") for number in range(6)]
    for run, last in enumerate(said, 1):
        found = vmt.query(path, TICKS, run)
        assert found == [(tick, 30) for tick in range(len(found))]
        assert last is not None
        assert len(found) > last + 1 - TOGETHER
    with VmtRecorder(path) as recorder, money_run(recorder) as again:
        again.end_tick(0)
    assert vmt.query(path, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.usefixtures("at_once")
def test_what_the_other_process_is_refused_ends_the_recording(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with VmtRecorder(path) as recorder:
        run = begun(recorder)
        connection = vmt.connect(path)
        connection.execute(
            "CREATE TRIGGER no BEFORE INSERT ON trades WHEN new.tick = 11 "
            "BEGIN SELECT raise(ABORT, 'not eleven'); END"
        )
        connection.commit()
        connection.close()
        with pytest.raises(RecordingError, match=r"^Cannot write to .*runs.db: not eleven\.$"):
            trade(run, *range(10, 14))
        with pytest.raises(RecordingError, match="stopped when a write failed"):
            trade(run, 14)
        with money_run(recorder) as again:
            trade(again, 0)
    assert ticks(path) == list(range(11))
    assert ticks(path, 2) == [0]


@pytest.mark.usefixtures("at_once")
def test_a_full_disk_is_one_sentence_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "runs.db"
    VmtRecorder(path).close()
    (pages,) = vmt.query(path, "PRAGMA page_count")[0]
    limit = f"PRAGMA max_page_count={int(str(pages)) + 3}"
    monkeypatch.setattr(target, "_PRAGMAS", (*target._PRAGMAS, limit))
    with VmtRecorder(path) as recorder:
        run = begun(recorder)
        with pytest.raises(RecordingError, match="full; free some space, everything committed"):
            trade(run, *range(10, 10_000))
        last = run.last_tick
    found = ticks(path)
    assert last is not None
    assert found == list(range(len(found)))
    assert len(found) > last - 2


@pytest.mark.usefixtures("at_once")
def test_the_other_process_may_be_killed_but_is_not_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with VmtRecorder(path) as recorder:
        run = begun(recorder)
        process = scribe_of(recorder)._process
        assert process is not None
        process.send_signal(signal.SIGINT)
        trade(run, 10, 11)
        process.kill()
        process.wait()
        with pytest.raises(RecordingError, match="process that writes for this one has ended"):
            trade(run, *range(12, 16))
        with money_run(recorder, ticks_per_commit=2) as again:
            trade(again, *range(9))
    assert ticks(path)[:11] == list(range(11))
    assert ticks(path, 2) == list(range(9))


def interrupted(run: VmtRun) -> None:
    with run:
        trade(run, 10)
        raise KeyboardInterrupt


def left_open(run: VmtRun) -> None:
    trade(run, 10)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("end", [VmtRun.finish, left_open, interrupted])
def test_no_process_is_left_behind(tmp_path: Path, end: Callable[[VmtRun], None]) -> None:
    path = tmp_path / "runs.db"
    with VmtRecorder(path) as recorder:
        run = begun(recorder)
        process = scribe_of(recorder)._process
        if end is interrupted:
            with pytest.raises(KeyboardInterrupt):
                end(run)
        else:
            end(run)
    assert process is not None
    assert process.returncode is not None
    assert ticks(path) == list(range(10 if end is VmtRun.finish else 11))
    assert [p.name for p in tmp_path.iterdir()] == ["runs.db"]


@pytest.mark.usefixtures("at_once")
def test_runs_written_at_once_share_the_process(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with VmtRecorder(path) as recorder:
        with begun(recorder) as one, begun(recorder) as two:
            for tick in range(10, 30):
                trade(one, tick)
                trade(two, tick)
    assert ticks(path) == ticks(path, 2) == list(range(30))


@pytest.mark.usefixtures("at_once")
def test_a_run_that_another_program_goes_on_with_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "market.db"
    with MarketRecorder(path) as recorder:
        run = recorder.begin_run("v1", seed=1, run_id="r", ticks_per_commit=2)
        for tick in range(9):
            run.end_tick(tick)
        scribe_of(recorder).settle()
        with MarketRecorder(path) as other:
            other.resume_run("r").end_tick(9)

        def go_on() -> None:
            for tick in range(9, 13):
                run.end_tick(tick)

        with pytest.raises(RecordingError, match="has been changed by another program since"):
            go_on()
    with opened(path) as source:
        assert source.ask(VerifyQuery("r")).sound


class Name(str):
    """Text of a class of its own, which no message can hold."""


@pytest.mark.usefixtures("at_once")
def test_values_that_cannot_be_sent_are_written_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with SimCashRecorder(path) as recorder:
        with recorder.begin_run(SETTING, simulation_id="r", ticks_per_commit=2) as run:
            for tick in range(9):
                run.log_event(tick, "Told", {"n": tick}, agent_id=Name(f"A{tick}"))
                run.end_tick(tick)
    found = vmt.query(path, "SELECT agent_id FROM simulation_events ORDER BY tick")
    assert found == [(f"A{tick}",) for tick in range(9)]


def test_a_tick_a_commit_and_small_runs_need_no_other_process(tmp_path: Path) -> None:
    with VmtRecorder(tmp_path / "runs.db") as recorder:
        for together, count in ((1, 6_000), (9, 100)):
            with money_run(recorder, ticks_per_commit=together) as run:
                for _ in range(count):
                    run.log_trade(0, **TRADE)
                run.end_tick(0)
        assert scribe_of(recorder)._process is None
