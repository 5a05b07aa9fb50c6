"""What a grid economy is given: its size, its rules, its schedules and its seed."""

from __future__ import annotations

from telemetry.families.vmt.recorder import LogPolicy
from telemetry.frozen import Frozen, field

BARTER_PAIRS = ("A<->B",)
MONEY_PAIRS = ("A<->M", "B<->M")
PAIRS_OF_REGIME = {
    "barter_only": BARTER_PAIRS,
    "money_only": MONEY_PAIRS,
    "mixed": MONEY_PAIRS + BARTER_PAIRS,
    "mixed_liquidity_gated": MONEY_PAIRS + BARTER_PAIRS,
}


class Scenario(Frozen):
    """The configuration of one run; ``config`` is what the run row keeps as JSON.

    ``regimes`` are (first tick, regime); ``modes`` are (mode, ticks) and start again when they
    are through. Money is in minor units, ``money_scale`` of them make one unit; λ is utility per
    unit. ``last_tick`` below ``ticks - 1`` leaves the run unfinished, as a crash would.
    """

    name: str
    seed: int
    agents: int = 30
    ticks: int = 300
    width: int = 24
    height: int = 24
    regimes: tuple[tuple[int, str], ...] = ((0, "barter_only"),)
    modes: tuple[tuple[str, int], ...] = (("both", 1),)
    money_mode: str | None = None
    money_scale: int = 1
    money_range: tuple[int, int] = (80, 320)
    lambda_money: float = 0.05
    lambda_spread: float = 0.0
    lambda_update_rate: float = 0.2
    lambda_bounds: tuple[float, float] = (1e-6, 1e6)
    min_quotes: int = 3
    stock_range: tuple[int, int] = (1, 12)
    linear_share: float = 0.3
    spread: float = 0.04
    vision_radius: int = 7
    interaction_radius: int = 1
    move_budget: int = 2
    block_max: int = 4
    beta: float = 0.95
    trade_cooldown: int = 12
    resource_density: float = 0.2
    resource_max: int = 4
    resource_growth: int = 1
    resource_cooldown: int = 6
    quotes_without_stock: bool = False
    last_tick: int | None = None
    policy: LogPolicy = field(default_factory=LogPolicy)

    def regime_at(self, tick: int) -> str:
        """The exchange regime in force at a tick."""
        return [regime for first, regime in self.regimes if first <= tick][-1]

    def mode_at(self, tick: int) -> str:
        """The mode in force at a tick: forage, trade or both."""
        place = tick % sum(length for _, length in self.modes)
        for mode, length in self.modes:
            if place < length:
                return mode
            place -= length
        return self.modes[-1][0]

    @property
    def regime(self) -> str:
        """The widest regime of the schedule, which the run row shows."""
        regimes = {regime for _, regime in self.regimes}
        return regimes.pop() if len(regimes) == 1 else "mixed"

    @property
    def config(self) -> dict[str, object]:
        """The configuration under the names that the producer's files use."""
        low, high = self.lambda_bounds
        return {
            "seed": self.seed,
            "schedule": {
                "modes": [list(step) for step in self.modes],
                "regimes": [list(step) for step in self.regimes],
            },
            "initial": {
                "inventory_range": list(self.stock_range),
                "money_range": list(self.money_range),
                "linear_share": self.linear_share,
                "lambda_spread": self.lambda_spread,
            },
            "params": {
                "spread": self.spread,
                "vision_radius": self.vision_radius,
                "interaction_radius": self.interaction_radius,
                "move_budget_per_tick": self.move_budget,
                "dA_max": self.block_max,
                "forage_rate": 1,
                "beta": self.beta,
                "resource_density": self.resource_density,
                "resource_growth_rate": self.resource_growth,
                "resource_max_amount": self.resource_max,
                "resource_regen_cooldown": self.resource_cooldown,
                "trade_cooldown_ticks": self.trade_cooldown,
                "exchange_regime": self.regime,
                "money_mode": self.money_mode,
                "money_scale": self.money_scale,
                "lambda_money": self.lambda_money,
                "lambda_update_rate": self.lambda_update_rate,
                "lambda_bounds": {"lambda_min": low, "lambda_max": high},
                "liquidity_gate": {"min_quotes": self.min_quotes},
            },
        }
