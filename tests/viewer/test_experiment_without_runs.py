"""A source whose experiments have no runs: opened, listed, shown, and left for a run again."""

from __future__ import annotations

import pytest

from tests.builders import simcash
from tests.viewer.programs import opened, settle
from vmt_log_viewer.__main__ import main


@pytest.fixture(scope="module")
def legacy(tmp_path_factory):
    """An experiment of two iterations in a file that has no table of runs."""
    path = simcash.create(tmp_path_factory.mktemp("without") / "legacy.db", "legacy")
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    simcash.insert(path, "experiment_iterations", simcash.iterations("run_id"))
    simcash.insert(path, "experiment_events", simcash.experiment_events("run_id"))
    return path


@pytest.fixture(scope="module")
def payments(tmp_path_factory):
    return simcash.unified(tmp_path_factory.mktemp("without") / "unified.db")


def open_it(qtbot, program, path):
    program.window.show()
    program.open([str(path)])
    qtbot.waitUntil(lambda: program.document.source is not None, timeout=20_000)
    settle(qtbot, program)
    return program.window


def lines(window):
    """The text of every line of the Library, indented by its depth."""
    model, found = window.library.order, []

    def walk(parent, depth):
        for row in range(model.rowCount(parent)):
            index = model.index(row, 0, parent)
            found.append("  " * depth + str(index.data()))
            walk(index, depth + 1)

    walk(window.library.tree.rootIndex(), 0)
    return found


def click(window, text):
    tree = window.library.tree
    found = tree.model().match(tree.model().index(0, 0), 0, text, flags=tree_flags(), hits=1)
    tree.clicked.emit(found[0])


def tree_flags():
    from PySide6.QtCore import Qt

    return Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive


def test_an_experiment_without_runs_is_listed_and_shown_at_once(qtbot, program, legacy):
    window = open_it(qtbot, program, legacy)
    assert lines(window) == ["legacy.db", f"  {simcash.EXPERIMENT}"]
    assert program.document.run is None
    assert window.stack.currentIndex() == 1
    view = window.area.current
    assert view.name == "experiment"
    assert view.experiment_id == simcash.EXPERIMENT
    assert window.windowTitle().startswith("legacy.db")
    assert not window.messages.text


def test_views_about_a_run_say_why_they_have_nothing(qtbot, program, legacy):
    window = open_it(qtbot, program, legacy)
    assert [p.kind.name for p in window.area.suitable()] == ["experiment", "compare"]
    reasons = {page.kind.name: page.reason for page in window.area.pages}
    assert "none of legacy.db is shown" in reasons["overview"]
    assert reasons["trades"]
    assert "none of legacy.db is shown" in window.actions_["view_1"].toolTip()
    assert not window.actions_["export_run"].isEnabled()
    assert not window.timeline.isVisible()


def test_looking_again_keeps_the_experiment(qtbot, program, legacy):
    window = open_it(qtbot, program, legacy)
    program.session.refresh()
    settle(qtbot, program)
    assert window.area.current.experiment_id == simcash.EXPERIMENT
    assert not window.messages.text


def test_a_click_on_an_experiment_shows_it_beside_the_run(qtbot, program, payments):
    opened(qtbot, program, payments, simcash.ALONE)
    window = program.window
    assert window.area.current.name == "overview"
    click(window, simcash.EXPERIMENT)
    settle(qtbot, program)
    assert window.area.current.name == "experiment"
    assert program.document.run_id == simcash.ALONE
    click(window, "Iteration 0")
    settle(qtbot, program)
    assert [i.iteration for i in window.area.current.iterations.chosen()] == [0]


def test_an_experiment_of_another_source_is_shown_without_a_run(
    qtbot, program, payments, legacy, money_db
):
    opened(qtbot, program, payments, simcash.ALONE)
    window = program.window
    program.session.open(str(money_db), "1")
    qtbot.waitUntil(lambda: program.document.run_id == 1, timeout=20_000)
    settle(qtbot, program)
    click(window, simcash.EXPERIMENT)
    settle(qtbot, program)
    assert program.document.run is None
    assert program.document.source.name == payments.name
    assert window.area.current.experiment_id == simcash.EXPERIMENT
    program.session.open(str(money_db), "1")
    qtbot.waitUntil(lambda: program.document.run_id == 1, timeout=20_000)
    settle(qtbot, program)
    assert window.area.page("overview").reason is None
    assert window.timeline.isVisible()


def test_closing_the_source_leaves_the_welcome(qtbot, program, legacy):
    window = open_it(qtbot, program, legacy)
    program.session.close(program.document.source)
    assert program.document.source is None
    assert window.stack.currentIndex() == 0


def test_neither_runs_nor_experiments_is_one_sentence(qtbot, program, tmp_path):
    path = simcash.create(tmp_path / "empty.db", "unified")
    program.window.show()
    program.open([str(path)])
    qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=20_000)
    assert "no runs and no experiments" in program.window.messages.text


def test_pictures_are_taken_of_what_there_is(qapp, capsys, legacy, tmp_path):
    assert main([str(legacy), "--shots", str(tmp_path / "out")]) == 0
    tabs = ("iterations", "policy-evolution", "experiment-events", "language-model-interactions",
            "policy-evaluations")  # fmt: skip
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    of_tabs = {f"window-experiment-{tab}.png" for tab in tabs}
    assert set(written) == {*of_tabs, "window-compare.png"}
    assert len(set(written.values())) == len(written)


def test_a_run_that_is_asked_for_and_not_there_is_said(qapp, capsys, legacy, tmp_path):
    assert main([str(legacy), "--run", "x", "--shots", str(tmp_path / "out")]) == 1
    assert "no run" in capsys.readouterr().err
