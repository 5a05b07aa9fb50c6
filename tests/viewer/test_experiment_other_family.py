"""A family with pairs that the program does not know gets the same pages, by its roles alone."""

import pytest

from tests.builders import added as families
from tests.builders import orchard
from tests.viewer.programs import settle
from tests.viewer.shown import wait


@pytest.fixture
def added(tmp_path):
    with families.added(orchard.write_family(tmp_path / "families"), "orchard"):
        yield


@pytest.fixture
def view(added, qtbot, program, tmp_path):
    program.window.show()
    program.open([str(orchard.write_trials(tmp_path / "trials.db"))])
    qtbot.waitUntil(lambda: program.document.source is not None, timeout=20_000)
    settle(qtbot, program)
    view = program.window.area.current
    wait(qtbot, view)
    return view


def test_its_pairs_are_drawn_explained_and_kept_to_the_chosen_experiment(view, qtbot):
    assert view.experiment_id == "north"
    page = view.pages.pairs
    assert view.tabs.page is page
    assert page.scatter.points.x.tolist() == [10.0] * 3
    assert page.scatter.points.y.tolist() == [14.0, 9.0, 12.0]
    page.scatter.point_clicked.emit(2)
    wait(qtbot, view)
    assert page.why.text() == "The bees of h2 were busy."
    view.list.selectRow(1)
    wait(qtbot, view)
    assert page.scatter.points.y.tolist() == [11.0]


def test_its_effect_is_shown_by_its_parameters(view, qtbot):
    view.tabs.turn_to(view.pages.effects)
    wait(qtbot, view)
    panel = view.pages.effects.means
    assert panel.value.currentText() == "gain"
    assert panel.chart.means.mean.tolist() == [4.0, 0.5]
    assert panel.map.grid.up == ("sun", "tree")
    assert panel.map.grid.count.tolist() == [[1, 1], [-1, 1]]
