"""Names at the ends of lines never overlap, and what has no room is counted."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QFontMetricsF

from vmt_log_viewer.plots.end_labels import SIZE, EndLabel, place, spread
from vmt_log_viewer.plots.legend import LINE, flow, height
from vmt_log_viewer.plots.readout import Readout

GREY = QColor("gray")


def labels(heights, rank=1):
    return [(y, EndLabel(f"agent {i}", GREY, 0.0, rank)) for i, y in enumerate(heights)]


@given(st.lists(st.floats(-50, 400), max_size=40), st.integers(20, 400))
def test_labels_never_overlap_and_none_is_forgotten(heights, bottom):
    placed, omitted = place(labels(heights), 0, bottom)
    ys = [item.y for item in placed]
    assert all(b - a >= SIZE - 1e-6 for a, b in itertools.pairwise(ys))
    assert all(0 <= y <= bottom for y in ys)
    assert len(placed) + omitted == len(heights)


@given(st.lists(st.floats(0, 300), min_size=1, max_size=15))
def test_labels_keep_the_order_of_their_lines(heights):
    placed, _ = place(labels(heights), 0, 300)
    wanted = [item.wanted for item in placed]
    assert wanted == sorted(wanted)


def test_labels_with_room_stay_where_their_lines_end():
    assert spread([10, 50, 100], 15, 0, 200) == [10, 50, 100]


def test_labels_that_collide_move_apart_evenly():
    assert spread([100, 100], 15, 0, 200) == [92.5, 107.5]


def test_the_important_ones_stay_when_there_is_little_room():
    crowd = labels(range(0, 100, 2), rank=3)
    chosen = [(50.0, EndLabel("chosen", GREY, 0.0, 0))]
    placed, omitted = place(crowd + chosen, 0, 60)
    assert "chosen" in [item.label.text for item in placed]
    assert omitted == 51 - len(placed)


def test_a_legend_goes_on_in_the_next_line_and_loses_no_entry():
    assert flow([50, 40, 30], 100) == ((0, 0.0), (0, 50.0), (1, 0.0))
    assert flow([300, 20], 100) == ((0, 0.0), (1, 0.0))
    assert (height(()), height(flow([50, 60], 100))) == (LINE, 2 * LINE)


def test_a_readout_counts_the_names_that_do_not_fit(theme):
    readout = Readout(theme)
    readout.say([
        part for name in ("alpha", "beta", "gamma")
        for part in ((f"{name} ", theme.color("accent")), ("1000.00", None))
    ])  # fmt: skip
    assert readout.shown_in(2000) == readout.text
    metrics = QFontMetricsF(theme.font("caption"))
    narrow = readout.shown_in(metrics.horizontalAdvance(readout.text))  # without its squares
    assert narrow == "alpha 1000.00   beta 1000.00   +1"
    assert readout.shown_in(60) == "alpha 1000.00   +2"
    readout.deleteLater()
