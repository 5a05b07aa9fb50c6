"""PagedTable: rows arrive a page at a time, the newest question wins, memory stays bounded."""

import threading

import pytest
from PySide6.QtCore import QModelIndex, Qt

from telemetry.concepts import Column, PageKey, Table, TablePage
from telemetry.errors import RequestError
from telemetry.queries import CountQuery, Sort, TableQuery, Where
from vmt_log_viewer.models.cell_style import PLACEHOLDER, CellStyle
from vmt_log_viewer.models.paged_table import PagedTable

COLUMNS = (
    Column("n", "n", "int"),
    Column("word", "word", "text"),
    Column("gone", "gone", "real", recorded=False),
)
TABLE = Table("numbers", "Numbers", None, COLUMNS, True)


class Numbers:
    """A source of `size` rows (n, word, NULL); `gate` closed, it gives no page, `counting`
    closed, no count.
    """

    def __init__(self, size=1000, counts=True):
        self.size, self.counts = size, counts
        self.asked = []
        self.so_far = ()
        self.gate, self.counting = threading.Event(), threading.Event()
        self.gate.set()
        self.counting.set()

    def ask(self, query, token=None):
        self.asked.append(query)
        gate = self.counting if isinstance(query, CountQuery) else self.gate
        while not gate.wait(0.01):
            token.check()
        if isinstance(query, CountQuery):
            return self.size if self.counts else self.size + 7
        if query.sort is not None and query.sort.column == "nonsense":
            raise RequestError("There is no column nonsense.")
        order = range(self.size)
        if query.sort is not None and query.sort.descending:
            order = range(self.size - 1, -1, -1)
        first = query.offset if query.after is None else query.after.values[0]
        keys = tuple(order[first : first + query.limit])
        end = first + len(keys)
        rows = tuple((key, f"w{key}", None) for key in keys)
        following = PageKey((end,)) if end < self.size else None
        return TablePage(TABLE, COLUMNS, rows, keys, following)

    def seek(self, query, token=None):
        """The answer alone; with `so_far`, first the rows of that part of the numbers."""
        for share in self.so_far:
            yield Numbers(int(self.size * share)).ask(query), share, 1
            while not self.gate.wait(0.01):
                token.check()
        yield self.ask(query, token), 1, 1

    def pages(self):
        return [query for query in self.asked if isinstance(query, TableQuery)]


@pytest.fixture
def make(runner, theme, qtbot):
    models = []

    def build(**options):
        model = PagedTable(runner, "test", CellStyle(theme), **options)
        models.append(model)
        return model

    yield build
    for model in models:
        model.deleteLater()


def show(qtbot, model, source, query=None):
    model.ask(source, query or TableQuery(1, "numbers"))
    qtbot.waitUntil(model.settled)


def text(model, row, column=0):
    return model.data(model.index(row, column))


def test_the_model_keeps_every_rule_of_qt_while_pages_come_and_go(make, qtbot, qtmodeltester):
    model = make(page_rows=50, pages_kept=2)
    show(qtbot, model, Numbers(120))
    qtmodeltester.check(model)
    qtbot.waitUntil(model.settled)
    show(qtbot, model, Numbers(30))
    qtmodeltester.check(model)


def test_the_first_rows_are_shown_before_anything_is_counted(make, qtbot):
    source, model = Numbers(1000), make(page_rows=50)
    model.shown.connect(lambda: shown.append((model.rowCount(), model.total)))
    shown = []
    show(qtbot, model, source)
    assert shown == [(50, None)]
    assert isinstance(source.asked[0], TableQuery)
    assert isinstance(source.asked[1], CountQuery)
    assert (model.rowCount(), model.total) == (1000, 1000)


def test_a_table_of_one_page_is_never_counted(make, qtbot):
    source, model = Numbers(50), make(page_rows=50)
    show(qtbot, model, source)
    assert model.total == 50
    assert not [query for query in source.asked if isinstance(query, CountQuery)]


