"""Concepts as a text and arrays, and back: exact, and nothing in it can be executed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

from telemetry import concepts
from telemetry.frozen import Frozen, asdict

if TYPE_CHECKING:
    import numpy.typing as npt

Array: TypeAlias = "npt.NDArray[Any]"
_AS_THEY_ARE = {str, int, bool, type(None)}
"""Cells that JSON knows."""


def encoded(value: object) -> tuple[str, list[Array]]:
    """JSON, and the arrays that it refers to by their places.

    TypeError for what is neither a concept nor made of cells, tuples, mappings and plain arrays.
    """
    arrays: list[Array] = []
    return json.dumps(_tagged(value, arrays)), arrays


def decoded(text: str, arrays: list[Array]) -> object:
    """What `encoded` was given; KeyError, ValueError or TypeError where it was something else."""
    return _plain(json.loads(text), arrays)


def _tagged(value: object, arrays: list[Array]) -> object:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):  # in digits, for JSON has no NaN
        return {"float": repr(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, tuple):
        if _AS_THEY_ARE.issuperset(map(type, value)):
            return value
        return [_tagged(item, arrays) for item in value]
    if isinstance(value, list):
        return {"list": [_tagged(item, arrays) for item in value]}
    if _is_array(value):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, Mapping):
        return {"map": [[_tagged(k, arrays), _tagged(v, arrays)] for k, v in value.items()]}
    if isinstance(value, Frozen) and _known().get(type(value).__name__) is type(value):
        return {"is": type(value).__name__, "of": _tagged(asdict(value), arrays)}
    raise TypeError(type(value))


def _is_array(value: object) -> TypeGuard[Array]:
    numpy = sys.modules.get("numpy")  # which nobody has loaded where there are no arrays
    return numpy is not None and isinstance(value, numpy.ndarray) and value.dtype.kind in "iuf"


def _plain(value: Any, arrays: list[Array]) -> Any:
    if isinstance(value, list):
        if _AS_THEY_ARE.issuperset(map(type, value)):
            return tuple(value)
        return tuple(_plain(item, arrays) for item in value)
    if not isinstance(value, dict):
        return value
    if "is" in value:
        return _known()[value["is"]](**_plain(value["of"], arrays))
    ((tag, inner),) = value.items()
    return _READ[tag](inner, arrays)


_READ: dict[str, Callable[[Any, list[Array]], Any]] = {
    "float": lambda text, _: float(text),
    "decimal": lambda text, _: Decimal(text),
    "bytes": lambda text, _: bytes.fromhex(text),
    "list": lambda items, arrays: [_plain(item, arrays) for item in items],
    "array": lambda place, arrays: arrays[place],
    "map": lambda pairs, arrays: {_plain(k, arrays): _plain(v, arrays) for k, v in pairs},
}


@cache
def _known() -> dict[str, type[Any]]:
    named = {name: getattr(concepts, name) for name in concepts.__all__}
    return {n: k for n, k in named.items() if isinstance(k, type) and issubclass(k, Frozen)}
