"""VMT: grid economies with barter and money, recorded in SQLite by five vintages of a producer."""

from __future__ import annotations

from typing import Any

SIGNS = ("agent_snapshots.agent_id",)
__all__ = ["FAMILIES", "FAMILY"]


def __getattr__(name: str) -> Any:
    """The declaration is loaded when somebody asks for it: it costs a program that starts."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from telemetry.families.vmt.vocabulary import FAMILY

    return FAMILY if name == "FAMILY" else (FAMILY,)
