"""Tables above runs: model interactions and their texts, means, pairs explained, and exports."""

from __future__ import annotations

import csv
import json
import shutil
from contextlib import contextmanager

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest

import telemetry
from telemetry.concepts import Column
from tests.builders import bilancio, simcash
from tests.telemetry.test_means import BY_RUN, write_sweep
from tests.viewer.programs import settle
from tests.viewer.shown import shown, wait
from vmt_log_viewer.background.exporting import Frame, Order
from vmt_log_viewer.exports import Exports
from vmt_log_viewer.plots.diverging import around_zero
from vmt_log_viewer.views.experiment import ExperimentView


@pytest.fixture(scope="module")
def payments(tmp_path_factory):
    """Two experiments: the second one's iterations and interactions must not show in the first."""
    path = simcash.unified(tmp_path_factory.mktemp("tables") / "u.db")
    other = {"experiment_id": "other-1"}
    simcash.insert(path, "experiments", [simcash.experiment(master_seed=7) | other])
    rows = simcash.iterations("experiment_id")
    simcash.insert(path, "experiment_iterations", [row | other for row in rows])
    events = simcash.experiment_events("experiment_id")
    simcash.insert(path, "experiment_events", [
        row | other | {"id": 900 + i} for i, row in enumerate(events)
    ])  # fmt: skip
    return path


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    return write_sweep(tmp_path_factory.mktemp("tables") / "sweep")


@pytest.fixture
def view(qtbot, context, payments):
    with shown(qtbot, context, ExperimentView, payments, simcash.SECOND) as view:
        yield view


@pytest.fixture
def pairs(qtbot, context, sweep):
    with shown(qtbot, context, ExperimentView, sweep, "active_1") as view:
        yield view


def turn(qtbot, view, page):
    view.tabs.turn_to(page)
    wait(qtbot, view)
    return page


def column(page, name):
    model = page.panel.model
    place = model.column_index(name)
    return [model.cell(row, place) for row in range(model.rowCount())]


def written(tmp_path, program, view, format="csv"):
    """What Ctrl+E writes for the view, by file name."""
    order = Order(tmp_path / f"out.{format}", format)
    Exports(program.window).write(view.export_request(), order)
    return order.path


# Interactions with a language model


def test_the_interactions_are_those_of_the_chosen_experiment(view, qtbot):
    page = turn(qtbot, view, view.pages.tables["llm_interactions"])
    assert column(page, "experiment_id") == [simcash.EXPERIMENT]
    assert column(page, "model") == ["some:model"]
    assert column(page, "prompt_tokens") == [3173]
    assert column(page, "latency_seconds") == [91.5]
    assert column(page, "accepted") == [False]
    assert "experiment_id" not in page.panel.view.visible_columns()


def test_a_list_of_interactions_reads_no_prompt(view, qtbot):
    page = turn(qtbot, view, view.pages.tables["llm_interactions"])
    names = page.panel.model.asked.columns
    assert not {"system_prompt", "user_prompt", "raw_response", "parsed_policy"} & set(names)


def test_prompt_and_response_are_read_when_a_row_is_chosen(view, qtbot):
    page = turn(qtbot, view, view.pages.tables["llm_interactions"])
    assert page.texts.text.toPlainText() == ""
    page.panel.step(1)
    wait(qtbot, view)
    assert page.texts.text.toPlainText() == "s" * 20_000
    page.texts.choose("user_prompt")
    assert page.texts.text.toPlainText() == "What now?"
    page.texts.choose("parsed_policy")
    assert json.loads(page.texts.text.toPlainText()) == simcash.policy(0.25)
    assert page.texts.text.toPlainText().count("\n") > 2


def test_what_happened_is_read_as_laid_out_json(view, qtbot):
    page = turn(qtbot, view, view.pages.tables["experiment_events"])
    page.panel.step(1)
    wait(qtbot, view)
    assert json.loads(page.texts.text.toPlainText())["total_cost"] == 3000


