"""`telemetry …`: asks a source on the command line and prints the answer; owns no query."""

from __future__ import annotations

from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` unless given) and return its exit code, never raising.

    0: answered; 1: nothing found; 2: bad use; 3: the source cannot be read; 130: interrupted.
    """
    from telemetry.cli.program import run

    return run(argv)
