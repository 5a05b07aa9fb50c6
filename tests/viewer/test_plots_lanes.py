"""States over ticks: painted true at every zoom, however narrow they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from telemetry.concepts import Lane
from vmt_log_viewer.plots.lane_columns import lane_pieces
from vmt_log_viewer.plots.lane_painter import paint_lane

RED, BLUE = QColor("#ff0000"), QColor("#0000ff")
COLORS = {"forage": RED, "trade": BLUE}


def lane(*intervals: tuple[int, int, str]) -> Lane:
    first, last, state = zip(*intervals, strict=True)
    return Lane("mode", "Mode", np.array(first), np.array(last), tuple(state))


def painted(found: Lane, first: float, last: float, width: int = 100) -> QImage:
    image = QImage(width, 12, QImage.Format.Format_ARGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    paint_lane(painter, QRectF(0, 0, width, 12), found, first, last, COLORS.__getitem__)
    painter.end()
    return image


def colors_in(image: QImage, x: int) -> set[str]:
    return {image.pixelColor(x, y).name() for y in range(image.height())}


def test_the_last_state_is_drawn_to_its_end():
    pieces = lane_pieces(lane((0, 9, "forage"), (10, 10, "trade")), 0, 11, 110)
    assert list(pieces.blocks) == [
        (0, 100, "forage"),
        (100, 110, "trade"),
    ]


def test_a_state_narrower_than_a_pixel_stays_visible(qapp):
    found = lane((0, 4_999, "forage"), (5_000, 5_000, "trade"), (5_001, 9_999, "forage"))
    image = painted(found, 0, 10_000)
    assert colors_in(image, 49) == {RED.name()}
    assert colors_in(image, 50) >= {RED.name(), BLUE.name()}


def test_states_that_take_turns_within_a_pixel_show_as_a_mixture_of_their_shares():
    turns = [(t, t, "forage" if t % 2 else "trade") for t in range(10_000)]
    pieces = lane_pieces(lane(*turns), 0, 10_000, 100)
    assert len(pieces.blocks) == 0
    assert len(pieces.mixed) == 100
    assert set(pieces.mixed.names) == {"forage", "trade"}
    assert pieces.mixed.shares == pytest.approx(np.full((2, 100), 0.5))


def test_zoomed_in_the_same_states_are_blocks():
    turns = [(t, t, "forage" if t % 2 else "trade") for t in range(10_000)]
    pieces = lane_pieces(lane(*turns), 5_000, 5_010, 100)
    assert len(pieces.mixed) == 0
    assert [state for _, _, state in pieces.blocks] == ["trade", "forage"] * 5


def test_a_boundary_between_two_wide_states_is_no_mixture():
    pieces = lane_pieces(lane((0, 32, "forage"), (33, 99, "trade")), 0, 100, 50)
    assert len(pieces.mixed) == 0


def test_intervals_of_one_state_beside_each_other_are_one_block():
    ticks = [(t, t, "forage") for t in range(5_000)]
    pieces = lane_pieces(lane(*ticks), 0, 5_000, 100)
    assert len(pieces.mixed) == 0
    assert [(left, right) for left, right, _ in pieces.blocks] == [(0, 100)]


def test_ticks_that_were_not_recorded_stay_empty(qapp):
    image = painted(lane((0, 39, "forage"), (60, 99, "forage")), 0, 100)
    assert colors_in(image, 50) == {"#ffffff"}
    assert colors_in(image, 20) == colors_in(image, 80) == {RED.name()}


def test_a_hole_narrower_than_a_pixel_shows(qapp):
    image = painted(lane((0, 4_949, "forage"), (5_020, 9_999, "forage")), 0, 10_000)
    assert "#ffffff" in colors_in(image, 49) | colors_in(image, 50)


def test_the_state_after_a_switch_begins_exactly_there():
    pieces = lane_pieces(lane((0, 9, "forage"), (10, 19, "trade")), 0, 20, 200)
    assert pieces.blocks.left[1] == 100


@given(
    lengths=st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3)), min_size=1, max_size=40),
    first=st.integers(-10, 200),
    ticks=st.integers(5, 600),
    width=st.integers(3, 200),
)
@settings(max_examples=100, deadline=None)
def test_every_pixel_shows_its_tick_s_state_or_is_mixed(lengths, first, ticks, width):
    at, intervals = 0, []
    for length, hole in lengths:
        intervals.append((at, at + length - 1, "trade" if length % 3 else "forage"))
        at += length + hole
    found = lane(*intervals)
    pieces = lane_pieces(found, first, first + ticks, width)
    ends = [0.0, *(end for left, right, _ in pieces.blocks for end in (left, right)), width]
    assert ends == sorted(ends)
    for column in set(range(width)) - set(pieces.mixed.columns.tolist()):
        middle = column + 0.5
        shown = [state for left, right, state in pieces.blocks if left <= middle < right]
        tick = int(np.floor(first + middle / width * ticks))
        assert shown == [state for state in (found.at(tick),) if state is not None]


def test_a_lane_outside_of_the_window_paints_nothing():
    pieces = lane_pieces(lane((0, 9, "forage")), 100, 200, 50)
    assert (len(pieces.blocks), len(pieces.mixed)) == (0, 0)
