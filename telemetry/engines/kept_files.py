"""Small text files as tables in memory, for as long as the files stay as they are."""

from __future__ import annotations

import os
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from telemetry.frozen import Frozen

_SCHEMA = "kept"
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_READS = re.compile(r"\bread_(?:csv|json|text)\(")
SETTLED = 2.0
"""Seconds since the last change after which size and time tell a file's contents."""
_State = tuple[tuple[str, int, int, int], ...]


class _Kept(Frozen):
    name: str
    size: int


class KeptFiles:
    """What SELECTs over files gave, kept beside an in-memory DuckDB's own tables.

    A SELECT is read again once a file that it names has another size, time or inode; files
    changed within the last two seconds are read in place. What a caller would get wrong: the
    connection must not be in a transaction, which would not see what others keep.
    """

    def __init__(
        self, memory: duckdb.DuckDBPyConnection, *, largest: int = 8 << 20, most: int = 32 << 20
    ) -> None:
        """`largest`: bytes of the files of one SELECT; `most`: of all that is kept."""
        self._memory, self._largest, self._most = memory, largest, most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, _State], _Kept] = OrderedDict()
        self._forgotten: list[str] = []
        self._questions = 0
        self._numbers = 0
        memory.execute(f"CREATE SCHEMA {_SCHEMA}")

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Around a question: nothing that it may have named is dropped before its end."""
        with self._lock:
            self._questions += 1
        try:
            yield
        finally:
            with self._lock:
                self._questions -= 1
                names, self._forgotten = self._forgotten, []
                if self._questions:
                    self._forgotten = names
                else:
                    self._drop(names)

    def select(self, connection: Any, select: str) -> str:
        """A SELECT with the same rows and columns as `select`, which reads nothing but files."""
        state = self._state(select)
        if state is None:
            return select
        with self._lock:
            found = self._kept.get((select, state))
            if found is not None:
                self._kept.move_to_end((select, state))
                return f"SELECT * FROM {_SCHEMA}.{found.name}"
            self._numbers += 1
            name = f"t{self._numbers}"
        try:
            connection.execute(f"CREATE TABLE {_SCHEMA}.{name} AS {select}")
        except duckdb.InterruptException:
            raise
        except duckdb.Error:  # a line that cannot be read is told where somebody comes to it
            return select
        with self._lock:
            if self._state(select) != state:  # changed while it was read
                self._forgotten.append(name)
                return select
            self._keep((select, state), _Kept(name, sum(size for _, size, _, _ in state)))
        return f"SELECT * FROM {_SCHEMA}.{name}"

    def _keep(self, key: tuple[str, _State], kept: _Kept) -> None:
        """Remember it, and forget the same of older files, then what waited the longest."""
        for other in [k for k in self._kept if k[0] == key[0]]:
            self._forgotten.append(self._kept.pop(other).name)
        self._kept[key] = kept
        size = sum(k.size for k in self._kept.values())
        while size > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._forgotten.append(oldest.name)
            size -= oldest.size

    def _drop(self, names: list[str]) -> None:
        with suppress(duckdb.Error):  # closed meanwhile: then nothing is kept at all
            for name in names:
                self._memory.execute(f"DROP TABLE IF EXISTS {_SCHEMA}.{name}")

    def _state(self, select: str) -> _State | None:
        """The files that `select` reads as they are now; None where it is better read in place."""
        if _READS.search(select) is None:
            return None
        now, found, size = time.time(), [], 0
        for literal in dict.fromkeys(_LITERAL.findall(select)):
            path = literal.replace("''", "'")
            if not os.path.isabs(path):
                continue
            try:
                seen = os.stat(path)
            except (OSError, ValueError):
                return None
            if now - seen.st_mtime < SETTLED:
                return None
            size += seen.st_size
            found.append((path, seen.st_size, seen.st_mtime_ns, seen.st_ino))
        return tuple(found) if found and size <= self._largest else None
