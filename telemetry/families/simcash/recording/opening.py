"""Beginning a run: its row, its configuration and its policies, visible before its first tick."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sqlalchemy import insert, select

from telemetry.errors import RecordingError
from telemetry.families.simcash.recording.closing import Closing
from telemetry.families.simcash.recording.levels import Persistence
from telemetry.families.simcash.recording.payloads import as_json, digest
from telemetry.families.simcash.recording.runs import NoBatch, SimCashRun, Totals
from telemetry.families.simcash.rules import row_checks, table
from telemetry.frozen import Frozen, field
from telemetry.recording.batch import TickBatch
from telemetry.recording.checks import RowCheck
from telemetry.recording.target import Target


class Link(Frozen):
    """What ties a run to its experiment."""

    experiment_id: str
    iteration: int
    sample_index: int | None
    persistence: Persistence


class Setting(Frozen):
    """Everything that a simulation follows from, so that it can be run again exactly.

    ``config`` and ``policies`` (by agent) are plain JSON values; what is not in them and not in
    the seed is lost.
    """

    config_name: str
    seed: int
    ticks_per_day: int
    num_days: int
    config: Mapping[str, object] = field(default_factory=dict)
    policies: Mapping[str, object] = field(default_factory=dict)
    description: str | None = None
    start_time: datetime | None = None


class Opening(Frozen):
    """A run about to begin: its id, what for, how much of it is kept, and how it is written."""

    simulation_id: str
    purpose: str
    level: str
    link: Link | None = None
    ticks_per_commit: int = 1


def begin(target: Target, opening: Opening, setting: Setting) -> SimCashRun:
    """The run, whose row is committed as ``running``; of the level ``none`` nothing is stored."""
    checks = row_checks()
    totals, started = Totals(), setting.start_time or datetime.now()
    rows = _rows(checks, opening, setting, started)
    if opening.level != "none":
        _insert(target, opening.simulation_id, rows)
    closing = Closing(target, opening.simulation_id, started, opening.link)
    run = SimCashRun(
        NoBatch()
        if opening.level == "none"
        else TickBatch(target, ticks_per_commit=opening.ticks_per_commit),
        opening.simulation_id,
        checks,
        finalise=partial(closing.complete, totals, opening.level),
        fail=partial(closing.fail, opening.level),
        totals=totals,
        level=opening.level,
        ticks_per_day=setting.ticks_per_day,
    )
    return run


_Rows = dict[str, list[dict[str, object]]]


def _rows(
    checks: Mapping[str, RowCheck], opening: Opening, setting: Setting, started: datetime
) -> _Rows:
    """The rows of the run itself, checked: twice its own, and one for each agent's policy."""
    link = opening.link
    hashed = digest_of(setting.config)
    common: dict[str, object] = {
        "simulation_id": opening.simulation_id,
        "config_hash": hashed,
        "rng_seed": setting.seed,
        "ticks_per_day": setting.ticks_per_day,
        "num_days": setting.num_days,
        "status": "running",
    }
    run = {
        **common,
        "config_name": setting.config_name,
        "description": setting.description,
        "start_time": started,
        "total_transactions": 0,
        "experiment_id": None if link is None else link.experiment_id,
        "iteration": None if link is None else link.iteration,
        "sample_index": None if link is None else link.sample_index,
        "run_purpose": opening.purpose,
        "persistence_level": opening.level,
    }
    simulation = {
        **common,
        "config_file": setting.config_name,
        "num_agents": len(setting.policies),
        "config_json": as_json("config", setting.config),
        "started_at": started,
    }
    rows: _Rows = {
        "simulation_runs": [checked(checks["simulation_runs"], run)],
        "simulations": [checked(checks["simulations"], simulation)],
        "policy_snapshots": [],
    }
    check = checks["policy_snapshots"]
    prefix = {"simulation_id": opening.simulation_id, "snapshot_tick": 0, "snapshot_day": 0}
    given = tuple(prefix[name] for name in check.given)
    for agent, policy in setting.policies.items():
        values = {
            "agent_id": agent,
            "policy_hash": digest_of(policy),
            "policy_json": as_json(f"policies.{agent}", policy),
            "created_by": "init",
        }
        rows["policy_snapshots"].append(checked(check, values, given))
    return rows


def checked(
    check: RowCheck, values: Mapping[str, object], given: tuple[object, ...] = ()
) -> dict[str, object]:
    """The row as a mapping to insert; raises `RecordingError` naming the field that is wrong."""
    plan, row = check(given, values)
    return dict(zip(plan.names, row, strict=True))


def digest_of(value: object) -> str:
    """The hash by which a configuration or policy is known again; a wrong value is named later."""
    try:
        return digest(value)
    except (TypeError, ValueError, RecursionError):
        return ""


def _insert(target: Target, simulation_id: str, rows: _Rows) -> None:
    runs = table("simulation_runs")
    with target.transaction() as connection:
        known = select(runs.c.simulation_id).where(runs.c.simulation_id == simulation_id)
        if connection.execute(known).first() is not None:
            raise RecordingError(
                f"{target.name} already has a run {simulation_id}; "
                "give another iteration, sample_index or purpose."
            )
        for name, listed in rows.items():
            if listed:
                connection.execute(insert(table(name)), listed)
