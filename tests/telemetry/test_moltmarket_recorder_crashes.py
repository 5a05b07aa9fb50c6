"""A market run that is killed, cut off or short of room keeps each ended tick and a whole chain."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from telemetry.errors import RecordingError
from telemetry.families.moltmarket.hash_chain import ChainEvent, verify
from telemetry.families.moltmarket.ledger import (
    AGENT_COLUMNS,
    ORDER_COLUMNS,
    SNAPSHOT_COLUMNS,
    TRADE_COLUMNS,
)
from telemetry.families.moltmarket.recorder import MarketRecorder, MarketRun
from telemetry.queries import VerifyQuery
from tests.builders.killing import nursery
from tests.builders.postgresql import Server
from tests.telemetry.markets import Player, opened, rows
from tests.telemetry.test_moltmarket_recorder import begin, dump, enter, query

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
BORN = """
from telemetry.families.moltmarket.recorder import MarketRecorder
from tests.telemetry.markets import Player

def work(place, run_id, seed):
    with MarketRecorder(place) as recorder:
        run = recorder.begin_run("v1", seed=1, run_id=run_id, max_rows=12)
        player = Player(run, int(seed), agents=12)
        for tick in range(10**6):
            player.play(range(tick, tick + 1))
            say(tick)
"""
CHILD = """
import sys
sys.path.insert(0, sys.argv[3])
from telemetry.families.moltmarket.recorder import MarketRecorder
from tests.telemetry.markets import Player

with MarketRecorder(sys.argv[1]) as recorder:
    with recorder.begin_run("v1", seed=1, run_id=sys.argv[2], max_rows=12) as run:
        player = Player(run, int(sys.argv[4]), agents=12)
        for tick in range(int(sys.argv[5])):
            player.play(range(tick, tick + 1))
            print(tick, flush=True)
