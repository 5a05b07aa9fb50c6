"""Settings: layout, columns, filters and recent sources, kept in the user's own data folder."""

from __future__ import annotations

import json
import logging
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import platformdirs

log = logging.getLogger(__name__)
APP = "vmt-log-viewer"


def user_folder() -> Path:
    """Where the viewer keeps its own things; never beside the data, and not created here."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


class Settings:
    """A small JSON file of plain values. `path` None keeps everything in memory only.

    `set` is cheap and does not touch the disk: call `save` when something worth it happened.
    A damaged file counts as empty.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._values: dict[str, Any] = {}
        self._dirty = False
        if path is not None:
            self._values = _read(path)

    @classmethod
    def of_user(cls) -> Settings:
        return cls(user_folder() / "settings.json")

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key` ("trades.columns"), `default` where unset."""
        return self._values.get(key, default)

    def set(self, key: str, value: Any) -> None:
        """Keep a value that JSON can hold; None forgets it."""
        if self._values.get(key) == value:
            return
        if value is None:
            self._values.pop(key, None)
        else:
            self._values[key] = value
        self._dirty = True

    def save(self) -> None:
        """Write what changed; a disk that refuses costs the settings, not the session."""
        if self._path is None or not self._dirty:
            return
        try:
            write_text(self._path, json.dumps(self._values, indent=1, ensure_ascii=False))
            self._dirty = False
        except OSError as error:
            log.warning("The settings were not saved to %s: %s", self._path, error)


def _read(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        log.warning("The settings in %s cannot be read and are started afresh: %s", path, error)
        return {}
    return values if isinstance(values, dict) else {}


def write_text(path: Path, text: str) -> None:
    """Write a whole file at once, or leave it as it is; OSError where the disk refuses."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise
