"""The end of a run: its totals, and what of its experiment's runs is thinned, all or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select, update

from telemetry.families.simcash.kept import THINNED
from telemetry.families.simcash.recording.compacting import forget_thinned
from telemetry.families.simcash.recording.levels import Finished
from telemetry.families.simcash.rules import table
from telemetry.frozen import Frozen
from telemetry.recording.target import Target

if TYPE_CHECKING:
    from telemetry.families.simcash.recording.opening import Link
    from telemetry.families.simcash.recording.runs import Totals

_WITH_EVENTS = ("events", "full")


class Closing(Frozen):
    """How one run is marked as over.

    A run is recorded at the widest level that it may deserve, since which one is the best is
    known only after it: so every tick is safe from the start. What the others need no more is
    deleted in the very transaction that says they are finished.
    """

    target: Target
    simulation_id: str
    started: datetime
    link: Link | None

    def complete(self, totals: Totals, level: str, ticks: int) -> None:
        """Mark the run as completed after so many ticks, and thin what its experiment drops."""
        if level == "none":
            return
        thinned: list[str] = []
        with self.target.transaction() as connection:
            if self.link is not None:
                _one_at_a_time(connection, self.link.experiment_id)
            self._say(connection, totals, ticks)
            if self.link is not None:
                finished = _finished(connection, self.link.experiment_id)
                thinned = self.link.persistence.thinned(finished, self.simulation_id)
                thin(connection, thinned)
        if thinned:
            forget_thinned(self.target)

    def fail(self, level: str) -> None:
        """Mark the run as failed; what was recorded of it stays."""
        if level == "none":
            return
        with self.target.transaction() as connection:
            for name in ("simulation_runs", "simulations"):
                own = table(name)
                mine = own.c.simulation_id == self.simulation_id
                connection.execute(update(own).where(mine).values(status="failed"))

    def _say(self, connection: Connection, totals: Totals, ticks: int) -> None:
        ended = datetime.now()
        seconds = max((ended - self.started).total_seconds(), 0.0)
        common: dict[str, object] = {
            "status": "completed",
            "total_settlements": totals.settlements,
            "duration_seconds": seconds,
        }
        run: dict[str, object] = {"end_time": ended, "total_transactions": totals.transactions}
        twin: dict[str, object] = {
            "completed_at": ended,
            "total_arrivals": totals.transactions,
            "total_cost_cents": totals.cost,
            "ticks_per_second": ticks / seconds if seconds else None,
        }
        for name, own in (
            ("simulation_runs", run | {"total_cost": totals.cost}),
            ("simulations", twin),
        ):
            rows = table(name)
            mine = rows.c.simulation_id == self.simulation_id
            connection.execute(update(rows).where(mine).values(**common, **own))


def _one_at_a_time(connection: Connection, experiment_id: str) -> None:
    """Hold the experiment's row, so that two runs that end together do not both seem the best."""
    own = table("experiments")
    same = {"num_iterations": own.c.num_iterations}
    connection.execute(update(own).where(own.c.experiment_id == experiment_id).values(same))


def _finished(connection: Connection, experiment_id: str) -> list[Finished]:
    """The experiment's completed runs that have their events, in the order of their ends."""
    runs = table("simulation_runs").c
    rows = connection.execute(
        select(
            runs.simulation_id, runs.run_purpose, runs.iteration, runs.sample_index, runs.total_cost
        )
        .where(
            runs.experiment_id == experiment_id,
            runs.status == "completed",
            runs.persistence_level.in_(_WITH_EVENTS),
        )
        .order_by(runs.end_time, runs.simulation_id)
    )
    return [Finished(*row) for row in rows]


def thin(connection: Connection, simulation_ids: Sequence[str]) -> None:
    """Leave only the summary of these runs."""
    if not simulation_ids:
        return
    for name in THINNED:
        rows = table(name)
        connection.execute(delete(rows).where(rows.c.simulation_id.in_(simulation_ids)))
    runs = table("simulation_runs")
    connection.execute(
        update(runs)
        .where(runs.c.simulation_id.in_(simulation_ids))
        .values(persistence_level="summary")
    )
