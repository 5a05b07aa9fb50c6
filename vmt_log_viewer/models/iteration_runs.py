"""The runs of iterations as a short table: purpose, sample, seed and cost, found by role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from telemetry.concepts import Cell, Column, Iteration, Run, RunId, RunList
from telemetry.frozen import replace

ROLES = ("purpose", "sample", "seed", "cost", "replayable", "start")
ABSENT = "not in this database"


def runs_table(
    iterations: Sequence[Iteration], runs: RunList | None
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...], tuple[RunId, ...]]:
    """Columns, a row for each run that the iterations name, and these runs' ids in order.

    `runs` None: those of the source are not listed yet, or have no table here.
    """
    listed: Mapping[RunId, Run] = {r.run_id: r for r in runs.runs} if runs is not None else {}
    own = [
        c for role in ROLES for c in (runs.columns if runs is not None else ()) if c.role == role
    ]
    named = [(i, run_id) for i in iterations for run_id in i.runs]
    shown = [
        c
        for c in own
        if any(listed[r].fields.get(c.name) is not None for _, r in named if r in listed)
    ]
    many = len(iterations) > 1
    columns = (
        *((Column("iteration", "iteration", "int"),) if many else ()),
        *(replace(c, visible=True) for c in shown),
        Column("status", "status", "text"),
        Column("run", "run", "text"),
    )
    rows: list[tuple[Cell, ...]] = []
    for iteration, run_id in named:
        run = listed.get(run_id)
        cells = [None if run is None else run.fields.get(c.name) for c in shown]
        status = run.status if run is not None else None if runs is None else ABSENT
        number = (iteration.iteration,) if many else ()
        rows.append((*number, *cells, status, str(run_id)))
    return columns, tuple(rows), tuple(run_id for _, run_id in named)
