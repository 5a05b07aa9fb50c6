"""What an order-book market is given: its bots, its fees, its news and its seed."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from telemetry.frozen import Frozen, field

USUAL_BOTS = {"maker": 2, "momentum": 2, "noise": 3, "value": 2}


class Scenario(Frozen):
    """The configuration of one run; ``config`` is what its first event keeps.

    ``bots`` counts them by kind (see `bots.KINDS`). ``news`` are (tick, relative change of what
    the asset is worth). ``last_tick`` leaves the run unfinished after that tick, as a crash would;
    ``stop_reason`` ends it there for a reason.
    """

    name: str
    seed: int
    ticks: int = 200
    bots: Mapping[str, int] = field(default_factory=lambda: dict(USUAL_BOTS))
    initial_cash: Decimal = Decimal(10_000)
    initial_asset: Decimal = Decimal(100)
    worth: Decimal = Decimal(100)
    volatility: float = 0.004
    news: tuple[tuple[int, float], ...] = ()
    fee_bps: int = 10
    decay_bps: int = 1
    decay_every: int = 50
    max_actions: int = 10
    leverage: int = 2
    last_tick: int | None = None
    stop_reason: str | None = None

    @property
    def config(self) -> dict[str, object]:
        """The configuration under the names that the producer's runs use, and this sample's own."""
        return {
            "initialCash": f"{self.initial_cash:.8f}",
            "initialAsset": f"{self.initial_asset:.8f}",
            "tradingFeeBps": self.fee_bps,
            "decayRateBps": self.decay_bps,
            "decayIntervalTicks": self.decay_every,
            "maxActionsPerTick": self.max_actions,
            "minPrice": "0.01000000",
            "minQuantity": "0.01000000",
            "ticks": self.ticks,
            "bots": dict(self.bots),
            "worth": f"{self.worth:.8f}",
            "volatility": self.volatility,
            "news": [list(item) for item in self.news],
            "leverage": self.leverage,
        }
