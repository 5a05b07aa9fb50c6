"""MoltMarket: an order-book market whose every event is chained by hashes."""

from __future__ import annotations

from typing import Any

SIGNS = ("events.event_hash",)
__all__ = ["FAMILIES", "FAMILY"]


def __getattr__(name: str) -> Any:
    """The declaration is loaded when somebody asks for it: it costs a program that starts."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from telemetry.families.moltmarket.vocabulary import FAMILY

    return FAMILY if name == "FAMILY" else (FAMILY,)
