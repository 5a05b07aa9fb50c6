"""The Lens view: outliers named, agents chosen from the table, faces that lack data say so."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from tests.builders import vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.plots import phase_chart
from vmt_log_viewer.plots.phase_chart import PhaseChart, Way
from vmt_log_viewer.state.choices import Choices
from vmt_log_viewer.views.lens import LensView


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """λ is 2 from tick 5 + agent on; agent 6 is far away throughout."""
    path = vmt.build("money_full", tmp_path_factory.mktemp("lens") / "m.db", runs=1, ticks=30,
                     agents=8)  # fmt: skip
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(
            "UPDATE agent_snapshots SET lambda_money = CASE WHEN agent_id = 6 THEN 3.5 "
            "WHEN tick < 5 + agent_id THEN 2.2 + agent_id / 100.0 ELSE 2.0 + agent_id / 100.0 END"
        )
    connection.close()
    return path


def test_who_stands_apart_is_drawn_with_a_name_until_others_are_chosen(qtbot, context, database):
    with shown(qtbot, context, LensView, database) as view:
        assert [line.name for line in view.fan.lines] == ["6"]
        assert "1 of 8 agents stand apart" in view.said_fan.text()
        assert "Bounds are not recorded" in view.said_fan.text()
        context.document.selection.set_agents((1, 2))
        assert [line.name for line in view.fan.lines] == ["1", "2"]
        assert [way.agent_id for way in view.phase.ways if way.strong] == [1, 2]
        assert view.phase.labels[0].startswith("Inventory M")


def test_an_agent_of_the_table_is_chosen_where_it_settles(qtbot, context, database):
    with shown(qtbot, context, LensView, database) as view:
        view.turn_to_face("Settling")
        view.agents.selectRow(3)
        assert context.document.cursor.tick == 8
        assert context.document.selection.agents == (3,)
        line = view.rest.lines[0]
        assert (line.y[0], line.y[-1]) == (0, 1)
        view.near.numbers["epsilon"].setValue(50)
        wait(qtbot, view)
        assert {s.settled for s in view.settlings.agents} == {0}
        context.document.history.undo()
        wait(qtbot, view)
        assert view.settlings.agents[3].settled == 8


def test_between_two_settlings_the_legend_tells_the_share_that_has_settled(
    qtbot, context, database
):
    with shown(qtbot, context, LensView, database) as view:
        (line,) = view.rest.lines
        ticks = sorted(s.settled for s in view.settlings.agents)
        assert ticks == [0, 5, 6, 7, 8, 9, 10, 12]
        for tick, settled in ((0, 1), (4, 1), (5, 2), (11, 7), (12, 8), (13, 8), (29, 8)):
            context.document.cursor.move_to(tick)
            assert view.rest.readout(line) == f"{settled / 8:g}", tick


def test_what_is_not_recorded_is_said_and_the_rest_is_saved_and_exported(
    qtbot, context, database, tmp_path
):
    with shown(qtbot, context, LensView, database) as view:
        view.turn_to_face("What binds")
        assert "no rows of lambda_updates" in view.unbound.text
        assert view.export_request() is None
        for face, rows in (("Fan", 30), ("Settling", 8), ("Phase", 240)):
            view.turn_to_face(face)
            request = view.export_request()
            assert len(request.frames[0].rows) == rows
            request.pictures["svg"](tmp_path / "picture.svg")
            assert face == "Settling" or "<image" not in (tmp_path / "picture.svg").read_text()
        view.bar.switches["log"].click()
        kept = view.state()
        assert kept["tab"] == "Phase"
        context.document.history.undo()
        assert not view.fan.log
        choices = Choices(kept, view.title)
        view.restore(choices)
        wait(qtbot, view)
        assert (choices.problem, view.state(), view.fan.log) == ("", kept, True)


def test_agents_stand_where_they_were_last_and_many_discs_where_few_would(
    qtbot, theme, monkeypatch
):
    x, y = np.meshgrid(np.arange(5.0), np.arange(40.0))
    ways = [
        Way(a, str(a), x[a] + a, np.where(x[a] > a % 4, np.nan, y[a]), theme.pair_color("A"), False)
        for a in range(40)
    ]
    chart = PhaseChart(theme)
    qtbot.addWidget(chart)
    chart.resize(400, 300)
    chart.show_ways(ways, np.arange(5), ("x", "y"))
    chart.set_cursor(3)
    where, pixels = chart.places(), chart._scale()
    for a in range(40):
        across, up = pixels(np.array([min(a % 4, 3) + a]), np.array([float(a)]))
        assert (where[a].x(), where[a].y()) == pytest.approx((across[0], up[0]))
    seen = []
    for stamped in (1_000, 10):
        monkeypatch.setattr(phase_chart, "STAMPED", stamped)
        image = chart.grab().toImage()
        seen.append([image.pixelColor(where[a].toPoint()).name() for a in range(40)])
        qtbot.waitUntil(chart.painted)
    assert seen[0] == seen[1] == [ways[0].color.name()] * 40
