"""RowFilters and the filter cells: what is typed, ticked or clicked becomes one filter."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableView

from telemetry.concepts import Column, Word
from telemetry.filters import Filter
from vmt_log_viewer.widgets.filter_row import FilterHeader
from vmt_log_viewer.widgets.pair_chips import PairChips
from vmt_log_viewer.widgets.row_filters import RowFilters

WORDS = (Word("A<->B", "barter"), Word("A<->M", "money"), Word("B<->M", "money"))
PAIR = Column("pair", "pair", "text", role="pair", words=WORDS)
COLUMNS = (
    Column("tick", "tick", "int"),
    PAIR,
    Column("lost", "lost", "real", recorded=False),
)


@pytest.fixture
def filters(qapp):
    filters = RowFilters()
    filters.set_columns(COLUMNS)
    return filters


@pytest.fixture
def header(filters, qtbot):
    from PySide6.QtGui import QStandardItemModel

    table = QTableView()
    qtbot.addWidget(table)
    header = FilterHeader(table, filters)
    table.setHorizontalHeader(header)
    table.setModel(QStandardItemModel(3, 3, table))
    header.set_columns(COLUMNS)
    table.resize(400, 200)
    table.show()
    return header


def test_text_becomes_the_filter_that_it_writes(filters):
    filters.set_text("tick", "2~4")
    filters.set_text("pair", "A<->M|B<->M")
    assert filters.filters == (Filter.parse("pair", "A<->M|B<->M"), Filter.parse("tick", "2~4"))
    assert filters.without("pair") == (Filter.parse("tick", "2~4"),)


def test_bad_text_is_kept_with_its_reason_and_the_rows_stay_as_they_were(filters, qtbot):
    filters.set_text("tick", ">5")
    with qtbot.assertNotEmitted(filters.changed):
        filters.set_text("tick", ">x")
    assert filters.text("tick") == ">x"
    assert "number" in filters.problem("tick")
    assert filters.filters == (Filter.parse("tick", ">5"),)
    filters.set_text("tick", ">6")
    assert filters.problem("tick") is None


def test_emptying_a_cell_takes_its_filter_away(filters, qtbot):
    filters.set_text("tick", "5")
    with qtbot.waitSignal(filters.changed):
        filters.set_text("tick", "  ")
    assert filters.filters == ()


def test_ticking_values_lists_them_and_unticking_the_last_one_lifts_the_filter(filters):
    filters.toggle("pair", "A<->M")
    filters.toggle("pair", None)
    assert filters.text("pair") == "A<->M|null"
    assert filters.chosen("pair") == {"A<->M", None}
    filters.toggle("pair", "A<->M")
    filters.toggle("pair", None)
    assert filters.filters == ()


def test_agent_0_can_be_ticked(filters):
    filters.toggle("tick", 0)
    assert filters.chosen("tick") == {"0"}
    assert filters.text("tick") == "0"


def test_a_value_that_looks_like_grammar_is_ticked_as_itself(filters):
    filters.toggle("pair", "a|b")
    assert filters.filters == (Filter.any_of("pair", ["a|b"]),)
    assert filters.chosen("pair") == {"a|b"}


def test_a_filter_that_is_no_list_ticks_nothing(filters):
    filters.set_text("tick", ">5")
    assert filters.chosen("tick") == frozenset()


def test_filters_of_columns_that_another_table_lacks_are_dropped(filters):
    filters.set_text("tick", "5")
    filters.set_columns((Column("pair", "pair", "text"),))
    assert filters.texts == {}


def test_typing_is_taken_when_return_is_pressed(header, filters, qtbot):
    cell = header.cell("tick")
    qtbot.keyClicks(cell, ">=3")
    assert header.waiting()
    qtbot.keyClick(cell, Qt.Key.Key_Return)
    assert filters.texts == {"tick": ">=3"}
    assert not header.waiting()


def test_typing_is_taken_by_itself_after_a_pause(header, filters, qtbot):
    with qtbot.waitSignal(filters.changed):
        qtbot.keyClicks(header.cell("tick"), "7")
    assert filters.texts == {"tick": "7"}


def test_a_cell_that_is_not_understood_says_why_in_its_tooltip(header, filters, qtbot):
    cell = header.cell("tick")
    qtbot.keyClicks(cell, "5~")
    qtbot.keyClick(cell, Qt.Key.Key_Return)
    assert "tick" in cell.toolTip()
    assert "value" in cell.toolTip()
    assert cell.palette().text().color() == cell.palette().brightText().color()


def test_escape_empties_the_cell(header, filters, qtbot):
    filters.set_text("tick", "5")
    cell = header.cell("tick")
    assert cell.text() == "5"
    qtbot.keyClick(cell, Qt.Key.Key_Escape)
    assert (cell.text(), filters.filters) == ("", ())


def test_cells_follow_their_columns(header, filters):
    header.resizeSection(0, 90)
    assert header.cell("tick").width() == 89
    assert header.cell("pair").x() == header.sectionViewportPosition(1)
    header.moveSection(header.visualIndex(1), 0)
    assert header.cell("pair").x() == 0
    header.setSectionHidden(1, True)
    header.updateGeometries()
    assert not header.cell("pair").isVisible()


def test_columns_that_are_not_recorded_cannot_be_filtered(header):
    assert not header.cell("lost").isEnabled()
    assert header.cell("tick").isEnabled()


def test_pairs_without_a_declared_sense_belong_to_no_chip(filters, qtbot):
    chips = PairChips(filters, PAIR)
    qtbot.addWidget(chips)
    chips.offer(["AM<->B", "A<->B"])
    assert not chips.button("Money").isEnabled()
    chips.button("Barter").click()
    assert filters.text("pair") == "A<->B"


def test_one_click_chooses_all_money_pairs_and_another_lifts_it(filters, qtbot):
    chips = PairChips(filters, PAIR)
    qtbot.addWidget(chips)
    chips.offer(["B<->M", "A<->B", "A<->M"])
    chips.button("Money").click()
    assert filters.text("pair") == "A<->M|B<->M"
    assert chips.button("Money").isChecked()
    chips.button("Barter").click()
    assert filters.text("pair") == "A<->B"
    chips.button("Barter").click()
    assert filters.filters == ()


def test_a_chip_without_pairs_cannot_be_clicked(filters, qtbot):
    chips = PairChips(filters, PAIR)
    qtbot.addWidget(chips)
    chips.offer(["A<->B"])
    assert not chips.button("Money").isEnabled()
    assert chips.button("Barter").isEnabled()
