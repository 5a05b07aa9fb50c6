"""Views over files, which each statement that names them is given in its WITH."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telemetry.engines.kept_files import KeptFiles  # DuckDB takes its time

_NAME = re.compile(r"\w+")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_WITH = re.compile(r"\s*WITH\s+(RECURSIVE\s+)?")
Select = Callable[[str], str]


class AsNeeded(Mapping[str, str]):
    """SELECTs by name, each of which is written when it is first looked at."""

    def __init__(self, selects: Mapping[str, str | Callable[[], str]]) -> None:
        self._selects = dict(selects)

    def __getitem__(self, name: str) -> str:
        found = self._selects[name]
        if not isinstance(found, str):
            found = self._selects[name] = found()
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._selects

    def __iter__(self) -> Iterator[str]:
        return iter(self._selects)

    def __len__(self) -> int:
        return len(self._selects)


class FileViews:
    """The views of one question, as SELECTs by name; what a file holds is looked up once."""

    def __init__(self, views: Mapping[str, str], kept: KeptFiles) -> None:
        self.selects = views
        self._kept = kept
        self._found: dict[str, str] = {}

    def given_to(self, statement: str, connection: Any) -> str:
        """`statement` after the views that it names, whose small files are in memory by then."""
        return with_views(
            self.selects, statement, lambda name: self._select(name, connection), inline=True
        )

    def make_all(self, connection: Any) -> None:
        """Make every one of them, for whoever asks what columns they have."""
        for name in self.selects:
            select = self.given_to(self._select(name, connection), connection)
            connection.execute(f'CREATE TEMP VIEW "{name}" AS {select}')

    def _select(self, name: str, connection: Any) -> str:
        """That of the view, or one of what is kept of the files that it alone reads."""
        found = self._found.get(name)
        if found is None:
            found = self.selects[name]
            if self.selects.keys().isdisjoint(_named(found)):
                found = self._kept.select(connection, found)
            self._found[name] = found
        return found


def with_views(
    views: Mapping[str, str], statement: str, select: Select | None = None, *, inline: bool = False
) -> str:
    """`statement` after the views that it names, each after those that its own SELECT names.

    `select` gives the SELECT of a view by name, where it is not that of `views`; `inline`: DuckDB
    reads only the rows and columns that are asked for, also where a view is named twice.
    """
    found: dict[str, str] = {}

    def need(text: str, seen: frozenset[str]) -> None:
        for name in dict.fromkeys(_named(text)):
            if name in views and name not in found and name not in seen:
                own = views[name] if select is None else select(name)
                need(own, seen | {name})
                found[name] = own

    need(statement, frozenset())
    if not found:
        return statement
    how = "AS NOT MATERIALIZED" if inline else "AS"
    given = ",\n".join(f'"{name}" {how} ({own})' for name, own in found.items())
    with_ = _WITH.match(statement)  # a statement has one WITH
    if with_ is None:
        return f"WITH {given}\n{statement}"
    return f"WITH {with_[1] or ''}{given},\n{statement[with_.end() :]}"


def _named(statement: str) -> list[str]:
    return _NAME.findall(_LITERAL.sub("", statement))
