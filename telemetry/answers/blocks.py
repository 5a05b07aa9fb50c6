"""Blocks: columns that grow by chunks, in memory that the system gets back when they go."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
import numpy.typing as npt

ROWS = 500_000
"""Rows of a block. Small arrays would come from the heap, which keeps what is given back to it."""


class Blocks:
    """Fills the lists that it is given, of one array a block and column; all blocks of a row of
    columns end with the same row. Arrays of objects stay on the heap.
    """

    def __init__(self, *columns: list[Any]) -> None:
        self._columns = columns
        self._open: list[npt.NDArray[Any]] = []
        self._used = 0

    def add(self, *parts: npt.NDArray[Any]) -> None:
        """The next rows of every column: one array each, all of the same length."""
        size = parts[0].size
        alike = [part.dtype for part in parts] == [block.dtype for block in self._open]
        fits = alike and self._used + size <= self._open[0].size
        if not fits:
            self._open = [room(max(ROWS, size), part.dtype) for part in parts]
            self._used = 0
        end = self._used + size
        for column, block, part in zip(self._columns, self._open, parts, strict=True):
            block[self._used : end] = part
            if fits:
                column.pop()
            column.append(block[:end])
        self._used = end


def room(rows: int, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """An array that takes memory page by page as it is filled; NumPy's own large ones take two
    megabytes wherever one value is written."""
    if kind.hasobject or not rows:
        return np.empty(rows, kind)
    return np.frombuffer(mmap.mmap(-1, rows * kind.itemsize), kind)
