"""Questions about runs, their agents, and the experiments above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.queries.query import Query

if TYPE_CHECKING:
    from telemetry.concepts import (
        Agent,
        Cell,
        ExperimentList,
        Findings,
        IterationList,
        Progress,
        RunDetail,
        RunId,
        RunList,
        RunSizes,
    )


class RunsQuery(Query["RunList"]):
    """Every run; cheap, no counting."""


class RunQuery(Query["RunDetail"]):
    KEPT = True
    run_id: RunId


class ContradictionsQuery(Query["Findings"]):
    """Where the run's rows contradict each other, and the facts that its detail leaves open; the
    rows are read for it."""

    KEPT = True
    run_id: RunId


class ProgressQuery(Query["Progress"]):
    """How far a run has come: cheap enough to be asked every second."""

    run_id: RunId


class RunSizesQuery(Query["RunSizes"]):
    """Row counts per table; may take long on large sources."""

    KEPT = True
    run_ids: tuple[RunId, ...]
    tables: tuple[str, ...] | None = None


class RunCellsQuery(Query["tuple[Cell, ...]"]):
    """One column of the run row, as the table of runs gives it, for each of these runs."""

    run_ids: tuple[RunId, ...]
    column: str


class AgentsQuery(Query["tuple[Agent, ...]"]):
    run_id: RunId


class ExperimentsQuery(Query["ExperimentList"]):
    """Every experiment; empty where the source has none."""

    LACKING = "have no experiments"


class IterationsQuery(Query["IterationList"]):
    experiment_id: str
    LACKING = "have no experiments with iterations"


class PairQuery(Query["str"]):
    """How the pair that run `run_id` is the treated one of came out, and why: one sentence."""

    LACKING = "compare no pairs of runs"
    run_id: RunId
