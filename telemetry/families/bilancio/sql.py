"""DuckDB SELECTs over lists of text files, each column found by its name in the file's header."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from telemetry.engines.literals import file_literal as file
from telemetry.families.bilancio.encodings import PACKED, UTF_8, Written, encoding_of, size_of
from telemetry.families.bilancio.layout import header, heading

LINE, BEYOND = "line", "values beyond the header"
PATH, LINE_IN_FILES = "path of the file", "line in its files"
"""Columns beside those of a file: the row's number, what its line holds too much, its file."""
_SPARE = 64
_LEAST, _LONGEST_ROW, _LONGEST_EVENT = 1 << 20, 1 << 24, 1 << 26
"""A line may be as long as its file, within these bytes; memory for two such lines is taken."""
_CSV = (
    "auto_detect=false, header=true, delim={delim}, encoding='{encoding}', quote='\"', "
    "escape='\"', null_padding=true, strict_mode=false, parallel=false, "
    "max_line_size={longest}, buffer_size={buffer}, compression={packing}"
)


def name(text: str) -> str:
    """`text` as an SQL identifier."""
    return '"' + text.replace('"', '""') + '"'


def text(value: str | None) -> str:
    """`value` as an SQL literal."""
    return "NULL::VARCHAR" if value is None else "'" + value.replace("'", "''") + "'"


def csv_rows(paths: Iterable[Path]) -> str | None:
    """All rows of CSV files as text: every column of any of them, by name; None without a file.

    Empty cells are NULL. A row's number counts within the SELECT. Values that a line has beyond
    its header (at most 64) come together in one more column, so that none is lost.
    """
    groups: dict[tuple[Written, tuple[str, ...]], list[Path]] = {}
    for path in paths:
        written, names = heading(path)
        if names:
            groups.setdefault((written, names), []).append(path)
    if not groups:
        return None
    return " UNION ALL BY NAME ".join(_alike(*like, files) for like, files in groups.items())


def columns_of(paths: Iterable[Path]) -> tuple[str, ...]:
    """The names in the headers of `paths`, in the order in which they first occur."""
    return tuple(dict.fromkeys(name for path in paths for name in header(path)))


def lines(paths: Iterable[Path]) -> str | None:
    """The lines of text files as they are, blank ones left out; None without a file."""
    groups: dict[tuple[str, bool], list[Path]] = {}
    for path in paths:
        like = (encoding_of(path), path.suffix.lower() == PACKED)
        groups.setdefault(like, []).append(path)
    return " UNION ALL ".join(_lines(*like, files) for like, files in groups.items()) or None


def documents(paths: Iterable[Path]) -> str | None:
    """The whole texts of files in UTF-8; None without such a file."""
    listed = ", ".join(file(path) for path in paths if encoding_of(path) == UTF_8)
    if not listed:
        return None
    return f"SELECT content AS payload, filename AS {name(PATH)} FROM read_text([{listed}])"


def values(rows: Iterable[tuple[str | int | None, ...]], names: Mapping[str, str]) -> str:
    """Rows made here, under `names` (column → type); no rows: none of them."""
    listed = [f"({', '.join(_literal(v) for v in row)})" for row in rows]
    if not listed:
        return empty(names)
    typed = ", ".join(
        f"CAST(c{i} AS {kind}) AS {name(n)}" for i, (n, kind) in enumerate(names.items())
    )
    given = ", ".join(f"c{i}" for i in range(len(names)))
    return f"SELECT {typed} FROM (VALUES {', '.join(listed)}) t({given})"


def empty(names: Mapping[str, str]) -> str:
    """No rows, with these columns (column → type)."""
    return (
        "SELECT "
        + ", ".join(f"CAST(NULL AS {kind}) AS {name(n)}" for n, kind in names.items())
        + " WHERE false"
    )


def whole(element: str) -> str:
    """A text as a whole number; NULL where it is none (3.7 is no day)."""
    return (
        f"CASE WHEN regexp_full_match({element}, '\\s*[+-]?[0-9]+(\\.0*)?\\s*') "
        f"THEN TRY_CAST({element} AS BIGINT) END"
    )


def flag(element: str) -> str:
    """True and False as Python prints them; NULL where it is neither."""
    return f"CASE lower(trim({element})) WHEN 'true' THEN true WHEN 'false' THEN false END"


def real(element: str) -> str:
    """A text as the nearest double; NULL where it is no number."""
    return f"TRY_CAST({element} AS DOUBLE)"


def member(payload: str, *keys: str) -> str:
    """The first of `keys` that a JSON object has, as text; its numbers as they are written."""
    found = []
    for key in keys:
        written = f"regexp_extract({payload}, '\"{key}\"\\s*:\\s*([-+0-9.eE]+)', 1)"
        inside = f"({payload}->>'{key}')"
        same = f"json_type({payload}, '$.{key}') = 'DOUBLE' AND {real(written)} = {real(inside)}"
        found.append(f"CASE WHEN {same} THEN {written} ELSE {inside} END")
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def _alike(written: Written, names: tuple[str, ...], paths: list[Path]) -> str:
    """Rows of files that are written alike and share a header."""
    spare = [f"{BEYOND} {i}" for i in range(1, _SPARE + 1)]
    typed = ", ".join(f"{text(n)}: 'VARCHAR'" for n in (*names, *spare))
    listed = ", ".join(file(path) for path in paths)
    own = ", ".join(name(n) for n in names)
    longest = _longest(paths, _LONGEST_ROW)
    options = _CSV.format(
        longest=longest,
        buffer=2 * longest,
        delim=text(written.separator),
        encoding=written.encoding,
        packing=_packing(packed=written.packed),
    )
    beyond = ", ".join(name(n) for n in spare)
    return (
        f"SELECT {own}, nullif(concat_ws(', ', {beyond}), '') AS {name(BEYOND)}, "
        f"row_number() OVER () AS {name(LINE_IN_FILES)}, {name(PATH)} "
        f"FROM read_csv([{listed}], columns={{{typed}}}, {options}, filename={text(PATH)})"
    )


def _lines(encoding: str, packed: bool, files: list[Path]) -> str:
    """The lines of files that are written alike."""
    longest = _longest(files, _LONGEST_EVENT)
    return (
        f"SELECT * FROM (SELECT row_number() OVER () AS {LINE}, payload, {name(PATH)} "
        f"FROM read_csv([{', '.join(map(file, files))}], columns={{'payload': 'VARCHAR'}}, "
        "auto_detect=false, header=false, delim=E'\\x01', quote='', escape='', null_padding=true, "
        f"strict_mode=false, parallel=false, max_line_size={longest}, buffer_size={2 * longest}, "
        f"encoding={text(encoding)}, compression={_packing(packed=packed)}, "
        f"filename={text(PATH)})) WHERE payload IS NOT NULL"
    )


def _packing(*, packed: bool) -> str:
    return text("gzip" if packed else "none")


def _longest(paths: list[Path], most: int) -> int:
    """How long a line may be: no longer than the largest file, so that small ones cost little."""
    return min(max(size_of(path) for path in paths) + _LEAST, most)


def _literal(value: str | int | None) -> str:
    if isinstance(value, int):
        return str(value)
    return "NULL" if value is None else text(value)
