"""Tests of the whole window over small databases: opening, choosing, remembering, closing."""

import os
import shutil
import threading

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent

from tests.builders import vmt
from tests.viewer.programs import opened, settle
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.settings import Settings


def test_an_empty_window_says_what_to_do_next(program):
    assert program.window.stack.currentWidget() is program.window.welcome
    assert "Open" in program.window.welcome.text


def test_opening_shows_the_first_run_and_names_it_in_the_title(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    assert program.document.run_id == 1
    assert "money.db" in program.window.windowTitle()
    assert program.document.run.name in program.window.windowTitle()
    assert program.window.library.tree.current_node().row.run.run_id == 1


def test_what_the_first_run_brings_is_painted_in_turns_of_its_own(program, qtbot, money_db):
    window = program.window
    window.show()
    qtbot.waitUntil(lambda: window.isVisible() and window.updatesEnabled())
    waits: list[bool] = []
    program.document.run_shown.connect(lambda source, run_id: waits.append(window.updatesEnabled()))
    opened(qtbot, program, money_db)
    assert waits[:1] == [False]
    qtbot.waitUntil(lambda: window.updatesEnabled())
    assert all(part.updatesEnabled() for part in window.parts())


def test_a_run_and_tick_that_were_asked_for_are_shown(program, qtbot, money_db):
    opened(qtbot, program, money_db, "3", 7)
    assert (program.document.run_id, program.document.cursor.tick) == (3, 7)


def test_a_run_that_does_not_exist_is_said_so(program, qtbot, money_db):
    program.open([str(money_db)], "99")
    qtbot.waitUntil(lambda: "99" in program.window.messages.text, timeout=20_000)
    assert program.document.run is None


@pytest.mark.parametrize("name", ["missing.db", "empty.db", "text.db"])
def test_what_cannot_be_opened_is_one_sentence_and_the_window_stays(
    program, qtbot, money_db, tmp_path, name
):
    opened(qtbot, program, money_db)
    path = tmp_path / name
    if name != "missing.db":
        path.write_text("" if name == "empty.db" else "hello <b>you</b>")
    before = sorted(os.listdir(tmp_path))
    program.open([str(path)])
    qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=20_000)
    assert "\n" not in program.window.messages.text
    assert name in program.window.messages.text
    assert program.document.run_id == 1
    assert sorted(os.listdir(tmp_path)) == before


def test_opening_and_using_leaves_the_file_as_it_was(program, qtbot, tmp_path, money_db):
    path = shutil.copy(money_db, tmp_path / "copy.db")
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(tmp_path)))
    opened(qtbot, program, path)
    program.actions["star"].trigger()
    program.actions["mark"].trigger()
    settle(qtbot, program)
    program.window.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(tmp_path))) == before


def test_several_sources_are_open_at_once_and_one_is_closed(program, qtbot, money_db, barter_db):
    opened(qtbot, program, money_db)
    program.open([str(barter_db)])
    qtbot.waitUntil(lambda: program.window.library.model.rowCount() == 2, timeout=20_000)
    settle(qtbot, program)
    assert [s.name for s in program.document.sources] == ["money.db", "barter.db"]
    program.session.close(program.document.sources[0])
    assert [s.name for s in program.document.sources] == ["barter.db"]
    assert program.window.library.model.rowCount() == 1


def test_a_file_opened_by_the_user_is_shown_but_further_ones_of_the_command_line_are_not(
    program, qtbot, money_db, barter_db
):
    program.window.show()
    program.open([str(money_db), str(barter_db)])
    qtbot.waitUntil(lambda: program.window.library.model.rowCount() == 2, timeout=20_000)
    settle(qtbot, program)
    assert program.document.source.name == "money.db"
    program.verbs.open_location(str(barter_db))
    qtbot.waitUntil(lambda: program.document.source.name == "barter.db", timeout=20_000)
    settle(qtbot, program)


def test_a_source_may_be_closed_while_it_is_being_read(program, qtbot, money_db, barter_db):
    opened(qtbot, program, money_db)
    program.actions["refresh"].trigger()
    program.actions["close_source"].trigger()
    assert program.document.sources == ()
    assert program.window.stack.currentWidget() is program.window.welcome
    settle(qtbot, program)
    assert program.window.messages.text == ""
    opened(qtbot, program, barter_db)
    assert program.document.source.name == "barter.db"


def test_a_password_in_a_url_is_shown_and_kept_nowhere(make, qtbot, tmp_path):
    path = tmp_path / "settings.json"
    program = make(settings=Settings(path))
    secret = "s3cr3t-and-more"
    program.verbs.open_location(f"nonsense://me:{secret}@127.0.0.1:1/db")
    qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=20_000)
    assert secret not in program.window.messages.text
    program.window.close()
    assert not path.exists() or secret not in path.read_text()


