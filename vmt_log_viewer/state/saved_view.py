"""SavedView: one view of the window as a small JSON file that shows the same again elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

from telemetry import __version__
from telemetry.concepts import AgentId, TickRange
from telemetry.errors import SourceError
from telemetry.export.staging import sentences, staged
from telemetry.location import without_secrets

FORMAT = 1
KIND = "vmt-log-viewer view"
KEY = "view"
"""Where the note beside an exported file holds the view that it was exported from."""
LARGEST = 16 << 20
"""Bytes that a file of a view may have."""


class SavedSource(msgspec.Struct, frozen=True, omit_defaults=True):
    """A source as it was when the view was saved. `location` holds no password; a path beside or
    below the file of the view is relative to it there, and absolute in memory. `roles` is the file
    of roles by which a database of no known family was read.
    """

    location: str
    family: str = ""
    scale: int | None = None
    roles: dict[str, Any] | None = None
    fingerprint: dict[str, Any] | None = None

    @property
    def path(self) -> Path | None:
        """None where the source is a server."""
        return None if "://" in self.location else Path(self.location)


class SavedRun(msgspec.Struct, frozen=True):
    """A run that is compared: of the source at this place, the run id as text."""

    source: int
    run: str


class SavedView(msgspec.Struct, frozen=True, kw_only=True):
    """What one view shows. The first of `sources` is the one shown, the others are compared with.

    `marks` are the ticks that were marked, with names and notes (`state/marks.py`).
    `run` None: a view of the source above its runs. `state` is the view's own (`View.state`);
    `splitters`, `columns` and `scrolled` are the sizes of its splitters and of the columns of its
    tables, and where its scroll bars stand, in the order of its parts; `rooms` are the rows that
    its facets keep room for. `ratio` is how many pixels of the screen made one of the window.
    """

    view: str
    sources: tuple[SavedSource, ...]
    run: str | None = None
    compared: tuple[SavedRun, ...] = ()
    experiment: tuple[str, int | None] | None = None
    tick: int | None = None
    brush: tuple[int, int] | None = None
    agents: tuple[AgentId, ...] = ()
    item: dict[str, Any] | None = None
    marks: tuple[dict[str, Any], ...] = ()
    state: dict[str, Any] = {}
    splitters: tuple[tuple[int, ...], ...] = ()
    columns: tuple[tuple[int, ...], ...] = ()
    rooms: dict[str, int] = {}
    scrolled: tuple[tuple[int, int], ...] = ()
    theme: str = "light"
    size: tuple[int, int] | None = None
    ratio: Annotated[float, msgspec.Meta(ge=0.5, le=8)] = 1.0
    program_version: str = __version__

    @property
    def source(self) -> SavedSource:
        return self.sources[0]

    @property
    def ticks(self) -> TickRange | None:
        """The brush."""
        return None if self.brush is None else TickRange(*self.brush)

    def with_fingerprints(self, found: Iterable[Mapping[str, Any]]) -> SavedView:
        """The same view, with a fingerprint for each of its sources."""
        sources = tuple(
            msgspec.structs.replace(source, fingerprint=dict(values))
            for source, values in zip(self.sources, found, strict=True)
        )
        return msgspec.structs.replace(self, sources=sources)

    def as_json(self, folder: Path | None = None) -> dict[str, Any]:
        """The view as JSON holds it; paths in `folder` become relative to it."""
        values: dict[str, Any] = msgspec.to_builtins(self)
        for source in values["sources"]:
            source["location"] = _relative(source["location"], folder)
        return {"kind": KIND, "format": FORMAT, **values}

    def write(self, path: Path) -> None:
        """Write the view to `path`; ExportError where that cannot be."""
        text = json.dumps(self.as_json(path.absolute().parent), indent=1, ensure_ascii=False)
        with staged() as files:
            stream = files.open(path)
            with sentences(path):
                stream.write(text + "\n")


def read_view(path: Path) -> SavedView:
    """The view in a file, or in the note beside an exported file.

    SourceError, one sentence, where it cannot be read, is none, or is of a newer program.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise SourceError(f"{path} is too large for a saved view; open it as a source.")
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is no JSON, so it is no saved view.") from error
    view = view_in(values)
    if view is None:
        raise SourceError(f"{path} is no saved view; open it as a source.")
    return _parsed(view, path)


def is_view(path: Path) -> bool:
    """Whether a file looks like a saved view, so that it is not opened as a source."""
    try:
        if path.suffix.lower() != ".json" or not path.is_file() or path.stat().st_size > LARGEST:
            return False
        return view_in(json.loads(path.read_text(encoding="utf-8"))) is not None
    except (OSError, ValueError, RecursionError):
        return False


def view_in(values: object) -> Mapping[str, Any] | None:
    """The JSON of a view: the whole file, or what an exported file's note says of its view."""
    for found in (values, values.get(KEY) if isinstance(values, dict) else None):
        if isinstance(found, dict) and found.get("kind") == KIND:
            return found
    return None


def _parsed(values: Mapping[str, Any], path: Path) -> SavedView:
    found = values.get("format")
    if not isinstance(found, int) or found > FORMAT:
        version = values.get("program_version", "?")
        raise SourceError(
            f"{path} was saved by version {version} in format {found}, and version {__version__} "
            f"reads formats up to {FORMAT}; use a newer program to open it."
        )
    try:
        view = msgspec.convert(values, SavedView)
    except msgspec.ValidationError as error:
        raise SourceError(f"{path} is damaged ({error}); save the view again.") from error
    if not view.sources or any(run.source >= len(view.sources) for run in view.compared):
        raise SourceError(f"{path} is damaged (it names no source); save the view again.")
    folder = path.absolute().parent
    sources = tuple(
        msgspec.structs.replace(source, location=_absolute(source.location, folder))
        for source in view.sources
    )
    return msgspec.structs.replace(view, sources=sources)


def missing(view: SavedView, path: Path) -> str | None:
    """The sentence for a source that is not where the view says; None where all are there."""
    for source in view.sources:
        place = source.path
        if place is not None and not place.exists():
            return (
                f"{path.name} shows {place}, which is not there; put it there again, or write "
                'where it is now into the file of the view ("location").'
            )
    return None


def _relative(location: str, folder: Path | None) -> str:
    if folder is None or "://" in location or not Path(location).is_relative_to(folder):
        return location
    return Path(location).relative_to(folder).as_posix()


def _absolute(location: str, folder: Path) -> str:
    return location if "://" in location else str(folder / location)


__all__ = [
    "FORMAT",
    "KIND",
    "SavedRun",
    "SavedSource",
    "SavedView",
    "is_view",
    "missing",
    "read_view",
    "view_in",
    "without_secrets",
]
