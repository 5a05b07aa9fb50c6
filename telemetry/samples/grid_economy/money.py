"""The λ of money under the KKT rule, and where the money market is too thin to forbid barter.

λ is an agent's marginal utility of money. Under ``kkt_lambda`` an agent sees the prices that its
neighbours quote (p̂_A, p̂_B), works out λ̂_A = MU_A / p̂_A and λ̂_B = MU_B / p̂_B, takes the
lesser, and moves its own λ towards it by the update rate, within the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from telemetry.frozen import Frozen
from telemetry.samples.grid_economy.agent import Agent
from telemetry.samples.grid_economy.scenario import Scenario


class LambdaStep(Frozen):
    """One update of one agent's λ; ``clamp`` is the bound that was hit, if any."""

    agent: int
    old: float
    new: float
    hat_a: float
    hat_b: float
    clamp: str | None

    @property
    def hat(self) -> float:
        """The estimate that binds."""
        return min(self.hat_a, self.hat_b)


def perceived_price(pair: str, neighbours: Sequence[Agent]) -> float | None:
    """The median of the neighbours' live bids and asks, or None where nobody quotes."""
    quotes = [other.quotes[pair] for other in neighbours]
    live = [quote.bid for quote in quotes if quote.buys]
    live += [quote.ask for quote in quotes if quote.sells]
    return median(live) if live else None


def update_lambda(agent: Agent, neighbours: Sequence[Agent], scenario: Scenario) -> LambdaStep:
    """Move the agent's λ towards its estimate; a good without a price seen gives no new one."""
    old = agent.lambda_money
    hats = []
    prices = [perceived_price(pair, neighbours) for pair in ("A<->M", "B<->M")]
    for margin, price in zip(agent.utility.margins(agent.a, agent.b), prices, strict=True):
        hats.append(old if price is None else margin * agent.money_scale / price)
    moved = old + scenario.lambda_update_rate * (min(hats) - old)
    low, high = scenario.lambda_bounds
    new = min(max(moved, low), high)
    clamp = "lower" if moved < low else "upper" if moved > high else None
    agent.perceived = (prices[0], prices[1])
    agent.lambda_money, agent.lambda_changed = new, new != old
    return LambdaStep(agent.id, old, new, hats[0], hats[1], clamp)


def market_is_thin(neighbours: Sequence[Agent], min_quotes: int) -> bool:
    """Whether an agent sees too few money bids to do without barter."""
    return sum(other.quotes["A<->M"].buys for other in neighbours) < min_quotes
