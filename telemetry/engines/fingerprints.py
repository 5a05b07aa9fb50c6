"""Fingerprints of files and folders: of all their bytes where those are few, else of samples."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from os import stat_result
from pathlib import Path

from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Fingerprint
from telemetry.errors import SourceError

WHOLE = 64 << 20
"""Bytes up to which all of a source is read: a tenth of a second."""
SAMPLES = 256
SAMPLE = 64 << 10
"""Bytes of a sample: larger files are told by so many, evenly spaced from the first to the last."""
HEAD = 4 << 10
"""Bytes of each file of a large folder."""
_DIGITS = 16  # bytes of the hash


def file_fingerprint(path: Path, beside: Iterable[Path], token: CancelToken) -> Fingerprint:
    """Of a database file and of what its writer left `beside` it (a WAL, where it is not empty).

    Read so that no connection of this process loses its locks. SourceError where it cannot be.
    """
    paths = [path, *(p for p in beside if p.exists() and p.stat().st_size)]
    digest = hashlib.blake2b(digest_size=_DIGITS)
    size, whole = 0, True
    try:
        before = [_stamp(p.stat()) for p in paths]
        for each in paths:
            whole &= _add_file(digest, each, token)
            size += each.stat().st_size
        still = before == [_stamp(p.stat()) for p in paths]
        modified = max(p.stat().st_mtime for p in paths)
    except OSError as error:
        raise _unreadable(path, error) from error
    method = _method("the file" if len(paths) == 1 else "the file and its WAL", whole)
    if not still:
        method += ", which was being written meanwhile"
    return Fingerprint(
        digest.hexdigest(), method, whole and still, {"size": size, "modified": _time(modified)}
    )


def folder_fingerprint(folder: Path, token: CancelToken) -> Fingerprint:
    """Of all files below a folder but hidden ones: their names, sizes, and bytes."""
    if not folder.is_dir():
        return file_fingerprint(folder, (), token)
    try:
        files = sorted(_files(folder), key=lambda f: f.relative_to(folder).as_posix())
        sizes = [f.stat().st_size for f in files]
        whole = sum(sizes) <= WHOLE
        digest = hashlib.blake2b(digest_size=_DIGITS)
        for file, size in zip(files, sizes, strict=True):
            token.check()
            name = file.relative_to(folder).as_posix()
            digest.update(f"{len(name)} {name} {size}\n".encode("utf-8", "surrogateescape"))
            with file.open("rb") as stream:
                digest.update(stream.read(-1 if whole else HEAD))
        modified = max((f.stat().st_mtime for f in files), default=0.0)
    except OSError as error:
        raise _unreadable(folder, error) from error
    read = "all bytes" if whole else f"the first {HEAD} bytes"
    method = f"BLAKE2b of the names, sizes and {read} of the files in the folder"
    facts: dict[str, Cell] = {
        "files": len(files),
        "size": sum(sizes),
        "modified": _time(modified),
    }
    return Fingerprint(digest.hexdigest(), method, whole, facts)


def text_fingerprint(text: str, of: str, facts: Mapping[str, Cell]) -> Fingerprint:
    """Of a text that stands for what cannot be read byte by byte; `of` says which."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=_DIGITS)
    return Fingerprint(digest.hexdigest(), f"BLAKE2b of {of}", False, dict(facts))


def _add_file(digest: hashlib.blake2b, path: Path, token: CancelToken) -> bool:
    """Add a file's size and bytes, or samples of them; True where all were read."""
    from telemetry.engines.sqlite_file import keep, let_go  # and SQLite, which a server needs not

    kept = keep(path)
    try:
        size = kept.status().st_size
        digest.update(f"{size}\n".encode())
        whole = size <= WHOLE
        step = SAMPLE if whole else (size - SAMPLE) // (SAMPLES - 1)
        for place in range(0, size, step) if whole else (i * step for i in range(SAMPLES)):
            token.check()
            digest.update(kept.read(SAMPLE, place))
        if not whole:
            digest.update(kept.read(SAMPLE, max(0, size - SAMPLE)))
        return whole
    finally:
        let_go(kept)


def _method(what: str, whole: bool) -> str:
    if whole:
        return f"BLAKE2b of size and all bytes of {what}"
    return f"BLAKE2b of size and {SAMPLES + 1} samples of {SAMPLE} bytes of {what}"


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _stamp(status: stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _unreadable(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"{path} could not be read for its fingerprint ({error.strerror or error}); "
        "check the disk that it lies on and try again."
    )
