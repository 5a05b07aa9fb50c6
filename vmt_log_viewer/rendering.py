"""Rendering: a saved view written as the pictures and files that its window would export."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSize, QTimer

from telemetry.cancel import CancelToken
from telemetry.errors import ExportError, NothingFoundError, SourceError
from telemetry.export.snippets import PASSWORD
from vmt_log_viewer.app import Program
from vmt_log_viewer.background.exporting import Order
from vmt_log_viewer.exports import file_name, with_picture, writing
from vmt_log_viewer.state.saved_view import SavedView, read_view

PATIENCE = 1800  # seconds that a view may take


def render(program: Program, path: Path, directory: Path) -> list[Path]:
    """Write the view in `path` to `directory`: its pictures, its data as CSV, and their notes.

    What opening raised, ExportError where something cannot be written, NothingFoundError where
    the view has nothing to write.
    """
    view = read_view(path)
    if view.size is not None:
        program.window.resize(QSize(view.size[0] + 400, view.size[1] + 300))
    program.window.area.made.connect(lambda made: _fit(made, view))
    _ask_nobody(program)
    _opened(program, path)
    shown, source = program.window.area.current, program.document.source
    request = None if shown is None else shown.export_request()
    if shown is None or source is None or request is None:
        raise NothingFoundError(f"The view in {path} shows nothing that could be written.")
    request = with_picture(request, shown)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"The folder {directory} cannot be made: {error.strerror}.") from error
    formats = [*request.pictures, *(("csv",) if request.queries or request.frames else ())]
    before = {p: p.stat().st_mtime_ns for p in directory.iterdir()}
    for kind in formats:
        order = Order(directory / f"{file_name(request.name)}.{kind}", kind)
        writing(program.window, source, request, order)(CancelToken())
    written = (p for p in directory.iterdir() if before.get(p) != p.stat().st_mtime_ns)
    return sorted(written)


def _ask_nobody(program: Program) -> None:
    """A server's password comes from the environment: there is no one to be asked for it."""
    views, password = program.verbs.proof.views, os.environ.get(PASSWORD) or None
    views.opens = lambda place, run, tick: program.session.open(place, run, tick, password)
    views.password = lambda place: password


def _fit(made: object, view: SavedView) -> None:
    """As large as it was when it was saved, whatever room the window would give it."""
    if view.size is not None and getattr(made, "name", "") == view.view:
        made.setFixedSize(*view.size)  # type: ignore[attr-defined]


def _opened(program: Program, path: Path) -> None:
    """Open the view and wait until it is there; raises the sentence why it is not."""
    views, loop = program.verbs.proof.views, QEventLoop()
    failures: list[str] = []
    alarm = QTimer(singleShot=True)
    alarm.timeout.connect(lambda: _give_up(failures, loop, path))
    views.opened.connect(loop.quit)
    views.failed.connect(lambda sentence: (failures.append(sentence), loop.quit()))
    program.runner.crashed.connect(
        lambda what, error: (failures.append(f"Something went wrong in {what}: {error}"),
                             loop.quit())
    )  # fmt: skip
    program.window.show()
    alarm.start(PATIENCE * 1000)
    views.open(path)
    if not failures:
        loop.exec()
    alarm.stop()
    if failures:
        raise SourceError(failures[0])


def _give_up(failures: list[str], loop: QEventLoop, path: Path) -> None:
    failures.append(f"The view in {path} took longer than {PATIENCE} s; render it of less.")
    loop.quit()
