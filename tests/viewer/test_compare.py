"""Compare: runs over each other, totals, the first difference with a way to get there, seeds."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QPushButton

from telemetry.analysis import comparisons
from tests.builders import vmt
from tests.viewer.programs import opened, settle
from vmt_log_viewer import shots
from vmt_log_viewer.plots.compare_lines import thinned


@pytest.fixture(scope="module")
def changed_db(money_db, tmp_path_factory):
    """The same three runs; run 1 has one changed cell at tick 17."""
    path = tmp_path_factory.mktemp("changed") / "changed.db"
    shutil.copy(money_db, path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE agent_snapshots SET utility = 12345 "
            "WHERE run_id = 1 AND tick = 17 AND agent_id = 2"
        )
    connection.close()
    return path


def compared(qtbot, program, *runs):
    """The Compare view, showing (source, run) pairs chosen by place in the Library."""
    program.document.compare(runs)
    program.window.show_view("compare")
    settle(qtbot, program)
    return program.window.area.page("compare").view


def runs_of(program, place=0):
    model = program.window.library.model
    source = program.document.sources[place]
    node = model.node(model.source_index(source))
    return [(source, run.row.run) for run in node.runs()]


def test_without_runs_the_view_says_how_to_choose_some_and_offers_all(qtbot, program, money_db):
    opened(qtbot, program, money_db)
    view = compared(qtbot, program)
    assert "Library" in view.empty.text
    view.empty.triggered.emit()
    settle(qtbot, program)
    assert len(view.runs) == 3
    assert len(view.chart.lines) == 3


def test_where_there_are_no_two_runs_another_source_is_asked_for(qtbot, program, tmp_path):
    path = vmt.create("money", tmp_path / "one.db")
    vmt.insert(path, "simulation_runs", run_id=1, scenario_name="s")
    opened(qtbot, program, path)
    view = compared(qtbot, program)
    assert view.empty.text == "one.db holds one run. Open another source to compare with it."
    assert view.empty.findChild(QPushButton).isHidden()


@pytest.mark.parametrize("title", ["Totals", "Configuration", "Over ticks"])
def test_rows_for_an_export_are_worked_out_by_whoever_exports(
    qtbot, program, money_db, monkeypatch, title
):
    """A view is asked for its rows whenever something changes, on the thread of the window."""
    opened(qtbot, program, money_db)
    view = compared(qtbot, program, *runs_of(program))
    view.turn_to_face(title)
    for name in ("long_rows", "setting_rows", "place_rows"):
        made = getattr(comparisons, name)
        monkeypatch.setattr(
            comparisons, name, lambda *given, made=made: asked.append(1) or made(*given)
        )
    asked: list[int] = []
    frame = view.export_request().frames[0]
    assert not asked
    assert len(frame.rows) > 2
    assert asked == [1]


def test_runs_selected_in_the_library_are_compared_from_their_menu(qtbot, program, money_db):
    opened(qtbot, program, money_db)
    tree = program.window.library.tree
    shown = program.document.run_id
    flags = QItemSelectionModel.SelectionFlag
    model, order = program.window.library.model, program.window.library.order
    source = program.document.source
    for run_id in (2, 3):
        index = order.mapFromSource(model.index_of(source, run_id))
        mode = flags.Select if run_id == 3 else flags.ClearAndSelect
        tree.selectionModel().select(index, mode | flags.Rows)
    assert program.document.run_id == shown
    menu = tree._menu_for(tree._node(index), index)
    action = next(a for a in menu.actions() if a.text() == "Compare these 2 runs")
    action.trigger()
    settle(qtbot, program)
    view = program.window.area.page("compare").view
    assert [run.run_id for run in view.runs] == [2, 3]
    assert program.document.run_id == 2
    menu.deleteLater()


def test_two_recordings_part_where_it_was_planted_and_the_jump_goes_there(
    qtbot, program, money_db, changed_db
):
    opened(qtbot, program, money_db)
    program.open([str(money_db), str(changed_db)])
    qtbot.waitUntil(lambda: len(program.document.sources) == 2, timeout=20_000)
    settle(qtbot, program)
    view = compared(qtbot, program, runs_of(program, 0)[0], runs_of(program, 1)[0])
    assert "part at tick 17 in agent_snapshots (agent 2): utility" in view.parting.said.text()
    assert view.parting.go.text() == "Go to tick 17"
    view.parting.go.click()
    assert program.document.cursor.tick == 17
    assert program.document.selection.agents == (2,)
    assert view.found.settings == ()


def test_one_cursor_for_all_and_a_click_moves_it(qtbot, program, money_db):
    opened(qtbot, program, money_db)
    view = compared(qtbot, program, *runs_of(program)[:2])
    program.document.cursor.move_to(9)
    assert view.chart.cursor_at == 9
    assert view.chart.readout(view.chart.lines[0]) != ""
    view.chart.place_clicked.emit(4.2)
    assert program.document.cursor.tick == 4
    view.bar.panes.setChecked(True)
    assert view.chart.minimumHeight() > 200


def test_many_runs_are_a_band_and_a_table_of_rows(qtbot, program, tmp_path):
    from tests.builders import vmt

    opened(qtbot, program, vmt.build("money_full", tmp_path / "many.db", runs=12, ticks=6))
    view = compared(qtbot, program, *runs_of(program))
    assert (len(view.chart.lines), len(view.chart.bands) > 0) == (0, True)
    assert not view.bar.bands.isEnabled()
    assert view.totals.table.rows.rowCount() == 12
    assert "First difference" not in view.faces()


def test_a_closed_source_takes_its_runs_along(qtbot, program, money_db, changed_db):
    opened(qtbot, program, money_db)
    program.open([str(money_db), str(changed_db)])
    qtbot.waitUntil(lambda: len(program.document.sources) == 2, timeout=20_000)
    settle(qtbot, program)
    view = compared(qtbot, program, runs_of(program, 0)[0], runs_of(program, 1)[0])
    program.session.close(program.document.sources[1])
    settle(qtbot, program)
    assert len(program.document.comparison) == 1
    assert view.export_request() is None


def test_thinned_lines_keep_their_extremes():
    import numpy as np

    x = np.arange(100_000, dtype=float)
    y = np.zeros(100_000)
    y[54_321], y[12_345] = 7, -3
    kept_x, kept_y = thinned(x, y, 0, 99_999, 500)
    assert len(kept_x) <= 2_000
    assert (kept_y.max(), kept_y.min()) == (7, -3)
    assert kept_x[kept_y.argmax()] == 54_321


def test_pictures_of_a_source_with_several_runs_show_a_comparison(
    qtbot, program, money_db, tmp_path
):
    opened(qtbot, program, money_db, "2")
    written = shots.pictures_of(program, program.window.area.page("compare"), tmp_path)
    tabs = ("over-ticks", "totals", "configuration", "seeds", "first-difference")
    assert [path.name for path in written] == [f"window-compare-{tab}.png" for tab in tabs]
    view = program.window.area.page("compare").view
    assert [run.run_id for run in view.runs] == [2, 3]  # the one shown and the next
    assert view.tabs.title() == "First difference"
    assert len({path.read_bytes() for path in written}) == len(written)
    settle(qtbot, program)
