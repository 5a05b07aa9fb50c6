"""The timeline strip: lanes, cursor, brush, playback."""

from __future__ import annotations

from contextlib import contextmanager
from itertools import groupby

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import telemetry
from telemetry.concepts import Lane, LaneInfo, TickRange, Timeline
from telemetry.queries import RunQuery
from tests.builders import vmt
from vmt_log_viewer.plots.kept import Kept
from vmt_log_viewer.views.timeline import TimelineStrip, lane_rows
from vmt_log_viewer.views.timeline_canvas import LaneRow

LEFT = Qt.MouseButton.LeftButton


@contextmanager
def strip_of(qtbot, context, path, run_id: int = 1):
    source = telemetry.open_source(path)
    strip = TimelineStrip(context)
    qtbot.addWidget(strip)
    strip.resize(900, 140)
    strip.show()
    context.document.add_source(source)
    context.document.show_run(source, source.ask(RunQuery(run_id)).run)
    qtbot.waitUntil(strip.settled)
    qtbot.wait(1)
    try:
        yield strip
    finally:
        context.runner.cancel_all()
        source.close()


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return vmt.build("money_full", tmp_path_factory.mktemp("strip") / "m.db", ticks=60)


@pytest.fixture
def strip(qtbot, context, database):
    with strip_of(qtbot, context, database) as strip:
        yield strip


def at(strip, tick: float, y: float = 8) -> QPoint:
    return QPoint(int(strip.canvas.x_of(tick)), int(y))


def drag(strip, start: float, end: float, y: float = 8) -> None:
    QTest.mousePress(strip.canvas, LEFT, pos=at(strip, start, y))
    QTest.mouseMove(strip.canvas, at(strip, (start + end) / 2, y))
    QTest.mouseMove(strip.canvas, at(strip, end, y))
    QTest.mouseRelease(strip.canvas, LEFT, pos=at(strip, end, y))


