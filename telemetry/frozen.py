"""Values that never change: what concepts, queries and declarations are made of.

msgspec makes such a class in a thirtieth of the time in which `dataclasses` writes and compiles its
methods, and a command makes a hundred and fifty of them before it asks anything.
"""

from typing import Any, dataclass_transform

from msgspec import Struct, field
from msgspec.structs import asdict, replace

__all__ = ["Frozen", "asdict", "defaults", "field", "replace"]


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Frozen(Struct, frozen=True):
    """A value with the fields that its class declares, equal to another of the same class with
    equal ones, and hashable where they are.

    AttributeError where one is set. A class with `cached_property` says `dict=True`.
    """


def defaults(kind: type[Frozen]) -> dict[str, Any]:
    """The defaults of a class by the names of the fields that have one.

    One that is made anew for each value (`default_factory`) stands for itself.
    """
    given = kind.__struct_defaults__
    return dict(zip(kind.__struct_fields__[-len(given) :], given, strict=True)) if given else {}
