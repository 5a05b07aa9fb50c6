"""What a database's own record of its versions means to whoever reads it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import sqlalchemy as sa

from telemetry.engines import Database, Shape
from telemetry.errors import SourceError
from telemetry.families.vocabulary import FamilySpec
from telemetry.frozen import replace
from telemetry.migrations.versions import VERSIONS, Stamped, newer, stamped
from telemetry.migrations.vocabulary import Addition, SchemaSpec


def refuse_newer(
    database: Database,
    shape: Shape,
    families_in: Callable[[Collection[str]], Iterable[FamilySpec]],
) -> None:
    """SourceError, naming both versions, where a later program wrote the database."""
    if VERSIONS.name not in shape.tables:
        return
    with database.connection() as connection:
        named = {name for (name,) in connection.execute(sa.select(VERSIONS.c.family).distinct())}
        known = ((family.name, family.schema) for family in families_in(named))
        schemas = {name: schema for name, schema in known if schema is not None}
        found = [stamped(connection, name, shape.tables) for name in schemas]
    for one in found:
        said = None if one is None else newer(database.location.text, one, schemas[one.family])
        if said is not None:
            raise SourceError(said)


def as_recorded(
    database: Database, family: FamilySpec, vintage: str, shape: Shape
) -> tuple[FamilySpec, str, Shape]:
    """The vintage and the shape in which a migrated database was recorded.

    A column that a migration added holds its default in the runs of before, which nobody
    recorded. Where there are no other runs yet, the database counts as without it; else the
    shape says up to which run.
    """
    schema = family.schema
    if schema is None or VERSIONS.name not in shape.tables:
        return family, vintage, shape
    with database.connection() as connection:
        found = stamped(connection, schema.family, shape.tables)
        if found is None or not found.additions:
            return family, vintage, shape
        last = _last_run(connection, schema)
        unused = [one for one in found.additions if _unused(connection, one, last)]
    _note(database, found)
    before = family.recognise(_without(shape, found.additions)) or vintage
    added: dict[str, dict[str, tuple[str, int]]] = {}
    for one in found.additions:
        if schema.run and one.column and one.last_run is not None and one not in unused:
            added.setdefault(one.table, {})[one.column] = (schema.run[1], one.last_run)
    return family, before, replace(_without(shape, unused), added=added)


def _unused(connection: sa.Connection, one: Addition, last: int | None) -> bool:
    """Whether nothing can have been recorded in it since it was added."""
    if one.last_run is not None:
        return last is None or one.last_run >= last
    some = sa.select(sa.literal(1)).select_from(sa.table(one.table)).limit(1)
    return connection.execute(some).first() is None


def _without(shape: Shape, additions: Iterable[Addition]) -> Shape:
    """The shape less the tables and columns that were added."""
    tables = {name: dict(columns) for name, columns in shape.tables.items()}
    for one in additions:
        if one.column is None:
            tables.pop(one.table, None)
        elif one.table in tables:
            tables[one.table].pop(one.column, None)
    return replace(shape, tables=tables)


def _last_run(connection: sa.Connection, schema: SchemaSpec) -> int | None:
    if schema.run is None:
        return None
    table, column = schema.run
    largest: sa.Select[Any] = sa.select(sa.func.max(sa.column(column))).select_from(sa.table(table))
    found = connection.execute(largest).scalar_one()
    return found if isinstance(found, int) else None


def _note(database: Database, found: Stamped) -> None:
    said = (
        f"Migrated to version {found.version}: what was added then is not recorded in the runs of "
        "before."
    )
    if said not in database.notes:
        database.notes = (*database.notes, said)
