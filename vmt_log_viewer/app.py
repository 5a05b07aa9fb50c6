"""The composition root: one program, one window, everything that belongs to it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from telemetry.errors import LockedError, TelemetryError
from vmt_log_viewer import passwords, resources
from vmt_log_viewer.actions import Actions
from vmt_log_viewer.background.clock import PlayClock
from vmt_log_viewer.background.collector import Collector
from vmt_log_viewer.background.memory import share_heaps
from vmt_log_viewer.background.runner import Runner
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.desk_folder import DeskFolder
from vmt_log_viewer.desk_keeper import DeskKeeper
from vmt_log_viewer.dressing import Dressing
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.state.document import Document
from vmt_log_viewer.state.shelf import Shelf
from vmt_log_viewer.theme import Choice, Theme
from vmt_log_viewer.verbs import REOPEN, Verbs
from vmt_log_viewer.views.view import Context
from vmt_log_viewer.window import APP_NAME, Window

if TYPE_CHECKING:
    from telemetry.source import Source
    from vmt_log_viewer.models.run_lines import Node

log = logging.getLogger(__name__)
SWITCH = 0.0003
"""Seconds after which a worker has to let the GUI thread go on; five, as is usual, can be felt."""
FIRST_SIZE = QSize(1400, 900)


def application() -> QApplication:
    """The one QApplication, made if need be."""
    sys.setswitchinterval(SWITCH)
    share_heaps()
    # Else widgets below a style sheet would keep the palette that they were made with.
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseStyleSheetPropagationInWidgetStyles)
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication([APP_NAME])
    app.setApplicationName("vmt-log-viewer")
    app.setApplicationDisplayName("")
    app.setDesktopFileName("vmt-log-viewer")
    return app


class Program(QObject):
    """Everything, put together. `close` ends it; the window's own closing does the same."""

    def __init__(
        self,
        settings: Settings | None = None,
        notes: Notes | None = None,
        theme: Choice | None = None,
        shelf: Shelf | None = None,
        desks: DeskFolder | None = None,
    ) -> None:
        """What is None is kept in memory only, or (`desks`) not at all."""
        super().__init__()
        self._app = application()
        self.settings = settings if settings is not None else Settings()
        self.notes = notes if notes is not None else Notes()
        self.theme = Theme(theme or self.settings.get("theme", "system"), self)
        self.theme.apply(self._app)
        self.document = Document(shelf)
        self.collector = Collector(self)
        self.runner = Runner(self)
        self.actions = Actions(self)
        context = Context(self.document, self.runner, self.theme, self.settings, self.actions)
        self.session = Session(self.document, self.runner, self.settings, self.notes)
        self.clock = PlayClock(self.document.playback, self)
        self.window = Window(context, self.actions, self.notes)
        self.dressing = Dressing(self.window, self.theme)
        self.verbs = Verbs(self.window, self.session)
        self.keeper: DeskKeeper | None = None
        if desks is not None:
            self.keeper = DeskKeeper(self.window, self.session, self.settings, desks)
        self._closed = False
        self._icon()
        self._connect()

    def open(
        self, locations: Sequence[str], run: str | None = None, tick: int | None = None
    ) -> None:
        """Open sources or saved views; `run` and `tick` are of the first one."""
        for number, location in enumerate(locations):
            if self.verbs.proof.takes(location):
                continue
            if number == 0:
                self.session.open(location, run, tick)
            else:
                self.session.open(location, show="never")

    def reopen(self) -> None:
        """Put up what was open: when a program crashed, else when the last one ended."""
        wanted = bool(self.settings.get(REOPEN, True))
        if (self.keeper is None or not self.keeper.reopen(after_end=wanted)) and wanted:
            self.open_last()

    def open_last(self) -> None:
        """Open again what was open last time."""
        for location in self.settings.get("open_sources", []):
            self.session.open(location, password=passwords.recall(location), show="last")

    def close(self) -> None:
        """Stop clocks and workers, remember the layout, close the sources."""
        if self._closed:
            return
        self._closed = True
        self.document.playback.stop()
        if self.keeper is not None:
            self.keeper.finish()
        self.clock.stop()
        self.dressing.stop()
        self.verbs.stop()
        self.runner.close()
        self.collector.stop()
        self.session.close_all()
        self.settings.save()
        self.notes.close()

    def _icon(self) -> None:
        try:
            self.window.setWindowIcon(QIcon(str(resources.path("icons/vmt-log-viewer.svg"))))
        except FileNotFoundError as error:
            log.warning("%s", error)

    def _connect(self) -> None:
        document, session, window = self.document, self.session, self.window
        document.source_opened.connect(self._source_opened)
        document.source_closed.connect(window.library.remove)
        document.run_shown.connect(lambda source, run_id: window.show_run())
        document.run_cleared.connect(window.show_run)
        document.source_shown.connect(lambda source: window.show_run())
        session.listing_wanted.connect(window.library.add)
        window.library.listed.connect(session.listed)
        window.library.experiments_listed.connect(session.experiments_listed)
        window.library.chosen.connect(lambda source, run: session.show_run(source, run))
        window.library.experiment_chosen.connect(self._show_experiment)
        window.library.tree.compare_wanted.connect(self._compare)
        document.rows_wanted.connect(window.show_rows)
        document.run_wanted.connect(lambda source, run: session.show_run(source, run))
        for signal in (session.failed, window.library.failed):
            signal.connect(window.say)
        session.copy_offered.connect(self._offer_copy)
        session.refreshed.connect(window.refresh)
        follower = self.verbs.follower
        follower.grown.connect(window.grow)
        follower.replaced.connect(session.refresh)
        follower.listing_wanted.connect(session.glance)
        self.runner.failed.connect(self._failed)
        self.runner.crashed.connect(self._crashed)
        window.closing.connect(self.close)
        if self.notes.problem:
            window.say(self.notes.problem)

    def _source_opened(self, source: object) -> None:
        self.collector.keep()
        self.window.messages.clear()

    def _show_experiment(self, source: Source, experiment_id: str, iteration: int | None) -> None:
        """The run shown stays where it is one of this source."""
        self.session.show_source(source)
        self.document.choose_experiment(experiment_id, iteration)
        self.window.show_view("experiment")

    def _compare(self, nodes: Sequence[Node]) -> None:
        """Hold the runs of these lines of the Library side by side."""
        runs = [(node.source, node.row.run) for node in nodes if node.row is not None]
        shown = (self.document.source, self.document.run_id)
        if shown not in [(source, run.run_id) for source, run in runs]:
            self.session.show_run(*runs[0])  # so that the cursor is one of theirs
        self.document.compare(runs)
        self.window.show_view("compare")

    def _failed(self, lane: str, error: TelemetryError) -> None:
        copyable = error.copyable if isinstance(error, LockedError) else None
        if copyable is None:
            self.window.say(str(error))
        else:
            self._offer_copy(str(error), copyable)

    def _offer_copy(self, sentence: str, path: Path) -> None:
        """DuckDB lets nobody read what is being written; a copy of it can be read."""
        open_copy = self.session.opener.open_copy
        self.window.say(sentence, "Open a copy", lambda: open_copy(path))

    def _crashed(self, what: str, error: BaseException) -> None:
        kind = type(error).__name__
        self.window.say(f"Something went wrong in {what} ({kind}: {error}); nothing was changed.")


def restore(program: Program) -> None:
    """Size and layout as they were, or as they are at first."""
    program.window.resize(FIRST_SIZE)
    program.window.restore()
