"""What can go wrong, as a few kinds of error whose message is one sentence for a person."""

from __future__ import annotations

from pathlib import Path


class TelemetryError(Exception):
    """One sentence: what happened, to what, and what to do. Never carries a password."""


class SourceError(TelemetryError):
    """The source cannot be read: absent, not a database, locked, damaged, newer, refused."""


class UnknownFamilyError(SourceError):
    """A readable database or folder that belongs to no known family."""


class LockedError(SourceError):
    """Somebody else holds the source; trying again later may work.

    `copyable` is the file of which a copy can be read meanwhile, where there is one.
    """

    def __init__(self, message: str, *, copyable: Path | None = None) -> None:
        super().__init__(message)
        self.copyable = copyable


class ChangedError(LockedError):
    """Somebody else changed the source while it was read; asking again may work at once."""


class AskAgainError(SourceError):
    """The question has to be asked once more, and will then be answered in another way."""


class NothingFoundError(TelemetryError):
    """The question is a good one, but the source holds nothing that answers it."""


class RequestError(TelemetryError):
    """The question itself makes no sense: an unknown table, column, measure, lane or option."""


class FilterError(RequestError):
    """A filter text that cannot be understood; `column` and `text` say which."""

    def __init__(self, message: str, *, column: str = "", text: str = "") -> None:
        super().__init__(message)
        self.column = column
        self.text = text


class QueryCancelled(TelemetryError):
    """The asker withdrew the question; not a failure."""


class ExportError(TelemetryError):
    """The answer cannot be written where it was asked to go; nothing half-written remains."""


class RecordingError(TelemetryError):
    """A recorder was given a value that it must not store, or cannot store it; names the field."""
