"""The window: blocks of its GUI thread, tick steps, memory, zooming, rows of tables."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from benchmarks.frame import Figure, Room, frames, line, megabytes, milliseconds, ratio
from benchmarks.lines.bare import forget
from benchmarks.make_large import served

FIRST_ROWS = milliseconds(150)
WORKS = "views,tables,shell,steps"

SERVED = (
    "trades sorted by tick, desc.",
    "trades sorted by tick, asce.",
    "trades, jump to the last row",
    "trades, pair cleared",
)
"""Works whose first rows an index of the file serves."""


def driven(room: Room, path: Path | str, works: str) -> dict[str, Any]:
    """What `benchmarks.window` measured on a database, in a process of its own, once a taking."""
    return _driven(path, works, room.taking)


@cache
def _driven(path: Path | str, works: str, taking: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.window", str(path), "--json", "--works", works]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if found["crashes"]:
        raise RuntimeError(f"the window crashed: {found['crashes']}")
    return found


def opened(path: Path | str) -> float:
    """Seconds from opening to the run list and the first plot, in a window of its own process."""
    command = [sys.executable, "-m", "benchmarks.window", str(path), "--json", "--works", "none"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found["took"]["open, run list, first plot"] / 1e3


@line(
    "window: open, run list, first plot, first time",
    against="the same on 10 k snapshots (50 ticks)",
    bar=ratio(1.3),
)
def opening(room: Room) -> Figure:
    return _openings(room.large, room.small, 5)


def _openings(large: Path | str, small: Path | str, rounds: int) -> Figure:
    pairs = []
    for place in (large, small):
        opened(place)
    for _ in range(rounds):
        forget()
        pairs.append((opened(large), opened(small)))
    ours, theirs = (statistics.median(side) for side in zip(*pairs, strict=True))
    note = f"{ours * 1e3:.0f} ms, {theirs * 1e3:.0f} ms"
    return Figure(statistics.median(a / b for a, b in pairs), note=note)


@line("GUI thread's longest block, in all works", against="", bar=milliseconds(50))
def longest_block(room: Room) -> Figure:
    of_2000 = driven(room, room.database("vmt-2000"), "steps")["blocks"]
    named = [(length, f"{work}, 2 000 agents") for length, work in of_2000]
    of_200 = driven(room, room.large, WORKS)["blocks"]
    return _longest([*((length, work) for length, work in of_200), *named])


def _longest(blocks: list[tuple[float, str]]) -> Figure:
    if not blocks:
        return Figure(0.0, note="no stretch over 50 ms")
    length, work = max(blocks)
    return Figure(length, note=f"{work}; {len(blocks)} stretches over 50 ms")


@line("tick step, every view visible, 200 agents", against="", bar=milliseconds(16))
def step_of_200(room: Room) -> Figure:
    return _step(driven(room, room.large, WORKS))


@line("tick step, every view visible, 2 000 agents", against="", bar=milliseconds(30))
def step_of_2000(room: Room) -> Figure:
    return _step(driven(room, room.database("vmt-2000"), "steps"))


def _step(found: dict[str, Any]) -> Figure:
    steps = found["steps"]
    return Figure(statistics.median(steps), note=f"GUI-thread time; worst {max(steps):.0f} ms")


@line("memory of the window at its most, over an empty one", against="", bar=megabytes(300))
def memory(room: Room) -> Figure:
    return Figure(driven(room, room.large, WORKS)["peak"])


@line("first rows on screen where an index serves", against="", bar=milliseconds(150))
def first_rows(room: Room) -> Figure:
    return _first_rows(driven(room, room.large, WORKS)["took"])


def _first_rows(took: dict[str, float]) -> Figure:
    slowest = max((work for work in SERVED if work in took), key=lambda work: took[work])
    return Figure(took[slowest], note=f"slowest: {slowest}")


@line("first rows on screen of a sort without an index", against="", bar=milliseconds(150))
def sought_rows(room: Room) -> Figure:
    took = driven(room, room.large, WORKS)["took"]
    return Figure(took["trades sorted by price, desc."], note="progress is shown meanwhile")


@line("500 agents × 20 000 ticks, pan and zoom", against="", bar=frames(30))
def zooming(room: Room) -> Figure:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.zooming"], capture_output=True, text=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    note = f"GUI-thread time; slowest frame {found['worst'] * 1e3:.0f} ms"
    return Figure(1 / found["median"], note=note)


@line(
    "window on PostgreSQL: open, run list, first plot",
    against="the same on 10 k snapshots (50 ticks)",
    bar=ratio(1.3),
)
def on_a_server(room: Room) -> Figure:
    return _openings(room.served("vmt"), served("pg-vmt-10k", room.databases), 5)


@line("window on PostgreSQL: GUI thread's longest block", against="", bar=milliseconds(50))
def longest_block_on_a_server(room: Room) -> Figure:
    found = driven(room, room.served("vmt"), WORKS)["blocks"]
    return _longest([(length, work) for length, work in found])


@line("window on PostgreSQL: tick step, 200 agents", against="", bar=milliseconds(16))
def step_on_a_server(room: Room) -> Figure:
    return _step(driven(room, room.served("vmt"), WORKS))


@line("window on PostgreSQL: memory at its most", against="", bar=megabytes(300))
def memory_on_a_server(room: Room) -> Figure:
    return Figure(driven(room, room.served("vmt"), WORKS)["peak"])


@line("window on PostgreSQL: first rows where an index serves", against="", bar=FIRST_ROWS)
def rows_on_a_server(room: Room) -> Figure:
    return _first_rows(driven(room, room.served("vmt"), WORKS)["took"])
