"""Whether two sources give the same answers, to the last bit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

import telemetry
from telemetry import queries as q
from telemetry.errors import NothingFoundError, RequestError
from telemetry.frozen import Frozen, asdict


def same(one: object, other: object) -> bool:
    """Equal in type and value, NaN being equal to NaN, whatever concept it is."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")
    if isinstance(one, Frozen) and isinstance(other, Frozen):
        return same(asdict(one), asdict(other))
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return one == other or (one != one and other != other)


def differences(
    one: telemetry.Source, other: telemetry.Source, queries: Iterable[q.Query[object]]
) -> list[q.Query[object]]:
    """The questions that two sources answer differently, or of which only one has an answer."""
    return [query for query in queries if not same(answer(one, query), answer(other, query))]


def answer(source: telemetry.Source, query: q.Query[object]) -> object:
    """The answer, with all rows where it is a table; the sentence where nothing is found."""
    try:
        found = source.ask(query)
    except (NothingFoundError, RequestError) as error:
        return str(error)
    if isinstance(query, q.TableQuery):
        return found, tuple(row for chunk in source.stream(query) for row in chunk)
    return found
