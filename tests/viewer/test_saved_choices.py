"""Every view tells what the user chose and takes it back; bad values are sentences, not crashes."""

import json

import pytest
from PySide6.QtCore import Qt

from tests.builders.samples import SAMPLES
from tests.viewer.programs import opened
from vmt_log_viewer.state.choices import Choices

DOWN = Qt.SortOrder.DescendingOrder
ODD = ({"a": [1]}, [None], "no such thing", -1, 2**70, 1.5)
"""Values of every kind of JSON, none of which a view can choose."""


def settle(qtbot, program):
    area, runner = program.window.area, program.runner
    qtbot.waitUntil(lambda: runner.idle() and area.settled(), timeout=30_000)
    qtbot.wait(1)
    qtbot.waitUntil(lambda: runner.idle() and area.settled(), timeout=30_000)


def seen(program):
    """The views that suit the source, one after the other on the screen."""
    for page in program.window.area.suitable():
        program.window.area.go_to(page)
        yield page.view


@pytest.mark.sampled(2)
@pytest.mark.parametrize("sample", [s for s in SAMPLES if s.sql is None], ids=str)
def test_what_a_view_tells_can_be_restored_and_what_nobody_can_choose_is_refused(
    program, qtbot, tmp_path, sample
):
    opened(qtbot, program, sample.make(tmp_path), run=str(sample.run))
    for view in seen(program):
        settle(qtbot, program)
        told = json.loads(json.dumps(view.state()))
        view.restore(Choices(told, view.title))
        settle(qtbot, program)
        assert json.loads(json.dumps(view.state())) == told, view.name
        for odd in ODD:
            choices = Choices(dict.fromkeys([*told, "unheard_of"], odd), view.title)
            view.restore(choices)
            if any(value is not None for value in told.values()):
                assert choices.problem.startswith(f"{view.title}: "), (view.name, odd)
        settle(qtbot, program)
        choices = Choices(told, view.title)
        view.restore(choices)
        settle(qtbot, program)
        assert choices.problem == ""
        assert json.loads(json.dumps(view.state())) == told, view.name
    assert program.window.messages.text == ""


def test_what_was_chosen_in_trades_and_trajectories_comes_back(program, make, qtbot, money_db):
    opened(qtbot, program, money_db, run="1")
    window = program.window
    window.show_view("trades")
    settle(qtbot, program)
    trades = window.area.current
    trades.panel.filters.set_text("tick", ">2")
    trades.panel.view.show_column("buyer_id", False)
    trades.panel.view.sortByColumn(trades.panel.model.column_index("price"), DOWN)
    settle(qtbot, program)
    chosen = json.loads(json.dumps(trades.state()))
    window.show_view("trajectories")
    settle(qtbot, program)
    lines = window.area.current
    name = next(iter(lines.stack.plots))
    lines.choose_measures((name,))
    lines.choose_style("fan")
    lines.window_of_ticks.show(1.0, 4.0)
    lines.put_marks(1, 3)
    lines.stack.plots[name].hold_values((0.25, 0.75))
    settle(qtbot, program)
    drawn = json.loads(json.dumps(lines.state()))
    other = make()
    opened(qtbot, other, money_db, run="1")
    for kind, told in (("trades", chosen), ("trajectories", drawn)):
        other.window.show_view(kind)
        settle(qtbot, other)
        other.window.area.current.restore(Choices(told))
        settle(qtbot, other)
        assert json.loads(json.dumps(other.window.area.current.state())) == told
    assert chosen["filters"] == {"tick": ">2"}
    assert chosen["sort"] == "-price"
    assert "buyer_id" not in trades.panel.view.visible_columns()
    assert drawn["ticks"] == [1.0, 4.0]
    assert drawn["values"][name] == pytest.approx([0.25, 0.75])
    assert drawn["marks"] == [1, 3]
