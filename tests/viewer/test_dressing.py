"""Tests of taking another look: in turns, of what is hidden too, seen at one moment."""

import re

import pytest
from PySide6 import QtWidgets
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLineEdit, QTabWidget

from vmt_log_viewer.style_sheet import KINDS, SHEET
from vmt_log_viewer.turns import Turns, paint_again


def test_all_that_the_style_sheet_speaks_of_is_dressed_anew():
    selectors = " ".join(re.findall(r"([^{}]+)\{", SHEET))
    kinds = {getattr(QtWidgets, name) for name in re.findall(r"\bQ\w+", selectors)}
    assert {kind for kind in kinds if not issubclass(kind, KINDS)} == {QtWidgets.QToolTip}


@pytest.fixture
def window(program, qtbot):
    """The program's window, with a tab that is not seen."""
    tabs = QTabWidget()
    tabs.addTab(QLineEdit(), "seen")
    tabs.addTab(QLineEdit(), "hidden")
    program.window.stack.addWidget(tabs)
    program.window.stack.setCurrentWidget(tabs)
    program.window.show()
    for place in range(tabs.count()):
        line = tabs.widget(place)
        line.setFrame(False)
        tabs.setCurrentIndex(place)
        assert painted_base(line) == program.theme.color("base")
    tabs.setCurrentIndex(0)
    return program.window


def painted_base(line):
    return line.grab().toImage().pixelColor(line.width() - 4, line.height() // 2)


def test_what_is_hidden_takes_the_other_look_as_well(program, window, qtbot):
    program.theme.choose("dark")
    qtbot.waitUntil(program.dressing.idle)
    tabs = window.stack.currentWidget()
    for place in range(tabs.count()):
        line = tabs.widget(place)
        assert line.palette().color(QPalette.ColorRole.Text) == program.theme.color("text")
        tabs.setCurrentIndex(place)
        assert painted_base(line) == program.theme.color("base")


def test_nothing_is_painted_until_all_that_is_seen_has_the_other_look(program, window, qtbot):
    program.theme.choose("dark")
    assert not window.updatesEnabled()
    program.theme.choose("light")  # before the first change is through
    qtbot.waitUntil(program.dressing.idle)
    assert window.updatesEnabled()
    assert painted_base(window.stack.currentWidget().widget(0)) == program.theme.color("base")


def test_a_step_is_done_in_each_turn_and_the_newest_work_wins(qtbot):
    done, turns = [], Turns()

    def work(name):
        for step in range(3):
            done.append((name, step))
            yield

    turns.begin(work("one"))
    turns.begin(work("two"))
    assert done == [("one", 0), ("two", 0)]
    qtbot.waitUntil(turns.idle)
    assert done[2:] == [("two", 1), ("two", 2)]


class Counted(QtWidgets.QWidget):
    """Counts its paintings."""

    def __init__(self, parent=None):
        super().__init__(parent)
        self.painted = 0

    def paintEvent(self, _event):
        self.painted += 1


@pytest.fixture
def surface(qtbot):
    """A window with two parts, all painted."""
    surface = Counted()
    qtbot.addWidget(surface)
    surface.parts = [Counted(surface), Counted(surface)]
    for place, part in enumerate(surface.parts):
        part.setGeometry(0, 40 * place, 40, 40)
    surface.show()
    qtbot.waitUntil(lambda: all(part.painted for part in surface.parts))
    return surface


def test_a_window_that_was_to_be_painted_when_its_updates_were_disabled_is_painted(surface, qtbot):
    """Qt drops the request and believes it to be on its way."""
    surface.update()
    surface.setUpdatesEnabled(False)
    qtbot.wait(50)
    before = surface.painted
    assert len(list(paint_again(surface))) == 1
    assert surface.painted > before


def test_the_parts_of_a_window_are_painted_one_a_turn(surface, qtbot):
    surface.setUpdatesEnabled(False)
    widgets = [surface, *surface.parts]
    for widget in widgets:
        widget.painted = 0
    steps = paint_again(surface, surface.parts)
    for step in range(-1, len(widgets)):
        next(steps, None)
        qtbot.wait(30)  # for what Qt paints by itself
        assert [widget.painted > 0 for widget in widgets] == [n <= step for n in range(3)]


def test_parts_are_painted_too_where_something_else_is_begun_meanwhile(surface, qtbot):
    surface.setUpdatesEnabled(False)
    turns = Turns(surface)
    turns.begin(paint_again(surface, surface.parts))
    turns.begin(iter(()))
    assert all(part.updatesEnabled() for part in surface.parts)
