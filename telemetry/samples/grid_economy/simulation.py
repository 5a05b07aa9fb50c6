"""The grid economy itself: one tick after another, each recorded as soon as it is over."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from telemetry.families.vmt.recorder import VmtRecorder
from telemetry.samples.grid_economy import meeting, money, negotiation
from telemetry.samples.grid_economy.agent import Agent, Cell
from telemetry.samples.grid_economy.field import Field
from telemetry.samples.grid_economy.goods import Ces, Linear, Utility
from telemetry.samples.grid_economy.journal import Journal
from telemetry.samples.grid_economy.scenario import BARTER_PAIRS, PAIRS_OF_REGIME, Scenario

_LEAST_SURPLUS = 1e-3
_RHOS = (-1.0, -0.5, 0.3, 0.5)


def simulate(
    scenario: Scenario,
    recorder: VmtRecorder,
    progress: Callable[[int], None] | None = None,
    *,
    ticks_per_commit: int = 1,
) -> int:
    """Run a scenario and record it; returns the run's id. ``progress`` is told each tick."""
    last = scenario.ticks - 1 if scenario.last_tick is None else scenario.last_tick
    with recorder.begin_run(
        scenario.name,
        config=scenario.config,
        num_agents=scenario.agents,
        grid_width=scenario.width,
        grid_height=scenario.height,
        exchange_regime=scenario.regime,
        money_mode=scenario.money_mode,
        money_scale=scenario.money_scale,
        policy=scenario.policy,
        ticks_per_commit=ticks_per_commit,
    ) as run:
        economy = Economy(scenario, Journal(run))
        for tick in range(last + 1):
            economy.step(tick)
            run.end_tick(tick)
            if progress is not None:
                progress(tick)
        if last < scenario.ticks - 1:
            run.finish("failed")
    return run.run_id


