"""The list of experiments as rows, and what is told of the chosen one in a line."""

from __future__ import annotations

from telemetry.concepts import Cell, Column, Experiment, ExperimentList
from telemetry.text import cell_text, one_line, shown_unit

_FIRST = ("experiment_id", "name", "experiment_name")
_COUNTED = ("status", "runs", "kind", "experiment_type", "num_iterations")
_COSTS = ("best_cost", "lowest_cost", "final_cost", "last_cost")


def experiment_rows(
    found: ExperimentList,
) -> tuple[tuple[Column, ...], tuple[tuple[Cell, ...], ...]]:
    """The list of experiments: name, status and counts first, then what else is recorded."""
    more = tuple(c for c in found.columns if c.name not in (*_FIRST, *_COUNTED))
    columns = (
        Column("name", "experiment", "text"),
        Column("status", "status", "text"),
        Column("iterations", "iterations", "int"),
        Column("runs", "runs", "int"),
        *more,
        Column("experiment_id", "id", "text"),
    )
    rows = tuple(
        (e.name, e.status, e.iterations, e.runs, *(e.fields.get(c.name) for c in more),
         e.experiment_id)
        for e in found.experiments
    )  # fmt: skip
    kept = [i for i in range(len(columns)) if any(row[i] is not None for row in rows)]
    return tuple(columns[i] for i in kept), tuple(tuple(row[i] for i in kept) for row in rows)


def told_of(found: ExperimentList, experiment: Experiment) -> str:
    """How an experiment with iterations ended and why, its master seed and costs."""
    by_role = {c.role: c for c in reversed(found.columns) if c.role}

    def said(role: str) -> str | None:
        column = by_role.get(role)
        cell = None if column is None else experiment.fields.get(column.name)
        if column is None or cell is None:
            return None
        unit = shown_unit(column.unit)
        return one_line(f"{cell_text(cell, column)} {unit}".strip(), limit=160)

    if experiment.iterations is None:  # a sweep: nothing that could converge
        return ""
    parts = [f"{experiment.status}: {said('reason') or 'reason not recorded'}"]
    parts.append(f"master seed {said('master_seed') or 'not recorded'}")
    for role in _COSTS:
        if (cost := said(role)) is not None:
            parts.append(f"{by_role[role].label} {cost}")
    return " · ".join(part for part in parts if part)
