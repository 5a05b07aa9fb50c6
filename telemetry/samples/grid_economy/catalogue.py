"""The scenarios of the demo, chosen to differ in regime, mode, rule of λ, seed and log level."""

from __future__ import annotations

from telemetry.families.vmt.recorder import LogPolicy
from telemetry.frozen import replace
from telemetry.samples.grid_economy.scenario import Scenario

_EVERYTHING = LogPolicy(level="debug")
_KKT = Scenario(
    name="KKT λ: Prices Teach the Value of Money",
    seed=11,
    ticks=400,
    regimes=((0, "mixed"),),
    money_mode="kkt_lambda",
    lambda_spread=1.0,
    lambda_update_rate=0.06,
    lambda_bounds=(0.015, 0.15),
)
SCENARIOS = (
    Scenario(name="Barter on a Grid", seed=1, agents=24),
    Scenario(
        name="Money Only, in Cents",
        seed=2,
        regimes=((0, "money_only"),),
        money_mode="quasilinear",
        money_scale=100,
    ),
    Scenario(
        name="Mixed Regime, Every Attempt Kept",
        seed=3,
        agents=20,
        ticks=200,
        width=18,
        height=18,
        regimes=((0, "mixed"),),
        money_mode="quasilinear",
        block_max=3,
        policy=_EVERYTHING,
    ),
    Scenario(
        name="Liquidity Gate: Barter Where Money Is Thin",
        seed=4,
        agents=36,
        regimes=((0, "mixed_liquidity_gated"),),
        money_mode="quasilinear",
        vision_radius=9,
    ),
    _KKT,
    replace(_KKT, seed=12),
    Scenario(
        name="Demo: Mode Schedule × Exchange Regime",
        seed=6,
        agents=24,
        ticks=360,
        regimes=((0, "barter_only"), (90, "money_only"), (180, "mixed_liquidity_gated")),
        modes=(("forage", 15), ("trade", 20), ("both", 10)),
        money_mode="kkt_lambda",
        lambda_spread=0.8,
        lambda_update_rate=0.1,
        lambda_bounds=(0.02, 0.2),
        vision_radius=9,
    ),
    Scenario(
        name="Coarse Coins: One Coin Buys a Unit",
        seed=8,
        agents=20,
        ticks=200,
        width=18,
        height=18,
        regimes=((0, "money_only"),),
        money_mode="quasilinear",
        lambda_money=0.8,
        money_range=(4, 16),
        block_max=3,
        trade_cooldown=40,
        policy=_EVERYTHING,
    ),
    Scenario(
        name="Stopped Half-Way",
        seed=9,
        agents=24,
        ticks=400,
        regimes=((0, "mixed"),),
        money_mode="kkt_lambda",
        lambda_spread=0.5,
        lambda_update_rate=0.06,
        last_tick=142,
    ),
)
BARTER_VINTAGE = Scenario(
    name="Three Dozen Barterers (recorded by the barter vintage)",
    seed=5,
    agents=36,
    ticks=120,
    quotes_without_stock=True,
    policy=_EVERYTHING,
    block_max=3,
    linear_share=0.2,
)
