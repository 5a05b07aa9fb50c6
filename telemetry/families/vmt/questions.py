"""What only the VMT family knows of a run: its facts, and where its records disagree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from telemetry.concepts import Cell, RunDetail, RunId
from telemetry.families.asker import Asker
from telemetry.families.vmt import derived


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
    """Facts to show, and a warning for each contradiction between run row and rows."""
    regimes = _distinct(asker, "tick_states", "exchange_regime", run_id)
    facts = _facts(found, regimes)
    warnings = (
        *_regime_warning(found, regimes),
        *_size_warnings(found),
    )
    if found.config_problem is not None:
        warnings = (*warnings, found.config_problem)
    return replace(found, facts=facts, warnings=warnings)


def _facts(found: RunDetail, regimes: tuple[str, ...] | None) -> tuple[tuple[str, Cell], ...]:
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
        ("Regime (ticks)", None if regimes is None else ", ".join(regimes) or None),
        ("Money mode (run row)", fields.get("money_mode")),
        ("Money mode (config)", fields.get("money_mode_configured")),
        ("Money scale", fields.get("money_scale")),
        ("Started", fields.get("start_time")),
        ("Ended", fields.get("end_time")),
    )


def _regime_warning(found: RunDetail, regimes: tuple[str, ...] | None) -> tuple[str, ...]:
    stored = found.run.fields.get("exchange_regime")
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


def contradictions(asker: Asker, run_id: RunId) -> tuple[str, ...]:
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


def _distinct(asker: Asker, table: str, column: str, run_id: RunId) -> tuple[str, ...] | None:
    if not asker.has(table, "run_id", column):
        return None
    value = asker.column(table, column)
    statement = sa.select(value).where(asker.column(table, "run_id") == run_id).distinct()
    return tuple(sorted(str(r[0]) for r in asker.rows(statement) if r[0] is not None))


def _get(config: object, *path: str) -> Any:
    for name in path:
        config = config.get(name) if isinstance(config, dict) else None
    return config


def _light(value: Any) -> Cell:
    return value if isinstance(value, str | int | float | bool) else None
