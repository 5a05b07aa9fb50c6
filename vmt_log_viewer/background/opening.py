"""Opening sources in the background, one sentence where it fails."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

import telemetry
from telemetry.cancel import CancelToken
from telemetry.errors import TelemetryError
from vmt_log_viewer.background.runner import Runner

if TYPE_CHECKING:
    from telemetry.roles.mapping import Mapping
    from telemetry.source import Source


class Opener(QObject):
    """Opens locations one beside the other. A password stays in memory, here and nowhere else."""

    opened = Signal(object, str)  # Source, the location as it was asked for
    copied = Signal(str)  # where the copy is
    failed = Signal(str, object)  # the location, TelemetryError

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._numbers = count()
        self._copies: TemporaryDirectory[str] | None = None
        self.roles: Mapping | None = None  # what the tables of unknown databases are read as
        self.roles_of: dict[str, Mapping] = {}  # those of the next source at a location

    def open(self, location: str, password: str | None = None, scale: int | None = None) -> None:
        """Open `location`; `opened` or `failed` tells how it went."""
        roles = self.roles_of.pop(location, self.roles)
        self._runner.run(
            f"open.{next(self._numbers)}",
            _opening(location, password, scale, roles),
            lambda source: self.opened.emit(source, location),
            lambda error: self._fail(location, error),
            what=f"opening {shown(location)}",
        )

    def open_copy(self, path: Path) -> None:
        """Open a copy of a file that its writer keeps to itself; it is gone with the program."""
        if self._copies is None:
            self._copies = TemporaryDirectory(prefix="vmt-log-viewer-")
        folder = Path(self._copies.name)

        def work(token: CancelToken) -> str:
            return str(telemetry.copy_of(path, folder, token))

        self._runner.run(
            f"copy.{next(self._numbers)}",
            work,
            lambda copy: self.copied.emit(copy),
            lambda error: self._fail(str(path), error),
            what=f"copying {path.name}",
        )

    def is_copy(self, location: str) -> bool:
        """Whether a location is a copy that goes when the program does."""
        return self._copies is not None and Path(location).is_relative_to(self._copies.name)

    def close(self) -> None:
        """Remove the copies."""
        if self._copies is not None:
            self._copies.cleanup()
            self._copies = None

    def _fail(self, location: str, error: TelemetryError) -> None:
        self.failed.emit(location, error)


def _opening(
    location: str, password: str | None, scale: int | None, roles: Mapping | None
) -> Callable[[CancelToken], Source]:
    def work(token: CancelToken) -> Source:
        source = telemetry.open_source(location, scale=scale, password=password, roles=roles)
        source.says_kept = False
        if token.cancelled:  # nobody waits for it any more
            source.close()
            token.check()
        return source

    return work


def shown(location: str) -> str:
    """A location without its password."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return location
    credentials, at, place = rest.rpartition("@")
    user = credentials.partition(":")[0]
    return f"{scheme}://{user}{at}{place}" if at else location
