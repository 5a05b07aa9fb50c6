"""Tests of the whole window over small databases: opening, choosing, keys, closing."""

import os
import shutil
import time

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QTreeView

from tests.builders import vmt
from vmt_log_viewer.actions import MENUS, VERBS, key_text
from vmt_log_viewer.app import Program
from vmt_log_viewer.dialogs.keys import KeyHelp
from vmt_log_viewer.dialogs.palette import CommandPalette
from vmt_log_viewer.notes import Notes
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.state.items import AgentItem, RowItem
from vmt_log_viewer.window import needs_key


@pytest.fixture(scope="module")
def money(tmp_path_factory):
    return vmt.build("money_full", tmp_path_factory.mktemp("data") / "money.db", runs=3)


@pytest.fixture(scope="module")
def barter(tmp_path_factory):
    return vmt.build("barter", tmp_path_factory.mktemp("data") / "barter.db")


@pytest.fixture
def make(qtbot):
    """Programs whose crashes fail the test, closed at its end."""
    made, crashes = [], []

    def make(**kept):
        program = Program(theme="light", **kept)
        program.runner.crashed.connect(lambda what, error: crashes.append(f"{what}: {error!r}"))
        made.append(program)
        return program

    yield make
    for program in made:
        program.window.close()
        program.close()
        program.window.deleteLater()
        program.deleteLater()
    assert not crashes


@pytest.fixture
def program(make):
    return make()


def settle(qtbot, program):
    qtbot.waitUntil(lambda: program.runner.idle(), timeout=20_000)


def opened(qtbot, program, path, run=None, tick=None):
    program.window.show()
    program.open([str(path)], run, tick)
    qtbot.waitUntil(lambda: program.document.run is not None, timeout=20_000)
    settle(qtbot, program)
    return program


def test_an_empty_window_says_what_to_do_next(program):
    assert program.window.stack.currentWidget() is program.window.welcome
    assert "Open" in program.window.welcome.text


def test_opening_shows_the_first_run_and_names_it_in_the_title(program, qtbot, money):
    opened(qtbot, program, money)
    assert program.document.run_id == 1
    assert "money.db" in program.window.windowTitle()
    assert program.document.run.name in program.window.windowTitle()
    assert program.window.library.tree.current_node().row.run.run_id == 1


def test_a_run_and_tick_that_were_asked_for_are_shown(program, qtbot, money):
    opened(qtbot, program, money, "3", 7)
    assert (program.document.run_id, program.document.cursor.tick) == (3, 7)


def test_a_run_that_does_not_exist_is_said_so(program, qtbot, money):
    program.open([str(money)], "99")
    qtbot.waitUntil(lambda: "99" in program.window.messages.text, timeout=20_000)
    assert program.document.run is None


@pytest.mark.parametrize("name", ["missing.db", "empty.db", "text.db"])
def test_what_cannot_be_opened_is_one_sentence_and_the_window_stays(
    program, qtbot, money, tmp_path, name
):
    opened(qtbot, program, money)
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


def test_opening_and_using_leaves_the_file_as_it_was(program, qtbot, tmp_path, money):
    path = shutil.copy(money, tmp_path / "copy.db")
    before = (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(tmp_path)))
    opened(qtbot, program, path)
    program.actions["star"].trigger()
    program.actions["mark"].trigger()
    settle(qtbot, program)
    program.window.close()
    assert (path.read_bytes(), path.stat().st_mtime_ns, sorted(os.listdir(tmp_path))) == before


def test_several_sources_are_open_at_once_and_one_is_closed(program, qtbot, money, barter):
    opened(qtbot, program, money)
    program.open([str(barter)])
    qtbot.waitUntil(lambda: program.window.library.model.rowCount() == 2, timeout=20_000)
    settle(qtbot, program)
    assert [s.name for s in program.document.sources] == ["money.db", "barter.db"]
    program.session.close(program.document.sources[0])
    assert [s.name for s in program.document.sources] == ["barter.db"]
    assert program.window.library.model.rowCount() == 1


