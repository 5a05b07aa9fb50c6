"""What only the VMT family knows of a run: its facts, and where its records disagree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, Findings, RunDetail, RunId
from telemetry.families.asker import Asker
from telemetry.families.vmt import derived
from telemetry.frozen import replace

TICK_REGIME = "Regime (ticks)"


def status(fields: Mapping[str, Cell]) -> str:
    """finished where the producer set end_time, else unfinished."""
    return "unfinished" if fields.get("end_time") is None else "finished"


def run_extra(fields: Mapping[str, Cell], config: object) -> Mapping[str, Cell]:
    """What the configuration adds to the run row: seed, regime and money mode."""
    return {
        "seed": _light(_get(config, "seed")),
        "regime_configured": _light(_get(config, "params", "exchange_regime")),
        "money_mode_configured": _light(_get(config, "params", "money_mode")),
        "status": status(fields),
    }


def detail(asker: Asker, run_id: RunId, found: RunDetail) -> RunDetail:
    """Facts to show, and a warning for each contradiction that needs no pass over the rows.

    The regimes of the ticks, which no index tells, are left to `contradictions`.
    """
    warnings = _size_warnings(found)
    if found.config_problem is not None:
        warnings = (*warnings, found.config_problem)
    sought = (TICK_REGIME,) if _has_tick_regime(asker) else ()
    return replace(found, facts=_facts(found), warnings=warnings, sought=sought)


def _facts(found: RunDetail) -> tuple[tuple[str, Cell], ...]:
    fields = found.run.fields
    ticks = found.run.ticks
    grid = None if found.grid is None else f"{found.grid[0]} × {found.grid[1]}"
    return (
        ("Scenario", fields.get("scenario_name")),
        ("Status", found.run.status),
        ("Seed", fields.get("seed")),
        ("Ticks", None if ticks is None else f"{ticks.first} to {ticks.last}"),
        ("Agents (run row)", fields.get("num_agents")),
        ("Agents (seen)", found.agents),
        ("Grid", grid),
        ("Regime (run row)", fields.get("exchange_regime")),
        ("Regime (config)", fields.get("regime_configured")),
        (TICK_REGIME, None),
        ("Money mode (run row)", fields.get("money_mode")),
        ("Money mode (config)", fields.get("money_mode_configured")),
        ("Money scale", fields.get("money_scale")),
        ("Started", fields.get("start_time")),
        ("Ended", fields.get("end_time")),
    )


def _regime_warning(stored: Any, regimes: tuple[str, ...]) -> tuple[str, ...]:
    if stored is None or not regimes or regimes == (str(stored),):
        return ()
    return (
        f"The run row says regime {stored!s}, the ticks say {', '.join(regimes)}; "
        "the ticks are what happened.",
    )


def _size_warnings(found: RunDetail) -> tuple[str, ...]:
    said: list[str] = []
    fields, ticks = found.run.fields, found.run.ticks
    if ticks is None:
        said.append("This run has no rows yet: nothing but its run row was recorded.")
    elif isinstance(total := fields.get("total_ticks"), int):
        seen = ticks.last - ticks.first + 1
        if total != seen:
            said.append(f"The run row counts {total} ticks, its rows cover {seen}.")
    named, agents = fields.get("num_agents"), found.agents
    if agents is not None and isinstance(named, int) and agents not in (0, named):
        said.append(f"The run row counts {named} agents, snapshots name {agents}.")
    return tuple(said)


def contradictions(asker: Asker, run_id: RunId) -> Findings:
    """The regimes of the ticks, and where they or trades contradict what else is stored."""
    facts: tuple[tuple[str, Cell], ...] = ()
    warnings: tuple[str, ...] = ()
    if _has_tick_regime(asker):
        regimes = _tick_regimes(asker, run_id)
        facts = ((TICK_REGIME, ", ".join(regimes) or None),)
        warnings = _regime_warning(_stored_regime(asker, run_id), regimes)
    return Findings(facts, (*warnings, *_pair_warning(asker, run_id)))


def _pair_warning(asker: Asker, run_id: RunId) -> tuple[str, ...]:
    """Trades whose stored pair type contradicts what changed hands."""
    if not asker.has("trades", "exchange_pair_type", "dA", "dB"):
        return ()
    traded = derived.pair_type("trades", "dA", "dB", "dM")(asker)
    stored = asker.column("trades", "exchange_pair_type")
    reversed_names = sa.case(
        (stored == "M<->A", "A<->M"),
        (stored == "M<->B", "B<->M"),
        (stored == "B<->A", "A<->B"),
        else_=stored,
    )
    rows = asker.rows(
        sa.select(sa.func.count()).where(
            asker.column("trades", "run_id") == run_id,
            reversed_names != traded,
            *asker.along_ticks("trades"),
        )
    )
    wrong = rows[0][0]
    if not wrong:
        return ()
    return (
        f"exchange_pair_type contradicts the amounts in {wrong} trades; "
        "the pair shown is what changed hands.",
    )


def _has_tick_regime(asker: Asker) -> bool:
    return asker.has("tick_states", "run_id", "exchange_regime")


def _tick_regimes(asker: Asker, run_id: RunId) -> tuple[str, ...]:
    regime = asker.column("tick_states", "exchange_regime")
    of_run = asker.column("tick_states", "run_id") == run_id
    rows = asker.rows(sa.select(regime).where(of_run).distinct())
    return tuple(sorted(str(r[0]) for r in rows if r[0] is not None))


def _stored_regime(asker: Asker, run_id: RunId) -> Any:
    regime = asker.column("simulation_runs", "exchange_regime")
    of_run = asker.column("simulation_runs", "run_id") == run_id
    rows = asker.rows(sa.select(regime).where(of_run))
    return rows[0][0] if rows else None


def _get(config: object, *path: str) -> Any:
    for name in path:
        config = config.get(name) if isinstance(config, dict) else None
    return config


def _light(value: Any) -> Cell:
    return value if isinstance(value, str | int | float | bool) else None
