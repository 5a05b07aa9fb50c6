"""The recorder of the SimCash family: what a simulator calls to write experiments and runs.

    with SimCashRecorder("duckdb:///runs.db") as recorder:
        with recorder.begin_experiment("exp1", config={...}, master_seed=42) as experiment:
            iteration = experiment.begin_iteration(0)
            with iteration.begin_run(Setting(...), purpose="initial") as run:
                run.log_event(0, "Arrival", {"amount": 1500, ...}, tx_id="t1")
                run.end_tick(0)

Source of every rule here: "Unified Database Architecture Exploration" (the seed document).
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert, select

from telemetry.errors import RecordingError
from telemetry.families.simcash.migrations import SCHEMA
from telemetry.families.simcash.models.unified import Base
from telemetry.families.simcash.recording import ids
from telemetry.families.simcash.recording.experiments import SimCashExperiment, SimCashIteration
from telemetry.families.simcash.recording.levels import Persistence, check_level
from telemetry.families.simcash.recording.opening import Opening, Setting, begin, checked
from telemetry.families.simcash.recording.payloads import as_json
from telemetry.families.simcash.recording.runs import SimCashRun
from telemetry.families.simcash.rules import row_checks, table
from telemetry.recording.recorder import Recorder
from telemetry.recording.target import open_target

__all__ = [
    "Persistence",
    "Setting",
    "SimCashExperiment",
    "SimCashIteration",
    "SimCashRecorder",
    "SimCashRun",
]


class SimCashRecorder(Recorder):
    """A database that SimCash runs and experiments are written to; made if absent.

    A SQLAlchemy URL names DuckDB, SQLite or PostgreSQL; a plain path is a SQLite file. Several
    runs may be written at once, on PostgreSQL also by several processes.
    """

    def __init__(self, target: str | os.PathLike[str]) -> None:
        """Raises `RecordingError` when the place cannot be written or holds something else."""
        super().__init__(open_target(target, Base.metadata, SCHEMA))

    def begin_experiment(
        self,
        name: str,
        *,
        config: Mapping[str, object],
        master_seed: int,
        experiment_type: str = "generic",
        scenario_path: str | None = None,
        experiment_id: str | None = None,
        persistence: Persistence | None = None,
    ) -> SimCashExperiment:
        """A new experiment, at once visible as unfinished; ``config`` is kept as JSON.

        The persistence is what ``config["output"]`` says unless it is given, and is written into
        that section, so that the recording tells what was left out. Raises `RecordingError`
        naming the field that is wrong.
        """
        persistence = persistence or Persistence.of(config)
        now = datetime.now()
        own_id = experiment_id or ids.experiment_id(name, now)
        output = config.get("output")
        said = dict(output) if isinstance(output, Mapping) else {}
        values = {
            "experiment_id": own_id,
            "experiment_name": name,
            "experiment_type": experiment_type,
            "config": as_json("config", {**config, "output": said | persistence.config}),
            "scenario_path": scenario_path,
            "master_seed": master_seed,
            "created_at": now,
            "num_iterations": 0,
            "converged": False,
        }
        row = checked(row_checks()["experiments"], values)
        own = table("experiments")
        with self._target.transaction() as connection:
            known = select(own.c.experiment_id).where(own.c.experiment_id == own_id)
            if connection.execute(known).first() is not None:
                raise RecordingError(
                    f"{self._target.name} already has an experiment {own_id}; give another id, "
                    "or go on with it by resume_experiment."
                )
            connection.execute(insert(own), row)
        return SimCashExperiment(self._target, own_id, persistence)

    def resume_experiment(self, experiment_id: str) -> SimCashExperiment:
        """An experiment that is there already, with its own persistence, to go on with."""
        own = table("experiments")
        with self._target.transaction() as connection:
            mine = own.c.experiment_id == experiment_id
            row = connection.execute(select(own.c.config).where(mine)).first()
        if row is None:
            raise RecordingError(f"{self._target.name} has no experiment {experiment_id}.")
        return SimCashExperiment(self._target, experiment_id, Persistence.of(json.loads(row[0])))

    def begin_run(
        self,
        setting: Setting,
        *,
        level: str = "full",
        simulation_id: str | None = None,
        ticks_per_commit: int = 1,
    ) -> SimCashRun:
        """A run of no experiment, at once visible as running."""
        own_id = simulation_id or ids.standalone_id()
        opening = Opening(
            own_id, "standalone", check_level(level), ticks_per_commit=ticks_per_commit
        )
        return begin(self._target, opening, setting)
