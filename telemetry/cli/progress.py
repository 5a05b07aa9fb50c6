"""Progress of long work on standard error, where a person sits before it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from telemetry.cancel import CancelToken
from telemetry.cli.interrupt import current_token, use_token
from telemetry.cli.options import setting


@contextmanager
def reported(what: str) -> Iterator[CancelToken]:
    """The token for a piece of work; on a terminal its progress is drawn while inside."""
    if not sys.stderr.isatty() or setting("quiet", False):
        yield current_token()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.text import Text

    console = Console(stderr=True, no_color=setting("no_color", False))
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )
    task = bar.add_task(what, total=None)

    def draw(done: int, total: int | None, unit: str) -> None:
        bar.update(task, completed=done, total=total, description=Text(f"{what} {unit}").plain)

    token = CancelToken(draw)
    if current_token().cancelled:
        token.cancel()
    use_token(token)
    with bar:
        yield token
