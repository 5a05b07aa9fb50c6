"""RoleChoice: showing the roles of an unknown database, and reading it by those that are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from telemetry.cancel import CancelToken
from telemetry.errors import ExportError, TelemetryError
from telemetry.roles import kept
from telemetry.roles.mapping import shape_digest
from telemetry.roles.opening import PROPOSED
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.dialogs.roles import RolesDialog
from vmt_log_viewer.window import Window

if TYPE_CHECKING:
    from telemetry.roles.mapping import Mapping
    from telemetry.source import Source

SEEN = "roles.seen"
_MOST = 200
"""Shapes that are remembered as seen."""


class RoleChoice(QObject):
    """Shows what is proposed once for each shape by itself, and again whenever it is asked for."""

    def __init__(self, window: Window, session: Session) -> None:
        super().__init__(window)
        self._window, self._session = window, session
        self._settings, self._runner = window.context.settings, window.context.runner
        self.dialog: RolesDialog | None = None
        window.context.document.source_opened.connect(self._opened)
        window.context.document.source_closed.connect(self._closed)

    def show(self, source: Source | None) -> None:
        """Open the panel for a source of no known family."""
        if source is None or source.by_roles is None:
            return
        self._remember(shape_digest(source.by_roles.stored.tables))
        if self.dialog is not None:
            self.dialog.close()
        dialog = RolesDialog(source, self._window.context.theme, self._window)
        dialog.used.connect(self.use)
        dialog.finished.connect(lambda _: self._forget(dialog))
        self.dialog = dialog
        room = self._window.size()
        dialog.resize(min(980, room.width() - 80), min(640, room.height() - 80))
        dialog.show()

    def use(self, source: Source, mapping: Mapping) -> None:
        """Read the source by `mapping` from now on, and keep it for the next of its shape."""

        def work(token: CancelToken) -> str:
            source.read_by(mapping)
            assert source.by_roles is not None
            try:
                kept.keep(source.by_roles.stored.tables, mapping, f"chosen for {source.name}")
            except ExportError as error:
                return str(error)
            return ""

        self._runner.run(
            "roles", work, lambda problem: self._used(source, problem), self._refused,
            what=f"reading {source.name} by other roles",
        )  # fmt: skip

    def _used(self, source: Source, problem: str) -> None:
        dialog, self.dialog = self.dialog, None
        if dialog is not None:
            dialog.close()
        self._session.show_anew(source)
        if problem:
            self._window.say(problem)
        else:
            self._window.tell("These roles are kept for every database of the same shape.")

    def _refused(self, error: TelemetryError) -> None:
        if self.dialog is not None:
            self.dialog.refuse(str(error))
        else:
            self._window.say(str(error))

    def _opened(self, source: Source) -> None:
        read = source.by_roles
        if read is None or read.origin != PROPOSED:
            return
        if shape_digest(read.stored.tables) not in self._settings.get(SEEN, []):
            self.show(source)

    def _closed(self, source: Source) -> None:
        if self.dialog is not None and self.dialog.source is source:
            self.dialog.close()

    def _forget(self, dialog: RolesDialog) -> None:
        if self.dialog is dialog:
            self.dialog = None

    def _remember(self, shape: str) -> None:
        seen = [known for known in self._settings.get(SEEN, []) if known != shape]
        self._settings.set(SEEN, [*seen, shape][-_MOST:])
