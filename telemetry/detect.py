"""From a location to an open Source: magic bytes first, then tables and columns."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from telemetry.engines import Database, Shape
from telemetry.errors import RequestError, SourceError, UnknownFamilyError
from telemetry.families import families, families_for, families_in
from telemetry.families.vocabulary import FamilySpec
from telemetry.frozen import Frozen
from telemetry.location import Location, parse_location
from telemetry.migrated import as_recorded, refuse_newer
from telemetry.source import Source
from telemetry.text import one_line

if TYPE_CHECKING:
    from telemetry.roles.mapping import Mapping

_KNOWN_BYTES = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
)
_UNPACK = "archive, not a telemetry database; unpack it and open what is in it."
_LOAD = "a PostgreSQL dump, not the database; load it into an empty one with"
_PACKED = (
    (b"\x1f\x8b", f"is a gzip {_UNPACK}"),
    (b"BZh", f"is a bzip2 {_UNPACK}"),
    (b"\xfd7zXZ\0", f"is an xz {_UNPACK}"),
    (b"\x28\xb5\x2f\xfd", f"is a zstd {_UNPACK}"),
    (b"7z\xbc\xaf\x27\x1c", f"is a 7z {_UNPACK}"),
    (b"PK\x03\x04", f"is a zip {_UNPACK}"),
    (b"--\n-- PostgreSQL database dump\n", f"is {_LOAD} `psql` and open that one by its URL."),
    (b"PGDMP", f"is {_LOAD} `pg_restore` and open that one by its URL."),
    (
        b"version https://git-lfs",
        "is a Git LFS pointer, not the data; fetch the data with `git lfs pull` and open it again.",
    ),
)
"""What stands for something else, and how to come by that."""


def open_source(
    location: str | os.PathLike[str],
    *,
    scale: int | None = None,
    password: str | None = None,
    roles: Mapping | None = None,
) -> Source:
    """Recognise and open what lies at `location`, read-only; nothing is created or changed.

    `scale` overrides what stored quantities of goods are divided by. A database of no known family
    is read by `roles`, else by those that were saved for its shape, else as they are proposed.
    SourceError (or one of its kinds) with one sentence where it cannot be read; RequestError where
    `roles` do not fit it, or it needs none.
    """
    database, found, shape = _looked_at(location, password)
    try:
        if found is None or roles is not None:
            return _by_roles(database, found, shape, scale, roles)
        known = (found.family, found.vintage, found.shape)
        family, vintage, shape = as_recorded(database, *known)
        migrated = shape is not found.shape  # by and by there may be runs that record more
        again = (lambda: as_recorded(database, *known)[2]) if migrated else None
        return Source(database, family, vintage, shape, scale, again)
    except BaseException:
        database.close()
        raise


def _by_roles(
    database: Database, found: Found | None, shape: Shape, scale: int | None, roles: Mapping | None
) -> Source:
    """A database of no known family, read by what its tables and columns look like."""
    from telemetry.roles.opening import by_roles

    if found is not None:
        raise RequestError(
            f"{database.location.text} is a {found.family.label} source, which needs no roles; "
            "open it without them."
        )
    if not shape.tables:
        raise _unknown(database, shape)
    read = by_roles(database, shape, roles)
    return Source(database, read.family, read.origin, read.shape, scale, by_roles=read)


class Found(Frozen):
    """A recognised database, open for reading, with what its tables show it to be.

    Whoever has it closes the database. `shape` is the database's own, also of what migrations
    added.
    """

    database: Database
    family: FamilySpec
    vintage: str
    shape: Shape


def find(location: str | os.PathLike[str], *, password: str | None = None) -> Found:
    """Recognise what lies at `location`; errors as `open_source`, but nothing is read by roles."""
    database, found, shape = _looked_at(location, password)
    if found is not None:
        return found
    database.close()
    raise _unknown(database, shape)


def _looked_at(
    location: str | os.PathLike[str], password: str | None
) -> tuple[Database, Found | None, Shape]:
    """The database, open, what it was recognised as (None: nothing known), and its own shape."""
    place = parse_location(location)
    database = _connect(place, password)
    try:
        shape = database.shape()
        refuse_newer(database, shape, families_in)
        found = _of_schemas(database, _recognised(shape))
        if found is None:
            return database, None, _with_tables(database, shape)
        return database, Found(database, *found), shape
    except BaseException:
        database.close()
        raise


def _with_tables(database: Database, shape: Shape) -> Shape:
    """`shape`, or where it has no tables that of the one other schema which has some."""
    if shape.tables:
        return shape
    others = {name: there for name, there in database.other_schemas().items() if there.tables}
    if len(others) > 1:
        names = ", ".join(one_line(name, limit=40) for name in sorted(others))
        raise SourceError(
            f"{database.location.text} holds tables in several schemas ({names}); add "
            f"?schema={min(others)} (or another of them) to the URL."
        )
    for name in others:
        database.look_in(name)
        database.notes = (*database.notes, f"The tables of the schema {name} are shown.")
    return next(iter(others.values()), shape)


def _unknown(database: Database, shape: Shape) -> UnknownFamilyError:
    return UnknownFamilyError(
        f"{database.location.text} is a {database.engine_label} database of no known family: "
        f"{_holds(shape)}; open a database that a supported simulator recorded."
    )


Recognised = tuple[FamilySpec, str, Shape]


def _recognised(shape: Shape) -> Recognised | None:
    """The family that knows the shape, with the vintage and its own spelling of names.

    Of several (experiments may stand above any runs) it is the one that knows the most tables.
    """
    found: Recognised | None = None
    most = 0
    for family in families_for(shape):
        spelt = shape.spelt_like(family.names())
        vintage = family.recognise(spelt)
        known = len(family.names().keys() & spelt.tables.keys())
        if vintage is not None and (found is None or known > most):
            found, most = (family, vintage, spelt), known
    return found


def _of_schemas(database: Database, found: Recognised | None) -> Recognised | None:
    """`found`, else what another schema holds; SourceError where the user has to choose."""
    known = {name: _recognised(shape) for name, shape in database.other_schemas().items()}
    schemas = sorted(name for name, there in known.items() if there is not None)
    names = ", ".join(one_line(name, limit=40) for name in schemas)
    if found is not None:
        if len(schemas) > 1:
            said = f"The schemas {names} hold telemetry; ?schema=NAME in the URL chooses one."
            database.notes = (*database.notes, said)
        return found
    if len(schemas) > 1:
        raise SourceError(
            f"{database.location.text} holds telemetry in several schemas ({names}); add "
            f"?schema={schemas[0]} (or another of them) to the URL."
        )
    if not schemas:
        return None
    database.look_in(schemas[0])
    database.notes = (*database.notes, f"The tables of the schema {names} are shown.")
    return known[schemas[0]]


def _connect(place: Location, password: str | None) -> Database:
    if place.path is None:
        from telemetry.engines.postgresql import PostgreSQLDatabase

        return PostgreSQLDatabase(place, password)
    known = _file_with_signature(place, place.path)
    if known is not None:
        return known
    with _explained(place.text):
        folder = next(
            (f.folder for f in families() if f.folder and f.folder.recognise(place.path)), None
        )
    if folder is not None:
        from telemetry.engines.duckdb import FolderDatabase

        return FolderDatabase(place, folder.views, folder.of_runs)
    if place.path.is_dir():
        known = _text_files(place, place.path)
        if known is not None:
            return known
    return _open_file(place, place.path)


def _text_files(place: Location, path: Path) -> Database | None:
    """A CSV file or a folder of them; None for anything else."""
    from telemetry.roles import files

    if not files.recognise(path):
        return None
    from telemetry.engines.duckdb import FolderDatabase

    return FolderDatabase(place, files.views)


def _file_with_signature(place: Location, path: Path) -> Database | None:
    """The database whose first bytes name its engine; None for what may be a family's own file."""
    try:
        head = _head(place.text, path)
    except SourceError:
        return None  # a folder, or nothing that can be read: whoever asks next says what
    from telemetry.engines.sqlite_file import MAGIC

    if head.startswith(MAGIC):
        from telemetry.engines.sqlite import SQLiteDatabase

        return SQLiteDatabase(place)
    if head[8:12] != b"DUCK":
        return None
    from telemetry.engines.duckdb import DuckDBDatabase

    return DuckDBDatabase(place)


