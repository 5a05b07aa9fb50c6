"""Where a source is: a path, a file:// URL or a SQLAlchemy URL, and its text without secrets."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import parse_qsl, unquote, unquote_to_bytes, urlsplit

from telemetry.errors import SourceError
from telemetry.frozen import Frozen, replace

_SECRET = re.compile(r"(?<=[?&])[^=&]*pass\w*=[^&]*&?", re.IGNORECASE)


class Location(Frozen):
    """Either a local `path` or a server's `url`; `text` is how it is shown, never with a password.

    `dialect` is set where the text names one ("sqlite:///x" → "sqlite"); a plain path has none
    and is recognised by its content. `schema` is the one of several that a URL chooses by
    `?schema=NAME`.
    """

    text: str
    path: Path | None = None
    url: str | None = None
    dialect: str | None = None
    schema: str | None = None

    def __repr__(self) -> str:
        """Without the URL, which may hold a password."""
        return f"Location({self.text!r})"

    @property
    def name(self) -> str:
        """A short name for a title: the file's or the database's."""
        if self.path is not None:
            return _shown(Path(self.path.name or self.path))
        return urlsplit(self.url or "").path.strip("/") or self.text

    @property
    def key(self) -> str:
        """A stable identity for settings and notes."""
        if self.path is None:
            return self.text
        return str(self.path) + (f"?schema={self.schema}" if self.schema else "")


def parse_location(location: str | os.PathLike[str]) -> Location:
    """Understand `location`; the file need not exist. SourceError for a URL of no known kind."""
    if isinstance(location, os.PathLike):
        return _local(Path(location))
    text = location.strip()
    if not text:
        raise SourceError("No source was named; give a file, a folder or a database URL.")
    if "\0" in text:
        raise SourceError("The name of the source contains a NUL character; give a file or a URL.")
    if "://" not in text:
        return _local(Path(location if os.path.lexists(location) else text))
    scheme = text.split("://", 1)[0].lower()
    if scheme == "file":
        return _local(_file_url_path(text))
    dialect = scheme.split("+", 1)[0]
    if dialect in ("sqlite", "duckdb"):
        return replace(_local(_database_path(text), dialect), schema=_schema(text))
    if dialect in ("postgresql", "postgres"):
        schema = _schema(text)
        return Location(text=redact(text), url=text, dialect="postgresql", schema=schema)
    raise SourceError(
        f"{redact(text)} names the unknown kind of database {scheme!r}; "
        "use a path, file://, sqlite:///, duckdb:/// or postgresql://."
    )


def redact(url: str) -> str:
    """The URL with its password, wherever one may stand, replaced by ***."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        head, _, tail = url.partition("://")
        shown = f"{head}://***@{tail.rsplit('@', 1)[1]}" if "@" in tail else url
        return re.sub(r"(pass\w*=)[^&]*", r"\1***", shown, flags=re.IGNORECASE)
    secret = {k: "***" for k in parsed.query if "pass" in k.lower()}
    return parsed.update_query_dict(secret).render_as_string(hide_password=True)


def _local(path: Path, dialect: str | None = None) -> Location:
    try:
        absolute = Path(os.path.abspath(path.expanduser()))
    except (OSError, RuntimeError) as error:  # no such home folder, or no working folder any more
        raise SourceError(f"{_shown(path)} cannot be found ({error}); give a full path.") from None
    return Location(text=_shown(absolute), path=absolute, dialect=dialect)


def _shown(path: Path) -> str:
    """The path as one line that any terminal and file can take."""
    text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(path))
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _file_url_path(text: str) -> Path:
    parts = urlsplit(text)
    if parts.netloc not in ("", "localhost"):
        raise SourceError(f"{text} lies on another machine; copy the file here and open the copy.")
    if os.name == "nt":
        from urllib.request import url2pathname  # with all that speaks to servers

        return Path(url2pathname(parts.path))
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))


def _schema(text: str) -> str | None:
    """The schema that the query of a URL names; "" is none."""
    named = dict(parse_qsl(urlsplit(text).query)).get("schema")
    return named or None


def _database_path(text: str) -> Path:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        database = make_url(text).database
    except (ArgumentError, ValueError):
        database = None
    if not database or database == ":memory:":
        raise SourceError(f"{redact(text)} names no file; write sqlite:///path/to/file.db.")
    if database.startswith("file:"):
        database = unquote(urlsplit(database).path)
    return Path(database)


def without_secrets(location: str) -> str:
    """A location without password, nor a sign that there was one."""
    scheme, separator, rest = location.partition("://")
    if not separator:
        return location
    credentials, at, place = rest.rpartition("@")
    bare = _SECRET.sub("", place).rstrip("?&")
    return f"{scheme}://{credentials.partition(':')[0]}{at}{bare}"
