"""A process of its own that reads a SQLite file through Arrow, from its start to its end."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from telemetry.cancel import CancelToken

Process = subprocess.Popen[bytes]
_PROGRAM = Path(__file__).with_name("arrow_program.py")


@contextmanager
def asked(question: Mapping[str, Any], token: CancelToken) -> Iterator[tuple[Process, IO[bytes]]]:
    """The process that was given `question`, and what it writes. It ends here, or with `token`.

    `question` is as `arrow_program` takes it, with DuckDB's options as `settings`. A process that
    could not start says so by its end, and by writing nothing.
    """
    pipe = subprocess.PIPE
    command = [sys.executable, "-P", str(_PROGRAM)]
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with token.interrupting(process.kill):
            with suppress(BrokenPipeError):
                process.stdin.write(json.dumps(question).encode())
                process.stdin.close()
            yield process, process.stdout
    finally:
        process.kill()
        process.stdout.close()
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.wait()
