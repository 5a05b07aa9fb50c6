"""The Regimes view: the same numbers as the command, undone and saved like every view change."""

from __future__ import annotations

import pytest

from telemetry.concepts import TickRange
from telemetry.detect import open_source
from telemetry.queries import SplitQuery
from tests.builders import vmt
from tests.viewer.shown import shown, wait
from vmt_log_viewer.state.choices import Choices
from vmt_log_viewer.views.regimes import RegimesView


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    return vmt.build("money_full", tmp_path_factory.mktemp("regimes") / "m.db", runs=2, ticks=30)


def test_the_table_shows_what_the_query_says_and_follows_the_brush(qtbot, context, database):
    with shown(qtbot, context, RegimesView, database) as view:
        table = view.table.table.rows
        assert [c.label for c in table.columns[2:]] == ["forage (n = 15)", "trade (n = 15)"]
        source = open_source(database)
        found = source.ask(SplitQuery(1, ("mode",)))
        source.close()
        assert [row[2:] for row in table.rows] == [
            tuple(q.value(i) for i in range(2)) for q in found.quantities]  # fmt: skip
        context.document.selection.set_brush(TickRange(0, 6))
        wait(qtbot, view)
        assert [c.label for c in table.columns[2:]] == ["forage (n = 5)", "trade (n = 2)"]
        assert [bar.name for bar in view.bars.bars] == ["forage", "trade"]
        context.document.selection.set_brush(None)
        view.choose("runs", "all")
        wait(qtbot, view)
        assert (view.split.runs, view.split.states) == (2, ("forage", "trade", "both"))
        assert "never switches in run 2" in view.said.text()


def test_what_was_chosen_is_undone_saved_and_taken_over_again(qtbot, context, database):
    with shown(qtbot, context, RegimesView, database) as view:
        assert [path.n[20] for path in view.study.paths] == [3, 2]
        view.around.numbers["window"].setValue(3)
        view.around.switches["together"].click()
        view.bar.lists["across"].setCurrentIndex(view.bar.lists["across"].findData("regime"))
        view.bar.lists["across"].activated.emit(0)
        wait(qtbot, view)
        assert (view.study.window, [p.name for p in view.study.paths]) == (3, ["every switch"])
        assert view.split.states == ("forage × mixed", "trade × mixed")
        kept = view.state()
        for _ in range(3):
            context.document.history.undo()
        wait(qtbot, view)
        assert (view.choices.window, view.choices.together, len(view.study.paths)) == (20, False, 2)
        choices = Choices(kept, view.title)
        view.restore(choices)
        wait(qtbot, view)
        assert (choices.problem, view.state()) == ("", kept)
        assert view.split.states == ("forage × mixed", "trade × mixed")


def test_each_face_is_exported_as_it_is_seen(qtbot, context, database, tmp_path):
    with shown(qtbot, context, RegimesView, database) as view:
        for face, name in (("By state", "regimes"), ("Around switches", "event-study")):
            view.turn_to_face(face)
            request = view.export_request()
            assert request.frames[0].name == name
            assert len(request.frames[0].rows) > 10
            request.pictures["png"](tmp_path / f"{name}.png")
            assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_a_run_without_states_and_one_without_switches_say_so(qtbot, context, database, barter_db):
    with shown(qtbot, context, RegimesView, database, 2) as view:
        view.turn_to_face("Around switches")
        assert "never switches in run 2" in view.still.text
        assert view.still.isVisible()
        assert view.split is not None
    with shown(qtbot, context, RegimesView, barter_db) as view:
        assert "records no mode" in view.empty.text


def test_beside_a_lane_that_never_switches_stands_a_button_for_one_that_does(
    qtbot, context, database
):
    with shown(qtbot, context, RegimesView, database) as view:
        view.turn_to_face("Around switches")
        view.choose("lane", "regime")
        wait(qtbot, view)
        assert (view.still.isVisible(), view.chart.isVisible()) == (True, False)
        view.still.triggered.emit()
        wait(qtbot, view)
        assert (view.choices.lane, view.still.isVisible()) == ("mode", False)
        assert context.document.history.undo_text == "choose lane"
