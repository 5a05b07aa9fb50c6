"""Exports: Ctrl+E writes what the current view shows, or the whole run to a folder."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from telemetry.cancel import CancelToken
from telemetry.errors import ExportError
from telemetry.frozen import replace
from vmt_log_viewer.background.exporting import (
    DATA_FORMATS,
    Order,
    Shown,
    write_drawn,
    write_queries,
    write_whole_run,
)
from vmt_log_viewer.dialogs.export import ExportDialog
from vmt_log_viewer.plots.picture import widget_png
from vmt_log_viewer.saved_views import captured
from vmt_log_viewer.views.view import ExportRequest
from vmt_log_viewer.window import Window

if TYPE_CHECKING:
    from telemetry.source import Source

LANE = "export"


class Exports(QObject):
    """Asks where to, writes in the background, and says in the status bar what was written."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._context = window.context

    def export_view(self) -> None:
        """Write what the current view shows."""
        view = self._window.area.current
        request = None if view is None else view.export_request()
        if view is None or request is None:
            return
        request = with_picture(request, view)
        formats = (*(DATA_FORMATS if request.queries or request.frames else ()), *request.pictures)
        what = f"{view.title}, as shown: {view.property('status') or 'everything in the view'}"
        order = ExportDialog.ask(self._window, what, request.name, formats, self._folder())
        if order is not None:
            self.write(request, order)

    def export_run(self) -> None:
        """Write every recorded table of the run to a folder."""
        document = self._context.document
        source, run_id = document.source, document.run_id
        if source is None or run_id is None:
            return
        what = f"Run {run_id}: every recorded table, one file each, with its configuration."
        name = f"{Path(source.name).stem}-run-{run_id}"
        order = ExportDialog.ask(
            self._window, what, name, DATA_FORMATS, self._folder(), whole_run=True
        )
        if order is None:
            return
        self._keep_folder(order)
        self._context.runner.run(
            LANE,
            lambda token: write_whole_run(source, run_id, order, token),
            self._window.tell,
            lambda error: self._window.say(str(error)),
            what=f"exporting run {run_id}",
            source=source,
        )

    def write(self, request: ExportRequest, order: Order) -> None:
        """Do what was chosen."""
        self._keep_folder(order)
        source = self._context.document.source
        if source is None:
            return
        try:
            work = writing(self._window, source, request, order)
        except ExportError as error:
            self._window.say(str(error))
            return
        self._context.runner.run(
            LANE, work, self._window.tell, lambda error: self._window.say(str(error)),
            what=f"exporting {request.name}", source=source,
        )  # fmt: skip

    def _folder(self) -> Path:
        return Path(self._context.settings.get("export_folder", str(Path.home())))

    def _keep_folder(self, order: Order) -> None:
        self._context.settings.set("export_folder", str(order.path.parent))


def with_picture(request: ExportRequest, view: QWidget) -> ExportRequest:
    """The request with a picture of the view as it is seen, where it draws none itself."""
    if request.pictures:
        return request
    return replace(request, pictures={"png": lambda path: widget_png(path, view)})


def writing(
    window: Window, source: Source, request: ExportRequest, order: Order
) -> Callable[[CancelToken], str]:
    """What writes the order, to be called on any thread; what is drawn is drawn now.

    It returns one sentence about what was written. ExportError where the picture cannot be drawn.
    """
    shown = _shown(window, request)
    draw = request.pictures.get(order.format)
    if draw is None:
        return lambda token: write_queries(
            source, request.queries, order, token, request.frames, shown
        )
    content = drawn(draw, order.format)
    return lambda token: write_drawn(source, request.queries, content, order, shown, token)


def file_name(name: str) -> str:
    """A name that any system takes for a file."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "view"


def drawn(draw: Callable[[Path], None], kind: str) -> bytes:
    """The picture that a view draws."""
    with TemporaryDirectory(prefix="vmt-log-viewer-") as folder:
        path = Path(folder) / f"picture.{kind}"
        draw(path)
        return path.read_bytes()


def _shown(window: Window, request: ExportRequest) -> Shown:
    view, found = window.area.current, captured(window)
    said = "" if view is None else str(view.property("status") or "")
    run_id = window.context.document.run_id
    if found is None:
        return Shown(run_id, said=said, thinning=request.thinning)
    return Shown(run_id, *found, said, request.thinning)
