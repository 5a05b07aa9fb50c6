"""Commands from the interpreter's start to its end, on the largest database that there is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from benchmarks.frame import Pair, Room, line, seconds

LARGEST = "vmt-100m"


def _largest(room: Room) -> Path:
    """The 100 M database where it has been made, since that takes long; else the asked one."""
    path = room.databases / f"{LARGEST}.db"
    return path if path.exists() else room.large


def _command(room: Room, *words: str) -> Pair:
    asked = [sys.executable, "-m", "telemetry", *words]
    plain = [sys.executable, "-c", "pass"]

    # As installed: with the bytecode that installing, or the first start, leaves behind.
    kept = {"PYTHONPYCACHEPREFIX": str(room.folder.parent / "bytecode")}
    others = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

    def run(command: list[str]) -> None:
        silent = subprocess.DEVNULL
        subprocess.run(command, stdout=silent, stderr=silent, check=True, env={**others, **kept})

    return Pair(lambda: run(asked), lambda: run(plain))


@line("command `runs`, 100 M where made", against="Python alone", bar=seconds(0.5))
def runs(room: Room) -> Pair:
    return _command(room, "runs", str(_largest(room)))


@line("command `trades --limit 20`, 100 M where made", against="Python alone", bar=seconds(0.5))
def trades(room: Room) -> Pair:
    return _command(room, "trades", str(_largest(room)), "1", "--limit", "20")


@line("command `runs` on PostgreSQL", against="Python alone", bar=seconds(0.5))
def runs_on_a_server(room: Room) -> Pair:
    return _command(room, "runs", room.served("vmt"))


@line("command `trades --limit 20` on PostgreSQL", against="Python alone", bar=seconds(0.5))
def trades_on_a_server(room: Room) -> Pair:
    return _command(room, "trades", room.served("vmt"), "1", "--limit", "20")
