"""What is told to the recorder of a ring: events, trades, repayments, and how a day ends."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from telemetry.families.bilancio.recorder import BilancioRun
from telemetry.samples.dealer_ring.ring import BUCKETS, Agent, Ticket

if TYPE_CHECKING:
    from telemetry.samples.dealer_ring.simulation import Economy


class Trade(NamedTuple):
    """One trade, with what stood before it."""

    day: int
    side: str
    bucket: str
    agent: Agent
    ticket: Ticket
    unit: Decimal
    passed: bool
    limit: bool
    outside_mid: Decimal
    dealer_mid: Decimal
    stock_before: int
    stock_after: int
    cash_before: Decimal
    margin_before: Decimal
    margin_after: Decimal


class Journal:
    """Tells a run what happened; it changes nothing itself."""

    def __init__(self, run: BilancioRun) -> None:
        self._run = run
        self._held: dict[str, set[int]] = {}
        self.trades: list[Trade] = []

    def setup(self, agents: list[Agent]) -> None:
        """The ring as it starts: cash for each, then the debts."""
        for agent in agents:
            self._run.log_event(0, "CashMinted", "setup", to=agent.id, amount=agent.cash)
            self._held[agent.id] = {t.due for t in agent.holds}
        for agent in agents:
            for ticket in agent.owes:
                self._run.log_event(
                    0,
                    "PayableCreated",
                    "setup",
                    debtor=agent.id,
                    creditor=ticket.creditor,
                    amount=ticket.face,
                    due_day=ticket.due,
                    payable_id=ticket.liability,
                )

    def phase(self, day: int, *names: str) -> None:
        for name in names:
            self._run.log_event(day, name)

    def trade(self, trade: Trade) -> None:
        ticket, agent = trade.ticket, trade.agent
        price = ticket.face * trade.unit
        self._run.log_trade(
            trade.day,
            bucket=trade.bucket,
            side=trade.side,
            trader_id=agent.id,
            ticket_id=ticket.id,
            issuer_id=ticket.issuer.id,
            maturity_day=ticket.due,
            face_value=ticket.face,
            price=price,
            unit_price=trade.unit,
            is_passthrough=trade.passed,
            outside_mid=trade.outside_mid,
            dealer_mid=trade.dealer_mid,
            dealer_inventory_before=trade.stock_before,
            dealer_inventory_after=trade.stock_after,
            hit_inventory_limit=trade.limit,
            trader_cash_before=trade.cash_before,
            trader_cash_after=agent.cash,
            trader_safety_margin_before=trade.margin_before,
            trader_safety_margin_after=trade.margin_after,
            is_liquidity_driven=trade.side == "SELL",
            reduces_margin_below_zero=trade.margin_before >= 0 > trade.margin_after,
        )
        self._trade_event(trade, price)
        self.trades.append(trade)

    def _trade_event(self, trade: Trade, price: Decimal) -> None:
        ticket, agent = trade.ticket, trade.agent
        self._run.log_event(
            trade.day,
            "dealer_trade",
            trader=agent.id,
            side=trade.side.lower(),
            ticket_id=ticket.id,
            bucket=trade.bucket,
            price=price,
            unit_price=trade.unit,
            face=ticket.face,
            is_passthrough=trade.passed,
            is_liquidity_driven=trade.side == "SELL",
        )

    def settled(self, day: int, ticket: Ticket, holder: str) -> None:
        issuer = ticket.issuer.id
        self._run.log_event(day, "CashTransferred", frm=issuer, to=holder, amount=ticket.face)
        self._run.log_event(
            day,
            "PayableSettled",
            contract_id=ticket.liability,
            debtor=issuer,
            creditor=holder,
            amount=ticket.face,
        )
        self._repayment(day, ticket, "repaid")

    def defaulted(self, day: int, ticket: Ticket) -> None:
        self._run.log_event(
            day,
            "ObligationDefaulted",
            debtor=ticket.issuer.id,
            creditor=ticket.creditor,
            contract_id=ticket.liability,
            amount=ticket.face,
            shortfall=ticket.face - ticket.issuer.cash,
        )
        self._repayment(day, ticket, "defaulted")

    def day(self, day: int, economy: Economy, due: list[Ticket], settled: list[Ticket]) -> None:
        """How the day ends: dues, the dealers' stock, and debt against money."""
        if due:
            faces = (sum((t.face for t in of), Decimal(0)) for of in (due, settled))
            owed, paid = faces
            self._run.log_day_metrics(
                day,
                S_t=owed,
                gross_settled_t=paid,
                M_t=sum((a.cash for a in economy.agents), Decimal(0)),
                n_debtors=len({t.issuer.id for t in due}),
                n_creditors=len({t.creditor for t in due}),
            )
        faces_by = self._faces(day, economy)
        if economy.desk is not None:
            for dealer in economy.desk.dealers.values():
                self._run.log_inventory(
                    day,
                    bucket=dealer.bucket,
                    dealer_inventory=len(dealer.holds),
                    max_capacity=dealer.capacity,
                    hit_vbt_this_step=dealer.bucket in economy.desk.routed,
                    total_system_face=faces_by[dealer.bucket],
                    dealer_face=_dealers_face(day, economy, dealer.bucket),
                )
        cash = sum((c for who, (c, _) in economy.holders().items() if who != "vbt"), Decimal(0))
        self._run.log_system_state(
            day,
            face_bucket_short=faces_by["short"],
            face_bucket_mid=faces_by["mid"],
            face_bucket_long=faces_by["long"],
            total_cash=cash,
        )

    def finish(self, economy: Economy) -> None:
        """What everyone is left with, and how the dealers did."""
        for name, (cash, holds) in economy.holders().items():
            claims = sum((t.face for t in holds), Decimal(0))
            self._run.log_balance(
                agent_id=name, assets_cash=cash, assets_payable=claims, net_financial=cash + claims
            )
        if economy.desk is not None:
            self._run.set_dealer_metrics(_dealer_metrics(economy, self.trades))

    def _repayment(self, day: int, ticket: Ticket, outcome: str) -> None:
        self._run.log_repayment(
            day,
            trader_id=ticket.issuer.id,
            liability_id=ticket.liability,
            maturity_day=ticket.due,
            face_value=ticket.face,
            outcome=outcome,
            held_matching_maturity=ticket.due in self._held[ticket.issuer.id],
        )

    def _faces(self, day: int, economy: Economy) -> dict[str, Decimal]:
        found = dict.fromkeys(BUCKETS, Decimal(0))
        for agent in economy.agents:
            for ticket in agent.owes:
                found[ticket.bucket(day)] += ticket.face
        return found


