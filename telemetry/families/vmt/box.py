"""What a VMT database knows for the Edgeworth box of two agents: stocks, utilities, tries."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from telemetry.concepts import AgentId, Box, Holder, Move
from telemetry.errors import NothingFoundError
from telemetry.families.asker import Asker
from telemetry.families.vmt import gates_tried
from telemetry.families.vmt.circumstances import Circumstances, circumstances
from telemetry.queries import BoxQuery, WhyQuery

SAMPLES = 2_000
"""Recorded utilities that are read of each agent at most."""


def box(asker: Asker, query: BoxQuery) -> Box:
    """Stocks of A and B before the two met, every utility recorded of them, and their tries."""
    about = circumstances(asker, query.run_id, query.tick, query.agents)
    tried = gates_tried.tries(asker, WhyQuery(query.run_id, query.tick, query.agents))
    stocks = {agent: _stocks(about, agent, tried) for agent in query.agents}
    if None in stocks.values():
        raise NothingFoundError(
            f"The stocks of agents {query.agents[0]} and {query.agents[1]} before tick "
            f"{query.tick} are not recorded, so there is no box to draw."
        )
    first, second = (_holder(asker, query, about, a, tried) for a in query.agents)
    scale = asker.scale("goods")
    moves = [_move(t, query.agents[0], scale) for t in tried if t.pair == "A<->B"]
    moves = moves or _traded(asker, query, scale)
    notes = [] if moves else ["No try of A against B is recorded; the box shows where they stood."]
    if any(t.pair != "A<->B" for t in tried):
        notes.append("What they tried for M is not in a box of A and B.")
    return Box(query.tick, ("A", "B"), (first, second), tuple(moves), tuple(notes))


def _stocks(about: Circumstances, agent: AgentId, tried: list[Any]) -> tuple[int, int] | None:
    """A and B of the agent as the two met: as it began its first try, else its last snapshot."""
    for t in tried[:1]:
        side = "buyer" if t.told["buyer_id"] == agent else "seller"
        if t.told[f"{side}_A_init"] is not None and t.told[f"{side}_B_init"] is not None:
            return t.told[f"{side}_A_init"], t.told[f"{side}_B_init"]
    state = about.before.get(agent, {})
    held = state.get("inventory_A"), state.get("inventory_B")
    return None if held[0] is None or held[1] is None else (held[0], held[1])


def _holder(
    asker: Asker, query: BoxQuery, about: Circumstances, agent: AgentId, tried: list[Any]
) -> Holder:
    import numpy as np

    state = about.before.get(agent, about.at.get(agent, {}))
    held_a, held_b = _stocks(about, agent, tried) or (0, 0)
    scale = asker.scale("goods")
    rows = _samples(asker, query, agent)
    for t in tried:
        side = "buyer" if t.told["buyer_id"] == agent else "seller"
        stocks = (t.told[f"{side}_A_init"], t.told[f"{side}_B_init"])
        money = _worth(t.told[f"{side}_M_init"], state.get("lambda_money"), about)
        rows.append((*stocks, t.told[f"{side}_U_init"], money))
    known = {(a, b): (u, m) for a, b, u, m in rows if None not in (a, b, u)}
    bundles = np.array(list(known), dtype=np.float64).reshape(-1, 2) / scale
    utilities = np.array(list(known.values()), dtype=np.float64).reshape(-1, 2)
    return Holder(
        agent,
        state.get("utility_type"),
        held_a / scale,
        held_b / scale,
        bundles,
        utilities[:, 0],
        utilities[:, 1],
        state.get("ask_A_in_B"),
        state.get("bid_A_in_B"),
    )


def _samples(asker: Asker, query: BoxQuery, agent: AgentId) -> list[tuple[Any, ...]]:
    """Distinct bundles of the agent with their utility, and what its money was worth."""
    names = ("inventory_A", "inventory_B", "utility", "lambda_money", "inventory_M")
    a, b, u, worth, held = (asker.column("agent_snapshots", n) for n in names)
    run, who = (asker.column("agent_snapshots", n) for n in ("run_id", "agent_id"))
    scale: sa.ColumnElement[Any] = sa.literal(1.0)
    if asker.has("simulation_runs", "money_scale"):
        own = asker.column("simulation_runs", "run_id") == query.run_id
        unit = asker.column("simulation_runs", "money_scale")
        scale = sa.func.coalesce(sa.select(unit).where(own).scalar_subquery(), 1)
    money = sa.func.coalesce(worth * held / sa.cast(scale, sa.REAL), 0.0)
    columns: list[Any] = [a, b, u, money]
    statement = sa.select(*columns).where(run == query.run_id, who == agent).distinct()
    rows = asker.rows(statement.limit(SAMPLES))
    return list(rows)


def _worth(held: Any, each: Any, about: Circumstances) -> float:
    """λ·M in units; 0 where either is not recorded."""
    scale = about.params.get("money_scale")
    per = scale if isinstance(scale, int) and scale > 0 else 1
    return 0.0 if held is None or each is None else float(held * each / per)


def _move(tried: Any, first: AgentId, scale: int) -> Move:
    """A try from the first holder's side: a buyer gains A and gives B."""
    sign = 1 if tried.told["buyer_id"] == first else -1
    return Move(
        sign * tried.block / scale,
        -sign * tried.paid / scale,
        tried.told["result"] == "success",
        tried.place[0] >= 1,
        tried.key,
    )


def _traded(asker: Asker, query: BoxQuery, scale: int) -> list[Move]:
    """What the two traded at the tick, where their tries are not recorded."""
    if not asker.has("trades", "buyer_id", "seller_id", "dA", "dB"):
        return []
    names = ("id", "buyer_id", "dA", "dB", "dM", "run_id", "tick", "seller_id")
    key, buyer, a, b, m, run, tick, seller = (asker.column("trades", n) for n in names)
    rows = asker.rows(
        sa.select(key, buyer, a, b).where(
            run == query.run_id,
            tick == query.tick,
            buyer.in_(query.agents),
            seller.in_(query.agents),
            sa.func.coalesce(m, 0) == 0,
        )
    )
    found = []
    for trade, who, d_a, d_b in rows:
        sign = 1 if who == query.agents[0] else -1
        found.append(Move(sign * d_a / scale, -sign * d_b / scale, True, True, trade))
    return found
