"""Rows → CSV, JSON or JSON lines: exact, streamed, the same on standard output and in files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Literal, TextIO

from telemetry.concepts import Cell, Column
from telemetry.errors import RequestError
from telemetry.export.columns import csv_writer
from telemetry.text import exact_text

Format = Literal["csv", "json", "jsonl"]
Row = Sequence[Cell]
FORMATS: tuple[Format, ...] = ("csv", "json", "jsonl")
CONVENTIONS: Mapping[Format, str] = {
    "csv": (
        "UTF-8, comma, lines end in a line feed, quotes as in RFC 4180; NULL is an empty field "
        'and an empty text is ""; infinities are inf and -inf, no number is nan; numbers have '
        "every digit; texts stand as they are, also where they begin with =, +, - or @ (open "
        "the file as data, not as formulas)."
    ),
    "json": (
        "UTF-8, one array of objects; NULL is null; decimal numbers have every digit; what JSON "
        'has no number for is the text "Infinity", "-Infinity" or "NaN".'
    ),
    "jsonl": (
        "UTF-8, one object a line; NULL is null; decimal numbers have every digit; what JSON "
        'has no number for is the text "Infinity", "-Infinity" or "NaN".'
    ),
}
_BATCH = 1_000
_UNESCAPED = json.JSONEncoder(ensure_ascii=False).encode


def write_rows(
    stream: TextIO, columns: Sequence[Column | str], rows: Iterable[Row], format: Format = "csv"
) -> int:
    """Write `rows` (cells in the order of `columns`) to `stream`; the number of rows written.

    Constant memory. No rows give a header, `[]` or nothing: valid in each format.
    """
    names = [column if isinstance(column, str) else column.name for column in columns]
    if format == "csv":
        lines = csv_writer()
        stream.write(lines([names]))
        return _write(stream, rows, lines)
    as_object = _object_writer(names)
    if format == "jsonl":
        return _write(stream, rows, lambda batch: "".join(as_object(row) + "\n" for row in batch))
    if format != "json":
        raise RequestError(f"There is no format {format!r}; use csv, json or jsonl.")
    return _write_array(stream, rows, as_object)


def json_text(value: object, indent: int | None = None, _level: int = 0) -> str:
    """`value` (nested mappings, sequences, cells) as JSON with the numbers' every digit."""
    if isinstance(value, Mapping):
        items = [
            f"{json.dumps(str(key), ensure_ascii=False)}: {json_text(item, indent, _level + 1)}"
            for key, item in value.items()
        ]
        return _bracketed("{", items, "}", indent, _level)
    if isinstance(value, list | tuple):
        items = [json_text(item, indent, _level + 1) for item in value]
        return _bracketed("[", items, "]", indent, _level)
    return json_cell(value)


def json_cell(cell: object) -> str:
    """One cell as JSON."""
    if cell is None:
        return "null"
    if isinstance(cell, float):
        return repr(cell) if math.isfinite(cell) else json.dumps(_no_number(cell))
    if isinstance(cell, str):
        return json.dumps(cell) if cell.isascii() or not _encodable(cell) else _UNESCAPED(cell)
    if isinstance(cell, Decimal) and not cell.is_finite():
        return json.dumps(_no_number(cell))
    if isinstance(cell, bool | int | Decimal):
        return exact_text(cell)
    return json.dumps(exact_text(cell) if isinstance(cell, bytes) else str(cell))


def _write(stream: TextIO, rows: Iterable[Row], as_text: Callable[[list[Row]], str]) -> int:
    written = 0
    for batch in _batches(rows):
        stream.write(as_text(batch))
        written += len(batch)
    return written


def _write_array(stream: TextIO, rows: Iterable[Row], as_object: Callable[[Row], str]) -> int:
    written = 0
    for batch in _batches(rows):
        stream.write(",\n" if written else "[\n")
        stream.write(",\n".join(map(as_object, batch)))
        written += len(batch)
    stream.write("\n]\n" if written else "[]\n")
    return written


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _object_writer(names: Sequence[str]) -> Callable[[Row], str]:
    keys = [json.dumps(name, ensure_ascii=False) + ": " for name in names]

    def as_object(row: Row) -> str:
        pairs = zip(keys, map(json_cell, row), strict=True)
        return "{" + ", ".join(key + value for key, value in pairs) + "}"

    return as_object


def _bracketed(opening: str, items: list[str], closing: str, indent: int | None, level: int) -> str:
    if not items or indent is None:
        return opening + ", ".join(items) + closing
    inner = "\n" + " " * (indent * (level + 1))
    return opening + inner + ("," + inner).join(items) + "\n" + " " * (indent * level) + closing


def _no_number(value: float | Decimal) -> str:
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
