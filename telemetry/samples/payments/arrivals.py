"""Which payments arrive when: drawn from the seed alone, whatever the policies."""

from __future__ import annotations

import random

from telemetry.samples.payments.bank import Payment
from telemetry.samples.payments.scenario import BankSpec, Scenario


def arrivals(scenario: Scenario, seed: int) -> dict[int, list[Payment]]:
    """Payments by the tick of their arrival, in the order of the banks; all due within the day."""
    chance = random.Random(seed)
    found: dict[int, list[Payment]] = {}
    count = 0
    for tick in range(scenario.ticks):
        arriving: list[Payment] = []
        for bank in scenario.banks:
            for _ in range(_how_many(chance, bank.rate)):
                others = [b.id for b in scenario.banks if b.id != bank.id]
                payment = _payment(scenario, chance, bank, chance.choice(others), tick, count)
                arriving.append(payment)
                count += 1
        for shock in scenario.shocks:
            if shock.tick == tick:
                deadline = _last_tick(scenario, tick)
                arriving.append(
                    Payment(
                        _id(count), shock.sender, shock.receiver, shock.amount, 9, tick, deadline
                    )
                )
                count += 1
        found[tick] = arriving
    return found


def _payment(
    scenario: Scenario, chance: random.Random, bank: BankSpec, to: str, tick: int, number: int
) -> Payment:
    low, high = bank.amounts
    amount = round(chance.triangular(low, high, low + (high - low) * 0.2))
    due = min(tick + chance.randint(*scenario.deadlines), _last_tick(scenario, tick))
    return Payment(_id(number), bank.id, to, amount, chance.randint(3, 8), tick, due)


def _how_many(chance: random.Random, rate: float) -> int:
    """Whole payments of the rate, and one more as often as its fraction says."""
    whole = int(rate)
    return whole + (chance.random() < rate - whole)


def _last_tick(scenario: Scenario, tick: int) -> int:
    return (tick // scenario.ticks_per_day + 1) * scenario.ticks_per_day - 1


def _id(number: int) -> str:
    return f"tx{number:05d}"
