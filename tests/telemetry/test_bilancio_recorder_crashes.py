"""A dealer ring that is killed or short of room keeps every whole day, and no half one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.bilancio.recorder import BilancioRecorder
from telemetry.queries import RunsQuery
from telemetry.recording import folder as folder_of
from telemetry.recording.folder import NOTE
from tests.effort import effort
from tests.telemetry.rings import read
from tests.telemetry.test_bilancio_recorder import STATE, TRADE, begin, out_of

ROOT = Path(__file__).resolve().parents[2]
KILLS = effort(3, 50)
CHILD = """
import resource, sys
sys.path.insert(0, sys.argv[2])
from telemetry.errors import RecordingError
from telemetry.families.bilancio.recorder import BilancioRecorder
from tests.telemetry.test_bilancio_recorder import STATE, STOCK, TRADE

run = BilancioRecorder(sys.argv[1]).begin_run(
    "active", seed=1, run_id="killed", detailed_logging=True
)
if len(sys.argv) > 3:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    for day in range(10**6):
        for i in range(150):
            run.log_trade(day, **{**TRADE, "ticket_id": f"ticket {i} of day {day} " + "x" * 99})
        for bucket in ("short", "mid", "long"):
            run.log_inventory(day, **{**STOCK, "bucket": bucket})
        run.log_event(day, "PhaseA")
        run.log_system_state(day, **STATE)
        run.end_tick(day)
        print(day, flush=True)
except RecordingError as error:
    print(error)
"""
ROWS = {"trades.csv": 150, "inventory_timeseries.csv": 3, "system_state_timeseries.csv": 1}


def kill_after(place: Path, days: int) -> int:
    """Kill a recording once it has ended so many days; the last day that it said was over."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(place), str(ROOT)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(days + 1)]
    child.send_signal(signal.SIGKILL)
    said += [int(line) for line in child.stdout.read().split()]
    child.stdout.close()
    child.wait()
    return said[-1]


def days_of(out: Path, name: str) -> list[int]:
    return [int(row["day"]) for row in read(out / name)]


def check_marked(out: Path, ended: int) -> None:
    """Before any repair: a day that is marked whole, by its system state, is in every file."""
    whole = (out / "system_state_timeseries.csv").read_bytes().split(b"\r\n")[1:-1]
    marked = [int(line.split(b",")[2]) for line in whole]
    assert marked == list(range(len(marked)))
    assert marked[-1] >= ended
    for name, each in ROWS.items():
        lines = (out / name).read_bytes().split(b"\r\n")[1:-1]
        days = [int(line.split(b",")[2]) for line in lines]
        assert all(days.count(day) == each for day in marked), name


def check_whole(out: Path, ended: int) -> int:
    """After the next start: whole days and nothing else, in whole lines; the last day."""
    last = max(days_of(out, "system_state_timeseries.csv"))
    assert last >= ended
    for name, each in ROWS.items():
        assert (out / name).read_bytes().endswith(b"\r\n")
        assert days_of(out, name) == [day for day in range(last + 1) for _ in range(each)], name
    lines = (out / "events.jsonl").read_text().splitlines()
    assert [json.loads(line)["day"] for line in lines] == list(range(last + 1))
    assert not (out / NOTE).exists()
    return last


def statuses(place: Path) -> dict[object, str]:
    source = telemetry.open_source(place)
    try:
        return {run.run_id: run.status for run in source.ask(RunsQuery()).runs}
    finally:
        source.close()


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be killed that hard there")
def test_a_killed_ring_keeps_every_whole_day_and_the_next_start_cuts_off_half_ones(
    tmp_path: Path,
) -> None:
    rng = random.Random()
    for i in range(KILLS):
        place = tmp_path / f"sweep {i}"
        ended = kill_after(place, rng.randrange(25))
        out = place / "active" / "runs" / "killed" / "out"
        check_marked(out, ended)
        assert statuses(place) == {"killed": "running"}
        recorder = BilancioRecorder(place)
        last = check_whole(out, ended)
        assert statuses(place) == {"killed": "failed"}
        (row,) = read(place / "active" / "registry" / "experiments.csv")
        assert row["error"] == f"the recording stopped after day {last}"
        with begin(recorder, run_id="next") as run:
            run.log_system_state(0, **STATE)
            run.end_tick(0)
        assert statuses(place) == {"killed": "failed", "next": "completed"}


