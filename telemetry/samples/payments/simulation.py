"""The settlement system from its first tick to its last."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from telemetry.families.simcash.recorder import Setting, SimCashRun
from telemetry.frozen import Frozen
from telemetry.samples.payments.arrivals import arrivals
from telemetry.samples.payments.bank import KINDS, Bank, Payment
from telemetry.samples.payments.journal import Journal
from telemetry.samples.payments.netting import nettings
from telemetry.samples.payments.scenario import Policy, Scenario

Policies = Mapping[str, Policy]


class Outcome(Frozen):
    """What a run came to: cents by bank and by kind, and how many payments settled."""

    costs: Mapping[str, int]
    kinds: Mapping[str, int]
    arrived: int
    settled: int

    @property
    def cost(self) -> int:
        return sum(self.costs.values())


def setting(scenario: Scenario, policies: Policies, seed: int) -> Setting:
    """All that a run follows from, for the recorder to keep."""
    return Setting(
        config_name=scenario.name,
        seed=seed,
        ticks_per_day=scenario.ticks_per_day,
        num_days=scenario.num_days,
        config=scenario.config,
        policies={name: policy.config for name, policy in policies.items()},
    )


def simulate(
    scenario: Scenario,
    policies: Policies,
    seed: int,
    run: SimCashRun,
    tell: Callable[[int], None] | None = None,
) -> Outcome:
    """Run the scenario and record it tick by tick; ``tell`` hears each tick that has ended."""
    system = SettlementSystem(scenario, policies, seed, Journal(run, scenario.ticks_per_day))
    for tick in range(scenario.ticks):
        system.step(tick)
        if tell is not None:
            tell(tick)
    return system.outcome


class SettlementSystem:
    """Accounts of banks at a central bank, where payments settle one by one or against each other.

    What a caller would get wrong: every tick must be stepped, in order; money is only moved
    between accounts, so the balances always add up to what they began with.
    """

    def __init__(self, scenario: Scenario, policies: Policies, seed: int, journal: Journal) -> None:
        self.scenario = scenario
        self.banks = {
            spec.id: Bank(spec, policies[spec.id], scenario.haircut_percent)
            for spec in scenario.banks
        }
        self._arrivals = arrivals(scenario, seed)
        self._journal = journal
        self._totals = {name: dict.fromkeys(KINDS, 0) for name in self.banks}
        self._arrived = self._settled = 0

    @property
    def outcome(self) -> Outcome:
        """What the days that have ended came to."""
        return Outcome(
            {name: sum(kinds.values()) for name, kinds in self._totals.items()},
            {kind: sum(t[kind] for t in self._totals.values()) for kind in KINDS},
            self._arrived,
            self._settled,
        )

    def step(self, tick: int) -> None:
        """One tick, in the order: collateral, arrivals, decisions, settlement, netting, costs."""
        for bank in self.banks.values():
            bank.balance_before = bank.balance
            bank.tick_costs = dict.fromkeys(KINDS, 0)
        place = tick % self.scenario.ticks_per_day
        if place == 0:
            self._begin_day(tick)
        self._take(tick)
        for bank in self.banks.values():
            self._decide(tick, bank)
        self._release(tick)
        if self.scenario.netting:
            self._net(tick)
        self._accrue(tick)
        if place == self.scenario.ticks_per_day - 1:
            self._end_day(tick)
        for bank in self.banks.values():
            self._journal.state(tick, bank)
        self._journal.end_tick(tick)

    def _begin_day(self, tick: int) -> None:
        for bank in self.banks.values():
            bank.begin_day()
            wanted = round(bank.spec.collateral * bank.policy.liquidity_fraction)
            self._post(tick, bank, wanted - bank.posted, "InitialAllocation")

    def _post(self, tick: int, bank: Bank, amount: int, reason: str) -> None:
        amount = max(min(amount, bank.spare_collateral), -bank.withdrawable())
        if amount:
            bank.post(amount)
            self._journal.collateral(tick, bank, amount, reason)

    def _take(self, tick: int) -> None:
        for payment in self._arrivals[tick]:
            bank = self.banks[payment.sender]
            bank.own_queue.append(payment)
            bank.day.arrivals += 1
            self._arrived += 1
            self._journal.arrived(tick, payment)
        for bank in self.banks.values():
            bank.own_queue.sort(key=lambda p: (-p.priority, p.arrival, p.id))
            bank.day.queue_peak = max(bank.day.queue_peak, len(bank.own_queue))

    def _decide(self, tick: int, bank: Bank) -> None:
        """Submit what is urgent or affordable; hold the rest back in the bank's own queue."""
        buffer = round(bank.spec.opening_balance * bank.policy.buffer)
        for payment in list(bank.own_queue):
            urgent = payment.deadline - tick <= bank.policy.urgency
            lacking = payment.amount - bank.available
            if urgent and lacking > 0:
                percent = 100 - self.scenario.haircut_percent
                self._post(tick, bank, -(-lacking * 100 // percent), "UrgentLiquidityNeed")
            if urgent or bank.available - payment.amount >= buffer:
                bank.own_queue.remove(payment)
                payment.submitted = tick
                self._journal.submitted(tick, payment)
                if not self._settle(tick, payment):
                    bank.settlement_queue.append(payment)
                    self._journal.queued(tick, payment)
            elif not payment.held:
                payment.held = True
                self._journal.held(tick, payment, "PreservingBuffer")

    def _settle(self, tick: int, payment: Payment) -> bool:
        sender, receiver = self.banks[payment.sender], self.banks[payment.receiver]
        if sender.available < payment.amount:
            return False
        before = sender.balance
        sender.move(-payment.amount)
        receiver.move(payment.amount)
        self._journal.settled(tick, payment, before, sender.balance)
        self._done(tick, payment)
        return True

    def _done(self, tick: int, payment: Payment) -> None:
        payment.settled = tick
        self.banks[payment.sender].day.sent += 1
        self.banks[payment.receiver].day.received += 1
        self._settled += 1
        self._journal.over(tick, payment)

    def _release(self, tick: int) -> None:
        """Settle what waits, first come first served at each bank, until nothing moves."""
        moved = True
        while moved:
            moved = False
            for bank in self.banks.values():
                while bank.settlement_queue and self._settle(tick, bank.settlement_queue[0]):
                    bank.settlement_queue.pop(0)
                    moved = True

    def _net(self, tick: int) -> None:
        for netting in nettings(self.banks):
            self._journal.netted(tick, netting)
            for name, gain in netting.net.items():
                self.banks[name].move(gain)
            for payment in netting.payments:
                self.banks[payment.sender].settlement_queue.remove(payment)
                self._done(tick, payment)

    def _accrue(self, tick: int) -> None:
        """What this tick costs each bank: overdraft, collateral, delay, deadlines missed."""
        costs = self.scenario.costs
        for bank in self.banks.values():
            bank.owe("liquidity", costs.rated(max(0, -bank.balance), costs.overdraft_ppm))
            bank.owe("collateral", costs.rated(bank.posted, costs.collateral_ppm))
            for payment in (*bank.own_queue, *bank.settlement_queue):
                if payment.overdue_since is None and tick >= payment.deadline:
                    payment.overdue_since = tick
                    bank.owe("penalty", costs.deadline_penalty)
                    self._journal.overdue(tick, payment, costs.deadline_penalty)
                late = 1 if payment.overdue_since is None else costs.overdue_multiplier
                cost = costs.rated(payment.amount, costs.delay_ppm * late)
                payment.delay_cost += cost
                payment.waited += payment.submitted is None
                payment.queued += payment.submitted is not None
                bank.owe("delay", cost)

    def _end_day(self, tick: int) -> None:
        """Drop what did not settle, take collateral back, and say what the day came to."""
        unsettled = 0
        for bank in self.banks.values():
            left = (*bank.own_queue, *bank.settlement_queue)
            for payment in left:
                payment.drop_reason = "unsettled at the end of the day"
                self._journal.dropped(tick, payment)
                self._journal.over(tick, payment)
            bank.day.dropped = len(left)
            unsettled += len(left)
            held = len(bank.own_queue)
            bank.own_queue, bank.settlement_queue = [], []
            self._post(tick, bank, -bank.posted, "EndOfDay")
            self._journal.day_over(tick, bank, held)
            for kind, cost in bank.day.costs.items():
                self._totals[bank.id][kind] += cost
        penalties = sum(bank.day.costs["penalty"] for bank in self.banks.values())
        self._journal.end_of_day(tick, unsettled, penalties)