def test_a_table_that_a_shape_lacks_is_a_sentence(qtbot, context, tmp_path):
    path = simcash.create(tmp_path / "l.db", "legacy")
    simcash.insert(path, "experiments", [simcash.experiment("run_id")])
    with shown_source(qtbot, context, path) as view:
        page = turn(qtbot, view, view.pages.tables["policy_evaluations"])
        assert "not recorded in this database" in page._empty.text
        assert view.export_request() is None
        empty = turn(qtbot, view, view.pages.tables["llm_interactions"])
        assert "No language model interactions" in empty._empty.text


@contextmanager
def shown_source(qtbot, context, path):
    """The view of a source without a run, its answers arrived."""
    source = telemetry.open_source(path)
    view = ExperimentView(context)
    qtbot.addWidget(view)
    view.resize(1000, 700)
    view.show()
    context.document.add_source(source)
    context.document.show_source(source)
    view.show_source(source)
    wait(qtbot, view)
    try:
        yield view
    finally:
        context.runner.cancel_all()
        source.close()


def test_a_game_shows_its_proposals_prompts_and_seed(qtbot, context, tmp_path):
    path = simcash.create(tmp_path / "g.db", "game")
    at = "2026-03-01T12:00:00"
    simcash.insert(path, "game_sessions", [{
        "game_id": "g1", "scenario_config": "s.yaml", "master_seed": 99, "game_mode": "castro",
        "config_json": "{}", "started_at": at, "status": "completed", "optimized_agents": "[]",
        "total_iterations": 1, "converged": True,
    }])  # fmt: skip
    simcash.insert(path, "policy_iterations", [{
        "game_id": "g1", "agent_id": "A", "iteration_number": 1, "trigger_tick": 0,
        "old_policy_json": '{"x": 1}', "new_policy_json": '{"x": 2}', "old_cost": 200,
        "new_cost": 150, "cost_improvement": 50, "was_accepted": True, "validation_errors": "[]",
        "llm_model": "m", "llm_latency_seconds": 1.5, "tokens_used": 12, "created_at": at,
    }])  # fmt: skip
    with shown_source(qtbot, context, path) as view:
        assert "master seed 99" in view.facts.text()
        assert view.iterations.table.rows.rows[0][:2] == (1, "A")
        page = turn(qtbot, view, view.pages.tables["policy_iterations"])
        page.panel.step(1)
        wait(qtbot, view)
        page.texts.choose("new_policy_json")
        assert json.loads(page.texts.text.toPlainText()) == {"x": 2}
        assert column(page, "was_accepted") == [True]


def test_reason_and_master_seed_are_told_or_not_recorded(view):
    assert "Stability achieved" in view.facts.text()
    assert "master seed 7" in view.facts.text()


# Effects


def test_effects_are_means_of_the_pairs_by_one_parameter_and_by_two(pairs, qtbot):
    page = turn(qtbot, pairs, pairs.pages.effects)
    assert page.means.value.currentText() == "effect"
    assert page.means.chart.means.mean == pytest.approx([0.5 / 3, -0.15])
    page.means.up.setCurrentIndex(page.means.up.findData("mu"))
    wait(qtbot, pairs)
    grid = page.means.map.grid
    assert [str(cell) for cell in grid.across] == ["0.5", "4"]
    assert [str(cell) for cell in grid.up] == ["0.5", "1"]
    assert grid.mean[0] == pytest.approx([0.5 / 3, -0.3])
    assert grid.count.tolist() == [[3, 1], [-1, 1]]
    assert "no row has this combination" in page.means.map.words_at(0, 1)
    assert "rows: 3" in page.means.map.words_at(0, 0)


def test_colours_diverge_around_zero(pairs, qtbot, context):
    page = turn(qtbot, pairs, pairs.pages.effects)
    page.means.up.setCurrentIndex(page.means.up.findData("mu"))
    wait(qtbot, pairs)
    heat, middle = page.means.map, context.theme.color("panel")
    above, below, zero = heat.color_at(0, 0), heat.color_at(1, 0), heat.color_at(1, 1)
    assert above.blue() > above.red()
    assert below.red() > below.blue()
    assert zero == middle
    assert around_zero(-2.0, 1.0, QColor("white")) == around_zero(-1.0, 1.0, QColor("white"))


