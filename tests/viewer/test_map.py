"""The map: what lies where, which colour means what, and what a click does."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QImage, QPainter

from telemetry.concepts import AgentMark, Scene, TradeMark
from telemetry.errors import ExportError
from telemetry.frozen import replace
from tests.builders import vmt
from tests.viewer.programs import opened, settle
from tests.viewer.shown import shown, wait
from vmt_log_viewer.state.items import AgentItem
from vmt_log_viewer.views.agents_map import MapView
from vmt_log_viewer.widgets.color_scale import ColorScale
from vmt_log_viewer.widgets.disc_sheet import DiscSheet
from vmt_log_viewer.widgets.grid_canvas import GridCanvas
from vmt_log_viewer.widgets.grid_layout import GridLayout
from vmt_log_viewer.widgets.grid_painter import GridPainter, Looks
from vmt_log_viewer.widgets.trade_arrows import SWARM, TradeArrows


def scene(*places, width=10, height=5):
    agents = tuple(AgentMark(i, x, y, None, None, math.nan) for i, (x, y) in enumerate(places))
    return Scene(0, width, height, agents, (), None, ())


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return vmt.build("money_full", tmp_path_factory.mktemp("map") / "m.db", ticks=30, agents=4)


@pytest.fixture
def view(qtbot, context, database):
    with shown(qtbot, context, MapView, database) as view:
        yield view


def test_cells_are_squares_and_row_0_is_at_the_top():
    layout = GridLayout(scene((0, 0), (9, 4)), QRectF(0, 0, 1000, 300))
    assert layout.grid.width() == pytest.approx(2 * layout.grid.height())
    first, last = layout.center(0, 0), layout.center(9, 4)
    assert first.y() < last.y()
    assert first.x() < last.x()
    assert layout.cell_at(first) == (0, 0)
    assert layout.cell_at(last) == (9, 4)


def test_agents_of_one_cell_stand_side_by_side():
    layout = GridLayout(scene((3, 3), (3, 3), (3, 3)), QRectF(0, 0, 600, 400))
    centers = {(s.center.x(), s.center.y()) for s in layout.spots}
    assert len(centers) == 3
    for spot in layout.spots:
        assert layout.cell_at(spot.center) == (3, 3)
        assert layout.spot_at(spot.center) is spot


def test_a_crowd_is_one_disc_that_stands_for_all_of_them():
    layout = GridLayout(scene(*[(1, 1)] * 30), QRectF(0, 0, 600, 400))
    (spot,) = layout.spots
    assert len(spot.agents) == 30
    assert layout.spot_of(29) is spot


def test_every_agent_stands_where_its_spot_is_and_every_spot_is_the_same_each_time():
    cells = [(0, 0), (2, 1), (2, 1), (4, 4), *[(5, 2)] * 12]
    layout = GridLayout(scene(*cells), QRectF(0, 0, 900, 500))
    assert layout.own.tolist() == [0, 3]
    assert [spot.crowd for spot in layout.spots] == [False, False, False, False, True]
    assert layout.crowd.tolist() == [False, False, False, False, True]
    assert [s is t for s, t in zip(layout.spots, layout.spots, strict=True)] == [True] * 5
    for agent, at in enumerate(layout.at.tolist()):
        spot = layout.spot_of(agent)
        assert at == pytest.approx(spot.center.toTuple())
        assert layout.spot_at(spot.center) is spot
    places = [(s.center.x(), s.center.y(), s.radius) for s in layout.spots]
    assert np.column_stack((layout.x, layout.y, layout.radius)).tolist() == [
        pytest.approx(place) for place in places
    ]
    assert layout.spot_of(99) is None
    assert layout.spot_at(layout.center(9, 4)) is None


def test_a_crowd_has_the_colour_of_its_mean_and_agents_of_a_cell_their_own(theme):
    nan = math.nan
    values = (*[1.0] * 10, 5.0, nan, *[nan] * 11, 2.0, 4.0, 6.0)  # crowds of 12 and 11, and others
    cells = [*[(1, 1)] * 12, *[(2, 2)] * 11, (3, 3), (3, 3), (4, 4)]
    marks = [replace(a, value=v) for a, v in zip(scene(*cells).agents, values, strict=True)]
    shown = replace(scene(*cells), agents=tuple(marks))
    layout = GridLayout(shown, QRectF(0, 0, 600, 400))
    scale = ColorScale(0.0, 10.0)
    found = GridPainter(theme, shown, layout, Looks(scale))._inks().tolist()
    wanted = scale.inks(np.array([6.0, 15 / 11, nan, 2.0, 4.0])).tolist()
    assert found == wanted


def test_nobody_on_the_grid_is_a_layout_without_spots(theme):
    layout = GridLayout(scene(), QRectF(0, 0, 600, 400))
    assert layout.spots == []
    assert layout.spot_at(layout.center(1, 1)) is None
    assert painted(theme, scene(), None) == painted(theme, scene(), DiscSheet())


def painted(theme, shown, sheet, **looks):
    image = QImage(600, 400, QImage.Format_ARGB32)
    image.fill(theme.color("base"))
    painter = QPainter(image)
    layout = GridLayout(shown, QRectF(image.rect()))
    GridPainter(theme, shown, layout, Looks(**looks), sheet).paint(painter)
    painter.end()
    return image


@pytest.mark.parametrize("shared", [False, True])
def test_what_is_stamped_looks_as_what_is_drawn(theme, shared):
    """On the whole: a stamp stands on whole pixels."""
    places = [(i % 40, i // 40 * (0 if shared else 1)) for i in range(240)]
    shown = scene(*places, width=40, height=10)
    agents = tuple(
        replace(mark, target_x=39.0 - mark.x, target_y=9.0, value=mark.agent_id % 7 or math.nan)
        for mark in shown.agents
    )
    looks = {"scale": ColorScale(0.0, 6.0), "chosen": frozenset((3, 77))}
    images = [
        painted(theme, replace(shown, agents=agents), sheet, **looks)
        for sheet in (None, DiscSheet())
    ]
    drawn, stamped = (
        np.array(image.constBits()).reshape(400, 600, 4)[..., :3].astype(float) for image in images
    )
    empty = np.array(painted(theme, scene(width=40, height=10), None).constBits())
    ground = empty.reshape(400, 600, 4)[..., :3]
    assert (np.abs(drawn - ground).max(axis=2) > 20).sum() > 4_000
    aim = GridLayout(shown, QRectF(0, 0, 600, 400)).center(39, 9).toPoint()
    for each in (drawn, stamped):  # a dot where somebody heads for, wider than the ways there
        near = np.abs(each - ground)[aim.y() - 2 : aim.y() + 3, aim.x() - 2 : aim.x() + 3]
        assert (near.max(axis=2) > 60).sum() >= 5
    soft = [
        each[:399, :600].reshape(57, 7, 60, 10, 3).mean(axis=(1, 3)) for each in (drawn, stamped)
    ]
    assert np.abs(soft[0] - soft[1]).max() < 40


def test_arrows_of_a_swarm_begin_bend_and_end_where_single_ones_do(theme):
    layout = GridLayout(scene((0, 0), (4, 1), (9, 4), (9, 0)), QRectF(0, 0, 600, 400))
    arrows, spots = TradeArrows(theme, layout), range(len(layout.spots))
    ends = np.array([(a, b, nth) for a in spots for b in spots if a != b for nth in (0, 2)])
    x, y, heads = arrows._bends(ends)
    for i, (shaft, head) in enumerate(arrows._shapes(ends)):
        bends = [shaft.elementAt(k) for k in range(4)]  # of a cubic curve
        for places, swarm in (([e.x for e in bends], x[i]), ([e.y for e in bends], y[i])):
            middle = (places[0] + 3 * places[1] + 3 * places[2] + places[3]) / 8
            assert swarm[[0, 4, 8]].tolist() == pytest.approx([places[0], middle, places[3]])
        assert heads[i].tolist() == [pytest.approx([p.x(), p.y()]) for p in head.toList()]


def test_a_grid_of_a_million_cells_still_has_a_layout():
    layout = GridLayout(scene((999, 999), width=1000, height=1000), QRectF(0, 0, 300, 300))
    assert layout.spots[0].radius >= 2


def test_colours_have_two_ends_and_none_for_what_is_not_recorded():
    scale = ColorScale(0.0, 10.0)
    assert scale.color(math.nan) is None
    assert scale.color(0.0) != scale.color(10.0)
    assert scale.color(1e8) == scale.color(10.0)
    assert scale.color(-math.inf) == scale.color(0.0)
    assert ColorScale(3.0, 3.0).color(3.0) is not None


def test_the_map_follows_the_cursor(view, qtbot, context):
    context.document.cursor.move_to(7)
    wait(qtbot, view)
    assert view.canvas.scene.tick == 7
    assert [(m.agent_id, m.x, m.y) for m in view.canvas.scene.agents] == [
        (agent, (agent + 7) % 12, agent) for agent in range(4)
    ]
    assert "tick 7" in view._about.text()


def test_resources_say_which_tick_they_are_of(view, qtbot, context):
    context.document.cursor.move_to(19)
    wait(qtbot, view)
    assert "resources as of tick 10" in view._about.text()
    assert len(view.canvas.scene.resources) == 2


def test_playing_fast_shows_the_last_tick_in_the_end(view, qtbot, context):
    for tick in range(30):
        context.document.cursor.move_to(tick)
    wait(qtbot, view)
    assert view.canvas.scene.tick == 29


def test_a_measure_colours_agents_on_one_scale_for_the_whole_run(view, qtbot, context):
    view.measures.setCurrentIndex(view.measures.findData("utility"))
    wait(qtbot, view)
    scale = view.canvas._looks.scale
    assert (scale.low, scale.high) == (0.25, 32.25)
    context.document.cursor.move_to(20)
    wait(qtbot, view)
    assert view.canvas._looks.scale == scale
    assert [m.value for m in view.canvas.scene.agents] == [20.25, 21.25, 22.25, 23.25]


def test_a_measure_that_is_not_recorded_cannot_be_chosen(qtbot, context, tmp_path):
    path = vmt.build("barter", tmp_path / "b.db")
    with shown(qtbot, context, MapView, path) as view:
        place = view.measures.findData("lambda_money")
        assert not view.measures.model().item(place).isEnabled()
        assert view.measures.currentData() != "lambda_money"


def test_a_click_chooses_the_agent_and_with_ctrl_another(view, qtbot, context):
    layout = view.canvas.placed()
    at = [layout.spot_of(agent).center.toPoint() for agent in (0, 2)]
    qtbot.mouseClick(view.canvas, Qt.LeftButton, pos=at[0])
    assert context.document.selection.agents == (0,)
    assert context.document.selection.item == AgentItem(0)
    qtbot.mouseClick(view.canvas, Qt.LeftButton, Qt.ControlModifier, pos=at[1])
    assert context.document.selection.agents == (0, 2)


def test_what_lies_under_the_mouse_is_said_in_words(view, qtbot, context):
    view.measures.setCurrentIndex(view.measures.findData("inventory_A"))
    context.document.cursor.move_to(10)
    wait(qtbot, view)
    layout = view.canvas.placed()
    text = view.canvas.readout(layout.spot_of(3).center)
    assert "agent 3" in text
    assert "13" in text  # inventory 10 + 3 + 10 % 5
    assert "resource B: 4" in view.canvas.readout(layout.center(3, 3))


def test_the_picture_can_be_saved_and_a_bad_place_is_one_sentence(view, tmp_path):
    pictures = view.export_request().pictures
    pictures["png"](tmp_path / "map.png")
    pictures["svg"](tmp_path / "map.svg")
    assert QImage(str(tmp_path / "map.png")).width() == 2 * view.canvas.width()
    assert "<svg" in (tmp_path / "map.svg").read_text()
    with pytest.raises(ExportError, match="cannot be written"):
        pictures["png"](tmp_path / "no" / "map.png")


def crowded(tick):
    """A tick with more trades than are painted in one turn."""
    grid = scene(*((x, y) for x in range(20) for y in range(20)), width=20, height=20)
    trades = tuple(
        TradeMark(i, (i * 7 + tick) % 400, i, None, None, "A<->B" if i % 3 else "A<->M")
        for i in range(SWARM + 1)
    )
    return replace(grid, tick=tick, trades=trades)


def picture(canvas):
    return canvas.grab().toImage()


@pytest.fixture
def make_canvas(qtbot, theme):
    def make():
        canvas = GridCanvas(theme)
        qtbot.addWidget(canvas)
        canvas.resize(400, 400)
        canvas.show()
        return canvas

    return make


@pytest.fixture
def canvas(make_canvas):
    return make_canvas()


@pytest.fixture
def alone(make_canvas, qtbot):
    """The picture of a scene on a canvas that has shown no other."""

    def alone(scene):
        canvas = make_canvas()
        canvas.show_scene(scene, Looks())
        picture(canvas)
        qtbot.waitUntil(canvas.painted)
        return picture(canvas)

    return alone


def test_a_swarm_s_pairs_come_in_the_order_of_their_trades_and_others_are_rings(theme, monkeypatch):
    layout = GridLayout(scene((0, 0), (4, 1)), QRectF(0, 0, 600, 400))
    pairs = ("B<->M", "A<->B") * SWARM
    trades = [TradeMark(i, i % 2, 1 - i % 2, None, None, pair) for i, pair in enumerate(pairs)]
    trades.insert(0, TradeMark(-1, 0, 99, 3.0, 3.0, "A<->M"))  # 99 is not on the grid
    seen: list[dict[str, int]] = []
    rings: list[TradeMark] = []
    arrows = TradeArrows(theme, layout)
    monkeypatch.setattr(arrows, "_ring", lambda painter, trade: rings.append(trade))
    monkeypatch.setattr(
        arrows, "_swarm", lambda p, of, *_: seen.append({k: len(v) for k, v in of.items()}) or ()
    )
    image = QImage(600, 400, QImage.Format_ARGB32)
    painter = QPainter(image)
    for _ in arrows.steps(painter, trades):
        pass
    painter.end()
    assert list(seen[0].items()) == [("B<->M", SWARM), ("A<->B", SWARM)]
    assert rings == trades[:1]


def test_a_swarm_is_painted_in_turns_while_what_was_there_is_seen(canvas, qtbot, alone):
    calm, first, second = replace(crowded(0), trades=()), crowded(1), crowded(2)
    canvas.show_scene(calm, Looks())
    before = picture(canvas)
    assert canvas.painted()
    for shown_now in (first, second):
        canvas.show_scene(shown_now, Looks())
        assert picture(canvas) == before
        assert not canvas.painted()
        qtbot.waitUntil(canvas.painted)
        assert picture(canvas) == alone(shown_now) != before
        before = picture(canvas)
    canvas.show_scene(calm, Looks())
    assert canvas.painted()
    assert picture(canvas) == alone(calm) != before


def test_ticks_that_come_faster_than_a_swarm_is_painted_end_with_the_last(canvas, qtbot, alone):
    canvas.show_scene(crowded(0), Looks())
    picture(canvas)
    for tick in range(1, 9):
        canvas.show_scene(crowded(tick), Looks())
        picture(canvas)
    qtbot.waitUntil(canvas.painted)
    assert picture(canvas) == alone(crowded(8))


def test_a_swarm_is_painted_before_another_theme_is_seen(canvas, qtbot, theme, alone):
    canvas.show_scene(crowded(0), Looks())
    picture(canvas)
    qtbot.waitUntil(canvas.painted)
    theme.choose("dark")
    assert len(list(canvas.dress())) > 3
    assert picture(canvas) == alone(crowded(0))


def test_a_run_without_rows_says_so(qtbot, context, tmp_path):
    path = vmt.create("money", tmp_path / "empty.db")
    vmt.insert(path, "simulation_runs", scenario_name="nothing", num_agents=3)
    with shown(qtbot, context, MapView, path) as view:
        assert view._empty.isVisible()
        assert "no rows" in view._empty.text


def test_the_ground_is_painted_before_another_theme_is_seen(view, qtbot, context):
    view.canvas.grab()
    before = view.canvas._ground.paintings
    context.theme.choose("dark")
    assert len(list(view.dress())) > 0
    view.canvas.grab()
    assert view.canvas._ground.paintings == before + 1


def test_the_measure_that_colours_is_read_whole(program, qtbot, money_db):
    opened(qtbot, program, money_db, run="2")
    program.window.resize(1400, 900)
    program.window.show_view("map")
    settle(qtbot, program)
    box = program.window.area.current.measures
    longest = max((box.itemText(i) for i in range(box.count())), key=len)
    assert len(longest) > 20
    assert box.width() > box.fontMetrics().horizontalAdvance(longest)