def test_opening_the_same_file_again_does_not_list_it_twice(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    opened(qtbot, program, money_db)
    assert len(program.document.sources) == 1
    assert program.window.library.model.rowCount() == 1


def test_a_file_that_is_dropped_is_opened(program, qtbot, money_db):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(money_db))])
    program.window.dropEvent(
        QDropEvent(
            QPointF(5, 5),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
    )
    qtbot.waitUntil(lambda: program.document.run is not None, timeout=20_000)
    settle(qtbot, program)


def test_runs_can_be_switched_quickly_while_queries_run(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    source = program.document.source
    tree, model = program.window.library.tree, program.window.library.model
    for run_id in (2, 3, 1, 2, 3, 1, 2):
        tree.setCurrentIndex(program.window.library.order.mapFromSource(
            model.index_of(source, run_id)))  # fmt: skip
        assert program.document.run_id == run_id
    settle(qtbot, program)
    assert program.window.messages.text == ""


def test_counts_of_rows_arrive_in_the_library(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    model = program.window.library.model
    column = [c.role for c in model.columns].index("count trades")
    cell = model.index_of(program.document.source, 2).siblingAtColumn(column)
    rows = vmt.query(money_db, "SELECT count(*) FROM trades WHERE run_id = 2")
    assert cell.data() == str(rows[0][0])


def test_settings_remember_filter_sources_and_last_run(make, qtbot, money_db, tmp_path):
    path = tmp_path / "settings.json"
    first = opened(qtbot, make(settings=Settings(path)), money_db, "2")
    first.window.library.filter_line.setText("seed=null|!null")
    first.window.close()
    second = make(settings=Settings(path))
    second.open_last()
    qtbot.waitUntil(lambda: second.document.run is not None, timeout=20_000)
    settle(qtbot, second)
    assert second.document.run_id == 2
    assert second.window.library.filter_line.text() == "seed=null|!null"
    assert second.session.recent() == [str(money_db)]


def test_marks_and_stars_come_back(make, qtbot, money_db, tmp_path):
    notes = tmp_path / "notes.sqlite"
    first = opened(qtbot, make(notes=Notes(notes)), money_db, "2", 5)
    first.actions["mark"].trigger()
    first.actions["star"].trigger()
    first.window.close()
    second = opened(qtbot, make(notes=Notes(notes)), money_db, "2")
    assert second.document.marks.ticks == (5,)
    second.actions["next_mark"].trigger()
    assert second.document.cursor.tick == 5
    model = second.window.library.model
    star = [c.role for c in model.columns].index("starred")
    index = model.index_of(second.document.source, 2).siblingAtColumn(star)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "Starred"


def test_a_bad_filter_line_is_said_so_and_the_runs_stay(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    library = program.window.library
    library.filter_line.setText("run=2")
    assert library.order.rowCount(library.order.index(0, 0)) == 1
    library.filter_line.setText("run=/x/")
    assert library.order.rowCount(library.order.index(0, 0)) == 1
    assert "run" in library._problem.text()
    library.filter_line.clear()
    assert library.order.rowCount(library.order.index(0, 0)) == 3


def test_closing_leaves_no_query_thread(make, qtbot, money_db):
    program = opened(qtbot, make(), money_db)
    program.actions["play"].trigger()
    program.actions["follow"].trigger()
    program.actions["refresh"].trigger()
    program.window.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("query")]


def test_hostile_names_are_plain_text_in_title_and_inspector(program, qtbot, tmp_path):
    name = "<h1>Big</h1>\n\u202egnp.exe" + "y" * 10_000
    path = vmt.build("money", tmp_path / "hostile.db", runs=1, scenario_name=name)
    opened(qtbot, program, path)
    title = program.window.windowTitle()
    assert "\n" not in title
    assert "\u202e" not in title
    assert len(title) < 300
    assert program.window.inspector._title.textFormat() == Qt.TextFormat.PlainText
    assert "<h1>Big</h1>" in program.window.inspector._title.text()


@pytest.mark.parametrize("text", ["{not json", '{"big": "' + "x" * 50_000_000 + '"}'])
def test_a_broken_or_enormous_configuration_is_shown_without_freezing(
    program, qtbot, tmp_path, text
):
    path = vmt.build("money", tmp_path / "config.db", runs=1, ticks=3, config_json=text)
    opened(qtbot, program, path)
    inspector = program.window.inspector
    qtbot.waitUntil(lambda: inspector.model.rowCount() > 2, timeout=20_000)
    titles = [inspector.model.index(r, 0).data() for r in range(inspector.model.rowCount())]
    assert "Configuration" in titles


def test_a_run_without_rows_can_be_shown(program, qtbot, tmp_path):
    path = vmt.create("money", tmp_path / "bare.db")
    vmt.insert(path, "simulation_runs", run_id=0, scenario_name="bare", start_time="2025",
               num_agents=3)  # fmt: skip
    opened(qtbot, program, path)
    assert (program.document.run_id, program.document.cursor.tick) == (0, None)
    assert not program.actions["next_tick"].isEnabled()
    for page in program.window.area.suitable():
        program.window.area.go_to(page)
        settle(qtbot, program)
    assert program.window.messages.text == ""


def test_a_source_without_runs_says_so(program, qtbot, tmp_path):
    path = vmt.create("money", tmp_path / "none.db")
    program.open([str(path)])
    qtbot.waitUntil(lambda: bool(program.window.messages.text), timeout=20_000)
    assert "none.db" in program.window.messages.text


def test_the_status_bar_says_of_which_answers_had_been_kept(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    settle(qtbot, program)
    window, view = program.window, program.window.area.current

    def kept(token):
        token.kept = "2026-01-02 03:04 UTC"

    assert not window.status.toolTip()
    for lane in (f"{view.name}.sizes", "another.view"):
        program.runner.run(lane, kept, lambda _: None, what=f"reading of {lane}")
    settle(qtbot, program)
    assert window.status.text().endswith(" · kept answers")
    assert f"{view.name}.sizes: kept answer of 2026-01-02 03:04 UTC" in window.status.toolTip()
    assert "another" not in window.status.toolTip()
    program.runner.run(f"{view.name}.sizes", lambda token: None, lambda _: None)
    settle(qtbot, program)
    assert "kept" not in window.status.text() + window.status.toolTip()
