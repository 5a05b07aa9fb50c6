"""Every table of a run that has no view of its own: chosen, counted, filtered, summed up."""

from __future__ import annotations

from PySide6.QtCore import Qt

import telemetry
from tests.builders import moltmarket, simcash, vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.views.tables import TablesView, tables_of


def listed(view) -> list[str]:
    return [view.list.item(row).text() for row in range(view.list.count())]


def named(view) -> list[str]:
    return [view.list.item(r).data(Qt.ItemDataRole.UserRole) for r in range(view.list.count())]


def test_tables_without_a_view_of_their_own_are_listed_with_their_rows(qtbot, context, tmp_path):
    with shown(qtbot, context, TablesView, simcash.unified(tmp_path / "u.db"), simcash.ALONE) as v:
        names = named(v)
        assert {"policy_decisions", "lsm_cycles", "daily_agent_metrics", "costs"} <= set(names)
        assert not {"transactions", "unsettled", "simulation_events", "runs"} & set(names)
        assert not {"experiments", "experiment_iterations"} & set(names)
        costs = next(text for text in listed(v) if text.startswith("Costs"))
        assert costs.split() == ["Costs", "18"]
        empty = [v._counts[name] == 0 for name in names]
        assert empty == sorted(empty)


def test_choosing_a_table_shows_its_rows_and_forgets_the_filters(qtbot, context, tmp_path):
    with shown(qtbot, context, TablesView, simcash.unified(tmp_path / "u.db"), simcash.ALONE) as v:
        v.choose("costs")
        wait(qtbot, v)
        assert v.panel.model.total == 18
        v.panel.filters.set_text("cost", ">1")
        wait(qtbot, v)
        assert v.panel.model.total == 2
        v.list.setCurrentRow(named(v).index("tick_agent_states"))
        wait(qtbot, v)
        assert v.panel.table.name == "tick_agent_states"
        assert v.panel.filters.texts == {}
        assert v.panel.model.total == v._counts["tick_agent_states"]


def test_other_columns_are_painted_in_a_turn_after_that_in_which_they_came(
    qtbot, context, tmp_path
):
    with shown(qtbot, context, TablesView, simcash.unified(tmp_path / "u.db"), simcash.ALONE) as v:
        waits: list[bool] = []
        v.panel.model.columns_changed.connect(lambda: waits.append(v.panel.updatesEnabled()))
        v.choose("costs")
        wait(qtbot, v)
        assert waits == [False]
        qtbot.waitUntil(v.panel.updatesEnabled)


def test_the_table_chosen_last_is_shown_for_the_next_run_of_the_family(qtbot, context, tmp_path):
    path = simcash.unified(tmp_path / "u.db")
    with shown(qtbot, context, TablesView, path, simcash.ALONE) as view:
        view.choose("costs")
        wait(qtbot, view)
    with shown(qtbot, context, TablesView, path, simcash.ALONE) as view:
        assert view.panel.table.name == "costs"


def test_the_grid_economies_other_tables_are_shown_too(qtbot, context, tmp_path):
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=5)
    with shown(qtbot, context, TablesView, path) as view:
        assert "tick_states" in named(view)
        assert view.export_request() is not None
        view.clear()
        assert view.list.count() == 0


def test_a_source_whose_tables_all_have_views_is_told_so(tmp_path):
    log = moltmarket.write_log(tmp_path / "events.jsonl", moltmarket.small_market())
    source = telemetry.open_source(log)
    assert [table.name for table in tables_of(source)] == ["orders", "agents"]
    assert TablesView.unsuitable(source) is None
    source.close()
