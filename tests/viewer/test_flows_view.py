"""The Flows view: an edge leads to its rows, the brush limits it, many agents share a place."""

from __future__ import annotations

import sqlite3
from itertools import combinations

import pytest

from telemetry.concepts import Agent, TickRange
from tests.builders import bilancio, vmt
from tests.viewer.programs import opened, settle
from tests.viewer.shown import shown, wait
from vmt_log_viewer.state.choices import Choices
from vmt_log_viewer.views.flows import FlowsView


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Agent 0 sells A to 1 for money in ticks 1 to 3, and 1 sells on to 70 at tick 5."""
    path = vmt.build("money_full", tmp_path_factory.mktemp("flows") / "m.db", runs=1, ticks=10)
    trades = [(tick, 1, 0, 2) for tick in (1, 2, 3)] + [(5, 70, 1, 4)]
    trades += [(7, buyer, 0, 1) for buyer in range(2, 70)]
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DELETE FROM trades")
        connection.executemany(
            "INSERT INTO trades (run_id, tick, x, y, buyer_id, seller_id, dA, dB, dM, price, "
            "direction) VALUES (1, ?, 0, 0, ?, ?, ?, 0, 10, 5, '')",
            trades,
        )
    connection.close()
    return path


def test_an_edge_of_the_matrix_leads_to_its_trades_and_back(qtbot, program, database):
    opened(qtbot, program, database)
    program.window.show_view("flows")
    settle(qtbot, program)
    view = program.window.area.current
    members = view.matrix.members
    view.grid.edge_clicked.emit(members.index(0), members.index(1))
    assert "0 gave 1 6 A in 3 rows" in view.told.text()
    assert program.document.selection.agents == (0, 1)
    assert view.circle.chosen == (members.index(0), members.index(1))
    view.go.click()
    settle(qtbot, program)
    trades = program.window.area.current
    assert trades.name == "trades"
    assert trades.panel.filters.texts["buyer_id"] == "1"
    qtbot.waitUntil(lambda: trades.panel.model.rowCount() == 3, timeout=10_000)
    assert program.document.history.undo_text == "show rows of Trades"
    program.document.history.undo()
    assert program.window.area.current is view
    assert trades.panel.filters.texts == {}


def test_more_agents_than_have_room_share_a_place_and_it_is_said(qtbot, context, database):
    with shown(qtbot, context, FlowsView, database) as view:
        assert view.matrix.names[-1] == "others (11)"
        assert "the other 11 share one" in view.about.text()
        assert view.matrix.amount.sum() == 78
        assert len(view.circle.arcs) == 61
        names = view.circle.names_shown()
        assert names[60][1] == "others (11)"
        places = [where for where, _ in names.values()]
        assert not any(a.intersects(b) for a, b in combinations(places, 2))
        assert 3 < len(names) < 61
        place = len(view.matrix.members) - 1
        view.circle.edge_clicked.emit(0, place)
        assert view.go.isHidden()
        assert "gave others (11)" in view.told.text()


def test_the_brush_limits_it_and_who_passes_on_is_listed(qtbot, context, database):
    with shown(qtbot, context, FlowsView, database) as view:
        assert view.agents.rows.rows[0][:4] == ("1", 6, 4, 4)
        context.document.selection.set_brush(TickRange(2, 5))
        wait(qtbot, view)
        assert [row[:3] for row in view.table.rows.rows] == [("0", "1", 4), ("1", "70", 4)]
        context.document.selection.set_brush(TickRange(8, 9))
        wait(qtbot, view)
        assert "Nothing of Good A changed hands in ticks 8~9" in view.empty.text


def test_money_has_a_velocity_and_choices_are_undone_and_saved(qtbot, context, database, tmp_path):
    with shown(qtbot, context, FlowsView, database) as view:
        assert view.velocity.isHidden()
        view.bar.lists["good"].setCurrentIndex(2)
        view.bar.lists["good"].activated.emit(2)
        wait(qtbot, view)
        assert "velocity" in view.velocity.text()
        view.bar.switches["rows"].click()
        view.turn_to_face("Circle")
        kept = view.state()
        request = view.export_request()
        assert len(request.frames[0].rows) == 70
        request.pictures["svg"](tmp_path / "circle.svg")
        drawn = (tmp_path / "circle.svg").read_text()
        assert drawn.count("<path") > 70  # ribbons and arcs, no picture of them
        assert "<image" not in drawn
        context.document.history.undo()
        context.document.history.undo()
        wait(qtbot, view)
        assert (view.choices.good, view.choices.rows) == ("A", False)
        choices = Choices(kept, view.title)
        view.restore(choices)
        wait(qtbot, view)
        assert (choices.problem, view.state(), view.flows.good.name) == ("", kept, "M")


def test_names_that_come_late_get_the_room_of_names_not_of_ids(qtbot, context, database):
    with shown(qtbot, context, FlowsView, database) as view:
        tables = (view.table, view.agents)
        before = [table.columnWidth(0) for table in tables]
        view._take_names((Agent(0, "0" * 12, None, None, None),))
        after = [table.columnWidth(0) for table in tables]
        assert all(wide > than for wide, than in zip(after, before, strict=True))


def test_an_edge_of_a_table_without_a_view_of_its_own_is_seen_among_tables(
    qtbot, program, tmp_path
):
    ring = bilancio.write_experiment(tmp_path / "ring")
    opened(qtbot, program, ring)
    program.window.show_view("flows")
    settle(qtbot, program)
    program.document.rows_wanted.emit("obligations", {"outcome": "repaid"})
    settle(qtbot, program)
    qtbot.waitUntil(lambda: program.window.area.current is not None, timeout=10_000)
    tables = program.window.area.current
    qtbot.waitUntil(lambda: tables.panel.table is not None, timeout=10_000)
    assert (tables.name, tables.chosen) == ("tables", "obligations")
    assert tables.panel.filters.texts == {"outcome": "repaid"}
