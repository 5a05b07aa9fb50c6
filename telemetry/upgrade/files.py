"""New files that appear whole or not at all, and copies that are the same as what they copy."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

from telemetry.cancel import CancelToken
from telemetry.errors import ExportError, LockedError, SourceError
from telemetry.export.staging import sentences, sync_folder

_PAGES = 2_000
_BLOCK = 1 << 20
_TARGETS = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_READONLY,
)
"""What SQLite says where it is the new file that fails."""


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """A temporary path beside `target`; what the block leaves there becomes `target` at its end.

    ExportError where `target` exists by then, or cannot be made. Killed at any moment, nothing
    stands at `target`, or all of it.
    """
    refuse_existing(target)
    with working(target) as path:
        yield path
        with sentences(target):
            _sync(path)
            try:
                os.link(path, target)  # unlike a rename, never in the place of another file
            except OSError:  # another file by now, or a file system without links
                refuse_existing(target)
                os.rename(path, target)
            sync_folder(target.parent)


@contextmanager
def working(target: Path) -> Iterator[Path]:
    """A path in a hidden folder beside `target`, which goes with the block."""
    with sentences(target):
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name[:60]}.", dir=target.parent))
    try:
        yield folder / "part"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_existing(target: Path) -> None:
    """ExportError where something stands at `target`, or where no file can be made there."""
    if os.path.lexists(target):
        raise ExportError(f"{target} exists already and is left as it is; name another file.")
    if not target.parent.is_dir():
        raise ExportError(
            f"{target} cannot be written, for the folder {target.parent} does not exist; make it "
            "first or name another one."
        )


def copy_sqlite(source: sqlite3.Connection, target: Path, token: CancelToken) -> None:
    """All that the connection sees, what lies in a WAL included, as a file of its own."""

    def progress(_status: int, remaining: int, total: int) -> None:
        token.check()
        token.report(total - remaining, total, "pages")

    copy = sqlite3.connect(target)
    try:
        source.backup(copy, pages=_PAGES, progress=progress)
        copy.execute("PRAGMA journal_mode=DELETE").fetchall()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode not in _TARGETS:
            raise
        raise ExportError(f"{target.parent.parent} cannot take a copy: {advice(error)}.") from error
    finally:
        copy.close()


def advice(error: sqlite3.Error) -> str:
    """Why SQLite could not write, and what to do."""
    if error.sqlite_errorcode == sqlite3.SQLITE_READONLY:
        return "it may not be written; choose another folder"
    return f"{error}; free some space or choose another folder"


def same_sqlite(one: sqlite3.Connection, path: Path) -> bool:
    """Whether the file at `path` holds the same tables with the same rows."""
    other = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
    other.text_factory = bytes
    kept, one.text_factory = one.text_factory, bytes
    try:
        if not _same_rows(one, other, "SELECT type, name, tbl_name, sql FROM sqlite_master"):
            return False
        tables = other.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return all(
            _same_rows(one, other, f"SELECT * FROM {_quoted(name.decode())}") for (name,) in tables
        )
    finally:
        one.text_factory = kept
        other.close()


def copy_duckdb(source: Path, target: Path, token: CancelToken) -> None:
    """The file and the WAL beside it; LockedError where they change meanwhile."""
    before = _stamps(source)
    for suffix in ("", ".wal"):
        path = source.with_name(source.name + suffix)
        if path.exists():
            _copy_bytes(path, target.with_name(target.name + suffix), token)
    if _stamps(source) != before:
        raise LockedError(
            f"{source} was changed by another program while it was copied; try again when that "
            "has finished."
        )


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two files hold the same."""
    with one.open("rb") as a, other.open("rb") as b:
        while True:
            left, right = a.read(_BLOCK), b.read(_BLOCK)
            if left != right:
                return False
            if not left:
                return True


def replace(path: Path, target: Path) -> None:
    """Put the complete file at `path` in the place of `target`."""
    with sentences(target):
        _sync(path)
        shutil.copymode(target, path)
        os.replace(path, target)
        sync_folder(target.parent)


def sound(path: Path, name: str) -> None:
    """SourceError where a copy of the SQLite database `name` is damaged within."""
    connection = sqlite3.connect(path)
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        said = str(error)
    finally:
        connection.close()
    if said != "ok":
        raise SourceError(
            f"{name} is damaged within ({' '.join(str(said).split())}), so it was not "
            "migrated; rescue it with SQLite's .recover first."
        )


def _stamps(path: Path) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for suffix in ("", ".wal"):
        try:
            status = path.with_name(path.name + suffix).stat()
            found.append((status.st_mtime_ns, status.st_size))
        except FileNotFoundError:
            found.append(None)
    return found


def _copy_bytes(source: Path, target: Path, token: CancelToken) -> None:
    total, done = source.stat().st_size, 0
    folder = target.parent.parent
    with source.open("rb") as read, sentences(folder), target.open("wb") as write:
        while block := read.read(_BLOCK):
            token.check()
            write.write(block)
            done += len(block)
            token.report(done, total, "bytes")


def _same_rows(one: sqlite3.Connection, other: sqlite3.Connection, select: str) -> bool:
    rows = zip_longest(one.execute(select), other.execute(select))
    return all(a == b for a, b in rows)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
