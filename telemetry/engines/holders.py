"""Which process holds a lock on a file, where the system tells it (Linux does)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from telemetry.text import one_line

LOCKS = Path("/proc/locks")
PROCESSES = Path("/proc")
_PID, _INODE = 4, 5  # fields of a line: "1: POSIX ADVISORY WRITE 812 08:01:4711 0 EOF"


def writer_of(*paths: Path) -> str:
    """Who has a write lock on one of the files: "process 812 (python3)", else "another program"."""
    inodes = set()
    for path in paths:
        with suppress(OSError):
            inodes.add(str(path.stat().st_ino))
    for line in _lines():
        fields = line.split()
        if "->" in fields or len(fields) <= _INODE or "WRITE" not in fields:
            continue  # one that waits for the lock does not hold it
        pid = fields[_PID]
        if fields[_INODE].rpartition(":")[2] in inodes and pid != str(os.getpid()):
            return process(int(pid)) if pid.isdigit() else "another program"
    return "another program"


def process(pid: int) -> str:
    """ "process 812 (python3)", without the program where it cannot be told."""
    name = ""
    with suppress(OSError):
        name = (PROCESSES / str(pid) / "comm").read_text("utf-8", "replace").strip()
    return f"process {pid} ({one_line(name, limit=40)})" if name else f"process {pid}"


def _lines() -> list[str]:
    try:
        return LOCKS.read_text("ascii", "replace").splitlines()
    except OSError:
        return []
