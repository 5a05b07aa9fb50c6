"""Who takes part in a run: everybody that any of its tables names as an agent."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.concepts import Agent
from telemetry.families.asker import Asker
from telemetry.queries import AgentsQuery

_PLACES = (
    ("tick_agent_states", "agent_id", "tick"),
    ("simulation_events", "agent_id", "tick"),
    ("daily_agent_metrics", "agent_id", None),
    ("transactions", "sender_id", "arrival_tick"),
    ("transactions", "receiver_id", "arrival_tick"),
)


def agents(asker: Asker, query: AgentsQuery) -> tuple[Agent, ...]:
    """Every agent with the first and last tick that names it, by id."""
    seen: dict[str, list[int]] = {}
    for table, agent, tick in _PLACES:
        if not asker.has(table, agent, "simulation_id"):
            continue
        own = asker.column(table, agent)
        at = sa.null() if tick is None else asker.column(table, tick)
        of_run = asker.column(table, "simulation_id") == query.run_id
        rows = asker.rows(
            sa.select(own, sa.func.min(at), sa.func.max(at))
            .where(of_run, own.is_not(None))
            .group_by(own)
        )
        for name, first, last in rows:
            ends = seen.setdefault(str(name), [])
            ends.extend(t for t in (first, last) if isinstance(t, int))
    return tuple(
        Agent(name, name, None, min(ends, default=None), max(ends, default=None))
        for name, ends in sorted(seen.items())
    )
