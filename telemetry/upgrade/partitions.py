"""Tables laid out by run on PostgreSQL, so that parts of them can live on other servers.

Partitions are made by a hash of the run: a fixed number of them takes every run there will be, so
that a recorder needs no right to make tables and a new run no statement of its own (a partition
for each run, by LIST, would need both, and thousands of runs would be thousands of tables).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.compiler import IdentifierPreparer

from telemetry.migrations.tables import create, default_of, sequences
from telemetry.migrations.versions import stamp
from telemetry.migrations.vocabulary import SchemaSpec

PARTITIONS = 8
"""How many partitions a table gets unless told."""
MOST_PARTITIONS = 256


def initialise_by_run(
    connection: sa.Connection, schema: SchemaSpec, count: int = PARTITIONS
) -> tuple[str, ...]:
    """Make the tables of the current version in an empty database, those of runs by partitions.

    The names of the tables, without those of their partitions; the caller commits. With `count` 0
    they are plain tables whose every key holds the run, for a PostgreSQL that distributes tables
    itself.
    """
    run = schema.run_column
    assert run is not None
    wanted = schema.metadata.sorted_tables
    whole = [table for table in wanted if not _of_runs(table, run)]
    create(connection, whole)
    metadata = sa.MetaData()
    laid_out = [_laid_out(t, metadata, run, count) for t in wanted if _of_runs(t, run)]
    for table in wanted:
        if _of_runs(table, run):
            for sequence in sequences(table):
                connection.execute(sa.schema.CreateSequence(sequence))
    metadata.create_all(connection, tables=laid_out)
    quote = connection.dialect.identifier_preparer
    for table in wanted:
        if _of_runs(table, run):
            for statement in (*_owners(table, quote), *_partitions(table, run, count, quote)):
                connection.exec_driver_sql(statement)
    stamp(connection, schema)
    return tuple(table.name for table in wanted)


def partition_name(table: str, number: int) -> str:
    """What partition `number` (from 0) of `table` is called."""
    return f"{table}_p{number}"


def _of_runs(table: sa.Table, run: str) -> bool:
    """Whether a table holds many rows of each run; the one with a row for each run stays whole."""
    return run in table.c and [c.name for c in table.primary_key] != [run]


def _laid_out(table: sa.Table, metadata: sa.MetaData, run: str, count: int) -> sa.Table:
    """`table` without references to other tables, which no partition on another server can have.

    Its keys stand on the partitions: PostgreSQL takes no foreign partition under a unique index.
    All rows of a run are in one partition, so that a key with the run is as strict there.
    """
    columns = [_column(table, column) for column in table.columns]
    if count:
        made = sa.Table(table.name, metadata, *columns, postgresql_partition_by=f'HASH ("{run}")')
    else:
        primary, *others = _keys(table, run)
        unique = (sa.UniqueConstraint(*names) for names in others)
        made = sa.Table(table.name, metadata, *columns, sa.PrimaryKeyConstraint(*primary), *unique)
    for index in sorted(table.indexes, key=lambda i: str(i.name)):
        sa.Index(index.name, *(made.c[c.name] for c in index.columns))
    return made


def _column(table: sa.Table, column: sa.Column[Any]) -> sa.Column[Any]:
    default = default_of(column)
    if column is table.autoincrement_column:
        default = sa.text(f"nextval('{sequences(table)[0].name}')")
    return sa.Column(
        column.name,
        column.type,
        nullable=column.nullable,
        server_default=default,
        autoincrement=False,
    )


def _keys(table: sa.Table, run: str) -> list[list[str]]:
    """The columns of the primary key and of every unique constraint, the run first in each."""
    found = [[c.name for c in table.primary_key]]
    found += sorted(
        [c.name for c in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, sa.UniqueConstraint)
    )
    return [[run, *(name for name in names if name != run)] for names in found]


def _owners(table: sa.Table, quote: IdentifierPreparer) -> Iterator[str]:
    counted = table.autoincrement_column
    if counted is not None:
        name = f"{quote.quote(table.name)}.{quote.quote(counted.name)}"
        yield f"ALTER SEQUENCE {quote.quote(sequences(table)[0].name)} OWNED BY {name}"


def _partitions(table: sa.Table, run: str, count: int, quote: IdentifierPreparer) -> Iterator[str]:
    primary, *unique = (", ".join(map(quote.quote, names)) for names in _keys(table, run))
    keys = ", ".join([f"PRIMARY KEY ({primary})", *(f"UNIQUE ({names})" for names in unique)])
    for number in range(count):
        yield (
            f"CREATE TABLE {quote.quote(partition_name(table.name, number))} "
            f"PARTITION OF {quote.quote(table.name)} ({keys}) "
            f"FOR VALUES WITH (MODULUS {count}, REMAINDER {number})"
        )
