"""The trading of a day: who lacks cash sells, who has too much buys, the dealers stand between."""

from __future__ import annotations

import random
from decimal import Decimal

from telemetry.families.bilancio.rules import at_inventory_limit
from telemetry.samples.dealer_ring.dealer import Dealer, Outside
from telemetry.samples.dealer_ring.journal import Journal, Trade
from telemetry.samples.dealer_ring.ring import BUCKETS, Agent, Ticket
from telemetry.samples.dealer_ring.scenario import Scenario

_MOST_TRADES = 2
"""How often an agent may trade on one day."""


class Desk:
    """The dealers of all buckets and the outside dealer behind them."""

    def __init__(self, scenario: Scenario, journal: Journal, rng: random.Random) -> None:
        self._scenario, self._journal, self._rng = scenario, journal, rng
        self.outside = Outside(scenario.outside_mid, scenario.outside_spread)
        self.dealers = {
            bucket: Dealer(bucket, scenario.capacity, scenario.dealer_cash, self.outside)
            for bucket in BUCKETS
        }
        self.routed: set[str] = set()
        self.profit = {bucket: Decimal(0) for bucket in BUCKETS}

    def trade(self, day: int, agents: list[Agent]) -> None:
        """Tickets move to the bucket that their days left give, then agents trade in turn."""
        self.routed = set()
        self._sort(day)
        order = list(agents)
        self._rng.shuffle(order)
        for agent in order:
            for _ in range(_MOST_TRADES):
                if not self._sell(day, agent):
                    break
        for agent in order:
            self._buy(day, agent)

    def receive(self, name: str, amount: Decimal) -> None:
        """A debtor pays the dealer of that name."""
        if name == "vbt":
            self.outside.cash += amount
        else:
            self.dealers[name.removeprefix("dealer_")].cash += amount

    def give_up(self, ticket: Ticket) -> str:
        """Take a ticket out of the book that has it; whose book that was."""
        for dealer in self.dealers.values():
            if ticket in dealer.holds:
                dealer.holds.remove(ticket)
                return f"dealer_{dealer.bucket}"
        self.outside.holds.remove(ticket)
        return "vbt"

    def _sort(self, day: int) -> None:
        """As days go by, tickets fall into a shorter bucket; what finds no room goes outside."""
        held = [t for dealer in self.dealers.values() for t in dealer.holds]
        source = {t.id: d for d in self.dealers.values() for t in d.holds}
        for ticket in held:
            old, new = source[ticket.id], self.dealers[ticket.bucket(day)]
            if new is old:
                continue
            old.holds.remove(ticket)
            value = ticket.face * self.outside.bid
            old.cash += value
            if len(new.holds) < new.capacity and new.cash >= value:
                new.holds.append(ticket)
                new.cash -= value
            else:
                self.outside.holds.append(ticket)
                self.outside.cash -= value

    def _sell(self, day: int, agent: Agent) -> bool:
        """Sell the ticket that is due last, if what comes in before debts are due is too little."""
        until = day + self._scenario.foresight
        short = agent.due_until(until) - agent.cash - agent.coming_until(day)
        later = [t for t in agent.holds if t.due > day]
        if short <= 0 or not later:
            return False
        ticket = max(later, key=lambda t: (t.due, t.id))
        dealer = self.dealers[ticket.bucket(day)]
        before = self._stand(dealer, agent)
        limit = at_inventory_limit("SELL", len(dealer.holds), dealer.capacity)
        passed = limit or dealer.cash < ticket.face * dealer.bid()
        unit = self.outside.bid if passed else dealer.bid()
        price = ticket.face * unit
        agent.holds.remove(ticket)
        agent.cash += price
        if passed:
            self.routed.add(dealer.bucket)
            self.outside.holds.append(ticket)
            self.outside.cash -= price
        else:
            dealer.holds.append(ticket)
            dealer.cash -= price
        self._tell(day, "SELL", ticket, agent, dealer, before, unit, passed=passed, limit=limit)
        return True

    def _buy(self, day: int, agent: Agent) -> None:
        """Buy a ticket with cash that no debt of one's own will ever need."""
        spare = agent.cash - agent.due_until(self._scenario.days)
        for bucket in BUCKETS:
            dealer = self.dealers[bucket]
            limit = at_inventory_limit("BUY", len(dealer.holds), dealer.capacity)
            stock = [t for t in self.outside.holds if t.bucket(day) == bucket]
            offered = [t for t in (stock if limit else dealer.holds) if t.issuer is not agent]
            unit = self.outside.ask if limit else dealer.ask()
            affordable = [t for t in offered if t.due > day and t.face * unit <= spare / 2]
            if affordable and self._rng.random() < 0.5:
                ticket = min(affordable, key=lambda t: (t.due, t.id))
                self._take(day, agent, dealer, ticket, unit, outside=limit)
                return

    def _take(
        self,
        day: int,
        agent: Agent,
        dealer: Dealer,
        ticket: Ticket,
        unit: Decimal,
        *,
        outside: bool,
    ) -> None:
        before = self._stand(dealer, agent)
        book = self.outside if outside else dealer
        price = ticket.face * unit
        book.holds.remove(ticket)
        book.cash += price
        agent.cash -= price
        agent.holds.append(ticket)
        if outside:
            self.routed.add(dealer.bucket)
        self._tell(day, "BUY", ticket, agent, dealer, before, unit, passed=outside, limit=outside)

    def _stand(self, dealer: Dealer, agent: Agent) -> tuple[int, Decimal, Decimal, Decimal]:
        mid = self.outside.mid
        return len(dealer.holds), dealer.mid(), agent.cash, agent.margin(mid)

    def _tell(
        self,
        day: int,
        side: str,
        ticket: Ticket,
        agent: Agent,
        dealer: Dealer,
        before: tuple[int, Decimal, Decimal, Decimal],
        unit: Decimal,
        *,
        passed: bool,
        limit: bool,
    ) -> None:
        stock, mid, cash, margin = before
        if not passed:
            sign = 1 if side == "BUY" else -1
            self.profit[dealer.bucket] += sign * ticket.face * (unit - self.outside.mid)
        after = agent.margin(self.outside.mid)
        trade = Trade(
            day, side, dealer.bucket, agent, ticket, unit, passed, limit, self.outside.mid, mid,
            stock, len(dealer.holds), cash, margin, after,
        )  # fmt: skip
        self._journal.trade(trade)
