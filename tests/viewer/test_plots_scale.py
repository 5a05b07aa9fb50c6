"""Which values a plot shows, and how values of any size become heights and numbers."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmt_log_viewer.plots.axes import value_marks
from vmt_log_viewer.plots.nice import nice_ticks, nice_values, short
from vmt_log_viewer.plots.value_scale import (
    ValueScale,
    extent_of,
    fitting_scale,
    height_range,
)

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_ordinary_values_are_all_shown():
    extent = extent_of([np.arange(1000.0)])
    assert (extent.low, extent.high, extent.beyond) == (0, 999, 0)


def test_a_quote_of_1e8_does_not_flatten_the_rest_and_is_counted():
    values = np.append(np.random.default_rng(0).uniform(1, 2, 500), [1e8, 1e8, -1e9])
    extent = extent_of([values])
    assert 1 <= extent.low <= extent.high <= 2
    assert (extent.above, extent.below) == (2, 1)


def test_one_agent_of_fifteen_with_a_huge_quote_all_the_time_stays_outside():
    lines = [np.full(400, 1.0 + 0.1 * a) for a in range(14)] + [np.full(400, 1e8)]
    extent = extent_of(lines)
    assert extent.high == pytest.approx(2.3)
    assert extent.above == 400


def test_an_ordinary_spike_is_no_outlier():
    values = np.ones(1000)
    values[500] = 40.0
    assert extent_of([values]).high == 40.0


def test_everything_is_shown_when_asked_for():
    extent = extent_of([np.append(np.ones(500), 1e8)], everything=True)
    assert (extent.high, extent.beyond) == (1e8, 0)


def test_the_few_values_beside_zeros_are_shown():
    values = np.zeros(1000)
    values[::50] = 3.0
    assert extent_of([values]).high == 3.0


def test_infinite_values_are_counted_and_left_out():
    extent = extent_of([np.array([1, 2, np.inf, -np.inf, np.nan])])
    assert (extent.low, extent.high, extent.infinite) == (1, 2, 2)


def test_a_log_axis_says_how_many_values_it_cannot_show():
    extent = extent_of([np.array([0.0, -1.0, 1e-9, 1e8, np.nan])], log=True)
    assert (extent.low, extent.high, extent.hidden, extent.beyond) == (1e-9, 1e8, 2, 0)


def test_no_values_at_all_have_an_empty_extent_and_a_plain_axis():
    extent = extent_of([np.array([np.nan, np.nan])])
    assert math.isnan(extent.low)
    assert height_range(extent, fitting_scale(extent, False)) == (0.0, 1.0)


@given(st.lists(FINITE, min_size=1, max_size=50), st.booleans(), st.booleans())
def test_any_values_give_a_range_that_can_be_drawn_without_a_warning(values, log, everything):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        extent = extent_of([np.array(values)], log=log, everything=everything)
        scale = fitting_scale(extent, log)
        low, high = height_range(extent, scale)
        assert math.isfinite(low)
        assert math.isfinite(high)
        assert low < high
        assert max(abs(low), abs(high)) < 1e12
        marks = value_marks(scale, low, high, 120.0)
        assert all(low - 1e-6 <= h <= high + 1e-6 for h, _ in marks)


def test_the_largest_floats_become_small_heights():
    scale = fitting_scale(extent_of([np.array([-1e308, 1e308])]), False)
    assert scale.heights(np.array([-1e308, 0, 1e308])).tolist() == pytest.approx([-1, 0, 1])
    assert scale.value(1.0) == pytest.approx(1e308)


@given(FINITE.filter(lambda v: v == 0 or 1e-250 < abs(v) < 1e250))
def test_a_height_is_its_value_again(value):
    scale = fitting_scale(extent_of([np.array([value])]), False)
    assert scale.value(scale.height(value)) == pytest.approx(value, rel=1e-9)


def test_log_heights_are_exponents():
    assert ValueScale(log=True).heights(np.array([1e-3, 1, 100])).tolist() == [-3, 0, 2]
    assert np.isnan(ValueScale(log=True).heights(np.array([0.0, -2.0]))).all()


def test_axis_numbers_are_round_and_of_one_length():
    assert [text for _, text in value_marks(ValueScale(), 0.0, 1.0, 130)] == [
        "0.0",
        "0.2",
        "0.4",
        "0.6",
        "0.8",
        "1.0",
    ]


def test_a_log_axis_counts_in_decades():
    marks = value_marks(ValueScale(log=True), -3.2, 2.2, 200)
    assert [text for _, text in marks] == ["0.001", "0.01", "0.1", "1", "10", "100"]


def test_huge_numbers_are_written_short():
    scale = ValueScale(exponent=8)
    assert "1e8" in [text for _, text in value_marks(scale, 0, 2, 100)]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (-0.0, "0"), (-2.5, "−2.5"), (1e8, "1e8"), (123456, "123456"), (math.nan, "–"),
     (math.inf, "∞"), (-math.inf, "−∞"), (1e-9, "1e-9".replace("-", "−"))],
)  # fmt: skip
def test_short_numbers(value, text):
    assert short(value, 6) == text


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**7), st.integers(72, 2000))
def test_tick_numbers_are_whole_and_have_room(first, span, width):
    ticks = nice_ticks(first, first + span, width)
    assert all(isinstance(t, int) and first <= t <= first + span for t in ticks)
    if len(ticks) > 1:
        assert (ticks[1] - ticks[0]) * width / span >= 60 or ticks[1] - ticks[0] == 1


def test_round_values_do_not_drift():
    assert nice_values(0, 1, 10) == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]


def test_an_end_that_overflows_is_drawn_to_the_largest_number():
    assert nice_values(1.7976931348623277e307, float("inf"), 5)
