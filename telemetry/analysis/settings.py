"""What runs were set to: the keys of their configurations, those that differ, and the seeds."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from telemetry.analysis.chosen import Chosen
from telemetry.analysis.policies import leaves
from telemetry.cancel import CancelToken
from telemetry.concepts import Cell, Column, Setting
from telemetry.queries import RunQuery, RunsQuery
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
    configuration has no key of that name.
    """
    detail = chosen.source.ask(RunQuery(chosen.run_id), token)
    columns = _columns(chosen.source, token)
    found = {} if detail.config is None else dict(leaves(detail.config))
    known = {re.split(r"[.\]\[]+", path.rstrip("]"))[-1].strip('"') for path in found}
    own = {
        column.name: detail.run.fields.get(column.name)
        for column in columns
        if column.role in roles and column.name not in known
    }
    found.update({name: value for name, value in own.items() if value is not None})
    parameters = any(c.role == "parameter" and c.name in found for c in columns)
    return found if detail.config is not None or parameters else None


def _columns(source: Source, token: CancelToken | None) -> tuple[Column, ...]:
    """What the run row has."""
    table = source.table_with_role("runs")
    return source.ask(RunsQuery(), token).columns if table is None else table.columns


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
