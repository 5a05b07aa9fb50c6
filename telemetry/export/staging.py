"""Files that appear whole and all together, or not at all."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from telemetry.errors import ExportError

_BUFFER = 1 << 17
_BEGUN = 1 << 25
"""Bytes that are put on the disk together."""


class _Ahead(io.FileIO):
    """A file that the system begins to put on the disk while it is written.

    Forcing it to the disk at its end then takes less long; nothing may rely on it before.
    """

    _left = _size = 0

    def write(self, data: Any) -> int:
        written = super().write(data)
        self._size += written
        self._left += written
        if self._left >= _BEGUN and hasattr(os, "posix_fadvise"):
            with contextlib.suppress(OSError):
                start = self._size - self._left
                os.posix_fadvise(self.fileno(), start, self._left, os.POSIX_FADV_DONTNEED)
            self._left = 0
        return written


class Staging:
    """New files kept under temporary names beside their targets until all of them are complete.

    Use `staged()`: leaving it well moves every file into place, leaving it by an error removes
    every trace. An existing target is replaced, and keeps its permissions.
    """

    def __init__(self, protected: Path | None = None) -> None:
        self._protected = protected
        self._pending: list[tuple[TextIO, Path, Path]] = []
        self._folders: list[Path] = []

    def folder(self, path: Path) -> None:
        """Make `path` a folder if it is none; its parent must exist."""
        if path.is_dir():
            return
        with sentences(path):
            path.mkdir()
        self._folders.append(path)

    def open(self, path: Path) -> TextIO:
        """A UTF-8 text stream that becomes `path`; ExportError where it cannot."""
        if path.is_dir():
            raise ExportError(f"{path} is a folder; name a file in it.")
        if _same(path, self._protected):
            raise ExportError(f"{path} is the opened source itself; name another file.")
        if not path.parent.is_dir():
            raise ExportError(
                f"{path} cannot be written, for the folder {path.parent} does not exist; "
                "make it first or name another one."
            )
        with sentences(path):
            handle, name = tempfile.mkstemp(".part", f".{path.name[:80]}.", path.parent)
            stream = io.TextIOWrapper(
                io.BufferedWriter(_Ahead(handle, "w"), _BUFFER),
                encoding="utf-8", errors="backslashreplace", newline="\n",
            )  # fmt: skip
        self._pending.append((stream, Path(name), path))
        return stream

    def commit(self) -> None:
        """Force every file to disk, then move them into place."""
        for stream, temporary, target in self._pending:
            with sentences(target):
                stream.flush()
                os.fsync(stream.fileno())
                stream.close()
                os.chmod(temporary, _mode(target))
        for _, temporary, target in self._pending:
            with sentences(target):
                os.replace(temporary, target)
        for parent in {target.parent for _, _, target in self._pending}:
            sync_folder(parent)

    def discard(self) -> None:
        """Remove everything that was begun."""
        for stream, temporary, _ in self._pending:
            with contextlib.suppress(OSError):  # a full disk refuses what is still buffered
                stream.close()
            with contextlib.suppress(OSError):
                temporary.unlink()
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def staged(protected: Path | None = None) -> Iterator[Staging]:
    """A Staging that is committed at the end of the block, or discarded by any exception.

    `protected` is a file that must never be replaced.
    """
    staging = Staging(protected)
    try:
        yield staging
        staging.commit()
    except BaseException:
        staging.discard()
        raise


@contextlib.contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn the system's errors into one sentence about `path`."""
    try:
        yield
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {reason(error)}.") from error


def reason(error: OSError) -> str:
    """Why writing failed, and what to do."""
    known = {
        errno.ENOSPC: "the disk is full; free some space or choose another folder",
        errno.EDQUOT: "the disk quota is used up; free some space or choose another folder",
        errno.EFBIG: "the file would become too large; choose another folder",
        errno.EACCES: "writing there is not permitted; choose another folder",
        errno.EPERM: "writing there is not permitted; choose another folder",
        errno.EROFS: "the folder is read-only; choose another one",
        errno.ENOENT: "the folder does not exist; make it first or name another one",
        errno.ENOTDIR: "part of its path is a file; name another folder",
        errno.EEXIST: "a file of that name is in the way; name another one",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
    }
    return known.get(error.errno or 0) or f"{error.strerror or error}; choose another folder"


def _same(path: Path, other: Path | None) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return other is not None and path.samefile(other)
    return False


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, else those that a new file would get."""
    with contextlib.suppress(OSError):
        return target.stat().st_mode & 0o777
    mask = os.umask(0o077)
    os.umask(mask)
    return 0o666 & ~mask


def sync_folder(folder: Path) -> None:
    """Make the new names durable where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
