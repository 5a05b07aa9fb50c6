"""Text of cells: exact for exports, short and harmless for people."""

import math
import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.concepts import Column
from telemetry.text import (
    bytes_text,
    cell_text,
    exact_shown,
    exact_text,
    in_units,
    one_line,
    shown_unit,
)


def test_null_zero_and_the_empty_text_never_look_alike_to_people() -> None:
    assert len({cell_text(cell) for cell in (None, 0, "")}) == 3


def test_a_missing_cell_says_whether_its_column_was_recorded() -> None:
    assert cell_text(None) == "null"
    assert cell_text(None, Column("price", "Price", "real")) == "null"
    assert cell_text(None, Column("price", "Price", "real", recorded=False)) == "not recorded"
    assert cell_text(None, missing="—") == "—"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (0, "0"),
        (1_234_567, "1234567"),
        (2**70, str(2**70)),
        (1 / 3, "0.333333"),
        (1e8, "1e+08"),
        (0.0, "0"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (Decimal("1.43890000001"), "1.43890000001"),
        (True, "true"),
        (b"\x00\xff", "0x00ff"),
        ("a\nb", "a\\nb"),
        ("null", "null"),
    ],
)
def test_a_cell_reads_like_this_for_people(cell: object, text: str) -> None:
    assert cell_text(cell) == text


def test_the_number_of_digits_can_be_chosen() -> None:
    assert cell_text(1 / 3, digits=3) == "0.333"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("", ""),
        (0, "0"),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e308, "1e+308"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (Decimal("1.4389"), "1.4389"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0001"), "0.0001"),
        (Decimal("Infinity"), "infinity"),
        (False, "false"),
        ("=1+1", "=1+1"),
        ("a\nb", "a\nb"),
        (b"\x01", "0x01"),
    ],
)
def test_exact_text_keeps_everything(cell: object, text: str) -> None:
    assert exact_text(cell) == text


@given(st.floats(allow_nan=False))
def test_exact_floats_read_back_as_the_same_double(value: float) -> None:
    assert float(exact_text(value)) == value


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_exact_decimals_read_back_as_the_same_number(value: Decimal) -> None:
    assert Decimal(exact_text(value)) == value


@given(st.text())
def test_one_line_is_one_harmless_line(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in shown)
    assert not any(unicodedata.bidirectional(c) in _BIDI_CONTROLS for c in shown)


_BIDI_CONTROLS = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def test_one_line_shows_what_it_took_away() -> None:
    assert one_line("a\x1b[31mred\r\n\u202eb") == "a\\x1b[31mred\\r\\n\\u202eb"
    assert one_line("Mode × Regime é 🐟 שלום") == "Mode × Regime é 🐟 שלום"


def test_a_long_text_is_cut_visibly_and_only_when_longer_than_the_limit() -> None:
    assert one_line("x" * 200) == "x" * 200
    assert one_line("x" * 201) == "x" * 199 + "…"
    assert one_line("x" * 10_000, limit=None) == "x" * 10_000
    assert cell_text("x" * 10_000) == "x" * 999 + "…"
    assert cell_text(b"\0" * 10_000, limit=10) == "0x" + "00" * 5 + "…"


CENTS = Column("amount", "amount", "int", unit="cents")


@pytest.mark.parametrize(
    ("cents", "shown"),
    [
        (12345, "123.45"),
        (-5, "-0.05"),
        (0, "0.00"),
        (10**20, "1000000000000000000.00"),
        (Decimal("-1250"), "-12.50"),
        (33.3, "0.333"),
        (1.5, "0.015"),
        (Decimal("1.50"), "0.015"),
        (-123456.5, "-1234.565"),
        (100 / 3, "0.333333"),
        (1e6 / 3, "3333.3333"),
        (-0.4, "-0.004"),
        (-0.0, "0.00"),
        (1e-9, "1e-11"),
        (math.inf, "inf"),
    ],
)
def test_cents_read_as_money(cents: int | float | Decimal, shown: str) -> None:
    assert cell_text(cents, CENTS) == shown


def test_exact_text_keeps_the_cents() -> None:
    assert exact_text(12345) == "12345"
    assert cell_text("12345", CENTS) == "12345"
    assert cell_text(None, CENTS) == "null"


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (None, None),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (38_800_000, "38.8 MB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_sizes_are_read_by_people(size: int | None, shown: str | None) -> None:
    assert bytes_text(size) == shown


def test_cents_are_money_with_every_digit_wherever_they_are_shown() -> None:
    big = 12345678901234567890123456789012345
    assert str(in_units(big, "cents")) == "123456789012345678901234567890123.45"
    assert in_units(-5, "cents") == Decimal("-0.05")
    assert in_units(True, "cents") is True
    assert in_units(None, "cents") is None
    assert in_units("x", "cents") == "x"
    assert in_units(12345, "ticks") == 12345
    assert (shown_unit("cents"), shown_unit("ticks"), shown_unit(None)) == ("$", "ticks", "")
    assert exact_shown(12345, CENTS) == "123.45"
    assert cell_text(52887.6, Column("value", "Balance", "real", unit="$")) == "52887.60"
    assert cell_text(0.015, Column("value", "Balance", "real", unit="$")) == "0.015"


@pytest.mark.parametrize(
    ("value", "short"),
    [
        ("838.02731483", "838"),
        ("72245.34", "72245"),
        ("0.000012345", "0.00001234"),
        ("-3.14159", "-3.142"),
        ("0E-8", "0"),
        ("12345678.9", "12345679"),
        ("1E-400", "1E-400"),
    ],
)
def test_decimals_are_shortened_only_where_asked_and_keep_whole_digits(
    value: str, short: str
) -> None:
    assert cell_text(Decimal(value), digits=4) == short
    assert cell_text(Decimal(value)) == exact_text(Decimal(value))
