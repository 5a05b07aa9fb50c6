"""Tests of the Library's model: filter line, order, columns and the tree itself."""

from types import SimpleNamespace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester

from telemetry.concepts import Column, Run, RunList, RunSizes, Table, TickRange
from telemetry.errors import FilterError
from telemetry.frozen import replace
from vmt_log_viewer.models.run_columns import columns_of, shown_at_first
from vmt_log_viewer.models.run_filter import RunFilter
from vmt_log_viewer.models.run_order import RunOrder
from vmt_log_viewer.models.run_tree import RunTree
from vmt_log_viewer.notes import RunNote
from vmt_log_viewer.settings import Settings
from vmt_log_viewer.views.library_tree import WIDTHS, LibraryTree

COLUMNS = (
    Column("run_id", "run", "int", role="run"),
    Column("scenario_name", "scenario", "text", role="name"),
    Column("regime_seen", "regime", "text", role="regime"),
    Column("seed", "seed", "int", role="seed"),
    Column("weird", "weird thing", "real"),
)


def run(number, name="run", ticks=(0, 9), experiment=None, iteration=None, **fields):
    bounds = None if ticks is None else TickRange(*ticks)
    values = {"run_id": number, "scenario_name": name, **fields}
    return Run(number, name, "finished", bounds, values, experiment, iteration)


RUNS = RunList(
    COLUMNS,
    (
        run(0, "Demo × one", (0, 99), regime_seen="mixed", seed=7),
        run(1, "Demo two", (0, 9), regime_seen="barter_only", seed=None),
        run(2, "other", None, regime_seen="mixed", seed=30),
    ),
)


def source(name="a.db"):
    trades = Table("trades", "Trades", "trades", (), True)
    identity = SimpleNamespace(name=name, location=f"/x/{name}", family_label="F", vintage="v")
    return SimpleNamespace(identity=identity, tables=(trades,), key=name)


@pytest.fixture
def tree(qapp):
    tree = RunTree()
    QAbstractItemModelTester(tree, QAbstractItemModelTester.FailureReportingMode.Fatal, tree)
    yield tree
    tree.deleteLater()


def test_an_id_that_is_text_leaves_its_room_to_the_name():
    assert shown_at_first(COLUMNS[0])
    assert not shown_at_first(replace(COLUMNS[0], kind="text"))


def test_names_take_the_room_that_other_columns_leave(qtbot, tree):
    tree.set_source(source(), RUNS, {})
    library = LibraryTree(RunOrder(tree), Settings())
    qtbot.addWidget(library)
    library.show()
    for width in (320, 480):
        library.resize(width, 300)
        shown = [place(tree, role) for role in ("starred", "run", "count trades")]
        beside = sum(library.columnWidth(i) for i in shown if not library.isColumnHidden(i))
        assert library.columnWidth(0) + beside == library.viewport().width()
    library.resize(200, 300)
    assert library.columnWidth(0) == library.viewport().width()
    library.resize(120, 300)
    assert library.columnWidth(0) == WIDTHS["name"]
    library.setColumnWidth(0, 333)
    library.resize(600, 300)
    assert library.columnWidth(0) == 333
    library.save_columns()


def names(model, parent=None):
    parent = QModelIndex() if parent is None else parent
    return [model.index(r, 0, parent).data() for r in range(model.rowCount(parent))]


def place(tree, role):
    return [c.role for c in tree.columns].index(role)


@pytest.mark.parametrize(("text", "expected"), [
    ("", [0, 1, 2]),
    ("demo", [0, 1]),
    ("DEMO ×", [0]),
    ("regime=mixed", [0, 2]),
    ("regime=mixed|barter_only seed=>10", [2]),
    ("seed>10", [2]),
    ("seed!=7", [2]),
    ("seed=null", [1]),
    ("run=0", [0]),
    ("scenario=/two$/", [1]),
    ('scenario="Demo two"', [1]),
    ("starred=true", [1]),
    ("tags=good", [1]),
    ("weird_thing=null demo", [0, 1]),
])  # fmt: skip
def test_the_filter_line_finds_runs(qapp, text, expected):
    tree = RunTree()
    tree.set_source(source(), RUNS, {1: RunNote(starred=True, tags=("good",))})
    order = RunOrder(tree)
    order.set_filter(RunFilter.parse(text, tree.columns))
    found = []
    for top in range(order.rowCount()):
        parent = order.index(top, 0)
        for row in range(order.rowCount(parent)):
            node = tree.node(order.mapToSource(order.index(row, 0, parent)))
            found.append(node.row.run.run_id)
    assert sorted(found) == expected


@pytest.mark.parametrize(("text", "says"), [
    ("nonsense=5", "no column 'nonsense'"),
    ("seed=abc", "seed"),
    ("regime=/(/", "regime"),
])  # fmt: skip
def test_a_bad_filter_is_said_so(text, says):
    with pytest.raises(FilterError, match=says):
        RunFilter.parse(text, columns_of([RUNS]))


