"""`telemetry …`: asks a source on the command line and prints the answer; owns no query."""

from __future__ import annotations

import sys
from collections.abc import Sequence

_OBJECTS = 300_000
"""So many new objects, net, between two looks for garbage; what a command loads is half of them."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` unless given) and return its exit code, never raising.

    0: answered; 1: nothing found; 2: bad use; 3: the source cannot be read; 130: interrupted.
    """
    if argv is not None:
        from telemetry.cli.program import run

        return run(argv)
    return _alone()


def _alone() -> int:
    """Run the command that the process was started for.

    What a short command loads lives to its end: looking through it for garbage, on the way and
    once more when the interpreter ends, is a quarter of its time.
    """
    import gc

    gc.set_threshold(_OBJECTS)
    from telemetry.cli.program import run

    code = run(None)
    if "duckdb" not in sys.modules:  # which reports on standard error what it finds left at the end
        gc.freeze()
    return code
