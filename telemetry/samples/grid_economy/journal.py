"""Telling the recorder what happened in the grid economy, in plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from telemetry.families.vmt.recorder import VmtRun
from telemetry.samples.grid_economy.agent import Agent
from telemetry.samples.grid_economy.meeting import Pairing, Preference
from telemetry.samples.grid_economy.money import LambdaStep
from telemetry.samples.grid_economy.negotiation import Try

if TYPE_CHECKING:
    from telemetry.samples.grid_economy.simulation import Economy


class Journal:
    """One run of the recorder, as the economy speaks to it; decides no number of its own."""

    def __init__(self, run: VmtRun) -> None:
        self._run = run

    def mode_change(self, tick: int, old: str, new: str) -> None:
        """The schedule has switched."""
        self._run.log_mode_change(tick, old, new)

    def state(self, tick: int, mode: str, regime: str, pairs: Sequence[str]) -> None:
        """Mode, regime and active pair types of the tick."""
        self._run.log_tick_state(tick, mode, regime, pairs)

    def paired(self, tick: int, pairing: Pairing) -> None:
        """Two agents set out for each other."""
        self._run.log_pairing(
            tick,
            agent_i=pairing.first,
            agent_j=pairing.second,
            event="pair",
            reason=pairing.reason,
            surplus_i=pairing.surplus_first,
            surplus_j=pairing.surplus_second,
        )

    def unpaired(self, tick: int, first: int, second: int, reason: str) -> None:
        """Two agents gave each other up."""
        self._run.log_pairing(tick, agent_i=first, agent_j=second, event="unpair", reason=reason)

    def decisions(
        self,
        tick: int,
        mode: str,
        agents: Sequence[Agent],
        wishes: Mapping[int, Sequence[Preference]],
        seen: Sequence[Sequence[Agent]],
    ) -> None:
        """What every agent means to do, and (at level debug) whom it would rather meet."""
        keeps_preferences = self._run.keeps("preferences", tick)
        for agent in agents:
            ranked = wishes.get(agent.id, ())
            self._decision(tick, mode, agent, ranked, len(seen[agent.id]))
            for place, wish in enumerate(ranked if keeps_preferences else ()):
                self._run.log_preference(
                    tick,
                    agent_id=agent.id,
                    partner_id=wish.partner,
                    rank=place,
                    surplus=wish.surplus,
                    discounted_surplus=wish.discounted,
                    distance=wish.distance,
                    pair_type=wish.pair,
                )

    def attempt(self, tick: int, attempt: Try) -> None:
        """One price and block that was tried, kept at level debug."""
        if not self._run.keeps("trade_attempts", tick):
            return
        offer, (d_a, d_b, d_m) = attempt.offer, attempt.amounts
        buyer, seller = offer.buyer, offer.seller
        sign = {offer.good: 1, offer.payment: -1}
        a, b, m = (d_a * sign.get("A", 0), d_b * sign.get("B", 0), d_m * sign.get("M", 0))
        role = "i" if buyer.id < seller.id else "j"
        improves_buyer = attempt.buyer_after > attempt.buyer_before
        improves_seller = attempt.seller_after > attempt.seller_before
        possible = "insufficient" not in attempt.reason and "nonpositive" not in attempt.reason
        self._run.log_attempt(
            tick,
            buyer_id=buyer.id,
            seller_id=seller.id,
            direction=f"{role}_buys_{offer.good}",
            price=attempt.price,
            buyer_ask=buyer.quotes[offer.pair].ask,
            buyer_bid=offer.bid,
            seller_ask=offer.asked,
            seller_bid=seller.quotes[offer.pair].bid,
            surplus=offer.bid - offer.asked,
            dA_attempted=d_a,
            dB_calculated=d_b,
            buyer_A_init=buyer.a,
            buyer_B_init=buyer.b,
            buyer_U_init=attempt.buyer_before,
            buyer_A_final=buyer.a + a,
            buyer_B_final=buyer.b + b,
            buyer_U_final=attempt.buyer_after,
            buyer_improves=possible and improves_buyer,
            seller_A_init=seller.a,
            seller_B_init=seller.b,
            seller_U_init=attempt.seller_before,
            seller_A_final=seller.a - a,
            seller_B_final=seller.b - b,
            seller_U_final=attempt.seller_after,
            seller_improves=possible and improves_seller,
            buyer_feasible=not attempt.reason.startswith("buyer_insufficient"),
            seller_feasible=not attempt.reason.startswith("seller_insufficient"),
            result="success" if attempt.succeeded else "fail",
            result_reason=attempt.reason,
            exchange_pair_type=offer.pair,
            dM_attempted=d_m,
            buyer_lambda=_lambda(buyer, offer.payment),
            seller_lambda=_lambda(seller, offer.payment),
            buyer_M_init=buyer.m,
            seller_M_init=seller.m,
            buyer_M_final=buyer.m + m,
            seller_M_final=seller.m - m,
        )

    def trade(self, tick: int, trade: Try) -> None:
        """One exchange, before it changes the stocks; its place is where the seller stands."""
        offer, (d_a, d_b, d_m) = trade.offer, trade.amounts
        self._run.log_trade(
            tick,
            x=offer.seller.x,
            y=offer.seller.y,
            buyer_id=offer.buyer.id,
            seller_id=offer.seller.id,
            dA=d_a,
            dB=d_b,
            dM=d_m,
            price=trade.paid / trade.block,
            direction=f"{offer.good}_traded_for_{offer.payment}",
            exchange_pair_type=offer.pair,
            buyer_lambda=_lambda(offer.buyer, offer.payment),
            seller_lambda=_lambda(offer.seller, offer.payment),
            buyer_surplus=trade.buyer_after - trade.buyer_before,
            seller_surplus=trade.seller_after - trade.seller_before,
        )

    def lambda_step(self, tick: int, step: LambdaStep) -> None:
        """One update of λ; the recorder leaves out those that change nothing."""
        self._run.log_lambda_update(
            tick,
            agent_id=step.agent,
            lambda_old=step.old,
            lambda_new=step.new,
            lambda_hat_A=step.hat_a,
            lambda_hat_B=step.hat_b,
            lambda_hat=step.hat,
            clamped=step.clamp is not None,
            clamp_type=step.clamp,
        )

    def snapshot(self, tick: int, economy: Economy) -> None:
        """Every agent, and every cell that bears something, at the end of the tick."""
        if self._run.keeps("agent_snapshots", tick):
            for agent in economy.agents:
                self._agent(tick, agent, economy)
        if self._run.keeps("resource_snapshots", tick):
            for (x, y), kind, amount in economy.field.ripe():
                self._run.log_resource(tick, x=x, y=y, resource_type=kind, amount=amount)

    def _decision(
        self, tick: int, mode: str, agent: Agent, ranked: Sequence[Preference], seen: int
    ) -> None:
        partner, target = agent.partner, agent.target
        chosen = [wish.surplus for wish in ranked if wish.partner == partner]
        self._run.log_decision(
            tick,
            agent_id=agent.id,
            chosen_partner_id=partner,
            surplus_with_partner=chosen[0] if chosen else None,
            target_type="trade" if partner is not None else "forage" if target else "idle",
            target_x=target[0] if target else None,
            target_y=target[1] if target else None,
            num_neighbors=seen,
            alternatives="; ".join(f"{wish.partner}:{wish.surplus:.4f}" for wish in ranked),
            mode=mode,
            claimed_resource_pos=f"{agent.claimed[0]},{agent.claimed[1]}"
            if agent.claimed
            else None,
            is_paired=partner is not None,
            is_foraging_committed=agent.claimed is not None,
        )

    def _agent(self, tick: int, agent: Agent, economy: Economy) -> None:
        barter = agent.quotes["A<->B"]
        always = economy.scenario.quotes_without_stock
        middle = (barter.ask + barter.bid) / 2
        a_for_m, b_for_m = agent.quotes.get("A<->M"), agent.quotes.get("B<->M")
        self._run.log_agent_snapshot(
            tick,
            agent_id=agent.id,
            x=agent.x,
            y=agent.y,
            inventory_A=agent.a,
            inventory_B=agent.b,
            inventory_M=agent.m,
            utility=agent.total_utility(agent.a, agent.b, agent.m),
            ask_A_in_B=barter.ask if barter.sells or always else None,
            bid_A_in_B=barter.bid if barter.buys or always else None,
            p_min=middle,
            p_max=middle,
            ask_A_in_M=a_for_m.ask if a_for_m is not None and a_for_m.sells else None,
            bid_A_in_M=a_for_m.bid if a_for_m is not None and a_for_m.buys else None,
            ask_B_in_M=b_for_m.ask if b_for_m is not None and b_for_m.sells else None,
            bid_B_in_M=b_for_m.bid if b_for_m is not None and b_for_m.buys else None,
            perceived_price_A=agent.perceived[0],
            perceived_price_B=agent.perceived[1],
            lambda_money=agent.lambda_money,
            lambda_changed=agent.lambda_changed,
            target_agent_id=agent.partner,
            target_x=agent.target[0] if agent.target else None,
            target_y=agent.target[1] if agent.target else None,
            utility_type=agent.utility.name,
        )


def _lambda(agent: Agent, payment: str) -> float | None:
    return agent.lambda_money if payment == "M" else None