def wheel(canvas, notches: int, tick: float, modifiers=Qt.KeyboardModifier.NoModifier) -> None:
    where = QPointF(canvas.x_of(tick), 8)
    event = QWheelEvent(
        where, where, QPoint(), QPoint(0, 120 * notches), Qt.MouseButton.NoButton, modifiers,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(canvas, event)


def test_there_is_a_lane_for_mode_for_regime_and_for_each_pair(strip):
    assert [row.name for row in strip.canvas.rows] == ["mode", "regime", "A<->B", "A<->M", "B<->M"]
    assert strip.height() <= 140 + 1


def test_the_modes_are_those_that_were_recorded(strip, database):
    lane = strip.canvas.rows[0].lane
    for tick, mode in vmt.query(
        database, "select tick, current_mode from tick_states where run_id=1"
    ):
        assert lane.at(tick) == mode


def test_where_only_switches_are_recorded_the_mode_is_drawn_from_them(qtbot, context, tmp_path):
    path = vmt.build("mode", tmp_path / "mode.db", runs=1, ticks=20)
    with strip_of(qtbot, context, path) as strip:
        mode, missing = strip.canvas.rows
        assert [mode.lane.at(tick) for tick in (0, 5, 19)] == ["forage", "trade", "trade"]
        assert missing.lane is None
        assert missing.label == "not recorded: Regime, Exchange pairs"


def test_what_is_not_recorded_says_so_and_why(qtbot, context, tmp_path):
    path = vmt.build("legacy", tmp_path / "legacy.db", runs=1, ticks=20)
    with strip_of(qtbot, context, path) as strip:
        (row,) = strip.canvas.rows
        assert row.label == "not recorded: Mode, Regime, Exchange pairs"
        assert "not recorded" in strip.canvas.words_at(strip.canvas.x_of(3), 8)


def test_a_lane_that_holds_nothing_in_this_run_is_not_recorded():
    infos = (LaneInfo("mode", "Mode", True), LaneInfo("regime", "Regime", False, "no table"))
    empty = Lane("mode", "Mode", np.empty(0, int), np.empty(0, int), ())
    (row,) = lane_rows(infos, Timeline(TickRange(0, 9), (empty,)))
    assert row.lane is None
    assert "Mode is not recorded in this run." in row.reason
    assert "no table" in row.reason


def test_a_click_moves_the_cursor_and_the_strip_follows_it(strip, context):
    heard = []
    context.document.cursor.moved.connect(heard.append)
    QTest.mouseClick(strip.canvas, LEFT, pos=at(strip, 30.5))
    assert context.document.cursor.tick == 30
    assert strip.controls.tick.value() == 30
    assert heard == [30]


def test_a_tick_can_be_typed_exactly(strip, context):
    strip.controls.tick.selectAll()
    QTest.keyClicks(strip.controls.tick, "47")
    assert context.document.cursor.tick == 0  # nothing moves while typing
    QTest.keyClick(strip.controls.tick, Qt.Key.Key_Return)
    assert context.document.cursor.tick == 47
    assert strip.controls.range.text() == "of 0–59"


def test_the_cursor_moved_elsewhere_shows_in_the_field_without_an_echo(strip, context):
    heard = []
    context.document.cursor.moved.connect(heard.append)
    context.document.cursor.move_to(12)
    assert strip.controls.tick.value() == 12
    assert heard == [12]


def test_dragging_draws_the_brush_which_is_told_once(strip, context):
    heard = []
    context.document.selection.brush_changed.connect(heard.append)
    drag(strip, 10.2, 19.5)
    assert heard == [TickRange(10, 19)]
    assert strip.controls.brush.text() == "limited to 10–19 (10 ticks)"
    assert context.document.cursor.tick == 0


def test_dragging_backwards_draws_the_same_brush(strip, context):
    drag(strip, 19.5, 10.2)
    assert context.document.selection.brush == TickRange(10, 19)


def test_a_brush_cannot_leave_the_run(strip, context):
    drag(strip, 50.5, 75)
    assert context.document.selection.brush == TickRange(50, 59)


def test_an_edge_of_the_brush_can_be_moved(strip, context):
    context.document.selection.set_brush(TickRange(10, 19))
    drag(strip, 20, 40.5)
    assert context.document.selection.brush == TickRange(10, 40)
    drag(strip, 10, 5.5)
    assert context.document.selection.brush == TickRange(5, 40)


def test_double_click_and_the_button_clear_the_brush(strip, context, qtbot):
    context.document.selection.set_brush(TickRange(10, 19))
    QTest.mouseDClick(strip.canvas, LEFT, pos=at(strip, 30))
    assert context.document.selection.brush is None
    context.document.selection.set_brush(TickRange(10, 19))
    strip.controls.clear.click()
    assert context.document.selection.brush is None
    assert strip.controls.brush.text() == ""
    assert not strip.controls.clear.isVisible()


def test_over_the_axis_dragging_moves_the_cursor_instead(strip, context):
    drag(strip, 5.5, 33.5, y=strip.canvas.height() - 6)
    assert context.document.cursor.tick == 33
    assert context.document.selection.brush is None


def test_the_wheel_zooms_around_the_tick_under_the_mouse(strip):
    window = strip.canvas.window_of_ticks
    before = strip.canvas.x_of(30)
    wheel(strip.canvas, 3, 30)
    assert window.last - window.first < 60
    assert strip.canvas.x_of(30) == pytest.approx(before, abs=1)
    wheel(strip.canvas, -20, 30)
    assert window.shows_all


def test_shift_and_wheel_move_along(strip):
    wheel(strip.canvas, 6, 0)
    first = strip.canvas.window_of_ticks.first
    wheel(strip.canvas, -3, 0, Qt.KeyboardModifier.ShiftModifier)
    assert strip.canvas.window_of_ticks.first > first


def test_buttons_step_along_the_recorded_ticks(strip, context):
    cursor, controls = context.document.cursor, strip.controls
    cursor.set_bounds(cursor.bounds, np.array([0, 10, 20, 59]))
    controls.next.click()
    assert cursor.tick == 10
    controls.last.click()
    assert cursor.tick == 59
    controls.previous.click()
    assert cursor.tick == 20
    controls.first.click()
    assert cursor.tick == 0


def test_play_and_speed_are_the_documents(strip, context):
    playback = context.document.playback
    strip.controls.play.click()
    assert playback.playing
    assert strip.controls.play.accessibleName() == "Pause"
    strip.controls.play.click()
    assert not playback.playing
    strip.controls.speed.setCurrentIndex(0)
    strip.controls.speed.activated.emit(0)
    assert playback.speed == 1.0
    playback.set_speed(3.5)
    assert strip.controls.speed.currentText() == "3.5 ticks/s"


def test_the_state_under_the_mouse_is_told_in_words(strip):
    words = strip.canvas.words_at(strip.canvas.x_of(7.5), 8)
    assert words.splitlines()[:3] == ["tick 7", "Mode: trade", "Regime: mixed"]


def test_the_legend_names_every_state_that_occurs(strip):
    assert [name for name, _ in strip.controls.legend.entries] == ["forage", "trade", "mixed"]


def test_a_run_without_ticks_disables_what_moves(qtbot, context, tmp_path):
    path = vmt.build("money", tmp_path / "m.db", runs=1, ticks=0)
    with strip_of(qtbot, context, path) as strip:
        assert not strip.controls.play.isEnabled()
        assert strip.controls.range.text() == "no ticks"
        QTest.mouseClick(strip.canvas, LEFT, pos=QPoint(300, 8))
        assert context.document.cursor.tick is None


def test_ticks_that_begin_at_a_million_and_negative_ones_are_shown(qtbot, context, tmp_path):
    for first in (1_000_000, -50):
        path = vmt.build("money", tmp_path / f"{first}.db", runs=1, ticks=20, first_tick=first)
        with strip_of(qtbot, context, path) as strip:
            assert strip.controls.range.text() == f"of {first}–{first + 19}"
            QTest.mouseClick(strip.canvas, LEFT, pos=at(strip, first + 7.5))
            assert context.document.cursor.tick == first + 7
            context.document.clear_run()


def test_clearing_the_run_empties_the_strip(strip, context):
    context.document.clear_run()
    assert strip.canvas.rows == ()
    assert strip.controls.legend.entries == ()


def test_a_grown_run_shows_its_new_ticks(qtbot, context, tmp_path):
    path = vmt.build("money", tmp_path / "m.db", runs=1, ticks=10)
    with strip_of(qtbot, context, path) as strip:
        vmt.insert(path, "tick_states", run_id=1, tick=10, current_mode="both",
                   exchange_regime="mixed", active_pairs="[]")  # fmt: skip
        context.document.cursor.set_bounds(TickRange(0, 10))
        strip.refresh()
        qtbot.waitUntil(strip.settled)
        assert strip.canvas.window_of_ticks.ticks == TickRange(0, 10)
        assert strip.canvas.rows[0].lane.at(10) == "both"


def test_zoom_and_speed_are_taken_back(strip):
    document, window = strip.context.document, strip.canvas.window_of_ticks
    wheel(strip.canvas, 3, 30)
    wheel(strip.canvas, 2, 30)  # at once: the same step
    zoomed = (window.first, window.last)
    document.playback.set_speed(50)
    document.history.undo()
    assert document.playback.speed == 10
    document.history.undo()
    assert window.shows_all
    assert document.history.undo_text is None
    document.history.redo()
    assert (window.first, window.last) == zoomed


def test_lanes_are_painted_before_another_theme_is_seen(strip, context):
    strip.canvas.grab()
    pictures, rows = strip.canvas._pictures, len(strip.canvas.rows)
    before = pictures.paintings
    context.theme.choose("dark")
    assert len(list(strip.dress())) > 0
    assert pictures.paintings == before + rows
    strip.canvas.grab()
    assert pictures.paintings == before + rows


def test_lanes_of_another_run_come_one_a_turn_and_newer_ones_of_the_same_at_once(
    strip, qtbot, monkeypatch
):
    canvas, rows = strip.canvas, strip.canvas.rows
    whole = canvas.grab().toImage()
    waiting = [LaneRow(row.name, row.label, None) for row in rows]
    for _ in range(2):  # instead of lanes, and of one another: at once
        canvas.show_rows(waiting)
        assert canvas.painted()
    turns: list[int] = []
    paint, turn = canvas._paint_row, QTimer()
    turn.timeout.connect(lambda: turns.append(0))
    monkeypatch.setattr(canvas, "_paint_row", lambda *row: (turns.append(1), paint(*row)))
    turn.start(0)
    canvas.show_rows(rows)
    assert not canvas.painted()
    qtbot.waitUntil(canvas.painted)
    turn.stop()
    canvas.grab()
    painted = [len(list(ones)) for row, ones in groupby(turns) if row]
    assert sum(painted) == len(rows) > 4
    assert max(painted) <= 2  # all of them in one turn would be felt
    assert canvas.grab().toImage() == whole
    canvas.show_rows(rows)
    assert canvas.painted()
    assert canvas.grab().toImage() == whole


def test_a_picture_of_the_strip_has_all_lanes_at_any_time(strip):
    whole, rows = strip.canvas.grab().toImage(), strip.canvas.rows
    strip.canvas.show_rows(())
    strip.canvas.show_rows(rows)
    assert not strip.settled()
    with Kept.whole():
        assert strip.canvas.grab().toImage() == whole
