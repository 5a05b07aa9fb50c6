"""Prints the table of what must hold, each figure against a named tool in the same run."""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import platform
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from benchmarks import lines
from benchmarks.frame import LINES, Line, Result, Room, measured, pace, table, taken_again

KEPT = Path(tempfile.gettempdir()) / "vmt-benchmarks"
LATE = 13 * 60
"""Seconds after which no line is taken a second time."""
SIZES = ("1m", "10m", "100m")


def main() -> int:
    options = _options()
    for module in pkgutil.iter_modules(lines.__path__):
        importlib.import_module(f"{lines.__name__}.{module.name}")
    wanted = [each for each in LINES if _asked(each, options.only)]
    if options.list:
        for each in wanted:
            print(f"{each.theme:<12} {each.work}; {each.bar}")
        return 0
    with tempfile.TemporaryDirectory() as name:
        os.environ["TELEMETRY_CACHE"] = str(Path(name) / "cache")
        folder = Path(name) / "work"
        folder.mkdir()
        return _measure(wanted, Room(options.size, options.databases, folder))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="10m", help="snapshots of the large run")
    parser.add_argument(
        "--only", action="append", default=[], metavar="TEXT", help="lines or themes with TEXT"
    )
    parser.add_argument("--list", action="store_true", help="name the lines and end")
    parser.add_argument(
        "--databases", type=Path, default=KEPT, help=f"where they are kept ({KEPT})"
    )
    return parser.parse_args()


def _asked(each: Line, texts: list[str]) -> bool:
    return not texts or any(text in f"{each.theme} {each.work}" for text in texts)


def _measure(wanted: list[Line], room: Room) -> int:
    begin = time.monotonic()
    results: list[Result] = []
    failed: dict[str, str] = {}
    paces: list[float] = []

    def said(text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    for each in wanted:
        said(f"{time.monotonic() - begin:5.0f} s  {each.work} …")
        paces.append(pace())
        try:
            results.append(measured(each, room))
            said(f"         {results[-1].figure}")
        except Exception as error:  # one line that cannot be measured costs no other
            failed[each.work] = f"{type(error).__name__}: {error}".replace("\n", " ")
    room.taking += 1
    for place, result in reversed(list(enumerate(results))):  # those of the window share a process
        if result.holds or not result.line.bar.supposes_a_pace or time.monotonic() - begin > LATE:
            continue
        said(f"{time.monotonic() - begin:5.0f} s  {result.line.work} once more …")
        try:
            results[place] = taken_again(result, room)
            said(f"         {results[place].figure}")
        except Exception as error:  # the first figure stands
            said(f"         {error}")
    now = datetime.now(UTC).date().isoformat()
    print(
        f"{now}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, size {room.size}, "
        f"{(time.monotonic() - begin) / 60:.1f} minutes; before each line a loop took "
        f"{min(paces):.0f} to {max(paces):.0f} ms, half of the times {median(paces):.0f} or less\n"
    )
    for row in table(results, failed):
        print(row)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
