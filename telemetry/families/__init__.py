"""The families: a folder each, found by its name; add a folder with `FAMILIES` to add a family."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from telemetry.families.vocabulary import FamilySpec


@cache
def families() -> tuple[FamilySpec, ...]:
    """Every family that has a folder here, in the order of their names."""
    found = []
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            found.extend(importlib.import_module(f"{__name__}.{module.name}").FAMILIES)
    return tuple(found)
