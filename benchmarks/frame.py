"""What a line of the benchmark is, how it is measured, and the table that they make.

A line is a small function in a file of `benchmarks/lines/`, found by itself:

    @line("λ of one agent", against="sqlite3 driver, the same rows", bar=ratio(1.3))
    def lambda_of_one(room: Room) -> Pair:
        source = room.open(room.large)
        ...
        return Pair(ours=lambda: source.ask(query), theirs=lambda: bare.execute(SQL).fetchall())

The function prepares; what it returns is measured. A `Pair` is done in turn, ours and theirs, as
often as the line's `rounds`, after one round that does not count (without it where each takes many
seconds: `warming=False`, and the file is read first); the figure is the median of the ratios pair
by pair, or the median of our times where the bar is `seconds(0.5)`. A line that measures by itself
(frames, memory, a process of its own) returns a `Figure` in the unit of its bar: `megabytes(300)`,
`frames(30)`, `milliseconds(50)`. A bar in seconds or frames supposes a machine at its own pace,
which those with neighbours are not always: a line that falls short of such a bar is taken once more
at the end, and the table says both figures. `room.database("vmt-10m")` is a database of
`benchmarks.make_large`, made where it is not there; `room.folder` is emptied at the end.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from benchmarks.make_large import make, served

Unit = Literal["×", "s", "ms", "MB", "frames/s"]


@dataclass(frozen=True)
class Bar:
    """What must hold: at most `limit` of the unit, or at least, where more is better."""

    limit: float
    unit: Unit

    @property
    def more_is_better(self) -> bool:
        return self.unit == "frames/s"

    @property
    def supposes_a_pace(self) -> bool:
        """Whether it is in seconds or frames, without a tool beside it that slows down as well."""
        return self.unit in ("s", "ms", "frames/s")

    def holds(self, value: float) -> bool:
        return value >= self.limit if self.more_is_better else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.more_is_better else '≤'} {self.limit:g} {self.unit}"


def ratio(limit: float) -> Bar:
    return Bar(limit, "×")


def seconds(limit: float) -> Bar:
    return Bar(limit, "s")


def milliseconds(limit: float) -> Bar:
    return Bar(limit, "ms")


def megabytes(limit: float) -> Bar:
    return Bar(limit, "MB")


def frames(limit: float) -> Bar:
    return Bar(limit, "frames/s")


@dataclass(frozen=True)
class Pair:
    """Our work and the named tool's for the same question; `before` each of ours is not timed."""

    ours: Callable[[], object]
    theirs: Callable[[], object] | None = None
    before: Callable[[], object] | None = None


@dataclass(frozen=True)
class Figure:
    """What a line measured itself, in the unit of its bar; `against` what it stands beside."""

    value: float
    against: float | None = None
    note: str = ""


@dataclass
class Room:
    """Where lines work: the size asked for, the large databases, a folder that is emptied."""

    size: str
    databases: Path
    folder: Path
    taking: int = 1
    """Which time its lines are taken: nothing that was measured before counts again."""
    leaving: ExitStack = field(default_factory=ExitStack)

    def database(self, name: str) -> Path:
        return make(name, self.databases)

    @property
    def large(self) -> Path:
        """The VMT database of the size asked for."""
        return self.database(f"vmt-{self.size}")

    def served(self, family: str) -> str:
        """The URL of the PostgreSQL database of the size asked for."""
        return served(f"pg-{family}-{self.size}", self.databases)

    @property
    def small(self) -> Path:
        """The same of ten thousand rows."""
        return self.database("vmt-10k")

    def read(self, path: Path) -> Path:
        """`path`, of which the system then holds every page that it has room for."""
        with path.open("rb", buffering=0) as file:
            while file.read(1 << 24):
                pass
        return path

    def open(self, location: Path | str) -> Any:
        """An open source, closed when the line is done."""
        from telemetry import open_source

        source = open_source(str(location))
        self.leaving.callback(source.close)
        return source


@dataclass(frozen=True)
class Line:
    """A line of the table; `sizes` empty: the same at every size."""

    work: str
    against: str
    bar: Bar
    prepare: Callable[[Room], Pair | Figure]
    theme: str
    rounds: int = 5
    warming: bool = True


