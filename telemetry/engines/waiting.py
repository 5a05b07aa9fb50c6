"""Views over files that are made when a statement first names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from telemetry.engines.kept_files import KeptFiles

_NAME = re.compile(r"\w+")
_LITERAL = re.compile(r"'(?:[^']|'')*'")


class Waiting:
    """The views of one question, as SELECTs by name, of which some are made already."""

    def __init__(self, views: Mapping[str, str], kept: KeptFiles) -> None:
        self._names = frozenset(views)
        self._waiting = dict(views)
        self._kept = kept

    def make_named(self, connection: Any, statement: str) -> None:
        """Make those that the statement names."""
        if self._waiting:
            for name in _named(statement):
                if name in self._waiting:
                    self._make(connection, name)

    def make_all(self, connection: Any) -> None:
        """Make every one of them."""
        while self._waiting:
            self._make(connection, next(iter(self._waiting)))

    def _make(self, connection: Any, name: str) -> None:
        """The view, after those that its own SELECT names."""
        select = self._waiting.pop(name)
        others = self._names.intersection(_named(select))
        for other in others:
            if other in self._waiting:
                self._make(connection, other)
        if not others:
            select = self._kept.select(connection, select)
        connection.execute(f'CREATE TEMP VIEW "{name}" AS {select}')


def with_views(views: Mapping[str, str], statement: str) -> str:
    """`statement` after the views that it names, each after those that its own SELECT names."""
    found: dict[str, str] = {}

    def need(text: str, seen: frozenset[str]) -> None:
        for name in dict.fromkeys(_named(text)):
            if name in views and name not in found and name not in seen:
                need(views[name], seen | {name})
                found[name] = f'"{name}" AS ({views[name]})'

    need(statement, frozenset())
    if not found:
        return statement
    own = re.match(r"WITH\s+", statement)  # a statement has one WITH
    rest = f",\n{statement[own.end() :]}" if own else f"\n{statement}"
    return "WITH " + ",\n".join(found.values()) + rest


def _named(statement: str) -> list[str]:
    return _NAME.findall(_LITERAL.sub("", statement))
