"""Banks and their payments: balances, collateral, what waits, and what the day has cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from telemetry.samples.payments.scenario import BankSpec, Policy

KINDS = ("liquidity", "delay", "collateral", "penalty", "split_friction")


@dataclass(eq=False)
class Payment:
    """An order of one bank to pay another; amounts in cents, times in ticks."""

    id: str
    sender: str
    receiver: str
    amount: int
    priority: int
    arrival: int
    deadline: int
    submitted: int | None = None
    settled: int | None = None
    overdue_since: int | None = None
    held: bool = False
    waited: int = 0
    queued: int = 0
    delay_cost: int = 0
    drop_reason: str | None = None

    @property
    def status(self) -> str:
        """What became of it, in the producer's word."""
        if self.settled is not None:
            return "settled"
        if self.drop_reason is not None:
            return "dropped"
        return "pending" if self.overdue_since is None else "overdue"


@dataclass
class Day:
    """What one bank's day came to, from its opening on."""

    opening_balance: int
    opening_collateral: int
    min_balance: int
    max_balance: int
    peak_collateral: int
    posts: int = 0
    withdrawals: int = 0
    arrivals: int = 0
    sent: int = 0
    received: int = 0
    dropped: int = 0
    queue_peak: int = 0
    costs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))


class Bank:
    """A bank with its account at the settlement system.

    What a caller would get wrong: `available` counts credit, so a payment within it may leave the
    balance below zero.
    """

    def __init__(self, spec: BankSpec, policy: Policy, haircut_percent: int) -> None:
        self.spec = spec
        self.id = spec.id
        self.policy = policy
        self.balance = spec.opening_balance
        self.balance_before = 0
        self.posted = 0
        self.own_queue: list[Payment] = []
        self.settlement_queue: list[Payment] = []
        self.tick_costs = dict.fromkeys(KINDS, 0)
        self._haircut = haircut_percent
        self.day = self._new_day()

    @property
    def secured(self) -> int:
        """The credit that posted collateral is worth after its haircut."""
        return self.posted * (100 - self._haircut) // 100

    @property
    def available(self) -> int:
        """What can be paid now: the balance and all credit."""
        return self.balance + self.spec.unsecured_cap + self.secured

    @property
    def spare_collateral(self) -> int:
        return self.spec.collateral - self.posted

    def withdrawable(self) -> int:
        """Collateral whose credit nothing rests on."""
        needed = max(0, -self.balance - self.spec.unsecured_cap)
        held = -(-needed * 100 // (100 - self._haircut))
        return max(0, self.posted - held)

    def begin_day(self) -> None:
        self.day = self._new_day()

    def move(self, amount: int) -> None:
        """Credit (or, negative, debit) the account."""
        self.balance += amount
        self.day.min_balance = min(self.day.min_balance, self.balance)
        self.day.max_balance = max(self.day.max_balance, self.balance)

    def post(self, amount: int) -> None:
        """Post (or, negative, take back) collateral."""
        self.posted += amount
        self.day.peak_collateral = max(self.day.peak_collateral, self.posted)
        self.day.posts += amount > 0
        self.day.withdrawals += amount < 0

    def owe(self, kind: str, amount: int) -> None:
        """A cost of this tick, and so of the day."""
        self.tick_costs[kind] += amount
        self.day.costs[kind] += amount

    def _new_day(self) -> Day:
        return Day(self.balance, self.posted, self.balance, self.balance, self.posted)
