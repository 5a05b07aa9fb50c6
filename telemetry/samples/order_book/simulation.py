"""The market itself: one tick after another, each recorded as soon as it is over."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal

from telemetry.families.moltmarket.recorder import MarketRecorder, MarketRun
from telemetry.samples.order_book.bots import CENT, KINDS, Bot, View
from telemetry.samples.order_book.exchange import Exchange
from telemetry.samples.order_book.scenario import Scenario


def simulate(
    scenario: Scenario,
    recorder: MarketRecorder,
    progress: Callable[[int], None] | None = None,
    *,
    ticks_per_commit: int = 1,
) -> str:
    """Run a scenario and record it; returns the run's id. ``progress`` is told each tick."""
    last = scenario.ticks - 1 if scenario.last_tick is None else scenario.last_tick
    with recorder.begin_run(
        scenario.name,
        seed=scenario.seed,
        config=scenario.config,
        run_id=f"{scenario.name}-{scenario.seed}",
        ticks_per_commit=ticks_per_commit,
    ) as run:
        market = Market(scenario, run)
        for tick in range(last + 1):
            market.step(tick)
            run.end_tick(tick)
            if progress is not None:
                progress(tick)
        if scenario.stop_reason is not None:
            run.stop(scenario.stop_reason)
        elif last < scenario.ticks - 1:
            run.finish("failed")
    return run.run_id


class Market:
    """The whole state; `step` moves it by one tick and tells the recorder what happened.

    Everything random comes from the scenario's seed, and nothing follows the order of a set.
    """

    def __init__(self, scenario: Scenario, run: MarketRun) -> None:
        self.scenario, self.run = scenario, run
        self._rng = random.Random(scenario.seed)
        self.exchange = Exchange(
            run,
            self._rng,
            fee_bps=scenario.fee_bps,
            max_actions=scenario.max_actions,
            leverage=scenario.leverage,
        )
        self._news = dict(scenario.news)
        self.worth = scenario.worth
        self.prices = [scenario.worth]
        self.bots = [
            self._new_bot(kind, number)
            for kind, count in scenario.bots.items()
            for number in range(1, count + 1)
        ]

    def step(self, tick: int) -> None:
        """One tick: news, the bots in an order that changes, decay, and who is out."""
        self._move_worth(tick)
        self.run.begin_tick(tick)
        order = list(self.bots)
        self._rng.shuffle(order)
        for bot in order:
            if not bot.account.bankrupt:
                bot.act(bot, self.exchange, View(tick, self.prices, self.worth))
        if tick and tick % self.scenario.decay_every == 0:
            self.exchange.decay(tick, self.scenario.decay_bps)
        self.exchange.settle(tick)
        self.prices.append(self.exchange.last_price or self.exchange.mid() or self.prices[-1])

    def _new_bot(self, kind: str, number: int) -> Bot:
        label, act = KINDS[kind]
        scenario = self.scenario
        account = self.exchange.enter(
            0, f"{label}_{number}", scenario.initial_cash, scenario.initial_asset
        )
        return Bot(account, random.Random(self._rng.getrandbits(64)), act)

    def _move_worth(self, tick: int) -> None:
        """What the asset is worth drifts at random, and jumps with the news."""
        drift = self._rng.gauss(0, self.scenario.volatility)
        jump = self._news.get(tick, 0.0)
        if jump:
            params = {"change": f"{jump:+.2%}"}
            self.run.log_scenario_event(tick, event_type="news", params=params)
        self.worth = max((self.worth * Decimal(1 + drift + jump)).quantize(CENT), CENT)