def test_levels_that_a_family_lacks_are_absent(tree):
    tree.set_source(source(), RUNS, {})
    top = tree.index(0, 0)
    assert names(tree) == ["a.db"]
    assert names(tree, top) == ["Demo × one", "Demo two", "other"]


def test_experiments_and_iterations_are_levels(tree):
    runs = RunList(COLUMNS, (
        run(1, "x", experiment="exp", iteration=0),
        run(2, "y", experiment="exp", iteration=1),
        run(3, "z"),
    ))  # fmt: skip
    tree.set_source(source(), runs, {})
    top = tree.index(0, 0)
    assert names(tree, top) == ["exp", "z"]
    assert names(tree, tree.index(0, 0, top)) == ["Iteration 0", "Iteration 1"]


def test_runs_of_an_iteration_are_told_apart_by_what_they_are_for(tree):
    columns = (
        *COLUMNS,
        Column("run_purpose", "purpose", "text", role="purpose"),
        Column("sample_index", "sample", "int", role="sample"),
    )
    within = {"experiment": "exp", "iteration": 0}
    runs = RunList(columns, (
        run(1, "Four banks", run_purpose="evaluation", sample_index=None, **within),
        run(2, "Four banks", run_purpose="bootstrap", sample_index=0, **within),
        run(3, "Four banks", run_purpose="standalone", sample_index=None),
        run(4, "Unnamed", **within),
    ))  # fmt: skip
    tree.set_source(source(), runs, {})
    top = tree.index(0, 0)
    iteration = tree.index(0, 0, tree.index(0, 0, top))
    assert names(tree, iteration) == ["evaluation", "bootstrap 0", "Unnamed"]
    assert "Four banks" in iteration.model().index(0, 0, iteration).data(
        Qt.ItemDataRole.ToolTipRole
    )
    assert names(tree, top)[1] == "Four banks"


def test_counts_fill_in_late_and_are_empty_until_then(tree):
    one = source()
    tree.set_source(one, RUNS, {})
    column = place(tree, "count trades")
    cell = tree.index_of(one, 0).siblingAtColumn(column)
    assert cell.data() == ""
    tree.set_sizes(one, RunSizes({0: {"trades": 0}, 1: {"trades": 12}}))
    assert cell.data() == "0"
    assert tree.index_of(one, 2).siblingAtColumn(column).data() == ""


def test_looking_again_keeps_lines_and_counts(tree):
    one = source()
    tree.set_source(one, RUNS, {})
    tree.set_sizes(one, RunSizes({0: {"trades": 3}}))
    resets = []
    tree.modelReset.connect(lambda: resets.append(1))
    tree.set_source(one, RUNS, {0: RunNote(starred=True)})
    assert resets == []
    assert tree.index_of(one, 0).siblingAtColumn(place(tree, "count trades")).data() == "3"


def test_a_new_run_appears_and_a_closed_source_goes(tree):
    one, two = source("a.db"), source("b.db")
    tree.set_source(one, RUNS, {})
    tree.set_source(two, RUNS, {})
    more = RunList(COLUMNS, (*RUNS.runs, run(9, "new")))
    tree.set_source(one, more, {})
    assert names(tree, tree.index(0, 0))[-1] == "new"
    tree.remove_source(one)
    assert names(tree) == ["b.db"]
    assert not tree.index_of(one, 0).isValid()


def test_missing_values_come_last_in_both_directions(tree):
    tree.set_source(source(), RUNS, {})
    order = RunOrder(tree)
    column = place(tree, "seed")
    for direction, expected in (
        (Qt.SortOrder.AscendingOrder, ["Demo × one", "other", "Demo two"]),
        (Qt.SortOrder.DescendingOrder, ["other", "Demo × one", "Demo two"]),
    ):
        order.sort(column, direction)
        assert names(order, order.index(0, 0)) == expected


def test_a_hostile_name_is_shown_harmless_and_short(tree):
    nasty = "<b>bold</b>\n\u202eabc" + "x" * 10_000
    tree.set_source(source(), RunList(COLUMNS, (run(1, nasty),)), {})
    index = tree.index(0, 0, tree.index(0, 0))
    assert "\n" not in index.data()
    assert "\u202e" not in index.data()
    assert len(index.data()) <= 200
    tooltip = index.data(Qt.ItemDataRole.ToolTipRole)
    assert "<b>" not in tooltip
    assert len(tooltip) < 4000


def test_editing_tags_asks_and_changes_nothing_by_itself(tree):
    one = source()
    tree.set_source(one, RUNS, {})
    asked = []
    tree.note_edited.connect(lambda *told: asked.append(told))
    cell = tree.index_of(one, 0).siblingAtColumn(place(tree, "tags"))
    assert tree.setData(cell, "a b")
    assert asked == [(one, 0, "tags", "a b")]
    assert not tree.setData(tree.index_of(one, 0), "renamed")
