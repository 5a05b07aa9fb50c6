"""Views side by side or one below the other: drawn there, by a verb, remembered, undone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest

from tests.viewer.programs import opened, settle
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.views.halves import MIME

BELOW, BESIDE = Qt.Orientation.Vertical, Qt.Orientation.Horizontal


def seen(program):
    return [view.name for view in program.window.area.views()]


def drop(area, name, across, down):
    data = QMimeData()
    data.setData(MIME, name.encode())
    where = QPointF(across * area.width(), down * area.height())
    buttons, keys = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    area.halves.dropEvent(QDropEvent(where, Qt.DropAction.MoveAction, data, buttons, keys))


@pytest.mark.parametrize(
    ("across", "down", "orientation", "names"),
    [
        (0.95, 0.5, BESIDE, ["overview", "trades"]),
        (0.05, 0.5, BESIDE, ["trades", "overview"]),
        (0.5, 0.05, BELOW, ["trades", "overview"]),
        (0.5, 0.95, BELOW, ["overview", "trades"]),
    ],
)
def test_a_tab_is_dropped_where_it_shall_stand(
    program, qtbot, money_db, across, down, orientation, names
):
    opened(qtbot, program, money_db)
    area, history = program.window.area, program.document.history
    drop(area, "trades", across, down)
    settle(qtbot, program)
    assert seen(program) == names
    assert area.halves.orientation() == orientation
    assert area.current.name == "trades"
    program.document.cursor.move_to(4)  # one cursor for both
    history.undo()
    history.undo()
    assert seen(program) == ["overview"]
    history.redo()
    assert seen(program) == names
    program.actions["join"].trigger()
    assert (len(seen(program)), area.split) == (1, False)
    assert not program.actions["join"].isEnabled()
    settle(qtbot, program)


def test_a_tab_that_is_drawn_out_of_its_bar_is_carried(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    area, carried = program.window.area, []
    area.halves.drag = carried.append
    bar = area._sides[0].bar
    start = bar.tabRect(2).center()
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(bar, start + QPoint(0, 10))
    assert carried == []
    QTest.mouseMove(bar, start + QPoint(30, 80))
    QTest.mouseMove(bar, start + QPoint(30, 90))
    assert carried == ["trades"]
    settle(qtbot, program)


def test_halves_come_back_and_verbs_mean_the_one_that_is_used(make, qtbot, money_db, tmp_path):
    settings = Settings(tmp_path / "s.json")
    first = opened(qtbot, make(settings=settings), money_db)
    first.window.area.go_to(first.window.area.page("trades"))
    first.actions["split_below"].trigger()
    settle(qtbot, first)
    first.window.close()
    second = make(settings=Settings(tmp_path / "s.json"))
    second.window.restore()
    opened(qtbot, second, money_db)
    area = second.window.area
    assert seen(second) == ["overview", "trades"]
    assert area.halves.orientation() == BELOW
    for name in ("overview", "trades"):
        area._focus_changed(None, area.page(name).view)
        assert area.current.name == name
        assert [side.bar.active for side in area._sides] == [name == "overview", name == "trades"]
    settle(qtbot, second)


@pytest.mark.parametrize(
    "damaged",
    [{"halves": 5}, {"halves": [["nonsense"], None], "current": 3, "sizes": ["a"], "active": "x"}],
)
def test_a_damaged_arrangement_leaves_every_view_reachable(program, qtbot, money_db, damaged):
    opened(qtbot, program, money_db)
    program.window.area.arrange(damaged)
    assert seen(program) == ["overview"]
