"""One dealer-ring run being written: what may be said of a day, and what follows from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Unpack, cast

import sqlalchemy as sa

from telemetry.errors import RecordingError
from telemetry.families.bilancio.registry import Registry
from telemetry.families.bilancio.rows import (
    BalanceRow,
    DayMetricsRow,
    Exact,
    InventoryRow,
    RepaymentRow,
    SystemStateRow,
    TradeRow,
)
from telemetry.families.bilancio.rules import (
    BUCKETS,
    COLUMNS,
    DETAILED,
    check_limit,
    classify_strategy,
    number,
    percentage,
    word,
)
from telemetry.recording.checks import Plan, RowCheck
from telemetry.recording.folder import FolderBatch, TextFile, csv_line, replace
from telemetry.recording.rules import RefusedValue, shown
from telemetry.recording.run import COMPLETED, RunRecorder

FILES: Mapping[str, TextFile] = {
    "events": TextFile("events.jsonl"),
    "metrics": TextFile("metrics.csv", COLUMNS["metrics"]),
    **{name: TextFile(f"{name}.csv", COLUMNS[name]) for name in DETAILED},
}
_EVENTS = Plan(sa.Table("events", sa.MetaData(), sa.Column("line", sa.Text)), ("line",))
_EXACT = number(0)
_WORD = word()


@dataclass
class _Trading:
    """What a trader has done with the dealer so far."""

    buys: int = 0
    sells: int = 0
    cash: Decimal = Decimal(0)
    bought_due: set[int] = field(default_factory=set)


class BilancioRun(RunRecorder[str]):
    """One dealer-ring run being written; a tick is a day, and whole with its system state.

    What a caller would get wrong: without ``detailed_logging`` the four detailed files are not
    written (their rows are checked all the same), so ask `keeps` before working hard for one.
    """

    def __init__(
        self,
        batch: FolderBatch,
        run_id: str,
        checks: Mapping[str, RowCheck],
        *,
        registry: Registry,
        folder: Path,
        detailed: bool,
    ) -> None:
        regime = folder.parent.parent.name
        super().__init__(
            batch,
            run_id,
            checks,
            finalise=self._complete,
            given={"run_id": run_id, "regime": regime},
            tick_column="day",
        )
        self.detailed_logging = detailed
        self._folder_batch, self._registry, self._out = batch, registry, folder / "out"
        self._trading: dict[str, _Trading] = {}
        self._due = self._settled = Decimal(0)
        self._stated: int | None = None
        self._shown: set[str] = set()
        self._balances: list[bytes] = []
        self._dealer_metrics: str | None = None

    def keeps(self, name: str) -> bool:
        """Whether rows of the file are written."""
        return self.detailed_logging or name not in DETAILED

    def log_trade(self, day: int, **row: Unpack[TradeRow]) -> None:
        """A trade of a trader with the dealer, or through it with the outside dealer."""
        check_limit(
            row.get("side"),
            row.get("dealer_inventory_before"),
            passed=row.get("is_passthrough"),
            limit=row.get("hit_inventory_limit"),
        )
        self.record("trades", day, row)
        trading = self._trading.setdefault(row["trader_id"], _Trading())
        if row["side"] == "BUY":
            trading.buys += 1
            trading.cash -= Decimal(row["price"])
            trading.bought_due.add(row["maturity_day"])
        else:
            trading.sells += 1
            trading.cash += Decimal(row["price"])

    def log_repayment(self, day: int, **row: Unpack[RepaymentRow]) -> None:
        """What became of a debt that is due: the debtor's trades so far give its strategy.

        A ticket bought that falls due on the same day counts as held; others are the caller's to
        tell by ``held_matching_maturity``.
        """
        trading = self._trading.get(row.get("trader_id", ""), _Trading())
        held = row.get("held_matching_maturity", False)
        if isinstance(held, bool):
            held = held or row.get("maturity_day") in trading.bought_due
        told = {
            "buy_count": trading.buys,
            "sell_count": trading.sells,
            "net_cash_pnl": trading.cash,
            "held_matching_maturity": held,
            "strategy": classify_strategy(trading.buys, trading.sells, held is True),
        }
        self.record("repayment_events", day, {**row, **told})

    def log_inventory(self, day: int, **row: Unpack[InventoryRow]) -> None:
        """The dealer's inventory of one bucket at the end of the day, once a bucket."""
        bucket = row.get("bucket")
        if day == self._tick and bucket in self._shown:
            raise RecordingError(f"inventory_timeseries has day {day} of bucket {bucket} already.")
        told: dict[str, Any] = dict(row)
        held = self._exact("inventory_timeseries.dealer_face", told.pop("dealer_face", None))
        face = self._exact("inventory_timeseries.total_system_face", row.get("total_system_face"))
        if held > face:
            raise RecordingError(
                f"inventory_timeseries.dealer_face must be at most total_system_face, {face}, "
                f"not {held}."
            )
        stock, most = row.get("dealer_inventory"), row.get("max_capacity")
        counted = isinstance(stock, int) and isinstance(most, int)
        told["capacity_pct"] = percentage(Decimal(stock), Decimal(most)) if counted else None
        told["is_at_zero"] = stock == 0
        told["dealer_share_pct"] = percentage(held, face)
        self.record("inventory_timeseries", day, told)
        self._shown.add(str(bucket))

    def log_system_state(self, day: int, **row: Unpack[SystemStateRow]) -> None:
        """Debt and money at the end of the day, once a day; no ratio where there is no money."""
        if day == self._tick == self._stated:
            raise RecordingError(f"system_state_timeseries has day {day} already.")
        told: dict[str, Any] = dict(row)
        faces = [told.get(f"face_bucket_{bucket}") for bucket in BUCKETS]
        names = [f"system_state_timeseries.face_bucket_{bucket}" for bucket in BUCKETS]
        face = sum(map(self._exact, names, faces), Decimal(0))
        cash = self._exact("system_state_timeseries.total_cash", row.get("total_cash"))
        ratio = face / cash if cash else None
        self.record(
            "system_state_timeseries",
            day,
            {**told, "total_face_value": face, "debt_to_money": ratio},
        )
        self._stated = day

    def log_day_metrics(self, day: int, **row: Unpack[DayMetricsRow]) -> None:
        """Dues of the day and what was settled; φ and δ follow, and those of the run from all."""
        due = self._exact("metrics.S_t", row.get("S_t"))
        settled = self._exact("metrics.gross_settled_t", row.get("gross_settled_t"))
        phi = settled / due if due else None
        delta = None if phi is None else 1 - phi
        self.record("metrics", day, {**row, "phi_t": phi, "delta_t": delta})
        self._due += due
        self._settled += settled

    def log_event(self, day: int, kind: str, phase: str = "simulation", **values: object) -> None:
        """A line of events.jsonl; numbers are whole or Decimal (written as text), never floats."""
        told: dict[str, object] = {"kind": kind, "day": day, "phase": phase}
        name = "kind"
        try:
            _WORD(kind)
            for name, value in values.items():
                told[name] = _plain(value)
        except RefusedValue as refusal:
            raise RecordingError(f"events.{name} {refusal}.") from None
        if day != self._tick:
            self._enter_tick(day)
        try:
            self._batch.add(_EVENTS, (json.dumps(told),))
        except BaseException:
            self._stop()
            raise

    def log_balance(self, **row: Unpack[BalanceRow]) -> None:
        """What an agent is left with at the end of the run; written when it finishes."""
        plan, values = self._checks["balances"]((), row)
        cells = dict(zip(plan.names, values, strict=True))
        self._balances.append(csv_line([cells.get(name) for name in COLUMNS["balances"]]))

    def set_dealer_metrics(self, metrics: Mapping[str, object]) -> None:
        """What dealer_metrics.json shall say; Decimals are written as numbers of a double."""
        try:
            self._dealer_metrics = json.dumps(
                metrics, default=_as_double, allow_nan=False, indent=2
            )
        except (TypeError, ValueError) as error:
            raise RecordingError(f"dealer_metrics must be plain JSON values: {error}.") from None

    def record(self, table: str, tick: int, values: Mapping[str, object]) -> None:
        """One row of a file; what is not kept is checked and forgotten."""
        if self.keeps(table):
            super().record(table, tick, values)
            return
        self._checks[table](self._prefix(table, tick), values)
        if tick != self._tick:
            self._enter_tick(tick)

    def record_columns(
        self, table: str, tick: int, columns: Mapping[str, Sequence[object]]
    ) -> None:
        """Refused: strategies and shares follow row by row."""
        raise RecordingError(f"{table} takes one row at a time; call its log method.")

    def end_tick(self, tick: int) -> None:
        """Append the day to its files: when this returns, it outlives the process.

        Refused, and the day left open, while detailed logging lacks its system state.
        """
        if self.detailed_logging and self._stated != tick and self._closed is None:
            raise RecordingError(
                f"system_state_timeseries has no row of day {tick}; log it before the day ends."
            )
        self._folder_batch.day = tick
        super().end_tick(tick)
        self._shown = set()

    def finish(self, status: str = COMPLETED) -> None:
        """Close the run: ``completed`` says so in the registry, ``failed`` says that it is not."""
        was_open = self._closed is None
        super().finish(status)
        if was_open and status != COMPLETED:
            upto = "" if self.last_tick is None else f" after day {self.last_tick}"
            self._registry.fail(self.run_id, f"the simulation stopped{upto}")
            self._folder_batch.close(finished=True)

    def _stop(self) -> None:
        super()._stop()
        self._folder_batch.close(finished=False)

    def _complete(self, ticks: int) -> None:
        if self._balances:
            lines = (csv_line(COLUMNS["balances"]), *self._balances)
            replace(self._out / "balances.csv", b"".join(lines))
        if self._dealer_metrics is not None:
            replace(self._out / "dealer_metrics.json", self._dealer_metrics.encode())
        phi = self._settled / self._due if self._due else Decimal(1)
        told = {"phi_total": phi, "delta_total": 1 - phi, "time_to_stability": self.last_tick}
        self._registry.put({"run_id": self.run_id, "status": "completed", **told})
        self._folder_batch.close(finished=True)

    def _exact(self, name: str, value: Exact | None) -> Decimal:
        if value is None:
            raise RecordingError(f"{name} is required; give it a value.")
        if type(value) is Decimal and value.is_finite() and value >= 0:
            return value
        try:
            return Decimal(cast("Decimal | int", _EXACT(value)))
        except RefusedValue as refusal:
            raise RecordingError(f"{name} {refusal}.") from None


def _plain(value: object) -> object:
    """The value as JSON holds it; events come by the thousand, so the usual kinds go first."""
    if isinstance(value, str):
        return _WORD(value)
    if isinstance(value, Decimal) and value.is_finite():
        return str(value)
    if value is None or isinstance(value, bool | int):
        return value
    raise RefusedValue(
        f"must be text, a whole number, a finite Decimal or a flag, not {shown(value)}"
    )


def _as_double(value: object) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{shown(value)} is none")
