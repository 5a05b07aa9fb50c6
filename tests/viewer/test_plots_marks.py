"""Marks differ by what they say."""

import pytest

from vmt_log_viewer.plots.mark_layer import DOWN, ROUND, SQUARE, UP, mark_shape


@pytest.mark.parametrize(
    ("text", "shape"),
    [("upper", UP), ("lower", DOWN), ("A", ROUND), ("B", SQUARE), ("both", ROUND)],
)
def test_clamps_point_to_their_bound_and_goods_have_shapes_of_their_own(text, shape):
    assert mark_shape(text) == shape
