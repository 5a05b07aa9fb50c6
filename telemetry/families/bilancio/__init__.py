"""Bilancio: rings of debtors with and without a dealer, written as folders of CSV files."""

from __future__ import annotations

from typing import Any

SIGNS = ("pairs.trading_effect", "horizon.dealer_inventory")
__all__ = ["FAMILIES", "FAMILY"]


def __getattr__(name: str) -> Any:
    """The declaration is loaded when somebody asks for it: it costs a program that starts."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from telemetry.families.bilancio.vocabulary import FAMILY

    return FAMILY if name == "FAMILY" else (FAMILY,)
