"""Dealer-ring audit rules over trades and the dealer's inventory."""

from __future__ import annotations

from decimal import Decimal

from telemetry.families.auditing import Auditing, Judged
from telemetry.families.bilancio.audit_words import Row, judge, number, same, text


def trader_cash(audit: Auditing) -> Judged:
    """The trader's cash before and after."""

    def problem(row: Row) -> str | None:
        before, after = number(row["trader_cash_before"]), number(row["trader_cash_after"])
        price, sign = number(row["price"]), _sign(row["side"])
        if before is None or after is None or price is None or sign is None:
            return None
        if same(before + sign * price, after):
            return ""
        return (
            f"{row['trader_id']} {row['side']} at {text(price)}, cash went from {text(before)} "
            f"to {text(after)}"
        )

    names = ("trader_id", "side", "price", "trader_cash_before", "trader_cash_after")
    return judge(audit, "trades", names, problem, agent="trader_id")


def _sign(side: object) -> int | None:
    """+1 where the trader gets cash."""
    return {"BUY": -1, "SELL": 1}.get(str(side).upper())


def price(audit: Auditing) -> Judged:
    """Unit price times face."""

    def problem(row: Row) -> str | None:
        unit, face, paid = (number(row[n]) for n in ("unit_price", "face_value", "price"))
        if unit is None or face is None or paid is None:
            return None
        if same(unit * face, paid):
            return ""
        return f"{text(face)} of face at {text(unit)} cost {text(paid)}"

    names = ("unit_price", "face_value", "price")
    return judge(audit, "trades", names, problem, agent="trader_id")


def dealer(audit: Auditing) -> Judged:
    """The dealer's cash and inventory before and after."""
    cash = audit.asker.has("trades", "dealer_cash_before", "dealer_cash_after")

    def problem(row: Row) -> str | None:
        sign, paid = _sign(row["side"]), number(row["price"])
        before, after = (number(row[f"dealer_inventory_{n}"]) for n in ("before", "after"))
        if sign is None or paid is None or before is None or after is None:
            return None
        passed = row["is_passthrough"] in (True, "True")
        wrong = []
        taken = after - before
        if (passed and taken != 0) or (not passed and taken * sign <= 0):
            wrong.append(f"the dealer's inventory went from {text(before)} to {text(after)}")
        if cash:
            had, has = (number(row[f"dealer_cash_{n}"]) for n in ("before", "after"))
            due = Decimal(0) if passed else -sign * paid
            if had is not None and has is not None and not same(had + due, has):
                wrong.append(f"its cash went from {text(had)} to {text(has)}")
        if not wrong:
            return ""
        how = "passed through" if passed else "with the dealer"
        return f"a {row['side']} {how} for {text(paid)}, but {' and '.join(wrong)}"

    names = (
        "side", "price", "is_passthrough", "dealer_inventory_before", "dealer_inventory_after",
        *(("dealer_cash_before", "dealer_cash_after") if cash else ()),
    )  # fmt: skip
    return judge(audit, "trades", names, problem, agent="trader_id")


def inventory(audit: Auditing) -> Judged:
    """The dealer's inventory against capacity, share and flag."""

    def problem(row: Row) -> str | None:
        held, most, pct = (
            number(row[n]) for n in ("dealer_inventory", "max_capacity", "capacity_pct")
        )
        if held is None or most is None or pct is None:
            return None
        wrong = []
        if held < 0:
            wrong.append(f"the inventory is {text(held)}")
        if not same(pct * most, 100 * held):
            wrong.append(f"{text(held)} of {text(most)} is said to be {text(pct)} %")
        flag = row["is_at_zero"]
        if flag is not None and (flag in (True, "True")) != (held == 0):
            wrong.append(f"is_at_zero is {flag} with {text(held)}")
        return f"{row['bucket']}: {' and '.join(wrong)}" if wrong else ""

    names = ("bucket", "dealer_inventory", "max_capacity", "capacity_pct", "is_at_zero")
    return judge(audit, "inventory_timeseries", names, problem)
