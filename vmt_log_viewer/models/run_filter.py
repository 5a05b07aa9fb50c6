"""RunFilter: the Library's filter line, `column=expr` tokens and bare words, without Qt."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from telemetry.concepts import Cell, Column
from telemetry.errors import FilterError
from telemetry.filters import Filter
from telemetry.frozen import Frozen
from telemetry.text import in_units

_TOKEN = re.compile(r'(?:[^\s"/]|"(?:[^"]|"")*"?|/(?:\\.|[^/\\])*/?)+')
_ASSIGNMENT = re.compile(r"([^=<>!]+?)(=|!=|>=|<=|>|<)(.*)", re.DOTALL)


class RunFilter(Frozen):
    """Which runs to list: every filter holds and every word is found in some text cell."""

    filters: tuple[tuple[Filter, Column], ...] = ()
    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str, columns: Sequence[Column]) -> RunFilter:
        """The filter that `text` writes; FilterError for a bad expression or unknown column."""
        filters: list[tuple[Filter, Column]] = []
        words: list[str] = []
        for token in _TOKEN.findall(text):
            match = _ASSIGNMENT.fullmatch(token)
            if match is None:
                words.append(token.strip('"').casefold())
                continue
            name, operator, value = match.groups()
            column = _column(name, columns)
            filter_ = Filter.parse(column.name, value if operator == "=" else operator + value)
            filter_.check(column.kind)
            filters.append((filter_, column))
        return cls(tuple(filters), tuple(words))

    def matches(self, cell: Callable[[str], Cell], texts: Iterable[str]) -> bool:
        """`cell` gives a run's value by column name, `texts` all texts that words may be in."""
        for filter_, column in self.filters:
            shown = in_units(cell(column.name), column.unit)
            if not filter_.expr.matches(shown, column.kind):
                return False
        if not self.words:
            return True
        whole = "\n".join(texts).casefold()
        return all(word in whole for word in self.words)


def _column(name: str, columns: Sequence[Column]) -> Column:
    """By name, label or role; spaces and underscores are one, upper and lower case too."""
    wanted = _plain(name)
    for told in ("name", "label", "role"):
        for column in columns:
            if _plain(getattr(column, told) or "") == wanted:
                return column
    known = ", ".join(_plain(column.label).replace(" ", "_") for column in columns)
    raise FilterError(
        f"The library has no column {name!r}; it has {known}.", column=name, text=name
    )


def _plain(text: str) -> str:
    return text.strip().casefold().replace("_", " ")
