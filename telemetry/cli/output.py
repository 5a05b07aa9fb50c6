"""Answers on standard output in the asked format; notes on standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, TextIO, TypeVar

from telemetry.cli.interrupt import current_token
from telemetry.cli.options import setting
from telemetry.concepts import Cell, Column
from telemetry.export.files import streamed, write_query
from telemetry.export.formats import FORMATS, Row, json_text, write_rows
from telemetry.text import one_line

if TYPE_CHECKING:
    from telemetry.cli.terminal import Told
    from telemetry.queries import TableQuery
    from telemetry.source import Source

T = TypeVar("T")
TEXT_ROWS = 50


class Output:
    """One command's way out. `format` is text, csv, json or jsonl."""

    def __init__(self) -> None:
        self.format: str = setting("format", "text")
        self._quiet: bool = setting("quiet", False)
        self._stream = _utf8(sys.stdout, exact=self.format != "text")

    @property
    def for_people(self) -> bool:
        return self.format == "text"

    def rows(
        self, columns: Sequence[Column], rows: Iterable[Row], footer: Row | None = None
    ) -> int:
        """Print rows, constant memory; how many. `footer` is a last line, for people only."""
        for form in FORMATS:
            if form == self.format:
                return write_rows(self._stream, columns, rows, form)
        from telemetry.cli.terminal import write_table

        return write_table(self._stream, columns, rows, footer, color=self._color())

    def query(
        self, source: Source, query: TableQuery, columns: Sequence[Column], limit: int | None
    ) -> int:
        """Print all rows that a table query matches, or the first `limit`; how many."""
        for form in FORMATS:
            if form == self.format:
                return write_query(
                    self._stream, source, query, form, limit=limit, token=current_token()
                )
        with streamed(source, query, current_token()) as rows:
            return self.rows(columns, cut(rows, limit))

    def objects(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> int:
        """Like `rows`, of cells that may also be mappings and lists: JSON within csv and text."""
        if self.format not in ("json", "jsonl"):
            return self.rows(columns, ([_flat(cell) for cell in row] for row in rows))
        names = [column.name for column in columns]
        lines = (json_text(dict(zip(names, row, strict=True))) for row in rows)
        if self.format == "jsonl":
            return sum(self._stream.write(line + "\n") > 0 for line in lines)
        written = 0
        for line in lines:
            self._stream.write((",\n" if written else "[\n") + line)
            written += 1
        self._stream.write("\n]\n" if written else "[]\n")
        return written

    def replay(self, told: Iterable[Told]) -> int:
        """Print (tick, kind, words) for people; how many."""
        from telemetry.cli.terminal import write_replay

        return write_replay(self._stream, told, color=self._color())

    def sections(self, sections: Sequence[Section]) -> None:
        """Print headed little tables for people."""
        from telemetry.cli.terminal import write_sections

        write_sections(self._stream, sections, color=self._color())

    def one(self, value: Mapping[str, object], sections: Sequence[Section]) -> None:
        """Print one thing: as an object, as name and value (csv), or as `sections` of text."""
        if self.format == "csv":
            pairs = ((name, _flat(item)) for name, item in value.items())
            write_rows(self._stream, ("name", "value"), pairs)
        elif self.for_people:
            self.sections(sections)
        else:
            indent = 2 if self.format == "json" else None
            self._stream.write(json_text(value, indent=indent) + "\n")

    def plain(self, text: str) -> None:
        """Print a text that is in its format already."""
        self._stream.write(text)

    def note(self, text: str) -> None:
        """Say something beside the data, on one line of standard error."""
        if not self._quiet:
            print(one_line(text, limit=2000), file=sys.stderr)

    def notes(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.note(text)

    def _color(self) -> bool:
        return (
            not setting("no_color", False)
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
            and self._stream.isatty()
        )


Section = tuple[str, Sequence[Column], Sequence[Row]]
"""A heading, and a small table under it; without columns the rows are single lines of text."""


def cut(rows: Iterable[T], limit: int | None) -> Iterable[T]:
    """The first `limit` rows; None: all."""
    return rows if limit is None else islice(rows, limit)


def _flat(value: object) -> Cell:
    if value is None or isinstance(value, str | int | float | Decimal | bytes):
        return value
    return json_text(value)


def _utf8(stream: TextIO, exact: bool) -> TextIO:
    """`stream` writing UTF-8 with plain line feeds for exact formats, whatever the locale."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        with suppress(ValueError, OSError):
            if exact:
                reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")
            else:
                reconfigure(errors="backslashreplace")
    return stream
