"""The ring over its days: trading, where there are dealers, then settlement, then the record."""

from __future__ import annotations

import random
from decimal import Decimal

from telemetry.families.bilancio.recorder import BilancioRecorder, BilancioRun
from telemetry.samples.dealer_ring.journal import Journal
from telemetry.samples.dealer_ring.market import Desk
from telemetry.samples.dealer_ring.ring import Agent, Ticket, build
from telemetry.samples.dealer_ring.scenario import Scenario


def simulate(
    scenario: Scenario, recorder: BilancioRecorder, regime: str, *, run_id: str | None = None
) -> str:
    """Run a scenario in a regime (``passive`` or ``active``) and record it; returns the run's id.

    As the producer does it, the detailed files are of active runs alone.
    """
    ring = build(scenario)
    with recorder.begin_run(
        regime,
        seed=scenario.seed,
        run_id=run_id,
        scenario={"name": f"Dealer ring ({regime})", "regime": regime, **scenario.config},
        detailed_logging=regime == "active",
        durable=False,  # it can be simulated again
        n_agents=scenario.agents,
        kappa=scenario.kappa,
        concentration=scenario.concentration,
        mu=scenario.mu,
        monotonicity=0,
        maturity_days=scenario.days,
        Q_total=scenario.total_debt,
        S1=sum((t.face for agent in ring for t in agent.owes), Decimal(0)),
        L0=sum((agent.cash for agent in ring), Decimal(0)),
        default_handling="continue",
    ) as run:
        economy = Economy(scenario, run, ring, with_dealers=regime == "active")
        for day in range(scenario.days + 1):
            economy.step(day)
            run.end_tick(day)
        economy.journal.finish(economy)
    return run.run_id


class Economy:
    """The whole state; `step` moves it by one day and tells its journal what happened.

    A debt that cannot be paid on its day is in default for good: nothing of it is recovered.
    """

    def __init__(
        self, scenario: Scenario, run: BilancioRun, ring: list[Agent], *, with_dealers: bool
    ) -> None:
        """``ring`` is the start as `ring.build` makes it."""
        self.scenario = scenario
        self.journal = Journal(run)
        self.agents = ring
        self.defaulted: list[Ticket] = []
        self.repaid: list[Ticket] = []
        self._rng = random.Random(scenario.seed + 1)
        self.desk = Desk(scenario, self.journal, self._rng) if with_dealers else None

    def holders(self) -> dict[str, tuple[Decimal, list[Ticket]]]:
        """Cash and tickets of everyone, dealers and the outside dealer included."""
        found = {a.id: (a.cash, a.holds) for a in self.agents}
        if self.desk is not None:
            found |= {f"dealer_{d.bucket}": (d.cash, d.holds) for d in self.desk.dealers.values()}
            found["vbt"] = (self.desk.outside.cash, self.desk.outside.holds)
        return found

    def step(self, day: int) -> None:
        """One day: what is new (on day 0), trading, settlement, and how things stand."""
        if day == 0:
            self.journal.setup(self.agents)
        self.journal.phase(day, "PhaseA", "PhaseB", "SubphaseB1", "SubphaseB_Dealer")
        if self.desk is not None:
            self.desk.trade(day, self.agents)
        self.journal.phase(day, "SubphaseB2")
        due = [t for agent in self.agents for t in agent.owes if t.due == day]
        settled = self._settle(day, due)
        self.journal.phase(day, "PhaseC")
        self.journal.day(day, self, due, settled)

    def _settle(self, day: int, due: list[Ticket]) -> list[Ticket]:
        """Pay what can be paid, as long as payments let others pay; the rest is in default."""
        waiting = list(due)
        settled: list[Ticket] = []
        while payable := next((t for t in waiting if t.issuer.cash >= t.face), None):
            waiting.remove(payable)
            self._pay(day, payable)
            settled.append(payable)
        for ticket in waiting:
            self._remove(ticket)
            self.defaulted.append(ticket)
            self.journal.defaulted(day, ticket)
        return settled

    def _pay(self, day: int, ticket: Ticket) -> None:
        holder = self._remove(ticket)
        ticket.issuer.cash -= ticket.face
        if isinstance(holder, Agent):
            holder.cash += ticket.face
        elif self.desk is not None:
            self.desk.receive(holder, ticket.face)
        self.repaid.append(ticket)
        self.journal.settled(day, ticket, holder.id if isinstance(holder, Agent) else holder)

    def _remove(self, ticket: Ticket) -> Agent | str:
        """Take a ticket out of the world; who held it, a dealer by its name."""
        ticket.issuer.owes.remove(ticket)
        for agent in self.agents:
            if ticket in agent.holds:
                agent.holds.remove(ticket)
                return agent
        if self.desk is None:
            raise LookupError(f"nobody holds {ticket.id}")
        return self.desk.give_up(ticket)
