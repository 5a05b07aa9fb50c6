"""Why two agents did not trade: the gates of each way in which they could have."""

from __future__ import annotations

import sqlalchemy as sa

from telemetry.concepts import Case, Why
from telemetry.errors import NothingFoundError, RequestError
from telemetry.families.asker import Asker
from telemetry.families.vmt import gates_inferred, gates_tried
from telemetry.families.vmt.circumstances import Circumstances, circumstances
from telemetry.queries import WhyQuery

TRIED, INFERRED = "trade_attempts", "snapshots, quotes and pairings"


def why(asker: Asker, query: WhyQuery) -> Why:
    """The gates between two agents at a tick, from what they tried, else from their states."""
    if query.tick is None or len(query.agents) != 2:
        raise RequestError("Why two agents did not trade needs their tick and both of them.")
    first, second = query.agents
    if first == second:
        raise RequestError(f"Agent {first} does not trade with itself; name two agents.")
    about = circumstances(asker, query.run_id, query.tick, (first, second))
    tried = gates_tried.cases(asker, query, about)
    inferred = gates_inferred.cases(asker, query, about)
    labels = {case.label for case in tried}
    found = [*tried, *(case for case in inferred if case.label not in labels)]
    if not found:
        raise NothingFoundError(
            f"Nothing is recorded of agents {first} and {second} at tick {query.tick}; "
            "ask about a tick that has snapshots or attempts."
        )
    happened = _happened(asker, query)
    return Why(
        query.run_id,
        f"Agents {first} and {second} at tick {query.tick}",
        happened,
        tuple(sorted(found, key=_closeness)),
        TRIED if tried else INFERRED,
        query.tick,
        (first, second),
        _notes(about, tried, inferred),
    )


def _closeness(case: Case) -> tuple[int, int, int, float]:
    """Cases that came further first, of those the tried ones, and then the lesser miss."""
    failed = case.failed
    margin = 0.0 if failed is None or failed.margin is None else failed.margin
    passed = sum(gate.state == "passed" for gate in case.gates)
    return (-case.reached, -(case.tries or 0), -passed, -margin)


def _happened(asker: Asker, query: WhyQuery) -> bool | None:
    if not asker.has("trades", "run_id", "tick", "buyer_id", "seller_id"):
        return None
    names = ("run_id", "tick", "buyer_id", "seller_id")
    run, tick, buyer, seller = (asker.column("trades", n) for n in names)
    statement = sa.select(sa.literal(1)).where(
        run == query.run_id,
        tick == query.tick,
        buyer.in_(query.agents),
        seller.in_(query.agents),
    )
    return bool(asker.rows(statement.limit(1)))


def _notes(about: Circumstances, tried: list[Case], inferred: list[Case]) -> tuple[str, ...]:
    said = []
    if not tried:
        said.append("No attempt of the two is recorded at this tick.")
    if inferred and about.quoted_at is not None and about.quoted_at != about.tick - 1:
        said.append(f"Quotes and stocks are those of tick {about.quoted_at}.")
    return tuple(said)
