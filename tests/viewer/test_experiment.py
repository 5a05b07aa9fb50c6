"""The view of experiments: convergence, iterations, policies compared, and pairs of runs."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import telemetry
from telemetry.concepts import Iteration, IterationList, Points
from telemetry.queries import IterationsQuery
from tests.builders import bilancio, simcash, vmt
from tests.viewer.programs import opened, settle
from tests.viewer.shown import shown, wait
from vmt_log_viewer.models.convergence import (
    convergence,
    parameter_table,
    parameters_by_agent,
    policy_rows,
)
from vmt_log_viewer.plots.iteration_chart import ChartLine, IterationChart
from vmt_log_viewer.plots.pair_scatter import PairScatter
from vmt_log_viewer.views.experiment import ExperimentView


@pytest.fixture(scope="module")
def payments(tmp_path_factory):
    return simcash.unified(tmp_path_factory.mktemp("experiment") / "u.db")


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment") / "sweep"
    bilancio.write_experiment(folder, pairs=3)
    return folder


@pytest.fixture
def view(qtbot, context, payments):
    with shown(qtbot, context, ExperimentView, payments, simcash.SECOND) as view:
        yield view


def iteration(number, costs, accepted=None, policies=None) -> Iteration:
    known = [c for c in costs.values() if c is not None]
    total = sum(known) if len(known) == len(costs) else None
    return Iteration("e", number, costs, total, accepted or {}, policies or {}, (), {})


def listed(*iterations) -> IterationList:
    return IterationList("e", "cents", iterations)


# What the chart is made of


def test_accepted_so_far_starts_at_the_baseline_and_moves_with_accepted_changes_only():
    found = convergence(
        listed(
            iteration(0, {"A": 100}, {"A": False}),
            iteration(1, {"A": 150}, {"A": False}),
            iteration(2, {"A": 80}, {"A": True}),
            iteration(3, {"A": 90}, {"A": False}),
        ),
        "A",
    )
    assert found.baseline == 100
    assert found.tried == ((0, 100), (1, 150), (2, 80), (3, 90))
    assert found.accepted == ((0, 100), (1, 100), (2, 80), (3, 80))


def test_the_total_moves_with_any_agents_change_and_lacks_what_is_not_recorded():
    found = convergence(
        listed(
            iteration(0, {"A": 1, "B": 2}),
            iteration(1, {"A": 1, "B": None}, {"A": False, "B": False}),
            iteration(2, {"A": 0, "B": 1}, {"A": True, "B": False}),
        )
    )
    assert found.tried == ((0, 3), (2, 1))
    assert found.accepted[-1] == (2, 1)


def test_without_a_mark_nothing_counts_as_accepted():
    assert convergence(listed(iteration(0, {"A": 3}), iteration(1, {"A": 1})), "A").accepted == ()


def test_parameters_that_change_are_offered_with_each_agent_that_has_them():
    evolving = [
        iteration(0, {}, policies={"A": {"x": 1, "same": 5, "on": True}, "B": {"x": 3}}),
        iteration(1, {}, policies={"A": {"x": 0.5, "same": 5, "on": False}, "B": {"x": 3}}),
    ]
    found = parameters_by_agent(evolving)
    assert found == {"x": {"A": ((0, 1.0), (1, 0.5)), "B": ((0, 3.0), (1, 3.0))}}
    columns, rows = parameter_table(evolving, "x")
    assert [c.name for c in columns] == ["iteration", "A", "B"]
    assert rows == ((0, 1.0, 3.0), (1, 0.5, 3.0))


def test_policies_are_compared_by_path_and_null_is_no_absence():
    rows, moods = policy_rows(
        iteration(0, {}, policies={"A": {"x": 1, "gone": None}}),
        iteration(1, {}, policies={"A": {"x": None, "new": "<b>"}}),
    )
    assert sorted(rows) == [
        ("A.gone", "removed", "null", ""),
        ("A.new", "added", "", "<b>"),
        ("A.x", "changed", "1", "null"),
    ]
    assert len(moods) == 2


# The view


def test_the_experiment_and_iteration_of_the_run_are_chosen(view):
    assert view.experiment_id == simcash.EXPERIMENT
    assert [i.iteration for i in view.iterations.chosen()] == [1]
    columns = [c.name for c in view.iterations.table.rows.columns]
    costs = [row[columns.index("total_cost")] for row in view.iterations.table.rows.rows]
    assert costs == [3000, 1001]
    shown_cost = view.iterations.table.rows.index(1, columns.index("total_cost")).data()
    assert shown_cost == "10.01"


def test_accepted_is_solid_over_all_policies_dashed(view):
    lines = {line.name: line for line in view.iterations.chart.lines}
    assert lines["all policies"].dashed
    assert lines["all policies"].places == ((0, 3000), (1, 1001))
    assert not lines["accepted so far"].dashed
    assert view.iterations.chart.baseline == 3000


def test_the_band_of_the_samples_is_that_of_the_source(view, context):
    asked = context.document.source.ask(IterationsQuery(simcash.EXPERIMENT))
    ((number, low, high),) = view.iterations.chart.band
    fields = asked.iterations[number].fields
    assert (low, high) == (fields["bootstrap_low"], fields["bootstrap_high"])
    assert "10.01" in view.iterations.chart.words_at(1)


def test_one_agent_or_each_of_them_can_be_drawn(view):
    page = view.iterations
    page.shows.setCurrentIndex(page.shows.findText("cost of A"))
    assert page.chart.lines[0].places == ((0, 1000), (1, 1))
    page.shows.setCurrentIndex(page.shows.findText("cost of each agent"))
    assert {line.name: line.places for line in page.chart.lines} == {
        "A": ((0, 1000), (1, 1)),
        "B": ((0, 2000), (1, 1000)),
    }


def test_a_parameter_is_drawn_over_iterations_for_each_agent(view):
    page = view.policies
    assert page.parameter.currentText() == "parameters.initial_liquidity_fraction"
    assert {line.name: line.places for line in page.chart.lines} == {
        "A": ((0, 0.5), (1, 0.25)),
        "B": ((0, 0.5), (1, 0.5)),
    }


def test_the_policies_of_two_iterations_are_compared(view):
    page = view.policies
    changed = (("A.parameters.initial_liquidity_fraction", "changed", "0.5", "0.25"),)
    assert page.table.rows.rows == changed
    assert page.compared.text() == "1 difference"
    view.iterations.choose(0)
    assert page.table.rows.rows == ()
    assert "Nothing to compare" in page.compared.text()
    page.chart.iteration_clicked.emit(1)
    assert page.table.rows.rows == changed
    page.before.setCurrentIndex(1)
    page.after.setCurrentIndex(0)
    assert page.table.rows.rows[0][2:] == ("0.25", "0.5")


def test_an_iteration_opens_its_run(view, qtbot, context):
    wanted = []
    context.document.run_wanted.connect(lambda source, run: wanted.append(run.run_id))
    view.iterations.chart.iteration_clicked.emit(0)
    view.iterations.open.click()
    wait(qtbot, view)
    assert wanted == [simcash.INITIAL]
    view.iterations.choose(1)
    wait(qtbot, view)
    rows, columns = view.iterations.runs.rows.rows, view.iterations.runs.rows.columns
    told = {c.name: [row[i] for row in rows] for i, c in enumerate(columns)}
    assert told["run"] == [simcash.SECOND, *simcash.SAMPLES]
    assert told["run_purpose"] == ["evaluation", *["bootstrap"] * 3]
    assert told["sample_index"] == [None, 0, 1, 2]
    assert told["total_cost"][1:] == list(simcash.SAMPLE_COSTS)
    view.iterations.runs.row_opened.emit(2)
    wait(qtbot, view)
    assert wanted[-1] == simcash.SAMPLES[1]


def test_the_program_shows_the_run_that_was_opened_from_here(qtbot, program, payments):
    opened(qtbot, program, payments, simcash.SECOND)
    area = program.window.area
    area.go_to(area.page("experiment"))
    settle(qtbot, program)
    view = area.page("experiment").view
    view.iterations.choose(0)
    view.iterations.open.click()
    qtbot.waitUntil(lambda: program.document.run_id == simcash.INITIAL, timeout=20_000)
    settle(qtbot, program)
    assert [i.iteration for i in view.iterations.chosen()] == [0]


def test_recorded_names_are_text_and_missing_policies_are_said(qtbot, context, tmp_path):
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "simulation_runs", [simcash.run("r1")])
    simcash.insert(
        path, "experiments", [simcash.experiment(experiment_name="<b>x</b>", master_seed=7)]
    )
    rows = simcash.iterations("experiment_id")
    for row in rows:
        row["policies"] = json.dumps({})
    simcash.insert(path, "experiment_iterations", rows)
    with shown(qtbot, context, ExperimentView, path, "r1") as view:
        assert view.list.rows.rows[0][0] == "<b>x</b>"
        assert view._about.textFormat() == Qt.TextFormat.PlainText
        assert "not recorded" in view.policies.compared.text()
        assert not view.iterations.open.isEnabled()
        assert "not recorded" in view.iterations.about_runs.text()


def test_a_source_without_experiments_says_so(qtbot, context, tmp_path):
    path = simcash.create(tmp_path / "u.db", "unified")
    simcash.insert(path, "simulation_runs", [simcash.run("r1")])
    with shown(qtbot, context, ExperimentView, path, "r1") as view:
        assert "No experiments" in view._empty.text
        assert view._empty.isVisible()
        assert view.export_request() is None


def test_families_without_experiments_are_told_so(tmp_path):
    source = telemetry.open_source(vmt.build("money", tmp_path / "m.db", runs=1, ticks=3))
    assert "no experiments" in ExperimentView.unsuitable(source)
    source.close()


# Pairs


@pytest.fixture
def pairs(qtbot, context, sweep):
    with shown(qtbot, context, ExperimentView, sweep, "active_1") as view:
        yield view


def test_pairs_stand_at_their_default_rates_and_follow_the_filters(pairs, qtbot):
    page = pairs.pages.pairs
    assert page.isVisible()
    assert page.scatter.points.total == 3
    columns = page.panel.model.columns
    place = {c.role: i for i, c in enumerate(columns) if c.role}
    for row, key in enumerate(page.scatter.points.key):
        assert page.panel.model.key_at(row) == key
        cell = page.panel.model.cell(row, place["baseline"])
        assert page.scatter.points.x[row] == pytest.approx(float(cell))
    page.panel.filters.set_text("pair", "1")
    wait(qtbot, pairs)
    assert page.scatter.points.total == 1


def test_a_point_leads_to_its_row_and_from_there_to_both_runs(pairs, qtbot, context):
    wanted = []
    context.document.run_wanted.connect(lambda source, run: wanted.append(run.run_id))
    page = pairs.pages.pairs
    page.scatter.point_clicked.emit(page.scatter.points.key[1])
    wait(qtbot, pairs)
    for button in page.buttons:
        button.click()
        wait(qtbot, pairs)
    assert wanted == ["passive_2", "active_2"]


def test_a_click_hits_the_point_under_it(pairs, qtbot):
    scatter = pairs.pages.pairs.scatter
    heard = []
    scatter.point_clicked.connect(heard.append)
    at = scatter.place_of(0).toPoint()
    QTest.mouseClick(scatter, Qt.MouseButton.LeftButton, pos=at)
    assert heard
    QTest.mouseClick(scatter, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert len(heard) == 1


def test_a_narrow_chart_names_all_that_it_draws(qtbot, theme):
    chart = IterationChart(theme)
    qtbot.addWidget(chart)
    chart.resize(260, 220)
    lines = [
        ChartLine(name, ((0, 1.0), (1, 2.0)), theme.color("accent"))
        for name in ("all policies", "mean of samples", "accepted so far")
    ]
    chart.show_lines(lines, str, baseline=1.0, band=((0, 0.5, 1.5),))
    assert not chart.grab().isNull()
    places = chart.legend_places()
    assert len(places) == 5
    assert len({line for line, _ in places}) > 1
    widths = [chart.fontMetrics().horizontalAdvance(name) for name, _, _ in chart.entries()]
    assert all(64 + x + width <= 260 for (_, x), width in zip(places, widths, strict=True))


def test_a_narrow_scatter_names_every_group(qtbot, theme):
    scatter = PairScatter(theme)
    qtbot.addWidget(scatter)
    scatter.resize(260, 260)
    names = ("fewer defaults", "more defaults", "no difference")
    ones = np.ones(3)
    points = Points(ones, ones, names, (1, 2, 3), 3)
    scatter.show_points(points, dict.fromkeys(names, theme.color("accent")), ("x", "y"))
    assert not scatter.grab().isNull()
    places = scatter.legend_places()
    assert len(places) == 3
    assert max(line for line, _ in places) >= 1


def test_a_chart_of_one_iteration_or_of_none_is_no_accident(qtbot, theme):
    chart = IterationChart(theme)
    qtbot.addWidget(chart)
    chart.resize(400, 200)
    chart.show_lines((), str)
    assert not chart.grab().isNull()
    assert chart.nearest(10) is None
    chart.show_lines((ChartLine("a", ((4, 0.0),), theme.color("accent")),), str, baseline=0.0)
    assert not chart.grab().isNull()
    assert chart.nearest(10) == 4
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(200, 80))


def test_what_was_chosen_by_hand_stays_chosen_when_all_is_asked_again(view, qtbot):
    view.iterations.table.selectRow(0)
    view.policies.chart.iteration_clicked.emit(1)
    view.refresh()
    wait(qtbot, view)
    assert [i.iteration for i in view.iterations.chosen()] == [0]
    assert view.policies.after.currentData() == 1


def test_an_experiment_that_has_grown_keeps_the_choice_or_follows_its_end(qtbot, context, tmp_path):
    path = simcash.unified(tmp_path / "u.db")
    more = simcash.iterations("experiment_id")[1] | {"iteration": 2}
    with shown(qtbot, context, ExperimentView, path, simcash.SECOND) as view:
        view.iterations.choose(0)
        simcash.insert(path, "experiment_iterations", [more])
        view.refresh()
        wait(qtbot, view)
        assert view.iterations.numbers() == [0, 1, 2]
        assert [i.iteration for i in view.iterations.chosen()] == [0]
        view.iterations.choose(2)
        simcash.insert(path, "experiment_iterations", [more | {"iteration": 3}])
        view.refresh()
        wait(qtbot, view)
        assert [i.iteration for i in view.iterations.chosen()] == [3]


def test_another_experiment_chosen_in_the_list_stays_when_all_is_asked_again(
    qtbot, context, tmp_path
):
    path = simcash.unified(tmp_path / "u.db")
    other = {"experiment_id": "other-1"}
    simcash.insert(path, "experiments", [simcash.experiment(master_seed=7) | other])
    with shown(qtbot, context, ExperimentView, path, simcash.SECOND) as view:
        row = [r[-1] for r in view.list.rows.rows].index("other-1")
        view.list.selectRow(row)
        wait(qtbot, view)
        assert view.experiment_id == "other-1"
        assert "No iterations are recorded" in view.facts.text()
        assert view.tabs.page is not view.iterations
        view.refresh()
        wait(qtbot, view)
        assert view.experiment_id == "other-1"


def test_another_source_takes_the_place_of_one_that_is_still_being_asked(
    qtbot, context, payments, sweep
):
    with shown(qtbot, context, ExperimentView, sweep, "active_1") as view:
        for page in view.tabs.pages():
            if view.tabs.isTabVisible(view.tabs.indexOf(page)):
                view.tabs.turn_to(page)  # asks, and is not waited for
        other = telemetry.open_source(payments)
        context.document.add_source(other)
        context.document.show_source(other)
        view.show_source(other)
        wait(qtbot, view)
        assert view.experiment_id == simcash.EXPERIMENT
        assert view.pages.pairs is None
        assert set(view.pages.tables) == {"experiment_events", "llm_interactions"}
        context.runner.cancel_all()
        other.close()
