"""Connections to SQLite that only read, with texts decoded whatever their bytes."""

from __future__ import annotations

import codecs
import os
import sqlite3
import threading
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from telemetry.engines.sqlite_file import Stamp
from telemetry.errors import FilterError
from telemetry.filters import regexp

CACHE_KIB = 4_000
_TEMPORARY = ("/var/tmp", "/usr/tmp", "/tmp")
UNDECODABLE = (
    "Some texts are not valid UTF-8; their bytes that cannot be read are shown as \\x… escapes."
)
undecodable = threading.local()
refused = threading.local()


class Connection(sqlite3.Connection):
    """`seen`: the stamp of the file when it was opened as immutable, None for other ways.

    `opened`: the file that nobody writes to while a question is at work; None beside a writer.
    """

    seen: Stamp | None = None
    opened: Path | None = None


def open_connection(path: Path, options: str) -> Connection:
    """A connection that has read from the file once; the driver's error where it cannot."""
    connection = sqlite3.connect(
        file_uri(path, options),
        uri=True,
        timeout=0.1,  # short: whoever waits longer asks the token in between
        isolation_level=None,
        check_same_thread=False,
        factory=Connection,
    )
    try:
        connection.text_factory = partial(str, encoding="utf-8", errors=_ESCAPE)
        connection.execute("PRAGMA query_only=ON")
        connection.execute(f"PRAGMA temp_store={_overflow()}")
        connection.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchall()
    except BaseException:
        connection.close()
        raise
    return connection


def _overflow() -> str:
    """Where large sorts go: the system's own folder for it, never the one that we work in.

    SQLite takes the first of these folders that can be written to, and failing all the working
    folder, which may be the one with the data.
    """
    folders = (os.environ.get("SQLITE_TMPDIR"), os.environ.get("TMPDIR"), *_TEMPORARY)
    there = any(folder and os.access(folder, os.W_OK | os.X_OK) for folder in folders)
    return "FILE" if there or os.name == "nt" else "MEMORY"


def _escape(error: UnicodeError) -> tuple[str | bytes, int]:
    undecodable.seen = True
    return codecs.backslashreplace_errors(error)


_ESCAPE = "telemetry-escape"
codecs.register_error(_ESCAPE, _escape)


def define_regexp(connection: Any, _record: Any) -> None:
    connection.create_function("regexp", 2, _regexp, deterministic=True)


def _regexp(pattern: str, text: object) -> bool | None:
    """SQLite says of an error in a function only that there was one: it is kept in `refused`."""
    try:
        return regexp(pattern, text)
    except FilterError as error:
        refused.error = error
        raise


def file_uri(path: Path, options: str) -> str:
    """The file as SQLite opens it with these options."""
    text = quote(os.fsencode(path.as_posix()))
    return f"file:{'/' if os.name == 'nt' else ''}{text}?{options}"
