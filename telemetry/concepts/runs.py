"""Runs and who takes part in them."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts.schema import Column
from telemetry.concepts.values import AgentId, Cell, RunId, TickRange
from telemetry.frozen import Frozen, replace


class Run(Frozen):
    """One run as its run row and its data tell. `ticks` comes from the data; None: no rows.

    `fields` holds every light column of the run row under its own name, and derived ones.
    """

    run_id: RunId
    name: str
    status: str
    ticks: TickRange | None
    fields: Mapping[str, Cell]
    experiment_id: str | None = None
    iteration: int | None = None


class RunList(Frozen):
    """All runs of a source; `columns` describes the keys of each run's `fields`, in order."""

    columns: tuple[Column, ...]
    runs: tuple[Run, ...]


class RunDetail(Frozen):
    """One run in full: `facts` are (label, value) to show, `warnings` whole sentences.

    `config` is the decoded configuration, or None; `config_text` the text as stored (it may be
    no JSON: `config_problem` then says so). `notes` say what was inferred. `agents` counts those
    that the rows name, None where states are not recorded. `sought` are the labels of facts that
    are not known yet, since only a pass over the rows tells them: see `completed`.
    """

    run: Run
    facts: tuple[tuple[str, Cell], ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]
    config: object
    config_text: str | None
    config_problem: str | None
    grid: tuple[int, int] | None
    agents: int | None = None
    sought: tuple[str, ...] = ()

    def completed(self, found: Findings) -> RunDetail:
        """With what a pass over the rows told, in the places that were left open."""
        told = dict(found.facts)
        facts = tuple((label, told.get(label, value)) for label, value in self.facts)
        return replace(self, facts=facts, warnings=(*self.warnings, *found.warnings), sought=())


class Findings(Frozen):
    """What only a pass over a run's rows tells: (label, value) of facts that its `RunDetail` leaves
    open, and sentences for where the rows contradict each other or the run row."""

    facts: tuple[tuple[str, Cell], ...] = ()
    warnings: tuple[str, ...] = ()


class RunSizes(Frozen):
    """Row counts per run and table name, for the runs that were asked.

    None where a run was recorded at a level that keeps no rows of a table: nobody knows how many
    there were.
    """

    counts: Mapping[RunId, Mapping[str, int | None]]


class Agent(Frozen):
    """An agent of a run; `kind` is its type where recorded (utility, bank, bot …)."""

    agent_id: AgentId
    label: str
    kind: str | None
    first_tick: int | None
    last_tick: int | None


class Progress(Frozen):
    """How far a run has come: `ticks` as its rows tell, None without rows.

    `under_way` False: by its status nothing more is to be expected.
    """

    ticks: TickRange | None
    status: str
    under_way: bool = True
