"""Which attempts failed: told by the words of the result column, or all where none is a success."""

from __future__ import annotations

from telemetry.concepts import Column
from telemetry.filters import Filter


def failed_text(result: Column | None) -> str | None:
    """The filter text that leaves successes out; None where no word means success."""
    good = () if result is None else result.texts("success")
    if result is None or not good:
        return None
    return f"!{Filter.any_of(result.name, good).expr}"


def succeeded_text(result: Column | None) -> str | None:
    """The filter text that leaves only successes; None where no word means success."""
    good = () if result is None else result.texts("success")
    return str(Filter.any_of(result.name, good).expr) if result is not None and good else None
