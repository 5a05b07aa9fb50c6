"""A CSV file, or a folder of them, as tables: a table a file, files of one header together."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from telemetry.engines.literals import file_literal

_SUFFIXES = (".csv", ".tsv")
_MOST = 5_000
"""Files of a folder that are looked at."""
_HEADER = 65_536
FILE_COLUMN = "run_file"
"""Tells the rows of files that are read together apart: the file's name, or its folder's."""


def recognise(path: Path) -> bool:
    """A CSV file, or a folder with one in it or in a folder of it."""
    if path.is_dir():
        return next(iter(_found(path)), None) is not None
    return path.suffix.lower() in _SUFFIXES


def views(path: Path) -> dict[str, str]:
    """SELECT per table."""
    if not path.is_dir():
        return {_word(path.stem): f"SELECT * FROM {_reading([path])}"}
    beside: dict[str, list[Path]] = {}
    below: dict[tuple[str, str], list[Path]] = {}
    for file in list(_found(path))[:_MOST]:
        if file.parent == path:
            beside.setdefault(_header(file), []).append(file)
        else:
            below.setdefault((file.stem, _header(file)), []).append(file)
    found: dict[str, str] = {}
    for files in (*beside.values(), *below.values()):
        together = len(files) > 1 or files[0].parent != path
        folders = files[0].parent != path
        name = files[0].stem if folders or not together else _common([f.stem for f in files])
        found[_free(_word(name), found)] = _select(files, together, folders)
    return found


def _found(path: Path) -> Iterable[Path]:
    """The files, those of the folder itself first; empty ones hold no table."""
    for pattern in ("*", "*/*"):
        with suppress(OSError):
            for file in sorted(path.glob(pattern)):
                known = file.suffix.lower() in _SUFFIXES and not file.name.startswith(".")
                if known and file.is_file() and file.stat().st_size:
                    yield file


def _header(file: Path) -> str:
    with suppress(OSError), file.open("rb") as stream:
        return stream.readline(_HEADER).decode("utf-8", "replace").strip()
    return ""


def _select(files: list[Path], together: bool, folders: bool) -> str:
    if not together:
        return f"SELECT * FROM {_reading(files)}"
    name = "parse_filename(filename, true)"
    if folders:
        name = "parse_dirpath(filename)"
        name = f"parse_filename({name}, false)"
    return (
        f"SELECT * EXCLUDE (filename), {name} AS {FILE_COLUMN} "
        f"FROM {_reading(files, ', filename=true, union_by_name=true')}"
    )


def _reading(files: list[Path], options: str = "") -> str:
    listed = ", ".join(file_literal(file) for file in files)
    return f"read_csv([{listed}]{options})"


def _common(stems: list[str]) -> str:
    """What the names have in common, without the number that tells them apart."""
    first, last = min(stems), max(stems)
    size = next((i for i, c in enumerate(first) if i >= len(last) or last[i] != c), len(first))
    return re.sub(r"[\W\d_]+$", "", first[:size]) or "rows"


def _word(name: str) -> str:
    """A name that a view may have: a statement is searched for it word by word."""
    return re.sub(r"\W+", "_", name).strip("_") or "rows"


def _free(name: str, taken: Iterable[str]) -> str:
    low = {t.lower() for t in taken}
    while name.lower() in low:
        name += "_"
    return name
