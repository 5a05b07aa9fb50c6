"""Tests of the verbs: keys, palette, help, navigation, and when they can be done."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QTreeView

from telemetry.filters.saved import SavedFilter
from tests.builders import vmt
from tests.viewer.programs import opened, settle
from vmt_log_viewer.actions import MENUS, VERBS, WHY, key_text
from vmt_log_viewer.dialogs.keys import KeyHelp
from vmt_log_viewer.dialogs.palette import CommandPalette
from vmt_log_viewer.state.items import AgentItem, RowItem
from vmt_log_viewer.state.marks import Mark
from vmt_log_viewer.verbs import Verbs
from vmt_log_viewer.window import needs_key


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


def test_verbs_are_enabled_only_when_they_can_be_done(program, qtbot, money_db):
    actions = program.actions
    for verb_id in ("next_tick", "play", "export_run", "undo", "next_trade", "close_source"):
        assert not actions[verb_id].isEnabled()
    opened(qtbot, program, money_db)
    for verb_id in ("next_tick", "play", "export_run", "next_trade", "close_source"):
        assert actions[verb_id].isEnabled()
    assert not actions["undo"].isEnabled()
    program.document.cursor.move_to(9)
    assert actions["undo"].isEnabled()
    actions["undo"].trigger()
    assert program.document.cursor.tick == 0


def test_a_tick_step_looks_at_what_can_be_done_once_it_is_answered(
    program, qtbot, money_db, monkeypatch
):
    """Looking at everything takes as long as painting a view."""
    opened(qtbot, program, money_db)
    program.window.show_view("map")
    settle(qtbot, program)
    looks, told = [], []
    facts = Verbs._facts
    monkeypatch.setattr(Verbs, "_facts", lambda verbs: looks.append(1) or facts(verbs))
    program.actions["cancel"].enabledChanged.connect(lambda on: told.append((on, len(looks))))
    program.document.cursor.step(1)
    qtbot.waitUntil(lambda: bool(told) and not told[-1][0])
    assert told[0] == (True, 0), "what is asked can be cancelled, before anything is looked at"
    assert looks


def test_arrow_keys_move_the_cursor_from_anywhere_but_a_text_field(program, qtbot, money_db):
    opened(qtbot, program, money_db)
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


def test_next_and_previous_trade_go_through_the_rows_in_order(program, qtbot, money_db):
    opened(qtbot, program, money_db, "2")
    rows = vmt.query(money_db, "SELECT id, tick FROM trades WHERE run_id = 2 ORDER BY tick, id")
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


def test_next_failure_finds_failed_attempts_only(program, qtbot, money_db):
    opened(qtbot, program, money_db, "2")
    rows = vmt.query(
        money_db, "SELECT id, tick FROM trade_attempts WHERE run_id = 2 AND result <> 'success' "
        "ORDER BY tick, id LIMIT 1")  # fmt: skip
    program.actions["next_failure"].trigger()
    settle(qtbot, program)
    item = program.document.selection.item
    assert [(item.key, item.tick)] == rows


def test_the_inspector_shows_an_agent_at_the_cursor(program, qtbot, money_db):
    opened(qtbot, program, money_db, "2")
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
    rows = vmt.query(money_db, "SELECT utility FROM agent_snapshots WHERE run_id = 2 AND tick = 6 "
                     "AND agent_id = 0")  # fmt: skip
    assert shown["utility"] == rows[0][0]


def test_the_palette_offers_what_can_be_done_and_does_it(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    palette = CommandPalette(program.actions, program.theme, program.window)
    palette.open()
    assert "Next recorded tick" in palette.shown()
    assert "Show all ticks" not in palette.shown()
    palette.line.setText("ten recorded on")
    assert palette.shown() == ["Ten recorded ticks on"]
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert program.document.cursor.tick == 10


def test_the_palette_reaches_views_runs_marks_and_filters_and_says_what_is_in_the_way(
    program, qtbot, money_db
):
    opened(qtbot, program, money_db, "2")
    document, actions = program.document, program.actions
    document.marks.put(Mark(9, "the switch"))
    shelf = document.shelf
    shelf.keep(SavedFilter(family="vmt", table="trades", name="Dear", filters={"price": ">0"}))
    shelf.keep(SavedFilter(family="vmt", table="trades", name="Odd", filters={"nonsense": "1"}))

    def palette(typed):
        actions["palette"].trigger()
        card = program.window.findChildren(CommandPalette)[-1]
        card.line.setText(typed)
        return card

    card = palette("show all ticks")
    assert card.shown() == []
    assert card.refused() == {"Show all ticks": "all ticks are shown"}
    card.end()
    card = palette("odd")
    assert "nonsense" in card.refused()["Filter Trades: Odd"]
    card.end()
    titles = [page.kind.title for page in program.window.area.pages]
    card = palette("view")
    assert {f"View {title}" for title in titles} <= {*card.shown(), *card.refused()}
    assert len(titles) > 9
    card.end()
    for typed, reached in (
        ("cmp", lambda: program.window.area.current.name == "compare"),  # with gaps
        ("switch", lambda: document.cursor.tick == 9),
        ("dear", lambda: program.verbs.filtering.current().panel.filters.texts == {"price": ">0"}),
        ("run 3", lambda: document.run_id == 3),
    ):
        qtbot.keyClick(palette(typed).line, Qt.Key.Key_Return)
        assert reached(), typed
        settle(qtbot, program)


def test_whatever_a_verb_needs_can_be_said():
    needs = {need for verb in VERBS for need in verb.needs if not need.startswith("view_")}
    assert needs == WHY.keys()


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


def test_a_narrow_window_gives_the_views_the_room(program, qtbot, money_db):
    opened(qtbot, program, money_db)
    program.window.resize(1400, 900)
    qtbot.waitUntil(lambda: program.window.inspector_dock.isVisible())
    program.window.resize(900, 600)
    qtbot.waitUntil(lambda: not program.window.inspector_dock.isVisible())
    assert program.window.width() == 900
    assert program.window.height() == 600
    program.window.resize(1400, 900)
    assert not program.window.updatesEnabled()  # nothing is painted that would move at once
    qtbot.waitUntil(lambda: program.window.inspector_dock.isVisible())
    qtbot.waitUntil(lambda: program.window.updatesEnabled())


def test_a_view_can_be_moved_to_the_other_side(program, qtbot, money_db):
    opened(qtbot, program, money_db)
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
