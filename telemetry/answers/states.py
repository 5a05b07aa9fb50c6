"""The state of a run at each of its ticks: one lane by its name, or several crossed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from telemetry.concepts import Ints, Lane, LaneInfo, Timeline
from telemetry.errors import NothingFoundError, RequestError

JOINED = " × "


def crossed(found: Timeline, names: Sequence[str], declared: Sequence[LaneInfo]) -> Lane:
    """The lane called `names[0]`, its states crossed with those of the others.

    `found` holds every lane of the run. RequestError for a name that is no lane, and for lanes
    that share a name, of which one has to be chosen; NothingFoundError where nothing is recorded.
    """
    lanes = [_lane(found, name, declared) for name in names]
    if not lanes:
        raise RequestError("Name a lane whose states are meant.")
    for lane in lanes:
        if not lane.state:
            said = next((note for note in found.notes if note.startswith(lane.label)), "")
            raise NothingFoundError(said or f"{lane.label} is not recorded in this run.")
    return reduce(_cross, lanes)


def _lane(found: Timeline, name: str, declared: Sequence[LaneInfo]) -> Lane:
    lane = found.lane(name)
    if lane is not None:
        return lane
    known = [lane.name for lane in found.lanes]
    info = next((info for info in declared if info.name == name), None)
    if not declared:
        raise NothingFoundError("Sources of this kind have no lanes of states.")
    if info is None:
        raise RequestError(f"There is no lane {name!r} in this run; it has {', '.join(known)}.")
    own = [n for n in known if all(n != other.name for other in declared)]
    raise RequestError(f"{info.label} are several lanes; name one of {', '.join(own) or 'none'}.")


def _cross(one: Lane, other: Lane) -> Lane:
    """Where both lanes have a state, both of them; elsewhere nothing is known."""
    first = np.union1d(np.union1d(one.first, one.last + 1), np.union1d(other.first, other.last + 1))
    spans: list[tuple[int, int, str]] = []
    for a, b in zip(first[:-1].tolist(), (first[1:] - 1).tolist(), strict=True):
        states = one.at(a), other.at(a)
        if states[0] is None or states[1] is None:
            continue
        state = JOINED.join(str(s) for s in states)
        if spans and spans[-1][1:] == (a - 1, state):
            a = spans.pop()[0]
        spans.append((a, b, state))
    return Lane(
        JOINED.join((one.name, other.name)),
        JOINED.join((one.label, other.label)),
        np.array([a for a, _, _ in spans], np.int64),
        np.array([b for _, b, _ in spans], np.int64),
        tuple(state for _, _, state in spans),
    )


def states_of(lane: Lane) -> tuple[str, ...]:
    """Its states in the order in which they first occur."""
    return tuple(dict.fromkeys(lane.state))


def places(lane: Lane, ticks: Ints) -> Ints:
    """For each tick the place of its state among `states_of`; one past them where unknown."""
    states = states_of(lane)
    if not len(lane.first):
        return np.full(len(ticks), len(states), np.int64)
    number = {state: i for i, state in enumerate(states)}
    code = np.array([number[state] for state in lane.state], np.int64)
    at = np.searchsorted(lane.first, ticks, side="right") - 1
    inside = (at >= 0) & (ticks <= lane.last[np.maximum(at, 0)])
    return np.where(inside, code[np.maximum(at, 0)], len(states))
