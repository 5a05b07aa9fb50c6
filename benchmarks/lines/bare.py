"""The named tools: the bare SQLite driver and the sqlite3 shell, on the run that lines ask for."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from benchmarks.frame import Room

LAMBDA_OF_ONE = (
    "SELECT tick, lambda_money FROM agent_snapshots WHERE run_id = 1 AND agent_id = 5 ORDER BY tick"
)
LAMBDA_PER_TICK = (
    "SELECT tick, avg(lambda_money), min(lambda_money), max(lambda_money) "
    "FROM agent_snapshots WHERE run_id = 1 GROUP BY tick"
)
CONTRADICTING = (
    "SELECT count(*) FROM trades WHERE run_id = 1 AND exchange_pair_type <> CASE "
    "WHEN dM <> 0 AND dA <> 0 AND dB = 0 THEN 'A<->M' WHEN dM <> 0 AND dA = 0 AND dB <> 0 "
    "THEN 'B<->M' WHEN dM = 0 AND dA <> 0 AND dB <> 0 THEN 'A<->B' ELSE exchange_pair_type END"
)
ALL_TRADES = "SELECT * FROM trades WHERE run_id = 1 ORDER BY tick, id"


def driver(room: Room, path: Path) -> sqlite3.Connection:
    """A connection of the standard library's driver that is held while the line lasts."""
    found = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    room.leaving.callback(found.close)
    return found


def shell(path: Path, statement: str, target: Path) -> None:
    """The sqlite3 shell writes the rows of a statement as CSV with a header."""
    with target.open("wb") as file:
        command = ["sqlite3", "-readonly", "-header", "-csv", f"file:{path}?immutable=1", statement]
        subprocess.run(command, stdout=file, check=True)


def forget() -> None:
    """Empty the cache of answers, so that the next one is found anew."""
    shutil.rmtree(Path(os.environ["TELEMETRY_CACHE"]), ignore_errors=True)
