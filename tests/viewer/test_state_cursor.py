"""Tests of the cursor and of playback: the one truth for "now"."""

import numpy as np
import pytest

from telemetry.concepts import TickRange
from vmt_log_viewer.state.cursor import Cursor
from vmt_log_viewer.state.playback import Playback


def watched(cursor):
    seen = []
    cursor.moved.connect(seen.append)
    return seen


@pytest.fixture
def cursor():
    cursor = Cursor()
    cursor.reset(TickRange(3, 20))
    return cursor


def test_a_cursor_without_bounds_stays_nowhere():
    cursor = Cursor()
    seen = watched(cursor)
    cursor.move_to(5)
    cursor.step(1)
    cursor.last()
    assert cursor.tick is None
    assert seen == []


def test_moving_clamps_to_the_bounds(cursor):
    cursor.move_to(99)
    assert cursor.tick == 20
    cursor.move_to(-4)
    assert cursor.tick == 3


def test_a_real_move_is_announced_once_and_a_no_op_never(cursor):
    seen = watched(cursor)
    cursor.move_to(7)
    cursor.move_to(7)
    cursor.move_to(None)
    assert seen == [7]


def test_a_listener_that_moves_the_cursor_again_does_not_loop(cursor):
    seen = watched(cursor)
    cursor.moved.connect(lambda tick: cursor.move_to(tick))
    cursor.move_to(9)
    assert seen == [9]


def test_steps_go_over_recorded_ticks_only():
    cursor = Cursor()
    cursor.set_bounds(TickRange(0, 40), np.array([0, 10, 20, 40]))
    cursor.step(1)
    assert cursor.tick == 10
    cursor.step(2)
    assert cursor.tick == 40
    cursor.step(1)
    assert cursor.tick == 40
    cursor.step(-10)
    assert cursor.tick == 0


def test_a_step_from_between_recorded_ticks_goes_to_the_nearest_in_its_direction():
    cursor = Cursor()
    cursor.set_bounds(TickRange(0, 40), np.array([0, 10, 20, 40]))
    cursor.move_to(15)
    cursor.step(1)
    assert cursor.tick == 20
    cursor.move_to(15)
    cursor.step(-1)
    assert cursor.tick == 10


def test_bounds_that_grow_leave_the_tick_where_it_is(cursor):
    cursor.move_to(12)
    seen = watched(cursor)
    cursor.set_bounds(TickRange(3, 500))
    assert (cursor.tick, seen) == (12, [])


def test_bounds_that_shrink_clamp_the_tick(cursor):
    cursor.move_to(20)
    cursor.set_bounds(TickRange(3, 8))
    assert cursor.tick == 8


def test_a_run_without_rows_has_no_tick(cursor):
    seen = watched(cursor)
    cursor.reset(None)
    assert (cursor.tick, seen) == (None, [None])


def test_negative_and_zero_ticks_are_ticks():
    cursor = Cursor()
    cursor.reset(TickRange(-5, 5))
    assert cursor.tick == -5
    cursor.move_to(0)
    assert cursor.tick == 0
    cursor.step(-1)
    assert cursor.tick == -1


def test_playing_moves_by_speed_and_stops_at_the_end(cursor):
    playback = Playback(cursor)
    playback.set_speed(10)
    playback.play()
    playback.advance(0.25)
    assert cursor.tick == 5
    playback.advance(0.05)  # the half tick owed before is made up for
    assert cursor.tick == 6
    playback.advance(100)
    assert (cursor.tick, playback.playing) == (20, False)


def test_playing_from_the_end_begins_again(cursor):
    cursor.last()
    playback = Playback(cursor)
    playback.play()
    assert (cursor.tick, playback.playing) == (3, True)


def test_a_run_without_rows_cannot_be_played():
    playback = Playback(Cursor())
    playback.toggle()
    assert not playback.playing


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
def test_a_speed_that_goes_nowhere_is_refused(cursor, speed):
    with pytest.raises(ValueError, match="goes nowhere"):
        Playback(cursor).set_speed(speed)
