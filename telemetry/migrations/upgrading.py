"""A database brought to the current version of its family's schema, within one connection."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.migrations.changes import Changes
from telemetry.migrations.tables import create, shape_of
from telemetry.migrations.versions import stamp, stamped
from telemetry.migrations.vocabulary import Done, SchemaSpec


def upgrade(connection: sa.Connection, schema: SchemaSpec, vintage: str) -> tuple[Done, ...]:
    """Do every step, each of what is not there yet, and stamp it; the caller commits.

    `vintage` is what the database was recognised as.
    """
    known = stamped(connection, schema.family, shape_of(connection).tables)
    changes = Changes(connection, schema)
    for step in schema.steps:
        changes.apply(step)
    found = known.vintage if known is not None and known.vintage is not None else vintage
    stamp(connection, schema, vintage=found, additions=changes.additions)
    return tuple(changes.done)


def initialise(connection: sa.Connection, schema: SchemaSpec) -> tuple[str, ...]:
    """Make the tables of the current version in an empty database, and stamp it.

    The names of its tables; the caller commits.
    """
    tables = schema.metadata.sorted_tables
    create(connection, tables)
    stamp(connection, schema)
    return tuple(table.name for table in tables)
