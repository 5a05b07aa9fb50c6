"""One measure's plot: readouts, marks, outliers, log axis, cursor and brush, pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from shiboken6 import delete

from telemetry.concepts import Fan, Lane, Line, Measure, Series, TickRange
from telemetry.errors import ExportError
from vmt_log_viewer.plots.later import Later
from vmt_log_viewer.plots.measure_plot import MeasurePlot
from vmt_log_viewer.plots.picture import png_of, svg_of
from vmt_log_viewer.plots.plot_data import PlotData
from vmt_log_viewer.plots.stage import Shared
from vmt_log_viewer.plots.tick_window import TickWindow
from vmt_log_viewer.state.document import Document

UTILITY = Measure("utility", "Utility", "utils", "Utility", True)
RUN = TickRange(0, 99)


@pytest.fixture
def shared(theme):
    document, window = Document(), TickWindow()
    window.set_whole(RUN)
    document.cursor.reset(RUN, 10)
    return Shared(theme, window, document.cursor, document.selection)


@pytest.fixture
def plot(shared, qtbot):
    """An empty plot, 600 pixels wide."""
    data = PlotData(lambda a: f"agent {a}", lambda a: shared.theme.agent_color(a, a, 4))
    plot = MeasurePlot(UTILITY, shared, data)
    qtbot.addWidget(plot, before_close_func=MeasurePlot.release)
    plot.resize(600, 240)
    plot.show()
    return plot


def test_a_sentence_in_place_of_a_plot_is_as_high_as_its_lines(plot, qtbot):
    plot.say("It is not recorded in this run: it has no rows. " * 4)
    for width in (600, 300):
        plot.resize(width, 300)
        wanted = plot.message.heightForWidth(width)
        qtbot.waitUntil(lambda wanted=wanted: plot.message.height() >= wanted)
        assert plot.maximumHeight() == plot.header.height() + wanted
    plot.say("")
    assert plot.maximumHeight() > 10_000


def test_a_short_title_keeps_its_unit_beside_it(shared, qtbot):
    data = PlotData(str, lambda a: shared.theme.agent_color(a, 0, 1))
    short = MeasurePlot(Measure("d", "Due", "face value", "g", True), shared, data)
    qtbot.addWidget(short, before_close_func=MeasurePlot.release)
    short.resize(600, 200)
    short.show()
    title = short.header.title
    assert title.width() <= title.fontMetrics().horizontalAdvance("Due") + 4


def line(agent: int, values, first: int = 0, mark=None) -> Line:
    found = np.asarray(values, dtype=np.float64)
    return Line(agent, np.arange(first, first + found.size), found, mark)


def series(*lines: Line, step: int = 1, constant: float | None = None) -> Series:
    return Series(UTILITY, lines, step, constant)


def fan(values) -> Fan:
    """A fan whose quantiles lie one below the other around `values`."""
    middle = np.asarray(values, dtype=np.float64)
    names = ("min", "q05", "q25", "median", "q75", "q95", "max")
    quantiles = {name: middle + (i - 3) for i, name in enumerate(names)}
    ticks = np.arange(middle.size)
    return Fan(UTILITY, ticks, quantiles, np.full(middle.size, 15), 1)


def stage_picture(plot: MeasurePlot) -> QImage:
    plot.stage.setUpdatesEnabled(True)  # of plots that are answered together it takes turns
    return plot.stage.grab().toImage()


def has_color(image: QImage, color: QColor, x: int, reach: int = 1) -> bool:
    """Whether something of this hue is in one of the columns around `x`."""
    return any(
        abs(image.pixelColor(column, y).hue() - color.hue()) < 12
        and image.pixelColor(column, y).saturation() > 50
        for column in range(x - reach, x + reach + 1)
        for y in range(image.height())
    )


def darkest(image: QImage, left: int, right: int) -> int:
    return min(
        image.pixelColor(x, y).lightness()
        for x in range(left, right)
        for y in range(image.height())
    )


def x_of(plot: MeasurePlot, tick: float) -> int:
    return int(plot.stage.box.mapViewToScene(QPointF(tick, 0)).x())


def test_a_gap_is_drawn_as_a_gap(plot, shared):
    values = np.ones(100)
    values[40:60] = np.nan
    plot.show_series(series(line(1, values)))
    image, color = stage_picture(plot), plot.data.color_of(1)
    assert has_color(image, color, x_of(plot, 30))
    assert not has_color(image, color, x_of(plot, 50))
    assert has_color(image, color, x_of(plot, 70))


def test_a_spike_of_one_tick_is_seen_in_a_run_of_a_million(plot, shared):
    million = TickRange(0, 999_999)
    shared.cursor.reset(million, 0)
    shared.window.set_whole(million)
    shared.window.fit()
    values = np.zeros(1_000_000)
    values[500_000] = 1.0
    plot.show_series(series(line(1, values)))
    image, color = stage_picture(plot), plot.data.color_of(1)
    middle = image.height() // 2
    found = [
        x
        for x in range(image.width())
        if abs(image.pixelColor(x, middle).hue() - color.hue()) < 10
        and image.pixelColor(x, middle).saturation() > 60
    ]
    assert found
    assert all(abs(x - x_of(plot, 500_000)) <= 2 for x in found)


def test_values_at_the_cursor_are_read_out(plot, shared):
    plot.show_series(series(line(1, np.arange(100.0)), line(3, np.arange(100.0) * 2)))
    assert plot.header.readout.text == "agent 1 10   agent 3 20"
    shared.cursor.move_to(25)
    assert plot.header.readout.text == "agent 1 25   agent 3 50"


def test_a_tick_without_a_value_reads_as_not_recorded(plot, shared):
    plot.show_series(series(line(1, np.arange(50.0), first=20)))
    assert "not recorded" in plot.header.readout.text
    shared.cursor.move_to(20)
    assert plot.header.readout.text == "agent 1 0"


def test_many_agents_are_read_out_as_a_range(plot):
    plot.show_series(series(*(line(a, np.full(100, float(a))) for a in range(9))))
    assert plot.header.readout.text == "9 agents: 0 … 8"


def test_the_fan_reads_out_its_median_and_its_ends(plot):
    plot.show_fan(fan(np.full(100, 7.0)))
    assert plot.header.readout.text == "median 7, 4 … 10 of 15"


def test_two_marks_read_out_the_difference(plot):
    plot.show_series(series(line(1, np.arange(100.0))))
    plot.show_marks(20, 50)
    assert plot.header.readout.text == "agent 1 20 → 50  Δ +30"


def test_outliers_are_counted_and_a_click_shows_them(plot, qtbot):
    values = np.ones(100) + np.linspace(0, 1, 100)
    values[7] = values[8] = values[9] = 1e8
    plot.show_series(series(line(1, values)))
    assert plot.header.beyond.text() == "3 ▲ values beyond this range"
    assert plot.stage.value_scale.value(plot.stage.box.viewRange()[1][1]) < 3
    qtbot.mouseClick(plot.header.beyond, Qt.MouseButton.LeftButton)
    assert plot.stage.value_scale.value(plot.stage.box.viewRange()[1][1]) > 1e8
    assert plot.header.beyond.text() == "all values shown"
    qtbot.mouseClick(plot.header.beyond, Qt.MouseButton.LeftButton)
    assert plot.header.beyond.text() == "3 ▲ values beyond this range"


def test_a_value_that_line_and_fan_both_show_is_one_value_beyond(plot):
    values = np.ones(100)
    values[7] = 1e8
    found = fan(np.ones(100))
    found.quantiles["max"][7] = 1e8
    plot.show_series(series(line(1, values)))
    plot.show_fan(found)
    assert plot.header.beyond.text() == "1 ▲ value beyond this range"


def test_a_log_axis_says_what_it_cannot_show(plot, qtbot):
    values = np.linspace(1, 1e6, 100)
    values[:5] = [0, -1, 0, -2, 0]
    plot.show_series(series(line(1, values)))
    with qtbot.waitSignal(plot.log_changed):
        plot.header.log.click()
    assert plot.header.note.text() == "5 ≤ 0 are not on a log axis"
    _, high = plot.stage.box.viewRange()[1]
    assert 0 < high < 7
    plot.header.log.click()
    assert plot.header.note.text() == ""


def test_infinite_values_are_said(plot):
    values = np.ones(100)
    values[3], values[4] = np.inf, -np.inf
    plot.show_series(series(line(1, values)))
    assert plot.header.note.text() == "2 infinite not drawn"


def test_the_largest_floats_are_drawn_without_a_warning(plot):
    values = np.tile([-1e308, -1.0, 0.0, 1.0, 1e308], 20)
    plot.show_series(series(line(1, values)))
    assert has_color(stage_picture(plot), plot.data.color_of(1), x_of(plot, 50))


def test_a_value_range_chosen_by_hand_stays_until_it_is_given_up(plot, shared):
    plot.show_series(series(line(1, np.arange(100.0))))
    plot.stage.box.setYRange(-5, 500, padding=0)
    plot.stage.box.values_moved.emit()
    shared.window.show(0, 50)
    assert plot.stage.box.viewRange()[1] == [-5, 500]
    plot.fit_values()
    assert plot.stage.box.viewRange()[1][1] < 60


def test_values_are_fitted_to_the_ticks_in_view(plot, shared):
    plot.show_series(series(line(1, np.arange(100.0))))
    shared.window.show(0, 10)
    assert plot.stage.box.viewRange()[1][1] < 12


def test_a_constant_is_a_dashed_line_with_its_value_at_the_end(plot):
    plot.show_series(series(constant=1.5))
    assert [label.text for label in plot.stage.labels.labels] == ["= 1.5"]
    assert plot.header.readout.text == "constant 1.5"
    assert not plot.data.empty
    image = stage_picture(plot)
    assert darkest(image, x_of(plot, 50), x_of(plot, 60)) < 60


def test_lines_are_named_where_they_end(plot):
    plot.show_series(series(line(1, np.arange(100.0)), line(2, np.ones(100))))
    assert [label.text for label in plot.stage.labels.labels] == ["agent 1", "agent 2"]


def test_clamps_are_marked_up_and_down(plot):
    marks = tuple({5: "upper", 9: "lower"}.get(i, "") for i in range(100))
    plot.show_series(series(line(1, np.ones(100), mark=marks)))
    assert plot.stage.marks.count == 2
    image, color = stage_picture(plot), plot.data.color_of(1)
    line_y = int(plot.stage.box.mapViewToScene(QPointF(0, plot.stage.value_scale.height(1))).y())
    assert abs(image.pixelColor(x_of(plot, 5), line_y - 3).hue() - color.hue()) < 12
    assert abs(image.pixelColor(x_of(plot, 9), line_y + 3).hue() - color.hue()) < 12
    assert image.pixelColor(x_of(plot, 50), line_y + 3).saturation() < 40


def test_a_sentence_takes_the_place_of_an_empty_plot(plot):
    plot.say("λ is not recorded in run 3.")
    assert plot.message.isVisible()
    assert not plot.stage.isVisible()
    plot.say("")
    assert plot.stage.isVisible()


def test_text_from_a_database_stays_text(plot):
    plot.say("<b>bold</b>")
    assert plot.message.textFormat() == Qt.TextFormat.PlainText


def test_a_click_moves_the_cursor(plot, shared):
    plot.show_series(series(line(1, np.ones(100))))
    where = QPoint(x_of(plot, 42), 60)
    QTest.mouseClick(plot.stage.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert shared.cursor.tick == 42


def test_the_cursor_line_follows_the_cursor_and_dragging_it_moves_the_cursor(plot, shared):
    shared.cursor.move_to(33)
    assert plot.stage.cursor_line.value() == 33
    moves = []
    shared.cursor.moved.connect(moves.append)
    plot.stage.cursor_line.setValue(50.4)
    plot.stage.cursor_line.sigDragged.emit(plot.stage.cursor_line)
    assert (shared.cursor.tick, plot.stage.cursor_line.value()) == (50, 50)
    assert moves == [50]


def test_the_cursor_line_cannot_leave_the_run(plot, shared):
    plot.stage.cursor_line.setValue(5_000)
    plot.stage.cursor_line.sigDragged.emit(plot.stage.cursor_line)
    assert plot.stage.cursor_line.value() == shared.cursor.tick == 99


def test_the_brush_covers_its_last_tick_and_following_it_tells_nobody(plot, shared):
    heard = []
    shared.selection.brush_changed.connect(heard.append)
    shared.selection.set_brush(TickRange(10, 19))
    assert plot.stage.brush.getRegion() == (10, 20)
    assert heard == [TickRange(10, 19)]
    shared.selection.set_brush(None)
    assert not plot.stage.brush.isVisible()


def test_dragging_an_edge_of_the_brush_changes_it(plot, shared):
    shared.selection.set_brush(TickRange(10, 19))
    edge = plot.stage.brush.lines[1]
    edge.setValue(31.2)
    edge.sigPositionChangeFinished.emit(edge)
    assert shared.selection.brush == TickRange(10, 30)


def test_a_picked_agent_is_the_one_whose_line_is_under_the_mouse(plot, qtbot):
    plot.show_series(series(line(1, np.ones(100)), line(2, np.full(100, 5.0))))
    place = QPointF(30, plot.stage.value_scale.height(5.0))
    where = plot.stage.box.mapViewToScene(place).toPoint()
    with qtbot.waitSignal(plot.agent_picked) as picked:
        QTest.mouseClick(plot.stage.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert picked.args == [2, False]


def test_moving_the_cursor_does_not_paint_the_lines_again(plot, shared, qapp):
    plot.show_series(
        series(*(line(a, np.random.default_rng(a).normal(size=100)) for a in range(9)))
    )
    stage_picture(plot)
    before = plot.stage.canvas.paintings
    for tick in range(20, 40):
        shared.cursor.move_to(tick)
        stage_picture(plot)
    assert plot.stage.canvas.paintings == before


def test_other_ticks_and_other_values_are_painted_once(plot, shared, qapp, qtbot, monkeypatch):
    plot.show_series(series(line(1, np.linspace(0, 1, 100))))
    qtbot.waitUntil(lambda: plot.stage.updatesEnabled() and shared.later.idle())
    painted: list[object] = []
    as_it_is = plot.stage.labels.placed
    monkeypatch.setattr(plot.stage.labels, "placed", lambda: painted.append(1) or as_it_is())

    def by_hand(low: float) -> None:
        plot.stage.box.setYRange(low, 1, padding=0)
        plot.stage.box.values_moved.emit()

    for move in (lambda: shared.window.zoom(0.9, 50), lambda: by_hand(0.2), lambda: by_hand(0.3)):
        for _ in range(3):
            qapp.sendPostedEvents()
            qapp.processEvents()
        painted.clear()
        move()
        for _ in range(3):
            qapp.sendPostedEvents()
            qapp.processEvents()
        assert len(painted) == 1


def test_another_size_is_stretched_at_first_and_painted_in_a_turn_of_its_own(plot, shared, qtbot):
    plot.show_series(series(line(1, np.linspace(0, 1, 100))))
    stage_picture(plot)
    before = plot.stage.canvas.paintings
    plot.resize(plot.width() + 40, plot.height())
    stage_picture(plot)
    assert plot.stage.canvas.paintings == before
    qtbot.waitUntil(shared.later.idle)
    stage_picture(plot)
    assert plot.stage.canvas.paintings == before + 1


def test_pictures_are_painted_one_a_turn_and_not_after_their_owners(qtbot):
    later, done = Later(), []
    first, second, gone = QObject(), QObject(), QObject()
    for owner in (first, second, first, gone):
        later.ask(owner, lambda owner=owner: done.append((owner, len(later._works))))
    delete(gone)
    qtbot.waitUntil(later.idle)
    assert done == [(first, 2), (second, 1)]


def test_a_released_plot_no_longer_follows(plot, shared):
    other = MeasurePlot(UTILITY, shared, plot.data)
    other.release()
    other.deleteLater()
    shared.cursor.move_to(77)
    shared.selection.set_brush(TickRange(1, 2))
    shared.window.show(3, 9)


def test_shading_follows_the_states(plot, shared):
    lane = Lane("mode", "Mode", np.array([0, 50]), np.array([49, 99]), ("forage", "trade"))
    plot.show_shading(lane, lambda s: QColor("red") if s == "forage" else QColor("blue"))
    image = stage_picture(plot)
    left = image.pixelColor(x_of(plot, 25), 20)
    right = image.pixelColor(x_of(plot, 75), 20)
    assert left.red() > left.blue()
    assert right.blue() > right.red()


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_a_plot_is_saved_as_a_picture(plot, shared, tmp_path, kind):
    plot.show_series(series(line(1, np.arange(100.0))))
    path = tmp_path / f"utility.{kind}"
    {"png": png_of, "svg": svg_of}[kind](path, [plot], shared)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    if kind == "png":
        assert QImage(str(path)).width() >= 2 * plot.width()
    else:
        text = path.read_text()
        assert "<svg" in text
        assert "Utility" in text
        assert "<image" not in text  # lines are lines


def test_a_picture_that_cannot_be_written_says_so(plot, shared, tmp_path):
    plot.show_series(series(line(1, np.arange(100.0))))
    with pytest.raises(ExportError, match="missing"):
        png_of(tmp_path / "missing" / "plot.png", [plot], shared)


def test_the_line_under_the_mouse_is_read_out_with_what_is_marked_there(plot):
    marks = tuple("upper" if i == 30 else "" for i in range(100))
    plot.show_series(series(line(1, np.ones(100)), line(2, np.full(100, 5.0), mark=marks)))
    plot.stage.box.hovered.emit(30.3, plot.stage.value_scale.height(5.0))
    assert plot.header.readout.text == "tick 30     agent 2 5 (upper)"
    assert plot.stage.hover.tick == 30
    assert plot.stage.hover.height == plot.stage.value_scale.height(5.0)
    plot.stage.box.hovered.emit(None, 0.0)
    assert plot.header.readout.text == "agent 1 1   agent 2 5"
    assert plot.stage.hover.tick is None


def test_another_plots_mouse_shows_the_tick_but_no_value(plot):
    plot.show_series(series(line(1, np.arange(100.0))))
    plot.show_hover(70)
    assert plot.header.readout.text == "agent 1 70"
    assert (plot.stage.hover.tick, plot.stage.hover.height) == (70, None)


def test_plots_that_are_answered_together_begin_to_be_painted_one_a_turn(shared, qtbot):
    plots = [MeasurePlot(UTILITY, shared, PlotData(str, lambda _: QColor("red"))) for _ in range(3)]
    for plot in plots:
        qtbot.addWidget(plot, before_close_func=MeasurePlot.release)
        plot.show_fan(fan([1.0, 2.0, 3.0]))
    awake = []
    while not shared.later.idle():
        awake.append([plot.stage.updatesEnabled() for plot in plots])
        shared.later._next()
    assert awake == [[n < turn for n in range(3)] for turn in range(3)]
    assert all(plot.stage.updatesEnabled() for plot in plots)
