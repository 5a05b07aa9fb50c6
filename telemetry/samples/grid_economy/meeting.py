"""Who wants to meet whom: ranked partners, and the pairs that come of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from telemetry.samples.grid_economy.agent import Agent
from telemetry.samples.grid_economy.negotiation import offers


class Preference(NamedTuple):
    """One candidate of an agent: what dealing with it promises, and less so if it is far."""

    partner: int
    surplus: float
    discounted: float
    distance: int
    pair: str


class Pairing(NamedTuple):
    """Two agents who set out for each other, the lower id first."""

    first: int
    second: int
    reason: str
    surplus_first: float
    surplus_second: float


def rank(
    agent: Agent, candidates: Sequence[tuple[Agent, Sequence[str]]], beta: float
) -> list[Preference]:
    """The agent's candidates with a gain in sight, the best discounted surplus first.

    Each candidate comes with the pair types that the two may deal in. Ties go to the lower id.
    """
    found = []
    for other, pairs in candidates:
        best = next(iter(offers(agent, other, pairs)), None)
        if best is not None:
            distance = agent.distance_to(other.x, other.y)
            discounted = best.gain * beta**distance
            found.append(Preference(other.id, best.gain, discounted, distance, best.pair))
    return sorted(found, key=lambda preference: (-preference.discounted, preference.partner))


def pair_up(wishes: Mapping[int, Sequence[Preference]]) -> Iterator[Pairing]:
    """Pairs by mutual consent first, then greedily by discounted surplus; everyone at most once."""
    free = {agent for agent, ranked in wishes.items() if ranked}
    for agent in sorted(free):
        best = wishes[agent][0]
        if agent in free and best.partner in free:
            theirs = wishes[best.partner][0]
            if theirs.partner == agent:
                free -= {agent, best.partner}
                yield Pairing(
                    agent, best.partner, "mutual_consent", best.discounted, theirs.discounted
                )
    rest = sorted(
        (-wish.discounted, agent, wish.partner)
        for agent in free
        for wish in wishes[agent]
        if wish.partner in free
    )
    for value, agent, partner in rest:
        if agent in free and partner in free:
            free -= {agent, partner}
            first, second = sorted((agent, partner))
            yield Pairing(first, second, "greedy_fallback", -value, -value)