def test_a_row_that_is_not_loaded_reads_as_a_placeholder_and_then_as_itself(make, qtbot):
    source, model = Numbers(1000), make(page_rows=50)
    show(qtbot, model, source)
    assert text(model, 999, 1) == PLACEHOLDER
    with qtbot.waitSignal(model.dataChanged):
        pass
    assert text(model, 999, 1) == "w999"
    assert source.pages()[-1].offset == 950


def test_the_page_behind_a_known_one_is_asked_for_by_key(make, qtbot):
    source, model = Numbers(1000), make(page_rows=50)
    show(qtbot, model, source)
    text(model, 60)
    qtbot.waitUntil(lambda: text(model, 60) == "60")
    assert (source.pages()[-1].after, source.pages()[-1].offset) == (PageKey((50,)), 0)


def test_memory_holds_the_newest_pages_only(make, qtbot):
    model = make(page_rows=10, pages_kept=3)
    show(qtbot, model, Numbers(1000))
    for row in range(0, 1000, 10):
        qtbot.waitUntil(lambda row=row: text(model, row) == str(row))
    assert len(model._cache) == 3
    assert text(model, 0) == PLACEHOLDER
    qtbot.waitUntil(lambda: text(model, 0) == "0")


def test_scrolling_past_many_pages_reads_only_those_where_it_comes_to_rest(make, qtbot):
    source, model = Numbers(10_000), make(page_rows=10)
    show(qtbot, model, source)
    for row in range(0, 10_000, 10):
        text(model, row)
    qtbot.waitUntil(lambda: text(model, 9_990) == "9990")
    assert len(source.pages()) < 6


def test_the_newest_of_two_questions_is_shown(make, qtbot):
    slow, quick, model = Numbers(500), Numbers(7), make(page_rows=50)
    slow.gate.clear()
    model.ask(slow, TableQuery(1, "numbers"))
    show(qtbot, model, quick)
    slow.gate.set()
    qtbot.waitUntil(model.settled)
    assert model.rowCount() == 7


