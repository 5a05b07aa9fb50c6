"""The filter grammar: text ⇄ value, and that a cell and SQL are judged alike."""

import math
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Boolean, Column, Integer, MetaData, Table, Text, null, select
from sqlalchemy import REAL as SQL_REAL
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.dialects.postgresql.base import PGDialect

import telemetry
from telemetry.errors import FilterError
from telemetry.filters import (
    MAX_ALTERNATIVES,
    AnyOf,
    Between,
    Compare,
    Equals,
    Filter,
    Matches,
    Not,
    Null,
    parse_assignment,
    regexp,
    to_sql,
)
from telemetry.queries import CountQuery, Where
from tests.builders import vmt
from tests.effort import effort

_TABLE = Table(
    "cells",
    MetaData(),
    Column("int", Integer),
    Column("real", SQL_REAL),
    Column("text", Text),
    Column("flag", Boolean),
    Column("json", JSON),
    Column("scaled", Integer),
)


@pytest.mark.parametrize(
    ("text", "expr"),
    [
        ("5", Equals("5")),
        ("=5", Equals("5")),
        ("==5", Equals("5")),
        ("!=5", Not(Equals("5"))),
        ("!5", Not(Equals("5"))),
        (">5", Compare(">", "5")),
        (">=5", Compare(">=", "5")),
        ("<5", Compare("<", "5")),
        ("<=5", Compare("<=", "5")),
        (" <= 5 ", Compare("<=", "5")),
        ("2~4", Between("2", "4")),
        ("-5 ~ -2.5", Between("-5", "-2.5")),
        ("A<->M", Equals("A<->M")),
        ("A<->M|B<->M", AnyOf((Equals("A<->M"), Equals("B<->M")))),
        ("!A<->B", Not(Equals("A<->B"))),
        ("!A|null", Not(AnyOf((Equals("A"), Null())))),
        ("/^a|b$/", Matches("^a|b$")),
        (r"/a\/b/", Matches("a/b")),
        (r"/a\\/", Matches(r"a\\")),
        ("null", Null()),
        ("NULL", Null()),
        ("!null", Not(Null())),
        ("!=null", Not(Null())),
        ('"null"', Equals("null")),
        ('""', Equals("")),
        ('"a|b"', Equals("a|b")),
        ('">5"', Equals(">5")),
        ('"say ""so"""', Equals('say "so"')),
        ('"a~b"~"c|d"', Between("a~b", "c|d")),
        ("a=b", Equals("a=b")),
        ("<3|>9", AnyOf((Compare("<", "3"), Compare(">", "9")))),
    ],
)
def test_a_filter_text_means_what_the_grammar_says(text: str, expr: object) -> None:
    assert Filter.parse("x", text) == Filter("x", expr)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", 'write ""'),
        ("   ", 'write ""'),
        ("!", 'write ""'),
        (">", 'write ""'),
        ("A|", 'write ""'),
        ("|A", 'write ""'),
        ("2~", 'write ""'),
        ("~4", 'write ""'),
        ("1~2~3", "quotes"),
        ("!!x", "write it once"),
        ("x|!y", "in front of the whole list"),
        ("=>5", "write >="),
        ("=<5", "write <="),
        ("<>5", "write !="),
        (">null", "write null"),
        ("null~5", "write null"),
        ("5~null", "write null"),
        ('"a', "closing"),
        ('"a"b', "quotes"),
        ("/a", "closing /"),
        ("/a/b/", r"write \/"),
        ("/[/", "correct it"),
        ("/(/", "correct it"),
        ("/[a/", "correct it"),
        ("/a{99999999999999999999}/", "correct it"),
        ("/" + "(" * 500 + ")" * 500 + "/", None),
        ("/" + "a" * 1001 + "/", "shorter"),
        ("|".join(["5"] * (MAX_ALTERNATIVES + 1)), "fewer"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_bad_filter_text_is_refused_with_one_sentence(text: str, advice: str | None) -> None:
    if advice is None:  # deep nesting: Python may or may not manage it
        try:
            Filter.parse("dM", text)
        except FilterError:
            return
        return
    with pytest.raises(FilterError) as caught:
        Filter.parse("dM", text)
    message = str(caught.value)
    assert "dM" in message
    assert advice in message
    assert message.endswith(".")
    assert "\n" not in message
    assert (caught.value.column, caught.value.text) == ("dM", text)


@given(st.text(max_size=60) | st.text(alphabet='!=<>|~/"\\ 5aN.null', max_size=12))
def test_any_text_parses_or_raises_a_filter_error(text: str) -> None:
    try:
        first = Filter.parse("x", text)
    except FilterError:
        return
    again = Filter.parse("x", str(first.expr))
    assert again == first
    assert str(again.expr) == str(first.expr)


@given(st.text().filter(lambda t: not any("\ud800" <= c <= "\udfff" for c in t)))
def test_every_text_can_be_asked_for(value: str) -> None:
    for expr in (Equals(value), Not(Equals(value)), Compare("<", value), Between(value, value)):
        assert Filter.parse("x", str(expr)).expr == expr


@given(st.lists(st.none() | st.text(alphabet='ab|~"!/= null5', max_size=8), min_size=1, max_size=5))
def test_a_filter_made_from_facet_values_lets_exactly_these_pass(cells: list[str | None]) -> None:
    made = Filter.any_of("x", cells)
    parsed = Filter.parse("x", str(made.expr))
    for cell in [*cells, None, "", "other", "null"]:
        assert parsed.expr.matches(cell, "text") == (cell in cells)


def test_a_filter_from_no_values_or_too_many_is_refused() -> None:
    with pytest.raises(FilterError):
        Filter.any_of("x", [])
    with pytest.raises(FilterError):
        Filter.any_of("x", range(MAX_ALTERNATIVES + 1))


@pytest.mark.parametrize("text", ["abc", ">abc", "1~b", "nan", "1_000", "٣", '""', "/5/", "1e9999"])
@pytest.mark.parametrize("kind", ["int", "real", "flag"])
def test_number_columns_take_numbers_only(text: str, kind: str) -> None:
    wanted = Filter.parse("dM", text)
    with pytest.raises(FilterError, match="dM") as caught:
        wanted.check(kind)
    assert "write" in str(caught.value)
    with pytest.raises(FilterError, match="real"):
        to_sql(wanted.expr, _TABLE.c.real, kind)
    with pytest.raises(FilterError, match="dM"):
        to_sql(wanted, _TABLE.c.real, kind)


def test_a_range_that_ends_before_it_begins_is_refused_on_numbers() -> None:
    with pytest.raises(FilterError, match="write 2~4"):
        Filter.parse("tick", "4~2").check("int")
    Filter.parse("tick", "9~10").check("int")
    Filter.parse("name", "b~a").check("text")


@pytest.mark.parametrize("text", ["inf", "-inf", ">=-Infinity", "+5", ".5", "5.", "1e-3", "null"])
def test_number_columns_take_every_way_to_write_a_number(text: str) -> None:
    Filter.parse("dM", text).check("real")


def test_flags_may_be_asked_for_by_word() -> None:
    true = Filter.parse("is_paired", "true").expr
    assert [true.matches(cell, "flag") for cell in (1, True, 0, None)] == [True, True, False, False]


def test_null_is_matched_by_null_alone() -> None:
    for text in ("0", "!0", "<5", ">5", "0~5", "!0|5", '!""', "!/x/"):
        kind = "text" if '"' in text or "/" in text else "int"
        assert not Filter.parse("x", text).expr.matches(None, kind), text
    assert Filter.parse("x", "null").expr.matches(None, "int")
    assert Filter.parse("x", "null|5").expr.matches(None, "int")
    assert not Filter.parse("x", "!null").expr.matches(None, "int")
    assert Filter.parse("x", "!null").expr.matches(0, "int")


def test_decimals_are_compared_exactly() -> None:
    assert Filter.parse("x", "=1.4389").expr.matches(Decimal("1.4389"), "real")
    assert not Filter.parse("x", "=1.4389").expr.matches(Decimal("1.43890000000000000001"), "real")


def test_a_scaled_column_is_compared_in_units() -> None:
    stored = [14388, 14389, 14390, None, 2**63 - 1]
    assert _rows("=1.4389", "scaled", stored, scale=10_000) == [14389]
    assert _rows(">1.43885", "scaled", stored, scale=10_000) == [14389, 14390, 2**63 - 1]
    assert _rows("<=1.4388999999999999999999", "scaled", stored, scale=10_000) == [14388]
    assert _rows(">1.4388999999999999999999", "scaled", stored, scale=10_000)[0] == 14389
    assert _rows("!=1.4389", "scaled", stored, scale=10_000) == [14388, 14390, 2**63 - 1]
    assert _rows("<1e308", "scaled", stored, scale=10_000) == [14388, 14389, 14390, 2**63 - 1]


_VALUES = {
    "int": st.none()
    | st.integers(-5, 5)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.sampled_from([2**53, 2**53 + 1, 0.1, 1e308, math.inf, "abc", b"\x00"]),
    "real": st.none()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.sampled_from([0.1, 1e308, -math.inf, 2.0**53, "abc"]),
    "text": st.none()
    | st.text(alphabet='AB<->M|~"! 59nul/é\U0001f600', max_size=6)
    | st.sampled_from(["", "null", "5", "10", "9", b"A", b""]),
}
_VALUES["flag"] = st.sampled_from([None, 0, 1])


@st.composite
def _expressions(draw: st.DrawFn, kind: str) -> object:
    if kind == "text":
        value = st.text(alphabet='AB<->M|~"! 59nul/é\U0001f600', max_size=6)
    elif kind == "flag":
        value = st.sampled_from(["0", "1", "true", "false", "0.5"])
    else:
        value = (
            st.integers(-5, 5).map(str)
            | st.integers(-(2**64), 2**64).map(str)
            | st.floats(allow_nan=False).map(repr)
            | st.decimals(allow_nan=False, allow_infinity=False, places=20, max_value=9).map(str)
            | st.sampled_from(["inf", "-inf", "0.1", "9007199254740993", "9007199254740993.5"])
        )
    term = st.one_of(
        st.just(Null()),
        value.map(Equals),
        st.builds(Compare, st.sampled_from([">", ">=", "<", "<="]), value),
        st.tuples(value, value).map(lambda pair: _between(pair, kind)),
    )
    if kind == "text":
        term |= st.sampled_from([Matches("A"), Matches("^$"), Matches("<->|5"), Matches("é")])
    inner = draw(term | st.lists(term, min_size=2, max_size=3).map(lambda t: AnyOf(tuple(t))))
    return Not(inner) if draw(st.booleans()) else inner


def _between(pair: tuple[str, str], kind: str) -> Between:
    if kind == "text":
        return Between(*pair)
    low, high = sorted(pair, key=lambda t: Decimal({"true": "1", "false": "0"}.get(t, t)))
    return Between(low, high)


@settings(max_examples=effort(200, 400), deadline=None)
@given(st.data(), st.sampled_from(["int", "real", "text", "flag"]))
def test_a_cell_and_sql_are_judged_alike(data: st.DataObject, kind: str) -> None:
    expr = data.draw(_expressions(kind))
    cells = data.draw(st.lists(_VALUES[kind], min_size=1, max_size=6))
    stored, found = _stored_and_found(expr, kind, kind, cells)
    assert found == [cell for cell in stored if expr.matches(cell, kind)]


@given(st.text(alphabet="XYZ'\";-%:?", min_size=3, max_size=12))
def test_nothing_of_the_text_reaches_the_sql(value: str) -> None:
    exprs = (Equals(value), Compare(">", value), Between(value, value), Not(Equals(value)))
    for expr in exprs:
        for column in (_TABLE.c.text, _TABLE.c.json):
            for dialect in (sqlite_dialect.dialect(), PGDialect()):
                compiled = to_sql(expr, column, "text").compile(dialect=dialect)
                assert value not in str(compiled)
                assert value in compiled.params.values()


def test_a_pattern_reaches_sql_as_a_parameter() -> None:
    compiled = to_sql(Matches("UNIQUE.*WORD"), _TABLE.c.text, "text").compile(
        dialect=sqlite_dialect.dialect()
    )
    assert "UNIQUE" not in str(compiled)
    assert "UNIQUE.*WORD" in compiled.params.values()


def test_a_column_that_is_not_there_matches_null_alone() -> None:
    connection = sqlite3.connect(":memory:")
    try:
        for text, kind, expected in [
            ("null", "int", 1), ("!null", "int", 0), (">5", "int", 0), ("!5", "real", 0),
            ("2~4", "int", 0), ("x", "text", 0), ("/x/", "text", 0), ("!x|y", "text", 0),
        ]:  # fmt: skip
            condition = to_sql(Filter.parse("x", text), null(), kind)
            compiled = select(condition).compile(dialect=sqlite_dialect.dialect(paramstyle="named"))
            connection.create_function("regexp", 2, regexp)
            found = connection.execute(str(compiled), compiled.params).fetchone()[0]
            assert bool(found) == bool(expected), text
    finally:
        connection.close()


def test_json_columns_are_compared_as_text() -> None:
    assert _rows('["A<->M"]', "json", ['["A<->M"]', "[]", "not json", None]) == ['["A<->M"]']
    assert _rows("/A<->M/", "json", ['["A<->M"]', "[]", None]) == ['["A<->M"]']


def test_as_many_alternatives_as_allowed_pass_through_sqlite() -> None:
    text = "!" + "|".join(str(n) for n in range(MAX_ALTERNATIVES))
    assert _rows(text, "int", [0, MAX_ALTERNATIVES - 1, MAX_ALTERNATIVES]) == [MAX_ALTERNATIVES]
    pattern = "|".join(f"/^{n}$/" for n in range(MAX_ALTERNATIVES))
    assert _rows(pattern, "text", ["499", "500"]) == ["499"]


def test_the_pattern_function_is_total() -> None:
    assert regexp("a", None) is None
    assert regexp("a", b"a") is False
    assert regexp("a", 5) is False
    assert regexp("a", "bab") is True


ENDLESS = "(a|aa)+$"
HOLDS_OUT = "a" * 80 + "b"


def test_a_pattern_that_never_ends_is_refused() -> None:
    wanted = Filter.parse("name", f"/{ENDLESS}/")
    with pytest.raises(FilterError, match=r"takes too long .* write a pattern"):
        wanted.expr.matches(HOLDS_OUT, "text")


def test_a_pattern_that_never_ends_is_said_where_sqlite_asks(tmp_path: Path) -> None:
    path = vmt.build("barter", tmp_path / "runs.db", runs=1, ticks=3, scenario_name=HOLDS_OUT)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE trades SET direction = ?", (HOLDS_OUT,))
    connection.commit()
    connection.close()
    source = telemetry.open_source(path)
    where = Where((Filter.parse("direction", f"/{ENDLESS}/"),))
    with pytest.raises(FilterError, match="takes too long"):
        source.ask(CountQuery(1, "trades", where))
    source.close()


@pytest.mark.parametrize(
    ("text", "column", "rest"),
    [
        ("dM=>0", "dM", ">0"),
        ("dM=>=0", "dM", ">=0"),
        ("tick=2~4", "tick", "2~4"),
        ("price=!null", "price", "!null"),
        ("name=a=b", "name", "a=b"),
        ("x=", "x", ""),
    ],
)
def test_an_assignment_splits_at_its_first_equals_sign(text: str, column: str, rest: str) -> None:
    assert parse_assignment(text) == (column, rest)


@pytest.mark.parametrize("text", ["dM", "dM>0", "dM>=0", "dM!=0", "=5", ""])
def test_a_filter_that_is_no_assignment_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(FilterError, match="price=>0"):
        parse_assignment(text)


def _rows(text: str, column: str, cells: list[object], scale: int = 1) -> list[object]:
    kind = {"scaled": "real"}.get(column, column)
    return _stored_and_found(Filter.parse("x", text).expr, column, kind, cells, scale)[1]


def _stored_and_found(
    expr: object, column: str, kind: str, cells: list[object], scale: int = 1
) -> tuple[list[object], list[object]]:
    """The cells as SQLite gives them back, and those that the condition lets through."""
    element = _TABLE.c[column]
    statement = select(element).where(to_sql(expr, element, kind, scale)).order_by(_TABLE.c.int)
    compiled = statement.compile(dialect=sqlite_dialect.dialect(paramstyle="named"))
    connection = sqlite3.connect(":memory:")
    try:
        connection.create_function("regexp", 2, regexp, deterministic=True)
        connection.execute(
            f'CREATE TABLE cells (id INTEGER PRIMARY KEY, "{column}" {element.type})'
        )
        connection.executemany(f'INSERT INTO cells ("{column}") VALUES (?)', [(c,) for c in cells])
        stored = [row[0] for row in connection.execute(f'SELECT "{column}" FROM cells ORDER BY id')]
        sql = str(compiled).partition("ORDER BY")[0] + " ORDER BY id"
        return stored, [row[0] for row in connection.execute(sql, compiled.params)]
    finally:
        connection.close()
