"""How a text file is written: packed or plain, in which encoding, and how long it is unpacked."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from telemetry.frozen import Frozen

PACKED = ".gz"
UTF_8, UTF_16, LATIN = "utf-8", "utf-16", "latin-1"
_SAMPLE = 1 << 16
_CHECKED = 1 << 26
"""So many bytes are looked at to tell that a file is in UTF-8."""
_UNREADABLE = (OSError, EOFError, zlib.error)


class Written(Frozen):
    """How a CSV file is written; other programs than the producer save with other separators."""

    separator: str = ","
    encoding: str = UTF_8
    packed: bool = False

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The rows of these lines, up to the first that is none."""
        try:
            yield from csv.reader(lines, delimiter=self.separator)
        except csv.Error:
            return


def beginning(path: Path) -> bytes | None:
    """The first bytes of what the file holds; None where it cannot be read."""
    try:
        with _open(path) as file:
            return file.read(_SAMPLE)
    except _UNREADABLE:
        return None


def encoding_of(path: Path) -> str:
    """utf-16 where its mark says so, utf-8 where its bytes are that, else latin-1."""
    try:
        seen = path.stat()
    except OSError:
        return UTF_8
    return _encoding(path, seen.st_size, seen.st_mtime_ns)


def lines_of(start: bytes, encoding: str) -> list[str]:
    text = start.decode("utf-8-sig" if encoding == UTF_8 else encoding, errors="replace")
    return list(io.StringIO(text, newline=""))


def size_of(path: Path) -> int:
    """Bytes of the file's text; a packed file tells them at its end. 0 where it is not there."""
    try:
        if path.suffix.lower() != PACKED:
            return path.stat().st_size
        with path.open("rb") as file:
            file.seek(-4, io.SEEK_END)
            return int.from_bytes(file.read(4), "little")
    except OSError:
        return 0


@lru_cache(maxsize=4096)
def _encoding(path: Path, _size: int, _changed: int) -> str:
    """Looked at once for as long as a file stays as it is."""
    decoder = codecs.getincrementaldecoder(UTF_8)()
    looked = 0
    try:
        with _open(path) as file:
            while looked < _CHECKED and (part := file.read(1 << 20)):
                if not looked and part.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                    return UTF_16
                decoder.decode(part)
                looked += len(part)
        if looked < _CHECKED:
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return LATIN
    except _UNREADABLE:
        pass
    return UTF_8


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() == PACKED:
        import gzip

        return cast("BinaryIO", gzip.open(path))
    return path.open("rb")
