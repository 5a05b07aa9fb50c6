"""A dealer ring that is killed or short of room keeps every whole day, and no half one."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import telemetry
from telemetry.errors import RecordingError
from telemetry.families.bilancio.recorder import BilancioRecorder
from telemetry.queries import RunsQuery
from telemetry.recording import folder as folder_of
from telemetry.recording.folder import NOTE
from tests.builders.killing import nursery
from tests.telemetry.rings import read
from tests.telemetry.test_bilancio_recorder import STATE, TRADE, begin, out_of

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
DAYS = """
from telemetry.errors import RecordingError
from telemetry.families.bilancio.recorder import BilancioRecorder
from tests.telemetry.test_bilancio_recorder import STATE, STOCK, TRADE

def days(run, last=10**6):
    for day in range(last):
        for i in range(15):
            run.log_trade(day, **{**TRADE, "ticket_id": f"ticket {i} of day {day} " + "x" * 999})
        for bucket in ("short", "mid", "long"):
            run.log_inventory(day, **{**STOCK, "bucket": bucket})
        run.log_event(day, "PhaseA")
        run.log_system_state(day, **STATE)
        run.end_tick(day)
        yield day
"""
BORN = f"""{DAYS}
def work(place, run_id, together):
    run = BilancioRecorder(place).begin_run(
        "active", seed=1, run_id=run_id, detailed_logging=True, ticks_per_commit=int(together),
        durable=False,
    )
    for day in days(run):
        say(day)
"""
CHILD = f"""
import sys
sys.path.insert(0, sys.argv[2])
{DAYS}
run = BilancioRecorder(sys.argv[1]).begin_run(
    "active", seed=1, run_id=sys.argv[3], detailed_logging=True
)
"""
LIMITED = f"""{CHILD}
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000,) * 2)
try:
    for day in days(run):
        print(day)
except RecordingError as error:
    print(error)
"""
ROWS = {"trades.csv": 15, "inventory_timeseries.csv": 3, "system_state_timeseries.csv": 1}


def days_of(out: Path, name: str) -> list[int]:
    return [int(row["day"]) for row in read(out / name)]


def check_marked(out: Path) -> None:
    """Before any repair: a day that is marked whole, by its system state, is in every file."""
    marked = [int(line.split(b",")[2]) for line in lines_of(out, "system_state_timeseries.csv")]
    assert marked == list(range(len(marked)))
    for name, each in ROWS.items():
        days = [int(line.split(b",")[2]) for line in lines_of(out, name)]
        assert all(days.count(day) == each for day in marked), name


def lines_of(out: Path, name: str) -> list[bytes]:
    """The whole lines of a file after its header; none where there is no file."""
    path = out / name
    return path.read_bytes().split(b"\r\n")[1:-1] if path.exists() else []


def check_whole(out: Path, ended: int | None, together: int = 1) -> int | None:
    """After the next start: whole days and nothing else, in whole lines; the last day."""
    days = days_of(out, "system_state_timeseries.csv")
    assert days == list(range(len(days)))
    assert len(days) % together == 0
    assert ended is None or len(days) >= (ended + 1) // together * together
    for name, each in ROWS.items():
        assert not days or (out / name).read_bytes().endswith(b"\r\n")
        assert days_of(out, name) == [day for day in days for _ in range(each)], name
    events = out / "events.jsonl"
    lines = events.read_text().splitlines() if events.exists() else []
    assert [json.loads(line)["day"] for line in lines] == days
    assert not (out / NOTE).exists()
    return days[-1] if days else None


def statuses(place: Path) -> dict[object, str]:
    source = telemetry.open_source(place)
    try:
        return {run.run_id: run.status for run in source.ask(RunsQuery()).runs}
    finally:
        source.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes cannot be forked there")
def test_killed_rings_keep_every_whole_day_and_the_next_start_cuts_off_half_ones(
    tmp_path: Path,
) -> None:
    rng, place = random.Random(), tmp_path / "sweep"
    upto: dict[str, int | None] = {}
    with nursery(BORN) as recorders:
        for kill in range(KILLS):
            together, name = rng.choice((1, 1, 3)), f"{kill}"
            ended = recorders.kill_after(rng.randrange(8), str(place), name, f"{together}")
            out = place / "active" / "runs" / name / "out"
            if out.exists():
                check_marked(out)
                BilancioRecorder(place)
                upto[name] = check_whole(out, ended, together)
    assert len(upto) > KILLS // 2
    rows = {row["run_id"]: row for row in read(place / "active" / "registry" / "experiments.csv")}
    for name, day in upto.items():
        when = "before its first day ended" if day is None else f"after day {day}"
        if name in rows:  # it may have died before it said so much
            assert rows[name]["status"] == "failed"
            assert rows[name]["error"] == f"the recording stopped {when}"
    with begin(BilancioRecorder(place), run_id="next") as run:
        run.log_system_state(0, **STATE)
        run.end_tick(0)
    assert statuses(place)["next"] == "completed"


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


def test_a_durable_day_is_on_the_disk_before_it_is_marked_as_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder = BilancioRecorder(tmp_path / "sweep")
    run = begin(recorder, durable=True)
    steps: list[tuple[str, int]] = []
    for name in ("_write_all", "_force"):
        real = getattr(folder_of, name)

        def step(place: int, *data: bytes, real: Any = real, name: str = name) -> int | None:
            steps.append((name.split("_")[1], os.fstat(place).st_ino))
            return real(place, *data)

        monkeypatch.setattr(folder_of, name, step)
    run.log_trade(0, **TRADE)
    run.log_system_state(0, **STATE)
    run.end_tick(0)
    names = {path.stat().st_ino: path.name for path in out_of(recorder).iterdir()}
    told = ["trades.csv", NOTE, "system_state_timeseries.csv"]
    wanted = [(what, name) for name in told for what in ("write", "force")]
    assert [(what, names[inode]) for what, inode in steps] == wanted
    run.finish()


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
    code = f"{CHILD}\nlist(days(run, 3))\nrun.finish()\n"
    place = tmp_path / "sweep"
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(place), str(ROOT), f"p{i}"],
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
        [sys.executable, "-c", LIMITED, str(place), str(ROOT), "killed"],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    *days, sentence = done.stdout.splitlines()
    assert sentence.startswith(f"Cannot write to {place}/active/runs/killed/out: File too large;")
    out = place / "active" / "runs" / "killed" / "out"
    assert sorted(set(days_of(out, "trades.csv"))) == [int(day) for day in days]
    assert len(days_of(out, "trades.csv")) == 15 * len(days)  # before any repair
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
