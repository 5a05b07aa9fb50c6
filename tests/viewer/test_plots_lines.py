"""Lines of many agents: thinned for the pixels without losing a spike, gaps kept as gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QColor, QImage, QPainter, QPicture

from telemetry.concepts import Line
from vmt_log_viewer.plots import line_bank, line_layer, line_levels
from vmt_log_viewer.plots.frame import Frame
from vmt_log_viewer.plots.line_bank import LineBank
from vmt_log_viewer.plots.line_layer import CROWD, LineLayer
from vmt_log_viewer.plots.line_levels import by_parts
from vmt_log_viewer.plots.raster import paint_spans


def line(ticks, values, agent: int = 0) -> Line:
    return Line(agent, np.asarray(ticks, dtype=np.int64), np.asarray(values, dtype=np.float64))


def drawn_pairs(strokes) -> set[tuple[float, float]]:
    """(tick, next tick) of every drawn piece."""
    at = np.flatnonzero(strokes.joined)
    return {(float(strokes.tick[i]), float(strokes.tick[i + 1])) for i in at}


def test_neighbouring_ticks_are_joined():
    bank = LineBank([line([0, 1, 2], [5, 6, 7])], 1)
    assert drawn_pairs(bank.strokes(0, 3, 300)) == {(0, 1), (1, 2)}


def test_a_jump_of_more_than_the_step_is_a_gap():
    bank = LineBank([line([0, 10, 20, 50, 60], [1, 1, 1, 1, 1])], 10)
    assert drawn_pairs(bank.strokes(0, 61, 300)) == {(0, 10), (10, 20), (50, 60)}


@pytest.mark.parametrize("hole", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_none_is_a_gap(hole):
    bank = LineBank([line(range(5), [1, 1, hole, 1, 1])], 1)
    strokes = bank.strokes(0, 5, 300)
    assert drawn_pairs(strokes) == {(0, 1), (3, 4)}
    assert np.isfinite(strokes.value).all()


def test_a_point_between_two_gaps_is_drawn_alone():
    bank = LineBank([line(range(5), [1, np.nan, 7, np.nan, 1])], 1)
    strokes = bank.strokes(0, 5, 300)
    assert 7.0 in strokes.value[strokes.lone]


def test_a_lone_point_is_still_there_when_everything_else_is_thinned():
    values = np.ones(20_000)
    values[[9_999, 10_001]] = np.nan
    values[10_000] = 3.0
    strokes = LineBank([line(range(20_000), values)], 1).strokes(0, 20_000, 400)
    assert 3.0 in strokes.value[strokes.lone]


def test_lines_of_different_agents_are_not_joined():
    bank = LineBank([line([0, 1], [1, 1], 0), line([2, 3], [1, 1], 7)], 1)
    strokes = bank.strokes(0, 4, 300)
    assert drawn_pairs(strokes) == {(0, 1), (2, 3)}
    assert strokes.owner.tolist() == [0, 0, 1, 1]


def test_zero_and_negative_values_are_gaps_on_a_log_axis():
    bank = LineBank([line(range(5), [1, 0, 2, -3, 4])], 1, positive=True)
    assert sorted(bank.strokes(0, 5, 300).value) == [1, 2, 4]


def test_no_lines_draw_nothing():
    strokes = LineBank([], 1).strokes(0, 10, 100)
    assert strokes.tick.size == strokes.joined.size == strokes.lone.size == 0


def test_lines_of_one_array_are_not_copied():
    values = np.arange(30.0)
    ticks = np.tile(np.arange(10), 3)
    lines = [Line(a, ticks[10 * a : 10 * a + 10], values[10 * a : 10 * a + 10]) for a in range(3)]
    bank = LineBank(lines, 1)
    assert np.shares_memory(bank.value, values)
    which, last = bank.lasts(4.5)
    assert (which.tolist(), last.tolist()) == ([0, 1, 2], [4, 14, 24])
    assert bank.lasts(-1)[0].size == 0


def test_thinning_leaves_few_vertices_for_each_pixel():
    lines = [line(range(20_000), np.sin(np.arange(20_000.0)), a) for a in range(50)]
    strokes = LineBank(lines, 1).strokes(0, 20_000, 1000)
    assert strokes.tick.size <= 50 * 1000 * 4


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1_000, 30_000),
    at=st.floats(0, 1, exclude_max=True),
    columns=st.integers(10, 2_000),
    step=st.integers(1, 7),
)
def test_no_spike_is_lost_at_any_zoom(n, at, columns, step):
    spike = int(at * n)
    values = np.zeros(n)
    values[spike] = 1.0
    bank = LineBank([line(np.arange(n) * step, values)], step)
    assert bank.strokes(0, n * step, columns).value.max() == 1.0
    near = spike * step
    assert bank.strokes(near - 50 * step, near + 50 * step, columns).value.max() == 1.0


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.one_of(st.none(), st.floats(-1e308, 1e308)), min_size=1, max_size=600),
    columns=st.integers(1, 200),
)
def test_what_is_drawn_has_the_extremes_of_what_is_there(values, columns):
    found = np.array([np.nan if v is None else v for v in values])
    strokes = LineBank([line(range(len(values)), found)], 1).strokes(0, len(values), columns)
    known = found[~np.isnan(found)]
    assert (
        strokes.tick.size == 0
        if known.size == 0
        else (strokes.value.max() == known.max() and strokes.value.min() == known.min())
    )


def test_a_window_between_two_samples_still_shows_the_line_between_them():
    bank = LineBank([line([0, 100, 200], [1, 2, 3])], 100)
    assert drawn_pairs(bank.strokes(130, 160, 500)) == {(100, 200)}


def test_what_lies_outside_the_window_is_left_out():
    bank = LineBank([line(range(10_000), np.arange(10_000.0))], 1)
    strokes = bank.strokes(5_000, 5_010, 800)
    assert strokes.tick.min() == 4_999
    assert strokes.tick.max() == 5_011


def test_a_chunk_never_reaches_over_a_gap():
    ticks = np.concatenate([np.arange(5_000), np.arange(6_000, 11_000)])
    bank = LineBank([line(ticks, np.ones(10_000))], 1)
    pairs = drawn_pairs(bank.strokes(0, 11_000, 300))
    assert not any(a < 5_500 < b for a, b in pairs)
    assert max(a for a, b in pairs if b < 5_500) >= 4_990


def crowd(agents: int = 300, ticks: int = 4_000) -> list[Line]:
    """Quiet lines, one below the other, and one of them with a spike at tick 2000."""
    lines = [line(range(ticks), np.full(ticks, float(a)), a) for a in range(agents)]
    lines[7].value[2_000] = 1_000.0
    return lines


def test_what_is_gone_through_in_parts_is_thinned_as_at_once(monkeypatch):
    chance = np.random.default_rng(3)
    lines = []
    for agent in range(9):
        value = chance.normal(size=700)
        value[chance.integers(700, size=5)] = np.nan
        lines.append(line(range(700), value, agent))
    spans = [LineBank(lines, 1).spans(0, 700, columns) for columns in (100, 20, 3)]
    for module in (line_bank, line_levels):
        monkeypatch.setattr(module, "AT_ONCE", 400)
    for columns, at_once in zip((100, 20, 3), spans, strict=True):
        in_parts = LineBank(lines, 1).spans(0, 700, columns)
        for name in ("tick", "low", "high", "owner"):
            assert np.array_equal(getattr(in_parts, name), getattr(at_once, name))


@pytest.mark.parametrize("samples", [5, 11])
def test_a_bank_looked_at_before_shows_what_a_fresh_one_does(samples):
    """Fine levels are made of what is visible, and used again while that is within them."""
    chance = np.random.default_rng(5)
    lines = []
    for agent in range(4):
        ticks = np.cumsum(chance.choice([1, 1, 1, 1, 1, 40], size=3_000))
        value = chance.normal(size=ticks.size)
        value[chance.integers(ticks.size, size=20)] = np.nan
        lines.append(line(ticks, value, agent))
    bank, first, width = LineBank(lines, 1).prepare(), 0.0, 20_000.0
    for turn in range(60):
        width *= (0.8, 1.1, 1.0)[turn % 3]
        first = float(chance.uniform(0, 15_000)) if turn % 10 == 0 else first + width / 40
        window = (first, first + width, max(1, int(width / samples)))
        seen, fresh = bank.spans(*window), LineBank(lines, 1).spans(*window)
        for name in ("tick", "low", "high", "owner"):
            assert np.array_equal(getattr(seen, name), getattr(fresh, name))


def test_very_many_lines_become_an_image_that_keeps_the_spike(qapp):
    frame = Frame(0, 4_000, -10, 1_010, 800, 300)
    bank = LineBank(crowd(), 1)
    assert bank.crowd(0, 4_000, 800) > CROWD
    assert bank.crowd(0, 900, 1_000) == 0 < bank.crowd(0, 900, 1_000, apart=4.0)
    colors = [QColor("red") if a == 7 else QColor("blue") for a in range(300)]
    image = paint_spans(bank.spans(0, 4_000, 800), colors, frame, 800)
    assert (image.width(), image.height()) == (800, 300)
    assert image.pixelColor(400, 100).alpha() > 100
    assert image.pixelColor(400, 100).red() > 200
    assert image.pixelColor(300, 100).alpha() == 0
    assert image.pixelColor(300, 250).blue() > 200


@settings(max_examples=15, deadline=None)
@given(spike=st.integers(0, 3_999), first=st.integers(0, 3_700), ticks=st.integers(250, 4_000))
def test_no_spike_of_a_crowd_is_lost_in_its_image_at_any_zoom(spike, first, ticks):
    lines = [line(range(4_000), np.full(4_000, float(a)), a) for a in range(60)]
    lines[7].value[spike] = 1_000.0
    last = min(first + ticks, 3_999)
    frame = Frame(first, last, -10, 1_010, 400, 150)
    image = paint_spans(
        LineBank(lines, 1).spans(first, last, 200), [QColor("red")] * 60, frame, 200
    )
    column = int((spike - first) / (last - first) * 200)
    reached = any(
        image.pixelColor(x, 40).alpha() > 0 for x in range(max(column - 1, 0), min(column + 2, 200))
    )
    assert reached or not first <= spike < last


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), first=st.integers(0, 3_000), width=st.integers(20, 900))
def test_spans_reach_exactly_as_far_as_the_values_do(seed, first, width):
    values = np.random.default_rng(seed).normal(size=(3, 4_000))
    bank = LineBank([line(range(4_000), values[a], a) for a in range(3)], 1)
    spans = bank.spans(first, first + 1_000, width)
    for a in range(3):
        inside = values[a, first : first + 1_001]
        assert spans.high[spans.owner == a].max() >= inside.max()
        assert spans.low[spans.owner == a].min() <= inside.min()


@given(st.lists(st.integers(1, 6), min_size=1, max_size=30), st.integers(0, 2**32), st.booleans())
@settings(max_examples=60, deadline=None)
def test_parts_of_few_values_and_of_many_have_their_extremes(counts, seed, odd):
    values = np.random.default_rng(seed).normal(size=sum(counts))
    values[0] = np.nan if odd else values[0]
    start = np.cumsum([0, *counts[:-1]])
    for ufunc in (np.minimum, np.maximum):
        found = by_parts(ufunc, values, start)
        np.testing.assert_array_equal(found, ufunc.reduceat(values, start))


def test_spans_do_not_reach_over_a_gap():
    values = np.zeros(4_000)
    values[2_000:] = 50.0
    values[1_990:2_000] = np.nan
    spans = LineBank([line(range(4_000), values)], 1).spans(0, 4_000, 100)
    assert not ((spans.low < 25) & (spans.high > 25)).any()


def test_a_layer_draws_few_lines_as_paths_and_very_many_as_an_image(qapp):
    picture = QPicture()
    for lines, images in ((crowd(8), 0), (crowd(), 1)):
        layer = LineLayer()
        layer.show(lines, 1, [QColor("red")] * len(lines))
        painter = CountingPainter(picture)
        layer.paint(painter, Frame(0, 4_000, -10, 1_010, 800, 300))
        painter.end()
        assert painter.images == images


def test_very_many_dots_are_where_few_would_be(qapp, monkeypatch):
    values = np.where(np.arange(2_000) % 2, np.nan, np.arange(2_000) % 7)
    layer = LineLayer()
    layer.show([line(range(2_000), values)], 1, [QColor("red")])
    seen = []
    for stamped in (10_000, 100):
        monkeypatch.setattr(line_layer, "STAMPED", stamped)
        image = QImage(800, 200, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(QColor("white"))
        painter = QPainter(image)
        layer.paint(painter, Frame(0, 2_000, -1, 8, 800, 200))
        painter.end()
        red = [[image.pixelColor(x, y).green() < 128 for x in range(0, 800, 3)] for y in range(200)]
        seen.append(np.array(red))
    assert seen[0].any()
    assert np.mean(seen[0] != seen[1]) < 0.03 < np.mean(seen[0])


class CountingPainter(QPainter):
    images = 0

    def drawImage(self, *args: object) -> None:
        self.images += 1
