"""Writes large databases with the producers' own tables and indices, nothing helpful added."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.large import postgresql, simcash, vmt

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
    "simcash-10k": lambda path: simcash.long_run(path, 50, 200, 2_500),
    "simcash-1m": lambda path: simcash.long_run(path, 50, 20_000, 250_000),
    "simcash-10m": lambda path: simcash.long_run(path, 200, 50_000, 1_000_000),
    "simcash-100m": lambda path: simcash.long_run(path, 2_000, 50_000, 1_000_000),
}
"""Files that can be made: VMT's in SQLite, SimCash's in DuckDB. 10m: 200 agents × 50 000 ticks, a
million trades or payments; 100m: 2 000 agents."""
SERVED: dict[str, Callable[[Path], Callable[[str], None]]] = {
    "pg-vmt-10k": lambda folder: postgresql.copied(make("vmt-10k", folder)),
    "pg-vmt-1m": lambda folder: postgresql.copied(make("vmt-1m", folder)),
    "pg-vmt-10m": lambda folder: postgresql.copied(make("vmt-10m", folder)),
    "pg-vmt-100m": lambda folder: postgresql.copied(make("vmt-100m", folder)),
    "pg-vmt-runs": lambda _: postgresql.runs(3_000),
    "pg-market-10k": lambda _: postgresql.market(100, 100, 10_000),
    "pg-market-1m": lambda _: postgresql.market(100, 10_000, 500_000),
    "pg-market-10m": lambda _: postgresql.market(200, 50_000, 1_000_000),
    "pg-market-100m": lambda _: postgresql.market(2_000, 50_000, 1_000_000),
}
"""Databases of a PostgreSQL server that is kept in the same folder: VMT's as in the file of that
name, and MoltMarket's."""


def make(size: str, folder: Path) -> Path:
    """The file of that size in `folder`, written where it is not there yet."""
    path = folder / f"{size}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        begin = time.perf_counter()
        SIZES[size](path)
        took, megabytes = time.perf_counter() - begin, path.stat().st_size / 1e6
        print(f"{path}: {megabytes:.0f} MB in {took:.0f} s", file=sys.stderr)
    return path


def served(size: str, folder: Path) -> str:
    """The URL of the server's database of that size, filled where it is not there yet."""
    begin = time.perf_counter()

    def fill(url: str) -> None:
        SERVED[size](folder)(url)
        print(f"{size}: in {time.perf_counter() - begin:.0f} s", file=sys.stderr)

    return postgresql.kept(folder / postgresql.KEPT, size.removeprefix("pg-"), fill)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.make_large", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the databases are kept")
    parser.add_argument("size", nargs="+", choices=[*SIZES, *SERVED])
    options = parser.parse_args()
    for size in options.size:
        print(served(size, options.folder) if size in SERVED else make(size, options.folder))


if __name__ == "__main__":
    main()
