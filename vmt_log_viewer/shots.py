"""Shots: a picture of the window for every suitable view, with or without a screen."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from telemetry.concepts import Run
from telemetry.errors import ExportError, NothingFoundError, SourceError, TelemetryError
from vmt_log_viewer.app import Program
from vmt_log_viewer.views.area import ViewPage
from vmt_log_viewer.views.compare import CompareView
from vmt_log_viewer.views.compare_work import FEW
from vmt_log_viewer.views.view import View

if TYPE_CHECKING:
    from telemetry.source import Source

PATIENCE = 120.0  # seconds that a view may take before it is reported


def take(
    program: Program,
    location: str,
    directory: Path,
    size: QSize,
    run: str | None = None,
    tick: int | None = None,
) -> list[Path]:
    """Write `window-<view>.png` for every suitable view; the paths that were written.

    A view with tabs of its own gives `window-<view>-<tab>.png` for each of them.

    Raises what opening raised, and ExportError where the folder cannot be written or a view
    does not settle.
    """
    failures: list[TelemetryError] = []
    program.session.opener.failed.connect(lambda place, error: failures.append(error))
    program.runner.crashed.connect(
        lambda what, error: failures.append(SourceError(f"Something went wrong in {what}: {error}"))
    )
    program.window.resize(size)
    program.window.show()
    program.open([location], run, tick)
    _wait(program, f"opening {location}", lambda: bool(failures))
    if failures:
        raise failures[0]
    if program.document.source is None:
        text = program.window.messages.text or f"{location} holds nothing to show."
        raise NothingFoundError(text)
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"The folder {directory} cannot be made: {error.strerror}.") from error
    return [
        path
        for page in program.window.area.suitable()
        for path in pictures_of(program, page, directory)
    ]


def pictures_of(program: Program, page: ViewPage, directory: Path) -> list[Path]:
    """A picture of the view, or one of every tab that the view has of its own."""
    program.window.area.go_to(page)
    name = page.kind.name
    _wait(program, f"the view {name}", lambda: False)
    view = page.view
    several = _others(program) if name == CompareView.name else []
    if view is None or not (view.faces() or several):
        return [_grab(program, directory / f"window-{name}.png")]
    if not several:
        return _faces(program, view, view.faces(), directory)
    _compare(program, several)
    written = _faces(program, view, view.faces(), directory)
    if len(several) > 2:
        _compare(program, several[:2])  # of more than two no first difference is shown
        two = [face for face in view.faces() if _picture(view, face, directory) not in written]
        written += _faces(program, view, two, directory)
    return written


def _others(program: Program) -> list[tuple[Source, Run]]:
    """The run shown and those that follow it in its source, where there are two or more."""
    document = program.document
    runs = [(s, run) for s, run in program.window.library.model.all_runs() if s is document.source]
    place = next((i for i, (_, run) in enumerate(runs) if run.run_id == document.run_id), 0)
    return (runs[place:] + runs[:place])[:FEW] if len(runs) > 1 else []


def _compare(program: Program, runs: list[tuple[Source, Run]]) -> None:
    program.document.compare(runs)
    _wait(program, "the comparison", lambda: False)


def _picture(view: View, face: str, directory: Path) -> Path:
    return directory / f"window-{view.name}-{_word(face)}.png"


def _faces(program: Program, view: View, faces: Sequence[str], directory: Path) -> list[Path]:
    """A picture of each of these tabs."""
    name, written = view.name, list[Path]()
    for face in faces:
        view.turn_to_face(face)
        _wait(program, f"{face} of the view {name}", lambda: False)
        path = _picture(view, face, directory)
        several = path in written  # two tables may have one label
        written.append(path.with_stem(f"{path.stem}-{len(written) + 1}") if several else path)
        _grab(program, written[-1])
    return written


def _grab(program: Program, path: Path) -> Path:
    if not program.window.grab().save(str(path), "PNG"):
        raise ExportError(f"The picture {path} cannot be written; choose another folder.")
    return path


def _word(title: str) -> str:
    """A title as a part of a file's name: "Policy evolution" gives "policy-evolution"."""
    return re.sub(r"[^\w]+", "-", title.lower()).strip("-") or "tab"


def _wait(program: Program, what: str, over: Callable[[], bool]) -> None:
    """Let the program work until nothing is asked and everything is painted."""
    app = QApplication.instance()
    deadline = time.monotonic() + PATIENCE
    loop = QEventLoop()
    alarm = QTimer(singleShot=True)
    alarm.timeout.connect(loop.quit)
    program.runner.idle_reached.connect(loop.quit)
    quiet = 0
    try:
        while quiet < 3 and not over():
            if time.monotonic() > deadline:
                raise ExportError(f"Waiting for {what} took longer than {PATIENCE:.0f} s.")
            app.processEvents()
            settled = program.runner.idle() and program.window.area.settled()
            quiet = quiet + 1 if settled else 0
            if not settled:
                alarm.start(50)
                loop.exec()
    finally:
        alarm.stop()
        program.runner.idle_reached.disconnect(loop.quit)