def test_a_file_opened_by_the_user_is_shown_but_further_ones_of_the_command_line_are_not(
    program, qtbot, money, barter
):
    program.window.show()
    program.open([str(money), str(barter)])
    qtbot.waitUntil(lambda: program.window.library.model.rowCount() == 2, timeout=20_000)
    settle(qtbot, program)
    assert program.document.source.name == "money.db"
    program.verbs.open_location(str(barter))
    qtbot.waitUntil(lambda: program.document.source.name == "barter.db", timeout=20_000)
    settle(qtbot, program)


def test_a_source_may_be_closed_while_it_is_being_read(program, qtbot, money, barter):
    opened(qtbot, program, money)
    program.actions["refresh"].trigger()
    program.actions["close_source"].trigger()
    assert program.document.sources == ()
    assert program.window.stack.currentWidget() is program.window.welcome
    settle(qtbot, program)
    assert program.window.messages.text == ""
    opened(qtbot, program, barter)
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


def test_opening_the_same_file_again_does_not_list_it_twice(program, qtbot, money):
    opened(qtbot, program, money)
    opened(qtbot, program, money)
    assert len(program.document.sources) == 1
    assert program.window.library.model.rowCount() == 1


def test_a_file_that_is_dropped_is_opened(program, qtbot, money):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(money))])
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


def test_runs_can_be_switched_quickly_while_queries_run(program, qtbot, money):
    opened(qtbot, program, money)
    source = program.document.source
    tree, model = program.window.library.tree, program.window.library.model
    for run_id in (2, 3, 1, 2, 3, 1, 2):
        tree.setCurrentIndex(program.window.library.order.mapFromSource(
            model.index_of(source, run_id)))  # fmt: skip
        assert program.document.run_id == run_id
    settle(qtbot, program)
    assert program.window.messages.text == ""


def test_counts_of_rows_arrive_in_the_library(program, qtbot, money):
    opened(qtbot, program, money)
    model = program.window.library.model
    column = [c.role for c in model.columns].index("count trades")
    cell = model.index_of(program.document.source, 2).siblingAtColumn(column)
    rows = vmt.query(money, "SELECT count(*) FROM trades WHERE run_id = 2")
    assert cell.data() == str(rows[0][0])


def test_settings_remember_filter_sources_and_last_run(make, qtbot, money, tmp_path):
    path = tmp_path / "settings.json"
    first = opened(qtbot, make(settings=Settings(path)), money, "2")
    first.window.library.filter_line.setText("seed=null|!null")
    first.window.close()
    second = make(settings=Settings(path))
    second.open_last()
    qtbot.waitUntil(lambda: second.document.run is not None, timeout=20_000)
    settle(qtbot, second)
    assert second.document.run_id == 2
    assert second.window.library.filter_line.text() == "seed=null|!null"
    assert second.session.recent() == [str(money)]


def test_marks_and_stars_come_back(make, qtbot, money, tmp_path):
    notes = tmp_path / "notes.sqlite"
    first = opened(qtbot, make(notes=Notes(notes)), money, "2", 5)
    first.actions["mark"].trigger()
    first.actions["star"].trigger()
    first.window.close()
    second = opened(qtbot, make(notes=Notes(notes)), money, "2")
    assert second.document.marks.ticks == (5,)
    second.actions["next_mark"].trigger()
    assert second.document.cursor.tick == 5
    model = second.window.library.model
    star = [c.role for c in model.columns].index("starred")
    index = model.index_of(second.document.source, 2).siblingAtColumn(star)
    assert index.data(Qt.ItemDataRole.ToolTipRole) == "Starred"


def test_a_bad_filter_line_is_said_so_and_the_runs_stay(program, qtbot, money):
    opened(qtbot, program, money)
    library = program.window.library
    library.filter_line.setText("run=2")
    assert library.order.rowCount(library.order.index(0, 0)) == 1
    library.filter_line.setText("run=/x/")
    assert library.order.rowCount(library.order.index(0, 0)) == 1
    assert "run" in library._problem.text()
    library.filter_line.clear()
    assert library.order.rowCount(library.order.index(0, 0)) == 3


