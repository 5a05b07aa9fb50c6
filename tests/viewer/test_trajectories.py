"""The trajectories of runs whose rows are known."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt

from telemetry.concepts import TickRange
from telemetry.queries import SeriesQuery
from tests.builders import vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.background.exporting import Order, write_queries
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.views.trajectories import TrajectoriesView


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trajectories")
    return vmt.build("money_full", folder / "m.db", ticks=60, agents=4)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """A run of twenty agents."""
    folder = tmp_path_factory.mktemp("crowd")
    return vmt.build("money", folder / "crowd.db", runs=1, ticks=20, agents=20)


@pytest.fixture
def view(qtbot, context, database):
    with shown(qtbot, context, TrajectoriesView, database) as view:
        yield view


@pytest.fixture
def crowded(qtbot, context, crowd):
    with shown(qtbot, context, TrajectoriesView, crowd) as view:
        yield view


def test_a_run_opens_with_the_measures_its_kind_starts_with(view):
    assert list(view.stack.plots) == [
        "lambda_money",
        "inventory_A",
        "inventory_B",
        "inventory_M",
        "utility",
    ]
    assert view.bar.measures_button.text() == "Measures 5"


def test_few_agents_are_drawn_as_lines_and_hold_what_sql_says(view, database):
    lines = view.stack.plots["utility"].data.lines
    assert [line.agent_id for line in lines] == [0, 1, 2, 3]
    for line in lines:
        rows = vmt.query(
            database,
            "select tick, utility from agent_snapshots where run_id=1 and agent_id=? order by tick",
            line.agent_id,
        )
        assert line.tick.tolist() == [tick for tick, _ in rows]
        np.testing.assert_array_equal(line.value, [value for _, value in rows])
    assert view.stack.plots["utility"].data.fan is None


def test_many_agents_open_as_a_fan_without_lines(crowded):
    data = crowded.stack.plots["utility"].data
    assert crowded.feed.style == "both"
    assert data.lines == ()
    assert int(data.fan.count[0]) == 20


def test_chosen_agents_are_drawn_over_the_fan(crowded, context, qtbot):
    context.document.selection.set_agents([0, 17])
    wait(qtbot, crowded)
    data = crowded.stack.plots["utility"].data
    assert [line.agent_id for line in data.lines] == [0, 17]
    assert data.fan is not None
    assert crowded.bar.agents_button.text() == "Agents 2 of 20"


def test_lines_of_all_agents_serve_a_choice_without_asking_again(view, context, runner):
    context.document.selection.set_agents([2])
    assert not runner.pending("trajectories.lines")
    assert [line.agent_id for line in view.stack.plots["utility"].data.lines] == [2]
    context.document.selection.set_agents([])
    assert len(view.stack.plots["utility"].data.lines) == 4


def test_a_check_box_of_the_chooser_chooses_the_agent_everywhere(view, context):
    heard = []
    context.document.selection.agents_changed.connect(heard.append)
    rows = view.bar.agents.rows
    rows.setData(rows.index(0, 0), Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert context.document.selection.agents == (0,)
    assert heard == [(0,)]


def test_a_choice_made_elsewhere_shows_in_the_chooser_and_is_not_told_again(view, context):
    heard = []
    context.document.selection.agents_changed.connect(heard.append)
    context.document.selection.set_agents([1, 3])
    assert view.bar.agents.chosen == (1, 3)
    assert heard == [(1, 3)]


def test_all_and_none_act_on_the_agents_that_were_searched_for(crowded, context):
    chooser = crowded.bar.agents
    chooser.search.setText("agent 1")
    chooser.all.click()
    assert context.document.selection.agents == (1, *range(10, 20))
    chooser.search.setText("agent 15")
    chooser.none.click()
    assert 15 not in context.document.selection.agents
    assert len(context.document.selection.agents) == 10


def test_fan_and_both_and_lines_can_be_chosen(view, qtbot):
    view.bar.styles["fan"].click()
    wait(qtbot, view)
    data = view.stack.plots["utility"].data
    assert data.lines == ()
    assert data.fan is not None
    view.bar.styles["both"].click()
    wait(qtbot, view)
    assert len(data.lines) == 4
    assert data.fan is not None
    view.bar.styles["lines"].click()
    wait(qtbot, view)
    assert data.fan is None


def test_measures_are_chosen_and_remembered(view, context, qtbot):
    kept = view.stack.plots["utility"]
    view.bar.measures.choose(["utility", "p_min"])
    wait(qtbot, view)
    assert list(view.stack.plots) == ["utility", "p_min"]
    assert view.stack.plots["utility"] is kept
    assert context.settings.get("trajectories.measures") == ["utility", "p_min"]


def test_a_changed_choice_of_measures_can_be_taken_back(view, context, qtbot):
    before = list(view.stack.plots)
    view.stack.plots["utility"].close_wanted.emit()
    wait(qtbot, view)
    assert "utility" not in view.stack.plots
    context.document.history.undo()
    wait(qtbot, view)
    assert list(view.stack.plots) == before


def test_without_measures_the_view_offers_to_choose_some(view):
    view.choose_measures(())
    assert view.nothing.isVisible()
    assert view.nothing.text == "No measure is chosen."


def test_a_measure_that_this_database_lacks_is_greyed_with_the_reason(qtbot, context, tmp_path):
    path = vmt.build("legacy", tmp_path / "legacy.db", ticks=10)
    with shown(qtbot, context, TrajectoriesView, path) as view:
        item = view.bar.measures._items["lambda_money"]
        assert item.isDisabled()
        assert "not recorded" in item.text(0)
        assert "lambda_money" in item.toolTip(0)
        assert "lambda_money" not in view.stack.plots
        view.bar.measures.choose(["lambda_money", "utility"])
        assert view.bar.measures.chosen == ("utility",)


def test_a_measure_that_the_run_left_empty_says_so_or_shows_its_constant(crowded):
    plot = crowded.stack.plots["lambda_money"]
    if plot.data.constant is None:
        assert "not recorded" in plot.message.text()
        assert not plot.stage.isVisible()
    else:
        assert plot.message.text() == ""
        assert plot.stage.constant.value == plot.data.constant


def test_a_sentence_beside_the_plots_leaves_them_their_share_of_the_height(crowded, qtbot):
    crowded.resize(1000, 800)
    assert crowded.stack.plots["inventory_M"].message.isVisible()
    qtbot.waitUntil(lambda: crowded.stack.area.verticalScrollBar().maximum() == 0)
    heights = {p.height() for p in crowded.stack.plots.values() if not p.message.text()}
    assert max(heights) - min(heights) <= 1


def test_the_cursor_is_one_for_all_plots_and_the_outside(view, context):
    heard = []
    context.document.cursor.moved.connect(heard.append)
    context.document.cursor.move_to(31)
    assert {plot.stage.cursor_line.value() for plot in view.stack.plots.values()} == {31}
    line = view.stack.plots["utility"].stage.cursor_line
    line.setValue(12.0)
    line.sigDragged.emit(line)
    assert {plot.stage.cursor_line.value() for plot in view.stack.plots.values()} == {12}
    assert heard == [31, 12]


def test_a_brush_limits_the_ticks_in_view_and_clearing_it_shows_all(view, context):
    context.document.selection.set_brush(TickRange(10, 19))
    assert view.window_of_ticks.ticks == TickRange(10, 19)
    for plot in view.stack.plots.values():
        assert plot.stage.box.viewRange()[0] == [10, 20]
    context.document.selection.set_brush(None)
    assert view.window_of_ticks.shows_all


def test_the_plots_share_one_tick_axis(view):
    view.window_of_ticks.zoom(0.5, 30)
    ranges = {tuple(plot.stage.box.viewRange()[0]) for plot in view.stack.plots.values()}
    assert ranges == {(15.0, 45.0)}


def test_fitting_returns_to_the_brush_or_to_everything(view, context):
    context.document.selection.set_brush(TickRange(10, 19))
    view.window_of_ticks.fit()
    view.fit()
    assert view.window_of_ticks.ticks == TickRange(10, 19)


def test_modes_are_shaded_and_shading_can_be_turned_off(view, context, qtbot):
    plot = view.stack.plots["utility"]
    assert set(plot.stage.shading.lane.state) == {"forage", "trade"}
    view.choose_shading("none")
    assert plot.stage.shading.lane is None
    assert context.settings.get("trajectories.shading") == "none"


def test_a_lane_that_never_changes_is_not_shaded_but_said(view):
    view.choose_shading("regime")
    assert view.stack.plots["utility"].stage.shading.lane is None
    assert "always mixed" in view.bar.shading.text()


def test_marks_give_differences_in_every_plot(view):
    view.bar.marks.click()
    assert "A 15  B 45  30 ticks apart" in view.bar.marks_text.text()
    assert "→" in view.stack.plots["utility"].header.readout.text
    view.stack.plots["utility"].stage.mark_moved.emit("A", 20)
    assert "A 20  B 45" in view.bar.marks_text.text()
    view.bar.marks.click()
    assert "→" not in view.stack.plots["utility"].header.readout.text


def test_a_picked_agent_is_inspected_and_added_with_control(view, context):
    heard = []
    context.document.selection.item_selected.connect(heard.append)
    view.stack.plots["utility"].agent_picked.emit(2, False)
    assert heard == [AgentItem(2)]
    assert context.document.selection.agents == ()
    view.stack.plots["utility"].agent_picked.emit(0, True)
    assert context.document.selection.agents == (0,)


def test_the_export_is_exactly_what_is_in_view(view, context, tmp_path):
    view.choose_measures(("utility",))
    context.document.selection.set_agents([3])
    context.document.selection.set_brush(TickRange(10, 19))
    request = view.export_request()
    assert request.queries == (SeriesQuery(1, "utility", (3,), TickRange(10, 19)),)
    path = tmp_path / "out.csv"
    from telemetry.cancel import CancelToken

    write_queries(context.document.source, request.queries, Order(path, "csv"), CancelToken())
    lines = path.read_text().splitlines()
    assert len(lines) == 11
    assert lines[1].startswith("3,10,")


def test_the_export_of_a_fan_is_the_values_it_stands_on(crowded):
    request = crowded.export_request()
    assert request.queries[0] == SeriesQuery(1, "lambda_money", None, None)
    assert set(request.pictures) == {"png", "svg"}


def test_another_run_starts_afresh(view, context, database, qtbot):
    from telemetry.queries import RunQuery

    source = context.document.source
    context.document.selection.set_agents([1])
    context.document.show_run(source, source.ask(RunQuery(2)).run)
    view.show_run(source, 2)
    wait(qtbot, view)
    rows = vmt.query(
        database, "select utility from agent_snapshots where run_id=2 and agent_id=0 order by tick"
    )
    line = view.stack.plots["utility"].data.lines[0]
    np.testing.assert_array_equal(line.value, [value for (value,) in rows])


def test_refreshing_shows_what_was_written_meanwhile(qtbot, context, tmp_path):
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=10, agents=2)
    with shown(qtbot, context, TrajectoriesView, path) as view:
        vmt.insert(path, "agent_snapshots", run_id=1, tick=10, agent_id=0, x=0, y=0,
                   inventory_A=1, inventory_B=1, utility=77.5)  # fmt: skip
        context.document.cursor.set_bounds(TickRange(0, 10))
        view.refresh()
        wait(qtbot, view)
        assert view.stack.plots["utility"].data.lines[0].value[-1] == 77.5
        assert view.window_of_ticks.ticks == TickRange(0, 10)


def test_a_run_without_agents_says_why_each_plot_is_empty(qtbot, context, tmp_path):
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=0)
    with shown(qtbot, context, TrajectoriesView, path) as view:
        for name, plot in view.stack.plots.items():
            constant = name == "lambda_money"  # which the configuration still fixes
            assert ("recorded" in plot.message.text()) != constant


def test_both_themes_paint_without_leaving_old_colours(view, theme):
    light = view.stack.plots["utility"].stage.grab().toImage().pixelColor(300, 6)
    theme.choose("dark")
    for _ in view.dress():
        pass
    dark = view.stack.plots["utility"].stage.grab().toImage().pixelColor(300, 6)
    assert light.lightness() > 150 > 100 > dark.lightness()


def test_a_thinned_fan_is_read_again_for_the_ticks_in_view(crowded, qtbot, monkeypatch):
    from vmt_log_viewer.views import trajectories_feed

    monkeypatch.setattr(trajectories_feed, "MAX_TICKS", 5)
    crowded.refresh()
    wait(qtbot, crowded)
    data = crowded.stack.plots["utility"].data
    assert data.fan.tick.size == 5
    assert data.thinning != ()
    crowded.window_of_ticks.show(8, 12)
    assert not crowded.settled()
    wait(qtbot, crowded)
    assert data.fan.tick.tolist() == [8, 9, 10, 11]
    crowded.window_of_ticks.fit()
    wait(qtbot, crowded)
    assert data.fan.tick.size == 5


def test_behind_a_thinned_fan_come_the_extremes_of_every_tick(crowded, qtbot, monkeypatch):
    from vmt_log_viewer.views import trajectories_feed

    monkeypatch.setattr(trajectories_feed, "MAX_TICKS", 5)
    crowded.refresh()
    wait(qtbot, crowded)
    data = crowded.stack.plots["utility"].data
    source, run = crowded._source, crowded._run_id
    series = source.ask(SeriesQuery(run, "utility"))
    for i, tick in enumerate(data.band.tick.tolist()):
        values = [v for x in series.lines for v in x.value[x.tick == tick] if v == v]
        assert (data.band.low[i], data.band.high[i]) == (min(values), max(values))
    assert data.band.tick.size > data.fan.tick.size
    assert [note for note in data.notes if "not read" in note] == []
    assert any("lowest, mean and highest at all" in note for note in data.notes)
    between = next(t for t in data.band.tick.tolist() if t not in data.fan.tick.tolist())
    assert data.readout(between)[0][0].startswith("mean ")
    crowded.choose_style("lines")
    assert data.band is None
    crowded.choose_style("fan")
    crowded.refresh()
    qtbot.waitUntil(lambda: crowded.feed.bands._asking is not None or data.band is not None)
    crowded.hide()
    assert not crowded.context.runner.pending("trajectories.band")


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "run", "measure"),
    [
        ("money_full", 2, "lambda_money"),
        ("money_full", 2, "ask_B_in_M"),
        ("legacy", 1, "inventory_A"),
        ("mode", 1, "utility"),
        ("money_p2", 1, "inventory_B"),
        ("money", 8, "bid_A_in_B"),
        ("head_decimal", 1, "inventory_A"),
    ],
)
def test_real_runs_are_drawn_as_sql_has_them(
    qtbot, context, shared_data, tmp_path, name, run, measure
):
    path = tmp_path / f"{name}.db"
    path.write_bytes((shared_data / "vmt" / f"{name}.db").read_bytes())
    if name == "head_decimal":
        (run,) = vmt.query(path, "select min(run_id) from agent_snapshots")[0]
    with shown(qtbot, context, TrajectoriesView, path, run) as view:
        view.choose_style("lines")
        view.choose_measures((measure,))
        wait(qtbot, view)
        plot = view.stack.plots[measure]
        line = plot.data.lines[0]
        rows = vmt.query(
            path,
            f"select tick, {measure} from agent_snapshots where run_id=? and agent_id=?"
            " order by tick",
            run,
            line.agent_id,
        )
        scale = 10_000 if name == "head_decimal" else 1
        assert line.tick.tolist() == [tick for tick, _ in rows]
        values = [np.nan if value is None else value / scale for _, value in rows]
        np.testing.assert_array_equal(line.value, values)
        assert not plot.stage.grab().isNull()
