"""Experiments, their iterations, and whether a recording can be trusted."""

from __future__ import annotations

from collections.abc import Mapping

from telemetry.concepts.schema import Column
from telemetry.concepts.values import Cell, RunId
from telemetry.frozen import Frozen


class Experiment(Frozen):
    """A container of runs. `fields` holds its row's light columns under their own names.

    `runs` counts the runs that name it, None where runs are not recorded in this source.
    """

    experiment_id: str
    name: str
    kind: str
    status: str
    iterations: int | None
    runs: int | None
    fields: Mapping[str, Cell]


class ExperimentList(Frozen):
    """All experiments of a source; `columns` describes the keys of their `fields`."""

    columns: tuple[Column, ...]
    experiments: tuple[Experiment, ...]
    notes: tuple[str, ...] = ()


class Iteration(Frozen):
    """One iteration of an experiment, as stored.

    `costs_per_agent` and `total_cost` are in the family's own unit (integer cents in payments);
    `accepted` says per agent whether its change was kept; `policies` are decoded. `runs` are the
    runs of this iteration, its evaluation first.
    """

    experiment_id: str
    iteration: int
    costs_per_agent: Mapping[str, Cell]
    total_cost: Cell
    accepted: Mapping[str, bool | None]
    policies: Mapping[str, object]
    runs: tuple[RunId, ...]
    fields: Mapping[str, Cell]


class IterationList(Frozen):
    """The iterations of one experiment, ascending; `unit` is that of the costs.

    `columns` describes the keys of their `fields`.
    """

    experiment_id: str
    unit: str
    iterations: tuple[Iteration, ...]
    notes: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()


class Verdict(Frozen):
    """Whether a recording can be trusted. `broken_at` names the first bad event, None: none is.

    `checked` events were looked at; `problem` is the sentence that says what is wrong there.
    """

    run_id: RunId
    checked: int
    sound: bool
    broken_at: int | None
    problem: str
