"""Many rows as lines of CSV at once, a column after the other: no cell costs a call of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from telemetry.concepts import Cell
from telemetry.text import exact_text

Row = Sequence[Cell]
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s$|^$')
_NOTHING = type(None)
_MOST_WORDS = 10_000


class _Words(dict[str, str]):
    """Texts as fields of CSV; a text that was seen before is not looked at again."""

    def __missing__(self, text: str) -> str:
        if len(self) >= _MOST_WORDS:
            self.clear()
        field = text
        if _NEEDS_QUOTES.search(text) is not None:
            field = '"' + text.replace('"', '""') + '"'
        self[text] = field
        return field


def csv_writer() -> Callable[[Sequence[Row]], str]:
    """What makes one text of rows, each a line: the fields of `csv_field`, in bulk."""
    words = _Words()

    def lines(rows: Sequence[Row]) -> str:
        if not rows or not len(rows[0]):
            return "\n" * len(rows)
        columns = [_fields(column, words) for column in zip(*rows, strict=True)]
        return "\n".join(map(",".join, zip(*columns, strict=True))) + "\n"

    return lines


def csv_field(cell: Cell) -> str:
    """One cell: NULL is empty, an empty text is in quotes, numbers have every digit."""
    if cell is None:
        return ""
    return _Words()[cell] if isinstance(cell, str) else exact_text(cell)


def _fields(column: tuple[Cell, ...], words: _Words) -> Sequence[str]:
    """The fields of a column. Only one whose cells are of one kind, or NULL, is made at once."""
    kinds = set(map(type, column))
    if kinds == {int} or kinds == {float}:
        return list(map(repr, column))
    if kinds == {str}:
        return list(map(words.__getitem__, column))  # type: ignore[arg-type]
    kinds.discard(_NOTHING)
    if not kinds:
        return [""] * len(column)
    if kinds == {int} or kinds == {float}:
        return ["" if cell is None else repr(cell) for cell in column]
    if kinds == {str}:
        return ["" if cell is None else words[cell] for cell in column]  # type: ignore[index]
    return [words[cell] if isinstance(cell, str) else exact_text(cell) for cell in column]