"""


DERIVED_ROWS = {
    "agents": AGENT_COLUMNS,
    "orders": ORDER_COLUMNS,
    "trades": TRADE_COLUMNS,
    "metrics_snapshots": SNAPSHOT_COLUMNS,
}


def derived(path: Path) -> list[list[tuple[Any, ...]]]:
    """All derived rows of all runs, without the numbers that the database gives."""
    return [
        query(path, f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3")
        for table, columns in DERIVED_ROWS.items()
    ]


def start(place: str, run_id: str, seed: int, ticks: int = 10**6) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, place, run_id, str(ROOT), str(seed), str(ticks)],
        stdout=subprocess.PIPE,
        text=True,
    )


def kill_after(child: subprocess.Popen[str], ticks: int) -> int:
    """Kill it once it has ended so many ticks; the last tick that it said was over."""
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(ticks + 1)]
    child.send_signal(signal.SIGKILL)
    said += [int(line) for line in child.stdout.read().split()]
    child.stdout.close()
    child.wait()
    return said[-1]


def check_whole(place: str, run_id: str, ended: int) -> int:
    """The log is sound, ends with a tick that is over, and is what every table says; that tick."""
    with opened(place) as source:
        verdict = source.ask(VerifyQuery(run_id))
        assert (verdict.sound, verdict.problem) == (True, "")
        events = rows(source, run_id, "events", "tick_id", "event_type")
    assert events[-1][1] == "TICK_END"
    assert events[-1][0] >= ended
    ends = [tick for tick, kind in events if kind == "TICK_END"]
    assert ends == list(range(len(ends)))
    before = dump(place, run_id)
    with MarketRecorder(place) as recorder:
        recorder.rebuild(run_id)
    assert dump(place, run_id) == before
    return int(events[-1][0])


def go_on(place: str, run_id: str, last: int) -> None:
    """The next start resumes the run and brings it to its end."""
    with MarketRecorder(place) as recorder:
        with recorder.resume_run(run_id) as run:
            assert run.last_tick == last
            enter(run, "late", tick=last + 1)
            run.end_tick(last + 1)
        with begin(recorder, run_id=f"after {run_id}") as another:
            another.end_tick(0)
    with opened(place) as source:
        for name in (run_id, f"after {run_id}"):
            assert source.ask(VerifyQuery(name)).sound
    with MarketRecorder(place) as recorder:
        with pytest.raises(RecordingError, match="is completed; begin another one"):
            recorder.resume_run(run_id)


def check_log(path: Path, run_id: str, ended: int | None) -> None:
    """The log is sound and as long as the run row says, and ends with a tick that is over.

    Who is killed before it has ended a tick may have made no run, and the first no tables.
    """
    if ended is None and not query(path, "SELECT name FROM sqlite_master WHERE name = 'runs'"):
        return
    stored = query(path, f"SELECT event_count, last_event_hash FROM runs WHERE id = '{run_id}'")
    if not stored and ended is None:
        return
    ((count, last),) = stored
    found = query(
        path,
        "SELECT tick_id, event_seq, event_type, agent_id, payload, prev_hash, event_hash "
        f"FROM events WHERE run_id = '{run_id}' ORDER BY event_seq",
    )
    log = [
        ChainEvent(run_id, t, n, k, a, json.loads(p), *hashes) for t, n, k, a, p, *hashes in found
    ]
    verdict = verify(run_id, log, expected_count=count, expected_last=last)
    assert (verdict.sound, verdict.problem) == (True, "")
    ticks = [event.tick for event in log if event.kind == "TICK_END"]
    assert ticks == list(range(len(ticks)))
    assert log[-1].kind == ("TICK_END" if ticks else "RUN_CREATED")
    assert ended is None or ticks[-1] >= ended


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
def test_killed_markets_keep_every_ended_tick_and_the_next_one_starts(tmp_path: Path) -> None:
    path, rng = tmp_path / "market.db", random.Random()
    with nursery(BORN) as recorders:
        for kill in range(KILLS):
            told = str(path), f"{kill}", f"{rng.randrange(10**6)}"
            check_log(path, f"{kill}", recorders.kill_after(rng.randrange(12), *told))
    assert query(path, "PRAGMA integrity_check") == [("ok",)]
    names = [name for (name,) in query(path, "SELECT id FROM runs")]
    assert len(names) >= KILLS // 2
    before = derived(path)
    with MarketRecorder(path) as recorder:
        for name in names:
            recorder.rebuild(name)
    assert derived(path) == before
    longest = "SELECT id, current_tick FROM runs ORDER BY current_tick DESC LIMIT 1"
    go_on(str(path), *query(path, longest)[0])


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be killed that hard there")
def test_a_killed_market_on_duckdb_keeps_every_ended_tick(tmp_path: Path) -> None:
    place = f"duckdb:///{tmp_path / 'market.duckdb'}"
    ended = kill_after(start(place, "r", 3), 12)
    go_on(place, "r", check_whole(place, "r", ended))


def test_markets_of_several_processes_share_a_server(server: Server) -> None:
    place = server.create()
    finishing = [start(place, f"run {i}", i, 15) for i in range(2)]
    killed = start(place, "killed", 9)
    ended = kill_after(killed, 10)
    for child in finishing:
        assert child.communicate()[0].split() == [str(t) for t in range(15)]
        assert child.returncode == 0
    go_on(place, "killed", check_whole(place, "killed", ended))
    with opened(place) as source:
        for i in range(2):
            verdict = source.ask(VerifyQuery(f"run {i}"))
            assert (verdict.sound, verdict.problem) == (True, "")
    with MarketRecorder(place) as recorder:
        before = dump(place, "run 1")
        recorder.rebuild("run 1")
        assert dump(place, "run 1") == before


def test_a_lost_connection_is_one_sentence_and_loses_nothing_committed(server: Server) -> None:
    place = server.create()
    with MarketRecorder(place) as recorder:
        run = begin(recorder)
        Player(run, 4).play(range(5))
        assert server.drop_connections(place.partition("@/")[2].partition("?")[0]) > 0
        with pytest.raises(RecordingError, match="Cannot write to postgresql") as failure:
            run.end_tick(5)
        assert "\n" not in str(failure.value)
        with pytest.raises(RecordingError, match="stopped when a write failed"):
            run.end_tick(6)
        run.finish()
    go_on(place, "r", check_whole(place, "r", 4))


LIMITED = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from telemetry.errors import RecordingError
from telemetry.families.moltmarket.recorder import MarketRecorder
from tests.telemetry.markets import Player

recorder = MarketRecorder(sys.argv[1])
run = recorder.begin_run("v1", seed=1, run_id="r")
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
player = Player(run, 8)
try:
    player.play(range(10_000))
except RecordingError as error:
    print(run.last_tick)
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_is_one_sentence_and_loses_nothing_committed(tmp_path: Path) -> None:
    place = str(tmp_path / "market.db")
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, place, str(ROOT)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    last, sentence, *rest = done.stdout.splitlines()
    assert rest == []
    assert sentence.startswith(f"Cannot write to {place}: ")
    go_on(place, "r", check_whole(place, "r", int(last)))


def test_an_exception_leaves_the_run_unfinished_and_open_to_be_resumed(tmp_path: Path) -> None:
    place = tmp_path / "market.db"

    def crash(recorder: MarketRecorder) -> None:
        with begin(recorder) as run:
            enter(run, "a")
            run.end_tick(0)
            enter(run, "b", tick=1)
            raise ZeroDivisionError

    with MarketRecorder(place) as recorder, pytest.raises(ZeroDivisionError):
        crash(recorder)
    assert query(place, "SELECT status FROM runs") == [("running",)]
    assert query(place, "SELECT id FROM agents") == [("a",)]
    go_on(str(place), "r", 0)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_two_that_write_one_run_never_fork_its_chain(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    place = f"sqlite:///{tmp_path / 'market.db'}"
    if kind == "postgresql":
        place = request.getfixturevalue("server").create()
    with MarketRecorder(place) as first, MarketRecorder(place) as second:
        mine = begin(first)
        enter(mine, "a")
        mine.end_tick(0)
        theirs: MarketRun = second.resume_run("r")
        enter(theirs, "b", tick=1)
        theirs.end_tick(1)
        with pytest.raises(RecordingError, match="changed by another program since event 5"):
            mine.end_tick(1)
        theirs.finish()
    with opened(place) as source:
        assert source.ask(VerifyQuery("r")).sound


def test_who_comes_second_within_a_commit_waits_and_is_refused(server: Server) -> None:
    place = server.create()
    refused: list[str] = []

    def end_it(run: MarketRun) -> None:
        try:
            run.end_tick(1)
        except RecordingError as error:
            refused.append(str(error))

    with MarketRecorder(place) as first, MarketRecorder(place) as second:
        mine = begin(first, max_rows=1)
        mine.end_tick(0)
        theirs = second.resume_run("r")
        mine.begin_tick(1)  # spills, and so holds the run until its tick ends
        thread = threading.Thread(target=end_it, args=(theirs,))
        thread.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        while thread.is_alive() and server.run("postgres", waiting).strip() == "0":
            pass
        mine.end_tick(1)
        thread.join()
        mine.finish()
    assert len(refused) == 1
    assert "changed by another program" in refused[0]
    with opened(place) as source:
        assert source.ask(VerifyQuery("r")).sound


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE events SET payload = '{\"tickId\":7}' WHERE event_seq = 3", "Event 3 does not"),
        ("DELETE FROM events WHERE event_seq = 2", "Gap: event 2 is missing"),
        ("UPDATE runs SET event_count = 9", "Truncated: the run row counts 9 events"),
    ],
)
def test_a_broken_log_is_neither_resumed_nor_rebuilt(tmp_path: Path, sql: str, words: str) -> None:
    place = tmp_path / "market.db"
    with MarketRecorder(place) as recorder:
        run = begin(recorder)
        enter(run, "a")
        run.end_tick(0)
        run.finish("failed")
        with recorder._target.transaction() as connection:
            connection.exec_driver_sql(sql)
        before: list[Any] = query(place, "SELECT * FROM agents")
        for act in (recorder.resume_run, recorder.rebuild):
            with pytest.raises(RecordingError, match=f"The log of run r is broken: {words}"):
                act("r")
    assert query(place, "SELECT * FROM agents") == before


def test_a_run_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with MarketRecorder(tmp_path / "market.db") as recorder:
        for act in (recorder.resume_run, recorder.rebuild):
            with pytest.raises(RecordingError, match="There is no run 'x' here"):
                act("x")
