"""Fingerprint: what tells a source from another one, and from itself after a change."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts.values import Cell
from telemetry.frozen import Frozen, field


class Fingerprint(Frozen):
    """`value` is a BLAKE2b hash in hexadecimal digits, `method` says in words of what.

    `whole`: no byte can change without another value. `facts` is what else tells (size, time of
    the last change, version of a server); it is no part of the value where a copy of the same
    content may differ by it. Two fingerprints compare only where their methods are the same.
    """

    value: str
    method: str
    whole: bool
    facts: Mapping[str, Cell] = field(default_factory=dict)

    def as_values(self) -> dict[str, Cell]:
        """As JSON can hold it."""
        return {"value": self.value, "method": self.method, "whole": self.whole, **self.facts}


def changed_since(now: Fingerprint, then: Mapping[str, object]) -> bool | None:
    """Whether a source differs from the one whose `as_values` is `then`; None: nobody can tell."""
    if not then.get("value") or then.get("method") != now.method:
        return None
    return then["value"] != now.value
