"""The families: a folder each, found by its name; add a folder with `FAMILIES` to add a family."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from telemetry.families.vocabulary import FamilySpec

if TYPE_CHECKING:
    from telemetry.engines import Shape


@cache
def families() -> tuple[FamilySpec, ...]:
    """Every family that has a folder here, in the order of their names."""
    return tuple(family for package in _packages() for family in package.FAMILIES)


def families_in(folders: Collection[str]) -> Iterator[FamilySpec]:
    """The families of these folders, which databases' own versions name; no others are loaded."""
    for package in _packages():
        if package.__name__.rpartition(".")[2] in folders:
            yield from package.FAMILIES


def families_for(shape: Shape) -> Iterator[FamilySpec]:
    """Those families that may know the shape; the declarations of the others are not loaded.

    A folder's `SIGNS` are tables or columns ("table.column") of which every database of its
    families has one; a folder without them is always asked.
    """
    lower = {
        table.lower(): {column.lower() for column in columns}
        for table, columns in shape.tables.items()
    }

    def has(sign: str) -> bool:
        table, _, column = sign.lower().partition(".")
        return table in lower and (not column or column in lower[table])

    for package in _packages():
        signs = getattr(package, "SIGNS", None)
        if signs is None or any(has(sign) for sign in signs):
            yield from package.FAMILIES


def _packages() -> Iterator[Any]:
    for module in pkgutil.iter_modules(__path__):
        if module.ispkg:
            yield importlib.import_module(f"{__name__}.{module.name}")