@dataclass(frozen=True)
class Result:
    """A measured line: the figure in the bar's unit, and the medians where there were two sides."""

    line: Line
    value: float
    ours: float | None = None
    theirs: float | None = None
    note: str = ""
    other: float | None = None
    """The worse figure, of a line that was taken twice."""

    @property
    def holds(self) -> bool:
        return self.line.bar.holds(self.value)

    @property
    def figure(self) -> str:
        unit = self.line.bar.unit
        again = "" if self.other is None else f"taken twice, the other time {self.other:.3g} {unit}"
        said = "; ".join(text for text in (self.note, again) if text)
        return f"{self.value:.3g} {unit}" + (f" ({said})" if said else "")


LINES: list[Line] = []


def line(
    work: str, *, against: str = "", bar: Bar, rounds: int = 5, warming: bool = True
) -> Callable[[Callable[[Room], Pair | Figure]], Callable[[Room], Pair | Figure]]:
    """Register a function as the line that measures `work`."""

    def register(prepare: Callable[[Room], Pair | Figure]) -> Callable[[Room], Pair | Figure]:
        theme = prepare.__module__.rpartition(".")[2]
        LINES.append(Line(work, against, bar, prepare, theme, rounds, warming))
        return prepare

    return register


def measured(each: Line, room: Room) -> Result:
    """Prepare the line, measure it, and let go of what it opened."""
    with emptied(room):
        found = each.prepare(room)
        if isinstance(found, Figure):
            return Result(each, found.value, theirs=found.against, note=found.note)
        return _in_turn(each, found)


def taken_again(result: Result, room: Room) -> Result:
    """The better of the line's figure and a second one, which says what the first one was."""
    second = replace(measured(result.line, room), other=result.value)
    better = result.line.bar.more_is_better == (second.value > result.value)
    return second if better else replace(result, other=second.value)


def pace() -> float:
    """Milliseconds that a loop takes now; a machine whose neighbours are at work takes longer."""

    def loop() -> None:
        total = 0
        for i in range(1_000_000):
            total += i * i

    return _timed(loop) * 1e3


def _in_turn(each: Line, pair: Pair) -> Result:
    ours: list[float] = []
    theirs: list[float] = []
    for count in range(0 if each.warming else 1, each.rounds + 1):
        if pair.before is not None:
            pair.before()
        taken = [_timed(pair.ours)]
        if pair.theirs is not None:
            taken.append(_timed(pair.theirs))
        if count:  # the first round only warms caches and imports
            ours.append(taken[0])
            theirs.extend(taken[1:])
    own = statistics.median(ours)
    if not theirs:
        return Result(each, _in_unit(own, each.bar), ours=own)
    quotient = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    value = quotient if each.bar.unit == "×" else _in_unit(own, each.bar)
    note = "" if each.bar.unit == "×" else f"{quotient:.2f} ×"
    return Result(each, value, own, statistics.median(theirs), note)


def _in_unit(value: float, bar: Bar) -> float:
    return value * 1e3 if bar.unit == "ms" else value


def _timed(work: Callable[[], object]) -> float:
    gc.collect()
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@contextmanager
def emptied(room: Room) -> Iterator[None]:
    """Close what a line opened and empty the folder, however the line ends."""
    try:
        yield
    finally:
        room.leaving.close()
        for path in room.folder.glob("*"):
            if path.is_file():
                path.unlink()


def table(results: list[Result], failed: dict[str, str]) -> Iterator[str]:
    """The results as a Markdown table; what falls short stands first."""
    yield "| | work | against | ours | theirs | figure | bar |"
    yield "|---|---|---|---|---|---|---|"
    for result in sorted(results, key=lambda r: r.holds):
        each = result.line
        mark = "✓" if result.holds else "**short**"
        cells = (mark, each.work, each.against, _time(result.ours), _against(result))
        yield f"| {' | '.join(cells)} | {result.figure} | {each.bar} |"
    for work, why in failed.items():
        yield f"| **failed** | {work} | {why} | | | | |"


def _against(result: Result) -> str:
    if result.theirs is None or result.line.bar.unit in ("×", "s", "ms"):
        return _time(result.theirs)
    return f"{result.theirs:.3g} {result.line.bar.unit}"


def _time(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value * 1e3:.1f} ms" if value < 1 else f"{value:.2f} s"
