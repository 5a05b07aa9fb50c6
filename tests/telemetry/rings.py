"""A dealer ring played at random through the recorder, and what must be in its files."""

from __future__ import annotations

import csv
import random
from decimal import Decimal
from pathlib import Path
from typing import Any

from telemetry.families.bilancio.run import BilancioRun
from tests.telemetry.test_bilancio_recorder_rules import classify_as_documented

BUCKETS = ("short", "mid", "long")
TRADERS = ("H1", "H2", 'H"3,', "H4 é")
Row = dict[str, Any]


class Ring:
    """Plays days; `rows` is what each file must hold, as the values that were said."""

    def __init__(self, run: BilancioRun, seed: int) -> None:
        self.run, self.rng = run, random.Random(seed)
        self.rows: dict[str, list[Row]] = {
            name: []
            for name in (
                "trades",
                "repayment_events",
                "inventory_timeseries",
                "system_state_timeseries",
                "metrics",
            )
        }
        self._counts = {name: [0, 0, Decimal(0), set[int]()] for name in TRADERS}

    def play(self, days: range) -> Ring:
        for day in days:
            for _ in range(self.rng.randrange(4)):
                self._trade(day)
            for _ in range(self.rng.randrange(3)):
                self._repay(day)
            for bucket in BUCKETS:
                self._stock(day, bucket)
            self._state(day)
            self._dues(day)
            self.run.log_event(day, "PhaseA", agent="H1", amount=self._amount())
            self.run.end_tick(day)
        return self

    def _amount(self, most: int = 10**6) -> Decimal:
        """Exact numbers of all lengths, also such as print with an exponent."""
        number = Decimal(self.rng.randrange(most))
        return (
            number.scaleb(-self.rng.choice((0, 2, 13, 27)))
            if self.rng.random() < 0.8
            else -(-number * 0).scaleb(-13)
        )

    def _own(self, day: int) -> Row:
        return {"run_id": self.run.run_id, "regime": "active", "day": day}

    def _trade(self, day: int) -> None:
        passed = self.rng.random() < 0.5
        side, stock = self.rng.choice(("BUY", "SELL")), self.rng.randrange(3)
        row = {
            "bucket": self.rng.choice(BUCKETS), "side": side,
            "trader_id": self.rng.choice(TRADERS), "ticket_id": "T", "issuer_id": "H9",
            "maturity_day": day + self.rng.randrange(3), "face_value": self._amount(),
            "price": self._amount(), "unit_price": self._amount(), "is_passthrough": passed,
            "outside_mid": self._amount(), "dealer_mid": self._amount(),
            "dealer_inventory_before": stock, "dealer_inventory_after": stock,
            "hit_inventory_limit": passed and (side == "SELL" or stock == 0),
            "trader_cash_before": -self._amount(), "trader_cash_after": self._amount(),
            "trader_safety_margin_before": -self._amount(),
            "trader_safety_margin_after": self._amount(),
            "is_liquidity_driven": self.rng.random() < 0.5,
            "reduces_margin_below_zero": self.rng.random() < 0.5,
        }  # fmt: skip
        self.run.log_trade(day, **row)
        self.rows["trades"].append({**self._own(day), **row})
        counts = self._counts[row["trader_id"]]
        counts[side == "SELL"] += 1
        counts[2] += row["price"] if side == "SELL" else -row["price"]
        if side == "BUY":
            counts[3].add(row["maturity_day"])

    def _repay(self, day: int) -> None:
        told: Row = {
            "trader_id": self.rng.choice(TRADERS), "liability_id": f"P{self.rng.random()}",
            "maturity_day": day, "face_value": self._amount(),
            "outcome": self.rng.choice(("repaid", "defaulted")),
        }  # fmt: skip
        held = self.rng.random() < 0.2
        if held:
            told["held_matching_maturity"] = True
        self.run.log_repayment(day, **told)
        buys, sells, cash, due = self._counts[told["trader_id"]]
        held = held or day in due
        more = {"buy_count": buys, "sell_count": sells, "net_cash_pnl": cash}
        own = {"run_id": self.run.run_id, "regime": "active"}
        strategy = classify_as_documented(buys, sells, held)
        row = {**own, **told, **more, "held_matching_maturity": held, "strategy": strategy}
        self.rows["repayment_events"].append(row)

    def _stock(self, day: int, bucket: str) -> None:
        stock, most = self.rng.randrange(4), self.rng.randrange(5)
        face = self._amount()
        mine = face / 3
        told = {
            "bucket": bucket, "dealer_inventory": stock, "max_capacity": most,
            "hit_vbt_this_step": self.rng.random() < 0.5, "total_system_face": face,
        }  # fmt: skip
        self.run.log_inventory(day, **told, dealer_face=mine)
        more = {
            "capacity_pct": 100 * Decimal(stock) / most if most else 0,
            "is_at_zero": stock == 0,
            "dealer_share_pct": 100 * mine / face if face else 0,
        }
        self.rows["inventory_timeseries"].append({**self._own(day), **told, **more})

    def _state(self, day: int) -> None:
        told = {f"face_bucket_{bucket}": self._amount() for bucket in BUCKETS}
        face = told["face_bucket_short"] + told["face_bucket_mid"] + told["face_bucket_long"]
        cash = self.rng.choice((Decimal(0), self._amount()))
        self.run.log_system_state(day, **told, total_cash=cash)
        more = {"total_face_value": face, "debt_to_money": face / cash if cash else None}
        row = {**self._own(day), **told, "total_cash": cash, **more}
        self.rows["system_state_timeseries"].append(row)

    def _dues(self, day: int) -> None:
        due = self._amount()
        paid = due / 4
        self.run.log_day_metrics(day, S_t=due, gross_settled_t=paid, n_debtors=2)
        phi = paid / due if due else None
        told = {"day": day, "S_t": due, "gross_settled_t": paid, "n_debtors": 2, "phi_t": phi}
        row = {**told, "delta_t": None if phi is None else 1 - phi}
        self.rows["metrics"].append(row)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV as Python's own module reads them; none of a file that is not there."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def written(rows: list[Row]) -> list[dict[str, str]]:
    """The rows as text, as Python prints each value."""
    return [{k: "" if v is None else str(v) for k, v in row.items()} for row in rows]
