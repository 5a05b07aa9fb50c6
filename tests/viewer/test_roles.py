"""Opening an unknown database shows which columns are what; correcting it changes the views."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QComboBox

from telemetry.roles import kept
from telemetry.roles.mapping import Mapping, TableRoles
from tests.builders import other_tools
from tests.viewer.programs import opened, settle
from vmt_log_viewer.models.role_tree import EXAMPLES, IS, NAME, WHY


@pytest.fixture(scope="module")
def market_db(tmp_path_factory):
    return other_tools.market(tmp_path_factory.mktemp("market") / "market.db")


@pytest.fixture
def shown(program, qtbot, market_db):
    """A program with the panel that came by itself."""
    opened(qtbot, program, market_db)
    assert program.verbs.role_choice.dialog.isVisible()
    return program


def line(tree, table, column=None):
    """The index of a table, or of one of its columns."""
    [row] = [r for r in range(tree.rowCount()) if tree.item(r).text() == table]
    parent = tree.index(row, NAME)
    if column is None:
        return parent
    [row] = [r for r in range(tree.rowCount(parent)) if tree.index(r, 0, parent).data() == column]
    return tree.index(row, NAME, parent)


def cells(index):
    return [index.siblingAtColumn(place).data() for place in (IS, WHY, EXAMPLES)]


def test_the_panel_says_what_is_proposed_and_why_and_shows_no_secret(shown):
    tree = shown.verbs.role_choice.dialog.tree
    assert cells(line(tree, "deals"))[:2] == ["Trades", "named deals, with amounts or prices"]
    assert cells(line(tree, "deals", "price")) == [
        "price",
        "named price, numbers",
        "1.0, 2.0, 3.0, 4.0",
    ]
    secret = line(tree, "simulation", "api_key")
    assert cells(secret) == ["secret", "named api_key", ""]
    tree.choose(secret, "plain")
    assert cells(secret)[2] == ""


def test_a_cell_drops_down_what_its_column_may_be(shown, qtbot, monkeypatch):
    monkeypatch.setattr(QComboBox, "showPopup", lambda box: None)  # there is no screen to grab
    dialog = shown.verbs.role_choice.dialog
    cell = line(dialog.tree, "households", "mood").siblingAtColumn(IS)
    dialog.view.setCurrentIndex(cell)
    qtbot.waitUntil(lambda: dialog.view.findChild(QComboBox) is not None)
    box = dialog.view.findChild(QComboBox)
    words = [box.itemData(i) for i in range(box.count())]
    assert (box.currentData(), "state" in words, "price" in words) == ("kind", True, False)
    box.setCurrentIndex(words.index("state"))
    box.activated.emit(words.index("state"))
    assert dialog.tree.mapping().tables["households"].columns["mood"] == "state"


def test_corrected_roles_are_used_by_the_views_and_kept(shown, qtbot, make, market_db):
    dialog = shown.verbs.role_choice.dialog
    dialog.tree.choose(line(dialog.tree, "deals"), "events")
    dialog.tree.choose(line(dialog.tree, "households", "bread"), "plain")
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: shown.verbs.role_choice.dialog is None, timeout=20_000)
    qtbot.waitUntil(lambda: shown.document.run is not None, timeout=20_000)
    settle(qtbot, shown)
    [source] = shown.document.sources
    assert [m.name for m in source.measures] == ["cash"]
    assert "trades" not in [page.kind.name for page in shown.window.area.suitable()]
    order = shown.window.library.order
    top = order.index(0, 0, QModelIndex())
    assert [order.index(row, 0, top).data() for row in range(order.rowCount(top))] == [
        "calm",
        "wild",
    ]

    other = opened(qtbot, make(), market_db)  # and nobody asks again
    assert [m.name for m in other.document.source.measures] == ["cash"]
    assert other.verbs.role_choice.dialog is None


def test_roles_that_cannot_be_used_get_a_sentence_and_nothing_is_lost(shown, tmp_path):
    dialog = shown.verbs.role_choice.dialog
    dialog.tree.choose(line(dialog.tree, "households", "day"), "plain")
    edited = dialog.tree.mapping()
    dialog.take()
    assert dialog.problem.text() == (
        "households has no tick column, which numbers by tick need; choose one, or another kind "
        "for the table."
    )
    kept.write(tmp_path / "bad.json", Mapping({"goods": TableRoles("other")}))
    dialog.load(tmp_path / "bad.json")
    assert "table goods, which this database lacks" in dialog.problem.text()
    assert dialog.tree.mapping() == edited
    assert dialog.isVisible()
    assert dialog.use.isEnabled()


def test_saved_roles_are_loaded_as_they_were(shown, tmp_path):
    dialog = shown.verbs.role_choice.dialog
    before = dialog.tree.mapping()
    dialog.save(tmp_path / "roles.json")
    dialog.tree.choose(line(dialog.tree, "phases"), "left out")
    dialog.load(tmp_path / "roles.json")
    assert dialog.tree.mapping().tables == dict(before.tables)
    dialog.search.setText("mood")
    hidden = [dialog.view.isRowHidden(r, QModelIndex()) for r in range(dialog.tree.rowCount())]
    assert hidden.count(False) == 1


def test_the_verb_is_there_for_such_databases_only(shown, qtbot, make, barter_db):
    shown.verbs.role_choice.dialog.close()
    assert shown.actions["roles"].isEnabled()
    shown.actions["roles"].trigger()
    assert shown.verbs.role_choice.dialog.isVisible()
    known = opened(qtbot, make(), barter_db)
    assert known.verbs.role_choice.dialog is None
    assert not known.actions["roles"].isEnabled()


def test_roles_that_were_given_are_used_without_asking(program, qtbot, market_db):
    households = TableRoles("states", {"simulation_id": "run", "day": "tick", "bread": "measure"})
    program.session.opener.roles = Mapping({"households": households})
    opened(qtbot, program, market_db)
    assert [m.name for m in program.document.source.measures] == ["bread"]
    assert program.verbs.role_choice.dialog is None


def test_a_saved_view_brings_the_roles_along(program, qtbot, make, market_db, tmp_path):
    households = TableRoles("states", {"simulation_id": "run", "day": "tick", "bread": "measure"})
    program.session.opener.roles = Mapping({"households": households})
    opened(qtbot, program, market_db)
    view = tmp_path / "view.json"
    program.verbs.proof.write_view(view)
    qtbot.waitUntil(view.exists, timeout=20_000)
    other = make()
    other.window.show()
    with qtbot.waitSignal(other.verbs.proof.views.opened, timeout=20_000):
        other.open([str(view)])
    assert [m.name for m in other.document.source.measures] == ["bread"]
