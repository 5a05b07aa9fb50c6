"""Columns that the VMT document derives: price by pair type, surplus, mode and regime, margins."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from telemetry.families.vocabulary import Columns

Element = sa.ColumnElement[Any]
Derive = Callable[[Columns], Element]

MONEY_PAIRS = {"A": "A<->M", "B": "B<->M"}
BARTER = "A<->B"


def pair_type(table: str, a: str, b: str, m: str) -> Derive:
    """What changed hands: A<->M where A and M moved, B<->M where B and M, A<->B where A and B.

    Falls back to `exchange_pair_type` where the amounts do not tell (a first money vintage left
    that column at its default A<->B for every money trade).
    """

    def derive(columns: Columns) -> Element:
        moved_a, moved_b = columns.column(table, a), columns.column(table, b)
        moved_m = columns.column(table, m) if columns.has(table, m) else sa.literal(0)
        return sa.case(
            (sa.and_(_some(moved_m), _some(moved_a), _none(moved_b)), MONEY_PAIRS["A"]),
            (sa.and_(_some(moved_m), _none(moved_a), _some(moved_b)), MONEY_PAIRS["B"]),
            (sa.and_(_none(moved_m), _some(moved_a), _some(moved_b)), BARTER),
            else_=columns.column(table, "exchange_pair_type"),
        )

    return derive


def implied_price(columns: Columns) -> Element:
    """dB/dA for barter, dM/dA for A<->M, dM/dB for B<->M; NULL where the divisor is 0."""
    pair = pair_type("trades", "dA", "dB", "dM")(columns)
    a, b, m = (columns.column("trades", n) for n in ("dA", "dB", "dM"))
    return sa.case(
        (pair.in_((MONEY_PAIRS["A"], "M<->A")), _ratio(m, a)),
        (pair.in_((MONEY_PAIRS["B"], "M<->B")), _ratio(m, b)),
        (pair.in_((BARTER, "B<->A")), _ratio(b, a)),
        else_=sa.null(),
    )


def total_surplus(columns: Columns) -> Element:
    """buyer_surplus + seller_surplus; NULL where either is."""
    return columns.column("trades", "buyer_surplus") + columns.column("trades", "seller_surplus")


def in_money_units(table: str, column: str) -> Derive:
    """Minor units divided by the run's `money_scale`."""

    def derive(columns: Columns) -> Element:
        scale = columns.column("simulation_runs", "money_scale")
        runs = columns.column("simulation_runs", "run_id")
        own = columns.column(table, "run_id")  # "needs" says that it is there
        wanted = sa.select(scale).where(runs == own).correlate(own.table).scalar_subquery()
        return _ratio(columns.column(table, column), wanted)

    return derive


def mode_at_tick(table: str) -> Derive:
    """`tick_states.current_mode` of the row's tick, else what `mode_changes` says of it."""

    def derive(columns: Columns) -> Element:
        from_states = state_at_tick(columns, table, "current_mode")
        from_changes = _mode_from_changes(columns, table)
        known = [e for e in (from_states, from_changes) if e is not None] or [sa.null()]
        return sa.func.coalesce(*known) if len(known) > 1 else known[0]

    return derive


def regime_at_tick(table: str) -> Derive:
    """`tick_states.exchange_regime` of the row's tick."""

    def derive(columns: Columns) -> Element:
        found = state_at_tick(columns, table, "exchange_regime")
        return sa.null() if found is None else found

    return derive


def difference(table: str, after: str, before: str) -> Derive:
    """`after` − `before` of one row."""

    def derive(columns: Columns) -> Element:
        return columns.column(table, after) - columns.column(table, before)

    return derive


def _pair_is(columns: Columns, *pairs: str) -> Element | None:
    """Whether an attempt's stored pair is one of `pairs`; None where it is not recorded."""
    if not columns.has("trade_attempts", "dM_attempted", "exchange_pair_type"):
        return None
    return columns.column("trade_attempts", "exchange_pair_type").in_(pairs)


def block_sold(columns: Columns) -> Element:
    """What the seller would give: dB_calculated in B<->M, else dA_attempted."""
    in_b = _pair_is(columns, "B<->M", "M<->B")
    sold = columns.column("trade_attempts", "dA_attempted")
    if in_b is None:
        return sold
    return sa.case((in_b, columns.column("trade_attempts", "dB_calculated")), else_=sold)


