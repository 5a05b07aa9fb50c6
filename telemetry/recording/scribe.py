"""A second process that writes to a SQLite file, so that simulator and database have a core each.

A thread would not do: most of what SQLite's driver does with a row it does holding the interpreter.
"""

from __future__ import annotations

import os
import select
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from telemetry.errors import RecordingError
from telemetry.frozen import Frozen
from telemetry.recording import scribe_process
from telemetry.recording.scribe_process import Operation, packed, perform, unpacked

ROWS_BEFORE = 5_000
"""Fewer are written sooner than a process starts."""
_PIPE = 1 << 20
"""Bytes that it need not have read, where a system lets one choose: most transactions fit in."""


class Parcel:
    """A transaction that is gathered for the scribe; takes rows as a connection would.

    What a caller would get wrong: nothing is read or refused before it is sent; what it relies on
    is told to `expect`.
    """

    def __init__(self, scribe: Scribe) -> None:
        self.scribe = scribe
        self.dialect = scribe.dialect
        self.operations: list[Operation] = []

    def insert(self, head: str, width: int, rows: Sequence[tuple[Any, ...]]) -> None:
        """Rows of ``width`` values for a table and its columns, ``head``."""
        self.operations.append(("insert", head, width, rows))

    def exec_driver_sql(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """One statement for each of the rows."""
        self.operations.append(("many", statement, rows))

    def expect(self, query: str, values: tuple[Any, ...], row: tuple[Any, ...], text: str) -> None:
        """Go on only where the query finds this one row; the text is the error otherwise."""
        self.operations.append(("expect", query, values, row, text))


class Sent(Frozen):
    """A transaction that was sent to its scribe."""

    scribe: Scribe
    number: int

    def confirm(self) -> None:
        """Wait until it is committed; raises what SQLite says of it, or `RecordingError`."""
        self.scribe.confirm(self.number)


class Scribe:
    """The process that writes for this one, started once there is enough to write.

    What a caller would get wrong: what was sent is in the database only once `confirm` has
    returned; one transaction is on its way at most. Several threads may use it.
    """

    def __init__(self, engine: Engine, statements: Sequence[str]) -> None:
        """``statements`` make a connection ready."""
        arguments, keywords = engine.dialect.create_connect_args(engine.url)
        self._hello = (tuple(arguments), keywords, tuple(statements))
        self._engine = engine
        self.dialect = engine.dialect
        self._owner = os.getpid()
        self._usable = _may_start()
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._rows = 0
        self._number = 0
        self._awaited: int | None = None
        self._answers: dict[int, tuple[str, str] | None] = {}

    def takes(self, rows: int) -> bool:
        """Whether a transaction of so many rows can be sent; False while it is better written."""
        if not self._usable or os.getpid() != self._owner:
            return False
        with self._lock:
            if self._process is None:
                self._rows += rows
                if self._rows >= ROWS_BEFORE:
                    self._start()
                return False
            self._ready = self._ready or self._has_begun()
            return self._ready

    def send(self, parcel: Parcel) -> Sent:
        """Send a transaction, without waiting for it.

        Raises what SQLite says where it had to be written here and now.
        """
        with self._lock:
            self.settle()
            self._number += 1
            try:
                message = packed(parcel.operations)
            except ValueError:  # a text or number of a class of its own
                with self._engine.connect() as connection:
                    driver: Any = connection.connection.driver_connection
                    perform(driver, parcel.operations)
                self._answers[self._number] = None
                return Sent(self, self._number)
            self._say(message)
            self._awaited = self._number
            return Sent(self, self._number)

    def confirm(self, number: int) -> None:
        """Wait for a transaction; raises what SQLite says of it, or `RecordingError`."""
        with self._lock:
            if self._awaited == number:
                self.settle()
            if number not in self._answers:
                raise _lost()
            answer = self._answers.pop(number)
        if answer is not None:
            kind, text = answer
            if kind == scribe_process.UnexpectedError.__name__:
                raise RecordingError(text)
            raise getattr(sqlite3, kind, sqlite3.DatabaseError)(text)

    def settle(self) -> None:
        """Wait until nothing is on its way; what became of it is told by `confirm`."""
        with self._lock:
            if self._awaited is not None:
                number, answer = self._awaited, self._hear()
                self._answers[number], self._awaited = answer, None

    def close(self) -> None:
        """End the process, after what it was sent; idempotent."""
        with self._lock:
            process, self._process, self._awaited = self._process, None, None
            ready, self._ready = self._ready, False
        if process is None:
            return
        if not ready:  # it has been sent nothing yet
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):  # what it will never read is still in there
                    pipe.close()
        process.wait()

    def _start(self) -> None:
        command = [sys.executable, "-I", "-S", scribe_process.__file__]
        pipe, none = subprocess.PIPE, subprocess.DEVNULL
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=none, pipesize=_PIPE
            )
            self._say(packed(self._hello))
        except (OSError, ValueError, RecordingError):
            self._usable = False
            self.close()

    def _has_begun(self) -> bool:
        """Whether it has said that it is ready; does not wait where the system can tell."""
        process = self._process
        if process is None or process.stdout is None:
            return False
        if os.name == "posix" and not select.select([process.stdout], [], [], 0)[0]:
            return False
        with suppress(RecordingError):
            if self._hear() is None:
                return True
        self._usable = False
        self.close()
        return False

    def _say(self, message: bytes) -> None:
        """Send it all, or end the process, which then has not heard of it."""
        process = self._process
        if process is None or process.stdin is None:
            raise _lost()
        try:
            process.stdin.write(message)
            process.stdin.flush()
        except BaseException as error:
            self.close()  # its pipes may hold halves of messages; there is another when needed
            if isinstance(error, OSError):
                raise _lost() from None
            raise

    def _hear(self) -> tuple[str, str] | None:
        process = self._process
        if process is None or process.stdout is None:
            raise _lost()
        try:
            found: tuple[str, str] | None = unpacked(process.stdout)
            return found
        except BaseException as error:
            self.close()
            if isinstance(error, EOFError):
                raise _lost() from None
            raise


def _may_start() -> bool:
    """Whether a process of this program would be Python, with its own file to run."""
    is_python = Path(sys.executable or "").name.lower().startswith(("python", "pypy"))
    return is_python and Path(scribe_process.__file__).is_file()


def _lost() -> RecordingError:
    return RecordingError(
        "The process that writes for this one has ended; what was committed is kept, and a new "
        "recorder goes on."
    )
