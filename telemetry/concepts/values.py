"""What everything is made of: cells, ids, tick ranges, and the arrays of series."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal, TypeAlias

from telemetry.frozen import Frozen

if TYPE_CHECKING:  # which takes a command a tenth of its time
    import numpy as np
    import numpy.typing as npt

Cell = None | bool | int | float | Decimal | str | bytes
"""A value exactly as stored (or exactly scaled): None is NULL, and is neither 0 nor ""."""
RunId = int | str
AgentId = int | str
Kind = Literal["int", "real", "text", "json", "flag", "time"]
Ints: TypeAlias = "npt.NDArray[np.int64]"
Floats: TypeAlias = "npt.NDArray[np.float64]"


class TickRange(Frozen, order=True):
    """Ticks from `first` to `last`, both included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> TickRange:
        """`"3~9"` or `"5"` as a range; ValueError for anything else."""
        first, sep, last = text.partition("~")
        low = int(first)
        high = int(last) if sep else low
        if high < low:
            raise ValueError(f"{text!r} ends before it begins")
        return cls(low, high)

    def __contains__(self, tick: int) -> bool:
        return self.first <= tick <= self.last

    def __str__(self) -> str:
        return f"{self.first}~{self.last}"