def test_a_cell_leads_to_its_pairs_and_the_map_stays_whole(pairs, qtbot):
    page = turn(qtbot, pairs, pairs.pages.effects)
    page.means.up.setCurrentIndex(page.means.up.findData("mu"))
    wait(qtbot, pairs)
    at = page.means.map.place_of(1, 0).center().toPoint()
    QTest.mouseClick(page.means.map, Qt.MouseButton.LeftButton, pos=at)
    wait(qtbot, pairs)
    assert pairs.tabs.page is pairs.pages.pairs
    assert column(pairs.pages.pairs, "pair") == [3]
    turn(qtbot, pairs, page)
    assert page.means.map.grid.count.tolist() == [[3, 1], [-1, 1]]
    assert page.means.chart.means.count.tolist() == [3, 2]
    assert "filtered" not in page.means.about.text()
    QTest.mouseClick(page.means.map, Qt.MouseButton.LeftButton, pos=QPoint(1, 1))
    assert pairs.tabs.page is page


def test_other_filters_of_the_pairs_hold_for_the_effects(pairs, qtbot):
    pairs.pages.pairs.panel.filters.set_text("result", "more defaults")
    wait(qtbot, pairs)
    page = turn(qtbot, pairs, pairs.pages.effects)
    assert page.means.chart.means.count.tolist() == [1]
    assert "filtered by result" in page.means.about.text()


def test_the_same_parameter_is_not_taken_twice(pairs, qtbot):
    page = turn(qtbot, pairs, pairs.pages.effects)
    first = page.means.across.currentData()
    page.means.up.setCurrentIndex(page.means.up.findData(first))
    wait(qtbot, pairs)
    assert page.means.up.currentData() not in (None, first)


def test_strategies_have_their_rates_weighted(pairs, qtbot):
    page = turn(qtbot, pairs, pairs.pages.tables["strategy_outcomes"])
    assert page.means.across.currentData() == "strategy"
    assert page.means.value.currentData() == "default_rate"
    assert page.means.map.isHidden()
    assert page.means.chart.means.mean == pytest.approx([0.2, 1.0])
    at = page.means.chart.place_of(1).toPoint()
    QTest.mouseClick(page.means.chart, Qt.MouseButton.LeftButton, pos=at)
    wait(qtbot, pairs)
    assert set(column(page, "strategy")) == {"round_trip"}


def test_rates_that_are_all_0_say_why_where_only_repayments_were_logged(
    pairs, qtbot, context, tmp_path
):
    known = turn(qtbot, pairs, pairs.pages.tables["strategy_outcomes"])
    assert known.means.doubt.isHidden()
    folder = write_sweep(tmp_path / "sweep")
    path = folder / "aggregate" / "strategy_outcomes_by_run.csv"
    repaid = {"run_id": "active_1", "face_no_trade": 100, "default_rate_no_trade": "0.0"}
    bilancio.put_csv(path, BY_RUN, (repaid,))
    with shown(qtbot, context, ExperimentView, folder, "active_1") as view:
        page = turn(qtbot, view, view.pages.tables["strategy_outcomes"])
        assert page.means.doubt.isVisible()
        assert "only repaid obligations were logged" in page.means.doubt.text()
        page.means.value.setCurrentIndex(page.means.value.findText("face"))
        wait(qtbot, view)
        assert page.means.doubt.isHidden()


def test_dealer_usage_has_a_page_and_a_row_opens_its_run(pairs, qtbot, context):
    wanted = []
    context.document.run_wanted.connect(lambda source, run: wanted.append(run.run_id))
    page = turn(qtbot, pairs, pairs.pages.tables["strategy_outcomes"])
    page.panel.row_opened.emit(0)
    wait(qtbot, pairs)
    assert wanted == ["active_1"]
    usage = turn(qtbot, pairs, pairs.pages.tables["dealer_usage"])
    assert column(usage, "dealer_trade_count") == [3]


