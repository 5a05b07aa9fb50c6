"""The cache folder: a file an answer, the oldest removed first; what is broken is not there."""

from __future__ import annotations

import contextlib
import os
import tempfile
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from telemetry.cache.coding import Array, decoded, encoded

LARGEST = 64 << 20
"""Bytes that one answer may take."""
ROOM = 512 << 20
"""Bytes that all of them may take together."""
VARIABLE = "TELEMETRY_CACHE"
_SUFFIX = ".zip"
_TEXTS = ("key", "when", "text")


def cache_folder() -> Path | None:
    """Where answers are kept; None where the environment says "off"."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return None if named in ("", "off") else Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("vmt-log-viewer", appauthor=False)) / "answers"


def read(path: Path, key: str) -> tuple[object, str] | None:
    """The answer that was kept under `key`, and when; None where there is none to be trusted."""
    try:
        with zipfile.ZipFile(path) as file:
            found, when, text = (file.read(name).decode() for name in _TEXTS)
            if found != key:
                return None
            arrays = [_array(file, f"a{i}") for i in range(len(file.namelist()) - len(_TEXTS))]
        answer = decoded(text, arrays)
        os.utime(path)  # the last that is thrown away
        return answer, when
    except Exception:  # whatever is wrong with a file: the answer can be found anew
        return None


def write(path: Path, key: str, answer: object) -> None:
    """Keep `answer`; says nothing where it cannot be kept or is too large."""
    try:
        text, arrays = encoded(answer)
    except TypeError:
        return
    if len(text) + sum(array.nbytes for array in arrays) > LARGEST:
        return
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(".part", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                _save(file, (key, when, text), arrays)
            os.replace(part, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(part)
            raise
        _make_room(path.parent)


def _save(file: BinaryIO, texts: tuple[str, ...], arrays: list[Array]) -> None:
    with zipfile.ZipFile(file, "w") as kept:
        for name, text in zip(_TEXTS, texts, strict=True):
            kept.writestr(name, text)
        if arrays:
            import numpy as np
        for i, array in enumerate(arrays):
            with kept.open(f"a{i}", "w", force_zip64=True) as stream:
                np.save(stream, array, allow_pickle=False)


def _array(file: zipfile.ZipFile, name: str) -> Array:
    import numpy as np

    with file.open(name) as stream:
        found: Array = np.load(stream, allow_pickle=False)
    return found


def forget(folder: Path, place: str, state: str) -> bool:
    """Remove what was kept of `place` in another state than `state`; whether any is of this one."""
    some = False
    with contextlib.suppress(OSError), os.scandir(folder) as listed:
        for entry in listed:
            if entry.name.startswith(f"{place}-{state}-"):
                some = True
            elif entry.name.startswith(f"{place}-"):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)
    return some


def file_name(place: str, state: str, question: str) -> str:
    return f"{place}-{state}-{question}{_SUFFIX}"


def _make_room(folder: Path) -> None:
    """Remove the answers that were not asked for longest, and parts of writers that were killed."""
    with os.scandir(folder) as listed:
        told = [(entry.stat(), entry.path) for entry in listed]
    files = sorted((status.st_mtime, status.st_size, path) for status, path in told)
    left = sum(size for _, size, _ in files)
    for _, size, name in files:
        if left <= ROOM:
            return
        with contextlib.suppress(OSError):
            os.unlink(name)
            left -= size
