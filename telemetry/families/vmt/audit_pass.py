"""One pass over a run's snapshots and trades for all audit rules about stocks, λ and gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from telemetry.concepts import Ints, TickRange
from telemetry.engines.columns import ColumnKind, Columns, by_agent
from telemetry.engines.lines import ByValuesError
from telemetry.families.auditing import Auditing, Counted, within
from telemetry.families.vmt.audit_words import bounds_of_lambda, forage_rate

SNAPSHOTS, TRADES = "agent_snapshots", "trades"
_KINDS: tuple[ColumnKind, ...] = ("whole", "whole", "number", "whole", "whole", "whole", "number")
_EXACT = 1 << 40
"""Larger amounts are left to the database: sums of doubles might not be exact."""
STATES = ("tick", "place", "A", "B", "M")
Array = npt.NDArray[Any]


@dataclass
class Passed:
    """What the pass found: by rule what it counted, the snapshot ticks, and who has which.

    `spans` maps an agent to the places of its first and last snapshot among the ticks, and to how
    many it has.
    """

    rules: dict[str, Counted]
    taken: list[int]
    spans: dict[int, tuple[int, int, int]]


def passed(audit: Auditing) -> Passed | None:
    """The pass, made once an audit; None where rows are better judged by statements."""

    def make() -> Passed | None:
        names = ("tick", "agent_id", "inventory_A", "inventory_B")
        if not audit.asker.has(SNAPSHOTS, *names):
            return None
        try:
            walk = _Walk(audit)
            for columns in audit.columns(SNAPSHOTS, lambda window: _rows(audit, window), _KINDS):
                walk.add(columns)
        except ByValuesError:
            return None
        return walk.passed()

    found: Passed | None = audit.once("the pass over snapshots", make)
    return found


def _rows(audit: Auditing, window: TickRange) -> sa.Select[Any]:
    """Snapshots (their second agent NULL) and trades of some ticks."""
    ask = audit.asker
    names = ("tick", "agent_id", "inventory_A", "inventory_B", "inventory_M", "lambda_money")
    tick, agent, a, b, m, of_money = (ask.column(SNAPSHOTS, n) for n in names)
    taken = sa.select(
        tick, agent, sa.null().label("other"), a, b, sa.func.coalesce(m, 0).label("M"), of_money
    ).where(ask.column(SNAPSHOTS, "run_id") == audit.run_id, within(tick, window))
    if not ask.has(TRADES, "tick", "buyer_id", "seller_id", "dA", "dB"):
        return taken
    names = ("tick", "buyer_id", "seller_id", "dA", "dB", "dM")
    when, buyer, seller, a, b, m = (ask.column(TRADES, n) for n in names)
    sold = sa.func.coalesce(seller, "nobody")  # which no array holds: a snapshot it is not
    traded = sa.select(when, buyer, sold, a, b, sa.func.coalesce(m, 0), sa.null()).where(
        ask.column(TRADES, "run_id") == audit.run_id, within(when, window)
    )
    both = sa.union_all(taken, traded).subquery("both")
    return sa.select(*both.c)


@dataclass
class _Walk:
    """Stretches of ticks in their order, and what is carried from each to the next one.

    `last` holds each agent's last snapshot, under "agent" and `STATES`; `moves` the trades since
    the last snapshot tick, as ticks, agents and what these got of A, B and M.
    """

    audit: Auditing
    rules: dict[str, Counted] = field(default_factory=dict)
    taken: list[int] = field(default_factory=list)
    spans: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    last: dict[str, Ints] = field(default_factory=dict)
    moves: list[Array] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rate = forage_rate(self.audit)
        self.bounds = bounds_of_lambda(self.audit)
        names = ("goods-explained", "money-explained", "no-negative-stock", "lambda-bounds")
        self.rules = {name: Counted() for name in names}
        none = np.empty(0, np.int64)
        self.last = dict.fromkeys(("agent", *STATES), none)
        self.moves = [none] * 5

    def passed(self) -> Passed:
        return Passed(self.rules, self.taken, self.spans)

    def add(self, columns: Columns) -> None:
        """The rows of later ticks; ByValuesError where they are not what arrays can judge."""
        tick, agent, other, a, b, m, of_money = columns
        if any(np.abs(stock).max(initial=0) > _EXACT for stock in (a, b, m)):
            raise ByValuesError
        there = np.isnan(other)
        self._trades(*(column[~there] for column in (tick, agent, other, a, b, m)))
        tick, agent, a, b, m = (column[there] for column in (tick, agent, a, b, m))
        self._count("no-negative-stock", tick.size, tick[(a < 0) | (b < 0) | (m < 0)])
        self._lambda(tick, of_money[there])
        if tick.size:
            self._snapshots(tick, agent, a, b, m)

    def _count(self, rule: str, judged: int, faulty: Ints) -> None:
        self.rules[rule].add(judged, faulty, self.audit.first)

    def _lambda(self, tick: Ints, value: Array) -> None:
        if self.bounds is not None:
            low, high = self.bounds
            outside = (value < low) | (value > high)
            self._count("lambda-bounds", int((~np.isnan(value)).sum()), tick[outside])

    def _trades(self, tick: Ints, buyer: Ints, seller: Array, a: Ints, b: Ints, m: Ints) -> None:
        """What both sides got, to those that no snapshot has come after yet."""
        sold = seller.astype(np.int64)
        pays_b = np.where(m == 0, -b, b)
        sides = ((tick, tick), (buyer, sold), (a, -a), (pays_b, -pays_b), (-m, m))
        self.moves = [np.r_[old, *new] for old, new in zip(self.moves, sides, strict=True)]

    def _snapshots(self, tick: Ints, agent: Ints, a: Ints, b: Ints, m: Ints) -> None:
        here = np.unique(tick)
        place = len(self.taken) + np.searchsorted(here, tick)
        found = {"agent": agent, "tick": tick, "place": place, "A": a, "B": b, "M": m}
        # Each agent's last snapshot stands before its own, so that no step between is lost.
        rows = {name: np.r_[self.last[name], found[name]] for name in found}
        order = by_agent(rows["agent"], np.r_[np.full(self.last["tick"].size, here[0] - 1), tick])
        rows = {name: column[order] for name, column in rows.items()}
        same = rows["agent"][1:] == rows["agent"][:-1]
        apart = np.diff(rows["place"])
        if (same & (apart == 0)).any():  # a snapshot twice: which of them counts?
            raise ByValuesError
        self._steps(rows, np.flatnonzero(same & (apart == 1)), self._net(rows, here))
        self._remember(rows, agent, place)
        self.taken += here.tolist()

    def _steps(self, rows: Mapping[str, Ints], before: Ints, net: Mapping[str, Array]) -> None:
        after = before + 1
        tick, wide = rows["tick"][after], rows["tick"][after] - rows["tick"][before]
        a, b, m = (rows[g][after] - rows[g][before] - net[g][after] for g in "ABM")
        broken = (a < 0) | (b < 0)
        if self.rate is not None:
            broken |= a + b > self.rate * wide
        self._count("goods-explained", tick.size, tick[broken])
        self._count("money-explained", tick.size, tick[m != 0])

    def _net(self, rows: Mapping[str, Ints], here: Ints) -> dict[str, Array]:
        """What trades since the snapshot tick before brought the agent of each row."""
        first, wide = len(self.taken), here.size + 1
        starts = np.flatnonzero(np.r_[True, rows["agent"][1:] != rows["agent"][:-1]])
        agents = rows["agent"][starts]
        codes = np.repeat(np.arange(agents.size), np.diff(np.r_[starts, rows["agent"].size]))
        key = codes * wide + np.maximum(rows["place"] - first + 1, 0)
        at = np.searchsorted(here, self.moves[0])
        now, later = at < here.size, at == here.size
        who = self.moves[1][now]
        code = np.minimum(np.searchsorted(agents, who), agents.size - 1)
        wanted = np.where(agents[code] == who, code * wide + at[now] + 1, -1)
        row = np.minimum(np.searchsorted(key, wanted), key.size - 1)
        known = key[row] == wanted
        found = {
            good: np.bincount(row[known], moved[now][known].astype(np.float64), key.size)
            for good, moved in zip("ABM", self.moves[2:], strict=True)
        }
        self.moves = [moved[later] for moved in self.moves]
        return found

    def _remember(self, rows: dict[str, Ints], agent: Ints, place: Ints) -> None:
        ends = np.flatnonzero(np.r_[rows["agent"][1:] != rows["agent"][:-1], True])
        self.last = {name: column[ends] for name, column in rows.items()}
        own = by_agent(agent, place)
        agent, place = agent[own], place[own]
        starts = np.flatnonzero(np.r_[True, agent[1:] != agent[:-1]])
        stops = np.r_[starts[1:], agent.size]
        listed = (agent[starts], place[starts], place[stops - 1], stops - starts)
        for who, begin, end, rows_of in zip(*(column.tolist() for column in listed), strict=True):
            known = self.spans.get(who, (begin, end, 0))
            self.spans[who] = (known[0], end, known[2] + rows_of)
