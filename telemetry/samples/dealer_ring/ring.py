"""The ring: agents who owe their neighbour, in tickets of some face that fall due on some day."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal

from telemetry.samples.dealer_ring.scenario import Scenario

CENT = Decimal("0.01")
BUCKETS = ("short", "mid", "long")
_SHORT, _MID = 3, 7


@dataclass
class Agent:
    """A household: its cash, and the tickets that it holds and owes."""

    id: str
    cash: Decimal
    holds: list[Ticket] = field(default_factory=list)
    owes: list[Ticket] = field(default_factory=list)

    def due_until(self, day: int) -> Decimal:
        """What it owes up to a day."""
        return sum((t.face for t in self.owes if t.due <= day), Decimal(0))

    def coming_until(self, day: int) -> Decimal:
        """What it is owed up to a day."""
        return sum((t.face for t in self.holds if t.due <= day), Decimal(0))

    def margin(self, mid: Decimal) -> Decimal:
        """What it is worth at a price of tickets: cash and tickets less debts."""
        held = sum((t.face for t in self.holds), Decimal(0))
        return self.cash + held * mid - sum((t.face for t in self.owes), Decimal(0))


@dataclass
class Ticket:
    """A debt of `issuer` that can be passed on; `liability` is the payable that it stands for."""

    id: str
    liability: str
    issuer: Agent
    creditor: str
    face: Decimal
    due: int

    def bucket(self, day: int) -> str:
        """By how many days are left."""
        left = self.due - day
        return "short" if left <= _SHORT else "mid" if left <= _MID else "long"


def build(scenario: Scenario) -> list[Agent]:
    """The ring at its start: each owes the next, all have the same cash."""
    rng = random.Random(scenario.seed)
    count = scenario.agents
    cash = (scenario.kappa * scenario.total_debt / count).quantize(CENT)
    agents = [Agent(f"H{i + 1}", cash) for i in range(count)]
    alpha = float(scenario.concentration)
    weights = [rng.gammavariate(alpha, 1.0) + 1e-3 for _ in agents]
    for i, agent in enumerate(agents):
        owed = scenario.total_debt * Decimal(weights[i] / sum(weights))
        creditor = agents[(i + 1) % count]
        for part in range(scenario.tickets_each):
            face = max((owed / scenario.tickets_each).quantize(CENT), CENT)
            name = f"{agent.id}_{part + 1}"
            ticket = Ticket(
                f"TKT_PAY_{name}", f"PAY_{name}", agent, creditor.id, face, _due(rng, scenario)
            )
            agent.owes.append(ticket)
            creditor.holds.append(ticket)
    return agents


def _due(rng: random.Random, scenario: Scenario) -> int:
    """A day from 1 to the last; late debts are drawn towards the end, early ones to the start."""
    mode = 1 + (scenario.days - 1) * float(scenario.mu)
    return min(max(round(rng.triangular(1, scenario.days, mode)), 1), scenario.days)
