"""The demo: databases worth looking at, recorded by the sample economies."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from telemetry.errors import RecordingError
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.samples.grid_economy import Scenario, simulate
from telemetry.samples.grid_economy.catalogue import BARTER_VINTAGE, SCENARIOS

#: Told what is being recorded, and which part of the whole (0 to 1) is done.
Progress = Callable[[str, float], None]

_DEMO_ID = 0x564D5444  # "VMTD", where SQLite files say whose they are
_ID_BYTES = slice(68, 72)


@dataclass(frozen=True)
class _Plan:
    """One file of the demo: its name, the runs in it, and the tables it begins with, if any."""

    file: str
    scenarios: Sequence[Scenario]
    ddl: str | None = None


_PLANS = (
    _Plan("vmt_demo.db", SCENARIOS),
    _Plan("vmt_barter_vintage.db", (BARTER_VINTAGE,), "vmt_barter.sql"),
)


def write_demo(directory: str | os.PathLike[str], progress: Progress | None = None) -> list[Path]:
    """Write the demo databases into a folder (made if absent) and return their paths.

    Files of an earlier demo are replaced. Raises `RecordingError`, and leaves everything as it
    was, when a file of that name is not a demo's, or when the folder cannot be written.
    """
    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(
            f"Cannot write the demo to {folder}: {error.strerror}; choose another folder."
        ) from error
    for plan in _PLANS:
        _refuse_strangers(folder / plan.file)
    ticks = sum(scenario.ticks for plan in _PLANS for scenario in plan.scenarios)
    done = 0
    for plan in _PLANS:
        done = _write(folder / plan.file, plan, progress, done, ticks)
    return [folder / plan.file for plan in _PLANS]


def _refuse_strangers(path: Path) -> None:
    """Refuse to replace what is not ours, and what another program has open."""
    if not path.exists():
        return
    if path.with_name(path.name + "-wal").exists():
        raise RecordingError(f"Cannot replace {path}: a program has it open; close it first.")
    try:
        with path.open("rb") as file:
            head = file.read(_ID_BYTES.stop)
    except OSError as error:
        raise RecordingError(f"Cannot replace {path}: {error.strerror}; move it away.") from error
    if head[_ID_BYTES] != _DEMO_ID.to_bytes(4, "big"):
        raise RecordingError(
            f"Cannot write the demo over {path}: it is not a demo's file; move it away or choose "
            "another folder."
        )


def _write(path: Path, plan: _Plan, progress: Progress | None, done: int, ticks: int) -> int:
    """Record beside the place and move there at the end, so that no half demo is left behind."""
    draft = path.with_name(f".{path.name}.part")
    try:
        _create(draft, plan.ddl)
        with VmtRecorder(draft, older_vintage=plan.ddl is not None) as recorder:
            for scenario in plan.scenarios:
                teller = _teller(progress, scenario.name, done, ticks)
                simulate(scenario, recorder, teller, ticks_per_commit=10)
                done += scenario.ticks
        draft.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise RecordingError(f"Cannot write {path}: {error}; choose another folder.") from error
    finally:
        for leftover in (draft, draft.with_name(draft.name + "-wal"), _shm(draft)):
            leftover.unlink(missing_ok=True)
    return done


def _shm(path: Path) -> Path:
    return path.with_name(path.name + "-shm")


def _teller(
    progress: Progress | None, name: str, done: int, ticks: int
) -> Callable[[int], None] | None:
    if progress is None:
        return None
    return lambda tick: progress(name, (done + tick + 1) / ticks)


def _create(path: Path, ddl: str | None) -> None:
    """An empty file that says it is a demo's, with the tables of an old producer if asked."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"PRAGMA application_id = {_DEMO_ID}")
        if ddl is not None:
            text = (resources.files("telemetry.samples") / ddl).read_text("utf-8")
            connection.executescript(text)
        connection.commit()
    finally:
        connection.close()
