"""Runs side by side: where two of them part, what they were set to, and what they came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from telemetry.concepts.schema import Column, Measure
from telemetry.concepts.values import AgentId, Cell, Floats, Ints
from telemetry.frozen import Frozen

Parting = Literal["none", "empty", "order", "length", "configuration", "chance", "unknown"]
Align = Literal["tick", "share", "regime"]


class Setting(Frozen):
    """A key of the configuration and its value in each run; None where `there` is False."""

    path: str
    values: tuple[object, ...]
    there: tuple[bool, ...]

    @property
    def differs(self) -> bool:
        """Whether not every run has it, or not the same value (true is not 1)."""
        first = self.values[0]
        same = all(v == first and isinstance(v, bool) == isinstance(first, bool)
                   for v in self.values)  # fmt: skip
        return not (same and all(self.there))


class RowDifference(Frozen):
    """The first row of a table that differs at a tick (None: in a table without ticks).

    `left` and `right` hold `columns`; None where that run has no such row. `differing` are the
    columns whose cells differ, in order. `before` is the same agents' last common row, of tick
    `before_tick`. `left_rows` and `right_rows` count the rows of this tick that differ.
    """

    table: str
    label: str
    tick: int | None
    agents: tuple[AgentId, ...]
    columns: tuple[Column, ...]
    left: tuple[Cell, ...] | None
    right: tuple[Cell, ...] | None
    differing: tuple[Column, ...]
    left_rows: int
    right_rows: int
    before: tuple[Cell, ...] | None = None
    before_tick: int | None = None


class Divergence(Frozen):
    """Where two runs part, and what kind of difference that is.

    `kind`: "none"; "empty": nothing to compare; "order": only rows within ticks change places
    (`reordered` are the first such tick of each table); "length": equal until the shorter ends
    at `ends`; "configuration": `settings` differ; "chance": nothing differs in configuration and
    seed, yet rows do; "unknown": no configuration is recorded. `also` are differences of other
    tables at that tick. `rows` were compared, all by value; `notes` say what could not be.
    """

    kind: Parting
    first: RowDifference | None
    also: tuple[RowDifference, ...]
    settings: tuple[Setting, ...]
    reordered: Mapping[str, int]
    ends: tuple[int | None, int | None]
    rows: int
    notes: tuple[str, ...] = ()


class Quantity(Frozen):
    """One number that runs came to, as their tables' summaries declare it.

    `group` is the pair type, reason … that it is of, None: of all rows. `values` has a cell for
    each run, as `Summary` or the run row gives it; None where it is not recorded or has no rows.
    """

    table: str
    label: str
    group: str | None
    column: Column
    values: tuple[Cell, ...]

    @property
    def name(self) -> str:
        """What a person calls it: "trades A<->M: mean price"."""
        about = self.label if self.group is None else f"{self.label} {self.group}"
        return f"{about}: {self.column.label}"


class Curve(Frozen):
    """The mean of a measure over the agents of one run: `value` float64[n] at `x` float64[n].

    `tick` int64[n] are the run's own ticks, whatever `x` counts. Empty with `reason` where the
    run has none.
    """

    run: int
    x: Floats
    tick: Ints
    value: Floats
    step: float
    reason: str = ""


class Curves(Frozen):
    """A measure of several runs on one axis; `axis` says what `x` counts.

    `curves[i].run` is the place of the run among those asked for.
    """

    measure: Measure
    align: Align
    axis: str
    curves: tuple[Curve, ...]
    notes: tuple[str, ...] = ()


class SeedGroup(Frozen):
    """Runs of one configuration but for the seed, in the order they were asked for.

    `runs` are their places; `seeds` the seed of each, None where it is not known. `settings` are
    the keys in which the groups differ, with this group's values as text.
    """

    digest: str
    name: str
    runs: tuple[int, ...]
    seeds: tuple[Cell, ...]
    settings: Mapping[str, str]


class Estimate(Frozen):
    """A mean over runs: its `level` t interval from `low` to `high`, NaN below two values."""

    mean: float
    low: float
    high: float
    n: int
    level: float = 0.95


class Effect(Frozen):
    """Group b less group a: mean difference with its t interval, and its size in deviations.

    `method` is "paired" (same seeds; `size` is d_z, the mean difference by its deviation) or
    "Welch" (other seeds; `size` is Cohen's d with the pooled deviation). NaN: cannot be told.
    """

    name: str
    unit: str
    a: Estimate
    b: Estimate
    difference: Estimate
    size: float
    method: Literal["paired", "Welch"]
    note: str = ""


class SeedBand(Frozen):
    """The mean of a group's curves at each `x`, with the t interval and `n` runs it stands on."""

    group: int
    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    n: Ints
