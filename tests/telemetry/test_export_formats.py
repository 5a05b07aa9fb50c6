"""Rows as CSV, JSON and JSON lines: exact, valid, streamed."""

import csv
import io
import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.concepts import Column
from telemetry.export import (
    json_text,
    write_rows,
)
from telemetry.export.columns import csv_field, csv_writer


def _written(columns: list[str], rows: list[tuple[object, ...]], form: str) -> str:
    stream = io.StringIO(newline="")
    assert write_rows(stream, columns, rows, form) == len(rows)
    return stream.getvalue()


def test_csv_keeps_null_zero_and_the_empty_text_apart() -> None:
    text = _written(["a", "b", "c", "d"], [(None, 0, "", 0.0)], "csv")
    assert text == 'a,b,c,d\n,0,"",0.0\n'


@pytest.mark.parametrize(
    ("cell", "field"),
    [
        ("a,b", '"a,b"'),
        ('say "so"', '"say ""so"""'),
        ("two\nlines", '"two\nlines"'),
        ("two\r\nlines", '"two\r\nlines"'),
        (" padded ", '" padded "'),
        ("=1+1", "=1+1"),
        ("+x", "+x"),
        ("-x", "-x"),
        ("@x", "@x"),
        ("null", "null"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (1e308, "1e+308"),
        (0.1 + 0.2, "0.30000000000000004"),
        (Decimal("1.4389"), "1.4389"),
        (2**63 - 1, "9223372036854775807"),
        (True, "true"),
        (b"\x00\xff", "0x00ff"),
    ],
)
def test_a_csv_field_is_exact(cell: object, field: str) -> None:
    assert _written(["x", "y"], [(cell, 1)], "csv") == f"x,y\n{field},1\n"


_TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.lists(st.tuples(_TEXTS, st.integers(), st.floats(allow_nan=False)), max_size=5))
def test_csv_reads_back_as_what_was_written(rows: list[tuple[str, int, float]]) -> None:
    text = _written(["a", "b", "c"], list(rows), "csv")
    header, *read = csv.reader(io.StringIO(text, newline=""))
    assert header == ["a", "b", "c"]
    assert [(a, int(b), float(c)) for a, b, c in read] == rows


_CELLS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False) | _TEXTS
)  # fmt: skip


@given(st.lists(st.tuples(_CELLS, _CELLS), max_size=5))
def test_json_reads_back_as_what_was_written(rows: list[tuple[object, object]]) -> None:
    expected = [dict(zip(["a", "b"], row, strict=True)) for row in rows]
    read = json.loads(_written(["a", "b"], rows, "json"), parse_float=Decimal)
    assert [{k: _exact(v) for k, v in r.items()} for r in read] == [
        {k: _exact(v) for k, v in r.items()} for r in expected
    ]
    lines = _written(["a", "b"], rows, "jsonl").split("\n")[:-1]
    assert [json.loads(line, parse_float=Decimal) for line in lines] == read


def _exact(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


def test_json_has_decimals_as_numbers_with_every_digit() -> None:
    assert _written(["x"], [(Decimal("1.4389"),)], "jsonl") == '{"x": 1.4389}\n'
    exact = Decimal("0.1234567890123456789012345")
    assert _written(["x"], [(exact,)], "jsonl") == f'{{"x": {exact}}}\n'


@pytest.mark.parametrize(
    ("cell", "text"),
    [(math.inf, "Infinity"), (-math.inf, "-Infinity"), (math.nan, "NaN"), (Decimal("NaN"), "NaN")],
)
def test_json_spells_out_what_it_has_no_number_for(cell: object, text: str) -> None:
    assert json.loads(_written(["x"], [(cell,)], "json"), parse_constant=pytest.fail) == [
        {"x": text}
    ]


def test_no_rows_are_valid_in_every_format() -> None:
    assert _written(["a", "b"], [], "csv") == "a,b\n"
    assert _written(["a", "b"], [], "json") == "[]\n"
    assert _written(["a", "b"], [], "jsonl") == ""


def test_a_stream_of_rows_is_never_held_as_a_whole() -> None:
    alive = peak = 0

    class Row(tuple[int]):
        def __new__(cls, values: tuple[int]) -> "Row":
            nonlocal alive, peak
            alive += 1
            peak = max(peak, alive)
            return super().__new__(cls, values)

        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    class Sink(io.StringIO):
        def write(self, text: str) -> int:
            return len(text)

    assert write_rows(Sink(), ["n"], (Row((n,)) for n in range(20_000)), "jsonl") == 20_000
    assert peak < 5_000


def test_nested_values_become_indented_json() -> None:
    value = {"a": [1, {"b": None}], "c": {}, "d": Decimal("1.10")}
    text = json_text(value, indent=2)
    assert json.loads(text, parse_float=Decimal) == value
    assert '\n  "a": [\n    1,' in text


def test_columns_may_be_named_or_described() -> None:
    stream = io.StringIO()
    write_rows(stream, [Column("tick", "Tick", "int"), "dM"], [(1, 2)])
    assert stream.getvalue() == "tick,dM\n1,2\n"


CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4, max_value=10**12),
    st.text(alphabet='ab ",\r\n\té\u2003\udc80=', max_size=4),
    st.binary(max_size=3),
)
COLUMNS = st.sampled_from(
    [
        CELLS,
        st.integers(),
        st.floats() | st.none(),
        st.text() | st.none(),
        st.integers() | st.none(),
    ]
)


@given(st.lists(COLUMNS, min_size=1, max_size=4).flatmap(lambda c: st.lists(st.tuples(*c))))
def test_rows_in_bulk_are_the_fields_of_their_cells(rows: list[tuple[object, ...]]) -> None:
    plain = "".join(",".join(csv_field(cell) for cell in row) + "\n" for row in rows)
    assert csv_writer()(rows) == plain
