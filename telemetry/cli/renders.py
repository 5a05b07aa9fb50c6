"""`render`: a saved view as the picture and the files that its window would export."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import click

from telemetry.cli.options import common
from telemetry.cli.output import Output
from telemetry.concepts import Column
from telemetry.errors import NothingFoundError, RequestError, SourceError, TelemetryError
from telemetry.text import one_line

VIEWER = "vmt_log_viewer"
_WRITTEN = (Column("path", "File", "text"),)
_KINDS: dict[int, type[TelemetryError]] = {1: NothingFoundError, 2: RequestError}


@click.command()
@click.argument("view", type=click.Path(dir_okay=False), metavar="VIEW.json")
@click.option(
    "--output", "-o", "directory", required=True, metavar="DIR",
    help="The folder that the files are written to; it is made if need be.",
)  # fmt: skip
@common
def render(view: str, directory: str) -> int:
    """Write what a saved VIEW shows: its picture, its rows as CSV, and where they come from.

    The files are those that the window exports from this view, byte by byte. No display is
    needed; a server's password is read from TELEMETRY_PASSWORD.

    Example:  telemetry render my-view.json -o figures
    """
    done = run_viewer([view, "--render", directory], "rendering a view")
    paths = done.splitlines()
    Output().rows(_WRITTEN, [(path,) for path in paths])
    return 0 if paths else 1


def run_viewer(arguments: list[str], what: str) -> str:
    """What the viewer prints, which is a program of its own: this one never loads a window.

    Its sentence as an error of the same kind where it fails; RequestError where it is not there.
    """
    if find_spec(VIEWER) is None or find_spec("PySide6") is None:
        raise RequestError(
            f"The viewer is not installed here, and {what} needs it; install vmt-log-viewer with "
            "its window."
        )
    command = [sys.executable, "-m", VIEWER, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = one_line(lines[-1] if lines else "it said nothing", limit=2000)
        kind = _KINDS.get(done.returncode, SourceError)
        raise kind(said.removeprefix("Error: "))
    return done.stdout
