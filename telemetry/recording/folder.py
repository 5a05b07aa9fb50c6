"""Rows on their way into a folder of text files, a whole day at a time.

A day is appended to each file by one write, to the file named `last` at the end: a day is whole
where that file has it. Before the last write, a note beside the files says how long they were and
will be. By it `repair`, which the next start calls, cuts off what a killed process left half done.
"""

from __future__ import annotations

import csv
import io
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from telemetry.errors import RecordingError
from telemetry.frozen import Frozen
from telemetry.recording.checks import Plan, Values

NOTE = ".recording.json"
"""Lies in the folder of a run that is being written, or was when its process died."""
_NOTE_BYTES = 4096
_LOCK_AT = 1 << 30
_IN_MEMORY = 1 << 20
_CHUNK = 1 << 20
_ROWS_AT_ONCE = 1_000


Cells = Sequence[object]


class TextFile(Frozen):
    """A file of lines: a CSV with these columns, or without any, a JSON object a line."""

    name: str
    columns: tuple[str, ...] = ()

    def head(self) -> bytes:
        return csv_line(self.columns) if self.columns else b""

    def arranged(self, plan: Plan, row: Values) -> Cells:
        """The cells of a row in the order of the columns; what it lacks is blank."""
        if not self.columns or plan.names == self.columns:
            return row
        given = dict(zip(plan.names, row, strict=True))
        return [given.get(name) for name in self.columns]

    def lines(self, rows: Iterable[Cells]) -> bytes:
        """Rows as the lines of the file."""
        if not self.columns:
            return "".join(f"{line}\n" for (line,) in rows).encode()
        return _csv_lines(rows)


def csv_line(cells: Cells) -> bytes:
    """The cells as Python's csv writes them: CRLF, True and False, Decimals as they print."""
    return _csv_lines([cells])


