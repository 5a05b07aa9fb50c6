"""Shots: a picture of the window for every suitable view, with or without a screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEventLoop, QSize, QTimer
from PySide6.QtWidgets import QApplication

from telemetry.errors import ExportError, NothingFoundError, SourceError, TelemetryError
from vmt_log_viewer.app import Program

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
    return [_shot(program, page, directory) for page in program.window.area.suitable()]


def _shot(program: Program, page: object, directory: Path) -> Path:
    area = program.window.area
    area.go_to(page)  # type: ignore[arg-type]
    name = page.kind.name  # type: ignore[attr-defined]
    _wait(program, f"the view {name}", lambda: False)
    path = directory / f"window-{name}.png"
    if not program.window.grab().save(str(path), "PNG"):
        raise ExportError(f"The picture {path} cannot be written; choose another folder.")
    return path


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
