"""The shared persistence layer of market simulations: open any telemetry database, ask, record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from telemetry.detect import open_source
    from telemetry.engines.copies import copy_of
    from telemetry.source import Source

__version__ = "0.1.0"
__all__ = ["Source", "__version__", "copy_of", "open_source"]

_HOMES = {
    "copy_of": "telemetry.engines.copies",
    "open_source": "telemetry.detect",
    "Source": "telemetry.source",
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used, so that importing telemetry costs nothing."""
    if name not in _HOMES:
        raise AttributeError(f"module 'telemetry' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
