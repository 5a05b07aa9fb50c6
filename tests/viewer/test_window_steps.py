"""What is changed around the views is a step too: which one is seen, dividers, the Library."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSplitterHandle

from tests.viewer.programs import opened, settle

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot, program, money_db):
    opened(qtbot, program, money_db, "2")
    program.window.resize(1400, 900)
    settle(qtbot, program)
    yield program.window
    settle(qtbot, program)


def later(history):
    """As if a while had passed: what comes now is a step of its own."""
    history.pause = 0.0


def drag(widget, start, way):
    QTest.mousePress(widget, LEFT, pos=start)
    for part in (way / 2, way):
        QTest.mouseMove(widget, start + part)
    QTest.mouseRelease(widget, LEFT, pos=start + way)


def test_turning_to_a_view_is_taken_back_but_another_run_begins_anew(window, program, qtbot):
    history, area = program.document.history, window.area
    assert history.undo_text is None
    first = area.current.name
    for name in ("trades", "lens", "flows"):  # in quick succession: one step
        window.show_view(name)
    assert program.window.actions_["undo"].text() == "Undo: show Flows"
    later(history)
    side = area._sides[0]
    place = side.indexOf(area.page("audit"))
    QTest.mouseClick(side.tabBar(), LEFT, pos=side.tabBar().tabRect(place).center())
    assert (area.current.name, history.undo_text) == ("audit", "show Audit")
    history.undo()
    assert (area.current.name, history.undo_text) == ("flows", "show Flows")
    history.undo()
    assert (area.current.name, history.undo_text) == (first, None)
    history.redo()
    assert (area.current.name, history.redo_text) == ("flows", "show Audit")
    settle(qtbot, program)
    runs = {run.run_id: (source, run) for source, run in window.library.model.all_runs()}
    program.session.show_run(*runs[1])
    settle(qtbot, program)
    assert (program.document.run_id, history.undo_text, area.current.name) == (1, None, "flows")


def test_rows_shown_elsewhere_are_one_step_with_their_filter(window, program, qtbot):
    first, history = window.area.current.name, program.document.history
    program.document.rows_wanted.emit("trades", {"price": ">0"})
    settle(qtbot, program)
    assert (window.area.current.name, history.undo_text) == ("trades", "show rows of Trades")
    history.undo()
    assert (window.area.current.name, history.undo_text) == (first, None)
    assert window.area.page("trades").view.panel.filters.texts == {}


def test_a_divider_that_is_dragged_is_one_step_of_its_view(window, program, qtbot):
    history = program.document.history
    window.show_view("flows")
    settle(qtbot, program)
    qtbot.waitUntil(window.steps.idle)
    handle = next(h for h in window.area.current.findChildren(QSplitterHandle) if h.isVisible())
    history.clear()
    before = handle.splitter().sizes()
    drag(handle, handle.rect().center(), QPoint(-80, 0))
    qtbot.waitUntil(lambda: history.undo_text is not None)
    moved = handle.splitter().sizes()
    assert moved != before
    later(history)
    window.show_view("trades")
    history.undo()
    assert history.undo_text == "Flows: move a divider"
    window.show_view("lens")
    history.undo()
    history.undo()
    assert (window.area.current.name, handle.splitter().sizes()) == ("flows", before)
    history.redo()
    assert handle.splitter().sizes() == moved
    QTest.mouseClick(handle, LEFT)  # nothing is moved
    qtbot.wait(5)
    assert history.undo_text == "Flows: move a divider"


def test_what_is_typed_and_arranged_in_the_library_is_taken_back(window, program, qtbot):
    history, library = program.document.history, window.library
    header, tree = library.tree.header(), library.tree
    qtbot.keyClicks(library.filter_line, "seed=1")
    assert history.undo_text == "filter the Library"
    history.undo()
    assert (library.filter_line.text(), history.undo_text) == ("", None)
    history.redo()
    assert library.filter_line.text() == "seed=1"
    history.undo()
    whole = tree.arrangement()
    place = next(i for i in range(1, header.count()) if not tree.isColumnHidden(i))
    tree._show_column(place, False)
    history.undo()
    assert (tree.arrangement(), tree.isColumnHidden(place)) == (whole, False)
    history.clear()
    edge = QPoint(header.sectionViewportPosition(0) + header.sectionSize(0) - 1, 8)
    drag(header.viewport(), edge, QPoint(-40, 0))
    qtbot.waitUntil(lambda: history.undo_text == "columns of the Library")
    assert tree.arrangement() != whole
    history.undo()
    assert (tree.arrangement(), history.undo_text) == (whole, None)
