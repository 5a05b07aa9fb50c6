"""`vmt-log-viewer`: the window, or pictures of it where no one is looking."""

from __future__ import annotations

import gc
import logging
import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from telemetry import __version__
from telemetry.errors import NothingFoundError, TelemetryError

if TYPE_CHECKING:
    from telemetry.roles.mapping import Mapping
    from vmt_log_viewer.app import Program

FOUND, NOTHING, BAD_USE, UNREADABLE = 0, 1, 2, 3


class _Size(click.ParamType):
    name = "WxH"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", str(value))
        if match is None:
            self.fail(f"{value!r} is no size; write it as 1400x900.", param, ctx)
        return int(match[1]), int(match[2])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--run", metavar="ID", help="Show this run of the first source.")
@click.option("--tick", type=int, metavar="N", help="Put the cursor on this tick.")
@click.option("--theme", type=click.Choice(["system", "light", "dark"]), help="How it looks.")
@click.option("--size", type=_Size(), metavar="WxH", help="Size of the window.")
@click.option(
    "--roles",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="What the tables of an unknown database are (`telemetry roles` writes such files).",
)
@click.option(
    "--shots",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a PNG of every suitable view to DIR and end; no display is needed.",
)
@click.option(
    "--render",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write what a saved view shows, picture and data, to DIR and end; no display is needed.",
)
@click.version_option(__version__, prog_name="vmt-log-viewer")
def command(
    sources: tuple[str, ...],
    run: str | None,
    tick: int | None,
    theme: str | None,
    size: tuple[int, int] | None,
    roles: Path | None,
    shots: Path | None,
    render: Path | None,
) -> int:
    """Browse the telemetry of simulation runs: files, folders or database URLs.

    A view that was saved (Ctrl+S) opens like a source.

    \b
    Example:
      vmt-log-viewer money.db --run 2
      vmt-log-viewer my-view.json
      vmt-log-viewer money.db --run 2 --shots pictures --theme dark
    """
    if render is not None:
        if len(sources) != 1:
            raise click.UsageError("--render takes exactly one saved view.")
        return _render(Path(sources[0]), render)
    if shots is not None:
        if len(sources) != 1:
            raise click.UsageError("--shots takes exactly one SOURCE.")
        return _shots(sources[0], run, tick, theme, size or (1400, 900), shots, _mapping(roles))
    if not has_screen():
        raise click.UsageError("There is no display here; --shots DIR writes pictures without one.")
    return _window(sources, run, tick, theme, size, _mapping(roles))


def _mapping(path: Path | None) -> Mapping | None:
    from telemetry.roles import kept

    return None if path is None else kept.read(path)


def has_screen() -> bool:
    """False where Qt would find no display to show a window on."""
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return not sys.platform.startswith("linux") or any(os.environ.get(name) for name in named)


def main(argv: list[str] | None = None) -> int:
    """Run the program; the exit code says how it went (0, 1, 2 or 3)."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    try:
        code = command.main(args=argv, prog_name="vmt-log-viewer", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return BAD_USE
    except click.Abort:
        return NOTHING
    except NothingFoundError as error:
        print(error, file=sys.stderr)
        return NOTHING
    except TelemetryError as error:
        print(error, file=sys.stderr)
        return UNREADABLE
    return int(code or FOUND)


def _shots(
    source: str,
    run: str | None,
    tick: int | None,
    theme: str | None,
    size: tuple[int, int],
    directory: Path,
    roles: Mapping | None,
) -> int:
    """Nothing of the user's settings is read, so that the pictures are the same everywhere."""
    if not has_screen():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6.QtCore import QSize

    from vmt_log_viewer.app import Program
    from vmt_log_viewer.qt_log import heard
    from vmt_log_viewer.shots import take

    with heard():
        program = Program(theme="dark" if theme == "dark" else "light")
        program.session.opener.roles = roles
        try:
            for path in take(program, source, directory, QSize(*size), run, tick):
                print(path)
        finally:
            _let_go(program)
            del program
            gc.collect()
    return FOUND


def _render(path: Path, directory: Path) -> int:
    """As the window that saved the view would export it, whatever the user's settings are."""
    from vmt_log_viewer.state.saved_view import read_view

    view = read_view(path)
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = f"{view.ratio:g}"  # lines are as thin as they were
    from vmt_log_viewer.app import Program
    from vmt_log_viewer.qt_log import heard
    from vmt_log_viewer.rendering import render

    with heard():
        program = Program(theme="dark" if view.theme == "dark" else "light")
        try:
            for written in render(program, path, directory):
                print(written)
        finally:
            _let_go(program)
            del program
            gc.collect()
    return FOUND


def _window(
    sources: tuple[str, ...],
    run: str | None,
    tick: int | None,
    theme: str | None,
    size: tuple[int, int] | None,
    roles: Mapping | None,
) -> int:
    from vmt_log_viewer.app import Program, application, restore
    from vmt_log_viewer.desk_folder import DeskFolder
    from vmt_log_viewer.notes import Notes
    from vmt_log_viewer.qt_log import heard
    from vmt_log_viewer.settings import Settings
    from vmt_log_viewer.state.shelf import Shelf

    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl+C in the terminal ends it at once
    with heard():
        app = application()
        kept = (Settings.of_user(), Notes.of_user())
        kept_too = (Shelf.of_user(), DeskFolder.of_user())
        program = Program(*kept, theme, *kept_too)  # type: ignore[arg-type]
        program.session.opener.roles = roles
        restore(program)
        if size is not None:
            program.window.resize(*size)
        program.window.show()
        if sources:
            program.open(sources, run, tick)
            if program.keeper is not None:
                program.keeper.offer()
        else:
            program.reopen()
        code = app.exec()
        _let_go(program)
        del program
        gc.collect()
    return int(code)


def _let_go(program: Program) -> None:
    """Close it for good: whatever still lives at exit, DuckDB's binding reports as leaked."""
    from PySide6.QtCore import QCoreApplication, QEvent

    program.close()
    program.window.close()
    program.window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


if __name__ == "__main__":
    sys.exit(main())
