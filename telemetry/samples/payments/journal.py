"""Telling the recorder what happened between the banks, in plain values."""

from __future__ import annotations

from telemetry.families.simcash.recorder import SimCashRun
from telemetry.samples.payments.bank import KINDS, Bank, Payment
from telemetry.samples.payments.netting import Netting


class Journal:
    """One run of the recorder, as the settlement system speaks to it; decides no number itself."""

    def __init__(self, run: SimCashRun, ticks_per_day: int) -> None:
        self._run = run
        self._per_day = ticks_per_day

    def arrived(self, tick: int, payment: Payment) -> None:
        details = {
            "amount": payment.amount,
            "deadline": payment.deadline,
            "is_divisible": False,
            "priority": payment.priority,
            "receiver_id": payment.receiver,
            "sender_id": payment.sender,
        }
        self._run.log_event(tick, "Arrival", details, tx_id=payment.id)

    def submitted(self, tick: int, payment: Payment) -> None:
        """A bank hands a payment to the settlement system."""
        tx, sender = payment.id, payment.sender
        self._run.log_event(tick, "PolicySubmit", {}, agent_id=sender, tx_id=tx)
        details = {
            "amount": payment.amount,
            "internal_priority": payment.priority,
            "receiver": payment.receiver,
            "rtgs_priority": "Normal",
            "sender": sender,
        }
        self._run.log_event(tick, "RtgsSubmission", details, tx_id=tx)
        self._run.log_decision(tick, agent_id=sender, decision_type="submit", tx_id=tx)

    def held(self, tick: int, payment: Payment, reason: str) -> None:
        """A bank keeps a payment back; told once for each."""
        tx, sender = payment.id, payment.sender
        self._run.log_event(tick, "PolicyHold", {"reason": reason}, agent_id=sender, tx_id=tx)
        self._run.log_decision(tick, agent_id=sender, decision_type="hold", tx_id=tx, reason=reason)

    def queued(self, tick: int, payment: Payment) -> None:
        self._run.log_event(tick, "QueuedRtgs", {"sender_id": payment.sender}, tx_id=payment.id)

    def settled(self, tick: int, payment: Payment, before: int, after: int) -> None:
        """A payment moves money, at once or out of the queue."""
        details: dict[str, object] = {
            "amount": payment.amount,
            "receiver": payment.receiver,
            "sender": payment.sender,
        }
        if payment.submitted == tick:
            details |= {"sender_balance_after": after, "sender_balance_before": before}
            kind = "RtgsImmediateSettlement"
        else:
            waited = tick - (payment.submitted or 0)
            details |= {"queue_wait_ticks": waited, "release_reason": "liquidity_available"}
            kind = "Queue2LiquidityRelease"
        self._run.log_event(tick, kind, details, tx_id=payment.id)

    def netted(self, tick: int, netting: Netting) -> None:
        """Payments settle against one another."""
        ids = [payment.id for payment in netting.payments]
        amounts = [payment.amount for payment in netting.payments]
        if netting.kind == "bilateral":
            first, second = netting.agents
            details: dict[str, object] = {
                "agent_a": first,
                "agent_b": second,
                "amount": netting.total,
                "amount_a": amounts[0],
                "amount_b": amounts[1],
                "tx_ids": ids,
            }
            self._run.log_event(tick, "LsmBilateralOffset", details)
        else:
            details = {
                "agents": list(netting.agents),
                "tx_ids": ids,
                "tx_amounts": amounts,
                "total_value": netting.total,
                "max_net_outflow": netting.liquidity,
            }
            self._run.log_event(tick, "LsmCycleSettlement", details)
        poorest = min(netting.net, key=lambda name: netting.net[name])
        self._run.log_netting(
            tick,
            cycle_type=netting.kind,
            agents=netting.agents,
            transactions=ids,
            tx_amounts=amounts,
            settled_value=netting.total - netting.liquidity,
            total_value=netting.total,
            net_positions=netting.net,
            max_net_outflow=netting.liquidity,
            max_net_outflow_agent=poorest,
        )

    def collateral(
        self, tick: int, bank: Bank, amount: int, reason: str, layer: str = "strategic"
    ) -> None:
        """A bank has posted (or, negative, withdrawn) collateral."""
        kind = "CollateralPost" if amount > 0 else "CollateralWithdraw"
        details = {"amount": abs(amount), "new_total": bank.posted, "reason": reason}
        self._run.log_event(tick, kind, details, agent_id=bank.id)
        self._run.log_collateral(
            tick,
            agent_id=bank.id,
            action="post" if amount > 0 else "withdraw",
            amount=abs(amount),
            reason=reason,
            layer=layer,
            balance_before=bank.balance,
            posted_collateral_before=bank.posted - amount,
            posted_collateral_after=bank.posted,
            available_capacity_after=bank.spare_collateral,
        )

    def overdue(self, tick: int, payment: Payment, penalty: int) -> None:
        details = {
            "amount": payment.amount,
            "deadline_penalty_cost": penalty,
            "deadline_tick": payment.deadline,
            "receiver_id": payment.receiver,
            "remaining_amount": payment.amount,
            "sender_id": payment.sender,
            "ticks_overdue": tick - payment.deadline,
        }
        self._run.log_event(tick, "TransactionWentOverdue", details, tx_id=payment.id)

    def dropped(self, tick: int, payment: Payment) -> None:
        tx, sender = payment.id, payment.sender
        reason = payment.drop_reason or ""
        self._run.log_event(tick, "PolicyDrop", {"reason": reason}, agent_id=sender, tx_id=tx)
        self._run.log_decision(tick, agent_id=sender, decision_type="drop", tx_id=tx, reason=reason)

    def over(self, tick: int, payment: Payment) -> None:
        """The fate of a payment is known: its row is written."""
        settled = payment.settled
        self._run.log_transaction(
            tick,
            tx_id=payment.id,
            sender_id=payment.sender,
            receiver_id=payment.receiver,
            amount=payment.amount,
            priority=payment.priority,
            is_divisible=False,
            arrival_tick=payment.arrival,
            arrival_day=payment.arrival // self._per_day,
            deadline_tick=payment.deadline,
            settlement_tick=settled,
            settlement_day=None if settled is None else settled // self._per_day,
            status=payment.status,
            overdue_since_tick=payment.overdue_since,
            drop_reason=payment.drop_reason,
            amount_settled=0 if settled is None else payment.amount,
            queue1_ticks=payment.waited,
            queue2_ticks=payment.queued,
            total_delay_ticks=payment.waited + payment.queued,
            delay_cost=payment.delay_cost,
            rtgs_priority=None if payment.submitted is None else "Normal",
            rtgs_submission_tick=payment.submitted,
        )

    def state(self, tick: int, bank: Bank) -> None:
        """The bank at the end of the tick: its costs as an event, itself and its queues in full."""
        spent = bank.tick_costs
        if any(spent.values()):
            costs = {f"{kind}_cost": spent[kind] for kind in KINDS}
            costs["total"] = sum(spent.values())
            self._run.log_event(tick, "CostAccrual", {"costs": costs}, agent_id=bank.id)
        day = bank.day.costs
        self._run.log_agent_state(
            tick,
            agent_id=bank.id,
            balance=bank.balance,
            balance_change=bank.balance - bank.balance_before,
            unsecured_cap=bank.spec.unsecured_cap,
            posted_collateral=bank.posted,
            liquidity_cost=day["liquidity"],
            delay_cost=day["delay"],
            collateral_cost=day["collateral"],
            penalty_cost=day["penalty"],
            split_friction_cost=day["split_friction"],
            liquidity_cost_delta=spent["liquidity"],
            delay_cost_delta=spent["delay"],
            collateral_cost_delta=spent["collateral"],
            penalty_cost_delta=spent["penalty"],
            split_friction_cost_delta=spent["split_friction"],
        )
        self._run.log_queue(
            tick, agent_id=bank.id, queue_type="queue1", tx_ids=[p.id for p in bank.own_queue]
        )
        waiting = [p.id for p in bank.settlement_queue]
        self._run.log_queue(tick, agent_id=bank.id, queue_type="rtgs", tx_ids=waiting)

    def day_over(self, tick: int, bank: Bank, left: int) -> None:
        """The bank's day; ``left`` payments were dropped with it."""
        day = bank.day
        costs = day.costs
        self._run.log_day(
            tick,
            agent_id=bank.id,
            opening_balance=day.opening_balance,
            closing_balance=bank.balance,
            min_balance=day.min_balance,
            max_balance=day.max_balance,
            unsecured_cap=bank.spec.unsecured_cap,
            peak_overdraft=max(0, -day.min_balance),
            opening_posted_collateral=day.opening_collateral,
            closing_posted_collateral=bank.posted,
            peak_posted_collateral=day.peak_collateral,
            collateral_capacity=bank.spec.collateral,
            num_collateral_posts=day.posts,
            num_collateral_withdrawals=day.withdrawals,
            num_arrivals=day.arrivals,
            num_sent=day.sent,
            num_received=day.received,
            num_settled=day.sent,
            num_dropped=day.dropped,
            queue1_peak_size=day.queue_peak,
            queue1_eod_size=left,
            liquidity_cost=costs["liquidity"],
            delay_cost=costs["delay"],
            collateral_cost=costs["collateral"],
            split_friction_cost=costs["split_friction"],
            deadline_penalty_cost=costs["penalty"],
            total_cost=sum(costs.values()),
        )

    def end_of_day(self, tick: int, dropped: int, penalties: int) -> None:
        details = {
            "day": tick // self._per_day,
            "total_penalties": penalties,
            "unsettled_count": dropped,
        }
        self._run.log_event(tick, "EndOfDay", details)

    def end_tick(self, tick: int) -> None:
        self._run.end_tick(tick)
