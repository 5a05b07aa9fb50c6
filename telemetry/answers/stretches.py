"""Stretches: the states of a lane tick by tick as intervals of equal ones, in whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from telemetry.answers.values import whole
from telemetry.concepts import Ints, Lane

NOT_RECORDED = -1
_FAR = 2**61  # ticks further apart would not fit once added up


@dataclass(frozen=True)
class States:
    """What rows say at their ticks, ascending: `known[code[i]]` is the state at `tick[i]`.

    A tick may have several rows, of which the last counts.
    """

    tick: Ints
    code: Ints
    known: tuple[Any, ...]

    @property
    def recorded(self) -> bool:
        return any(state is not None for state in self.known)

    def lane(self, name: str, label: str, last: int | None) -> Lane:
        """The states as texts; `last` is the tick beyond which no state holds."""
        texts = [None if state is None else str(state) for state in self.known]
        names = tuple(dict.fromkeys(text for text in texts if text is not None))
        places = [NOT_RECORDED if text is None else names.index(text) for text in texts]
        return self.coded_lane(name, label, places, names, last)

    def coded_lane(
        self, name: str, label: str, places: Sequence[int], names: tuple[str, ...], last: int | None
    ) -> Lane:
        """A lane in which each of `known` is the name at its place, or NOT_RECORDED."""
        if not self.tick.size:
            nothing = np.empty(0, np.int64)
            return Lane(name, label, nothing, nothing, ())
        code = np.array(places, np.int64)[self.code]
        first, end, state = _stretches(self.tick, code, last)
        return Lane(name, label, first, end, tuple(names[k] for k in state.tolist()))


def states_of(ticks: Sequence[Any], states: Sequence[Any]) -> States:
    """Rows in the order of their ticks; those whose tick is no whole number are left out."""
    at = None
    if set(map(type, ticks)) <= {int}:
        with suppress(OverflowError):
            at = np.array(ticks, np.int64)
    if at is None:
        pairs = [(t, s) for t, s in zip(map(whole, ticks), states, strict=True) if t is not None]
        at, states = np.array([t for t, _ in pairs], np.int64), [s for _, s in pairs]
    keys: Sequence[Any] = states
    if len(set(map(type, states)) - {type(None)}) > 1:  # 1, 1.0 and True are three states
        keys = list(zip(map(type, states), states, strict=True))
    try:
        place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    except TypeError:  # a list or an object
        return states_of(ticks, [None if s is None else str(s) for s in states])
    code = np.fromiter(map(place.__getitem__, keys), np.int64, len(keys))
    known = place if keys is states else (state for _, state in place)
    return States(at, code, tuple(known))


def _stretches(tick: Ints, code: Ints, last: int | None) -> tuple[Ints, Ints, Ints]:
    """First ticks, last ticks and codes of stretches in which one code holds.

    A state holds until the next one, at most for the usual distance of two. Equal neighbours are
    one stretch.
    """
    counts = np.append(tick[1:] != tick[:-1], True)
    tick, code = tick[counts], code[counts]
    if max(-int(tick[0]), int(tick[-1])) > _FAR:
        tick = tick.astype(object)
    end = tick + (_usual_gap(tick) - 1)
    np.minimum(end[:-1], tick[1:] - 1, out=end[:-1])
    if last is not None:
        end[-1] = max(tick[-1], min(end[-1], last))
    there = code != NOT_RECORDED
    first, end, code = tick[there], end[there], code[there]
    fresh = np.ones(code.size, np.bool_)
    fresh[1:] = (code[1:] != code[:-1]) | (first[1:] != end[:-1] + 1)
    begins = np.flatnonzero(fresh)
    ends = np.append(begins[1:], code.size)[: begins.size] - 1
    return first[begins].astype(np.int64), end[ends].astype(np.int64), code[begins]


def _usual_gap(tick: Ints) -> Any:
    """The most frequent distance of two ticks, of several the smallest; 1 where there is none."""
    gaps, counts = np.unique(np.diff(tick), return_counts=True)
    return gaps[np.argmax(counts)] if gaps.size else 1
