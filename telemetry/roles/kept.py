"""Mappings that the user saved, in his own data folder: a file for each shape of database."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

import platformdirs

from telemetry.errors import ExportError, RequestError, SourceError
from telemetry.roles.mapping import Columns, Mapping, from_json, shape_digest, to_json


def folder() -> Path:
    """Where they are kept; not created here."""
    return Path(platformdirs.user_data_dir("vmt-log-viewer", appauthor=False)) / "roles"


def recall(tables: Columns) -> Mapping | None:
    """The mapping saved for databases of this shape; None where there is none that fits."""
    path = _path(tables)
    try:
        found = from_json(path.read_bytes(), path.name)
        found.check(tables)
    except (OSError, RequestError):  # whatever became of it: there is a proposal as well
        return None
    return found


def keep(tables: Columns, mapping: Mapping, about: str = "") -> Path:
    """Save the mapping for databases of this shape; ExportError where that cannot be done."""
    path = _path(tables)
    write(path, mapping, about)
    return path


def forget(tables: Columns) -> bool:
    """Remove what was saved for databases of this shape; whether there was anything."""
    try:
        _path(tables).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ExportError(f"{_path(tables)} cannot be removed ({error.strerror}).") from None
    return True


def read(path: Path) -> Mapping:
    """The mapping in a file that somebody shared; one sentence where it cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        why = error.strerror or str(error)
        raise SourceError(f"{path} cannot be read ({why}); check the path.") from None
    return from_json(text, str(path))


def write(path: Path, mapping: Mapping, about: str = "") -> None:
    """Write the mapping whole or not at all."""
    text = to_json(mapping, about)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(".part", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            os.replace(part, path)
        except OSError:
            with suppress(OSError):
                os.unlink(part)
            raise
    except OSError as error:
        why = error.strerror or str(error)
        raise ExportError(f"{path} cannot be written ({why}); choose another place.") from None


def _path(tables: Columns) -> Path:
    return folder() / f"{shape_digest(tables)}.json"
