"""What an interbank day is given: banks, arrivals, costs and rules; and a policy for each bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telemetry.frozen import Frozen, asdict, field

_MILLION = 1_000_000


class Policy(Frozen):
    """How a bank manages its payments; three numbers that an experiment may search.

    ``liquidity_fraction`` of its collateral is posted when the day begins. A payment is released
    at once if ``buffer`` (a share of the opening balance) stays available after it, and in any
    case ``urgency`` ticks before its deadline.
    """

    liquidity_fraction: float = 0.8
    urgency: int = 4
    buffer: float = 0.2

    @property
    def config(self) -> dict[str, object]:
        """The policy under the names that the producer's files use."""
        return {
            "version": "2.0",
            "policy_id": f"threshold-{self.liquidity_fraction:g}-{self.urgency}-{self.buffer:g}",
            "parameters": {
                "initial_liquidity_fraction": self.liquidity_fraction,
                "urgency_threshold": self.urgency,
                "liquidity_buffer": self.buffer,
            },
        }

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Policy:
        """The policy that `config` tells of."""
        told = config["parameters"]
        return cls(
            float(told["initial_liquidity_fraction"]),
            int(told["urgency_threshold"]),
            float(told["liquidity_buffer"]),
        )


class BankSpec(Frozen):
    """One bank; money in cents. ``rate`` is payments per tick, ``amounts`` their usual range."""

    id: str
    opening_balance: int = 400_000
    unsecured_cap: int = 100_000
    collateral: int = 1_000_000
    rate: float = 0.5
    amounts: tuple[int, int] = (20_000, 200_000)


class Costs(Frozen):
    """What liquidity and its lack cost: millionths of an amount per tick, and a penalty in cents.

    An overdue payment is delayed at ``overdue_multiplier`` times the rate.
    """

    overdraft_ppm: int = 400
    delay_ppm: int = 1_500
    collateral_ppm: int = 150
    deadline_penalty: int = 5_000
    overdue_multiplier: int = 4

    def rated(self, amount: int, ppm: int) -> int:
        """That many millionths of an amount, to the nearest cent."""
        return (amount * ppm + _MILLION // 2) // _MILLION


class Shock(Frozen):
    """At ``tick`` one bank pays another a large amount that nobody foresaw."""

    tick: int
    sender: str
    receiver: str
    amount: int


class Scenario(Frozen):
    """A settlement system and its banks; everything else follows from the seed and policies."""

    name: str
    banks: tuple[BankSpec, ...]
    ticks_per_day: int = 40
    num_days: int = 1
    deadlines: tuple[int, int] = (6, 18)
    haircut_percent: int = 10
    netting: bool = True
    costs: Costs = field(default_factory=Costs)
    shocks: tuple[Shock, ...] = ()

    @property
    def ticks(self) -> int:
        return self.ticks_per_day * self.num_days

    @property
    def config(self) -> dict[str, object]:
        """The whole scenario as plain JSON values; `of` reads it back."""
        return {
            "name": self.name,
            "simulation": {"ticks_per_day": self.ticks_per_day, "num_days": self.num_days},
            "agents": [{**asdict(bank), "amounts": list(bank.amounts)} for bank in self.banks],
            "deadline_range": list(self.deadlines),
            "haircut_percent": self.haircut_percent,
            "lsm_config": {"enable_bilateral": self.netting, "enable_cycles": self.netting},
            "cost_rates": asdict(self.costs),
            "scenario_events": [{"type": "LargePayment", **asdict(s)} for s in self.shocks],
        }

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Scenario:
        """The scenario that `config` tells of."""
        clock = config["simulation"]
        low, high = config["deadline_range"]
        return cls(
            name=config["name"],
            banks=tuple(
                BankSpec(**{**a, "amounts": tuple(a["amounts"])}) for a in config["agents"]
            ),
            ticks_per_day=clock["ticks_per_day"],
            num_days=clock["num_days"],
            deadlines=(low, high),
            haircut_percent=config["haircut_percent"],
            netting=config["lsm_config"]["enable_bilateral"],
            costs=Costs(**config["cost_rates"]),
            shocks=tuple(
                Shock(e["tick"], e["sender"], e["receiver"], e["amount"])
                for e in config["scenario_events"]
            ),
        )
