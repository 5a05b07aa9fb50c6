"""Whole numbers in lines of CSV: `1` of a column of doubles becomes `1.0`, as we write it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

_COMMA, _LINE_FEED, _QUOTE, _POINT = b",", b"\n", b'"', b"."
_LETTERS = ord("A")
"""From here on there are letters: of an exponent, or of what is no number."""


def with_points(lines: bytearray, columns: int, reals: Sequence[int]) -> bytes | bytearray:
    """Whole lines of `columns` fields, with ".0" behind the whole numbers of those in `reals`."""
    if not reals or not lines:
        return lines
    read = np.frombuffer(lines, np.uint8)
    ends = _whole(read, _ends(read, _QUOTE in lines), columns, np.array(reals))
    if not len(ends):
        return lines
    return np.insert(read, np.repeat(ends, 2), np.tile([ord("."), ord("0")], len(ends))).tobytes()


def _ends(read: Any, quotes: bool) -> Any:
    """Where each field ends: at commas and line feeds outside of quotes."""
    found = read == ord(_COMMA)
    found |= read == ord(_LINE_FEED)
    if quotes:
        found &= ~np.bitwise_xor.accumulate(read == ord(_QUOTE))
    return np.flatnonzero(found)


def _whole(read: Any, ends: Any, columns: int, reals: Any) -> Any:
    """Where those of the `reals` end that have neither a point nor a letter, in their order."""
    places = (np.arange(0, len(ends), columns)[:, None] + reals).ravel()
    last = ends[places]
    at = np.where(places > 0, ends[places - 1] + 1, 0)
    (left,) = np.nonzero(at < last)  # NULL is an empty field
    found = []
    while len(left):
        at[left] += 1
        over = at[left] == last[left]
        found.append(left[over])
        left = left[~over]
        byte = read[at[left]]
        left = left[(byte != ord(_POINT)) & (byte < _LETTERS)]
    return last[np.sort(np.concatenate(found))] if found else last[:0]
