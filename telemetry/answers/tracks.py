"""Rows of agent, tick and value as arrays, a chunk at a time: no row outlives its chunk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from telemetry.answers.values import agent_of, decimal_cell, floats, whole
from telemetry.concepts import AgentId, Floats, Ints
from telemetry.families.vocabulary import ColumnSpec, MeasureSpec
from telemetry.reader import Reader

CHUNK = 10_000
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Tracks:
    """Rows in the order in which they were read, and what is to be said of those left out.

    `agent` holds int64 where all agents are numbers, else each agent's id as it is; `value` is
    NaN where NULL or no number. `mark` is None where none was asked for.
    """

    agent: npt.NDArray[Any]
    tick: Ints
    value: Floats
    mark: list[str] | None
    notes: tuple[str, ...]


def tracks(
    reader: Reader,
    statement: sa.Select[Any],
    spec: MeasureSpec,
    column: ColumnSpec,
    scale: int,
    *,
    marked: bool = False,
) -> Tracks:
    """The rows (agent, tick, value and, where `marked`, mark) of a statement."""
    agents: list[npt.NDArray[Any]] = []
    ticks: list[Ints] = []
    values: list[Floats] = []
    marks: list[str] = []
    left = odd = 0
    for chunk in reader.chunks(statement, CHUNK):
        agent, tick, rows = _placed(chunk)
        left += len(chunk) - len(rows)
        if not rows:
            continue
        stored: list[Any] = [row[2] for row in rows]
        if column.decimal_text:
            stored = [decimal_cell(value) for value in stored]
        value, no_number = floats(stored, scale)
        odd += no_number
        agents.append(agent)
        ticks.append(tick)
        values.append(value)
        if marked:
            marks.extend("" if row[3] is None else str(row[3]) for row in rows)
    notes = []
    if left:
        notes.append(
            f"{left} rows of {spec.table} name no agent or no whole tick and are left out."
        )
    if odd:
        notes.append(f"{odd} values of {spec.name} are no numbers and are left out.")
    return Tracks(
        np.concatenate(agents) if agents else np.empty(0, np.int64),
        np.concatenate(ticks) if ticks else np.empty(0, np.int64),
        np.concatenate(values) if values else np.empty(0, np.float64),
        marks if marked else None,
        tuple(notes),
    )


def _placed(rows: list[Row]) -> tuple[npt.NDArray[Any], Ints, list[Row]]:
    """Agents and ticks of the rows that have both; looked at one by one only where some lack."""
    agent, tick = _names([row[0] for row in rows]), _whole([row[1] for row in rows])
    if agent is not None and tick is not None:
        return agent, tick, rows
    found = [
        (agent_of(row[0]), whole(row[1]), *row[2:])
        for row in rows
        if row[0] is not None and whole(row[1]) is not None
    ]
    agents = np.empty(len(found), object)
    agents[:] = [row[0] for row in found]
    return agents, np.array([row[1] for row in found], np.int64), found


def _names(values: list[Any]) -> npt.NDArray[Any] | None:
    """Agents that are all numbers, or all called by texts; else None."""
    array: npt.NDArray[Any] | None = _whole(values)
    if array is None and all(type(value) is str for value in values):
        array = np.empty(len(values), object)
        array[:] = values
    return array


def _whole(values: list[Any]) -> Ints | None:
    """int64 where every value is a whole number that fits, else None."""
    try:
        array = np.array(values)
    except (ValueError, OverflowError):
        return None
    return array if array.dtype == np.int64 and array.ndim == 1 else None


def stretches(agent: npt.NDArray[Any]) -> list[tuple[AgentId, slice]]:
    """The agents one after the other, each with the rows that stand together."""
    if not agent.size:
        return []
    turns = (np.flatnonzero(agent[1:] != agent[:-1]) + 1).tolist()
    edges = [0, *turns, agent.size]
    known: list[AgentId] = agent[edges[:-1]].tolist()
    return [(known[i], slice(edges[i], edges[i + 1])) for i in range(len(known))]


def by_agent(agent: npt.NDArray[Any]) -> Ints:
    """The order of rows in which those of an agent stand together, otherwise as they stood."""
    if agent.dtype == object:
        listed = agent.tolist()
        keys = [(isinstance(own, str), str(own)) for own in listed]
        return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
    return np.argsort(agent, kind="stable")
