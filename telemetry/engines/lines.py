"""Rows as lines of CSV that an engine writes by itself, to the byte as we write their values."""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from decimal import Decimal
from typing import Literal

from telemetry.frozen import Frozen
from telemetry.text import exact_text

Lines = Generator[tuple[str, int]]
"""Lines, each with its line feed, and how many rows they are."""
Kind = Literal["plain", "text", "real", "decimal"]
NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^$')
"""Which texts stand in quotes."""


class Field(Frozen):
    """A column of the lines. `sure`: the database itself lets in only its kind (or, of texts,
    bytes), so that no value has to be looked at."""

    name: str
    kind: Kind
    sure: bool


ODD = "\x01"
"""Stands before a value of a column of decimals that an engine would write in another way."""
_FIELD = re.compile(r'("(?:[^"]|"")*"|[^,\n]*)([,\n])')


class ByValuesError(Exception):
    """An engine cannot write these rows itself; whoever asked writes the rest from their values."""


def no_lines(*_: object) -> Lines:
    """Of an engine that writes no lines."""
    raise ByValuesError


def quoted(text: str) -> str:
    """A text as a field."""
    if NEEDS_QUOTES.search(text) is None:
        return text
    return '"' + text.replace('"', '""') + '"'


def corrected(lines: str, kinds: Sequence[Kind]) -> str:
    """Lines of an engine field by field as we write them.

    Numbers that it writes in another way, and texts with white space at an end, which it does not
    put in quotes. A number may have ".0" though it has an exponent or is none.
    """
    found, place = [], 0
    for field, end in _FIELD.findall(lines):
        found.append(_corrected(field, kinds[place]) + end)
        place = 0 if end == "\n" else place + 1
    return "".join(found)


def _corrected(field: str, kind: Kind) -> str:
    if kind == "text" and field:
        bare = field[1:-1].replace('""', '"') if field[0] == '"' else field
        return quoted(bare)
    if not field or kind == "plain":
        return field
    if kind == "real":
        return repr(float(field.removesuffix(".0")))
    return exact_text(Decimal(field.removeprefix(ODD)))
