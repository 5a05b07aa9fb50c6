"""Marked ticks in the window: named and explained, found again, taken back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.viewer.programs import opened, settle
from vmt_log_viewer.dialogs.marks import MarksCard
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.state.marks import Mark


def test_a_mark_is_named_explained_and_there_again_next_time(make, qtbot, money_db, tmp_path):
    notes = tmp_path / "notes.sqlite"
    first = opened(qtbot, make(notes=Notes(notes)), money_db, "2", 5)
    first.actions["mark"].trigger()
    first.actions["marks"].trigger()
    card = first.window.findChild(MarksCard)
    qtbot.keyClicks(card.name, "the switch")
    card.note.insertPlainText("why <b>here</b>?")
    qtbot.keyClick(card.name, Qt.Key.Key_Return)  # at once: what was typed is kept nevertheless
    wanted = (Mark(5, "the switch", "why <b>here</b>?"),)
    assert first.document.marks.all == wanted
    first.window.close()
    second = opened(qtbot, make(notes=Notes(notes)), money_db, "2")
    assert second.document.marks.all == wanted
    assert second.document.history.undo_text is None  # nobody did anything yet
    canvas = second.window.timeline.canvas
    x, y = canvas.x_of(5), canvas.area().bottom() + 4
    assert canvas.words_at(x - 3, y) == "tick 5: the switch\nwhy <b>here</b>?"
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=_point(x - 3, y))
    assert second.document.cursor.tick == 5


def test_what_happens_to_marks_is_taken_back_and_kept_so(make, qtbot, money_db, tmp_path):
    program = opened(qtbot, make(notes=Notes(tmp_path / "n.sqlite")), money_db, "2", 5)
    marks, history = program.document.marks, program.document.history
    marks.put(Mark(5, "here"))
    marks.put(Mark(9))
    card = MarksCard(program.document, program.theme, program.window)
    card.open()
    assert card.shown() == [("5", "here"), ("9", "")]
    assert card.name.text() == "here"  # that of the cursor's tick
    qtbot.keyClick(card.list, Qt.Key.Key_Delete)
    assert marks.ticks == (9,)
    history.undo()
    assert card.shown() == [("5", "here"), ("9", "")]
    key = program.document.source.key
    assert program.notes.of_run(key, 2).marks == (Mark(5, "here"), Mark(9))
    card.list.setCurrentItem(card.list.topLevelItem(1))
    qtbot.keyClick(card.list, Qt.Key.Key_Return)
    assert program.document.cursor.tick == 9
    program.actions["previous_mark"].trigger()
    assert program.document.cursor.tick == 5
    card.end()
    settle(qtbot, program)


def _point(x: float, y: float):
    from PySide6.QtCore import QPoint

    return QPoint(round(x), round(y))
