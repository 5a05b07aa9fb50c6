"""Recorders that are killed in the middle of their work, many of them in little time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SOON = 0.01
_ROOT = Path(__file__).resolve().parents[2]
_NURSERY = """
import os, sys
sys.path.insert(0, {root!r})

def say(tick):
    os.write(1, b"%d\\n" % tick)  # in one piece, or not at all

{child}
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        work(*line.rstrip("\\n").split("\\t"))
        os._exit(0)
    print("born", pid, flush=True)
    os.waitpid(pid, 0)
    print("dead", flush=True)
"""


class Nursery:
    """A process that has imported everything and forks a recorder whenever it is asked to.

    The recorder's code defines `work(*texts)`, which calls `say(tick)` once a tick has ended.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def kill_after(self, ticks: int, *texts: str) -> int | None:
        """Kill a recorder some moment after so many ticks; the last one it said, None if none."""
        asking, saying = self._process.stdin, self._process.stdout
        assert asking is not None
        assert saying is not None
        asking.write("\t".join(texts) + "\n")
        asking.flush()
        pid, said = None, []
        killed = False
        for line in saying:
            if line.startswith("born"):
                pid = int(line.split()[1])
            elif line.startswith("dead"):
                return said[-1] if said else None
            else:
                said.append(int(line))
            if pid is not None and len(said) >= ticks and not killed:
                time.sleep(random.random() * _SOON)  # at once would be at one place of its loop
                os.kill(pid, signal.SIGKILL)
                killed = True
        raise AssertionError("the nursery died")


@contextmanager
def nursery(child: str) -> Iterator[Nursery]:
    """A nursery of recorders with the code `child`; only where processes can fork."""
    code = _NURSERY.format(root=str(_ROOT), child=child)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Nursery(process)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait()
