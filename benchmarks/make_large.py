"""Writes a large database with the producer's own tables and indices, nothing helpful added."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.large import simcash, vmt

SIZES: dict[str, Callable[[Path], object]] = {
    "vmt-10k": lambda path: vmt.long_run(path, 200, 50, 1_000),
    "vmt-1m": lambda path: vmt.long_run(path, 100, 10_000, 100_000),
    "vmt-10m": lambda path: vmt.long_run(path, 200, 50_000, 1_000_000),
    "vmt-100m": lambda path: vmt.wider_run(path, make("vmt-10m", path.parent), 10),
    "vmt-2000": lambda path: vmt.long_run(path, 2_000, 1_000, 200_000),
    "vmt-runs": lambda path: vmt.many_runs(path, 3_000),
    "vmt-attempts": lambda path: vmt.many_attempts(path, 10_000_000),
    "vmt-decimal-10m": lambda path: vmt.long_run(
        path, 200, 50_000, 1_000_000, vintage="head_decimal"
    ),
    "simcash-1m": lambda path: simcash.long_run(path, 50, 20_000, 250_000),
}
"""What can be made. 10m: 200 agents × 50 000 ticks, a million trades; 100m: 2 000 agents."""


def make(size: str, folder: Path) -> Path:
    """The database of that size in `folder`, written where it is not there yet."""
    path = folder / f"{size}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        SIZES[size](path)
        took, megabytes = time.perf_counter() - begin, path.stat().st_size / 1e6
        print(f"{path}: {megabytes:.0f} MB in {took:.0f} s", file=sys.stderr)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.make_large", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the databases are kept")
    parser.add_argument("size", nargs="+", choices=[*SIZES])
    options = parser.parse_args()
    for size in options.size:
        make(size, options.folder)


if __name__ == "__main__":
    main()
