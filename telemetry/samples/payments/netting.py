"""The liquidity-saving mechanism: queued payments that settle against one another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, permutations

from telemetry.frozen import Frozen
from telemetry.samples.payments.bank import Bank, Payment


class Netting(Frozen):
    """Payments that settle together; ``net`` is what each bank gains (cents), which sums to 0."""

    kind: str
    agents: tuple[str, ...]
    payments: tuple[Payment, ...]
    net: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(payment.amount for payment in self.payments)

    @property
    def liquidity(self) -> int:
        """What moves between accounts after all: the largest net outflow."""
        return max(0, -min(self.net.values()))


def nettings(banks: Mapping[str, Bank]) -> Iterator[Netting]:
    """Pairs, then rings of three, that every member can afford; settle each before the next."""
    for first, second in combinations(sorted(banks), 2):
        found = _ring("bilateral", banks, (first, second))
        if found is not None:
            yield found
    for ring in permutations(sorted(banks), 3):
        if ring[0] == min(ring):
            found = _ring("multilateral", banks, ring)
            if found is not None:
                yield found


def _ring(kind: str, banks: Mapping[str, Bank], ring: tuple[str, ...]) -> Netting | None:
    """The oldest payment of each member to the next, if all are there and can be afforded."""
    payments = []
    for place, name in enumerate(ring):
        to = ring[(place + 1) % len(ring)]
        queue = banks[name].settlement_queue
        payment = next((p for p in queue if p.receiver == to), None)
        if payment is None:
            return None
        payments.append(payment)
    net = dict.fromkeys(ring, 0)
    for payment in payments:
        net[payment.sender] -= payment.amount
        net[payment.receiver] += payment.amount
    if any(banks[name].available + gain < 0 for name, gain in net.items()):
        return None
    return Netting(kind, ring, tuple(payments), net)
