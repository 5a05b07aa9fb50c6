"""Two measures over the same ticks in the overview: the dealer's inventory against the debt."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from telemetry.concepts import TickRange
from tests.builders import bilancio, vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.views.overview import OverviewView


@pytest.fixture
def view(qtbot, context, tmp_path):
    """Inventories 0, 4, 4 and 1, 1, 0 in tickets; 160, 90 and 0 of face value outstanding."""
    folder = bilancio.write_run(tmp_path / "run_1")
    with shown(qtbot, context, OverviewView, folder, "run_1") as view:
        yield view


def test_inventory_is_drawn_against_what_is_still_owed(view):
    section, chart = view.page.against, view.page.against_chart
    assert section.isVisible()
    assert section.title.text() == "Inventory against face outstanding"
    assert chart.heading(left=True) == "↑ tickets"
    assert chart.heading(left=False) == "dashed: face value ↑"
    named = section.content.findChildren(QLabel)
    assert all(label.width() >= label.sizeHint().width() for label in named if label.isVisible())
    left = {n: list(x.value) for n, x in zip(chart.left.names, chart.left.lines, strict=True)}
    assert left == {"long": [1, 1, 0], "short": [0, 4, 4]}
    assert [list(line.value) for line in chart.right.lines] == [[160, 90, 0]]
    assert (chart.left.unit, chart.right.unit) == ("tickets", "face value")
    assert chart.right.names == ("face outstanding",)


def test_both_axes_begin_at_0_and_hold_every_value(view):
    chart = view.page.against_chart
    assert chart.place_of(0, 0, chart.left).y() == chart.place_of(0, 0, chart.right).y()
    assert 0 < chart.place_of(1, 4, chart.left).y() < chart.place_of(1, 1, chart.left).y()
    assert chart.place_of(0, 160, chart.right).y() > 0
    assert chart.place_of(1, 0, chart.left).x() == chart.place_of(1, 0, chart.right).x()


def test_a_tick_is_told_in_words_and_a_click_goes_to_it(view, context):
    chart = view.page.against_chart
    x = chart.place_of(1, 0, chart.left).x()
    assert chart.words_at(x).splitlines() == [
        "tick 1", "long: 1 tickets", "short: 4 tickets", "face outstanding: 90 face value",
    ]  # fmt: skip
    QTest.mouseClick(chart, Qt.MouseButton.LeftButton, pos=QPoint(round(x) + 3, 40))
    assert context.document.cursor.tick == 1


def test_the_brush_limits_both(view, context, qtbot):
    context.document.selection.set_brush(TickRange(1, 2))
    wait(qtbot, view)
    chart = view.page.against_chart
    assert [list(line.value) for line in chart.right.lines] == [[90, 0]]
    assert all(len(line.value) == 2 for line in chart.left.lines)


def test_a_run_without_either_says_so_and_other_families_have_no_room_for_it(
    qtbot, context, tmp_path
):
    folder = bilancio.write_run(tmp_path / "run_2", active=False)
    with shown(qtbot, context, OverviewView, folder, "run_2") as view:
        assert not view.page.against_chart.isVisible()
        assert view.page.against.sentence.text().startswith("Inventory is not recorded in run")
    path = vmt.build("money_full", tmp_path / "m.db", runs=1, ticks=3, agents=1)
    with shown(qtbot, context, OverviewView, path) as view:
        assert not view.page.against.isVisible()
