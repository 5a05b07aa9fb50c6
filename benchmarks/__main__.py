"""Prints each figure as a ratio against a named tool that did the same work in the same run."""

from __future__ import annotations

import argparse
import csv
import gc
import platform
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.make_large import make_large
from telemetry import open_source
from telemetry.export import write_table
from telemetry.queries import FanQuery, RunsQuery, SeriesQuery, Sort, TableQuery

LAMBDA_OF_ONE = (
    "SELECT tick, lambda_money FROM agent_snapshots WHERE run_id = 1 AND agent_id = 5 ORDER BY tick"
)
LAMBDA_PER_TICK = (
    "SELECT tick, avg(lambda_money), min(lambda_money), max(lambda_money) "
    "FROM agent_snapshots WHERE run_id = 1 GROUP BY tick"
)
ALL_TRADES = "SELECT * FROM trades WHERE run_id = 1 ORDER BY tick, id"


LAST_TRADES = ALL_TRADES.replace("tick, id", "tick DESC, id DESC") + " LIMIT 500"


@dataclass(frozen=True)
class Pair:
    """Our work and the named tool's for the same question; `bar` is what is hoped for."""

    work: str
    tool: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    bar: str


def pairs(large: Path, small: Path, folder: Path) -> list[Pair]:
    """The comparisons, over `large` and (for opening alone) `small`."""
    source = open_source(large)
    bare = sqlite3.connect(f"file:{large}?mode=ro&immutable=1", uri=True)

    def first_plot(path: Path) -> object:
        opened = open_source(path)
        opened.ask(RunsQuery())
        return opened.ask(FanQuery(1, "lambda_money", max_ticks=200))

    def module_csv() -> None:
        with (folder / "bare.csv").open("w", newline="") as file:
            csv.writer(file).writerows(bare.execute(ALL_TRADES))

    stored = tuple(c.name for c in source.table("trades").columns if not c.derived)
    exported = TableQuery(1, "trades", columns=stored)
    return [
        Pair(
            "open, list runs, first fan of λ (200 ticks)",
            "the same on a small database",
            lambda: first_plot(large),
            lambda: first_plot(small),
            "≤ 1.3 once cached",
        ),
        Pair(
            "λ of one agent",
            "sqlite3 driver, same rows",
            lambda: source.ask(SeriesQuery(1, "lambda_money", (5,))),
            lambda: bare.execute(LAMBDA_OF_ONE).fetchall(),
            "≤ 1.3",
        ),
        Pair(
            "fan of λ at 200 ticks, exact quantiles",
            "sqlite3: mean/min/max over all ticks",
            lambda: source.ask(FanQuery(1, "lambda_money", max_ticks=200)),
            lambda: bare.execute(LAMBDA_PER_TICK).fetchall(),
            "first picture ≤ 0.5 s",
        ),
        Pair(
            "first page of trades, by tick",
            "sqlite3: the same 500 rows",
            lambda: source.ask(TableQuery(1, "trades")),
            lambda: bare.execute(ALL_TRADES + " LIMIT 500").fetchall(),
            "≤ 150 ms",
        ),
        Pair(
            "last page of trades",
            "sqlite3: the same 500 rows",
            lambda: source.ask(TableQuery(1, "trades", sort=Sort("tick", descending=True))),
            lambda: bare.execute(LAST_TRADES).fetchall(),
            "≤ 150 ms",
        ),
        Pair(
            "CSV of all trades, stored columns, full precision",
            "sqlite3 + csv module",
            lambda: write_table(source, exported, folder / "ours.csv"),
            module_csv,
            "≤ 1.0 × the sqlite3 shell",
        ),
    ]  # fmt: skip


def measure(pair: Pair, runs: int) -> tuple[float, float, float]:
    """Median seconds of each side, taken in turn, and the median of the ratios pair by pair."""
    ours, theirs = [], []
    pair.ours(), pair.theirs()
    for _ in range(runs):
        for work, times in ((pair.ours, ours), (pair.theirs, theirs)):
            gc.collect()
            begin = time.perf_counter()
            work()
            times.append(time.perf_counter() - begin)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return statistics.median(ours), statistics.median(theirs), ratio


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--agents", type=int, default=100)
    parser.add_argument("--ticks", type=int, default=10_000)
    parser.add_argument("--trades", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print("writing the databases …", file=sys.stderr)
        large = make_large(folder / "large.db", options.agents, options.ticks, options.trades)
        small = make_large(folder / "small.db", 10, 1_000, 1_000)
        size = large.stat().st_size / 1e6
        now = datetime.now(UTC).date().isoformat()
        print(f"{now}, {platform.system()} {platform.machine()}, Python {sys.version.split()[0]}")
        shape = f"{options.agents} agents × {options.ticks} ticks, {options.trades} trades"
        print(f"{shape}, {size:.0f} MB")
        print(f"{'work':<52} {'ours':>9} {'against':>9} {'ratio':>7}  named tool; bar")
        for pair in pairs(large, small, folder):
            ours, theirs, ratio = measure(pair, options.runs)
            print(
                f"{pair.work:<52} {ours * 1e3:7.1f}ms {theirs * 1e3:7.1f}ms {ratio:7.2f}  "
                f"{pair.tool}; {pair.bar}"
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
