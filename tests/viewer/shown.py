"""Views of real databases for tests: opened, shown and waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import telemetry
from telemetry.queries import RunQuery
from vmt_log_viewer.views.view import Context, View

_PATIENCE = 15_000  # milliseconds


def wait(qtbot, view: View) -> None:
    """Until nothing is asked and nothing new was asked meanwhile."""
    qtbot.waitUntil(view.settled, timeout=_PATIENCE)
    qtbot.wait(1)
    qtbot.waitUntil(view.settled, timeout=_PATIENCE)


@contextmanager
def shown(
    qtbot, context: Context, kind: Callable[[Context], View], path: Path, run_id: int = 1
) -> Iterator[View]:
    """The view of a run, its answers arrived."""
    source = telemetry.open_source(path)
    view = kind(context)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    run = source.ask(RunQuery(run_id)).run
    context.document.add_source(source)
    context.document.show_run(source, run)
    view.show_run(source, run_id)
    wait(qtbot, view)
    try:
        yield view
    finally:
        context.runner.cancel_all()
        source.close()
