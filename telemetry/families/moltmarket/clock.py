"""The time of an event: without a zone, to the millisecond, as the producer stores it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def as_text(when: datetime) -> str:
    """A time as the producer stores it."""
    return when.isoformat(" ", "milliseconds").partition("+")[0]


class Stamp:
    """The time now (UTC) as text; events of one millisecond share it."""

    def __init__(self) -> None:
        self._at, self._text = -1, ""

    def __call__(self) -> str:
        now = time.time_ns() // 1_000_000
        if now != self._at:
            second, part = divmod(now, 1_000)
            when = datetime.fromtimestamp(second, UTC).replace(microsecond=part * 1_000)
            self._at, self._text = now, as_text(when)
        return self._text
