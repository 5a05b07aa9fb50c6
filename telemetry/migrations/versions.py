"""The version that a database says it has, and which of its columns a migration added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.frozen import Frozen
from telemetry.migrations.tables import create, shape_of
from telemetry.migrations.vocabulary import Addition, SchemaSpec

_METADATA = sa.MetaData()
VERSIONS = sa.Table(
    "telemetry_versions",
    _METADATA,
    sa.Column("family", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("vintage", sa.Text),  # what a migration found, NULL where a recorder made it
    sa.Column("written_at", sa.Text, nullable=False),
)
ADDITIONS = sa.Table(
    "telemetry_additions",
    _METADATA,
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("table_name", sa.Text, nullable=False),
    sa.Column("column_name", sa.Text),  # NULL: the whole table
    sa.Column("last_run", sa.BigInteger),
)
OWN = frozenset(_METADATA.tables)
"""Our own tables, which belong to no family."""


class Stamped(Frozen):
    """What a database says of itself: its version, and what migrations found and added."""

    family: str
    version: int
    vintage: str | None = None
    additions: tuple[Addition, ...] = ()


def stamped(connection: sa.Connection, family: str, tables: Iterable[str]) -> Stamped | None:
    """The version of `family` that is recorded in the database; None where there is none.

    `tables` are the names of its tables: nothing is asked that is not there.
    """
    there = set(tables)
    if VERSIONS.name not in there:
        return None
    columns = (VERSIONS.c.version, VERSIONS.c.vintage)
    rows = connection.execute(sa.select(*columns).where(VERSIONS.c.family == family)).all()
    if not rows:
        return None
    first = sorted((int(version), vintage) for version, vintage in rows if vintage is not None)
    vintage = str(first[0][1]) if first else None
    added: tuple[Addition, ...] = ()
    if ADDITIONS.name in there:
        listed = connection.execute(sa.select(*list(ADDITIONS.c)[1:]))
        added = tuple(Addition(table, column, last) for table, column, last in listed)
    return Stamped(family, max(int(v) for v, _ in rows), vintage, added)


def newer(name: str, found: Stamped, schema: SchemaSpec) -> str | None:
    """The sentence for a database that a later program wrote; None where this one is enough."""
    if found.version <= schema.version:
        return None
    return (
        f"{name} is a {schema.family} database of version {found.version}, but this program knows "
        f"versions up to {schema.version}; use the newer program that wrote it."
    )


def check(connection: sa.Connection, schema: SchemaSpec, name: str = "the database") -> None:
    """RecordingError where `schema`'s recorder must not write: newer, older, or frozen.

    A database without a version passes; its columns tell whether it can be written to. `name` is
    how errors call the database.
    """
    found = stamped(connection, schema.family, shape_of(connection).tables)
    if found is None:
        return
    said = newer(name, found, schema)
    if said is not None:
        raise RecordingError(f"Cannot record there: {said}")
    if found.version < schema.version:
        raise RecordingError(
            f"Cannot record to {name}: it is of version {found.version} and the recorder writes "
            f"version {schema.version}; record to a new file, or run telemetry migrate first."
        )
    if found.vintage is not None and found.vintage in schema.frozen:
        raise RecordingError(f"Cannot record to {name}: {schema.frozen[found.vintage]}")


def stamp(
    connection: sa.Connection,
    schema: SchemaSpec,
    *,
    vintage: str | None = None,
    additions: Iterable[Addition] = (),
) -> None:
    """Write the version of `schema` into the database, once; the caller commits.

    Call it in the transaction that makes the tables. `vintage` and `additions` are a migration's.
    """
    create(connection, _METADATA.tables.values())
    known = sa.select(VERSIONS.c.version).where(
        VERSIONS.c.family == schema.family, VERSIONS.c.version == schema.version
    )
    if connection.execute(known).first() is None:
        connection.execute(
            sa.insert(VERSIONS).values(
                family=schema.family,
                version=schema.version,
                vintage=vintage,
                written_at=datetime.now(UTC).isoformat(timespec="seconds"),
            )
        )
    rows = [
        {
            "version": schema.version,
            "table_name": added.table,
            "column_name": added.column,
            "last_run": added.last_run,
        }
        for added in additions
    ]
    if rows:
        connection.execute(sa.insert(ADDITIONS), rows)
