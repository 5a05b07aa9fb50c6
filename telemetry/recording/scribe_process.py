"""The program of the process that writes to SQLite beside a simulator; see `scribe`.

It is run by its path and imports the standard library alone, so that it starts at once. Messages
are a length of eight bytes and as many of `marshal`; each is a whole transaction, and nothing is
locked before it is there. It ends with the simulator, however that ends.
"""

from __future__ import annotations

import gc
import marshal
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from functools import lru_cache
from itertools import chain
from typing import IO, Any

_VALUES = 999
"""As many as any SQLite takes in one statement; more of them gain nothing."""
#: Its name, and what it is done with: see the functions of that name.
Operation = tuple[Any, ...]


class UnexpectedError(Exception):
    """What a transaction relies on is not so; the text says what that means."""


def insert(cursor: sqlite3.Cursor, head: str, width: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """Many rows a statement: what a step of SQLite costs beside its rows is then paid once."""
    done = 0
    for size in _sizes(len(rows), width):
        values = tuple(chain.from_iterable(rows[done : done + size]))
        cursor.execute(_statement(head, width, size), values)
        done += size


def many(cursor: sqlite3.Cursor, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """One statement for row after row."""
    cursor.executemany(statement, rows)


def expect(
    cursor: sqlite3.Cursor, query: str, values: tuple[Any, ...], row: tuple[Any, ...], text: str
) -> None:
    """Go on only where the query finds this one row; otherwise say the text."""
    if cursor.execute(query, values).fetchall() != [row]:
        raise UnexpectedError(text)


def perform(connection: sqlite3.Connection, operations: Sequence[Operation]) -> None:
    """All of the operations in one transaction, or none of them."""
    cursor = connection.cursor()
    cursor.execute("BEGIN IMMEDIATE")
    try:
        for name, *told in operations:
            _OPERATIONS[name](cursor, *told)
        cursor.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            cursor.execute("ROLLBACK")
        raise
    finally:
        cursor.close()


_OPERATIONS: dict[str, Callable[..., None]] = {
    "insert": insert,
    "many": many,
    "expect": expect,
}


@lru_cache(1024)
def _statement(head: str, width: int, rows: int) -> str:
    row = f"({','.join('?' * width)})"
    # Otherwise SQLite would save every page that a statement of many rows changes, to be able to
    # undo that statement alone; here a transaction is done as a whole, or not at all.
    return f"INSERT OR ROLLBACK INTO {head} VALUES {','.join([row] * rows)}"


def _sizes(rows: int, width: int) -> Iterator[int]:
    """Rows by statement, each a power of two, so that few statements are ever compiled."""
    largest = 1 << (max(1, _VALUES // width).bit_length() - 1)
    size = largest
    while rows:
        while size > rows:
            size //= 2
        yield size
        rows -= size


def packed(message: Any) -> bytes:
    """A message as it is sent; ValueError where it holds what is no plain value."""
    data = marshal.dumps(message)
    return len(data).to_bytes(8, "little") + data


def unpacked(stream: IO[bytes]) -> Any:
    """The next message; raises EOFError where the other side has gone."""
    size = stream.read(8)
    data = stream.read(int.from_bytes(size, "little")) if len(size) == 8 else b""
    if not data or len(data) != int.from_bytes(size, "little"):
        raise EOFError
    return marshal.loads(data)


def _answer(
    connection: sqlite3.Connection, operations: Sequence[Operation]
) -> tuple[str, str] | None:
    """None where all went well, or what kind of error there was, and what it says."""
    try:
        perform(connection, operations)
    except Exception as error:
        return type(error).__name__, str(error)
    return None


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the simulator's to say what follows
    gc.disable()  # rows hold no cycles
    told, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError, BrokenPipeError):
        arguments, keywords, statements = unpacked(told)
        connection = sqlite3.connect(*arguments, **{**keywords, "isolation_level": None})
        with closing(connection):
            for statement in statements:
                connection.execute(statement)
            answer: tuple[str, str] | None = None
            while True:
                answers.write(packed(answer))
                answers.flush()
                answer = _answer(connection, unpacked(told))


if __name__ == "__main__":
    main()