def test_what_is_said_of_a_pair_has_the_whole_width_also_where_it_is_narrow(pairs, qtbot):
    pairs.resize(560, 420)
    page = turn(qtbot, pairs, pairs.pages.pairs)
    assert page.why.width() >= page.scatter.width()
    assert page._about.text().startswith("dashed: no difference")


def test_a_chosen_pair_is_explained(pairs, qtbot):
    page = pairs.pages.pairs
    assert "Choose a pair" in page.why.text()
    page.scatter.point_clicked.emit(page.scatter.points.key[0])
    wait(qtbot, pairs)
    assert "Pair 1 shows no difference" in page.why.text()
    assert page.why.textFormat() == Qt.TextFormat.PlainText


def test_a_sweep_that_was_never_compared_says_so(qtbot, context, tmp_path):
    folder = bilancio.write_experiment(tmp_path / "s", comparison=False)
    with shown(qtbot, context, ExperimentView, folder, "active_1") as view:
        assert view.tabs.page is view.pages.pairs
        assert "No pairs of runs are recorded" in view.pages.pairs._empty.text
        assert view.export_request() is None


def test_a_sweep_without_any_run_is_shown_all_the_same(qtbot, context, tmp_path):
    folder = write_sweep(tmp_path / "s")
    for arm in ("active", "passive"):
        shutil.rmtree(folder / arm / "runs")
        (folder / arm / "registry" / "experiments.csv").unlink()
    with shown_source(qtbot, context, folder) as view:
        assert view.pages.pairs.scatter.points.total == 6
        page = turn(qtbot, view, view.pages.effects)
        assert page.means.chart.means.count.tolist() == [3, 2]


# Exports


def test_the_iterations_written_are_those_of_the_chosen_experiment(view, qtbot, program, tmp_path):
    program.document.show_source(view.context.document.source)
    path = written(tmp_path, program, view)
    settle(qtbot, program)
    with open(path.with_name("out-iterations.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["iteration"] for row in rows] == ["0", "1"]
    assert [row["total_cost"] for row in rows] == ["3000", "1001"]
    assert [row["total_cost_units"] for row in rows] == ["30.00", "10.01"]
    with open(path.with_name("out-runs.csv"), newline="", encoding="utf-8") as file:
        assert [r["run"] for r in csv.DictReader(file)] == [simcash.SECOND, *simcash.SAMPLES]


def test_means_are_written_with_their_rows_and_drawn_as_vectors(pairs, qtbot, program, tmp_path):
    program.document.show_source(pairs.context.document.source)
    turn(qtbot, pairs, pairs.pages.effects)
    path = written(tmp_path, program, pairs)
    settle(qtbot, program)
    text = path.with_name("out-trading_effect-by-kappa.csv").read_text("utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert [(r["kappa"], r["n"]) for r in rows] == [("0.5", "3"), ("4", "2")]
    request = pairs.export_request()
    request.pictures["svg"](tmp_path / "m.svg")
    assert "<svg" in (tmp_path / "m.svg").read_text("utf-8")
    assert "<image" not in (tmp_path / "m.svg").read_text("utf-8")
    request.pictures["png"](tmp_path / "m.png")
    assert (tmp_path / "m.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_is_written_as_filtered_and_of_the_chosen_experiment(view, qtbot):
    turn(qtbot, view, view.pages.tables["llm_interactions"])
    (query,) = view.export_request().queries
    assert query.table == "llm_interactions"
    assert [str(f) for f in query.where.filters] == [f"experiment_id={simcash.EXPERIMENT}"]


def test_money_of_a_frame_has_its_units_beside_it():
    frame = Frame("x", (Column("cost", "cost", "int", unit="cents"),), ((1001,), (None,)))
    both = frame.with_units()
    assert [c.name for c in both.columns] == ["cost", "cost_units"]
    assert [[str(cell) for cell in row] for row in both.rows] == [["1001", "10.01"], ["None"] * 2]
