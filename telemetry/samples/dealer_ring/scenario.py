"""What a dealer ring is given: its debtors, its debts, its money, its dealers and its seed."""

from __future__ import annotations

from decimal import Decimal

from telemetry.frozen import Frozen


class Scenario(Frozen):
    """The configuration of one pair of runs; both regimes start from the same ring.

    ``kappa`` is cash per debt at the start, ``concentration`` how alike debts are (small:
    unequal), ``mu`` how late they fall due (0 to 1), ``outside_mid`` the price of the outside
    dealer per unit of face, ``capacity`` the tickets that the dealer of a bucket may hold.
    """

    seed: int
    kappa: Decimal = Decimal("0.25")
    concentration: Decimal = Decimal(1)
    mu: Decimal = Decimal("0.5")
    outside_mid: Decimal = Decimal("0.9")
    outside_spread: Decimal = Decimal("0.2")
    agents: int = 12
    days: int = 15
    total_debt: Decimal = Decimal(10_000)
    tickets_each: int = 4
    capacity: int = 3
    dealer_cash: Decimal = Decimal(900)
    foresight: int = 4

    @property
    def config(self) -> dict[str, object]:
        """The configuration as scenario.yaml keeps it."""
        return {
            "agents": self.agents,
            "max_days": self.days,
            "kappa": str(self.kappa),
            "concentration": str(self.concentration),
            "mu": str(self.mu),
            "total_debt": str(self.total_debt),
            "tickets_each": self.tickets_each,
            "dealer": {
                "capacity": self.capacity,
                "cash": str(self.dealer_cash),
                "outside_mid_ratio": str(self.outside_mid),
                "outside_spread": str(self.outside_spread),
            },
            "foresight": self.foresight,
            "seed": self.seed,
        }