def payment(columns: Columns) -> Element:
    """What the buyer would give: dM_attempted in money pairs, else dB_calculated."""
    in_money = _pair_is(columns, "A<->M", "M<->A", "B<->M", "M<->B")
    paid = columns.column("trade_attempts", "dB_calculated")
    if in_money is None:
        return paid
    return sa.case((in_money, columns.column("trade_attempts", "dM_attempted")), else_=paid)


def missing_stock(columns: Columns) -> Element:
    """By how much the tried block exceeded the giver's stock; 0 where both sides held enough.

    The seller's stock is of what it sells, the buyer's of what it pays; the seller comes first.
    """

    def at(name: str) -> Element:
        return columns.column("trade_attempts", name)

    seller_has, buyer_has = at("seller_A_init"), at("buyer_B_init")
    in_b = _pair_is(columns, "B<->M", "M<->B")
    in_money = _pair_is(columns, "A<->M", "M<->A", "B<->M", "M<->B")
    if in_b is not None and in_money is not None:
        seller_has = sa.case((in_b, at("seller_B_init")), else_=seller_has)
        buyer_has = sa.case((in_money, at("buyer_M_init")), else_=buyer_has)
    seller_short = block_sold(columns) - seller_has
    buyer_short = payment(columns) - buyer_has
    return sa.case((seller_short > 0, seller_short), (buyer_short > 0, buyer_short), else_=0)


def binding_good(columns: Columns) -> Element:
    """The good whose estimate is the smaller: λ̂ = min(λ̂_A, λ̂_B); "both" where they are equal."""
    a = columns.column("lambda_updates", "lambda_hat_A")
    b = columns.column("lambda_updates", "lambda_hat_B")
    return sa.case((a < b, "A"), (b < a, "B"), (a == b, "both"), else_=sa.null())


def regime_at_start(columns: Columns) -> Element:
    """`tick_states.exchange_regime` at the run's first recorded tick."""
    run = columns.column("tick_states", "run_id")
    return (
        sa.select(columns.column("tick_states", "exchange_regime"))
        .where(run == columns.column("simulation_runs", "run_id"))
        .order_by(columns.column("tick_states", "tick"))
        .limit(1)
        .scalar_subquery()
    )


def _none(moved: Element) -> sa.ColumnElement[bool]:
    """Nothing of it changed hands; NULL counts as nothing."""
    return sa.func.coalesce(moved, 0) == 0


def _some(moved: Element) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(moved, 0) != 0


def _ratio(above: Element, below: Element) -> Element:
    return sa.cast(above, sa.REAL) / sa.func.nullif(below, 0)


def state_at_tick(columns: Columns, table: str, column: str) -> Element | None:
    """`column` of the tick_states row of the row's tick; None where it is not recorded."""
    there = columns.has("tick_states", "run_id", "tick", column)
    if not there or not columns.has(table, "run_id", "tick"):
        return None
    own = columns.column(table, "run_id")
    return (
        sa.select(columns.column("tick_states", column))
        .where(
            columns.column("tick_states", "run_id") == own,
            columns.column("tick_states", "tick") == columns.column(table, "tick"),
        )
        .limit(1)
        .correlate(own.table)
        .scalar_subquery()
    )


def _mode_from_changes(columns: Columns, table: str) -> Element | None:
    """new_mode of the last change at or before the tick, else old_mode of the first one after."""
    there = columns.has("mode_changes", "run_id", "tick", "old_mode", "new_mode")
    if not there or not columns.has(table, "run_id", "tick"):
        return None
    own, at = columns.column(table, "run_id"), columns.column(table, "tick")
    tick = columns.column("mode_changes", "tick")
    of_run = columns.column("mode_changes", "run_id") == own
    order = [tick]
    if columns.has("mode_changes", "id"):  # of several changes in one tick the last one holds
        order.append(columns.column("mode_changes", "id"))
    last = sa.select(columns.column("mode_changes", "new_mode")).where(of_run, tick <= at)
    next_one = sa.select(columns.column("mode_changes", "old_mode")).where(of_run, tick > at)
    return sa.func.coalesce(
        last.order_by(*(o.desc() for o in order)).limit(1).correlate(own.table).scalar_subquery(),
        next_one.order_by(*order).limit(1).correlate(own.table).scalar_subquery(),
    )
