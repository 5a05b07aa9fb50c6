"""Writers in processes of their own: a file's locks are those of a process."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

_PROGRAM = """
import json, os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=float(sys.argv[2]))
for line in sys.stdin:
    try:
        said = ["ok", connection.execute(json.loads(line)).fetchall()]
    except sqlite3.Error as error:
        said = ["error", str(error)]
    print(json.dumps(said), flush=True)
connection.close()
"""


class Writer:
    """Another program that has a database open for writing; leaving the block closes it."""

    def __init__(self, path: Path, *, timeout: float = 5.0) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(path), str(timeout)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, *statements: str) -> list[list[object]]:
        """Execute SQL and wait for it; the rows of the last statement. Its error is raised."""
        rows: list[list[object]] = []
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        for statement in statements:
            self._process.stdin.write(json.dumps(statement) + "\n")
            self._process.stdin.flush()
            kind, said = json.loads(self._process.stdout.readline())
            if kind == "error":
                raise RuntimeError(said)
            rows = said
        return rows

    def kill(self) -> None:
        """End the process at once: what it had open is left as it is."""
        self._process.kill()
        self._end()

    def close(self) -> None:
        """Close the connection as a program does that ends well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._end()

    def _end(self) -> None:
        self._process.wait(10)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self.close()
