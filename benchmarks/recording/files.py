"""The recorder of folders against the csv module that appends the same lines, a day at a time."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from benchmarks.recording.tape import Calls, Tape, play
from telemetry.families.bilancio.recorder import BilancioRecorder
from telemetry.samples.dealer_ring.ring import build
from telemetry.samples.dealer_ring.scenario import Scenario
from telemetry.samples.dealer_ring.simulation import Economy

_LAST = "system_state_timeseries.csv"
_DAILY = ("events.jsonl", "metrics.csv", "trades.csv", "repayment_events.csv",
          "inventory_timeseries.csv", _LAST)  # fmt: skip
Days = list[dict[str, list[Any]]]


@dataclass(frozen=True)
class Ring:
    """A dealer ring to record: its calls, and the rows that come of them by day and file."""

    calls: Calls
    together: int
    durable: bool
    heads: dict[str, list[str]]
    days: Days

    @property
    def rows(self) -> int:
        return sum(len(rows) for day in self.days for rows in day.values())

    def record(self, folder: str) -> None:
        with _begin(folder, self.together, self.durable) as run:
            play(self.calls, run)

    def bare(self, folder: str) -> None:
        """The same lines, each file of so many days by one write; the last file marks them.

        Where the recorder forces its files to the disk, so are these.
        """
        place = Path(folder)
        place.mkdir()
        sizes: dict[str, int] = {}
        for start in range(0, len(self.days), self.together):
            for name in _DAILY:
                rows = [r for day in self.days[start : start + self.together] for r in day[name]]
                if rows:
                    lines = _lines(name, rows)
                    if name in self.heads and not sizes.get(name):
                        lines = _lines(name, [self.heads[name]]) + lines
                    sizes[name] = sizes.get(name, 0) + self._append(place / name, lines)

    def _append(self, path: Path, lines: bytes) -> int:
        place = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            done = os.write(place, lines)
            if self.durable:
                os.fdatasync(place)
            return done
        finally:
            os.close(place)


def _lines(name: str, rows: list[Any]) -> bytes:
    if name == "events.jsonl":
        return "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def rings(days: int, together: int, place: Callable[[], str]) -> tuple[Ring, Ring]:
    """Sixty debtors who trade until the last debt falls due; durable days, and others."""
    scenario = Scenario(seed=1, agents=60, days=days, tickets_each=12, capacity=20)
    folder = place()
    with _begin(folder, together, durable=False) as run:
        tape = Tape(run)
        economy = Economy(scenario, tape, build(scenario), with_dealers=True)  # type: ignore[arg-type]
        for day in range(days + 1):
            economy.step(day)
            tape.end_tick(day)
    heads, rows = _read(Path(folder, "active", "runs", "r", "out"), days + 1)
    return (
        Ring(tape.calls, together, True, heads, rows),
        Ring(tape.calls, together, False, heads, rows),
    )


def _begin(folder: str, together: int, durable: bool) -> Any:
    return BilancioRecorder(folder).begin_run(
        "active",
        seed=1,
        run_id="r",
        detailed_logging=True,
        ticks_per_commit=together,
        durable=durable,
    )


def _read(out: Path, count: int) -> tuple[dict[str, list[str]], Days]:
    """What was recorded, as the values that the csv module would be given."""
    days: Days = [{name: [] for name in _DAILY} for _ in range(count)]
    heads: dict[str, list[str]] = {}
    for line in (out / "events.jsonl").read_text().splitlines():
        told = json.loads(line)
        days[told["day"]]["events.jsonl"].append(told)
    for name in _DAILY[1:]:
        with (out / name).open(newline="") as file:
            head, *rows = csv.reader(file)
        heads[name] = head
        day = head.index("day" if "day" in head else "maturity_day")
        for row in rows:
            days[int(row[day])][name].append([_value(cell) for cell in row])
    return heads, days


def _value(cell: str) -> object:
    if cell in ("True", "False"):
        return cell == "True"
    for kind in (int, Decimal):
        try:
            return kind(cell)
        except (ValueError, InvalidOperation):
            continue
    return cell or None
