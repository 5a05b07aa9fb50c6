"""Flows as rows and matrices: edges, agents with what they passed on, and money's velocity."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from telemetry.cancel import CancelToken
from telemetry.concepts import (
    AgentId,
    Cell,
    Column,
    Floats,
    Flows,
    Good,
    Intermediaries,
    Ints,
    RunId,
    TickRange,
    Velocity,
)
from telemetry.filters import Filter
from telemetry.frozen import Frozen, replace
from telemetry.queries import BandQuery, FlowsQuery, RunQuery
from telemetry.source import Source

Row = tuple[Cell, ...]
SHOWN = 60
"""So many agents have a place of their own in a matrix or a circle; the others share one."""
EDGES = (
    Column("good", "good", "text"),
    Column("giver", "giver", "text"),
    Column("taker", "taker", "text"),
    Column("quantity", "quantity", "real"),
    Column("unit", "unit", "text"),
    Column("rows", "rows", "int", help="Rows of the table in which it changed hands."),
)
AGENTS = (
    Column("good", "good", "text"),
    Column("agent", "agent", "text", role="agent"),
    Column("taken", "taken", "real"),
    Column("given", "given", "real"),
    Column("passed", "passed on", "real", help="Taken first and given later."),
    Column("share", "of what it gave", "real", unit="share"),
    Column("unit", "unit", "text"),
    Column("rows", "rows", "int"),
)
VELOCITY = (
    Column("good", "good", "text"),
    Column("turnover", "turnover", "real"),
    Column("ticks", "ticks", "int"),
    Column("per_tick", "per tick", "real"),
    Column("stock", "mean stock", "real"),
    Column("velocity", "velocity", "real", unit="per tick"),
    Column("unit", "unit", "text"),
)
PASSED = "passed on = given + min(0, lowest of taken − given so far)"
TURNS = "velocity = turnover ÷ ticks ÷ mean stock over agents and recorded ticks"


def edge_rows(found: Flows) -> tuple[Row, ...]:
    """A row for each giver and taker (and leg), the largest first, under `EDGES`."""
    order = np.lexsort((-found.count, -np.nan_to_num(found.amount)))
    name, unit, agents, quantity = found.good.name, found.good.unit, found.agents, found.quantity
    givers, takers = found.giver[order].tolist(), found.taker[order].tolist()
    counts, places = found.count[order].tolist(), order.tolist()
    return tuple(
        (name, agents[giver], agents[taker], quantity[place], unit, count)
        for giver, taker, place, count in zip(givers, takers, places, counts, strict=True)
    )


def agent_rows(found: Intermediaries) -> tuple[Row, ...]:
    """A row for each agent, those who passed on the most first, under `AGENTS`."""
    return tuple(
        (
            found.good.name, p.agent_id, p.taken, p.given, p.passed,
            p.passed / p.given if p.given > 0 else None, found.good.unit, p.rows,
        )
        for p in found.agents
    )  # fmt: skip


def velocity(
    source: Source,
    run_id: RunId,
    good: Good,
    ticks: TickRange | None = None,
    token: CancelToken | None = None,
) -> Velocity:
    """How often a tick the good turns over: its turnover per tick by the mean stock of it.

    The stock of a tick is the sum over agents; ticks without any value do not count.
    """
    found = source.ask(FlowsQuery(run_id, good.name, ticks), token)
    turnover = float(np.nansum(found.amount))
    span = ticks or source.ask(RunQuery(run_id), token).run.ticks
    lasting = 0 if span is None else span.last - span.first + 1
    if not good.stock:
        why = f"How much of {good.label} there is, is nothing that is recorded."
        return Velocity(good, turnover, lasting, math.nan, math.nan, why)
    band = source.ask(BandQuery(run_id, good.stock, ticks), token)
    there = band.count > 0
    if not there.any():
        why = " ".join(band.notes) or f"{band.measure.label} has no values."
        return Velocity(good, turnover, lasting, math.nan, math.nan, why)
    stock = float(np.mean(band.mean[there] * band.count[there]))
    if not lasting or not stock > 0:
        why = f"The mean stock of {good.label} is {stock:.6g}, of which nothing turns over."
        return Velocity(good, turnover, lasting, stock, math.nan, why)
    return Velocity(good, turnover, lasting, stock, turnover / lasting / stock)


def velocity_row(found: Velocity) -> Row:
    """Under `VELOCITY`."""
    known = [None if math.isnan(v) else v for v in (found.stock, found.velocity)]
    per = found.turnover / found.ticks if found.ticks else None
    return (found.good.name, found.turnover, found.ticks, per, *known, found.good.unit)


def velocity_text(found: Velocity) -> str:
    """In a sentence."""
    unit = f" {found.good.unit}".rstrip()
    turned = f"{found.good.label}: turnover {found.turnover:.6g}{unit} in {found.ticks} ticks"
    if math.isnan(found.velocity):
        return f"{turned}. No velocity: {found.reason}"
    return f"{turned}, mean stock {found.stock:.6g}{unit}, velocity {found.velocity:.4g} per tick."


class Matrix(Frozen):
    """Flows between agents of which only so many have a place of their own.

    `amount[i, j]` is what `members[i]` gave `members[j]`, `rows[i, j]` in how many rows. The last
    member is None where `others` more agents share its place.
    """

    good: Good
    members: tuple[AgentId | None, ...]
    others: int
    amount: Floats
    rows: Ints
    names: tuple[str, ...]


def matrix(found: Flows, most: int = SHOWN) -> Matrix:
    """All flows; of more than `most` agents those that give and take the most, and the others.

    Agents are called by their ids.
    """
    amount = np.nan_to_num(found.amount)
    n = len(found.agents)
    whole = np.bincount(found.giver, amount, n) + np.bincount(found.taker, amount, n)
    kept = np.arange(n)
    if n > most:
        kept = np.sort(np.lexsort((np.arange(n), -whole))[:most])
    place = np.full(n, len(kept), np.int64)
    place[kept] = np.arange(len(kept))
    size = len(kept) + (n > len(kept))
    sums, rows = np.zeros((size, size)), np.zeros((size, size), np.int64)
    np.add.at(sums, (place[found.giver], place[found.taker]), amount)
    np.add.at(rows, (place[found.giver], place[found.taker]), found.count)
    members, left = tuple(found.agents[i] for i in kept.tolist()), n - len(kept)
    bare = Matrix(found.good, (*members, None) if left else members, left, sums, rows, ())
    return named(bare, {})


def named(found: Matrix, called: Mapping[AgentId, str]) -> Matrix:
    """The same with the agents' names; one without is called by its id."""
    names = [
        f"others ({found.others})" if m is None else called.get(m) or str(m) for m in found.members
    ]
    return replace(found, names=tuple(names))


def edges_between(
    found: Flows, giver: AgentId, taker: AgentId
) -> tuple[tuple[int, Cell, int], ...]:
    """(leg, quantity, rows) of what one agent gave another, the leg with the most rows first."""
    if giver not in found.agents or taker not in found.agents:
        return ()
    one, other = found.agents.index(giver), found.agents.index(taker)
    hits = np.flatnonzero((found.giver == one) & (found.taker == other)).tolist()
    edges = [(int(found.leg[i]), found.quantity[i], int(found.count[i])) for i in hits]
    return tuple(sorted(edges, key=lambda edge: -edge[2]))


def filters_of(good: Good, leg: int, giver: AgentId, taker: AgentId) -> dict[str, str]:
    """The filters of `good.table` that leave the rows of one edge: column → expression."""
    own = good.legs[leg]
    ends = {own.giver: giver, own.taker: taker}
    exactly = {name: str(Filter.any_of(name, [agent]).expr) for name, agent in ends.items()}
    return {**exactly, **dict(own.only)}
