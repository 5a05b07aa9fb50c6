"""Runs of SimCash: from the two tables that list them, with the context of their experiment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, RunDetail, RunId
from telemetry.families.asker import Asker
from telemetry.families.simcash import people
from telemetry.families.simcash.listing import experiments
from telemetry.families.simcash.sql import (
    Element,
    captured,
    decoded,
    first_of,
    labelled,
    nothing,
    whole,
    whole_at,
)
from telemetry.families.simcash.words import money
from telemetry.families.vocabulary import ColumnSpec, RunSpec, Stored
from telemetry.frozen import replace
from telemetry.queries import AgentsQuery
from telemetry.text import MONEY

C = ColumnSpec
_R, _S = "simulation_runs", "simulations"
_EVENTS = "simulation_events"
_PURPOSE = r"-(initial|init|bootstrap|evaluation|eval|best|final)(?:-sample\d+)?$"
STANDALONE = "standalone"
NEEDS = ("simulation_runs.simulation_id|simulations.simulation_id",)


def run_rows(stored: Stored) -> sa.Select[Any]:
    """Every run that either table lists, once, with what its id says where a column does not."""
    place, own = _place(stored)
    experiment = first_of(stored, (_R, "experiment_id"), (_S, "experiment_run_id"))
    return sa.select(
        *labelled(
            simulation_id=own,
            config_name=first_of(
                stored, (_R, "config_name"), (_S, "config_name"), (_S, "config_file")
            ),
            description=first_of(stored, (_R, "description"), (_S, "description")),
            status=first_of(stored, (_R, "status"), (_S, "status")),
            experiment_id=experiment,
            iteration=_linked(stored, own, experiment, "iteration"),
            sample_index=_linked(stored, own, experiment, "sample_index"),
            run_purpose=_purpose(stored, own, experiment),
            rng_seed=first_of(stored, (_R, "rng_seed"), (_S, "rng_seed")),
            ticks_per_day=first_of(stored, (_R, "ticks_per_day"), (_S, "ticks_per_day")),
            num_days=first_of(stored, (_R, "num_days"), (_S, "num_days")),
            num_agents=first_of(stored, (_S, "num_agents")),
            total_transactions=first_of(stored, (_R, "total_transactions"), (_S, "total_arrivals")),
            total_settlements=first_of(
                stored, (_R, "total_settlements"), (_S, "total_settlements")
            ),
            total_cost=first_of(stored, (_R, "total_cost"), (_S, "total_cost_cents")),
            start_time=first_of(stored, (_R, "start_time"), (_S, "started_at")),
            end_time=first_of(stored, (_R, "end_time"), (_S, "completed_at"), (_S, "ended_at")),
            duration_seconds=first_of(stored, (_R, "duration_seconds"), (_S, "duration_seconds")),
            persistence_level=first_of(stored, (_R, "persistence_level")),
            config_hash=first_of(stored, (_R, "config_hash"), (_S, "config_hash")),
            config_json=first_of(stored, (_S, "config_json")),
        )
    ).select_from(place)


def select(stored: Stored) -> sa.Select[Any]:
    """The rows of `run_rows` with their experiment's name and master seed and their events."""
    rows = run_rows(stored).subquery("listed")
    columns: list[Any] = list(rows.c)
    place: sa.FromClause = rows
    if "ticks_per_day" in rows.c and "num_days" in rows.c:
        columns.append((rows.c.ticks_per_day * rows.c.num_days).label("planned_ticks"))
    if "experiment_id" in rows.c and stored.has("experiments"):
        named = experiments(stored).subquery("named")
        place = place.outerjoin(named, named.c.experiment_id == rows.c.experiment_id)
        columns += [named.c.experiment_name, named.c.master_seed]
    if stored.has("simulation_events", "simulation_id"):
        owner = stored.column("simulation_events", "simulation_id")
        counted = sa.select(owner.label("owner"), sa.func.count().label("n")).group_by(owner)
        events = counted.subquery("counted")
        place = place.outerjoin(events, events.c.owner == rows.c.simulation_id)
        number = sa.func.coalesce(events.c.n, 0)
        columns += [number.label("events"), (number > 0).label("replayable")]
    return sa.select(*columns).select_from(place)


