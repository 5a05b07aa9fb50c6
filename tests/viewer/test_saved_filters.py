"""Saved filters in the window: kept, applied, renamed, forgotten; and those that ring."""

from __future__ import annotations

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from telemetry.concepts import TickRange
from telemetry.families.vmt.recorder import LogPolicy, VmtRecorder
from telemetry.filters.saved import SavedFilter
from tests.builders import simcash, vmt
from tests.telemetry.test_vmt_recorder import AGENT, TRADE
from tests.viewer.programs import opened, settle
from vmt_log_viewer.state.alerts import Ring
from vmt_log_viewer.state.history import Change, History
from vmt_log_viewer.state.shelf import Shelf

PATIENCE = 20_000
LATE = SavedFilter(family="vmt", table="trades", name="Late", filters={"price": ">0"},
                   ticks=(5, 9), agents=(0, 1))  # fmt: skip


def table_of(qtbot, program, name="trades"):
    program.window.area.go_to(program.window.area.page(name))
    settle(qtbot, program)
    return program.window.area.page(name).view


def test_what_is_filtered_is_kept_by_a_name_and_applied_again(make, qtbot, money_db, tmp_path):
    program = opened(qtbot, make(shelf=Shelf(tmp_path / "f.json")), money_db, "2")
    view = table_of(qtbot, program)
    selection, saved = program.document.selection, view.saved
    view.panel.filters.set_text("price", ">0")
    selection.set_brush(TickRange(5, 9))
    selection.set_agents((0, 1))
    saved.look()
    saved.ticks.setChecked(True)
    saved.agents.setChecked(True)
    qtbot.keyClicks(saved.name, " Late ")
    saved.keep.click()
    assert Shelf(tmp_path / "f.json").of("vmt") == (LATE,)
    view.panel.filters.clear()
    selection.set_brush(None)
    selection.set_agents(())
    settle(qtbot, program)
    qtbot.waitUntil(view.settled)
    everything = view.panel.model.total
    qtbot.keyClick(saved.list, Qt.Key.Key_Return)
    qtbot.waitUntil(view.settled)
    settle(qtbot, program)
    want = vmt.query(
        money_db, "SELECT count(*) FROM trades WHERE run_id = 2 AND price > 0 AND "
        "tick BETWEEN 5 AND 9 AND (buyer_id IN (0, 1) OR seller_id IN (0, 1))")  # fmt: skip
    assert view.panel.model.total == want[0][0] != everything
    assert program.document.history.undo_text == "apply “Late”"
    program.document.history.undo()
    assert (view.panel.filters.texts, selection.brush, selection.agents) == ({}, None, ())
    saved.list.currentItem().setText(0, "Later")
    assert [each.name for each in Shelf(tmp_path / "f.json").of("vmt")] == ["Later"]
    qtbot.keyClick(saved.list, Qt.Key.Key_Delete)
    assert Shelf(tmp_path / "f.json").of("vmt") == ()
    settle(qtbot, program)


def test_a_filter_about_a_column_that_is_not_there_is_one_sentence(program, qtbot, barter_db):
    opened(qtbot, program, barter_db)
    lacking = msgspec.structs.replace(LATE, filters={"buyer_surplus": ">1", "nonsense": "1"})
    assert not program.verbs.filtering.apply(lacking)
    assert "“Late” asks about" in program.window.messages.text
    assert "nonsense" in program.window.messages.text
    assert program.document.selection.brush is None
    assert program.verbs.filtering.current().panel.filters.texts == {}
    settle(qtbot, program)


def test_a_filter_of_any_table_turns_to_the_view_that_shows_it(program, qtbot, money_db):
    opened(qtbot, program, money_db, "2")
    saved = SavedFilter(family="vmt", table="pairings", name="Here", filters={"tick": "3"})
    assert program.verbs.filtering.apply(saved)
    view = program.window.area.current
    assert (view.name, view.chosen, view.panel.filters.texts) == (
        "tables",
        "pairings",
        {"tick": "3"},
    )
    settle(qtbot, program)


