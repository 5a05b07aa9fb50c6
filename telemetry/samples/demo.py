"""The demo: databases of every family worth looking at, recorded by the sample economies."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from pathlib import Path

from telemetry.errors import RecordingError
from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.frozen import Frozen
from telemetry.samples import grid_economy
from telemetry.samples.dealer_ring import catalogue as rings
from telemetry.samples.grid_economy.catalogue import BARTER_VINTAGE, SCENARIOS
from telemetry.samples.order_book import catalogue as markets
from telemetry.samples.payments import catalogue as settlements

#: Told what is being recorded, and which part of the whole (0 to 1) is done.
Progress = Callable[[str, float], None]

_DEMO_ID = 0x564D5444  # "VMTD", where SQLite files say whose they are
_ID_BYTES = slice(68, 72)
_LISTED = "demo.json"  # names what the demo wrote that cannot say so itself


class Part(Frozen):
    """One file or folder of the demo: its name, its share of the work, and what records it.

    `record` is given a place where nothing is, or an empty SQLite file of the demo's.
    """

    name: str
    share: float
    record: Callable[[Path, Progress], object]
    sqlite: bool = False


def _grid(
    scenarios: Sequence[grid_economy.Scenario], ddl: str | None = None
) -> Callable[[Path, Progress], object]:
    return partial(_record_grid, tuple(scenarios), ddl)


def _record_grid(
    scenarios: Sequence[grid_economy.Scenario], ddl: str | None, path: Path, progress: Progress
) -> None:
    """The scenarios one after another, into the tables of an old producer if asked."""
    if ddl is not None:
        text = (resources.files("telemetry.samples") / ddl).read_text("utf-8")
        with sqlite3.connect(path) as connection:
            connection.executescript(text)
        connection.close()
    whole = sum(scenario.ticks for scenario in scenarios)
    done = 0
    with VmtRecorder(path, older_vintage=ddl is not None) as recorder:
        for scenario in scenarios:
            teller = partial(_tell, progress, scenario.name, done, whole)
            grid_economy.simulate(scenario, recorder, teller, ticks_per_commit=10)
            done += scenario.ticks


def _tell(progress: Progress, name: str, done: int, whole: int, tick: int) -> None:
    progress(name, (done + tick + 1) / whole)


PARTS = (
    Part("vmt_demo.db", 0.6, _grid(SCENARIOS), sqlite=True),
    Part("vmt_barter_vintage.db", 0.02, _grid((BARTER_VINTAGE,), "vmt_barter.sql"), sqlite=True),
    Part("payments_demo.duckdb", 0.24, settlements.write),
    Part("order_book_demo.db", 0.07, markets.write, sqlite=True),
    Part("dealer_ring_demo", 0.07, rings.write),
)


def write_demo(directory: str | os.PathLike[str], progress: Progress | None = None) -> list[Path]:
    """Write the demo of every family into a folder (made if absent) and return what was written.

    What an earlier demo wrote is replaced. Raises `RecordingError`, and leaves everything as it
    was, when something of that name is not a demo's, or when the folder cannot be written.
    """
    folder = Path(directory)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(
            f"Cannot write the demo to {folder}: {error.strerror}; choose another folder."
        ) from error
    listed = _listed(folder)
    for part in PARTS:
        _refuse_strangers(folder / part.name, part, listed)
    done = 0.0
    whole = sum(part.share for part in PARTS)
    for part in PARTS:
        told = partial(_tell_part, progress or _silent, done / whole, part.share / whole)
        _write(folder / part.name, part, told)
        done += part.share
    if progress is not None:
        progress("done", 1.0)
    return [folder / part.name for part in PARTS]


def _silent(name: str, part: float) -> None:
    """Nobody listens."""


def _tell_part(progress: Progress, done: float, share: float, name: str, part: float) -> None:
    progress(name, min(done + share * part, 1.0))


def _listed(folder: Path) -> set[str]:
    """What earlier demos wrote here that cannot say so itself."""
    try:
        found = json.loads((folder / _LISTED).read_text("utf-8"))
        return {str(name) for name in found["written_by_demo"]}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _refuse_strangers(path: Path, part: Part, listed: set[str]) -> None:
    """Refuse to replace what is not ours, and what another program has open."""
    if not path.exists():
        return
    for suffix in ("-wal", ".wal"):
        if path.with_name(path.name + suffix).exists():
            raise RecordingError(f"Cannot replace {path}: a program has it open; close it first.")
    try:
        ours = _has_demo_id(path) if part.sqlite else part.name in listed
    except OSError as error:
        raise RecordingError(f"Cannot replace {path}: {error.strerror}; move it away.") from error
    if not ours:
        what = "file" if path.is_file() else "folder"
        raise RecordingError(
            f"Cannot write the demo over {path}: it is not a demo's {what}; move it away or "
            "choose another folder."
        )


def _has_demo_id(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(_ID_BYTES.stop)[_ID_BYTES] == _DEMO_ID.to_bytes(4, "big")


def _write(path: Path, part: Part, progress: Progress) -> None:
    """Record beside the place and move there at the end, so that no half demo is left behind."""
    draft = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        _remove(draft)
        if part.sqlite:
            _create(draft)
        part.record(draft, progress)
        if path.is_dir():
            shutil.rmtree(path)
        draft.replace(path)
        if not part.sqlite:
            _list(path.parent, part.name)
    except (OSError, sqlite3.Error) as error:
        raise RecordingError(f"Cannot write {path}: {error}; choose another folder.") from error
    finally:
        _remove(draft)


def _remove(draft: Path) -> None:
    if draft.is_dir():
        shutil.rmtree(draft, ignore_errors=True)
    for suffix in ("", "-wal", "-shm", ".wal"):
        leftover = draft.with_name(draft.name + suffix)
        if not leftover.is_dir():
            leftover.unlink(missing_ok=True)


def _list(folder: Path, name: str) -> None:
    text = json.dumps({"written_by_demo": sorted({*_listed(folder), name})}, indent=1)
    draft = folder / f".{_LISTED}.part"
    draft.write_text(text + "\n", "utf-8")
    draft.replace(folder / _LISTED)


def _create(path: Path) -> None:
    """An empty file that says it is a demo's."""
    connection = sqlite3.connect(path)
    try:
        connection.execute(f"PRAGMA application_id = {_DEMO_ID}")
        connection.commit()
    finally:
        connection.close()
