"""A family that the program does not know is in the Library, in plots and tables, as any other."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex

from tests.builders import added as families
from tests.builders import fifth_family
from tests.viewer.programs import opened, settle

RUN = "north.frogs"


@pytest.fixture
def pond(tmp_path):
    with families.added(fifth_family.write_family(tmp_path / "families"), fifth_family.PACKAGE):
        yield fifth_family.write_pond(tmp_path / "pond")


@pytest.fixture
def program(pond, make, qtbot):
    return opened(qtbot, make(), pond, RUN)


def go_to(program, qtbot, name):
    area = program.window.area
    page = area.page(name)
    assert page.reason is None, page.reason
    area.go_to(page)
    qtbot.waitUntil(lambda: program.runner.idle() and area.settled(), timeout=20_000)
    return page.view


def test_its_runs_stand_in_the_library(program):
    order = program.window.library.order
    top = order.index(0, 0, QModelIndex())
    assert [order.index(row, 0, top).data() for row in range(order.rowCount(top))] == [
        RUN,
        "south.frogs",
    ]
    assert program.document.run_id == RUN


def test_its_measure_is_plotted(program, qtbot):
    view = go_to(program, qtbot, "trajectories")
    [line, _] = view.feed._lines["height"].answer.lines
    assert (line.agent_id, list(line.tick), list(line.value)) == ("Ann", [0, 1, 2], [12.5, 4, 20])
    assert [plot.measure.label for plot in view.stack.plots.values()] == [
        program.document.source.measures[0].label
    ]


def test_its_lanes_are_drawn(program, qtbot):
    settle(qtbot, program)
    rows = program.window.timeline.canvas.rows
    assert "splash" in {state for row in rows if row.lane for state in row.lane.state}


def test_its_rows_stand_in_a_table(program, qtbot):
    shown = {}
    for page in program.window.area.suitable():
        view = go_to(program, qtbot, page.kind.name)
        panel = getattr(view, "panel", None)
        if panel is not None and panel.table is not None:
            shown[panel.table.name] = panel.model.rowCount()
    assert shown.get("hops") == 4
    assert program.window.messages.text == ""
