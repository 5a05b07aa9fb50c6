"""What every recorder of databases is: a target that is written to until it is closed."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from telemetry.recording.target import Target


class Recorder:
    """A database that runs are written to; a family adds how a run is begun.

    What a caller would get wrong: closing it does not finish its runs; each does so by its own
    ``with`` block or `finish`.
    """

    def __init__(self, target: Target) -> None:
        self._target = target

    def close(self) -> None:
        """Release the database; idempotent."""
        self._target.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
