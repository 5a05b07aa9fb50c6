"""Tables for people: aligned, dimmed where nothing is recorded, harmless whatever the data."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import groupby, islice
from operator import itemgetter
from typing import TYPE_CHECKING, TextIO, TypeVar

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from telemetry.concepts import Cell, Column
from telemetry.export.formats import Row
from telemetry.text import CENTS, cell_text, money_text, one_line, shown_unit

if TYPE_CHECKING:
    from telemetry.cli.output import Section

T = TypeVar("T")
Told = tuple[int | None, str, str]
_CHUNK = 1_000
_WIDE = 1_000_000  # nothing is ever cut or folded to fit a file or a pipe
_BETWEEN = 3
"""What a table of this look puts between two columns."""
_CELL = 200
_NUMBERS = ("int", "real", "flag")


def write_table(
    stream: TextIO,
    columns: Sequence[Column],
    rows: Iterable[Row],
    footer: Row | None = None,
    *,
    color: bool,
) -> int:
    """Write rows as aligned tables of up to 1000 rows each; the number of rows.

    On a terminal a table too wide for it is written as several, one below the other.
    """
    written = 0
    for chunk in _chunks(rows):
        last = footer if len(chunk) < _CHUNK else None
        _write_fitting(stream, columns, chunk, last, color)
        written += len(chunk)
    return written


def _write_fitting(
    stream: TextIO, columns: Sequence[Column], rows: Sequence[Row], footer: Row | None, color: bool
) -> None:
    for places in _fitting(stream, columns, rows):
        named = [columns[i] for i in places]
        part = [[row[i] for i in places] for row in rows]
        foot = None if footer is None else [footer[i] for i in places]
        stream.write(_rendered(_table(named, part, foot), color))


def _fitting(
    stream: TextIO, columns: Sequence[Column], rows: Sequence[Row]
) -> Iterator[tuple[int, ...]]:
    """Which columns stand beside one another: all, or on a terminal as many as it has room for.

    The others follow below, each time with the first column in front: nothing is left out.
    """
    room = _room(stream)
    if room is None or len(columns) < 3:
        yield tuple(range(len(columns)))
        return
    widths = [_width(column, [row[i] for row in rows]) for i, column in enumerate(columns)]
    beside: list[int] = [0]
    used = widths[0]
    for place in range(1, len(columns)):
        if len(beside) > 1 and used + _BETWEEN + widths[place] > room:
            yield tuple(beside)
            beside, used = [0], widths[0]
        beside.append(place)
        used += _BETWEEN + widths[place]
    yield tuple(beside)


def _room(stream: TextIO) -> int | None:
    """Columns of the terminal that `stream` writes to, None where it is none."""
    if not stream.isatty():
        return None
    return max(shutil.get_terminal_size().columns - 1, 20)


def _width(column: Column, cells: Sequence[Cell]) -> int:
    texts = [one_line(column.name), _unit(column), *(_cell(c, column).plain for c in cells)]
    return max(cell_len(text) for text in texts)


def write_sections(stream: TextIO, sections: Sequence[Section], *, color: bool) -> None:
    """Write headed little tables and lines of text."""
    for heading, columns, rows in sections:
        if not rows:
            continue
        if heading:
            stream.write(_rendered(Text(one_line(heading), style="bold"), color))
        if columns:
            _write_fitting(stream, columns, rows, None, color)
        else:
            for row in rows:
                line = " ".join(one_line(str(cell), limit=2000) for cell in row)
                stream.write(_rendered(Text("  " + line), color))
            stream.write("\n")


def write_replay(stream: TextIO, told: Iterable[Told], *, color: bool) -> int:
    """Write (tick, kind of event, words) under a heading for each tick; the number of lines."""
    bold, plain = ("\x1b[1m", "\x1b[0m") if color else ("", "")
    written = 0
    for tick, group in groupby(told, key=itemgetter(0)):
        stream.write(f"{bold}Tick {'not recorded' if tick is None else tick}{plain}\n")
        for chunk in _chunks(group):  # a tick's kinds are aligned, however many rows it has
            width = max((len(kind) for _, kind, _ in chunk), default=0)
            for _, kind, words in chunk:
                said = f"  {one_line(kind):<{width}}  {one_line(words, limit=2000)}"
                stream.write(said.rstrip() + "\n")
            written += len(chunk)
    return written


def _table(columns: Sequence[Column], rows: Sequence[Row], footer: Row | None) -> Table:
    table = Table(box=SIMPLE_HEAD, show_footer=footer is not None, pad_edge=False)
    units = any(_unit(column) for column in columns)
    for i, column in enumerate(columns):
        table.add_column(
            _heading(column, units),
            footer=Text() if footer is None else _cell(footer[i], column, ""),
            justify="right" if column.kind in _NUMBERS else "left",
            no_wrap=True,
        )
    for row in rows:
        table.add_row(*(_cell(cell, column) for cell, column in zip(row, columns, strict=True)))
    return table


def _heading(column: Column, units: bool) -> Text:
    """The name, with a line for the unit under it where some column has one."""
    heading = Text(one_line(column.name))
    if units:
        heading.append(f"\n{_unit(column) or ' '}", style="dim")
    return heading


def _unit(column: Column) -> str:
    """The unit to show: cents are shown as money."""
    return one_line(shown_unit(column.unit))


def _cell(cell: Cell, column: Column, missing: str | None = None) -> Text:
    """Text objects alone: rich would read markup in a plain string."""
    if column.unit == CENTS and isinstance(cell, int | float | Decimal):
        shown = money_text(cell)
    else:
        shown = cell_text(cell, column, missing=missing, limit=_CELL)
    return Text(shown, style="dim" if cell is None else "")


def _rendered(thing: RenderableType, color: bool) -> str:
    """Rendered to a string, so that a closed pipe is met by our own writing."""
    console = Console(
        file=io.StringIO(),
        width=_WIDE,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    console.print(thing)
    assert isinstance(console.file, io.StringIO)
    return "".join(line.rstrip() + "\n" for line in console.file.getvalue().splitlines())


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    """Lists of at most 1000 rows; at least one list, so that a header is always written."""
    iterator = iter(rows)
    chunk = list(islice(iterator, _CHUNK))
    yield chunk
    while len(chunk) == _CHUNK:
        chunk = list(islice(iterator, _CHUNK))
        if not chunk:
            return
        yield chunk
