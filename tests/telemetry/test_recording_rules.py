"""The quick ways past a rule let through what the rule would, unchanged, and nothing else."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import Column, Float, Integer, MetaData, Table, Text

from telemetry.errors import RecordingError
from telemetry.families.bilancio.rules import number, word, yes_or_no
from telemetry.recording.checks import RowCheck
from telemetry.recording.rules import (
    RefusedValue,
    Rule,
    choice,
    exact,
    flag,
    integer,
    real,
    text,
)

RULES = {
    "integer": integer(),
    "count": integer(minimum=0),
    "real": real(),
    "price": real(infinite=True),
    "lambda": real(minimum=0.0),
    "text": text(),
    "choice": choice(("buy", "sell")),
    "flag": flag(),
    "exact": exact(Decimal(0)),
    "number": number(0),
    "word": word(),
    "yes or no": yes_or_no(),
}
VALUES = st.one_of(
    st.integers(-(2**65), 2**65),
    st.floats(allow_nan=True),
    st.booleans(),
    st.text(max_size=3),
    st.sampled_from(["buy", "sell", "\0", "\ud800", 2**63, -(2**63) - 1, 1, 0, "0", 10**400]),
    st.decimals(allow_nan=True),
)


def judged(rule: Rule, value: object) -> tuple[object, type] | None:
    """What the rule makes of a value, or None where it refuses it."""
    try:
        kept = rule(value)
    except RefusedValue:
        return None
    return kept, type(kept)


@pytest.mark.parametrize("name", RULES)
@given(value=VALUES)
@example(value=math.nan)
@example(value=-math.inf)
@example(value=True)
@example(value=-0.0)
def test_a_row_that_passes_quickly_is_what_the_rule_makes_of_it(name: str, value: object):
    rule = RULES[name]
    plain = eval(rule.plain.format(v="v"), {"v": value, **rule.words})
    if plain:
        taken = eval(rule.taken.format(v="v"), {"v": value})
        assert judged(rule, value) == (taken, type(taken))


@pytest.mark.parametrize("name", RULES)
@given(values=st.lists(VALUES, min_size=1, max_size=4))
@example(values=[1.0, math.nan])
@example(values=[math.inf, -math.inf])
@example(values=[0, True])
def test_a_column_that_passes_quickly_would_not_be_changed(name: str, values: list[object]):
    rule = RULES[name]
    if rule.plain_column(values):
        assert [judged(rule, value) for value in values] == [(v, type(v)) for v in values]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("count", 3), ("real", 1.5), ("price", math.inf), ("lambda", 0.0),
        ("text", "x"), ("choice", "buy"), ("flag", True), ("integer", -1),
        ("number", Decimal("1.5")), ("number", 2), ("word", "x y"), ("yes or no", True),
    ],
)  # fmt: skip
def test_usual_values_do_pass_quickly(name: str, value: object):
    rule = RULES[name]
    assert eval(rule.plain.format(v="v"), {"v": value, **rule.words})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.5, "must be a Decimal"),
        (True, "must be a Decimal"),
        ("much", "must be a decimal number"),
        ("NaN", "must be a finite number"),
        (Decimal("-0.1"), "must be 0 or more"),
        (Decimal("0.000000001"), "at most 8 decimals"),
        (10**9, r"below 10\^8"),
    ],
)
def test_exact_numbers_refuse_what_would_be_rounded(value: object, words: str):
    with pytest.raises(RefusedValue, match=words):
        RULES["exact"](value)


@pytest.mark.parametrize("value", [Decimal("1.50"), "1.50", 0, Decimal("99999999.12345678")])
def test_exact_numbers_stay_as_they_are_written(value: Decimal | str | int):
    assert str(RULES["exact"](value)) == str(value)


TABLE = Table(
    "quotes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("tick", Integer, nullable=False),
    Column("agent", Integer, nullable=False),
    Column("price", Float),
    Column("note", Text, server_default="none"),
)
CHECK = RowCheck(TABLE, {"agent": integer(minimum=0)}, given=("tick",))


def test_columns_give_the_rows_that_single_rows_give():
    rows = [{"agent": 0, "price": 1.5}, {"agent": 1, "price": None}]
    plan, singly = zip(*(CHECK((7,), row) for row in rows), strict=True)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    together_plan, together = CHECK.columns((7,), columns)
    assert together == list(singly) == [(7, 0, 1.5), (7, 1, None)]
    assert together_plan is plan[0] is plan[1]
    assert together_plan.names == ("tick", "agent", "price")


def test_whole_rows_hold_nothing_where_nothing_is_told_but_keep_other_defaults():
    check = RowCheck(TABLE, {}, given=("tick",), whole=True)
    plan, row = check((7,), {"agent": 0})
    assert (plan.names, row) == (("tick", "agent", "price"), (7, 0, None))
    assert check((7,), {"agent": np.int8(1)}) == (plan, (7, 1, None))
    assert check.columns((7,), {"agent": [2, 3]}) == (plan, [(7, 2, None), (7, 3, None)])
    assert check((7,), {"price": 1.5, "agent": 4}) == (plan, (7, 4, 1.5))
    noted, row = check((7,), {"agent": 5, "note": "x"})
    assert (noted.names, row) == (("tick", "agent", "price", "note"), (7, 5, None, "x"))


def test_arrays_are_taken_as_plain_numbers():
    arrays = {"agent": np.arange(2, dtype=np.int16), "price": np.array([0.5, np.inf])}
    with pytest.raises(RecordingError, match=r"quotes\.price of row 1 must be finite"):
        CHECK.columns((0,), arrays)
    arrays["price"] = np.array([0.5, 2.0], dtype=np.float32)
    rows = CHECK.columns((0,), arrays)[1]
    assert rows == [(0, 0, 0.5), (0, 1, 2.0)]
    assert {type(value) for row in rows for value in row} == {int, float}


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"agent": [0, -1]}, r"quotes\.agent of row 1 must be 0 or more, not -1"),
        ({"agent": [0, None]}, r"quotes\.agent of row 1 is required"),
        ({"agent": [0, 1], "price": [1.0]}, r"quotes\.price has 1 values where 2 are needed"),
        ({"price": [1.0]}, r"quotes\.agent is required"),
        ({"agent": [0], "color": [1]}, "has no column color"),
    ],
)
def test_a_wrong_column_is_refused_by_name_and_row(columns: dict, words: str):
    with pytest.raises(RecordingError, match=words):
        CHECK.columns((0,), columns)


def test_no_columns_are_no_rows():
    assert CHECK.columns((0,), {})[1] == []
    assert CHECK.columns((0,), {"agent": []})[1] == []


def test_rows_may_change_their_columns_from_one_to_the_next():
    first = CHECK((0,), {"agent": 0})
    second = CHECK((0,), {"agent": 0, "note": "x"})
    third = CHECK((0,), {"note": "y", "agent": 1})
    assert first[0].names == ("tick", "agent")
    assert second[0] is third[0]
    assert third[1] == (0, 1, "y")
    with pytest.raises(RecordingError, match=r"quotes\.agent is required"):
        CHECK((0,), {"price": 1.0})
