"""DeskFolder: the files in which running, ended and crashed programs keep what was open."""

from __future__ import annotations

import contextlib
import logging
import os
import uuid
from pathlib import Path

from PySide6.QtCore import QLockFile

from vmt_log_viewer.settings import user_folder, write_text
from vmt_log_viewer.state.desk import Desk, desk_in

log = logging.getLogger(__name__)
LAST = "last.json"
ASIDE_KEPT = 5  # desks put aside, so that one can look at what went wrong


class DeskFolder:
    """Every program writes a file of its own, and holds a lock that a dead program cannot hold.

    So another window that is open is never taken for a crashed one.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = f"open-{uuid.uuid4().hex}"
        self._lock: QLockFile | None = None
        self._refused = False  # said once

    @classmethod
    def of_user(cls) -> DeskFolder:
        return cls(user_folder() / "open")

    @property
    def own(self) -> Path:
        """Where this program writes."""
        return self._folder / f"{self._name}.json"

    def begin(self) -> None:
        """Hold a lock as long as the program lives."""
        with contextlib.suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(self._folder / f"{self._name}.lock")
        self._lock.tryLock(0)

    def crashed(self) -> tuple[Path, Desk] | None:
        """The newest desk of a program that did not end by itself; older ones are put aside.

        A file that cannot be read is put aside too.
        """
        found: list[tuple[Path, Desk]] = []
        for path in self._left_behind():
            desk = _read(path)
            if desk is None:
                self.put_aside(path)
            elif desk.sources:
                found.append((path, desk))
            else:
                self.forget(path)
        for path, _ in found[1:]:
            self.put_aside(path)
        return found[0] if found else None

    def last(self) -> Desk | None:
        """The desk of the program that ended last, by itself."""
        path = self._folder / LAST
        return _read(path) if path.exists() else None

    def write(self, text: bytes) -> None:
        """Write the own file; may be called in a worker. A disk that refuses costs only this."""
        try:
            write_text(self.own, text.decode())
        except OSError as error:
            if not self._refused:
                log.warning("What is open cannot be kept in %s: %s", self.own, error)
            self._refused = True

    def end(self, text: bytes) -> None:
        """The program ends by itself: what is open is what was open last."""
        with contextlib.suppress(OSError):
            write_text(self._folder / LAST, text.decode())
        self.forget(self.own)
        if self._lock is not None:
            self._lock.unlock()

    def forget(self, path: Path) -> None:
        for each in (path, path.with_suffix(".lock")):
            with contextlib.suppress(OSError):
                each.unlink()

    def put_aside(self, path: Path) -> Path:
        """Keep a file for those who want to know, but never open it again; where it is now."""
        target = self._folder / f"aside-{path.name}"
        with contextlib.suppress(OSError):
            os.replace(path, target)
            path.with_suffix(".lock").unlink(missing_ok=True)
            aside = sorted(self._folder.glob("aside-*.json"), key=_age, reverse=True)
            for old in aside[ASIDE_KEPT:]:
                old.unlink()
        return target

    def _left_behind(self) -> list[Path]:
        """Files of programs that live no more, the newest first."""
        paths = [path for path in self._folder.glob("open-*.json") if path != self.own]
        return sorted((path for path in paths if _is_dead(path)), key=_age, reverse=True)


def _lock(path: Path) -> QLockFile:
    lock = QLockFile(str(path))
    lock.setStaleLockTime(0)  # a lock is stale when its program is dead, however old it is
    return lock


def _is_dead(path: Path) -> bool:
    """True where nobody alive holds the lock of this file."""
    lock = _lock(path.with_suffix(".lock"))
    if not lock.tryLock(0):
        return False
    lock.unlock()
    return True


def _age(path: Path) -> float:
    with contextlib.suppress(OSError):
        return path.stat().st_mtime
    return 0.0


def _read(path: Path) -> Desk | None:
    try:
        return desk_in(path.read_bytes())
    except OSError as error:
        log.warning("%s cannot be read: %s", path, error)
        return None
