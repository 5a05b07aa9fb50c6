"""Lines of CSV from a SQLite file that nobody writes to, written by a process of their own."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from typing import IO

from telemetry.cancel import CancelToken
from telemetry.engines.arrow_process import asked
from telemetry.engines.digests import Digested, digest_query, digests_of
from telemetry.engines.lines import ByValuesError, Field, Kind, Lines, corrected

AFTER = 2_000
"""Rows until the process is worth its start."""
MEANWHILE = 50_000
"""Rows that can be written from their values until it has begun to write."""
ROWS_AT_ONCE = 8_192
_NEEDED = ("adbc_driver_manager", "adbc_driver_sqlite")
_AT_ONCE = 1 << 20
_BOUNDED = {"threads": "1", "memory_limit": "256MB", "temp_directory": ""}
"""Lines that nobody has taken yet wait in memory, within this; nothing is put on the disk. A second
thread would only wait: rows keep their order."""
_SHARING = {"threads": "2"}
_FIRST: dict[Kind, tuple[str, str]] = {
    "plain": ("0", "BIGINT"), "real": ("0.5", "DOUBLE"), "text": ("'x'", "VARCHAR"),
}  # fmt: skip
"""A first row, by whose values the types of the columns are told, and what they then are."""
# White space at an end of a text, which gets no quotes, and "#", which does. The rare character is
# looked for first.
_SUSPECT = (
    (" ", ", "), (" ", " ,"), (" ", "\n "), (" ", " \n"), ("#", '"#'),
    *((c, c) for c in "\t\x0b\x0c\x1c\x1d\x1e\x1f"),
)  # fmt: skip
_BEYOND = tuple(c for c in map(chr, range(0x80, 0x3001)) if c.isspace())


@cache
def possible() -> bool:
    """Whether the packages are there, and a Python that can be started."""
    if os.name != "posix" or getattr(sys, "frozen", False) or not sys.executable:
        return False
    return all(importlib.util.find_spec(name) is not None for name in _NEEDED)


def written(uri: str, statement: str, fields: Sequence[Field], token: CancelToken) -> Lines:
    """The rows of `statement` in its order; ByValuesError where some value is not of its kind.

    First comes nothing, as soon as the process is started.
    """
    kinds = [field.kind for field in fields]
    # Our first row is taken out here.
    ours = 1
    with closing(_asked(uri, statement, fields, "SELECT * FROM rows", token, _BOUNDED)) as parts:
        for text, rows in parts:
            if not rows:
                yield text, rows
                continue
            if ours:
                text = text.partition("\n")[2]
            if rows > ours:
                yield (corrected(text, kinds) if _suspect(text) else text), rows - ours
            ours = 0


def digested(uri: str, statement: str, fields: Sequence[Field], token: CancelToken) -> Digested:
    """The digests of its rows by the first column; ByValuesError as `written`."""
    names = [f"c{place}" for place in range(len(fields))]
    rows = f"(SELECT * FROM rows AS r({', '.join(names)}) OFFSET 1)"
    with closing(_asked(uri, statement, fields, digest_query(rows, names), token)) as parts:
        lines = "".join(text for text, _ in parts).splitlines()
    return digests_of(tuple(cell or None for cell in line.split(",")) for line in lines)


def _asked(
    uri: str,
    statement: str,
    fields: Sequence[Field],
    query: str,
    token: CancelToken,
    settings: Mapping[str, str] = _SHARING,
) -> Generator[tuple[str, int]]:
    """The answer of the process to a query of DuckDB about `rows`, the first of which is ours.

    Before it comes a part without rows: the process is started.
    """
    kinds = [field.kind for field in fields]
    if not possible() or not all(kind in _FIRST for kind in kinds):
        raise ByValuesError
    question = {
        "uri": uri,
        "statement": _with_types(statement, fields),
        "query": query,
        "settings": dict(settings),
        "rows at once": str(ROWS_AT_ONCE),
        "types": [_FIRST[kind][1] for kind in kinds],
    }
    with asked(question, token) as (process, said):
        _widen(said)
        yield "", 0
        yield from _whole_rows(said)
        if process.wait() != 0:
            token.check()
            raise ByValuesError


def _widen(pipe: IO[bytes]) -> None:
    """Let a pipe hold more, where the system can, so that its ends wait for each other less."""
    import fcntl

    with suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AT_ONCE)


def _with_types(statement: str, fields: Sequence[Field]) -> str:
    """The statement with a first row that is of the fields' kinds, and an error for other values.

    Where a value of another kind would be converted without a word, SQLite is made to fail.
    """
    first = ", ".join(_FIRST[field.kind][0] for field in fields)
    checked = ", ".join(map(_checked, fields))
    return f"SELECT {first} UNION ALL SELECT {checked} FROM ({statement})"


def _checked(field: Field) -> str:
    name = '"' + field.name.replace('"', '""') + '"'
    if field.kind == "plain" or (field.kind == "real" and field.sure):
        return name
    wanted = "real" if field.kind == "real" else "text"
    if field.sure:  # only BLOBs stand beside the texts of such a column
        return f"CASE typeof({name}) WHEN 'blob' THEN json('no ' || {name}) ELSE {name} END"
    return (
        f"CASE typeof({name}) WHEN '{wanted}' THEN {name} WHEN 'null' THEN NULL "
        f"ELSE json('no ' || {name}) END"
    )


def _whole_rows(stream: IO[bytes]) -> Iterator[tuple[str, int]]:
    """What comes through a pipe, cut between rows, with how many they are."""
    left = b""
    while more := stream.read(_AT_ONCE):
        left += more
        end, rows = _rows_of(left)
        if rows:
            try:
                yield left[:end].decode(), rows
            except UnicodeDecodeError as error:
                raise ByValuesError from error
            left = left[end:]


def _rows_of(lines: bytes) -> tuple[int, int]:
    """Where the last whole row ends, and how many there are: line feeds outside of quotes."""
    if b'"' not in lines:
        return lines.rfind(b"\n") + 1, lines.count(b"\n")
    end = rows = at = 0
    for place, part in enumerate(lines.split(b'"')):
        if place % 2 == 0 and (found := part.count(b"\n")):
            rows += found
            end = at + part.rfind(b"\n") + 1
        at += len(part) + 1
    return end, rows


def _suspect(text: str) -> bool:
    around = "\n" + text
    if any(rare in text and odd in around for rare, odd in _SUSPECT):
        return True
    return not text.isascii() and any(c in text for c in _BEYOND)
