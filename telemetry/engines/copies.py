"""Copies of a database that cannot be read in place, because its writer lets nobody else in."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import duckdb

from telemetry.cancel import CancelToken
from telemetry.errors import LockedError, SourceError

TRIES = 20
WAIT = 0.05
_BLOCK = 1 << 22


def copy_of(path: Path, folder: Path, token: CancelToken | None = None) -> Path:
    """Copy a DuckDB file as its writer last left it into `folder`, and say where the copy is.

    The file changes only at a checkpoint, and what came since stands in the `.wal` beside it: the
    two are copied again where they do not belong together. The original is only read. SourceError
    where it cannot be read or the folder cannot be written; LockedError where it never rests.
    """
    token = token or CancelToken()
    stamp = time.strftime("%H.%M.%S")
    target = folder / f"{path.stem} as of {stamp}{path.suffix}"
    try:
        for _ in range(TRIES):
            before = _state(path)
            _copy(path, target, token)
            _copy_log(path, target, token)
            if _state(path) == before and _opens(target):
                return target
            time.sleep(WAIT)
    except OSError as error:
        where = error.filename or target
        raise SourceError(
            f"{path} could not be copied: {where}: {error.strerror}; make room or copy it by hand."
        ) from error
    raise LockedError(f"{path} changes faster than it can be copied; try again in a moment.")


def _copy_log(path: Path, target: Path, token: CancelToken) -> None:
    """Copy the `.wal` beside `path`, unless a checkpoint takes it away meanwhile."""
    beside, copy = (p.with_name(p.name + ".wal") for p in (path, target))
    copy.unlink(missing_ok=True)  # of an earlier try
    if beside.exists():
        try:
            _copy(beside, copy, token)
        except FileNotFoundError:
            if beside.exists():
                raise
            copy.unlink(missing_ok=True)


def _state(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def _opens(copy: Path) -> bool:
    """DuckDB itself says whether a file and the `.wal` beside it belong together."""
    try:
        duckdb.connect(str(copy), read_only=True).close()
    except duckdb.IOException:
        return False
    return True


def _copy(source: Path, target: Path, token: CancelToken) -> None:
    done, total = 0, source.stat().st_size
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK):
            writer.write(block)
            done += len(block)
            token.report(done, total, "bytes")
            token.check()
    shutil.copystat(source, target)