class Killed(BaseException):
    """What stops a process between two writes, in a test."""


@pytest.mark.parametrize("written", range(4))  # events, trades, note, state
def test_a_day_that_was_cut_between_two_files_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    recorder = BilancioRecorder(tmp_path / "sweep")
    run = begin(recorder)
    for day in range(2):
        run.log_trade(day, **TRADE)
        run.log_event(day, "PhaseA")
        run.log_system_state(day, **STATE)
        if day == 1:
            cut_after(monkeypatch, written)
        try:
            run.end_tick(day)
        except Killed:
            break
    monkeypatch.undo()
    seen = (out_of(recorder) / "system_state_timeseries.csv").read_bytes().split(b"\r\n")[1:-1]
    BilancioRecorder(tmp_path / "sweep")
    for name in ("trades.csv", "system_state_timeseries.csv"):
        assert days_of(out_of(recorder), name) == [0]
    assert len((out_of(recorder) / "events.jsonl").read_text().splitlines()) == 1
    assert len(seen) == 1  # no whole line marks the day as whole


def cut_after(monkeypatch: pytest.MonkeyPatch, written: int) -> None:
    """Let so many files of the next day be written, the one after by a half, and no undoing."""
    real, count = folder_of._write_all, 0

    def write(place: int, data: bytes) -> int:
        nonlocal count
        count += 1
        if count > written:
            if len(data) != folder_of._NOTE_BYTES and count != 3:
                real(place, data[: len(data) // 2])
            raise Killed
        return real(place, data)

    monkeypatch.setattr(folder_of, "_write_all", write)
    monkeypatch.setattr(folder_of, "_cut", lambda *_: None)


def test_the_run_of_a_living_process_is_left_alone(tmp_path: Path) -> None:
    first = BilancioRecorder(tmp_path / "sweep")
    run = begin(first)
    run.log_system_state(0, **STATE)
    run.end_tick(0)
    BilancioRecorder(tmp_path / "sweep")
    assert statuses(tmp_path / "sweep") == {"r": "running"}
    run.log_system_state(1, **STATE)
    run.end_tick(1)
    run.finish()
    assert days_of(out_of(first), "system_state_timeseries.csv") == [0, 1]
    assert statuses(tmp_path / "sweep") == {"r": "completed"}


def test_several_processes_share_an_experiment(tmp_path: Path) -> None:
    code = CHILD.replace("10**6", "3").replace('"killed"', "sys.argv[1][-1] + sys.argv[3]")
    code = code.replace("len(sys.argv) > 3", "False") + "\nrun.finish()\n"
    place = tmp_path / "sweep"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(place), str(ROOT), str(i)],
            stdout=subprocess.DEVNULL,
        )
        for i in range(3)
    ]
    assert [child.wait() for child in children] == [0, 0, 0]
    assert statuses(place) == {f"p{i}": "completed" for i in range(3)}
    assert len(read(place / "active" / "registry" / "experiments.csv")) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="file size limits are POSIX")
def test_a_full_disk_is_one_sentence_and_loses_no_whole_day(tmp_path: Path) -> None:
    place = tmp_path / "sweep"
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(place), str(ROOT), "400000"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    *days, sentence = done.stdout.splitlines()
    assert sentence.startswith(f"Cannot write to {place}/active/runs/killed/out: File too large;")
    out = place / "active" / "runs" / "killed" / "out"
    assert sorted(set(days_of(out, "trades.csv"))) == [int(day) for day in days]
    assert len(days_of(out, "trades.csv")) == 150 * len(days)  # before any repair
    BilancioRecorder(place)
    assert check_whole(out, int(days[-1])) == int(days[-1])


def test_a_folder_that_is_gone_is_one_sentence(tmp_path: Path) -> None:
    recorder = BilancioRecorder(tmp_path / "sweep")
    run = begin(recorder)
    run.log_system_state(0, **STATE)
    (out_of(recorder)).rename(tmp_path / "moved")
    with pytest.raises(RecordingError, match=r"Cannot write to .*out: No such file") as failure:
        run.end_tick(0)
    assert "\n" not in str(failure.value)
    with pytest.raises(RecordingError, match="stopped when a write failed"):
        run.log_system_state(1, **STATE)
