"""The Edgeworth box against utilities, curves and gains computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from telemetry.analysis.edgeworth import picture
from telemetry.analysis.utilities import Ces, Linear, fitted
from telemetry.concepts import Box, Holder, Move
from telemetry.frozen import asdict

GRID = [(a, b) for a in (1, 2, 4, 8) for b in (1, 3, 9)]


def holder(agent: int, kind: str, utility, stock: tuple[float, float], money=0.0) -> Holder:
    """An agent whose utility was recorded for a dozen bundles."""
    bundles = np.array(GRID, dtype=float)
    values = utility.value(bundles[:, 0], bundles[:, 1]) + money
    worth = np.full(len(values), money)
    return Holder(agent, kind, *stock, bundles, values, worth)


def box(first: Holder, second: Holder, *moves: Move) -> Box:
    return Box(5, ("A", "B"), (first, second), moves)


def test_values_and_rates_are_those_of_the_formula():
    half = Ces(0.5, 0.5, -1.0)  # the harmonic mean: 2ab / (a + b)
    assert half.value(np.array([4.0]), np.array([12.0]))[0] == pytest.approx(6.0)
    assert half.rate(np.array([4.0]), np.array([12.0]))[0] == pytest.approx(9.0)  # (b/a)²
    assert half.curve(np.array([6.0]), 6.0)[0] == pytest.approx(6.0)
    assert half.value(np.array([0.0]), np.array([9.0]))[0] == 0.0
    plain = Linear(2.0, 4.0)
    assert plain.curve(np.array([3.0]), 26.0)[0] == 5.0
    assert plain.rate(np.array([1.0]), np.array([7.0]))[0] == 0.5


@pytest.mark.parametrize(
    ("kind", "utility"),
    [("ULinear", Linear(1.0, 1.2)), ("UCES", Ces(0.6, 0.4, -0.5)), ("UCES", Ces(1.0, 1.0, 0.3))],
)
@pytest.mark.parametrize("money", [0.0, 7.5])
def test_parameters_are_worked_out_of_recorded_utilities(kind, utility, money):
    found, words = fitted(holder(3, kind, utility, (1, 1), money))
    assert asdict(found) == pytest.approx(asdict(utility), rel=1e-6)
    assert "12 recorded utilities" in words


def test_a_utility_that_does_not_explain_what_was_recorded_is_none():
    wrong = holder(3, "ULinear", Ces(0.6, 0.4, -0.5), (1, 1))
    assert fitted(wrong)[0] is None
    assert "no such utility explains all 12" in fitted(wrong)[1]
    odd = holder(3, "UTranslog", Linear(1, 1), (1, 1))
    assert "UTranslog" in fitted(odd)[1]
    few = Holder(3, "UCES", 1, 1, np.ones((2, 2)), np.ones(2), np.zeros(2))
    assert "2 recorded utilities are too few" in fitted(few)[1]


def test_the_box_of_two_harmonic_agents():
    """Equal tastes: the contract curve is the diagonal, and the gains are those by hand."""
    taste = Ces(0.5, 0.5, -1.0)
    give = Move(-4.0, 4.0, success=True, feasible=True, key=9)
    drawn = picture(box(holder(0, "UCES", taste, (12, 4)), holder(1, "UCES", taste, (4, 12)), give))
    assert (drawn.width, drawn.height) == (16.0, 16.0)
    assert drawn.endowment == (12.0, 4.0)
    assert np.allclose(drawn.contract.y, drawn.contract.x, atol=1e-6)
    # 2·12·4/16 = 6 before, 2·8·8/16 = 8 after, for both.
    assert drawn.split.first == pytest.approx(2.0)
    assert drawn.split.second == pytest.approx(2.0)
    assert drawn.split.share == pytest.approx(0.5)
    before = drawn.before[0]
    assert before.y[before.x == 12.0] == pytest.approx(4.0)
    x, low, high = drawn.lens
    assert (low < high).all()
    assert 4.0 < x.min() < 4.3  # where the curves cross again: the mirrored endowment
    assert 11.7 < x.max() < 12.0
    middle = np.argmin(np.abs(x - 8.0))
    assert low[middle] == pytest.approx(4.8, abs=0.02)  # 6 = 2·8·b / (8 + b)
    assert high[middle] == pytest.approx(16 - 4.8, abs=0.02)


def test_a_move_that_loses_has_a_negative_gain_and_no_share_beyond_one():
    first = holder(0, "ULinear", Linear(1, 1), (5, 5))
    second = holder(1, "ULinear", Linear(2, 1), (5, 5))
    lose = Move(2.0, -3.0, success=False, feasible=True, key=1)
    less = Move(2.0, -2.0, success=False, feasible=True, key=2)
    drawn = picture(box(first, second, lose, less))
    assert drawn.chosen is lose  # both lose 1; by the other one somebody loses 2
    assert (drawn.split.first, drawn.split.second) == (pytest.approx(-1), pytest.approx(-1))
    assert drawn.split.share is None
    assert picture(box(first, second, lose, less), key=2).chosen is less
    assert drawn.contract is None  # two straight tastes agree nowhere inside
    assert drawn.lens is not None


def test_unknown_utilities_still_give_stocks_tries_and_quotes():
    bare = Holder(0, None, 3, 4, np.empty((0, 2)), np.empty(0), np.empty(0), ask=2.0, bid=1.0)
    drawn = picture(box(bare, holder(1, "ULinear", Linear(1, 1), (1, 2)), Move(1, -1, True, True)))
    assert drawn.before[0] is None
    assert drawn.before[1] is not None
    assert drawn.lens is None
    assert drawn.split is None
    names = [name for name, _ in drawn.quotes]
    assert names == ["ask of 0", "bid of 0"]
    line = drawn.quotes[1][1]
    assert line.y[line.x == 3.0] == pytest.approx(4.0)
    assert "its utility type is not recorded" in drawn.notes[0]


def test_an_empty_box_is_a_point():
    nothing = holder(0, "ULinear", Linear(1, 1), (0, 0))
    drawn = picture(box(nothing, nothing))
    assert (drawn.width, drawn.height) == (0, 0)
    assert drawn.chosen is None
    assert not any(math.isinf(v) for v in drawn.before[0].y)
