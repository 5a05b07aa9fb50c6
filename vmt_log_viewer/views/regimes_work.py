"""What the Regimes view is set to, what it asks with that, and what it says of the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtGui import QColor

from telemetry.analysis import regimes
from telemetry.analysis.event_study import Asked, method
from telemetry.concepts import Lane, Split, Study, TickRange
from telemetry.export import Worked, recipes
from telemetry.frozen import Frozen
from telemetry.text import cell_text
from vmt_log_viewer.plots.state_bars import StateBar
from vmt_log_viewer.widgets.words import count_text

NOTHING = ""
THIS, COMPARED, ALL = "this", "compared", "all"
SWITCHES = (
    ("relative", "Relative", "arrows-in-line-vertical",
     "Each path less its own value at offset −1"),
    ("keep", "Overlap", "intersect",
     "Windows reach over other switches instead of ending there"),
    ("agents", "Agents", "users",
     "A path is one agent at one switch, not the mean over its agents"),
    ("together", "Together", "git-merge", "One path of all switches, whatever their states"),
)  # fmt: skip


class RegimeChoices(Frozen):
    """What the view is set to; empty texts: what the source begins with."""

    lane: str = ""
    across: str = NOTHING
    runs: str = THIS
    per_tick: bool = False
    measure: str = ""
    window: int = 20
    relative: bool = False
    keep: bool = False
    agents: bool = False
    together: bool = False

    @property
    def lanes(self) -> tuple[str, ...]:
        """The lane, and the one that its states are crossed with."""
        crossed = self.across not in (NOTHING, self.lane)
        return (self.lane, self.across) if crossed else (self.lane,)

    def study(self, ticks: TickRange | None) -> Asked:
        """What is asked about switches."""
        return Asked(
            self.measure, self.lanes, self.window, overlap="keep" if self.keep else "cut",
            unit="agent" if self.agents else "switch", relative=self.relative,
            together=self.together, ticks=ticks,
        )  # fmt: skip


def again(
    found: Split | Study, choices: RegimeChoices, ticks: TickRange | None,
    runs: Sequence[recipes.Run],
) -> Worked:  # fmt: skip
    """What gives a split, or a study, of these runs again."""
    if isinstance(found, Split):
        tables = dict.fromkeys(quantity.table for quantity in found.quantities)
        return recipes.regimes(runs, choices.lanes, tuple(tables), ticks)
    flags = ["--overlap", found.overlap, "--unit", found.unit]
    flags += ["--relative"] if found.relative else []
    flags += ["--together"] if choices.together else []
    return recipes.event_study(
        runs, found.measure.name, choices.lanes, found.window, flags, ticks)  # fmt: skip


def bars(
    found: Split, row: int, color: Callable[[str | None, int], QColor], *, rates: bool
) -> list[StateBar]:
    """The numbers of a row, a bar a state."""
    quantity, made = found.quantities[row], []
    for i, state in enumerate(found.states):
        value = regimes.shown(found, quantity, i, rates=rates)
        number = None if value is None else float(value)  # type: ignore[arg-type]
        told = cell_text(value, missing="none", digits=6)
        if quantity.function != "count":
            told = f"{told}  of {count_text(quantity.count[i])}"
        made.append(StateBar(regimes.state_name(state), number, told, color(state, i)))
    return made


def told_of(found: Study) -> str:
    """How many switches there are, and how their paths were averaged."""
    counted = "; ".join(
        f"{path.name}: {count_text(path.switches)} switch{'' if path.switches == 1 else 'es'}"
        + (f" of {path.runs} runs" if path.runs > 1 else "")
        for path in found.paths
    )
    return " ".join((f"{counted}.", method(found), *found.notes))


def first_lane(found: Sequence[Lane]) -> str:
    """The first that has more than one state, else the first."""
    return max(found, key=lambda lane: len(set(lane.state)) > 1).name
