"""The benchmark's own rules: what a figure is, what stands first, what is taken twice."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import frame, lines
from benchmarks.frame import (
    Bar,
    Figure,
    Line,
    Pair,
    Room,
    frames,
    measured,
    megabytes,
    milliseconds,
    ratio,
    seconds,
    table,
    taken_again,
)

ISSUE = (
    ratio(1.3), ratio(0.7), ratio(0.05), ratio(1), seconds(0.5), milliseconds(16),
    milliseconds(30), milliseconds(50), milliseconds(150), megabytes(300), frames(30),
)  # fmt: skip
"""Every bar that the table must hold."""


@pytest.fixture
def room(tmp_path: Path) -> Room:
    (tmp_path / "work").mkdir()
    return Room("10m", tmp_path / "databases", tmp_path / "work")


def line(bar: Bar, *figures: float, work: str = "a work") -> Line:
    """A line that gives these figures, one a taking."""
    given = iter(figures)
    return Line(work, "a tool", bar, lambda _: Figure(next(given), note="noted"), "test")


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("bar", "first", "second", "figure", "holds"), [
    (milliseconds(50), 60.0, 40.0, "40 ms (noted; taken twice, the other time 60 ms)", True),
    (milliseconds(50), 60.0, 70.0, "60 ms (noted; taken twice, the other time 70 ms)", False),
    (frames(30), 20.0, 31.0, "31 frames/s (noted; taken twice, the other time 20 frames/s)", True),
    (frames(30), 20.0, 19.0, "20 frames/s (noted; taken twice, the other time 19 frames/s)", False),
])  # fmt: skip
def test_a_line_taken_twice_says_both_figures(room, bar, first, second, figure, holds):
    each = line(bar, first, second)
    again = taken_again(measured(each, room), room)
    assert (again.figure, again.holds) == (figure, holds)


def test_only_what_falls_short_of_seconds_or_frames_is_taken_twice(room, capsys):
    asked = [
        line(milliseconds(50), 60.0, 40.0, work="quick the second time"),
        line(seconds(1), 0.5, work="quick"),
        line(ratio(1.3), 1.4, work="slow beside its tool"),
        line(megabytes(300), 301.0, work="large"),
    ]
    broken = Line("broken", "", seconds(1), lambda _: Figure(1 / 0), "test")
    assert program._measure([*asked, broken], room) == 1
    told = [row.split(" | ")[:2] for row in capsys.readouterr().out.splitlines() if "|" in row][2:]
    assert [work for _, work in told] == [
        "slow beside its tool", "large", "quick the second time", "quick", "broken",
    ]  # fmt: skip
    assert [mark.strip("| *") for mark, _ in told] == ["short", "short", "✓", "✓", "failed"]


def test_a_work_of_many_seconds_is_done_once_and_counts(room, tmp_path):
    done: list[str] = []
    pair = Pair(lambda: done.append("ours"), lambda: done.append("theirs"))
    each = Line("long", "a tool", ratio(1.3), lambda _: pair, "test", rounds=1, warming=False)
    assert measured(each, room).value > 0
    assert done == ["ours", "theirs"]
    (tmp_path / "file").write_bytes(b"x" * (1 << 25))
    assert room.read(tmp_path / "file") == tmp_path / "file"


def test_a_ratio_is_the_median_of_rounds_in_turn_after_one_that_does_not_count(room, monkeypatch):
    done: list[str] = []
    clock = iter(x for took in (9, 9, 2, 1, 3, 2, 8, 1) for x in (0.0, float(took)))
    monkeypatch.setattr(frame.time, "perf_counter", lambda: next(clock))
    pair = Pair(lambda: done.append("ours"), lambda: done.append("theirs"))
    found = measured(Line("a work", "a tool", ratio(2), lambda _: pair, "test", rounds=3), room)
    assert done == ["ours", "theirs"] * 4
    assert (found.value, found.ours, found.theirs) == (2.0, 3.0, 1.0)
    assert found.holds


def test_what_falls_short_stands_first_and_every_bar_is_printed(room):
    results = [measured(line(bar, bar.limit), room) for bar in ISSUE]
    results.append(measured(line(ratio(1), 1.01), room))
    rows = list(table(results, {}))[2:]
    assert "**short**" in rows[0]
    assert not any("short" in row for row in rows[1:])
    assert all(f"| {bar} |" in row for bar, row in zip(ISSUE, rows[1:], strict=True))


@pytest.fixture
def known() -> list[Line]:
    for module in pkgutil.iter_modules(lines.__path__):
        importlib.import_module(f"{lines.__name__}.{module.name}")
    return frame.LINES


def test_every_bar_of_the_table_has_a_line(known):
    assert {each.bar for each in known} >= set(ISSUE)
    assert len({each.work for each in known}) == len(known)


def test_the_longest_block_is_that_of_whichever_database_has_it(known, room, monkeypatch):
    """What another process told comes as lists."""
    window = importlib.import_module(f"{lines.__name__}.window")
    found = {"vmt-10m": [[51.0, "see Map"], [50.5, "wide"]], "vmt-2000": [[50.5, "steps"]]}
    monkeypatch.setattr(Room, "database", lambda room, name: name)
    monkeypatch.setattr(window, "driven", lambda room, path, works: {"blocks": found[path]})
    told = window.longest_block(room)
    assert (told.value, told.note) == (51.0, "see Map; 3 stretches over 50 ms")
