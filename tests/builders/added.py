"""A family's folder put among the others, for the length of a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import telemetry.families


@contextmanager
def added(folder: Path, package: str) -> Iterator[None]:
    """`folder` holds the package `package`, which declares a family and nothing else knows of."""
    known = list(telemetry.families.__path__)
    telemetry.families.__path__ = [*known, str(folder)]
    telemetry.families.families.cache_clear()
    try:
        yield
    finally:
        telemetry.families.__path__ = known
        sys.modules.pop(f"telemetry.families.{package}", None)
        vars(telemetry.families).pop(package, None)
        telemetry.families.families.cache_clear()
