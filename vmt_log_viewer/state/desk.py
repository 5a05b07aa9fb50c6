"""Desk: all that is open and how it is seen, as a small JSON file that a crash cannot take."""

from __future__ import annotations

from typing import Any

import msgspec

from telemetry.concepts import AgentId, TickRange

FORMAT = 1


class Desk(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What lies open. `sources` are locations without passwords; `shown` and `compared` number
    them, runs are named by their ids as text. `states` are the views' own choices
    (`View.state`) by view, `arrangement` says where the views stand.

    `failures` counts how often in a row a program ended badly while it put this desk up again.
    """

    sources: tuple[str, ...] = ()
    shown: int | None = None
    run: str | None = None
    compared: tuple[tuple[int, str], ...] = ()
    experiment: tuple[str, int | None] | None = None
    tick: int | None = None
    brush: tuple[int, int] | None = None
    agents: tuple[AgentId, ...] = ()
    item: dict[str, Any] | None = None
    arrangement: dict[str, Any] = {}
    states: dict[str, dict[str, Any]] = {}
    failures: int = 0
    format: int = FORMAT

    @property
    def ticks(self) -> TickRange | None:
        """The brush."""
        return None if self.brush is None else TickRange(*sorted(self.brush))

    def failed_again(self) -> Desk:
        """The same, with one failure more."""
        return msgspec.structs.replace(self, failures=self.failures + 1)


def desk_text(desk: Desk) -> bytes:
    """The JSON of a desk."""
    return msgspec.json.encode(desk)


def desk_in(text: bytes) -> Desk | None:
    """The desk in a file's text; None where it is damaged or of a newer program."""
    try:
        desk = msgspec.json.decode(text, type=Desk)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    places = [place for place, _ in desk.compared]
    places += [] if desk.shown is None else [desk.shown]
    known = all(0 <= place < len(desk.sources) for place in places)
    return desk if known and 0 < desk.format <= FORMAT else None