def _place(stored: Stored) -> tuple[sa.FromClause, Element]:
    if not stored.has(_S):
        return stored.table(_R), stored.column(_R, "simulation_id")
    if not stored.has(_R):
        return stored.table(_S), stored.column(_S, "simulation_id")
    r, s = stored.column(_R, "simulation_id"), stored.column(_S, "simulation_id")
    return stored.table(_R).join(stored.table(_S), r == s, full=True), sa.func.coalesce(r, s)


def _linked(stored: Stored, own: Element, experiment: Element | None, name: str) -> Element | None:
    """Iteration or sample: the column, else the number in the id {experiment}-iter5-…-sample3."""
    if experiment is None:
        return None
    column = first_of(stored, (_R, name), (_S, f"experiment_{name}"))
    pattern = r"-iter(\d+)-" if name == "iteration" else r"-sample(\d+)$"
    number = whole(captured(own, pattern))
    told = sa.case((experiment.is_not(None), number))
    return told if column is None else sa.func.coalesce(column, told)


def _purpose(stored: Stored, own: Element, experiment: Element | None) -> Element:
    """The column, else what the id says, else "standalone" for a run of no experiment."""
    alone = sa.literal(STANDALONE, sa.Text())
    if experiment is None:
        return alone
    column = first_of(stored, (_R, "run_purpose"))
    word = captured(own, _PURPOSE)
    told = sa.case(
        (experiment.is_(None), alone),
        (word == "init", "initial"),
        (word == "eval", "evaluation"),
        else_=sa.func.nullif(word, ""),
    )
    return sa.func.coalesce(nothing(sa.Text()) if column is None else column, told)


COLUMNS = (
    C("simulation_id", "run", role="run"),
    C("config_name", "scenario", role="name"),
    C("experiment_id", "experiment", role="experiment", facet=True),
    C("experiment_name", "experiment name", visible=False, facet=True),
    C("iteration", "iteration", "int", role="iteration"),
    C("run_purpose", "purpose", role="purpose", facet=True),
    C("sample_index", "sample", "int", role="sample"),
    C("status", "status", role="status", facet=True),
    C("rng_seed", "seed", "int", role="seed"),
    C("master_seed", "master seed", "int", role="master_seed", help="The experiment's."),
    C("events", "events", "int", role="events", help="Rows of simulation_events."),
    C("replayable", "replayable", "flag", role="replayable", facet=True, help="Has events."),
    C("total_cost", "total cost", "int", role="cost", unit="cents"),
    C("total_transactions", "transactions", "int"),
    C("total_settlements", "settlements", "int"),
    C("ticks_per_day", "ticks per day", "int", visible=False),
    C("num_days", "days", "int", visible=False),
    C("planned_ticks", "ticks planned", "int", help="Ticks per day × days."),
    C("num_agents", "agents", "int", role="agents"),
    C("start_time", "started", "time", role="start"),
    C("end_time", "ended", "time", role="end", visible=False),
    C("duration_seconds", "duration", "real", role="duration", unit="s", visible=False),
    C("persistence_level", "recorded", visible=False, facet=True),
    C("description", "description", visible=False),
    C("config_hash", "configuration hash", visible=False),
)
CONFIG = C("config_json", "configuration", "json", role="config", visible=False)


def status(fields: Mapping[str, Cell]) -> str:
    return str(fields.get("status") or "unknown")


def extra(fields: Mapping[str, Cell], config: object) -> Mapping[str, Cell]:
    return {}


