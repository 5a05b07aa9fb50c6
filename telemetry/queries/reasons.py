"""Questions about why: negotiations, gates, invariants, the order book."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telemetry.queries.query import Query

if TYPE_CHECKING:
    from telemetry.concepts import (
        AgentId,
        Audit,
        Box,
        Funnel,
        NearMisses,
        Negotiation,
        OrderBook,
        RunId,
        TickPrice,
        TickRange,
        Verdict,
        Why,
    )


class NegotiationQuery(Query["Negotiation"]):
    """All that two agents tried at a tick, whichever of them bought."""

    run_id: RunId
    tick: int
    agents: tuple[AgentId, AgentId]


class WhyQuery(Query["Why"]):
    """Why two agents did not trade at a tick, or why the row `key` of the attempts failed.

    Families whose attempts are between two agents want `tick` and `agents`, others `key`.
    """

    LACKING = "do not say why something failed"
    run_id: RunId
    tick: int | None = None
    agents: tuple[AgentId, ...] = ()
    key: int | str | None = None


class NearMissesQuery(Query["NearMisses"]):
    """Negotiations that failed by the least, the nearest first; `ticks` None: the whole run."""

    LACKING = "record no negotiations that could be missed narrowly"
    KEPT = True
    run_id: RunId
    ticks: TickRange | None = None
    limit: int = 50


class FunnelQuery(Query["Funnel"]):
    """At which gate, or for what reason, how many attempts failed, by what splits them."""

    LACKING = "do not record for what reason something failed"
    KEPT = True
    run_id: RunId
    ticks: TickRange | None = None


class BoxQuery(Query["Box"]):
    """The Edgeworth box of two agents as they met at `tick`, in the goods that they barter."""

    LACKING = "have no two goods that two agents could divide"
    run_id: RunId
    tick: int
    agents: tuple[AgentId, AgentId]


class AuditQuery(Query["Audit"]):
    """Which invariants this run breaks. `rules` None: all of the family; `first` faults of each.

    RequestError for a rule that the family does not have.
    """

    LACKING = "declare no rules that a run could be held against"
    KEPT = True
    run_id: RunId
    rules: tuple[str, ...] | None = None
    first: int = 20


class VerifyQuery(Query["Verdict"]):
    """Can this run's recording be trusted: the family's own proof (a hash chain)."""

    LACKING = "carry no proof of their own (no chain of hashes) that could be verified"
    run_id: RunId


class OrderBookQuery(Query["OrderBook"]):
    """The book and the standings after `tick`; `levels` per side."""

    LACKING = "have no order book"
    run_id: RunId
    tick: int
    levels: int = 10


class PricesQuery(Query["tuple[TickPrice, ...]"]):
    """The prices of each tick in which something was traded, by tick."""

    LACKING = "have no order book"
    run_id: RunId
