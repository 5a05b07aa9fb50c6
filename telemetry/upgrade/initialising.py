"""`initialise`: an empty database of a family, on any engine that it may be recorded on."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from telemetry.engines.postgresql import PostgreSQLDatabase
from telemetry.engines.postgresql_url import make_schema
from telemetry.errors import RequestError, TelemetryError
from telemetry.families import families
from telemetry.frozen import Frozen
from telemetry.location import Location, parse_location
from telemetry.migrations.tables import shape_of
from telemetry.migrations.upgrading import initialise as make_tables
from telemetry.migrations.vocabulary import SchemaSpec
from telemetry.upgrade import files, writing
from telemetry.upgrade.partitions import initialise_by_run


class Initialised(Frozen):
    """An empty database that was made: where, of which family and version, with which tables.

    `partitions` is how many each table of runs has; None where they are laid out as usual.
    """

    location: str
    family: str
    version: int
    engine: str
    tables: tuple[str, ...]
    partitions: int | None = None


def initialise(
    location: str, family: str, *, password: str | None = None, partitions: int | None = None
) -> Initialised:
    """Make an empty database of `family` at a path or URL.

    With `partitions` the tables of runs are laid out by run, as `initialise_by_run` says, which
    only a server does. RequestError for an unknown family or an engine that it is not recorded
    on, ExportError where something is there already or nothing can be written.
    """
    schema = _schema(family)
    place = parse_location(location)
    engine = place.dialect or schema.engines[0]
    if engine not in schema.engines:
        raise RequestError(
            f"{family} is not recorded on {engine}; use {' or '.join(schema.engines)}."
        )
    if place.path is None:
        tables = _on_server(place, schema, password, partitions)
    elif partitions is not None:
        raise RequestError(
            f"{place.text} is a file, and only PostgreSQL lays tables out by run; leave "
            "--partition-by away or name a server."
        )
    else:
        tables = _in_file(place.path, engine, schema)
    return Initialised(place.text, family, schema.version, engine, tables, partitions)


def _schema(family: str) -> SchemaSpec:
    known = {f.name: f.schema for f in families() if f.schema is not None}
    names = sorted({f.name for f in families()})
    if family not in names:
        raise RequestError(f"There is no family {family!r}; there are {', '.join(names)}.")
    schema = known.get(family)
    if schema is None:
        raise RequestError(
            f"{family} keeps no database but only a folder of files, which is there from the first "
            "run on; record to a new folder."
        )
    return schema


def _in_file(path: Path, engine: str, schema: SchemaSpec) -> tuple[str, ...]:
    """The whole file at once; an empty one in its place is filled."""
    empty = path.is_file() and path.stat().st_size == 0
    if empty:
        with files.working(path) as part:
            tables = _made(part, str(path), engine, schema)
            files.replace(part, path)
            return tables
    with files.appearing(path) as part:
        return _made(part, str(path), engine, schema)


def _made(part: Path, name: str, engine: str, schema: SchemaSpec) -> tuple[str, ...]:
    if engine == "sqlite":
        with writing.sqlite_connection(part, name) as connection:
            return make_tables(connection, schema)
    with writing.duckdb_connection(part, name) as connection:
        return make_tables(connection, schema)


def _on_server(
    place: Location, schema: SchemaSpec, password: str | None, partitions: int | None
) -> tuple[str, ...]:
    database = PostgreSQLDatabase(place, password)
    try:
        with writing.server_connection(place, password) as connection:
            there = sorted(shape_of(connection).tables)
            if there:
                raise RequestError(
                    f"{place.text} is not empty (it holds {', '.join(there[:5])}); "
                    "name a new database."
                )
            make_schema(connection)
            if partitions is not None:
                return initialise_by_run(connection, schema, partitions)
            return make_tables(connection, schema)
    except TelemetryError:
        raise
    except sa.exc.SQLAlchemyError as error:
        raise database.translate(error) from error
    finally:
        database.close()