def test_closing_leaves_no_query_thread(make, qtbot, money):
    import threading

    program = opened(qtbot, make(), money)
    program.actions["play"].trigger()
    program.actions["follow"].trigger()
    program.actions["refresh"].trigger()
    program.window.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("query")]


def test_a_growing_source_is_followed(program, qtbot, tmp_path, money):
    path = shutil.copy(money, tmp_path / "growing.db")
    opened(qtbot, program, path, "1")
    last = program.document.cursor.bounds.last
    program.session.look_for_growth()
    settle(qtbot, program)
    values = {"agent_id": 0, "inventory_A": 1, "inventory_B": 1, "utility": 1.0}
    vmt.insert(path, "agent_snapshots", run_id=1, tick=last + 5, x=0, y=0, **values)
    program.session.look_for_growth()
    qtbot.waitUntil(lambda: program.document.cursor.bounds.last == last + 5, timeout=20_000)
    settle(qtbot, program)


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
    pauses, last = [], [time.monotonic()]

    def beat():
        now = time.monotonic()
        pauses.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(10)
    opened(qtbot, program, path)
    inspector = program.window.inspector
    qtbot.waitUntil(lambda: inspector.model.rowCount() > 2, timeout=20_000)
    timer.stop()
    titles = [inspector.model.index(r, 0).data() for r in range(inspector.model.rowCount())]
    assert "Configuration" in titles
    assert max(pauses) < 3


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


# Verbs


def test_no_verb_is_dead(program):
    assert program.actions.unbound == set()


def test_every_key_belongs_to_one_verb():
    keys = [key for verb in VERBS for key in verb.keys]
    assert len(keys) == len(set(keys))
    assert {verb.menu for verb in VERBS} == set(MENUS)


@pytest.mark.parametrize("key", [
    "?", "Ctrl+Shift+P", "Ctrl+O", "Ctrl+F", "/", "Left", "Right", "Shift+Left", "Shift+Right",
    ".", ",", "E", "Shift+E", "Space", "F", "M", "Ctrl+E", "Ctrl+Z", "Ctrl+Shift+Z", "F5", "L",
    "Ctrl+1", "Ctrl+9",
])  # fmt: skip
def test_every_promised_key_is_there(key):
    assert any(key in verb.keys for verb in VERBS)


def test_verbs_are_enabled_only_when_they_can_be_done(program, qtbot, money):
    actions = program.actions
    for verb_id in ("next_tick", "play", "export_run", "undo", "next_trade", "close_source"):
        assert not actions[verb_id].isEnabled()
    opened(qtbot, program, money)
    for verb_id in ("next_tick", "play", "export_run", "next_trade", "close_source"):
        assert actions[verb_id].isEnabled()
    assert not actions["undo"].isEnabled()
    program.document.cursor.move_to(9)
    assert actions["undo"].isEnabled()
    actions["undo"].trigger()
    assert program.document.cursor.tick == 0


def test_arrow_keys_move_the_cursor_from_anywhere_but_a_text_field(program, qtbot, money):
    opened(qtbot, program, money)
    window = program.window
    window.activateWindow()
    window.area.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert program.document.cursor.tick == 11
    qtbot.keyClick(window, Qt.Key.Key_Left)
    assert program.document.cursor.tick == 10


def test_widgets_keep_the_keys_that_they_cannot_do_without(qtbot):
    tree, line = QTreeView(), QLineEdit()

    class Button(QAbstractButton):
        def paintEvent(self, event):
            pass

    button = Button()
    for widget in (tree, line, button):
        qtbot.addWidget(widget)
    assert needs_key(button, Qt.Key.Key_Space)
    assert not needs_key(button, Qt.Key.Key_Right)
    assert needs_key(tree, Qt.Key.Key_Right)
    assert not needs_key(tree, Qt.Key.Key_Space)
    assert not needs_key(None, Qt.Key.Key_Space)


