"""Measures worked out from another table, for runs whose own table holds nothing."""

from __future__ import annotations

from typing import Any

from telemetry.concepts import AgentId, RunId, TickRange
from telemetry.errors import RequestError
from telemetry.families.vocabulary import MeasureSpec
from telemetry.reader import Reader


def rebuilt_rows(
    reader: Reader,
    spec: MeasureSpec,
    run_id: RunId,
    ticks: TickRange | None = None,
    agents: tuple[AgentId, ...] | None = None,
) -> list[tuple[Any, ...]]:
    """(agent, tick, value) of the run by agent and tick, within `ticks` and of `agents`."""
    if spec.rebuild is None:
        raise RequestError(f"{spec.label} is nothing that can be rebuilt.")
    wanted = None if agents is None else {str(agent) for agent in agents}
    rows = [
        row
        for row in spec.rebuild(reader, run_id)
        if (ticks is None or ticks.first <= row[1] <= ticks.last)
        and (wanted is None or str(row[0]) in wanted)
    ]
    place = {agent: i for i, agent in enumerate(dict.fromkeys(row[0] for row in rows))}
    return sorted(rows, key=lambda row: place[row[0]])