def _csv_lines(rows: Iterable[Cells]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


class FolderBatch:
    """Buffers the day under way, and appends whole days; fits `RunRecorder` as its batch.

    What a caller would get wrong: it holds a lock on its folder until `close`, by which others
    know that its process lives. Days outlive the process in any case, and a power cut where they
    are ``durable``: then each file is forced to the disk before the next step relies on it, so
    that no day is marked as whole whose lines are not there.
    """

    def __init__(
        self,
        folder: Path,
        files: Mapping[str, TextFile],
        *,
        last: str,
        days_per_write: int = 1,
        durable: bool = True,
    ) -> None:
        """``files`` by table; that of ``last`` is appended to last."""
        self.day: int | None = None
        self._folder = folder
        self._files = {**{k: f for k, f in files.items() if k != last}, last: files[last]}
        self._days_per_write = days_per_write
        self._durable = durable
        self._rows: dict[str, list[Cells]] = {name: [] for name in self._files}
        self._waiting: dict[str, IO[bytes]] = {}
        self._ended: dict[str, int] = {}
        self._days_ended = 0
        self._last = last
        self._noted: int | None = None
        self._sizes: dict[str, int] = {}
        with writing(folder):
            self._note: int | None = _new_note(folder)

    def add(self, plan: Plan, row: Values) -> None:
        """Take a row of the day under way; a large day waits in a temporary file."""
        name = plan.table.name
        rows = self._rows[name]
        rows.append(self._files[name].arranged(plan, row))
        if len(rows) >= _ROWS_AT_ONCE:
            self._put_aside(name)

    def add_many(self, plan: Plan, rows: list[Values]) -> None:
        """Take many rows of the day under way."""
        for row in rows:
            self.add(plan, row)

    def _put_aside(self, name: str) -> None:
        """Make lines of the rows so far; they wait in memory while they are few."""
        rows = self._rows[name]
        if name not in self._waiting:
            self._waiting[name] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
        with writing(self._folder):
            self._waiting[name].write(self._files[name].lines(rows))
        rows.clear()

    def end_tick(self) -> None:
        """The day under way is whole: append it, at once or with its successors."""
        for name, rows in self._rows.items():
            if rows:
                self._put_aside(name)
        self._ended = {name: file.tell() for name, file in self._waiting.items()}
        self._days_ended += 1
        if self._days_ended >= self._days_per_write:
            self.commit_ended()

    def drop_tick(self) -> None:
        """Forget the day under way."""
        for rows in self._rows.values():
            rows.clear()
        for name, file in self._waiting.items():
            file.seek(self._ended.get(name, 0))
            file.truncate()

    def commit_ended(self) -> None:
        """Append every ended day now; where that fails, each file is as it was before."""
        if not self._days_ended:
            return
        before = dict(self._sizes)
        with writing(self._folder):
            try:
                for name in self._files:
                    if name == self._last:
                        self._write_note(before)
                    if self._ended.get(name):
                        self._append(name)
            except BaseException:
                self._sizes = before
                _cut(self._folder, before, [file.name for file in self._files.values()])
                raise
        self._days_ended, self._ended, self._noted = 0, {}, self.day

    def roll_back(self) -> None:
        """Forget all that waits; what was appended stays."""
        for rows in self._rows.values():
            rows.clear()
        for file in self._waiting.values():
            file.close()
        self._waiting, self._ended, self._days_ended = {}, {}, 0

    def close(self, *, finished: bool) -> None:
        """Let go of the folder; ``finished`` also removes the note that it is being written."""
        self.roll_back()
        note, self._note = self._note, None
        if note is not None:
            os.close(note)  # first, as some systems remove no open file
            if finished:
                (self._folder / NOTE).unlink(missing_ok=True)

    def _append(self, name: str) -> None:
        """The ended lines of one table, and its header before the first; the rest goes on."""
        file, waiting, upto = self._files[name], self._waiting[name], self._ended[name]
        waiting.seek(0)
        new = not self._sizes.get(file.name)
        data = self._head(file) + waiting.read(min(upto, _CHUNK))
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        place = os.open(self._folder / file.name, flags, 0o666)
        try:
            while data:
                self._sizes[file.name] = self._sizes.get(file.name, 0) + _write_all(place, data)
                data = waiting.read(min(upto - waiting.tell(), _CHUNK))
            if self._durable:
                _force(place)
        finally:
            os.close(place)
        if new and self._durable:
            _force_folder(self._folder)
        under_way = waiting.read()
        waiting.seek(0)
        waiting.truncate()
        waiting.write(under_way)

    def _head(self, file: TextFile) -> bytes:
        return b"" if self._sizes.get(file.name) else file.head()

    def _write_note(self, before: Mapping[str, int]) -> None:
        """In place and never longer, so that it needs no room on a full disk."""
        if self._note is None:
            return
        file, rows = self._files[self._last], self._ended.get(self._last, 0)
        sizes = dict(self._sizes)
        if rows:
            sizes[file.name] = sizes.get(file.name, 0) + len(self._head(file)) + rows
        os.lseek(self._note, 0, os.SEEK_SET)
        was, will = _stand(self._noted, before), _stand(self.day, sizes)
        _write_all(self._note, _note_text({"last": file.name, "was": was, "will": will}))
        if self._durable:
            _force(self._note)


def repair(folder: Path, names: Sequence[str]) -> tuple[bool, int | None]:
    """Cut off what a killed process left half written; whether there was one, and its last day.

    ``names`` are the files that it may have written. A folder whose writer lives is left alone.
    """
    try:
        note = os.open(folder / NOTE, os.O_RDWR | getattr(os, "O_BINARY", 0))
    except OSError:
        return False, None
    try:
        if not _lock(note):
            return False, None
        try:
            told = json.loads(os.read(note, _NOTE_BYTES))
        except ValueError:
            told = {}  # killed before its first day
        stands = told.get("will", {})
        last = folder / told.get("last", "")
        size = last.stat().st_size if last.is_file() else 0
        if size < stands.get("sizes", {}).get(last.name, 0):
            stands = told["was"]
        with writing(folder):
            _cut(folder, stands.get("sizes", {}), names)
        day = stands.get("day")
    finally:
        os.close(note)
    (folder / NOTE).unlink(missing_ok=True)
    return True, day


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for, and hold, a lock that is the file at `path` (made if absent, and left there)."""
    with writing(path.parent):
        place = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _lock(place, wait=True)
        yield
    finally:
        os.close(place)


def replace(path: Path, data: bytes) -> None:
    """Put a whole file in place of another, or none of it; raises `RecordingError`."""
    part = path.with_name(f".{path.name}.part")
    with writing(path):
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Translate an error of the file system while writing there into one `RecordingError`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise RecordingError(
            f"Cannot write to {place}: {reason}; free some space or choose another place, "
            "everything written before is kept."
        ) from error


def _new_note(folder: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    note = os.open(folder / NOTE, flags, 0o666)
    _lock(note)
    _write_all(note, _note_text({}))
    return note


def _stand(day: int | None, sizes: Mapping[str, int]) -> dict[str, object]:
    return {"day": day, "sizes": sizes}


def _note_text(told: Mapping[str, object]) -> bytes:
    return json.dumps(told).encode().ljust(_NOTE_BYTES)


def _write_all(place: int, data: bytes) -> int:
    done = 0
    while done < len(data):
        done += os.write(place, data[done:])
    return done


def _force(place: int) -> None:
    """Wait until the disk has the bytes of an open file."""
    getattr(os, "fdatasync", os.fsync)(place)


def _force_folder(folder: Path) -> None:
    """Wait until the disk knows the names in a folder, where the system lets one ask for it."""
    if os.name == "posix":
        place = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(place)
        finally:
            os.close(place)


def _cut(folder: Path, sizes: Mapping[str, int], names: Sequence[str]) -> None:
    """Each file as long as it is said to have been; one that was not there is removed."""
    for name in names:
        path = folder / name
        if not path.exists():
            continue
        if not sizes.get(name):
            path.unlink()
        elif path.stat().st_size > sizes[name]:  # a file is never made longer, by NULs
            os.truncate(path, sizes[name])


def _lock(place: int, *, wait: bool = False) -> bool:
    """Lock an open file for as long as it is open; False where somebody else has."""
    try:
        import fcntl
    except ModuleNotFoundError:
        return _lock_on_windows(place, wait=wait)
    try:
        fcntl.flock(place, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _lock_on_windows(place: int, *, wait: bool) -> bool:
    import importlib

    msvcrt = importlib.import_module("msvcrt")
    os.lseek(place, _LOCK_AT, os.SEEK_SET)  # locked bytes cannot be read, so far from the text
    try:
        msvcrt.locking(place, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(place, 0, os.SEEK_SET)
    return True
