"""What the viewer's tests share: a theme, a runner that must not crash, a context, a program."""

from __future__ import annotations

import gc

import pytest


@pytest.fixture(autouse=True)
def _garbage_is_collected_here(monkeypatch):
    """On this thread only, as in the program: a worker must not destroy what Qt made here.

    What was there before the test is set aside, and stays so when a program ends: to look
    through all of it took a tenth of a second a test.
    """
    gc.disable()
    gc.freeze()
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(gc, "unfreeze", lambda: None)
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def _nothing_is_put_off(monkeypatch):
    """What a person gets time to see before long passes begin, a test does not wait for."""
    from vmt_log_viewer.background import runner

    monkeypatch.setattr(runner, "PAUSE", 0)


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


@pytest.fixture(scope="session")
def money_db(tmp_path_factory):
    """Three runs with everything recorded; read only."""
    from tests.builders import vmt

    return vmt.build("money_full", tmp_path_factory.mktemp("data") / "money.db", runs=3)


@pytest.fixture(scope="session")
def barter_db(tmp_path_factory):
    """The oldest vintage; read only."""
    from tests.builders import vmt

    return vmt.build("barter", tmp_path_factory.mktemp("data") / "barter.db")


@pytest.fixture
def make(qtbot):
    """Programs whose crashes fail the test, closed at its end."""
    from vmt_log_viewer.app import Program

    made, crashes = [], []

    def make(**kept):
        program = Program(theme="light", **kept)
        program.runner.crashed.connect(lambda what, error: crashes.append(f"{what}: {error!r}"))
        made.append(program)
        return program

    yield make
    for program in made:
        program.window.close()
        program.close()
        program.window.deleteLater()
        program.deleteLater()
    assert not crashes


@pytest.fixture
def program(make):
    return make()
