"""Stretches: the states of a lane tick by tick as intervals of equal ones, in whole arrays."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from telemetry.answers.values import whole
from telemetry.concepts import Ints, Lane
from telemetry.frozen import Frozen

NOT_RECORDED = -1
_FAR = 2**61  # ticks further apart would not fit once added up


class States(Frozen):
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


class StatesRead:
    """The states of several columns while their rows are read, in the order of their ticks.

    Rows come a few at a time, for an array made of all at once would keep the interpreter for long.
    Those whose tick is no whole number are left out.
    """

    def __init__(self, columns: int) -> None:
        self._ticks: list[Ints] = []
        self._columns = [_Codes() for _ in range(columns)]

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """More rows: a tick and then the state of each column."""
        ticks = [row[0] for row in rows]
        at = None
        if set(map(type, ticks)) <= {int}:
            with suppress(OverflowError):
                at = np.array(ticks, np.int64)
        if at is None:
            known = [whole(tick) for tick in ticks]
            rows = [row for row, tick in zip(rows, known, strict=True) if tick is not None]
            at = np.array([tick for tick in known if tick is not None], np.int64)
        self._ticks.append(at)
        for place, column in enumerate(self._columns, 1):
            column.add([row[place] for row in rows])

    def add_repeated(self, rows: Sequence[Sequence[Any]]) -> None:
        """More rows that stand for several each: how many, the step from one's tick to the next
        one's, the first one's tick and the states of all.
        """
        told = [row for row in rows if row[2] is not None]
        if not told:
            return
        self.add([row[2:] for row in told])
        times = np.array([row[0] for row in told], np.int64)
        step = np.array([0 if row[0] == 1 else int(row[1]) for row in told], np.int64)
        further = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        self._ticks[-1] = np.repeat(self._ticks[-1], times) + np.repeat(step, times) * further
        for column in self._columns:
            column.parts[-1] = np.repeat(column.parts[-1], times)

    def states(self) -> list[States]:
        """What was read, a column after the other."""
        tick = _joined(self._ticks)
        return [States(tick, _joined(column.parts), column.known) for column in self._columns]


class _Codes:
    """One column: 1, 1.0 and True are three states, and where one is a list all are texts."""

    def __init__(self) -> None:
        self.parts: list[Ints] = []
        self._places = _Places()
        self._texts = False

    @property
    def known(self) -> tuple[Any, ...]:
        return tuple(state for _, state in self._places)

    def add(self, states: Sequence[Any]) -> None:
        if self._texts:
            states = [_text(state) for state in states]
        keys = zip(map(type, states), states, strict=True)
        try:
            code = np.fromiter(map(self._places.__getitem__, keys), np.int64, len(states))
        except TypeError:
            self._become_texts()
            self.add(states)
        else:
            self.parts.append(code)

    def _become_texts(self) -> None:
        known, self._places, self._texts = self.known, _Places(), True
        texts = map(_text, known)
        place = np.array([self._places[type(text), text] for text in texts], np.int64)
        self.parts = [place[part] for part in self.parts]


class _Places(dict[tuple[type, Any], int]):
    """A place for each key, in the order in which they first occur."""

    def __missing__(self, key: tuple[type, Any]) -> int:
        self[key] = place = len(self)
        return place


def _text(state: Any) -> str | None:
    return None if state is None else str(state)


def _joined(parts: list[Ints]) -> Ints:
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


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
