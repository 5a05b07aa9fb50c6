"""JSON and whole numbers in each engine's SQL, so that text which is neither reads as NULL.

DuckDB is what simulators write; SQLite and PostgreSQL hold what our own recorder wrote there.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from telemetry.families.vocabulary import Stored

Element = sa.ColumnElement[Any]
_IS_JSON = (16,)  # the first PostgreSQL that can ask whether a text is JSON


class _Json(FunctionElement[Any]):
    """Stored text as JSON, also where it was encoded twice; NULL where it is not valid."""

    name, inherit_cache, type = "simcash_json", True, sa.types.NullType()


class _JsonText(FunctionElement[Any]):
    """The text at a path, which is given twice: as ``$.a.b`` and as ``{a,b}``."""

    name, inherit_cache, type = "simcash_json_text", True, sa.Text()


class _Number(FunctionElement[Any]):
    """Text as a whole number; NULL where it is none."""

    name, inherit_cache, type = "simcash_whole", True, sa.BigInteger()


class _Real(FunctionElement[Any]):
    """Text as a number; NULL where it is none."""

    name, inherit_cache, type = "simcash_real", True, sa.Double()


class _Flag(FunctionElement[Any]):
    """The text true or false as a yes or no; NULL where it is neither."""

    name, inherit_cache, type = "simcash_flag", True, sa.Boolean()


class _Hundredth(FunctionElement[Any]):
    """A hundredth of a whole number, exactly; on SQLite the nearest double."""

    name, inherit_cache, type = "simcash_hundredth", True, sa.Numeric(38, 2)


class _Captured(FunctionElement[Any]):
    """What the first group of a pattern finds in a text."""

    name, inherit_cache, type = "simcash_captured", True, sa.Text()


class _Names(FunctionElement[Any]):
    """Whether a text holds another, letter by letter."""

    name, inherit_cache, type = "simcash_names", True, sa.Boolean()


class _Listed(FunctionElement[Any]):
    """The entries of the list at a path, separated by ", "; NULL where there is no list."""

    name, inherit_cache, type = "simcash_listed", True, sa.Text()


class _Divided(FunctionElement[Any]):
    """A quotient of whole numbers, rounded down."""

    name, inherit_cache, type = "simcash_divided", True, sa.BigInteger()


class _Span(FunctionElement[Any]):
    """Each whole number from 0 to another, as rows."""

    name, inherit_cache, type = "simcash_span", True, sa.BigInteger()


class _Place(FunctionElement[Any]):
    """The number of a row of `_Span`, whose column has a name of its own in each engine."""

    name, inherit_cache, type = "simcash_place", True, sa.BigInteger()


def decoded(text: Element) -> Element:
    """Stored JSON as JSON, also where it was encoded twice; NULL where it is not valid."""
    return _Json(text)


def text_at(json: Element, path: str) -> sa.ColumnElement[str]:
    """The text at a path of decoded JSON; NULL where there is none, or it is null."""
    return _JsonText(json, sa.literal(path), sa.literal(_keys(path)))


def text_under(json: Element, key: Element) -> sa.ColumnElement[str]:
    """The text under a key that another column holds."""
    escaped = sa.func.replace(sa.func.replace(key, "\\", "\\\\"), '"', '\\"')
    path = sa.literal('$."', sa.Text()).concat(escaped).concat('"')
    keys = sa.literal('{"', sa.Text()).concat(escaped).concat('"}')
    return _JsonText(json, path, keys)


def whole_at(json: Element, path: str) -> sa.ColumnElement[int]:
    """The whole number at a path; NULL where it is none."""
    return whole(text_at(json, path))


def real_at(json: Element, path: str) -> sa.ColumnElement[float]:
    return _Real(text_at(json, path))


def listed_at(json: Element, path: str) -> sa.ColumnElement[str]:
    """The entries of the list at a path, separated by ", "; NULL where there is no list."""
    return _Listed(json, sa.literal(f"{path}[*]"), sa.literal(path), sa.literal(_keys(path)))


def whole(text: Element) -> sa.ColumnElement[int]:
    """Text as a whole number; NULL where it is none."""
    return _Number(text)


def hundredth(number: Element) -> sa.ColumnElement[Any]:
    """A hundredth of a whole number, exactly; SQLite has no decimals, there the nearest double."""
    return _Hundredth(number)


def yes_or_no(text: Element) -> sa.ColumnElement[bool]:
    """The text true or false as a flag; NULL where it is neither."""
    return _Flag(text)


def captured(text: Element, pattern: str) -> sa.ColumnElement[str]:
    """What the first group of the pattern finds in the text; "" or NULL where it finds nothing.

    Always NULL on SQLite, which has no patterns: there our recorder fills the columns that other
    shapes leave to be read out of an id.
    """
    return _Captured(text, sa.literal(pattern))


def names(text: Element, part: str) -> sa.ColumnElement[bool]:
    """Whether the text holds `part`, letter by letter."""
    return _Names(text, sa.literal(part))


def up_to(last: Element) -> sa.ColumnElement[int]:
    """Each whole number from 0 to `last`, which may be a column of another FROM: a row each."""
    return _Place(_Span(last).column_valued(joins_implicitly=True))


def nothing(kind: sa.types.TypeEngine[Any]) -> Element:
    """NULL of a type, for a column that one of several stored tables lacks."""
    return sa.cast(sa.null(), kind)


def first_of(stored: Stored, *places: tuple[str, str]) -> Element | None:
    """The first that is not NULL of the columns (table, column) that exist; None: none does."""
    found = [stored.column(*place) for place in places if stored.has(*place)]
    if not found:
        return None
    return found[0] if len(found) == 1 else sa.func.coalesce(*found)


def labelled(**columns: Element | None) -> list[sa.Label[Any]]:
    """The columns that exist, each under its name."""
    return [e.label(name) for name, e in columns.items() if e is not None]


def day_of(tick: Element, ticks_per_day: Element) -> Element:
    """Tick ÷ ticks per day, rounded down."""
    return _Divided(tick, sa.func.nullif(ticks_per_day, 0))


def _keys(path: str) -> str:
    """``$.a.b`` as PostgreSQL writes it: ``{a,b}``."""
    return "{" + ",".join(path.removeprefix("$").strip(".").split(".")) + "}"


def _parts(element: Any, compiler: Any, kw: Any, *places: int) -> list[str]:
    """Those clauses as SQL; one that is rendered and not used would leave its value unclaimed."""
    clauses = list(element.clauses)
    return [f"({compiler.process(clauses[place], **kw)})" for place in places]


@compiles(_Json)
def _json_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    once = f"TRY_CAST({_parts(element, compiler, kw, 0)[0]} AS JSON)"
    again = f"TRY_CAST(json_extract_string({once}, '$') AS JSON)"
    return f"CASE WHEN json_type({once}) = 'VARCHAR' THEN {again} ELSE {once} END"


@compiles(_Json, "sqlite")
def _json_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    text = _parts(element, compiler, kw, 0)[0]
    inner = f"json_extract({text}, '$')"
    again = f"CASE WHEN json_valid({inner}) THEN {inner} END"
    once = f"CASE WHEN json_type({text}) = 'text' THEN {again} ELSE {text} END"
    return f"CASE WHEN json_valid({text}) THEN {once} END"


@compiles(_Json, "postgresql")
def _json_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text = f"CAST({_parts(element, compiler, kw, 0)[0]} AS text)"
    version = getattr(compiler.dialect, "server_version_info", None) or ()

    def valid(what: str) -> str:
        known = f"{what} IS JSON" if version >= _IS_JSON else f"{what} ~ '^\\s*[[{{\"]'"
        return f"CASE WHEN {known} THEN CAST({what} AS json) END"

    inner = f"({valid(text)}) #>> '{{}}'"
    return (
        f"CASE WHEN json_typeof({valid(text)}) = 'string' THEN {valid(f'({inner})')} "
        f"ELSE {valid(text)} END"
    )


@compiles(_JsonText)
def _text_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    json, path = _parts(element, compiler, kw, 0, 1)
    return f"json_extract_string({json}, {path})"


@compiles(_JsonText, "sqlite")
def _text_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    json, path = _parts(element, compiler, kw, 0, 1)
    kind, text = f"json_type({json}, {path})", f"CAST(json_extract({json}, {path}) AS TEXT)"
    return f"CASE WHEN {kind} IN ('true', 'false') THEN {kind} ELSE {text} END"


@compiles(_JsonText, "postgresql")
def _text_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    json, keys = _parts(element, compiler, kw, 0, 2)
    return f"({json} #>> CAST({keys} AS text[]))"


@compiles(_Number)
def _whole_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    return f"TRY_CAST({_parts(element, compiler, kw, 0)[0]} AS BIGINT)"


@compiles(_Number, "sqlite")
def _whole_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    text = _parts(element, compiler, kw, 0)[0]
    number = f"CAST({text} AS INTEGER)"
    return f"CASE WHEN CAST({number} AS TEXT) = {text} THEN {number} END"


@compiles(_Number, "postgresql")
def _whole_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text = _parts(element, compiler, kw, 0)[0]
    return f"CASE WHEN {text} ~ '^-?[0-9]{{1,18}}$' THEN CAST({text} AS bigint) END"


@compiles(_Real)
def _real_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    return f"TRY_CAST({_parts(element, compiler, kw, 0)[0]} AS DOUBLE)"


@compiles(_Real, "sqlite")
def _real_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    text = _parts(element, compiler, kw, 0)[0]
    return f"CASE WHEN {text} GLOB '*[0-9]*' THEN CAST({text} AS REAL) END"


@compiles(_Real, "postgresql")
def _real_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text = _parts(element, compiler, kw, 0)[0]
    known = f"{text} ~ '^-?[0-9]+([.][0-9]+)?([eE][-+]?[0-9]{{1,3}})?$'"
    return f"CASE WHEN {known} THEN CAST({text} AS double precision) END"


@compiles(_Hundredth)
def _hundredth_exactly(element: Any, compiler: Any, **kw: Any) -> str:
    number = _parts(element, compiler, kw, 0)[0]
    return f"(CAST({number} AS NUMERIC(36, 0)) * CAST(0.01 AS NUMERIC(2, 2)))"


@compiles(_Hundredth, "sqlite")
def _hundredth_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"({_parts(element, compiler, kw, 0)[0]} / 100.0)"


@compiles(_Flag)
def _flag_anywhere(element: Any, compiler: Any, **kw: Any) -> str:
    text = _parts(element, compiler, kw, 0)[0]
    return f"CASE {text} WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"


@compiles(_Captured)
def _captured_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    text, pattern = _parts(element, compiler, kw, 0, 1)
    return f"regexp_extract({text}, {pattern}, 1)"


@compiles(_Captured, "sqlite")
def _captured_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return "NULL"


@compiles(_Captured, "postgresql")
def _captured_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text, pattern = _parts(element, compiler, kw, 0, 1)
    return f"substring({text} from {pattern})"


@compiles(_Names)
def _names_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    text, part = _parts(element, compiler, kw, 0, 1)
    return f"contains({text}, {part})"


@compiles(_Names, "sqlite")
def _names_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    text, part = _parts(element, compiler, kw, 0, 1)
    return f"(instr({text}, {part}) > 0)"


@compiles(_Names, "postgresql")
def _names_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    text, part = _parts(element, compiler, kw, 0, 1)
    return f"(strpos({text}, {part}) > 0)"


@compiles(_Listed)
def _listed_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    json, entries = _parts(element, compiler, kw, 0, 1)
    return f"array_to_string(json_extract_string({json}, {entries}), ', ')"


@compiles(_Listed, "sqlite")
def _listed_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    json, path = _parts(element, compiler, kw, 0, 2)
    return f"(SELECT group_concat(value, ', ') FROM json_each({json}, {path}))"


@compiles(_Listed, "postgresql")
def _listed_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    json, keys = _parts(element, compiler, kw, 0, 3)
    found = f"({json} #> CAST({keys} AS text[]))"
    array = f"CASE WHEN json_typeof({found}) = 'array' THEN {found} END"
    return f"(SELECT string_agg(entry, ', ') FROM json_array_elements_text({array}) AS e(entry))"


@compiles(_Divided)
def _divided_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    number, by = _parts(element, compiler, kw, 0, 1)
    return f"CAST({number} // {by} AS BIGINT)"


@compiles(_Divided, "sqlite")
@compiles(_Divided, "postgresql")
def _divided_elsewhere(element: Any, compiler: Any, **kw: Any) -> str:
    number, by = _parts(element, compiler, kw, 0, 1)
    return f"({number} / {by})"


@compiles(_Span)
def _span_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    return f"unnest(generate_series(0, {_parts(element, compiler, kw, 0)[0]}))"


@compiles(_Span, "postgresql")
def _span_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"generate_series(0, {_parts(element, compiler, kw, 0)[0]})"


@compiles(_Span, "sqlite")
def _span_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    """A list of zeros, whose positions count; SQLite has no series of its own."""
    last = _parts(element, compiler, kw, 0)[0]
    zeros = f"rtrim(replace(hex(zeroblob({last} + 1)), '00', '0,'), ',')"
    return f"json_each('[' || {zeros} || ']')"


@compiles(_Place)
def _place_duckdb(element: Any, compiler: Any, **kw: Any) -> str:
    return f"{_parts(element, compiler, kw, 0)[0].strip('()')}.unnest"


@compiles(_Place, "postgresql")
def _place_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return _parts(element, compiler, kw, 0)[0]


@compiles(_Place, "sqlite")
def _place_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"{_parts(element, compiler, kw, 0)[0].strip('()')}.key"