def _open_file(place: Location, path: Path) -> Database:
    head = _head(place.text, path)
    for magic, advice in _PACKED:
        if head.startswith(magic):
            raise SourceError(f"{place.text} {advice}")
    found = _text_files(place, path) if _what(head) == "a text file" else None
    if found is not None:
        return found
    raise SourceError(
        f"{place.text} is {_what(head)}, not a telemetry database; choose another file."
    )


def _head(name: str, path: Path) -> bytes:
    """The file's first bytes; SourceError for what is no file or cannot be read."""
    from telemetry.engines.sqlite_file import head_of

    with _explained(name):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            os.scandir(path).close()
            raise SourceError(
                f"{name} is a folder that holds no telemetry; choose a database file in it."
            )
        if not stat.S_ISREG(mode):  # to open a pipe would wait for its writer
            raise SourceError(f"{name} is a pipe or a device, not a file; choose a database file.")
        return head_of(path)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """The system's error about a path as a sentence."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(f"{name} does not exist; check the path (nothing was created).") from None
    except PermissionError:
        raise SourceError(f"{name} may not be read by you; ask its owner for permission.") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SourceError(f"{name} cannot be read ({why}); check the path.") from None


def _what(head: bytes) -> str:
    if not head:
        return "an empty file"
    for magic, name in _KNOWN_BYTES:
        if head.startswith(magic):
            return name
    control = any(byte < 32 and byte not in b"\t\n\f\r" for byte in head)
    return "a binary file" if control else "a text file"


def _holds(shape: Shape) -> str:
    if not shape.tables:
        return "it holds no tables at all"
    names = [one_line(name, limit=40) for name in sorted(shape.tables)]
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"it holds the tables {', '.join(names[:8])}{more}"
