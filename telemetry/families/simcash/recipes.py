"""Whether enough of a run was kept to simulate it again exactly, and what it was made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from telemetry.concepts import RunDetail, RunId, TablePage, TickRange
from telemetry.errors import NothingFoundError
from telemetry.families.simcash.recording.payloads import digest
from telemetry.families.simcash.words import unpacked
from telemetry.frozen import Frozen, replace
from telemetry.queries import Query, RunQuery, TableQuery, Where

_COLUMNS = ("agent_id", "policy_hash", "policy_json")


class Asked(Protocol):
    """An open source, as far as a recipe asks it."""

    def ask(self, query: Query[Any]) -> Any: ...


class Recipe(Frozen):
    """Everything that a run follows from; ``policies`` by agent, as they were at the first tick."""

    simulation_id: RunId
    config_name: str
    config: Mapping[str, Any]
    policies: Mapping[str, Any]
    seed: int
    ticks_per_day: int
    num_days: int


def can_rerun(source: Asked, simulation_id: RunId) -> tuple[bool, str]:
    """Whether the run can be simulated again exactly, and why (not), in a sentence."""
    try:
        recipe(source, simulation_id)
    except NothingFoundError as lacking:
        return False, str(lacking)
    return True, "Configuration, policies and seed are kept, and match their hashes."


def recipe(source: Asked, simulation_id: RunId) -> Recipe:
    """What a run was made of; NothingFoundError names what was not kept, or was changed since.

    Formula: the SHA-256 of the canonical JSON of the configuration and of each policy is that in
    ``config_hash`` and ``policy_hash``; there is a policy for each of ``num_agents``.
    """
    detail: RunDetail = source.ask(RunQuery(simulation_id))
    fields = detail.run.fields
    numbers = {name: fields.get(name) for name in ("rng_seed", "ticks_per_day", "num_days")}
    for name, value in numbers.items():
        if not isinstance(value, int):
            raise _cannot(simulation_id, f"its {name} was not recorded")
    config = unpacked(detail.config)
    if not isinstance(config, Mapping) or not config:
        raise _cannot(simulation_id, "its configuration was not recorded")
    if digest(config) != fields.get("config_hash"):
        raise _cannot(simulation_id, "its configuration does not match config_hash")
    policies = _policies(source, simulation_id)
    agents = fields.get("num_agents")
    if agents != len(policies):
        found = f"policies of {len(policies)} of {agents!r} agents were recorded"
        raise _cannot(simulation_id, found)
    seed, per_day, days = (int(str(value)) for value in numbers.values())
    name = str(fields.get("config_name") or "")
    return Recipe(simulation_id, name, config, policies, seed, per_day, days)


def _policies(source: Asked, simulation_id: RunId) -> dict[str, Any]:
    """The policies of the first tick, by agent."""
    first = Where(ticks=TickRange(0, 0))
    query = TableQuery(simulation_id, "policy_snapshots", _COLUMNS, first)
    policies: dict[str, Any] = {}
    while True:
        page: TablePage = source.ask(query)
        for agent, hashed, text in page.rows:
            named, policy = str(agent), unpacked(text)
            if digest(policy) != hashed:
                raise _cannot(simulation_id, f"the policy of {named} does not match its hash")
            policies[named] = policy
        if page.next is None:
            return policies
        query = replace(query, after=page.next)


def _cannot(simulation_id: RunId, why: str) -> NothingFoundError:
    return NothingFoundError(f"Run {simulation_id} cannot be simulated again: {why}.")
