"""What the viewer's tests share: a theme, a runner that must not crash, and a context."""

from __future__ import annotations

import pytest


@pytest.fixture
def theme(qapp):
    from vmt_log_viewer.theme import Theme

    theme = Theme("light")
    yield theme
    theme.deleteLater()


@pytest.fixture
def runner(qtbot):
    """A runner whose unexpected exceptions fail the test, closed at its end."""
    from vmt_log_viewer.background.runner import Runner

    runner = Runner()
    crashes: list[str] = []
    runner.crashed.connect(lambda what, error: crashes.append(f"{what}: {error!r}"))
    yield runner
    runner.close()
    runner.deleteLater()
    assert not crashes


@pytest.fixture
def context(runner, theme):
    """All that a view needs, with settings in memory and an empty document."""
    from vmt_log_viewer.settings import Settings
    from vmt_log_viewer.state.document import Document
    from vmt_log_viewer.views.view import Context

    return Context(Document(), runner, theme, Settings())