def test_next_and_previous_trade_go_through_the_rows_in_order(program, qtbot, money):
    opened(qtbot, program, money, "2")
    rows = vmt.query(money, "SELECT id, tick FROM trades WHERE run_id = 2 ORDER BY tick, id")
    seen = []
    program.document.selection.item_selected.connect(seen.append)
    for verb_id, expected in (
        *(("next_trade", row) for row in rows[:4]),
        ("previous_trade", rows[2]),
        ("previous_trade", rows[1]),
    ):
        seen.clear()
        program.actions[verb_id].trigger()
        settle(qtbot, program)
        assert isinstance(seen[-1], RowItem)
        assert (seen[-1].key, program.document.cursor.tick) == expected


def test_next_failure_finds_failed_attempts_only(program, qtbot, money):
    opened(qtbot, program, money, "2")
    rows = vmt.query(
        money, "SELECT id, tick FROM trade_attempts WHERE run_id = 2 AND result <> 'success' "
        "ORDER BY tick, id LIMIT 1")  # fmt: skip
    program.actions["next_failure"].trigger()
    settle(qtbot, program)
    item = program.document.selection.item
    assert [(item.key, item.tick)] == rows


def test_the_inspector_shows_an_agent_at_the_cursor(program, qtbot, money):
    opened(qtbot, program, money, "2")
    program.document.selection.select(AgentItem(0))
    settle(qtbot, program)
    program.document.cursor.move_to(6)
    settle(qtbot, program)
    inspector = program.window.inspector
    assert "tick 6" in inspector._caption.text()
    model = inspector.model
    state = model.index(0, 0)
    shown = {
        model.fact(model.index(r, 0, state)).name: model.fact(model.index(r, 0, state)).value
        for r in range(model.rowCount(state))
    }
    rows = vmt.query(money, "SELECT utility FROM agent_snapshots WHERE run_id = 2 AND tick = 6 "
                     "AND agent_id = 0")  # fmt: skip
    assert shown["utility"] == rows[0][0]


def test_the_palette_offers_what_can_be_done_and_does_it(program, qtbot, money):
    opened(qtbot, program, money)
    palette = CommandPalette(program.actions, program.theme, program.window)
    palette.open()
    assert "Next recorded tick" in palette.shown()
    assert "Show all ticks" not in palette.shown()
    palette.line.setText("ten recorded on")
    assert palette.shown() == ["Ten recorded ticks on"]
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert program.document.cursor.tick == 10


def test_the_key_help_lists_every_key(program):
    card = KeyHelp(program.actions, program.theme, program.window)
    listed = []
    for place in range(card.list.topLevelItemCount()):
        group = card.list.topLevelItem(place)
        listed += [group.child(i).text(1) for i in range(group.childCount())]
    for verb, action in program.actions:
        if verb.keys and action.isVisible():
            assert key_text(action) in listed
    card.end()


def test_a_narrow_window_gives_the_views_the_room(program, qtbot, money):
    opened(qtbot, program, money)
    program.window.resize(1400, 900)
    qtbot.waitUntil(lambda: program.window.inspector_dock.isVisible())
    program.window.resize(900, 600)
    qtbot.waitUntil(lambda: not program.window.inspector_dock.isVisible())
    assert program.window.width() == 900
    assert program.window.height() == 600
    program.window.resize(1400, 900)
    qtbot.waitUntil(lambda: program.window.inspector_dock.isVisible())


def test_a_view_can_be_moved_to_the_other_side(program, qtbot, money):
    opened(qtbot, program, money)
    area = program.window.area
    before = len(area.views())
    program.actions["move_view"].trigger()
    settle(qtbot, program)
    assert (before, len(area.views())) == (1, 2)
    program.actions["move_view"].trigger()
    settle(qtbot, program)
    assert len(area.views()) == 1


def test_the_theme_changes_at_once_and_is_remembered(program):
    program.actions["theme_dark"].trigger()
    assert program.theme.dark
    assert program.settings.get("theme") == "dark"
    assert program.actions["theme_dark"].isChecked()
    assert not program.actions["theme_light"].isChecked()