class Economy:
    """The whole state; `step` moves it by one tick and tells its journal what happened.

    Everything random comes from the scenario's seed, and nothing follows the order of a set.
    """

    def __init__(self, scenario: Scenario, journal: Journal) -> None:
        self.scenario = scenario
        self.journal = journal
        self._rng = random.Random(scenario.seed)
        self.field = Field(scenario, self._rng)
        self._has_money = scenario.regime != "barter_only"
        self.agents = [self._new_agent(number) for number in range(scenario.agents)]
        self._seen = self._neighbours()
        self._mode = scenario.mode_at(0)

    def step(self, tick: int) -> None:
        """One tick: states, meeting, moving, trading, foraging, growing, and new quotes."""
        mode, regime = self.scenario.mode_at(tick), self.scenario.regime_at(tick)
        if mode != self._mode:
            self.journal.mode_change(tick, self._mode, mode)
            self._mode = mode
        if mode == "forage":
            self._part_all(tick)
        seen = self._seen
        gated = regime == "mixed_liquidity_gated"
        least = self.scenario.min_quotes
        thin = [gated and money.market_is_thin(seen[a.id], least) for a in self.agents]
        self.journal.state(tick, mode, regime, self._active_pairs(mode, regime, any(thin)))
        wishes = self._wishes(tick, mode, regime, seen, thin)
        self._pair(tick, wishes)
        self._choose_targets(mode)
        self.journal.decisions(tick, mode, self.agents, wishes, seen)
        self._move()
        self._seen = self._neighbours()
        if mode != "forage":
            self._trade(tick, regime, thin)
        self._forage(tick)
        self.field.regrow(tick)
        self._revalue(tick)
        self.journal.snapshot(tick, self)

    def _new_agent(self, number: int) -> Agent:
        scenario, rng = self.scenario, self._rng
        agent = Agent(
            id=number,
            x=rng.randrange(scenario.width),
            y=rng.randrange(scenario.height),
            a=rng.randint(*scenario.stock_range),
            b=rng.randint(*scenario.stock_range),
            m=rng.randint(*scenario.money_range) * scenario.money_scale if self._has_money else 0,
            utility=self._new_utility(),
            lambda_money=scenario.lambda_money * math.exp(rng.gauss(0, 1) * scenario.lambda_spread),
            money_scale=scenario.money_scale,
        )
        agent.requote(scenario.spread, money=self._has_money)
        return agent

    def _new_utility(self) -> Utility:
        rng = self._rng
        if rng.random() < self.scenario.linear_share:
            return Linear(round(rng.uniform(0.5, 1.2), 2), round(rng.uniform(0.5, 1.2), 2))
        return Ces(round(rng.uniform(0.3, 0.7), 2), rng.choice(_RHOS))

    def _neighbours(self) -> list[list[Agent]]:
        """Whom each agent sees, by agent id, in id order."""
        radius = self.scenario.vision_radius
        seen: list[list[Agent]] = [[] for _ in self.agents]
        for number, agent in enumerate(self.agents):
            for other in self.agents[number + 1 :]:
                if abs(agent.x - other.x) + abs(agent.y - other.y) <= radius:
                    seen[agent.id].append(other)
                    seen[other.id].append(agent)
        return seen

    def _active_pairs(self, mode: str, regime: str, any_thin: bool) -> Sequence[str]:
        """Pair types that somebody may deal in at this tick."""
        if mode == "forage":
            return ()
        pairs = PAIRS_OF_REGIME[regime]
        if regime == "mixed_liquidity_gated" and not any_thin:
            return tuple(pair for pair in pairs if pair not in BARTER_PAIRS)
        return pairs

    def _pairs_between(self, regime: str, *thin: bool) -> Sequence[str]:
        """Pair types for two agents; the gate lets them barter where either sees no market."""
        return self._active_pairs("trade", regime, any(thin))

    def _wishes(
        self, tick: int, mode: str, regime: str, seen: list[list[Agent]], thin: list[bool]
    ) -> dict[int, list[meeting.Preference]]:
        wishes: dict[int, list[meeting.Preference]] = {}
        if mode == "forage":
            return wishes
        for agent in self.agents:
            if agent.partner is not None:
                continue
            candidates = [
                (other, self._pairs_between(regime, thin[agent.id], thin[other.id]))
                for other in seen[agent.id]
                if other.partner is None and agent.resting.get(other.id, 0) <= tick
            ]
            ranked = meeting.rank(agent, candidates, self.scenario.beta)
            wishes[agent.id] = [wish for wish in ranked if wish.discounted > _LEAST_SURPLUS]
        return wishes

    def _pair(self, tick: int, wishes: dict[int, list[meeting.Preference]]) -> None:
        for pairing in meeting.pair_up(wishes):
            self.agents[pairing.first].partner = pairing.second
            self.agents[pairing.second].partner = pairing.first
            self.journal.paired(tick, pairing)

    def _part(self, tick: int, agent: Agent, reason: str) -> None:
        if agent.partner is None:
            return
        other = self.agents[agent.partner]
        agent.partner = other.partner = None
        self.journal.unpaired(tick, min(agent.id, other.id), max(agent.id, other.id), reason)

    def _part_all(self, tick: int) -> None:
        for agent in self.agents:
            self._part(tick, agent, "mode_switch")

    def _choose_targets(self, mode: str) -> None:
        """A partner if there is one, else the best free cell, which is then claimed."""
        taken: set[Cell] = set()
        ripe = self.field.ripe()
        for agent in self.agents:
            agent.claimed = None
            if agent.partner is not None:
                other = self.agents[agent.partner]
                agent.target = (other.x, other.y)
                continue
            agent.target = None if mode == "trade" else self._best_cell(agent, ripe, taken)
            if agent.target is not None:
                agent.claimed = agent.target
                taken.add(agent.target)

    def _best_cell(
        self, agent: Agent, ripe: list[tuple[Cell, str, int]], taken: set[Cell]
    ) -> Cell | None:
        margins = dict(zip("AB", agent.utility.margins(agent.a, agent.b), strict=True))
        radius, x, y = self.scenario.vision_radius, agent.x, agent.y
        best, best_value = None, 0.0
        for cell, kind, _amount in ripe:
            distance = abs(x - cell[0]) + abs(y - cell[1])
            if distance > radius or cell in taken:
                continue
            value = margins[kind] * self.scenario.beta**distance
            if value > best_value:
                best, best_value = cell, value
        return best

    def _move(self) -> None:
        """One after another, so that partners walk to where the other is, not past each other."""
        for agent in self.agents:
            if agent.partner is not None:
                other = self.agents[agent.partner]
                self._walk(agent, (other.x, other.y), self.scenario.interaction_radius)
            elif agent.target is not None:
                self._walk(agent, agent.target, 0)

    def _walk(self, agent: Agent, to: Cell, near: int) -> None:
        for _ in range(self.scenario.move_budget):
            if agent.distance_to(*to) <= near:
                return
            dx, dy = to[0] - agent.x, to[1] - agent.y
            if abs(dx) >= abs(dy):
                agent.x += 1 if dx > 0 else -1
            else:
                agent.y += 1 if dy > 0 else -1

    def _trade(self, tick: int, regime: str, thin: list[bool]) -> None:
        for agent in self.agents:
            if agent.partner is None or agent.partner < agent.id:
                continue
            other = self.agents[agent.partner]
            if agent.distance_to(other.x, other.y) > self.scenario.interaction_radius:
                continue
            pairs = self._pairs_between(regime, thin[agent.id], thin[other.id])
            if not self._negotiate(tick, agent, other, pairs):
                self._part(tick, agent, "trade_failed")
                until = tick + self.scenario.trade_cooldown
                agent.resting[other.id] = other.resting[agent.id] = until

    def _negotiate(self, tick: int, first: Agent, second: Agent, pairs: Sequence[str]) -> bool:
        for offer in negotiation.offers(first, second, pairs):
            for attempt in negotiation.tries(offer, self.scenario.block_max):
                self.journal.attempt(tick, attempt)
                if attempt.succeeded:
                    self.journal.trade(tick, attempt)
                    negotiation.settle(attempt)
                    return True
        return False

    def _forage(self, tick: int) -> None:
        """Agents who stand on the cell they claimed take one unit; the paired claim none."""
        for agent in self.agents:
            if agent.claimed != (agent.x, agent.y):
                continue
            good = self.field.harvest(agent.claimed, tick)
            agent.a += good == "A"
            agent.b += good == "B"

    def _revalue(self, tick: int) -> None:
        """New λ from last tick's quotes, for all at once; then new quotes from the new stocks."""
        scenario = self.scenario
        if scenario.money_mode == "kkt_lambda":
            for agent in self.agents:
                step = money.update_lambda(agent, self._seen[agent.id], scenario)
                self.journal.lambda_step(tick, step)
        for agent in self.agents:
            agent.requote(scenario.spread, money=self._has_money)
