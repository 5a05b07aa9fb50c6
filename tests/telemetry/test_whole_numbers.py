"""Whole numbers in lines of CSV get their ".0", and nothing else is touched."""

from __future__ import annotations

import math

from hypothesis import example, given
from hypothesis import strategies as st

from telemetry.engines.lines import quoted
from telemetry.engines.whole_numbers import with_points

NUMBERS = st.none() | st.floats() | st.integers(-(10**15) + 1, 10**15 - 1).map(float)
TEXTS = st.none() | st.text(alphabet='a1.,"\n -é', max_size=6)


def of_server(number: float | None) -> str:
    """A double as PostgreSQL writes it: the shortest digits, none behind a whole number."""
    if number is None:
        return ""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    return repr(number).removesuffix(".0")


def of_ours(number: float | None) -> str:
    whole = number is not None and "e" not in repr(number) and float(number).is_integer()
    return of_server(number) + (".0" if whole else "")


@example([(1.0, '1,"\n2', -0.0, None), (None, None, 1e-7, "."), (-3.0, " ", 12.5, "")])
@given(st.lists(st.tuples(NUMBERS, TEXTS, NUMBERS, TEXTS), max_size=5))
def test_whole_numbers_of_real_columns_alone_get_a_point(rows):
    def lines(number):
        fields = (
            (
                number(a),
                "" if b is None else quoted(b),
                "7",
                number(c),
                "" if d is None else quoted(d),
            )
            for a, b, c, d in rows
        )
        return "".join(",".join(row) + "\n" for row in fields).encode()

    assert with_points(bytearray(lines(of_server)), 5, (0, 3)) == lines(of_ours)


def test_lines_without_doubles_are_left_alone():
    assert with_points(bytearray(b"1,2\n3,4\n"), 2, ()) == b"1,2\n3,4\n"
