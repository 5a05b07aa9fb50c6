"""Rows of agent, tick and value as arrays, a chunk at a time: no row outlives its chunk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from telemetry.answers.blocks import Blocks, room
from telemetry.answers.values import agent_of, decimal_cell, floats, whole
from telemetry.concepts import AgentId, Floats, Ints, Line
from telemetry.families.vocabulary import ColumnSpec, MeasureSpec
from telemetry.reader import Reader

CHUNK = 10_000
MANY = 1_000_000
"""Of more rows than that ticks take half the room, where they fit."""
_HALF = 1 << 30  # so that the distance of two fits as well
T = TypeVar("T")
Row = tuple[Any, ...]


@dataclass
class Tracks:
    """Chunks of rows in the order in which they were read, and what is to be said of others.

    `agent` holds whole numbers where all agents of a chunk are, else each one's id as it is;
    `value` is NaN where NULL or no number. `mark` is None where none was asked for. Whoever takes
    the chunks out (`lines`, `whole`) leaves none behind: there may be millions of rows.
    """

    agent: list[npt.NDArray[Any]]
    tick: list[npt.NDArray[Any]]
    value: list[Floats]
    mark: list[str] | None
    notes: tuple[str, ...] = ()


def tracks(
    reader: Reader,
    statement: sa.Select[Any],
    spec: MeasureSpec,
    column: ColumnSpec,
    scale: int,
    *,
    marked: bool = False,
    of: int | None = None,
) -> Tracks:
    """The rows (agent, tick, value and, where `marked`, mark) of a statement.

    `of`: they are all of this agent, and do not name it.
    """
    found = Tracks([], [], [], [] if marked else None)
    blocks = Blocks(found.agent, found.tick, found.value)
    left = odd = 0
    place = 2 if of is None else 1
    for chunk in reader.chunks(statement, CHUNK):
        agent, tick, rows = _placed(chunk) if of is None else _of_one(of, chunk)
        left += len(chunk) - len(rows)
        if not rows:
            continue
        stored: list[Any] = [row[place] for row in rows]
        if column.decimal_text:
            stored = [decimal_cell(value) for value in stored]
        value, no_number = floats(stored, scale)
        odd += no_number
        blocks.add(_small(agent), _small(tick), value)
        if found.mark is not None:
            found.mark.extend("" if row[place + 1] is None else str(row[place + 1]) for row in rows)
    notes = []
    if left:
        notes.append(
            f"{left} rows of {spec.table} name no agent or no whole tick and are left out."
        )
    if odd:
        notes.append(f"{odd} values of {spec.name} are no numbers and are left out.")
    found.notes = tuple(notes)
    return found


def whole_columns(found: Tracks) -> tuple[Ints, Floats]:
    """Ticks and values in the order in which they were read."""
    found.agent.clear()
    tick: Ints = _joined(found.tick, np.int64)
    value: Floats = _joined(found.value, np.float64)
    return tick, value


def lines(found: Tracks, known: list[AgentId] | None = None) -> tuple[Line, ...]:
    """A line for each agent, its rows in the order in which they were read.

    Lines come in the order of `known`, else numbers ascending and then others by their texts.
    """
    known = _known(found.agent) if known is None else known
    if len(known) == 1 and found.mark is None:
        tick, value = whole_columns(found)
        return (Line(known[0], tick, value),)
    codes = [_codes(chunk, known) for chunk in _taken(found.agent)]
    counts = np.zeros(len(known), np.int64)
    for code in codes:
        counts += np.bincount(code, minlength=len(known))
    ends = np.cumsum(counts)
    # One after the other, so that only one of them is there twice.
    size = int(counts.sum())
    fresh = room if size > MANY else np.empty
    value = _sorted_by(codes, found.value, fresh(size, np.dtype(np.float64)), ends - counts)
    small = size > MANY and all(chunk.dtype == np.int32 for chunk in found.tick)
    kind = np.dtype(np.int32 if small else np.int64)
    tick = _sorted_by(codes, found.tick, fresh(size, kind), ends - counts)
    mark = None
    if found.mark is not None:
        edges = np.cumsum([code.size for code in codes])[:-1]
        marks = np.split(np.array([*found.mark, None], object)[:-1], edges) if codes else []
        mark = _sorted_by(codes, marks, np.empty(value.size, object), ends - counts)
    return tuple(
        Line(
            agent,
            tick[end - count : end],
            value[end - count : end],
            None if mark is None else tuple(mark[end - count : end].tolist()),
        )
        for agent, count, end in zip(known, counts.tolist(), ends.tolist(), strict=True)
    )


def _sorted_by(
    codes: list[npt.NDArray[Any]], chunks: list[Any], into: npt.NDArray[Any], free: Ints
) -> npt.NDArray[Any]:
    """All chunks in one array, in the order of their codes; `free` is where each code begins."""
    for code, chunk in zip(codes, _taken(chunks), strict=True):
        order = np.argsort(code, kind="stable")
        together = code[order]
        rank = np.arange(code.size) - np.searchsorted(together, together)
        into[free[together] + rank] = chunk[order]
        free = free + np.bincount(code, minlength=free.size)
    return into


def _known(chunks: list[npt.NDArray[Any]]) -> list[AgentId]:
    """The agents of all chunks: numbers ascending, or else in the order of their texts."""
    seen: set[AgentId] = set()
    for chunk in chunks:
        seen.update(chunk.tolist() if chunk.dtype == object else np.unique(chunk).tolist())
    if any(isinstance(agent, str) for agent in seen):
        return sorted(seen, key=lambda agent: (isinstance(agent, str), str(agent)))
    return sorted(seen)


def _codes(agents: npt.NDArray[Any], known: list[AgentId]) -> npt.NDArray[Any]:
    """Each agent's place among the known ones."""
    kind = np.int16 if len(known) < 1 << 15 else np.int32  # which also sorts in a fifth of the time
    if agents.dtype != object and not any(isinstance(agent, str) for agent in known):
        return np.searchsorted(np.array(known), agents).astype(kind)
    places = {agent: place for place, agent in enumerate(known)}
    return np.array([places[agent] for agent in agents.tolist()], kind)


def _taken(chunks: list[T]) -> Iterator[T]:
    """The chunks one by one, each forgotten as soon as the next one is asked for."""
    chunks.reverse()
    while chunks:
        yield chunks.pop()


def _joined(chunks: list[npt.NDArray[Any]], kind: type[Any]) -> npt.NDArray[Any]:
    joined = np.empty(sum(chunk.size for chunk in chunks), kind)
    at = 0
    for chunk in _taken(chunks):
        joined[at : at + chunk.size] = chunk
        at += chunk.size
    return joined


def _small(numbers: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers in half the room, where they fit."""
    if numbers.dtype != np.int64 or not numbers.size:
        return numbers
    fits = int(numbers.min()) >= -_HALF and int(numbers.max()) < _HALF
    return numbers.astype(np.int32) if fits else numbers


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


def _of_one(agent: int, rows: list[Row]) -> tuple[npt.NDArray[Any], Ints, list[Row]]:
    """The same of rows that begin with their ticks, all of one agent."""
    tick = _whole([row[0] for row in rows])
    if tick is None:
        rows = [(whole(row[0]), *row[1:]) for row in rows if whole(row[0]) is not None]
        tick = np.array([row[0] for row in rows], np.int64)
    return np.full(tick.size, agent), tick, rows


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
