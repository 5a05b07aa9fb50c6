"""Opening by roles: from evidence to the declaration of a database of no known family."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import sqlalchemy as sa

from telemetry.engines import Database, Shape
from telemetry.errors import RequestError
from telemetry.families.vocabulary import FamilySpec
from telemetry.frozen import Frozen, replace
from telemetry.roles import kept
from telemetry.roles.declaring import declare, numbered
from telemetry.roles.evidence import TableEvidence, read_evidence
from telemetry.roles.inside import unpacked, with_named
from telemetry.roles.mapping import Mapping, TableRoles
from telemetry.roles.proposing import Proposal, propose
from telemetry.roles.words import NUMBERS, PLAIN, ROLES
from telemetry.text import exact_text, one_line

LOOKED_THROUGH = 100_000
"""Rows at either end of a table without an index that are looked through for names of values."""
MOST_NAMES = 60
"""Named values of a table that become measures or columns."""
UNNAMED = "Columns without a name are left out."
PROPOSED, SAVED, GIVEN = "proposed", "that you saved", "that you gave"


class ByRoles(Frozen):
    """A database read by roles: what was proposed, what is used, and where that comes from.

    `origin` is PROPOSED, SAVED or GIVEN. `stored` is the shape as the database has it.
    """

    proposal: Proposal
    mapping: Mapping
    origin: str
    family: FamilySpec
    shape: Shape
    stored: Shape
    notes: tuple[str, ...]


def by_roles(database: Database, shape: Shape, given: Mapping | None = None) -> ByRoles:
    """Read the database by `given`, else by what the user saved for its shape, else as proposed.

    RequestError where `given` does not fit it. Blocks for as long as a few hundred rows of each
    table take.
    """
    if given is not None:
        given.check(shape.tables)
    unnamed = any("" in columns for columns in shape.tables.values())
    known = _with_names(shape) if unnamed else shape
    evidence, more = unpacked(database, known, read_evidence(database, known))
    proposal = propose(evidence)
    if given is not None:
        _check_values(given, evidence)
    mapping, origin = _chosen(given, shape, evidence, proposal)
    evidence = with_named(evidence, mapping)
    names, notes, dialect = _names(database, mapping, evidence)
    name = one_line(database.location.name, limit=120)
    family = declare(mapping, evidence, names, dialect, name)
    return ByRoles(
        proposal, mapping, origin, family, numbered(known, evidence), shape,
        (_said(mapping, origin), *notes, *more, *((UNNAMED,) if unnamed else ())),
    )  # fmt: skip


def _chosen(
    given: Mapping | None, shape: Shape, evidence: Sequence[TableEvidence], proposal: Proposal
) -> tuple[Mapping, str]:
    """What was given, else what was saved and fits these rows too, else what is proposed."""
    if given is not None:
        return given, GIVEN
    saved = kept.recall(shape.tables)
    if saved is not None:
        with suppress(RequestError):
            _check_values(saved, evidence)
            return saved, SAVED
    return proposal.mapping, PROPOSED


def _check_values(mapping: Mapping, evidence: Sequence[TableEvidence]) -> None:
    """RequestError where a column that has to hold numbers holds something else, or runs that are
    numbers in one table are texts in another."""
    runs: dict[bool, str] = {}
    for table in evidence:
        own = mapping.tables.get(table.name) or TableRoles("other")
        for column in table.columns:
            role = own.columns.get(column.name, PLAIN)
            called = f"{one_line(column.name, limit=60)} of {one_line(table.name, limit=60)}"
            if role == "run" and column.kind:
                runs.setdefault(column.kind == "int", called)
            if role in NUMBERS and column.kind not in ("int", "real", "flag", ""):
                holds = ", ".join(one_line(exact_text(v), limit=24) for v in column.shown[:2])
                raise RequestError(
                    f"{called} is to be the {ROLES[role].label}, but holds no numbers ({holds}); "
                    "choose another."
                )
    if len(runs) > 1:
        raise RequestError(
            f"{runs[True]} numbers the runs, {runs[False]} names them otherwise; choose columns "
            "that say the same of a run."
        )


def _with_names(shape: Shape) -> Shape:
    """The shape without the columns that no statement can name."""
    tables = {
        table: {name: kind for name, kind in columns.items() if name}
        for table, columns in shape.tables.items()
    }
    return replace(shape, tables=tables)


def _said(mapping: Mapping, origin: str) -> str:
    used = sum(own.kind not in ("other", "left out") for own in mapping.tables.values())
    tables = f"{used} table{'' if used == 1 else 's'}"
    said = (
        f"This database is of no known family: {tables} of it {'is' if used == 1 else 'are'} read"
    )
    if origin == PROPOSED:
        return (
            f"{said} by roles that names and first rows suggest; `telemetry roles` shows them, "
            "and they can be corrected."
        )
    return f"{said} by roles {origin}."


def _names(
    database: Database, mapping: Mapping, evidence: Sequence[TableEvidence]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...], str]:
    """The names of values in each table of them, what is to be said of those, and the dialect."""
    found: dict[str, tuple[str, ...]] = {}
    notes = []
    with database.connection() as connection:
        for table in evidence:
            own = mapping.tables.get(table.name)
            column = None if own is None or own.kind != "values" else own.with_role("measure_name")
            if column is None or table.column(column) is None:
                continue
            names, whole = _distinct(connection, table, column)
            called = one_line(table.name, limit=60)
            if not whole:
                notes.append(
                    f"The names in {called} were looked for in its first and last "
                    f"{LOOKED_THROUGH} rows; one that occurs only between them is not offered."
                )
            if len(names) > MOST_NAMES:
                notes.append(
                    f"{called} names more than {MOST_NAMES} values; the first are offered."
                )
            found[table.name] = tuple(str(name) for name in names[:MOST_NAMES])
        return found, tuple(notes), connection.dialect.name


def _distinct(
    connection: sa.Connection, table: TableEvidence, column: str
) -> tuple[list[Any], bool]:
    """The names that occur, and whether these are all of them."""
    place = [c.name for c in table.columns].index(column)
    seen = list(dict.fromkeys(row[place] for row in table.sample if row[place] is not None))
    if table.complete:
        return seen, True
    own = sa.table(table.name, sa.column(column)).c[column]
    if connection.dialect.name == "duckdb":
        rows = connection.execute(
            sa.select(own).where(own.is_not(None)).distinct().limit(MOST_NAMES + 1)
        )
    elif any(index[:1] == (column,) for index in table.indices):
        hop = sa.select(sa.func.min(own).label("name")).cte("hops", recursive=True)
        following = sa.select(sa.func.min(own)).where(own > hop.c.name).scalar_subquery()
        hop = hop.union_all(sa.select(following).where(hop.c.name.is_not(None)))
        rows = connection.execute(
            sa.select(hop.c.name).where(hop.c.name.is_not(None)).limit(MOST_NAMES + 1)
        )
    else:
        found, whole = _among_many(connection, table, own)
        return _ordered(seen, found), whole
    return _ordered(seen, {row[0] for row in rows.fetchall()}), True


def _among_many(connection: sa.Connection, table: TableEvidence, own: Any) -> tuple[set[Any], bool]:
    """The names in the first rows and the last, where no index leads to them."""
    found: set[Any] = set()
    ends = [sa.select(own.label("name")).limit(LOOKED_THROUGH)]
    if table.numbered:
        last: Any = sa.literal_column("rowid").desc()
        ends.append(sa.select(own.label("name")).order_by(last).limit(LOOKED_THROUGH))
    for end in ends:
        some = end.subquery()
        counted = sa.select(some.c.name, sa.func.count()).group_by(some.c.name)
        rows = connection.execute(counted).fetchall()
        found |= {name for name, _ in rows if name is not None}
        if sum(count for _, count in rows) < LOOKED_THROUGH:
            return found, True
    return found, False


def _ordered(seen: list[Any], found: set[Any]) -> list[Any]:
    """As they were recorded, as far as that is known, then by the alphabet."""
    first = [name for name in seen if name in found]
    return [*first, *sorted(found.difference(first), key=str)]
