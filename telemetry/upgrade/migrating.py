"""`migrate`: a source of an older version becomes a copy, or itself, of the current one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from telemetry.cancel import CancelToken
from telemetry.detect import Found, find
from telemetry.engines import Database
from telemetry.engines.duckdb import DuckDBDatabase, FolderDatabase
from telemetry.engines.sqlite import SQLiteDatabase
from telemetry.errors import ExportError, RequestError
from telemetry.frozen import Frozen, replace
from telemetry.location import parse_location
from telemetry.migrations.upgrading import upgrade
from telemetry.migrations.versions import stamped
from telemetry.migrations.vocabulary import Done, SchemaSpec
from telemetry.upgrade import files, servers, writing


class Migration(Frozen):
    """What was done: `done` is empty where the database was `current` already.

    `target` is the file or database that holds the result, `before` the version that was recorded
    in the source (None: none was), `backup` the verified copy of what was changed in place: a file,
    or the name of a schema on a server. `left` names what a copy on a server is made without.
    """

    source: str
    target: str
    family: str
    vintage: str
    before: int | None
    after: int
    done: tuple[Done, ...] = ()
    backup: Path | str | None = None
    current: bool = False
    left: tuple[str, ...] = ()


def migrate(
    location: str,
    *,
    to: str | Path | None = None,
    in_place: bool = False,
    password: str | None = None,
    token: CancelToken | None = None,
) -> Migration:
    """Bring the database at `location` to its family's current version; the report of it.

    The result goes to a new file, `to` or NAME.migrated.SUFFIX beside the source; with `in_place`
    the file itself is changed once a backup beside it was verified. On a server `to` is the URL of
    an empty database or schema, and a backup is a schema of its own. RequestError for what cannot
    be migrated, SourceError for what cannot be read, ExportError for what cannot be written.
    """
    token = token or CancelToken()
    if in_place and to is not None:
        raise RequestError("--in-place and --to exclude each other; choose one of them.")
    found = find(location, password=password)
    database = found.database
    with closing(database):
        schema = _schema(found)
        before = _version(found, schema)
        after = schema.version
        name = database.location.text
        report = Migration(name, name, found.family.name, found.vintage, before, after)
        if before == after:
            return _current(report, name)
        if database.location.path is None:
            return _on_server(report, found, schema, to, in_place, password, token)
        path = database.location.path.resolve()
        if in_place:
            return _in_place(report, database, path, schema, token)
        target = _file(to, path)
        if target.exists() and _holds_the_same(found, target, schema):
            return _current(report, str(target))
        with files.appearing(target) as part:
            done = _copied(database, path, part, schema, found.vintage, token)
    return Migration(name, str(target), report.family, report.vintage, before, after, done)


def _current(report: Migration, target: str) -> Migration:
    return Migration(
        report.source, target, report.family, report.vintage, report.before, report.after,
        current=True,
    )  # fmt: skip


def _schema(found: Found) -> SchemaSpec:
    name, label = found.database.location.text, found.family.label
    if isinstance(found.database, FolderDatabase):
        raise RequestError(
            f"{name} is a folder of text files, which every version reads as it is; "
            "there is nothing to migrate."
        )
    if found.family.schema is None:
        raise RequestError(
            f"{name} is a {label} database of the kind “{found.vintage}”, whose tables have no "
            "counterpart in a newer one; it is read as it is."
        )
    return found.family.schema


def _version(found: Found, schema: SchemaSpec) -> int | None:
    with found.database.connection() as connection:
        known = stamped(connection, schema.family, found.shape.tables)
    return None if known is None else known.version


def _file(to: str | Path | None, source: Path) -> Path:
    """The file to make of a file."""
    if to is None:
        return _beside(source)
    place = parse_location(to)
    if place.path is None:
        raise RequestError(
            f"{source} is a file, of which no copy is made on a server; migrate it to a file, or "
            "record to the server anew."
        )
    return place.path


def _on_server(
    report: Migration,
    found: Found,
    schema: SchemaSpec,
    to: str | Path | None,
    in_place: bool,
    password: str | None,
    token: CancelToken,
) -> Migration:
    """A server's database, in place or copied to another of a server."""
    if in_place:
        changed = servers.change(found, schema, password, token)
        return replace(report, done=changed.done, backup=changed.backup)
    place = None if to is None else parse_location(to)
    if place is None or place.path is not None:
        raise RequestError(
            f"{report.source} is a server's database; name an empty database or schema of a server "
            "with --to postgresql://…, or change it with --in-place."
        )
    if _holds_the_same(found, to, schema, password):
        return _current(report, place.text)
    changed = servers.copy(found, place, schema, password, token)
    return replace(report, target=place.text, done=changed.done, left=changed.left)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.stem}.migrated{path.suffix}")


