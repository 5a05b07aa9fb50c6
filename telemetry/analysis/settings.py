"""What runs were set to: the keys of their configurations, those that differ, and the seeds."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from telemetry.analysis.chosen import MANY, Chosen, by_source
from telemetry.analysis.policies import leaves
from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, RunId, Setting, Table
from telemetry.queries import RunCellsQuery, TableQuery
from telemetry.source import Source

SET_UP = ("seed", "master_seed", "parameter")
"""Roles of the run row's columns that say how a run was set up, not what came of it."""
NAMED = ("name", "agents")
"""More of them, which seeds of one configuration need not share."""
_SEED = re.compile(r"(?:^|[.\]\[\"])(?:\w*_)?(?:seed|random_state)\"?\]?$", re.IGNORECASE)


def is_seed(path: str) -> bool:
    """Whether a key of a configuration names a seed: seed, rng_seed, run.seed, random_state."""
    return _SEED.search(path) is not None


def settings_of(
    chosen: Chosen,
    token: CancelToken | None = None,
    roles: Sequence[str] = (*SET_UP, *NAMED),
) -> dict[str, object] | None:
    """Path → value of all that the run was set to; None where no configuration is recorded.

    Columns of the run row that play one of `roles` count too, under their own names, where the
    configuration has no key of that name; the regime only where there is no configuration.
    """
    return _settings(chosen, configuration(chosen, token), roles)


def settings_of_all(
    runs: Sequence[Chosen],
    token: CancelToken | None = None,
    roles: Sequence[str] = (*SET_UP, *NAMED),
) -> list[dict[str, object] | None]:
    """`settings_of` each run; the configurations of many runs of a source are read together."""
    known: dict[tuple[str, RunId], object] = {}
    for own in by_source(runs):
        table, column = _recorded_in(own[0].source)
        if table is None or column is None or len(own) < MANY:
            known.update({run.key: configuration(run, token) for run in own})
            continue
        query = RunCellsQuery(tuple(run.run_id for run in own), column.name)
        texts = own[0].source.ask(query, token)
        known.update({run.key: _decoded(text) for run, text in zip(own, texts, strict=True)})
    return [_settings(run, known[run.key], roles) for run in runs]


def _settings(chosen: Chosen, config: object, roles: Sequence[str]) -> dict[str, object] | None:
    found = {} if config is None else dict(leaves(config))
    known = {re.split(r"[.\]\[]+", path.rstrip("]"))[-1].strip('"') for path in found}
    table = chosen.source.table_with_role("runs")
    wanted = roles if found else (*roles, "regime")
    parameters = False
    for column in () if table is None else table.columns:
        value = chosen.run.fields.get(column.name)
        if column.role in wanted and column.name not in known and value is not None:
            found[column.name] = value
            parameters = parameters or column.role == "parameter"
    return found if config is not None or parameters else None


def place_of(chosen: Chosen) -> tuple[dict[str, object], Cell] | None:
    """Where a sample without a configuration of its own belongs, and which sample it is.

    Samples of one iteration of an experiment differ in what was drawn, and in nothing else.
    """
    table = chosen.source.table_with_role("runs")
    fields = chosen.run.fields
    roles = {} if table is None else {c.role: fields.get(c.name) for c in table.columns}
    if roles.get("sample") is None or chosen.run.experiment_id is None:
        return None
    place: dict[str, object] = {
        "experiment": chosen.run.experiment_id,
        "iteration": chosen.run.iteration,
        "purpose": roles.get("purpose"),
    }
    return place, roles["sample"]


def configuration(chosen: Chosen, token: CancelToken | None = None) -> object:
    """The decoded configuration as the run row stores it; None where it has none that is JSON."""
    table, column = _recorded_in(chosen.source)
    if table is None or column is None:
        return None
    query = TableQuery(chosen.run_id, table.name, (column.name,), limit=1)
    rows = chosen.source.ask(query, token).rows
    return _decoded(rows[0][0] if rows else None)


def _recorded_in(source: Source) -> tuple[Table | None, Column | None]:
    """The table of runs and its column with configurations."""
    table = source.table_with_role("runs")
    return table, None if table is None else table.with_role("config")


def _decoded(text: Cell) -> object:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except (ValueError, RecursionError):
        return text


def differing(found: Sequence[Mapping[str, object]]) -> tuple[Setting, ...]:
    """The keys that are not the same in all runs, in the order in which they come."""
    paths = dict.fromkeys(path for settings in found for path in settings)
    listed = (
        Setting(path, tuple(s.get(path) for s in found), tuple(path in s for s in found))
        for path in paths
    )
    return tuple(setting for setting in listed if setting.differs)


def seed_of(settings: Mapping[str, object]) -> Cell:
    """The seed that a run was given: all of them where there are several, None without one."""
    seeds = [(path, value) for path, value in settings.items() if is_seed(path)]
    if not seeds:
        return None
    if len(seeds) == 1:
        value = seeds[0][1]
        return value if isinstance(value, int | str) else str(value)
    return ", ".join(f"{path}={value}" for path, value in seeds)
