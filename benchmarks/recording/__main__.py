"""Rows per second of every recorder against the bare driver's bulk insert of the same rows.

`python -m benchmarks.recording [vmt moltmarket simcash bilancio]` prints a line for each recorder
and database. Both sides write the same rows, all tables of a run, into tables with the same
indices and constraints, in transactions of as many ticks (on PostgreSQL the recorder's hold half
of them, and are sent while the simulator goes on); the bare driver has every row ready, in
the state in which the run leaves it. Taken in turn; the ratio is the median of the pairs, of the
time on the clock from opening to closing. Peak memory is what Python allocates (tracemalloc) in a
recording of its own, beyond the calls.

A recorder works on two cores: beside the simulator's process there is a server, or for SQLite a
process of its own. “cpu” is the processor time of either side, in microseconds a row: ours, that
of the process that writes for us, the bare driver's (a server's own is in none of them). Only at
rest, with a core for each, does the clock tell what the recorders can do.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.recording import chaining, workloads
from benchmarks.recording.bare import transactions
from benchmarks.recording.files import rings
from benchmarks.recording.places import Engine, engines
from benchmarks.recording.workloads import Workload

FAMILIES = ("vmt", "moltmarket", "simcash", "bilancio")


class Spent(NamedTuple):
    """Seconds: on the clock, of our processor, and of the processors of processes begun for it."""

    clock: float
    own: float
    others: float


@dataclass(frozen=True)
class Side:
    """One of two ways of writing the same: into a place that is made ready beforehand."""

    place: Callable[[], str]
    write: Callable[[str], None]

    def spent(self) -> Spent:
        place = self.place()
        gc.collect()
        began, own, others = time.perf_counter(), time.process_time(), _of_children()
        self.write(place)
        return Spent(
            time.perf_counter() - began, time.process_time() - own, _of_children() - others
        )


def _of_children() -> float:
    """Processor time of processes that have ended, in seconds; not told on Windows."""
    times = os.times()
    return times.children_user + times.children_system


def compare(name: str, rows: int, ours: Side, theirs: Side, times: int, against: str) -> None:
    """Print rows per second of ours, how much of theirs that is, and the memory that ours takes."""
    pairs = [(ours.spent(), theirs.spent()) for _ in range(times)]
    ratio = statistics.median(bare.clock / own.clock for own, bare in pairs)
    speed = rows / statistics.median(own.clock for own, _ in pairs)
    each = [(own.own, own.others, bare.own) for own, bare in pairs]
    cpu = " ".join(f"{statistics.median(s) / rows * 1e6:5.1f}" for s in zip(*each, strict=True))
    place = ours.place()
    tracemalloc.start()
    ours.write(place)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    print(
        f"{name:<28} {rows:8} {speed:9.0f} {ratio:8.2f}  {cpu} {peak:6.1f}MB  {against}", flush=True
    )


def measure(work: Workload, engine: Engine, together: int, times: int) -> None:
    """Record once to learn the rows, then compare."""
    first = engine.place()
    work.record(first)
    wanted = transactions(engine.driver, first, work.metadata, work.tick_columns, together)
    rows = sum(len(part.rows) for parts in wanted for part in parts)

    def ready() -> str:
        url = engine.place()
        work.prepare(url)
        return url

    ours = Side(ready, work.record)
    theirs = Side(ready, lambda url: engine.driver.write(url, wanted))
    compare(f"{work.name}, {engine.name}", rows, ours, theirs, times, engine.driver.name)
    if work.name == "MoltMarket":
        bare = chaining.unchained(wanted)
        share = chaining.seconds(bare) / statistics.median(ours.spent().clock for _ in range(times))
        theirs = Side(ready, lambda url: chaining.write(engine.driver, url, bare))
        note = f"{engine.driver.name}, JSON and hashes to make ({share:.0%} of our time)"
        compare(f"{work.name}, {engine.name}", rows, ours, theirs, times, note)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recording", description=__doc__)
    parser.add_argument("families", nargs="*", metavar="family", help=", ".join(FAMILIES))
    parser.add_argument("--ticks", type=int, default=500)
    parser.add_argument("--ticks-per-commit", type=int, default=10)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--engine", help="SQLite, PostgreSQL or DuckDB alone")
    options = parser.parse_args()
    wanted = options.families or FAMILIES
    if unknown := set(wanted) - set(FAMILIES):
        parser.error(f"there is no family {min(unknown)}")
    together = options.ticks_per_commit
    heads = f"{'rows':>8} {'rows/s':>9} {'of bare':>8}  {'cpu, 2nd, bare':>17} {'peak':>8}"
    print(f"{'recorder':<28} {heads}  bare driver")
    with tempfile.TemporaryDirectory() as name, engines(Path(name)) as found:
        chosen = [engine for engine in found if options.engine in (None, engine.name)]
        for work in _workloads(wanted, options.ticks, together):
            for engine in chosen:
                measure(work, engine, together, options.times)
        if "bilancio" in wanted:
            count = iter(range(10**6))

            def place() -> str:
                return str(Path(name) / f"ring{next(count)}")

            for work in rings(options.ticks, together, place):
                sides = Side(place, work.record), Side(place, work.bare)
                label = f"Bilancio, {'forced to disk' if work.durable else 'in the cache'}"
                compare(label, work.rows, *sides, options.times, "csv module")
    return 0


def _workloads(families: list[str], ticks: int, together: int) -> list[Workload]:
    found: list[Workload] = []
    if "vmt" in families:
        found += workloads.vmt(ticks, together)
    if "moltmarket" in families:
        found.append(workloads.moltmarket(ticks, together))
    if "simcash" in families:
        found += workloads.simcash(ticks, together)
    return found


if __name__ == "__main__":
    raise SystemExit(main())