def _dealers_face(day: int, economy: Economy, bucket: str) -> Decimal:
    """What dealers and the outside dealer hold of a bucket."""
    if economy.desk is None:
        return Decimal(0)
    books = [dealer.holds for dealer in economy.desk.dealers.values()]
    tickets = (t for book in (*books, economy.desk.outside.holds) for t in book)
    return sum((t.face for t in tickets if t.bucket(day) == bucket), Decimal(0))


def _dealer_metrics(economy: Economy, trades: list[Trade]) -> Mapping[str, object]:
    """What dealer_metrics.json says, under the producer's names; profit is against the mid."""
    desk = economy.desk
    profit = {} if desk is None else dict(desk.profit)
    total = sum(profit.values(), Decimal(0))
    stake = economy.scenario.dealer_cash * len(BUCKETS)
    return {
        "dealer_total_pnl": total,
        "dealer_total_return": total / stake if stake else Decimal(0),
        "dealer_profitable": total >= 0,
        "dealer_pnl_by_bucket": profit,
        "interior_trades": sum(not t.passed for t in trades),
        "passthrough_trades": sum(t.passed for t in trades),
        "liquidity_driven_sales": sum(t.side == "SELL" for t in trades),
        "total_trades": len(trades),
        "total_sell_trades": sum(t.side == "SELL" for t in trades),
        "total_buy_trades": sum(t.side == "BUY" for t in trades),
    }