def test_the_old_rows_stay_until_the_new_ones_are_here(make, qtbot):
    source, model = Numbers(300), make(page_rows=50)
    show(qtbot, model, source)
    source.gate.clear()
    model.sort(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(lambda: source.pages()[-1].sort == Sort("n", True))
    assert text(model, 0) == "0"
    assert model.rowCount() == 300
    source.gate.set()
    qtbot.waitUntil(model.settled)
    assert text(model, 0) == "299"


def test_sorting_does_not_count_the_same_rows_again(make, qtbot):
    source, model = Numbers(300), make(page_rows=50)
    show(qtbot, model, source)
    model.sort(0, Qt.SortOrder.DescendingOrder)
    qtbot.waitUntil(model.settled)
    assert model.rowCount() == 300
    assert len([query for query in source.asked if isinstance(query, CountQuery)]) == 1


def test_sorting_by_no_column_is_the_tables_own_order(make, qtbot):
    source, model = Numbers(300), make(page_rows=50)
    show(qtbot, model, source)
    model.sort(0, Qt.SortOrder.DescendingOrder)
    model.sort(-1)
    qtbot.waitUntil(model.settled)
    assert model.query.sort is None
    assert text(model, 0) == "0"


def test_a_question_that_fails_says_so_and_leaves_the_rows(make, qtbot):
    source, model = Numbers(30), make(page_rows=50)
    show(qtbot, model, source)
    with qtbot.waitSignal(model.failed) as said:
        model.ask(source, TableQuery(1, "numbers", sort=Sort("nonsense")))
    assert str(said.args[0]) == "There is no column nonsense."
    assert model.rowCount() == 30
    assert model.settled()


def test_a_table_that_shrank_since_it_was_counted_ends_where_its_rows_end(make, qtbot):
    model = make(page_rows=50)
    show(qtbot, model, Numbers(120, counts=False))
    assert model.rowCount() == 127
    text(model, 126)
    qtbot.waitUntil(lambda: model.rowCount() == 120)


def test_rows_can_be_fetched_while_the_total_is_not_known(make, qtbot):
    source, model = Numbers(120), make(page_rows=50)
    source.counting.clear()
    model.ask(source, TableQuery(1, "numbers"))
    for rows in (50, 100):
        qtbot.waitUntil(lambda rows=rows: model.rowCount() == rows)
        assert model.total is None
        assert model.canFetchMore(QModelIndex())
        model.fetchMore(QModelIndex())
    qtbot.waitUntil(lambda: model.rowCount() == 120)
    assert not model.canFetchMore(QModelIndex())
    source.counting.set()
    qtbot.waitUntil(model.settled)
    assert model.rowCount() == 120


def test_a_row_is_found_by_its_key_wherever_it_is(make, qtbot):
    model = make(page_rows=10)
    show(qtbot, model, Numbers(500), TableQuery(1, "numbers", sort=Sort("n", True)))
    found = []
    model.find_row(499, found.append)
    assert found == [0]
    model.find_row(3, found.append)
    qtbot.waitUntil(lambda: len(found) == 2)
    model.find_row(12345, found.append)
    qtbot.waitUntil(lambda: len(found) == 3)
    assert found == [0, 496, None]


def test_numbers_stand_right_and_what_is_missing_is_muted(make, qtbot, theme):
    model = make(page_rows=50)
    show(qtbot, model, Numbers(5))
    align = Qt.ItemDataRole.TextAlignmentRole
    assert model.data(model.index(0, 0), align) & Qt.AlignmentFlag.AlignRight
    assert model.data(model.index(0, 1), align) & Qt.AlignmentFlag.AlignLeft
    assert text(model, 0, 2) == "not recorded"
    color = model.data(model.index(0, 2), Qt.ItemDataRole.ForegroundRole)
    assert color == theme.color("muted")
    assert model.data(model.index(0, 0), Qt.ItemDataRole.ForegroundRole) is None


def test_what_looks_like_markup_in_a_cell_is_shown_as_it_is(theme):
    style = CellStyle(theme)
    column = Column("name", "name", "text")
    tip = style.data("<b>bold</b>", column, Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;" in tip
    assert style.data("<b>bold</b>", column, Qt.ItemDataRole.DisplayRole) == "<b>bold</b>"


def test_null_nothing_and_zero_are_three_different_cells(theme):
    style = CellStyle(theme)
    column = Column("name", "name", "text")
    display = Qt.ItemDataRole.DisplayRole
    texts = [style.data(cell, column, display) for cell in (None, "", 0, 0.0)]
    assert texts[0] == "null"
    assert texts[1] == ""
    assert texts[2] == "0"


def test_clearing_withdraws_what_is_asked(make, qtbot, runner):
    source, model = Numbers(500), make(page_rows=50)
    source.gate.clear()
    model.ask(source, TableQuery(1, "numbers", where=Where()))
    model.clear()
    source.gate.set()
    qtbot.waitUntil(runner.idle)
    assert (model.rowCount(), model.query) == (0, None)


def test_the_first_rows_so_far_are_shown_while_a_sort_goes_on(make, qtbot):
    source, model = Numbers(1000), make(page_rows=50)
    source.so_far = (0.2, 0.5)
    source.gate.clear()
    model.ask(source, TableQuery(1, "numbers", sort=Sort("n", descending=True)))
    qtbot.waitUntil(lambda: model.sought is not None)
    assert (model.sought, text(model, 0), model.settled()) == (0.2, "199", False)
    assert (model.rowCount(), model.total, model.canFetchMore()) == (50, None, False)
    source.gate.set()
    qtbot.waitUntil(model.settled)
    assert (model.sought, text(model, 0), model.total) == (None, "999", 1000)


def test_rows_so_far_of_a_question_that_is_withdrawn_are_not_shown(make, qtbot):
    source, model = Numbers(1000), make(page_rows=50)
    source.so_far = (0.2,)
    source.gate.clear()
    model.ask(source, TableQuery(1, "numbers", sort=Sort("n", descending=True)))
    model.ask(Numbers(1000), TableQuery(1, "numbers"))
    qtbot.waitUntil(model.settled)
    assert (model.sought, text(model, 0)) == (None, "0")
    source.gate.set()