def _copied(
    database: Database,
    path: Path,
    part: Path,
    schema: SchemaSpec,
    vintage: str,
    token: CancelToken,
) -> tuple[Done, ...]:
    """A migrated copy at `part`; what was done to it."""
    name = database.location.text
    if isinstance(database, SQLiteDatabase):
        _copy_sqlite(database, part, token)
        files.sound(part, database.location.text)
        token.check()
        with writing.sqlite_connection(part, name) as connection:
            return _upgraded(connection, schema, vintage, token)
    assert isinstance(database, DuckDBDatabase)
    with database.connection(token):  # nobody can write meanwhile
        files.copy_duckdb(path, part, token)
    with writing.duckdb_connection(part, name) as connection:
        return _upgraded(connection, schema, vintage, token)


def _upgraded(
    connection: sa.Connection, schema: SchemaSpec, vintage: str, token: CancelToken
) -> tuple[Done, ...]:
    driver: Any = connection.connection.driver_connection
    with token.interrupting(driver.interrupt):
        return upgrade(connection, schema, vintage)


def _copy_sqlite(database: Database, part: Path, token: CancelToken) -> None:
    with database.connection(token) as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        files.copy_sqlite(driver, part, token)


def _in_place(
    report: Migration, database: Database, path: Path, schema: SchemaSpec, token: CancelToken
) -> Migration:
    backup = path.with_name(f"{path.name}.backup-{datetime.now():%Y%m%d-%H%M%S-%f}")
    change: Callable[..., tuple[Done, ...]] = (
        _change_sqlite if isinstance(database, SQLiteDatabase) else _change_duckdb
    )
    done = change(database, path, backup, schema, report.vintage, token)
    return Migration(
        report.source, report.source, report.family, report.vintage, report.before, report.after,
        done, backup,
    )  # fmt: skip


def _change_sqlite(
    database: Database,
    path: Path,
    backup: Path,
    schema: SchemaSpec,
    vintage: str,
    token: CancelToken,
) -> tuple[Done, ...]:
    """One transaction: nobody writes between the backup and the change, a kill undoes it."""
    with writing.sqlite_connection(path, database.location.text) as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        with files.appearing(backup) as part:
            _copy_sqlite(database, part, token)
            files.sound(part, database.location.text)
            if not files.same_sqlite(driver, part):
                raise _unlike(path)
        return _upgraded(connection, schema, vintage, token)


def _change_duckdb(
    database: Database,
    path: Path,
    backup: Path,
    schema: SchemaSpec,
    vintage: str,
    token: CancelToken,
) -> tuple[Done, ...]:
    """The file is replaced by a migrated copy in one step, once its WAL has been taken in."""
    with writing.duckdb_connection(path, database.location.text):
        pass
    with files.appearing(backup) as part, database.connection(token):
        files.copy_duckdb(path, part, token)
        if not files.same_bytes(path, part):
            raise _unlike(path)
    with files.working(path) as part:
        done = _copied(database, path, part, schema, vintage, token)
        if not files.same_bytes(path, backup):
            raise _unlike(path)
        files.replace(part, path)
    return done


def _unlike(path: Path) -> ExportError:
    return ExportError(
        f"{path} is not what its backup holds, so nothing was changed; close the program that "
        "writes to it and try again."
    )


def _holds_the_same(
    found: Found, target: str | Path | None, schema: SchemaSpec, password: str | None = None
) -> bool:
    """Whether `target` is what an earlier migration of the source, as it is now, has made."""
    try:
        other = find(str(target), password=password)
    except Exception:
        return False
    with closing(other.database):
        if other.family.name != found.family.name or _version(other, schema) != schema.version:
            return False
        return _counts(found, schema) == _counts(other, schema, found)


def _counts(found: Found, schema: SchemaSpec, like: Found | None = None) -> dict[str, int]:
    """The rows of each table that the older database has."""
    tables = (like or found).shape.tables
    with found.database.connection() as connection:
        return {
            name: connection.execute(
                sa.select(sa.func.count()).select_from(sa.table(name))
            ).scalar_one()
            for name in tables
            if name in schema.metadata.tables and name in found.shape.tables
        }
