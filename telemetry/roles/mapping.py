"""Mapping: what the tables and columns of a database mean, as a value and as a JSON file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping as Map
from collections.abc import Sequence
from typing import Any

from telemetry.errors import RequestError
from telemetry.frozen import Frozen, field
from telemetry.roles.words import KINDS, LEFT_OUT, ONCE, PLAIN, ROLES, ROLES_OF
from telemetry.text import one_line

FORMAT = "vmt-log-viewer roles"
VERSION = 1
Columns = Map[str, Map[str, Any]]
"""Table → its columns, as a Shape has them."""
_LISTED = 5


class TableRoles(Frozen):
    """What one table holds (a key of KINDS), and the role of each column that plays one."""

    kind: str
    columns: Map[str, str] = field(default_factory=dict)

    def with_role(self, role: str) -> str | None:
        """The first column that plays `role`."""
        return next((name for name, own in self.columns.items() if own == role), None)

    def all_with(self, role: str) -> tuple[str, ...]:
        return tuple(name for name, own in self.columns.items() if own == role)


class Mapping(Frozen):
    """The roles of a database's tables, by their names: it fits every database of that shape.

    A table that it does not name is shown as it is; one that is left out is named as such.
    """

    tables: Map[str, TableRoles]

    def of(self, kind: str) -> tuple[str, ...]:
        """The tables of that kind, in the mapping's order."""
        return tuple(name for name, own in self.tables.items() if own.kind == kind)

    def check(self, tables: Columns) -> None:
        """RequestError with the first thing that is wrong with this mapping for `tables`."""
        for name, own in self.tables.items():
            if own.kind == LEFT_OUT:
                continue
            called = one_line(name, limit=60)
            if name not in tables:
                raise RequestError(
                    f"The roles name the table {called}, which this database lacks; it has "
                    f"{_listed(tables)}."
                )
            for column, role in own.columns.items():
                if column not in tables[name] and split(column, tuple(tables[name])) is None:
                    raise RequestError(
                        f"The roles make {one_line(column, limit=60)} of {called} the {_said(role)}"
                        f", but that table has no such column; it has {_listed(tables[name])}."
                    )
            _check_table(called, own)
        if len(self.of("runs")) > 1:
            raise RequestError(
                f"The roles make {' and '.join(self.of('runs')[:2])} both a table of runs; make "
                "one of them other rows."
            )


def split(name: str, columns: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
    """The column and the keys within its JSON that a name such as metrics.loss means."""
    begun = [c for c in columns if c and name.startswith(f"{c}.") and len(name) > len(c) + 1]
    if not begun:
        return None
    column = max(begun, key=len)
    return column, tuple(name[len(column) + 1 :].split("."))


def _check_table(called: str, own: TableRoles) -> None:
    for role in ONCE:
        twice = own.all_with(role)
        if len(twice) > 1:
            raise RequestError(
                f"In {called}, {twice[0]} and {twice[1]} are both the {_said(role)}; choose one."
            )
    needed = {
        "runs": ("run",),
        "states": ("tick",),
        "values": ("measure_name", "value"),
    }.get(own.kind, ())
    lacking = next((role for role in needed if own.with_role(role) is None), None)
    if lacking is not None:
        raise RequestError(
            f"{called} has no {_said(lacking)} column, which {KINDS[own.kind].label.lower()} need; "
            "choose one, or another kind for the table."
        )


def shape_digest(tables: Columns) -> str:
    """A text that databases with the same tables and columns share, whatever their order."""
    named = sorted(
        (table, sorted(c for c in columns if c != "rowid")) for table, columns in tables.items()
    )
    return hashlib.sha256(json.dumps(named).encode("utf-8", "surrogatepass")).hexdigest()[:24]


def to_json(mapping: Mapping, about: str = "") -> str:
    """The mapping as its file's text; `about` says in words where it comes from."""
    tables = {
        name: {"kind": own.kind, "columns": {c: r for c, r in own.columns.items() if r != PLAIN}}
        for name, own in mapping.tables.items()
    }
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION}
    if about:
        document["about"] = about
    return json.dumps({**document, "tables": tables}, indent=1, ensure_ascii=False) + "\n"


def from_json(text: str | bytes, called: str) -> Mapping:
    """The mapping in a file called `called`; RequestError in one sentence where it is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"{called} is no JSON ({error}); choose another file.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise RequestError(f"{called} holds no roles; choose a file that `telemetry roles` wrote.")
    if document.get("version") != VERSION:
        raise RequestError(
            f"{called} is of version {document.get('version')!r}, and this program knows "
            f"version {VERSION}; use a newer program."
        )
    tables = document.get("tables")
    if not isinstance(tables, dict):
        raise RequestError(f'{called} has no "tables"; write them as `telemetry roles` does.')
    return Mapping({name: _table(name, own, called) for name, own in tables.items()})


def _table(name: str, own: object, called: str) -> TableRoles:
    kind = own.get("kind", "other") if isinstance(own, dict) else None
    columns = own.get("columns", {}) if isinstance(own, dict) else None
    if kind not in KINDS or not isinstance(columns, dict):
        raise RequestError(
            f"{called} says {kind!r} of the table {one_line(name, limit=60)}; a table is one of "
            f"{', '.join(KINDS)}."
        )
    for column, role in columns.items():
        if role not in ROLES_OF[kind]:
            raise RequestError(
                f"{called} calls {one_line(column, limit=60)} of {one_line(name, limit=60)} "
                f"{role!r}; in {kind} a column is one of {', '.join(ROLES_OF[kind])}."
            )
    return TableRoles(kind, dict(columns))


def _said(role: str) -> str:
    return ROLES[role].label if role in ROLES else role


def _listed(names: Map[str, Any]) -> str:
    known = [one_line(name, limit=40) for name in names if name != "rowid"]
    more = f" and {len(known) - _LISTED} more" if len(known) > _LISTED else ""
    return ", ".join(known[:_LISTED]) + more or "nothing"
