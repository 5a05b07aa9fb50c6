"""A run by the states of its lanes: its numbers in each state, and paths around each switch."""

from __future__ import annotations

from typing import Literal

from telemetry.concepts.schema import Column, Measure
from telemetry.concepts.values import Cell, Floats, Ints
from telemetry.frozen import Frozen

Folding = Literal["count", "sum", "avg", "min", "max"]
Overlap = Literal["cut", "keep"]
Unit = Literal["switch", "agent"]


class SplitQuantity(Frozen):
    """One number of a table's rows, or of a measure, in each state of a split.

    `count[i]` are the values that it stands on in state i (rows, where `function` is "count"),
    `total[i]` their sum, or the lowest or highest of them; None where there are none. `group` is
    the pair type, reason … that it is of, None: of all rows.
    """

    table: str
    label: str
    group: str | None
    column: Column
    function: Folding
    count: tuple[int, ...]
    total: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """What a person calls it: "trades A<->M: mean price"."""
        about = self.label if self.group is None else f"{self.label} {self.group}"
        return f"{about}: {self.column.label}"

    @property
    def adds_up(self) -> bool:
        """Whether states that last longer have more of it, so that it is worth a rate per tick."""
        return self.function in ("count", "sum")

    def value(self, state: int) -> Cell:
        """The number in a state: None where it stands on nothing, a count excepted."""
        count, total = self.count[state], self.total[state]
        if self.function == "count":
            return count
        if not count or total is None or isinstance(total, str | bytes):
            return None
        return float(total) / count if self.function == "avg" else total


class Split(Frozen):
    """What a run (or several) came to in each state of one lane, or of several lanes crossed.

    `states` are in the order of their first tick; None, always the last, are ticks whose state
    is not recorded. `ticks[i]` is how many ticks a state lasted, over all `runs` of them.
    """

    label: str
    states: tuple[str | None, ...]
    ticks: tuple[int, ...]
    quantities: tuple[SplitQuantity, ...]
    runs: int = 1
    notes: tuple[str, ...] = ()


class StudyPath(Frozen):
    """The average path around one kind of switch: float64[n] at each of the study's offsets.

    `n` int64[n] are the paths that an average stands on, `values` the agents' values in them.
    `low` and `high` are NaN where fewer than two paths are there; `switches` counts those found,
    `runs` the runs that they are of.
    """

    name: str
    mean: Floats
    low: Floats
    high: Floats
    n: Ints
    values: Ints
    switches: int
    runs: int


class Study(Frozen):
    """A measure around every switch of a lane, offset 0 being the first tick of the new state.

    `unit`: a path is what one switch did to the mean over agents, or to each single agent.
    `overlap`: windows end where the states before and after do ("cut"), or reach over ("keep").
    `relative`: paths less their own value at offset −1. The interval is a `level` t interval.
    """

    measure: Measure
    label: str
    window: int
    unit: Unit
    overlap: Overlap
    relative: bool
    offset: Ints
    paths: tuple[StudyPath, ...]
    level: float = 0.95
    notes: tuple[str, ...] = ()
