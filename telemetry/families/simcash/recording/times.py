"""Times of rows that are told apart by them, as the text that is stored."""

from __future__ import annotations

from datetime import datetime, timedelta

from telemetry.recording.binding import time_text

MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000


def rising(first: datetime, count: int) -> list[str]:
    """So many times, each a microsecond after the one before; each ISO 8601 with a space."""
    found: list[str] = []
    while len(found) < count:
        at = first + len(found) * MICROSECOND
        second = time_text(at)[:-6]
        end = min(_SECOND, at.microsecond + count - len(found))
        found += [f"{second}{part:06d}" for part in range(at.microsecond, end)]
    return found
