"""SQLite files as bytes: their header, what lies beside them, and private copies of them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import tempfile
import threading
import weakref
from contextlib import suppress
from pathlib import Path

from telemetry.errors import LockedError
from telemetry.frozen import Frozen

MAGIC = b"SQLite format 3\x00"
HEADER_BYTES = 100
WAL_HEADER_BYTES = 32
_BLOCK = 1 << 20
_COPY_TRIES = 5


class Header(Frozen):
    """What the first hundred bytes of a SQLite file say; `pages` None where they do not count."""

    wal: bool
    page_size: int
    pages: int | None

    @classmethod
    def parse(cls, head: bytes) -> Header:
        size = int.from_bytes(head[16:18], "big")
        counted = head[24:28] == head[92:96]
        pages = int.from_bytes(head[28:32], "big")
        return cls(
            head[18] == 2 or head[19] == 2, 65536 if size == 1 else size, pages if counted else None
        )

    @property
    def sound(self) -> bool:
        """Whether the page size is one that SQLite can have written."""
        return 512 <= self.page_size <= 65536 and self.page_size & (self.page_size - 1) == 0


class KeptFile:
    """The bytes of a file that connections of this process may have locked.

    On POSIX, closing any descriptor of a file drops every lock that the process has on it, so
    this one stays open until nobody else in the process has the file open; see `let_go`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._users = 1
        self._descriptor = -1 if sys.platform == "win32" else os.open(path, os.O_RDONLY)

    def status(self) -> os.stat_result:
        return self.path.stat() if self._descriptor < 0 else os.fstat(self._descriptor)

    def read(self, size: int, offset: int = 0) -> bytes:
        """At most `size` bytes from `offset`."""
        if sys.platform == "win32":  # where locks belong to a handle
            with self.path.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        else:
            return os.pread(self._descriptor, size, offset)

    def copy_to(self, target: Path) -> None:
        with target.open("wb") as file:
            offset = 0
            while block := self.read(_BLOCK, offset):
                file.write(block)
                offset += len(block)


_KEPT: dict[tuple[int, int], KeptFile] = {}
_KEPT_LOCK = threading.Lock()


def keep(path: Path) -> KeptFile:
    """The file at `path`, shared by all that keep it; OSError where it cannot be read."""
    with _KEPT_LOCK:
        status = path.stat()
        kept = _KEPT.get((status.st_dev, status.st_ino))
        if kept is not None:
            kept._users += 1
            return kept
        kept = KeptFile(path)
        status = kept.status()
        _KEPT[(status.st_dev, status.st_ino)] = kept
        return kept


def head_of(path: Path) -> bytes:
    """The first bytes of a file, read so that no connection of this process loses its locks."""
    kept = keep(path)
    try:
        return kept.read(HEADER_BYTES)
    finally:
        let_go(kept)


def retain(kept: KeptFile) -> None:
    """One more who keeps the file; each calls `let_go`."""
    with _KEPT_LOCK:
        kept._users += 1


def let_go(kept: KeptFile) -> None:
    """Close the file once nobody keeps it and nothing else in this process has it open."""
    with _KEPT_LOCK:
        kept._users -= 1
        for key, file in list(_KEPT.items()):  # also those that were in use when let go of
            if file._users <= 0 and not _open_elsewhere(key, file._descriptor):
                del _KEPT[key]
                if file._descriptor >= 0:
                    os.close(file._descriptor)


def _open_elsewhere(key: tuple[int, int], own: int) -> bool:
    """Whether this process has another descriptor of the file; unknown counts as yes."""
    if own < 0:
        return False
    try:
        listed = [int(name) for name in os.listdir("/dev/fd") if name.isdigit()]
    except OSError:
        return True
    for descriptor in listed:
        if descriptor != own:
            with suppress(OSError):  # the listing's own descriptor is closed by now
                status = os.fstat(descriptor)
                if (status.st_dev, status.st_ino) == key:
                    return True
    return False


def sidecar(path: Path, suffix: str) -> Path:
    """Where SQLite keeps the WAL ("-wal"), its index ("-shm") or the journal of a file."""
    return path.with_name(path.name + suffix)


def size_of(path: Path) -> int | None:
    """Bytes of a file, None where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return None


Stamp = tuple[int, int]


def stamp(status: os.stat_result) -> Stamp:
    """What changes when somebody writes to a file."""
    return status.st_mtime_ns, status.st_size


class PrivateCopy:
    """A copy in a folder of its own, in which SQLite has replayed what a writer left behind.

    It shows the file as it was at `state`; whoever asks again compares that with `state_of`.
    `remove()` deletes it, and so does forgetting it.
    """

    def __init__(self, kept: KeptFile, path: Path, suffix: str) -> None:
        self.state = state_of(kept, path, suffix)
        folder = tempfile.mkdtemp(prefix="telemetry-")
        self.remove = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self.path = Path(folder) / "copy.db"
        try:
            self.state = self._copy(kept, path, suffix)
            recovering = sqlite3.connect(self.path)
            try:
                recovering.execute("PRAGMA journal_mode=DELETE").fetchall()
            finally:
                recovering.close()
        except BaseException:
            self.remove()
            raise

    def _copy(self, kept: KeptFile, path: Path, suffix: str) -> tuple[Stamp | bytes | None, ...]:
        """Copy until nothing was moved from the WAL into the file meanwhile."""
        beside = sidecar(path, suffix)
        for _ in range(_COPY_TRIES):
            before = state_of(kept, path, suffix)
            kept.copy_to(self.path)
            if beside.exists():
                shutil.copyfile(beside, sidecar(self.path, suffix))
            after = state_of(kept, path, suffix)
            if (before[0], before[2]) == (after[0], after[2]):
                return before
        raise LockedError(
            f"{path} is being changed by another program faster than it can be read; "
            "wait until it has finished and try again."
        )


def state_of(kept: KeptFile, path: Path, suffix: str) -> tuple[Stamp | bytes | None, ...]:
    """Stamps of the file and of what lies beside it, and the head of that (new at each reset)."""
    beside = sidecar(path, suffix)
    try:
        with beside.open("rb") as file:
            head = file.read(WAL_HEADER_BYTES)
            return stamp(kept.status()), stamp(os.fstat(file.fileno())), head
    except FileNotFoundError:
        return stamp(kept.status()), None, None
