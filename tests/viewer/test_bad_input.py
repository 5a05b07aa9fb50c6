"""Bad input in the window: a sentence where nothing can be shown, else every view shows it."""

import math
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import vmt
from tests.builders.loose import columns, loose_copy, tables
from tests.viewer.programs import opened, settle


def walk(qtbot, program):
    """Look at every view that suits the run; a crash in any of them fails the fixture `make`."""
    area = program.window.area
    for page in area.suitable():
        area.go_to(page)
        qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=30_000)


def unopenable(kind: str, folder: Path) -> Path:
    """A path of which nothing can be shown."""
    path = folder / "source.db"
    match kind:
        case "missing":
            pass
        case "folder":
            path.mkdir()
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("tick,agent\n1,0\n")
        case "picture":
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(200))
        case "other program":
            with sqlite3.connect(path) as other:
                other.execute("CREATE TABLE bookmarks (title TEXT)")
            other.close()
        case "truncated":
            vmt.build("money", path, runs=1, ticks=5, journal="delete")
            path.write_bytes(path.read_bytes()[:-5000])
        case "no runs":
            vmt.create("money", path, journal="delete")
    return path


@pytest.mark.parametrize(
    "kind",
    ["missing", "folder", "empty", "text", "picture", "other program", "truncated", "no runs"],
)
def test_what_shows_nothing_is_one_sentence_and_leaves_no_trace(program, qtbot, tmp_path, kind):
    path = unopenable(kind, tmp_path)
    before = {p: p.read_bytes() if p.is_file() else None for p in tmp_path.rglob("*")}
    program.open([str(path)])
    qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=20_000)
    text = program.window.messages.text
    assert "source.db" in text
    assert "Traceback" not in text
    assert "\n" not in text.strip()
    settle(qtbot, program)
    assert {p: p.read_bytes() if p.is_file() else None for p in tmp_path.rglob("*")} == before


@pytest.mark.usefixtures("impatient")
def test_a_file_locked_by_a_writer_is_said_to_be(program, qtbot, tmp_path, monkeypatch):
    path = vmt.build("barter", tmp_path / "source.db", runs=1, ticks=3, journal="delete")
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout.readline().strip() == "held"
        program.open([str(path)])
        qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=30_000)
        assert "locked" in program.window.messages.text
        writer.stdin.close()


@pytest.mark.parametrize("odd", [None, math.inf, -math.inf, 1e308, "text", b"\x00\xff", ""])
def test_an_odd_value_in_every_column_is_shown_by_every_view(program, qtbot, tmp_path, odd):
    whole = vmt.build("money_full", tmp_path / "whole.db", runs=1, ticks=4, agents=3)
    path = loose_copy(whole, tmp_path / "odd.db", typed=False)
    with sqlite3.connect(path) as connection:
        for table in tables(connection):
            for column in columns(connection, table):
                if column not in ("run_id", "tick", "id", "agent_id"):
                    connection.execute(
                        f'UPDATE "{table}" SET "{column}" = ? WHERE rowid % 2 = 0', (odd,)
                    )
    connection.close()
    opened(qtbot, program, path, run="1")
    walk(qtbot, program)
    assert program.window.messages.text == ""


@pytest.mark.parametrize("first", [1_000_000, -7])
def test_ticks_that_start_anywhere_and_have_holes_are_shown(program, qtbot, tmp_path, first):
    whole = vmt.build("money_full", tmp_path / "whole.db", runs=1, ticks=12, agents=3)
    path = loose_copy(whole, tmp_path / "late.db")
    with sqlite3.connect(path) as connection:
        for table in tables(connection):
            if "tick" in columns(connection, table):
                connection.execute(f'DELETE FROM "{table}" WHERE tick BETWEEN 4 AND 6')
                connection.execute(f'UPDATE "{table}" SET tick = tick + ?', (first,))
        connection.execute(
            "DELETE FROM agent_snapshots WHERE agent_id = 0 AND tick < ?", (first + 3,)
        )
        connection.execute(
            "DELETE FROM agent_snapshots WHERE agent_id = 1 AND tick > ?", (first + 8,)
        )
    connection.close()
    opened(qtbot, program, path, run="1")
    cursor = program.document.cursor
    assert (cursor.bounds.first, cursor.bounds.last) == (first, first + 11)
    walk(qtbot, program)
    cursor.move_to(first + 3)
    cursor.step(1)
    assert cursor.tick == first + 7
    settle(qtbot, program)
    assert program.window.messages.text == ""


@pytest.mark.parametrize(
    "name", ["two\nlines", "\u202eright to left", "<b>bold</b><img src=x>", "x" * 10_000]
)
def test_a_hostile_scenario_name_is_shown_by_every_view(program, qtbot, tmp_path, name):
    path = vmt.build("mode", tmp_path / "name.db", runs=1, ticks=4, scenario_name=name)
    opened(qtbot, program, path)
    walk(qtbot, program)
    assert "\n" not in program.window.windowTitle()
    assert len(program.window.windowTitle()) < 400


def test_lists_that_are_no_json_count_as_not_recorded(program, qtbot, tmp_path):
    path = vmt.build("money", tmp_path / "pairs.db", runs=1, ticks=6)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE tick_states SET active_pairs = '[not json'")
    connection.close()
    opened(qtbot, program, path)
    walk(qtbot, program)
    assert program.window.messages.text == ""
