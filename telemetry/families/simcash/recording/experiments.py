"""An experiment being written: its iterations, its events, and the runs that belong to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Self, Unpack

from sqlalchemy import case, insert, or_, select, update

from telemetry.errors import RecordingError
from telemetry.families.simcash.recording.compacting import compact
from telemetry.families.simcash.recording.ids import run_id
from telemetry.families.simcash.recording.levels import Persistence, check_level
from telemetry.families.simcash.recording.opening import Link, Opening, Setting, begin, checked
from telemetry.families.simcash.recording.payloads import as_json
from telemetry.families.simcash.recording.rows import ModelTalk
from telemetry.families.simcash.recording.runs import SimCashRun
from telemetry.families.simcash.rules import PURPOSES, row_checks, table, whole_cents
from telemetry.recording.target import Target


class SimCashExperiment:
    """One experiment: a container of iterations and runs, unfinished until `finish`.

    What a caller would get wrong: which runs keep their events follows from the persistence; a
    ``with`` block that raises leaves the experiment unfinished, which is the truth.
    """

    def __init__(self, target: Target, experiment_id: str, persistence: Persistence) -> None:
        self.experiment_id = experiment_id
        self.persistence = persistence
        self._target = target
        self._checks = row_checks()
        self._finished = False

    def begin_iteration(self, iteration: int) -> SimCashIteration:
        """Round ``iteration`` (0 is the baseline); its row is written by `SimCashIteration.finish`.

        Raises `RecordingError` where the experiment has that iteration already.
        """
        own = table("experiment_iterations").c
        known = select(own.iteration).where(
            own.experiment_id == self.experiment_id, own.iteration == iteration
        )
        with self._target.transaction() as connection:
            if connection.execute(known).first() is not None:
                raise RecordingError(
                    f"Experiment {self.experiment_id} already has iteration {iteration}."
                )
        return SimCashIteration(self, iteration)

    def begin_run(
        self,
        setting: Setting,
        *,
        iteration: int,
        purpose: str,
        sample_index: int | None = None,
        level: str | None = None,
        ticks_per_commit: int = 1,
    ) -> SimCashRun:
        """A run of this experiment, under ``{experiment}-iter{N}-{purpose}[-sample{M}]``.

        ``level`` overrules the experiment's persistence for this run while it is recorded; at its
        end the experiment's policy decides all the same.
        """
        if purpose not in PURPOSES or purpose == "standalone":
            words = ", ".join(p for p in PURPOSES if p != "standalone")
            raise RecordingError(f"run_purpose must be one of {words}, not {purpose!r}.")
        link = Link(self.experiment_id, iteration, sample_index, self.persistence)
        if level is None:
            level = self.persistence.level_of(purpose, iteration, sample_index)
        opening = Opening(
            run_id(self.experiment_id, iteration, purpose, sample_index),
            purpose,
            check_level(level),
            link,
            ticks_per_commit,
        )
        return begin(self._target, opening, setting)

    def log_event(self, iteration: int, event_type: str, data: Mapping[str, object]) -> None:
        """Something that happened in the experiment, committed at once; amounts are whole cents."""
        values = {
            "experiment_id": self.experiment_id,
            "iteration": iteration,
            "event_type": event_type,
            "event_data": as_json("experiment_events.event_data", data, money=True),
            "timestamp": datetime.now().isoformat(),
        }
        row = checked(self._checks["experiment_events"], values)
        with self._target.transaction() as connection:
            connection.execute(insert(table("experiment_events")), row)

    def log_llm_interaction(self, iteration: int, **talk: Unpack[ModelTalk]) -> None:
        """A question to a language model with prompts, response, and the policy made of it."""
        self.log_event(iteration, "llm_interaction", dict(talk))

    def finish(
        self,
        *,
        converged: bool = False,
        reason: str | None = None,
        final_cost: int | None = None,
        best_cost: int | None = None,
    ) -> None:
        """Mark the experiment as completed; a second call does nothing.

        The room that thinned runs have left goes back to the disk. Costs that are not given stay
        those of the last and of the cheapest iteration.
        """
        if self._finished:
            return
        done: dict[str, object] = {
            "completed_at": datetime.now(),
            "converged": converged,
            "convergence_reason": reason,
        }
        for name, value in (("final_cost", final_cost), ("best_cost", best_cost)):
            if value is not None:
                done[name] = whole_cents(f"experiments.{name}", value)
        own = table("experiments")
        with self._target.transaction() as connection:
            mine = own.c.experiment_id == self.experiment_id
            connection.execute(update(own).where(mine).values(**done))
        self._finished = True
        compact(self._target)

    def write_iteration(self, iteration: int, values: Mapping[str, object], cost: int) -> None:
        """Store the row of an iteration and what the experiment's own row says because of it."""
        row = checked(self._checks["experiment_iterations"], values)
        own = table("experiments")
        cheaper = or_(own.c.best_cost.is_(None), own.c.best_cost > cost)
        told = {
            "num_iterations": own.c.num_iterations + 1,
            "final_cost": cost,
            "best_cost": case((cheaper, cost), else_=own.c.best_cost),
        }
        with self._target.transaction() as connection:
            connection.execute(
                update(own).where(own.c.experiment_id == self.experiment_id).values(told)
            )
            connection.execute(insert(table("experiment_iterations")), row)

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


