"""An experiment of VMT runs being written: its iterations, and which run belongs to which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, insert, update
from sqlalchemy.exc import DBAPIError

from telemetry.errors import RecordingError
from telemetry.families.vmt.experiments import EXPERIMENTS, ITERATIONS, LINKS, PURPOSES, TABLES
from telemetry.frozen import Frozen
from telemetry.migrations.tables import create
from telemetry.recording.checks import RowCheck
from telemetry.recording.rules import choice, integer
from telemetry.recording.target import Target

_MAY_NOT = "42501"  # PostgreSQL's word for a right that a user does not have
_COUNT = integer(minimum=0)
_RULES = {"iteration": _COUNT, "sample_index": _COUNT, "run_purpose": choice(PURPOSES)}


class VmtExperiment:
    """A container of runs, unfinished until `finish`.

    What a caller would get wrong: it records no run itself; give it to `VmtRecorder.begin_run`.
    """

    def __init__(self, target: Target, experiment_id: str) -> None:
        self.experiment_id = experiment_id
        self._target = target
        self._finished = False

    def log_iteration(self, iteration: int, parameters: Mapping[str, object]) -> None:
        """What an iteration tries: the parameters that its runs share; committed at once."""
        values = {
            "iteration": iteration,
            "parameters": as_json("experiment_iterations.parameters", parameters),
            "timestamp": datetime.now().isoformat(),
        }
        check = RowCheck(ITERATIONS, _RULES, given=("experiment_id",))
        plan, row = check((self.experiment_id,), values)
        with self._target.transaction() as connection:
            connection.execute(insert(ITERATIONS), dict(zip(plan.names, row, strict=True)))

    def finish(self, *, converged: bool | None = None, reason: str | None = None) -> None:
        """Mark the experiment as completed; a second call does nothing."""
        if self._finished:
            return
        done = {
            "completed_at": datetime.now().isoformat(),
            "converged": None if converged is None else int(converged),
            "convergence_reason": reason,
        }
        mine = EXPERIMENTS.c.experiment_id == self.experiment_id
        with self._target.transaction() as connection:
            connection.execute(update(EXPERIMENTS).where(mine).values(done))
        self._finished = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.finish()


class Link(Frozen):
    """Where a run belongs: the same four facts as in the other families, checked."""

    experiment: VmtExperiment
    values: Mapping[str, object]

    def write(self, connection: Connection, run_id: int) -> None:
        connection.execute(insert(LINKS), {**self.values, "run_id": run_id})


def link(
    experiment: VmtExperiment | None,
    iteration: int | None,
    sample_index: int | None,
    purpose: str | None,
) -> Link | None:
    """The link of a run that is about to begin; None for one that stands alone."""
    values = {"iteration": iteration, "sample_index": sample_index, "run_purpose": purpose}
    if experiment is None:
        said = next((name for name, value in values.items() if value is not None), None)
        if said is not None:
            raise RecordingError(f"{said} belongs to runs of an experiment; give that as well.")
        return None
    check = RowCheck(LINKS, _RULES, given=("run_id", "experiment_id"))
    plan, row = check((0, experiment.experiment_id), values)
    return Link(experiment, dict(zip(plan.names, row, strict=True)))


def begin_experiment(
    target: Target, experiment_id: str, values: Mapping[str, object]
) -> VmtExperiment:
    """A new experiment in tables that are made if absent; its id must be free.

    RecordingError where this user may not make them.
    """
    check = RowCheck(EXPERIMENTS, {}, given=("experiment_id",))
    plan, row = check((experiment_id,), values)
    with target.transaction() as connection:
        try:
            create(connection, TABLES.sorted_tables)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _MAY_NOT:
                raise
            raise RecordingError(
                f"{target.name} has no tables for experiments yet, and this user may not make "
                "them; let their owner call begin_experiment once, then grant SELECT, INSERT and "
                f"UPDATE on {', '.join(TABLES.tables)}."
            ) from error
        mine = EXPERIMENTS.c.experiment_id == experiment_id
        if connection.execute(EXPERIMENTS.select().where(mine)).first() is not None:
            raise RecordingError(f"{target.name} already has an experiment {experiment_id!r}.")
        connection.execute(insert(EXPERIMENTS), dict(zip(plan.names, row, strict=True)))
    return VmtExperiment(target, experiment_id)


def as_json(field: str, value: Mapping[str, object]) -> str:
    """Plain values as JSON text; `RecordingError` names the field where they are not."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"{field} must be plain JSON values: {error}.") from None
