"""What was open is open again: after the end, after a crash, and not after two of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from telemetry.concepts import TickRange
from telemetry.queries import Sort
from tests.viewer.programs import opened, settle
from vmt_log_viewer.desk_folder import DeskFolder
from vmt_log_viewer.state.desk import Desk, desk_in, desk_text
from vmt_log_viewer.state.items import AgentItem

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 20_000


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "open"


def up(qtbot, program):
    """Wait until everything that was open is open again."""
    qtbot.waitUntil(lambda: not program.keeper.opener.busy, timeout=PATIENCE)
    settle(qtbot, program)


def left_behind(folder, desk, name="open-dead.json"):
    """As a program that was killed leaves it: nobody holds its lock."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(desk_text(desk))


def test_everything_is_as_it_was_when_the_program_ended(make, qtbot, money_db, barter_db, folder):
    first = opened(qtbot, make(desks=DeskFolder(folder)), money_db, "2", 7)
    first.session.open(str(barter_db), show="never")
    qtbot.waitUntil(lambda: len(first.document.sources) == 2, timeout=PATIENCE)
    settle(qtbot, first)
    area, selection = first.window.area, first.document.selection
    for name in ("attempts", "trades"):
        area.go_to(area.page(name))
        settle(qtbot, first)
        panel = area.page(name).view.panel
        panel.filters.replace({"price": ">0"})
        panel.view.sortByColumn(panel.model.column_index("price"), Qt.SortOrder.DescendingOrder)
    first.actions["split_below"].trigger()
    area.halves.sides[0].setCurrentWidget(area.page("overview"))
    settle(qtbot, first)
    selection.set_brush(TickRange(5, 20))
    selection.set_agents((0, 2))
    selection.select(AgentItem(2))
    first.document.compare([(first.document.source, run) for source, run in
                            first.window.library.model.all_runs() if source is
                            first.document.source][:2])  # fmt: skip
    settle(qtbot, first)
    wanted = first.keeper.desk()
    first.window.close()
    assert [path.name for path in folder.iterdir()] == ["last.json"]
    second = make(desks=DeskFolder(folder))
    second.window.show()
    second.reopen()
    up(qtbot, second)
    assert second.window.messages.text == ""
    found = second.keeper.desk()
    for field in Desk.__struct_fields__:
        if field not in ("failures", "arrangement"):
            assert getattr(found, field) == getattr(wanted, field), field
    assert [view.name for view in second.window.area.views()] == ["overview", "trades"]
    assert second.document.history.undo_text is None
    third = make(desks=DeskFolder(folder))
    third.actions["reopen"].trigger()  # "begin with what was open" is switched off
    third.reopen()
    assert not third.keeper.opener.busy
    second.window.area.go_to(second.window.area.page("attempts"))  # seen first only now
    up(qtbot, second)
    attempts = second.window.area.page("attempts").view
    assert attempts.panel.filters.texts == {"price": ">0"}
    assert attempts.panel.model.asked.sort == Sort("price", True)
    assert second.document.history.undo_text == "show Attempts"
    second.document.history.undo()
    assert second.document.history.undo_text is None  # nobody did the rest by hand


def test_a_killed_program_is_noticed_and_its_desk_put_up_with_a_way_out(
    make, qtbot, money_db, home, folder
):
    clean = {key: value for key, value in os.environ.items() if key != "DISPLAY"}
    child = subprocess.Popen(
        [sys.executable, "-m", "vmt_log_viewer", str(money_db), "--run", "2", "--tick", "9"],
        cwd=ROOT, env={**clean, "QT_QPA_PLATFORM": "offscreen"}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    folder = DeskFolder.of_user()._folder
    try:
        deadline = time.monotonic() + 60

        def written():
            desks = [desk_in(path.read_bytes()) for path in folder.glob("open-*.json")]
            return bool(desks) and desks[0].run == "2"

        qtbot.waitUntil(lambda: written() or time.monotonic() > deadline, timeout=61_000)
        beside = DeskFolder(folder)
        beside.begin()
        assert beside.crashed() is None  # it lives: another window beside it leaves it alone
        beside.end(desk_text(Desk()))
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    program = make(desks=DeskFolder(folder))
    program.window.show()
    program.reopen()
    up(qtbot, program)
    messages = program.window.messages
    assert (program.document.run_id, program.document.cursor.tick) == (2, 9), messages.text
    assert "did not end by itself" in messages.text
    messages._offer.click()
    assert program.document.sources == ()
    program.window.close()
    assert [path.name for path in folder.iterdir()] == ["last.json"]


def test_a_source_that_is_gone_is_one_sentence_and_the_rest_is_opened(
    make, qtbot, money_db, folder, tmp_path
):
    gone = str(tmp_path / "gone.db")
    left_behind(folder, Desk(sources=(gone, str(money_db)), shown=1, run="3", tick=4))
    program = make(desks=DeskFolder(folder))
    program.window.show()
    program.reopen()
    up(qtbot, program)
    assert (program.document.run_id, program.document.cursor.tick) == (3, 4)
    said = program.window.messages.text.splitlines()
    assert len(said) == 2
    assert "gone.db" in said[0]


def test_a_desk_that_ended_the_program_twice_is_not_put_up_again(make, qtbot, money_db, folder):
    left_behind(folder, Desk(sources=(str(money_db),), shown=0, run="1"))
    first = make(desks=DeskFolder(folder))
    first.reopen()
    own = next(folder.glob("open-*.json"))
    assert desk_in(own.read_bytes()).failures == 1  # from now on until all went well
    killed_meanwhile = own.read_bytes()
    up(qtbot, first)
    first.keeper._survive()
    first.keeper._write()
    first.keeper._writer.submit(lambda: None).result()
    assert desk_in(own.read_bytes()).failures == 0
    first.window.close()
    (folder / "open-dead.json").write_bytes(killed_meanwhile)
    second = make(desks=DeskFolder(folder))
    second.reopen()
    assert "ended twice" in second.window.messages.text
    assert not second.keeper.opener.busy
    assert (folder / "aside-open-dead.json").read_bytes() == killed_meanwhile


@pytest.mark.parametrize(
    "text",
    [b"{", b"[]", b'{"sources": 5}', b'{"sources": [], "shown": 3}', b'{"format": 999}'],
)
def test_a_damaged_desk_counts_as_none_and_is_put_aside(folder, text):
    assert desk_in(text) is None
    folder.mkdir()
    (folder / "open-dead.json").write_bytes(text)
    assert DeskFolder(folder).crashed() is None
    assert (folder / "aside-open-dead.json").read_bytes() == text


def test_a_desk_has_no_password(make, qtbot, money_db, folder, monkeypatch):
    program = opened(qtbot, make(desks=DeskFolder(folder)), money_db)
    identity = type(program.document.source)
    monkeypatch.setattr(identity, "location", "postgresql://me:secret@host/db?password=secret2")
    assert b"secret" not in desk_text(program.keeper.desk())