RUNS = RunSpec(
    table="runs",
    id="simulation_id",
    name="config_name",
    config="config_json",
    columns=COLUMNS,
    extra=extra,
    extra_columns=(),
    status=status,
    tick_tables=("simulation_events", "tick_agent_states"),
    experiment="experiment_id",
    iteration="iteration",
    order=("experiment_id", "iteration", "sample_index", "start_time"),
    level="persistence_level",
)


def detail(asker: Asker, run_id: RunId, found: RunDetail) -> RunDetail:
    """Facts to show, and a warning where the run row and the recorded rows disagree."""
    fields, ticks = found.run.fields, found.run.ticks

    def linked(name: str) -> Cell:
        """What links the run to an experiment: NULL in a recorded column says that nothing does."""
        return fields.get(name) if not asker.has("runs", name) else _or_none(fields.get(name))

    seen = len(people.agents(asker, AgentsQuery(run_id))) or None
    facts: tuple[tuple[str, Cell], ...] = (
        ("Scenario", fields.get("config_name")),
        ("Status", found.run.status),
        ("Experiment", linked("experiment_id")),
        ("Iteration", linked("iteration")),
        ("Purpose", fields.get("run_purpose")),
        ("Sample", linked("sample_index")),
        ("Seed", fields.get("rng_seed")),
        ("Master seed", _master_seed(asker, fields)),
        ("Ticks", None if ticks is None else f"{ticks.first} to {ticks.last}"),
        ("Ticks per day", fields.get("ticks_per_day")),
        ("Days", fields.get("num_days")),
        ("Agents", fields.get("num_agents") if seen is None else seen),
        ("Events", fields.get("events")),
        ("Replayable", fields.get("replayable")),
        ("Transactions", fields.get("total_transactions")),
        ("Settlements", fields.get("total_settlements")),
        (f"Total cost ({MONEY})", money(fields.get("total_cost"))),
        ("Started", fields.get("start_time")),
        ("Ended", fields.get("end_time")),
    )
    warnings = tuple(_warnings(asker, run_id, fields))
    if found.config_problem is not None:
        warnings = (*warnings, found.config_problem)
    return replace(found, facts=facts, warnings=warnings, agents=seen)


def _or_none(cell: Cell) -> Cell:
    return "none" if cell is None else cell


def _master_seed(asker: Asker, fields: Mapping[str, Cell]) -> Cell:
    """The experiment's; a run of no experiment has none, one whose experiment lacks it: NULL."""
    alone = asker.has("runs", "experiment_id", "master_seed") and not fields.get("experiment_id")
    return "none" if alone else fields.get("master_seed")


def _warnings(asker: Asker, run_id: RunId, fields: Mapping[str, Cell]) -> list[str]:
    said = []
    if fields.get("events") == 0:
        said.append("No events of this run were recorded, so it cannot be replayed.")
    told, seen = fields.get("total_cost"), _accrued(asker, run_id)
    if told is not None and seen is not None and seen != told:
        said.append(
            f"The run row says a total cost of {money(told)}, the accruals add up to {money(seen)}."
        )
    told, seen = fields.get("total_transactions"), _counted(asker, run_id)
    if told is not None and seen and seen != told:
        said.append(f"The run row counts {told!s} transactions, {seen} are recorded.")
    return said


def _accrued(asker: Asker, run_id: RunId) -> int | None:
    """The sum of a run's accruals; None where there are none."""
    if not asker.has(_EVENTS, "simulation_id", "event_type", "details"):
        return None
    run, kind, details = (
        asker.column(_EVENTS, n) for n in ("simulation_id", "event_type", "details")
    )
    total = sa.func.sum(whole_at(decoded(details), "$.costs.total"))
    found = asker.rows(sa.select(total).where(run == run_id, kind == "CostAccrual"))[0][0]
    return None if found is None else int(found)


def _counted(asker: Asker, run_id: RunId) -> int:
    if not asker.has("transactions", "simulation_id"):
        return 0
    own = asker.column("transactions", "simulation_id")
    return int(asker.rows(sa.select(sa.func.count()).where(own == run_id))[0][0])
