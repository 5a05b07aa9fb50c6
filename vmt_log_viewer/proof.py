"""Proof: what can be shown to others: a view as a file, opened again, and what it is made of."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from telemetry.analysis.chosen import Chosen
from telemetry.cancel import CancelToken
from telemetry.export import LANGUAGES, Language, Worked, snippet
from telemetry.report import write_report
from vmt_log_viewer.background.exporting import fingerprinted
from vmt_log_viewer.background.session import Session
from vmt_log_viewer.exports import file_name
from vmt_log_viewer.saved_views import SavedViews, captured
from vmt_log_viewer.state.saved_view import is_view
from vmt_log_viewer.views.view import ExportRequest
from vmt_log_viewer.window import Window

if TYPE_CHECKING:
    from telemetry.source import Source

FILTER = "Saved views (*.json);;All files (*)"
PAGES = "Web pages (*.html)"
LANE = "proof"


class Proof(QObject):
    """Binds the verbs of saving and opening a view; `opens` opens a location, asking if need be."""

    def __init__(
        self, window: Window, session: Session, opens: Callable[[str, str | None, int | None], None]
    ) -> None:
        super().__init__(window)
        self._window, self._context = window, window.context
        self.views = SavedViews(window, session, opens)
        self.views.said.connect(window.say)
        bind = window.actions_.bind
        bind("save_view", self.save_view)
        bind("open_view", self._open_view)
        bind("report", self._report)
        for language in LANGUAGES:
            bind(f"copy_{language}", partial(self.copy_as, language))

    def takes(self, location: str) -> bool:
        """Open `location` if it is a saved view; False where it is not."""
        if "://" in location or not is_view(Path(location)):
            return False
        self.views.open(Path(location))
        return True

    def stop(self) -> None:
        self.views.stop()

    def save_view(self) -> None:
        """Ask for a file, and write what the current view shows into it."""
        found = captured(self._window)
        if found is None:
            return
        view, _ = found
        name = f"{file_name(view.view)}-{file_name(view.run or 'source')}.json"
        place = str(Path(self._folder()) / name)
        chosen, _ = QFileDialog.getSaveFileName(self._window, "Save this view", place, FILTER)
        if chosen:
            self.write_view(Path(chosen))

    def write_view(self, path: Path) -> None:
        """Write what the current view shows to `path`, with the fingerprints of its sources."""
        found = captured(self._window)
        if found is None:
            return
        view, sources = found
        run_id = self._context.document.run_id
        self._context.settings.set("view_folder", str(path.parent))

        def work(token: CancelToken) -> str:
            fingerprinted(view, sources, run_id, token).write(path)
            return f"The view was saved to {path}; open it, drop it here, or render it."

        self._context.runner.run(
            LANE, work, self._window.tell, lambda error: self._window.say(str(error)),
            what="saving the view",
        )  # fmt: skip

    def copy_as(self, language: Language) -> None:
        """Put what the current view shows into the clipboard, in another tool's words."""
        view, source = self._window.area.current, self._context.document.source
        request = None if view is None else view.export_request()
        if request is None or source is None:
            return

        def put(text: str) -> None:
            QGuiApplication.clipboard().setText(text)
            what = "SQL" if language == "sql" else f"Python with {language}"
            self._window.tell(f"{len(text.splitlines())} lines of {what} were copied.")

        self._context.runner.run(
            LANE, lambda token: told(source, request, language, token), put,
            lambda error: self._window.say(str(error)), what="copying", source=source,
        )  # fmt: skip

    def _report(self) -> None:
        """Ask for a file, and write the run shown, or the comparison seen, as a page of its own."""
        runs = self.reported()
        if not runs:
            return
        name = f"run-{runs[0].run_id}" if len(runs) == 1 else f"{len(runs)}-runs"
        place = str(Path(self._folder()) / f"{file_name(name)}.html")
        chosen, _ = QFileDialog.getSaveFileName(self._window, "HTML report", place, PAGES)
        if chosen:
            self.write_report(Path(chosen), runs)

    def reported(self) -> tuple[Chosen, ...]:
        """The runs that are compared while Compare is seen, else the run shown."""
        document, view = self._context.document, self._window.area.current
        if view is not None and view.name == "compare" and document.comparison:
            return tuple(Chosen(source, run) for source, run in document.comparison)
        if document.source is None or document.run is None:
            return ()
        return (Chosen(document.source, document.run),)

    def write_report(self, path: Path, runs: tuple[Chosen, ...]) -> None:
        """Write the report of `runs` to `path`."""
        self._context.settings.set("view_folder", str(path.parent))
        self._context.runner.run(
            LANE, lambda token: write_report(runs, path, token),
            lambda written: self._window.tell(f"The report was written to {written}."),
            lambda error: self._window.say(str(error)),
            what="writing the report", source=runs[0].source,
        )  # fmt: skip

    def _open_view(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, "Open a saved view", self._folder(), FILTER
        )
        if chosen:
            self._context.settings.set("view_folder", str(Path(chosen).parent))
            self.views.open(Path(chosen))

    def _folder(self) -> str:
        return str(self._context.settings.get("view_folder", str(Path.home())))


def told(
    source: Source, request: ExportRequest, language: Language, token: CancelToken | None = None
) -> str:
    """What a view shows in another tool's words: statements where there are, else commands."""
    again = [frame.again() for frame in request.frames if frame.again is not None]
    worked = [one for one in again if isinstance(one, Worked)]
    queries = [one for one in again if not isinstance(one, Worked)]
    return snippet(source, (*request.queries, *queries), language, token, worked)