def test_a_filter_of_a_table_above_runs_is_applied_and_kept_in_its_tab(make, qtbot, tmp_path):
    program = make(shelf=Shelf(tmp_path / "f.json"))
    opened(qtbot, program, simcash.unified(tmp_path / "u.db"), simcash.SECOND)
    document, filtering = program.document, program.verbs.filtering
    asked = {"model": "other", "prompt_tokens": ">3000"}
    saved = SavedFilter(family=document.source.family, table="llm_interactions", name="Here",
                        filters=asked)  # fmt: skip
    assert filtering.apply(saved)  # its tab was never seen, and no rows were asked for
    settle(qtbot, program)
    view, panel = program.window.area.current, filtering.current()
    assert (view.name, panel.panel.filters.texts) == ("experiment", asked)
    assert panel.panel.model.total == 0
    panel.panel.filters.set_text("model", "")
    settle(qtbot, program)
    assert panel.panel.model.total == 1
    panel.look()
    qtbot.keyClicks(panel.name, "Long")
    panel.keep.click()
    (kept,) = document.shelf.of(document.source.family)
    assert (kept.table, kept.filters) == ("llm_interactions", {"prompt_tokens": ">3000"})
    settle(qtbot, program)


@pytest.fixture
def live(tmp_path):
    with VmtRecorder(str(tmp_path / "live.db")) as recorder:
        run = recorder.begin_run("live", exchange_regime="mixed", policy=LogPolicy(level="debug"))
        write(run, range(10), price=1.0)
        yield run


def write(run, ticks, price):
    for tick in ticks:
        run.log_tick_state(tick, "both", "mixed", ["A<->M"])
        run.log_agent_snapshot(tick, **{**AGENT, "agent_id": 0})
        run.log_trade(tick, **{**TRADE, "price": price})
        run.end_tick(tick)


def test_a_filter_rings_once_for_new_rows_only_and_is_stopped_by_one_click(
    make, qtbot, live, tmp_path
):
    shelf, beeps, rings = Shelf(), [], []
    shelf.keep(SavedFilter(family="vmt", table="trades", name="Dear", filters={"price": ">5"},
                           rings=True))  # fmt: skip
    program = make(shelf=shelf)
    filtering = program.verbs.filtering
    filtering.beep = lambda: beeps.append(1)
    filtering.ringer.rang.connect(lambda ring: rings.append((ring.count, ring.ticks)))
    write(live, range(10, 12), price=9.0)  # there before anybody looked
    opened(qtbot, program, tmp_path / "live.db")
    write(live, range(12, 14), price=9.0)
    messages, document = program.window.messages, program.document
    qtbot.waitUntil(
        lambda: "2 new rows of Trades at ticks 12–13" in messages.text, timeout=PATIENCE
    )
    write(live, range(14, 16), price=1.0)
    qtbot.waitUntil(lambda: document.cursor.bounds.last == 15, timeout=PATIENCE)
    settle(qtbot, program)
    assert rings == [(2, (12, 13))]
    write(live, range(16, 17), price=9.0)
    qtbot.waitUntil(
        lambda: "3 new rows of Trades at ticks 12–16" in messages.text, timeout=PATIENCE
    )
    assert messages.text.count("Dear") == len(beeps) == 1
    assert document.alerts.ticks == (12, 13, 16)
    canvas = program.window.timeline.canvas
    place = QPoint(round(canvas.x_of(13)), round(canvas.area().bottom()) + 3)
    assert "tick 13: “Dear” rang" in canvas.words_at(place.x(), place.y()).splitlines()
    QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=place)
    assert document.cursor.tick == 13
    messages._offer.click()
    settle(qtbot, program)
    assert document.cursor.tick == 12
    assert filtering.current().panel.filters.texts == {"price": ">5"}
    write(live, range(17, 18), price=9.0)
    qtbot.waitUntil(lambda: "1 new row of Trades at tick 17" in messages.text, timeout=PATIENCE)
    messages._other.click()
    assert not any(saved.rings for saved in shelf.of("vmt"))
    assert not program.actions["silence"].isEnabled()
    write(live, range(18, 19), price=9.0)
    qtbot.waitUntil(lambda: document.cursor.bounds.last == 18, timeout=PATIENCE)
    settle(qtbot, program)
    assert messages.text == ""
    filtering._rang(Ring(shelf.of("vmt")[0], 1, (18,), 1))
    assert "tick 18" in messages.text
    document.show_run(document.source, document.run)  # whichever: it is not the one that rang
    assert (messages.text, document.alerts.ticks) == ("", ())
    settle(qtbot, program)


def test_changes_made_together_are_one_step():
    history, values = History(), []
    with history.together("both"):
        for name in ("a", "b"):
            undo, redo = (lambda name=name: values.append(f"-{name}")), (
                lambda name=name: values.append(f"+{name}"))  # fmt: skip
            history.push(Change(name, undo, redo))
    with history.together("nothing"):
        pass
    assert history.undo_text == "both"
    history.undo()
    history.redo()
    assert values == ["-b", "-a", "+a", "+b"]
    assert history.undo_text == "both"