@dataclass
class SimCashIteration:
    """One round of an experiment; links to its runs are gathered as they begin.

    What a caller would get wrong: an iteration that is not finished has no row, though its runs
    have theirs. Runs of the level ``none`` are not linked, for there is nothing to find.
    """

    experiment: SimCashExperiment
    iteration: int
    evaluation_id: str | None = None
    bootstrap_ids: list[str] = field(default_factory=list)

    def begin_run(
        self,
        setting: Setting,
        *,
        purpose: str,
        sample_index: int | None = None,
        level: str | None = None,
        ticks_per_commit: int = 1,
    ) -> SimCashRun:
        """A run of this iteration, as `SimCashExperiment.begin_run`."""
        run = self.experiment.begin_run(
            setting,
            iteration=self.iteration,
            purpose=purpose,
            sample_index=sample_index,
            level=level,
            ticks_per_commit=ticks_per_commit,
        )
        if run.level != "none" and purpose == "bootstrap":
            self.bootstrap_ids.append(run.run_id)
        elif run.level != "none":
            self.evaluation_id = run.run_id
        return run

    def finish(
        self,
        *,
        costs_per_agent: Mapping[str, int],
        policies: Mapping[str, object],
        accepted_changes: Mapping[str, bool],
        bootstrap_ids: Sequence[str] | None = None,
    ) -> None:
        """Write the iteration: costs in cents, the policies held, which changes were accepted."""
        costs = {
            agent: whole_cents(f"experiment_iterations.costs_per_agent.{agent}", cost)
            for agent, cost in costs_per_agent.items()
        }
        for agent, accepted in accepted_changes.items():
            if type(accepted) is not bool:
                raise RecordingError(
                    f"experiment_iterations.accepted_changes.{agent} must be true or false, "
                    f"not {accepted!r}."
                )
        samples = self.bootstrap_ids if bootstrap_ids is None else list(bootstrap_ids)
        values = {
            "experiment_id": self.experiment.experiment_id,
            "iteration": self.iteration,
            "costs_per_agent": as_json("experiment_iterations.costs_per_agent", costs),
            "accepted_changes": as_json(
                "experiment_iterations.accepted_changes", dict(accepted_changes)
            ),
            "policies": as_json("experiment_iterations.policies", dict(policies)),
            "timestamp": datetime.now().isoformat(),
            "evaluation_simulation_id": self.evaluation_id,
            "bootstrap_simulation_ids": as_json("bootstrap_simulation_ids", samples)
            if samples
            else None,
        }
        self.experiment.write_iteration(self.iteration, values, sum(costs.values()))
